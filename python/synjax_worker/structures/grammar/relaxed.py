"""Relaxed trees: of a smoothed recursion, and of walks whose choices are soft."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, relaxed
from ...numerics.exact_log import ExactLog
from ..constituency.inside import Logs
from ..structure import Choose
from .chart import Sizes, split
from .inside import Choices, Inside, by_logs, choices, inside, ways_by_rule, ways_by_split
from .marginals import as_event
from .outside import by_weights, pushed
from .potentials import Potentials, contract, logs_of


def _recursion(potentials: Potentials, lengths: Array, choose: Choose) -> tuple[Inside, Logs]:
    """The chart, and the logs of the whole sentence (B): one choice for its nonterminal, and of every span one for the
    symbols of its parts, and one for where they meet. Plain code, with its true derivative.
    """

    def reduce(logs: Logs, axis: int) -> Logs:
        return logs.reduced(axis, lambda rest: relaxed.value_and_weights(choose, rest, axis)[0])

    found = inside(logs_of(ExactLog, potentials, lengths), reduce)
    return found, reduce(found.root(lengths), -1)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def smoothed_max(potentials: Potentials, lengths: Array, choose: Choose) -> Array:
    """The recursion of the best score with every maximum replaced by `choose(candidates, axis)`, (B); -inf where there
    is no tree.

    Its gradient by the potentials is a relaxed tree (Corro & Titov 2019; Mensch & Blondel 2018), whose derivative is
    right again.
    """
    return numeric.sum_value(_recursion(potentials, lengths, choose)[1].sum())


@smoothed_max.defjvp
def _smoothed_max_derivative(choose, primals, tangents):
    potentials, lengths = primals
    mass = _relaxed(potentials, lengths, choose)._replace(span=None)
    return smoothed_max(potentials, lengths, choose), contract(mass, tangents[0])


def _relaxed(potentials: Potentials, lengths: Array, choose: Choose) -> Potentials:
    """How much of each potential a relaxed tree uses, (B ...), zeros where an item has none."""
    of, _ = _recursion(potentials, lengths, choose)
    symbols = of.extents.symbols

    def soft(logs: Logs) -> tuple[Logs, Array]:
        """What is chosen along the last axis, and the weights of the choice."""
        top, rest = logs.near_top(-1)
        value, weights = relaxed.value_and_weights(choose, rest, -1)
        return logs.above(top, value, -1), weights

    def weights(sizes: Sizes) -> Choices:
        pairs, by_split = soft(ways_by_split(*split(of.chart, of.extents, sizes)))
        _, by_rule = soft(ways_by_rule(of.grammar, pairs))
        return Choices(by_rule.reshape(*by_rule.shape[:-1], symbols, symbols), by_split)

    return pushed(by_weights(weights), soft(of.root(lengths))[1], of.extents, lengths)


def relaxed_event(potentials: Potentials, lengths: Array, choose: Choose) -> dict[str, Array]:
    """The relaxed tree as an event, zeros where an item has none. Differentiable by the potentials."""
    return as_event(_relaxed(potentials, lengths, choose))


def relaxed_walk(
    key: Array, of: Inside, lengths: Array, temperature: Array, draws: int, straight_through: bool
) -> dict[str, Array]:
    """Events (draws B ...) of walks from the whole sentence down (Gumbel-CRF; Fu et al. 2020).

    A choice is the softmax of local log-probabilities, perturbed by Gumbels and divided by `temperature` (B). With
    `straight_through` choices are indicators, and walks exact samples, with the derivative of softmax.
    """
    of, extents, dtype = by_logs(of), of.extents, of.grammar.root.low.dtype
    items, many = extents.items, extents._replace(items=draws * extents.items)
    keys = jax.random.split(numeric.normal_key(key), items)
    soften = relaxed.straight_through_softmax if straight_through else relaxed.softmax
    inverse = (1 / jnp.broadcast_to(temperature, (items,))).astype(dtype)

    def soft(logs: Array, number: Any) -> Array:
        """Of logs (p B ... c), a choice along the last axis for each draw: (p draws*B ... c)."""
        shape = (logs.shape[0], draws, *logs.shape[2:])
        draw = lambda key: jax.random.gumbel(jax.random.fold_in(key, number), shape, dtype)
        noise = jax.vmap(draw, out_axes=2)(keys)
        logs = logs[:, None]
        possible = logs > -jnp.inf
        scale = inverse.reshape(items, *[1] * (logs.ndim - 3))
        perturbed = jnp.where(possible, (jnp.where(possible, logs, 0) + noise) * scale, -jnp.inf)
        return lax.collapse(soften(perturbed, -1), 1, 3)

    def weights(sizes: Sizes) -> Choices:
        given, symbols = choices(of, sizes), extents.symbols
        rule = soft(lax.collapse(given.rule, 3), 2 * sizes[0])
        ways = soft(given.split, 2 * sizes[0] + 1)
        return Choices(rule.reshape(*rule.shape[:-1], symbols, symbols), ways)

    root = numeric.log_normalize(of.root(lengths).near_top(-1)[1])
    found = as_event(pushed(by_weights(weights), soft(root[None], 0)[0], many, jnp.tile(lengths, draws)))
    return jax.tree.map(lambda x: x.reshape(draws, items, *x.shape[1:]), found)
