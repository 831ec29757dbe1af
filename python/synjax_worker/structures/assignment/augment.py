"""The cheapest perfect matching of a square table of costs, in floats: shortest augmenting paths.

A few rounds of bids match most rows: a free row takes its cheapest column and lowers that column's price by what the
row could pay more for it than for the next. Then each row that is left grows a tree of alternating paths, as Dijkstra's
algorithm does, until it reaches a free column, and the path to it is flipped (Jonker & Volgenant 1987; Crouse 2016).

All of this is one flat loop, whose steps are a scan of one row and the flip of one edge: with a loop inside of it every
item of a batch would wait for the slowest at every row.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric

ROUNDS_OF_BIDS = 6


class Matching(NamedTuple):
    columns: Array  # (B n) int32: of each row
    prices: Array  # (B n): of the columns, the dual variables
    complete: Array  # (B) bool: whether there is a perfect matching


class _Partial(NamedTuple):
    columns: Array  # (B n): of each row, -1 where it is free
    rows: Array  # (B n): of each column, -1 where it is free
    prices: Array


class _Search(NamedTuple):
    step: Array  # ()
    served: Array  # (B): how many of the free rows have been matched
    complete: Array  # (B)
    partial: _Partial
    row: Array  # (B): the next row to scan
    column: Array  # (B): by which it joined the tree, -1 where it is the root
    reached: Array  # (B): at which distance
    end: Array  # (B): the column whose edge is to be flipped, -1 while the tree grows
    distance: Array  # (B n): of the columns
    parent: Array  # (B n): the row before each column
    closed: Array  # (B n) bool: the columns of the tree


def cheapest(costs: Array, active: Array, near: Array) -> Matching:
    """Of costs (B n n), +inf where there is no edge; for items that are not active (B) anything. Where some matching is
    known to cost nearly nothing and no edge much less, `near` (), prices are nearly 0 as well.
    """
    items, side, _ = costs.shape
    index = numeric.positions(side)
    partial = _bids(costs, near)
    free = partial.columns < 0
    waiting = jnp.where(active, jnp.sum(free, -1, dtype=jnp.int32), 0)
    queue = jnp.argsort(~free, -1, stable=True).astype(jnp.int32)
    # A tree has at most n rows, and a path n edges: the first is flipped in the step that ends the search.
    most = 2 * side * side + side
    nothing = jnp.full((items, side), jnp.inf, costs.dtype)
    none = jnp.full((items,), -1, jnp.int32)

    def running(s: _Search) -> Array:
        return (s.step < most) & jnp.any(s.complete & (s.served < waiting))

    def body(s: _Search) -> _Search:
        columns, rows, prices = s.partial
        wide = lambda x: x[:, None]
        root = _read(queue, jnp.minimum(s.served, side - 1))
        busy = s.complete & (s.served < waiting)
        scans = busy & (s.end < 0)

        # The tree grows by the columns of one row. A reduced cost below 0 is a rounding.
        own = jnp.take_along_axis(costs, s.row[:, None, None], 1)[:, 0] - prices
        base = jnp.where(s.column < 0, 0, _read(own, jnp.maximum(s.column, 0)) - s.reached)
        found = jnp.maximum(own - wide(base), wide(s.reached))
        better = wide(scans) & ~s.closed & (found < s.distance)
        distance = jnp.where(better, found, s.distance)
        parent = jnp.where(better, wide(s.row), s.parent)
        open_ones = jnp.where(s.closed, jnp.inf, distance)
        nearest = jnp.min(open_ones, -1)
        # Of equals a free column.
        ranked = jnp.where(rows < 0, index, index + side)
        choice = jnp.min(jnp.where(open_ones == wide(nearest), ranked, 2 * side), -1)
        fails = scans & (nearest == jnp.inf)
        ends = scans & ~fails & (choice < side)
        chosen = lax.rem(choice, jnp.int32(side))
        prices = jnp.where(wide(ends) & s.closed, prices - (wide(nearest) - distance), prices)
        joins = scans & ~ends
        closed = s.closed | (wide(joins) & (index == wide(chosen)))

        # An edge of the path is flipped.
        end = jnp.where(ends, chosen, s.end)
        flips = busy & (end >= 0)
        last = jnp.maximum(end, 0)
        taker = _read(parent, last)
        left = _read(columns, taker)
        rows = jnp.where(wide(flips) & (index == wide(last)), wide(taker), rows)
        columns = jnp.where(wide(flips) & (index == wide(taker)), wide(last), columns)
        done = flips & (taker == root)

        served = s.served + done.astype(jnp.int32)
        following = _read(queue, jnp.minimum(served, side - 1))
        row = jnp.where(done, following, jnp.where(joins, _read(rows, chosen), s.row))
        return _Search(
            s.step + 1,
            served,
            s.complete & ~fails,
            _Partial(columns, rows, prices),
            jnp.maximum(row, 0),
            jnp.where(done, -1, jnp.where(joins, chosen, s.column)),
            jnp.where(done, -jnp.inf, jnp.where(joins, nearest, s.reached)),
            jnp.where(done, -1, jnp.where(flips, left, end)),
            jnp.where(wide(done), jnp.inf, distance),
            parent,
            closed & ~wide(done),
        )

    first = _Search(
        jnp.int32(0),
        jnp.zeros_like(waiting),
        jnp.ones(waiting.shape, bool),
        partial,
        _read(queue, jnp.zeros_like(waiting)),
        none,
        jnp.full((items,), -jnp.inf, costs.dtype),
        none,
        nothing,
        jnp.zeros((items, side), jnp.int32),
        jnp.zeros((items, side), bool),
    )
    last = lax.while_loop(running, body, first)
    return Matching(last.partial.columns, last.partial.prices, last.complete & (last.served >= waiting))


def _bids(costs: Array, near: Array) -> _Partial:
    """A matching of some rows, and prices at which each of them has its cheapest column."""
    items, side, _ = costs.shape
    index = numeric.positions(side)
    prices = numeric.finite_or_zero(jnp.min(costs, 1))
    none = jnp.full((items, side), -1, jnp.int32)

    def round_of_bids(_: Array, s: _Partial) -> _Partial:
        own = costs - s.prices[:, None]
        least = jnp.min(own, -1, keepdims=True)
        wanted = jnp.min(jnp.where(own == least, index, side - 1), -1)
        wants = index == wanted[..., None]
        next_best = jnp.min(jnp.where(wants, jnp.inf, own), -1)
        more = jnp.where(near, 0, next_best - least[..., 0])
        bids = jnp.where((s.columns < 0) & (next_best < jnp.inf), more, -1)
        offered = jnp.where(wants, bids[..., None], -1)  # (B row column)
        best = jnp.max(offered, 1)
        winner = jnp.min(jnp.where(offered == best[:, None], index[:, None], side - 1), 1)
        sold = (best > 0) | (
            (best == 0) & (s.rows < 0)
        )  # who pays no more does not take a column from another
        rows = jnp.where(sold, winner, s.rows)
        keeps = (s.columns >= 0) & (jnp.take_along_axis(rows, jnp.maximum(s.columns, 0), 1) == index)
        won = jnp.any(wants & (rows[:, None] == index[:, None]) & sold[:, None], -1)
        columns = jnp.where(won, wanted, jnp.where(keeps, s.columns, -1))
        return _Partial(columns, rows, jnp.where(sold, s.prices - best, s.prices))

    return lax.fori_loop(0, ROUNDS_OF_BIDS, round_of_bids, _Partial(none, none, prices))


def _read(x: Array, index: Array) -> Array:
    """x (B n) at an index of each item, (B)."""
    return jnp.take_along_axis(x, index[:, None], 1)[:, 0]
