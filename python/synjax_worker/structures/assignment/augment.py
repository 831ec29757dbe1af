"""The cheapest matching of all rows of a table of costs, in floats: shortest augmenting paths.

A few rounds of bids match most rows: a free row takes its cheapest column and lowers that column's price by what the
row could pay more for it than for the next. Then each row that is left grows a tree of alternating paths, as Dijkstra's
algorithm does, until it reaches a free column, and the path to it is flipped (Jonker & Volgenant 1987; Crouse 2016).

All of this is one flat loop, whose steps are a scan of one row and the flip of one edge: with a loop inside of it every
item of a batch would wait for the slowest at every row.

The last row of a table is no row but the rest: it says what a column costs that no row has, and has all of those.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric

ROUNDS_OF_BIDS = 6


class Matching(NamedTuple):
    columns: Array  # (B m) int32: of each row
    owners: Array  # (B n): of each column, m where that is the rest, -1 beyond the item
    prices: Array  # (B n): of the columns, the dual variables
    complete: Array  # (B) bool: whether there is a matching


class _Partial(NamedTuple):
    columns: Array  # (B m): of each row, -1 where it is free
    owners: Array  # (B n): of each column, -1 where it is free
    prices: Array


class _Search(NamedTuple):
    step: Array  # ()
    served: Array  # (B): how many of the free rows have been matched
    complete: Array  # (B)
    partial: _Partial
    row: Array  # (B): the next row to scan
    column: Array  # (B): by which it joined the tree, -1 where it is the root
    reached: Array  # (B): at which distance
    entry: Array  # (B): the column by which the rest joined the tree
    end: Array  # (B): the column whose edge is to be flipped, -1 while the tree grows
    distance: Array  # (B n): of the columns
    parent: Array  # (B n): the row before each column
    closed: Array  # (B n) bool: the columns of the tree


def cheapest(costs: Array, rows: Array, active: Array, before: Array) -> Matching:
    """Of costs (B m+1 n), +inf where there is no edge, and the first `rows` (B) of each item; for items that are not
    active (B) anything.

    Args:
      before: the owners (B n) in a matching that is known to cost nearly nothing, while no edge costs much less: prices
        are then nearly 0 as well. -2 everywhere where none is known.
    """
    items, more, side = costs.shape
    count = more - 1
    index, own_row = numeric.positions(side), numeric.positions(count)
    partial = _bids(costs, rows, before)
    free = (partial.columns < 0) & (own_row < rows[:, None])
    waiting = jnp.where(active, jnp.sum(free, -1, dtype=jnp.int32), 0)
    queue = jnp.argsort(~free, -1, stable=True).astype(jnp.int32)
    # A tree has at most m + 1 rows, and a path as many edges: the first is flipped in the step that ends the search.
    most = 2 * more * more
    wide = lambda x: x[:, None]

    def running(s: _Search) -> Array:
        return (s.step < most) & jnp.any(s.complete & (s.served < waiting))

    def body(s: _Search) -> _Search:
        columns, owners, prices = s.partial
        root = _read(queue, jnp.minimum(s.served, count - 1))
        busy = s.complete & (s.served < waiting)
        scans = busy & (s.end < 0)

        # The tree grows by the columns of one row. A reduced cost below 0 is a rounding.
        own = jnp.take_along_axis(costs, s.row[:, None, None], 1)[:, 0] - prices
        base = jnp.where(s.column < 0, 0, _read(own, jnp.maximum(s.column, 0)) - s.reached)
        found = jnp.maximum(own - wide(base), wide(s.reached))
        better = wide(scans) & ~s.closed & (found < s.distance)
        distance = jnp.where(better, found, s.distance)
        parent = jnp.where(better, wide(s.row), s.parent)
        # The rest has many columns, all of which join with it.
        closed = s.closed | (wide(scans & (s.row == count)) & (owners == count))
        open_ones = jnp.where(closed, jnp.inf, distance)
        nearest = jnp.min(open_ones, -1)
        # Of equals a free column.
        ranked = jnp.where(owners < 0, index, index + side)
        choice = jnp.min(jnp.where(open_ones == wide(nearest), ranked, 2 * side), -1)
        fails = scans & (nearest == jnp.inf)
        ends = scans & ~fails & (choice < side)
        chosen = lax.rem(choice, jnp.int32(side))
        prices = jnp.where(wide(ends) & closed, prices - (wide(nearest) - distance), prices)
        joins = scans & ~ends
        closed = closed | (wide(joins) & (index == wide(chosen)))
        following = jnp.maximum(_read(owners, chosen), 0)
        entry = jnp.where(joins & (following == count), chosen, s.entry)

        # An edge of the path is flipped.
        end = jnp.where(ends, chosen, s.end)
        flips = busy & (end >= 0)
        last = jnp.maximum(end, 0)
        taker = _read(parent, last)
        left = jnp.where(taker == count, entry, _read(columns, jnp.minimum(taker, count - 1)))
        owners = jnp.where(wide(flips) & (index == wide(last)), wide(taker), owners)
        columns = jnp.where(wide(flips) & (own_row == wide(taker)), wide(last), columns)
        done = flips & (taker == root)

        served = s.served + done.astype(jnp.int32)
        row = jnp.where(
            done, _read(queue, jnp.minimum(served, count - 1)), jnp.where(joins, following, s.row)
        )
        return _Search(
            s.step + 1,
            served,
            s.complete & ~fails,
            _Partial(columns, owners, prices),
            row,
            jnp.where(done, -1, jnp.where(joins, chosen, s.column)),
            jnp.where(done, -jnp.inf, jnp.where(joins, nearest, s.reached)),
            entry,
            jnp.where(done, -1, jnp.where(flips, left, end)),
            jnp.where(wide(done), jnp.inf, distance),
            parent,
            closed & ~wide(done),
        )

    none = jnp.full((items,), -1, jnp.int32)
    first = _Search(
        step=jnp.int32(0),
        served=jnp.zeros_like(waiting),
        complete=jnp.ones(waiting.shape, bool),
        partial=partial,
        row=queue[:, 0],
        column=none,
        reached=jnp.full((items,), -jnp.inf, costs.dtype),
        entry=jnp.zeros_like(none),
        end=none,
        distance=jnp.full((items, side), jnp.inf, costs.dtype),
        parent=jnp.zeros((items, side), jnp.int32),
        closed=jnp.zeros((items, side), bool),
    )
    found = lax.while_loop(running, body, first)
    columns, owners, prices = found.partial
    owners = jnp.where((owners < 0) & (costs[:, count] < jnp.inf), count, owners)
    return Matching(columns, owners, prices, found.complete & (found.served >= waiting))


def _bids(costs: Array, count: Array, before: Array) -> _Partial:
    """A matching of some rows, and prices at which each of them has its cheapest column, and the rest what it has."""
    items, more, side = costs.shape
    rest, costs = costs[:, -1], costs[:, :-1]
    index, row = numeric.positions(side), numeric.positions(more - 1)
    near = before > -2
    least = jnp.minimum(jnp.min(costs, 1), rest)
    # Columns that become free keep the price at which the rest has them.
    kept = jnp.where(before == more - 1, rest, least)
    prices = numeric.finite_or_zero(jnp.where(near, kept, jnp.where(rest < jnp.inf, 0, least)))
    owners = jnp.where(before == more - 1, more - 1, jnp.full((items, side), -1, jnp.int32))
    columns = jnp.full((items, more - 1), -1, jnp.int32)

    def round_of_bids(_: Array, s: _Partial) -> _Partial:
        own = costs - s.prices[:, None]
        least = jnp.min(own, -1, keepdims=True)
        wanted = jnp.min(jnp.where(own == least, index, side - 1), -1)
        wants = index == wanted[..., None]
        next_best = jnp.min(jnp.where(wants, jnp.inf, own), -1)
        pays = jnp.where(near[:, :1], 0, next_best - least[..., 0])
        bidder = (s.columns < 0) & (row < count[:, None]) & (next_best < jnp.inf)
        offered = jnp.where(wants, jnp.where(bidder, pays, -1)[..., None], -1)  # (B row column)
        best = jnp.max(offered, 1)
        winner = jnp.min(jnp.where(offered == best[:, None], row[:, None], more - 2), 1)
        sold = (best > 0) | (
            (best == 0) & (s.owners < 0)
        )  # who pays no more does not take a column from another
        owners = jnp.where(sold, winner, s.owners)
        keeps = (s.columns >= 0) & (jnp.take_along_axis(owners, jnp.maximum(s.columns, 0), 1) == row)
        won = jnp.any(wants & (owners[:, None] == row[:, None]) & sold[:, None], -1)
        columns = jnp.where(won, wanted, jnp.where(keeps, s.columns, -1))
        return _Partial(columns, owners, jnp.where(sold, s.prices - best, s.prices))

    return lax.fori_loop(0, ROUNDS_OF_BIDS, round_of_bids, _Partial(columns, owners, prices))


def _read(x: Array, index: Array) -> Array:
    """x (B n) at an index of each item, (B)."""
    return jnp.take_along_axis(x, index[:, None], 1)[:, 0]
