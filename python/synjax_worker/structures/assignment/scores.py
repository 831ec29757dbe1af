"""Scores relative to the best matching: what the passes over all matchings add up."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.numeric import Sum
from .potentials import Lengths, Oriented, Potentials, oriented
from .reduction import Reduced


class Scores(NamedTuple):
    """The best matching has 0, up to rounding, and every other a sum of terms that are at most 0, of its cells and of
    the columns that it leaves free.
    """

    cells: Array  # (B short long), -inf where there is none; with the derivative of the potentials
    free: Array  # (B long), -inf where every column is matched; 0 beyond the item
    rows: Array  # (B) int32: how many rows an item has


def relative(potentials: Potentials, lengths: Lengths, best: Reduced) -> Scores:
    table = oriented(potentials, lengths)
    short = table.scores.shape[1]
    costs = best.costs[:, :short]
    possible = (costs < jnp.inf) & (table.scores > -jnp.inf)
    moving = jnp.where(possible, table.scores, 0)
    cells = jnp.where(possible, (moving - lax.stop_gradient(moving)) - costs, -jnp.inf)
    return Scores(cells, _of_free(table, -best.costs[:, short]), table.short)


def uniform(potentials: Potentials, lengths: Lengths) -> Scores:
    """0 for whatever is allowed. Constants."""
    table = oriented(potentials, lengths)
    cells = lax.stop_gradient(jnp.where(jnp.isneginf(table.scores), -jnp.inf, 0))
    return Scores(cells, _of_free(table, jnp.zeros_like(cells[:, 0])), table.short)


def _of_free(table: Oriented, left: Array) -> Array:
    column, extent = numeric.positions(left.shape[1]), table.long[:, None]
    some = (table.short < table.long)[:, None]
    return jnp.where(column >= extent, 0, jnp.where(some, left, -jnp.inf))


def absolute(potentials: Potentials, lengths: Lengths, best: Reduced, scores: Scores, value: Array) -> Sum:
    """What is relative to the best matching (B), with the exact score of that added; -inf where there is none."""
    table = oriented(potentials, lengths)
    short = table.scores.shape[1]
    real = (numeric.positions(short) < table.short[:, None]) & best.feasible[:, None]
    chosen = lambda x: jnp.where(real, jnp.take_along_axis(x, best.columns[..., None], 2)[..., 0], 0)
    # What the best has relative to itself: 0 but for rounding.
    rest = jnp.sum(chosen(scores.cells), -1) + jnp.sum(jnp.where(best.owners == short, scores.free, 0), -1)
    high, middle, low = numeric.exact_sum(chosen(table.scores), -1)
    low = low + (value - rest) * (1 / numeric.UNIT)
    possible = lambda x, otherwise: jnp.where(best.feasible, x, otherwise)
    wrong = jnp.any(jnp.isnan(table.scores) | jnp.isposinf(table.scores), (1, 2))
    return jnp.where(wrong, jnp.nan, possible(high, -jnp.inf)), possible(middle, 0), possible(low, 0)
