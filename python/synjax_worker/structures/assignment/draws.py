"""Matchings drawn from the last column to the first, with and without replacement.

A walk stands at a subset of the rows: those that the columns not yet visited are matched to. Draws without replacement
go on to matchings of any probability; among those less likely than about e^-1e5 float32 keeps their logs to an eps, not
how many times likelier one is than the other.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from .events import pairs_of_columns
from .logs import by_column, forward_logs, log_times
from .marginals import sums
from .potentials import Lengths, Potentials
from .reduction import Reduced, reduced
from .scores import relative
from .subsets import all_rows, bits, require_countable


def _columns(rows: Array, short: int) -> Array:
    """The column of each row, (k B short), of the row of each column (long B k), -1 where the column is free."""
    column = numeric.positions(rows.shape[0])[:, None, None, None]
    taken = rows[..., None] == numeric.positions(short)
    return jnp.swapaxes(jnp.max(jnp.where(taken, column, -1), 0), 0, 1)


def _started(rows: Array, draws: int) -> Array:
    """(B k): the subset where walks start."""
    return jnp.broadcast_to(all_rows(rows)[:, None], (*rows.shape, draws))


def _below(x: Array, subset: Array, short: int) -> tuple[Array, Array]:
    """Of x (B 2^short), what stands at subsets (B k) and at each without one row, (B k 1+short); and whether it has
    that row.
    """
    has = (subset[..., None] & bits(short)) != 0
    has = jnp.concatenate([jnp.ones_like(has[..., :1]), has], -1)
    less = jnp.concatenate([jnp.zeros((1,), jnp.int32), bits(short)])
    index = jnp.where(has, subset[..., None] - less, 0)
    return jnp.take_along_axis(x, lax.collapse(index, 1), 1).reshape(index.shape), has


def sample(key: Array, potentials: Potentials, lengths: Lengths, best: Reduced, draws: int) -> Array:
    """Independent matchings, pairs (draws B p 2): one uniform number a column.

    A float32 uniform has 24 bits: choices of probability below about 1e-7 are never drawn.
    """
    scores, weights, found = jax.tree.map(lax.stop_gradient, sums(potentials, lengths, best))
    long, items, short = weights.cells.shape
    keys = jax.random.split(numeric.normal_key(key), items)
    draw = lambda key: jax.random.uniform(key, (long, draws), weights.cells.dtype)
    uniforms = jnp.moveaxis(jax.vmap(draw)(keys), 0, 1)  # (long B draws)

    def step(subset: Array, inputs: tuple) -> tuple[Array, Array]:
        uniform, cells, free, before = inputs
        sums, has = _below(before, subset, short)
        local = jnp.concatenate([free[:, None], cells], 1)[:, None] * jnp.where(has, sums, 0)
        choice = topdown.inverse_cdf(topdown.cumulate(local), local, uniform)
        return _without(subset, choice), choice - 1

    inputs = uniforms, weights.cells, weights.free, found.before
    _, rows = lax.scan(step, _started(scores.rows, draws), inputs, reverse=True)
    return pairs_of_columns(_columns(rows, short), lengths, potentials)


def _without(subset: Array, choice: Array) -> Array:
    """After a column was left free, 0, or matched to the row choice - 1."""
    row = lax.shift_left(jnp.ones_like(choice), jnp.maximum(choice - 1, 0))
    return jnp.where(choice > 0, subset - row, subset)


def sample_without_replacement(
    key: Array, potentials: Potentials, lengths: Lengths, k: int
) -> tuple[Array, Array]:
    """k distinct matchings, pairs (k B p 2) in the order they are drawn; their log-probabilities (k B), -inf past
    the support (Kool, van Hoof & Welling 2019).
    """
    require_countable(potentials)
    best = reduced(potentials, lengths)
    scores = jax.tree.map(lax.stop_gradient, relative(potentials, lengths, best))
    found = forward_logs(scores)
    items, short, long = scores.cells.shape
    keys = jax.random.split(numeric.normal_key(key), items)
    gumbel = lambda key: jax.random.gumbel(key, (long, k, 1 + short), scores.cells.dtype)
    noise = jnp.moveaxis(jax.vmap(gumbel)(keys), 0, 1)  # (long B k 1+short)
    take = lambda x, index: jnp.take_along_axis(x, index, 1)

    def step(carry: tuple, inputs: tuple) -> tuple:
        subset, log, priority = carry
        noise, cells, free, before = inputs
        sums, has = _below(before, subset, short)
        local = jnp.concatenate([free[:, None], cells], 1)[:, None]
        local = jnp.where(has, log_times(sums, local), -jnp.inf)
        local = numeric.log_normalize(local)
        children = jnp.where(local > -jnp.inf, log[..., None] + local, -jnp.inf)
        wanted = jax.vmap(topdown.conditional_gumbels)(priority, children, noise)
        priority, index = topdown.largest(lax.collapse(wanted, 1), k)
        log = jnp.where(priority > -jnp.inf, take(lax.collapse(children, 1), index), -jnp.inf)
        parent = lax.div(index, jnp.int32(1 + short))
        choice = lax.rem(index, jnp.int32(1 + short))
        return (_without(take(subset, parent), choice), log, priority), (choice - 1, parent)

    first = jnp.where(numeric.positions(k) == 0, 0.0, -jnp.inf).astype(scores.cells.dtype)
    first = jnp.where(best.feasible[:, None], first, -jnp.inf)
    start = _started(scores.rows, k), first, first
    inputs = noise, *by_column(scores), found.before
    (_, log, priority), (rows, parents) = lax.scan(step, start, inputs, reverse=True)

    def back(slot: Array, chosen: tuple[Array, Array]) -> tuple[Array, Array]:
        row, parent = chosen
        return take(parent, slot), take(row, slot)

    slots = jnp.broadcast_to(numeric.positions(k), (items, k))
    _, rows = lax.scan(back, slots, (rows, parents))
    pairs = pairs_of_columns(_columns(rows, short), lengths, potentials)
    return pairs, jnp.where(priority > -jnp.inf, log, -jnp.inf).T
