"""The best matching of every item, at any scale, and what every cell costs more than it.

The best matching has prices of rows and columns (dual variables) at which no cell costs less than its row and column
are worth, and its own cells exactly that. What a cell costs more, its reduced cost, is what a matching loses that uses
it: scores relative to the best are sums of terms that all have one sign. So nothing that is computed from them cancels,
and floats suffice, whatever numbers the potentials are.

Prices are found in floats, and refined as solutions of linear equations are: the reduced costs at the prices so far are
computed exactly, up to one rounding, and are the costs of the next problem, whose prices are added. Each turn leaves an
eps of what there was. Of potentials near 1 the first turn is enough.

So no matching has a score that is larger by more than a few roundings: of the best score, or of 8 nats where that is
smaller, however large the potentials are that cancel in it. Prices have three floats: where the potentials that matter
differ by more than 2^70 in size, the smaller ones are rounded at that.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import select_items
from ...numerics.numeric import Sum
from ...runtime import passes
from .augment import cheapest
from .potentials import Lengths, Oriented, Potentials, oriented

# Costs are in units of this, so that a few thousand of the largest floats add up without overflow.
UNIT = 2.0**12
_MOST_TURNS = 16


class Reduced(NamedTuple):
    """Constants of an oriented table. A row more than it has is the rest: what a column costs that is left free."""

    columns: Array  # (B short) int32: the best matching, of every row
    owners: Array  # (B long): the row of every column, `short` where it is free, -1 beyond the item
    costs: Array  # (B short+1 long): reduced costs in nats, +inf where there is no cell
    exact: Sum  # the same as three floats, in the unit `UNIT`
    feasible: Array  # (B) bool: whether there is any matching


def reduced(potentials: Potentials, lengths: Lengths) -> Reduced:
    """Once for all queries of a frame."""
    return passes.shared(potentials, "reduced", lambda: reduce(oriented(potentials, lengths)))


def costs_of(table: Oriented) -> Array:
    """(B short+1 long). To leave a column free costs nothing, and nothing else is possible where rows are fewer."""
    scores = lax.stop_gradient(table.scores)
    costs = jnp.where(jnp.isfinite(scores), -scores * (1 / UNIT), jnp.inf)  # what is no potential has no cell
    column = numeric.positions(scores.shape[2])
    free = (table.short < table.long)[:, None] & (column < table.long[:, None])
    return jnp.concatenate([costs, jnp.where(free, 0, jnp.inf).astype(costs.dtype)[:, None]], 1)


class _Turn(NamedTuple):
    count: Array  # ()
    active: Array  # (B): whether prices are to be refined
    feasible: Array  # (B)
    columns: Array  # (B m)
    owners: Array  # (B n)
    of_rows: Sum  # (B m+1): what rows and columns are worth
    of_cols: Sum  # (B n)
    costs: Array  # (B m+1 n): reduced, in the unit `UNIT`


def reduce(table: Oriented) -> Reduced:
    costs = costs_of(table)
    items, more, side = costs.shape
    eps = float(jnp.finfo(costs.dtype).eps)
    real = numeric.positions(more - 1) < table.short[:, None]

    def turn(s: _Turn) -> _Turn:
        found = cheapest(s.costs, table.short, s.active, s.owners)
        columns, owners = jnp.maximum(found.columns, 0), found.owners
        own = s.costs - found.prices[:, None]
        of_rest = jnp.max(jnp.where(owners == more - 1, own[:, -1], -jnp.inf), -1, keepdims=True)
        worth = jnp.concatenate([jnp.where(real, _matched(own, columns), 0), of_rest], 1)
        of_rows, of_cols = _plus(s.of_rows, numeric.finite_or_zero(worth)), _plus(s.of_cols, found.prices)
        columns, owners, of_rows, of_cols = select_items(
            s.active, (columns, owners, of_rows, of_cols), (s.columns, s.owners, s.of_rows, s.of_cols)
        )
        left = _value(_less_both(costs, of_rows, of_cols))
        # What is best may cost that much less, and its own cells are off by as much.
        matched, least = _matched(left, columns), jnp.min(left, -1)
        gap = jnp.sum(jnp.where(real, jnp.abs(matched) + (matched - least[:, :-1]), 0), -1)
        rest = jnp.abs(left[:, -1]) + (left[:, -1] - least[:, -1:])
        gap += jnp.sum(jnp.where(owners == more - 1, rest, 0), -1)
        score = jnp.sum(jnp.where(real, _matched(costs, columns), 0), -1)
        refined = gap * UNIT <= eps * jnp.clip(2 * jnp.abs(score * UNIT), 8, 4096)
        feasible = jnp.where(s.active, found.complete, s.feasible)
        active = s.active & feasible & ~refined
        return _Turn(s.count + 1, active, feasible, columns, owners, of_rows, of_cols, left)

    every = jnp.ones((items,), bool)
    columns, owners = jnp.zeros((items, more - 1), jnp.int32), jnp.full((items, side), -2, jnp.int32)
    none = lambda extent: (jnp.zeros((items, extent), costs.dtype),) * 3
    first = _Turn(jnp.int32(0), every, every, columns, owners, none(more), none(side), costs)
    last = lax.while_loop(lambda s: jnp.any(s.active) & (s.count < _MOST_TURNS), turn, first)
    exact = _less_both(costs, last.of_rows, last.of_cols)
    return Reduced(last.columns, last.owners, _in_nats(last), exact, last.feasible)


def _in_nats(last: _Turn) -> Array:
    """What prices of three floats cannot hold, because one potential is 2^70 times another that matters, is as if it
    were exact.
    """
    largest = jnp.finfo(last.costs.dtype).max * (1 - 2.0**-20)
    nats = jnp.clip(last.costs * UNIT, -largest, largest)
    of_rest = last.owners == last.columns.shape[1]
    own = last.columns[..., None] == numeric.positions(last.owners.shape[1])
    own = jnp.concatenate([own, of_rest[:, None]], 1)
    held = jnp.where(last.active[:, None, None], jnp.where(own, 0, jnp.maximum(nats, 0)), nats)
    return jnp.where(jnp.isfinite(last.costs), held, jnp.inf)


def _matched(x: Array, columns: Array) -> Array:
    """x (B m+1 n) at the column of each row but the rest, (B m)."""
    return jnp.take_along_axis(x[:, :-1], columns[..., None], 2)[..., 0]


def _plus(total: Sum, x: Array) -> Sum:
    """Three floats that hold a sum, the largest first."""
    high, error = numeric.two_sum(total[0], x)
    middle, error = numeric.two_sum(total[1], error)
    return high, middle, total[2] + error


def _less_both(costs: Array, of_rows: Sum, of_cols: Sum) -> Sum:
    """Costs less what their rows and columns are worth, as three floats: nothing is lost but in the smallest."""
    rows, cols = ([-x for x in parts] for parts in (of_rows, of_cols))
    wide, tall = (lambda x: x[:, None, :]), (lambda x: x[:, :, None])
    high, first = numeric.two_sum(costs, tall(rows[0]))
    high, second = numeric.two_sum(high, wide(cols[0]))
    middle, smaller = numeric.two_sum(first, second)
    for part in (tall(rows[1]), wide(cols[1])):
        middle, error = numeric.two_sum(middle, part)
        smaller = smaller + error
    low = smaller + (tall(rows[2]) + wide(cols[2]))
    # The larger parts may have cancelled: what is left moves up.
    high, error = numeric.two_sum(high, middle)
    middle, low = numeric.two_sum(error, low)
    high, middle = numeric.two_sum(high, middle)
    possible = costs < jnp.inf
    return jnp.where(possible, high, jnp.inf), jnp.where(possible, middle, 0), jnp.where(possible, low, 0)


def _value(x: Sum) -> Array:
    return x[0] + (x[1] + x[2])
