"""Relaxed matchings: of a smoothed recursion over the subsets, and of walks whose choices are soft."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, relaxed
from ..structure import Choose
from .logs import Logs, by_column, choices, forward_logs
from .potentials import Lengths, Potentials, contract, turned_back
from .reduction import Reduced, reduced
from .scores import Scores, absolute, relative
from .subsets import at_all_rows, at_end, bits, contains, require_countable, slices_above


def _choices_of(scores: Scores, logs: Logs, choose: Choose) -> Array:
    """What `choose` gives to each choice, (long 1+short B 2^short); plain code, with its true derivative."""

    def of_column(inputs: tuple[Array, Array, Array]) -> Array:
        return relaxed.value_and_weights(choose, choices(*inputs), 0)[1]

    return lax.map(of_column, (logs.before, *by_column(scores)))


def _pushed(weights: Array, rows: Array) -> Array:
    """Where walks pass whose choices have these weights (long 1+short B 2^short): of cells, (B short long)."""
    short = weights.shape[1] - 1
    start = at_end(rows, short).astype(weights.dtype)
    lacks = ~contains(short)

    def step(mass: Array, weights: Array) -> tuple[Array, Array]:
        moved = mass * weights

        def add(total: Array, row: tuple[Array, Array, Array]) -> tuple[Array, None]:
            moved, bit, lacks = row
            return total + jnp.where(lacks, slices_above(moved, short, 0)(bit), 0), None

        total, _ = lax.scan(add, moved[0], (moved[1:], bits(short), lacks))
        return total, jnp.sum(moved[1:], -1)

    _, cells = lax.scan(step, start, weights, reverse=True)
    return jnp.moveaxis(cells, (0, 1, 2), (2, 1, 0))


def _smoothed(scores: Scores, choose: Choose) -> Logs:
    value = lambda x: relaxed.value_and_weights(choose, x, 0)[0]
    return forward_logs(scores, value)


def _shown(cells: Array, lengths: Lengths, best: Reduced, like: Potentials) -> Array:
    cells = jnp.where(best.feasible[:, None, None], cells, 0)
    return turned_back(cells, lengths, like)


def relaxed_event(potentials: Potentials, lengths: Lengths, choose: Choose) -> Array:
    """The relaxed structure as an event, (B rows cols), zeros where an item has no matching. Differentiable by the
    potentials.

    One choice for every column and subset: to be free, or its row.
    """
    require_countable(potentials)
    best = reduced(potentials, lengths)
    scores = relative(potentials, lengths, best)
    weights = _choices_of(scores, _smoothed(scores, choose), choose)
    return _shown(_pushed(weights, scores.rows), lengths, best, potentials)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def smoothed_max(potentials: Potentials, lengths: Lengths, choose: Choose) -> Array:
    """The recursion of the best score with every maximum replaced by `choose(candidates, axis)`, (B); -inf where there
    is no matching. Its gradient by the potentials is the relaxed structure.
    """
    require_countable(potentials)
    best = reduced(potentials, lengths)
    scores = relative(potentials, lengths, best)
    value = at_all_rows(_smoothed(scores, choose).last, scores.rows)
    value = absolute(potentials, lengths, best, scores, jnp.where(best.feasible, value, 0))
    return numeric.sum_value(value)


@smoothed_max.defjvp
def _smoothed_max_derivative(choose, primals, tangents):
    potentials, lengths = primals
    event = relaxed_event(potentials, lengths, choose)
    return smoothed_max(potentials, lengths, choose), contract(event, tangents[0])


def relaxed_walk(
    key: Array,
    potentials: Potentials,
    lengths: Lengths,
    best: Reduced,
    temperature: Array,
    draws: int,
    straight_through: bool = False,
) -> Array:
    """Events (draws B rows cols) of walks from the last column (Gumbel-CRF; Fu et al. 2020).

    A choice is the softmax of local log-probabilities, perturbed by Gumbels and divided by `temperature` (B); there is
    one for every column and subset, and what stands there is pushed through it. With `straight_through` choices are
    indicators, and walks exact samples, with the derivative of softmax.
    """
    require_countable(potentials)
    scores = relative(potentials, lengths, best)
    logs = forward_logs(scores)
    items, short, long = scores.cells.shape
    keys = jax.random.split(numeric.normal_key(key), items)
    soften = relaxed.straight_through_softmax if straight_through else relaxed.softmax
    inverse = (1 / jnp.broadcast_to(temperature, (items,))).astype(scores.cells.dtype)[:, None]

    def of_column(inputs: tuple) -> Array:
        index, *given = inputs
        local = numeric.log_normalize(choices(*given), 0)[:, None]  # (1+short 1 B 2^short)
        shape = (1 + short, draws, 1 << short)
        draw = lambda key: jax.random.gumbel(jax.random.fold_in(key, index), shape, local.dtype)
        noise = jax.vmap(draw, out_axes=2)(keys)
        possible = local > -jnp.inf
        perturbed = jnp.where(possible, (jnp.where(possible, local, 0) + noise) * inverse, -jnp.inf)
        return lax.collapse(soften(perturbed, 0), 1, 3)

    weights = lax.map(of_column, (numeric.positions(long), logs.before, *by_column(scores)))
    cells = _pushed(weights, jnp.tile(scores.rows, draws)).reshape(draws, items, short, long)
    return jax.vmap(lambda x: _shown(x, lengths, best, potentials))(cells)
