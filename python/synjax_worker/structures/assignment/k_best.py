"""The k best matchings (Murty 1968).

All matchings but the best are split by the first row that is matched to another column: of row r the rows before keep
their columns, and its own is forbidden. The best of each part is one shortest path away from the best of all, at the
prices of that one (Miller, Stone & Cox 1997): all parts are searched at once. The best of them is the next to be split,
and what it splits into need not forbid anything in later rows.

Costs are those above the best, as two floats: where larger ones cancel in a score, it is right to 2^-45 of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.topdown import require_numbered
from . import two_floats
from .events import pairs_of_columns, score_of_compact
from .potentials import Lengths, Potentials
from .reduction import Reduced, reduced
from .two_floats import TwoFloats


class _Nodes(NamedTuple):
    """Parts of all matchings, several for each item, by their best: (B nodes ...)."""

    cost: TwoFloats
    columns: Array  # (... m)
    prices: TwoFloats  # (... n): of the columns
    row: Array  # the first row that may change
    forbidden: Array  # (... n) bool: columns that this row may not have


class _Trees(NamedTuple):
    """A search for each row of a node, (B short ...)."""

    step: Array
    growing: Array
    found: Array
    row: Array
    column: Array
    reached: TwoFloats
    entry: Array  # the column by which the rest joined the tree
    distance: TwoFloats  # (... n)
    parent: Array  # (... n)
    closed: Array  # (... n)


def top_k(potentials: Potentials, lengths: Lengths, k: int) -> tuple[Array, Array]:
    """The k best, pairs (k B p 2), best first, and which are real (k B)."""
    best = reduced(potentials, lengths)
    short = jnp.minimum(lengths["lengths_rows"], lengths["lengths_cols"])
    columns, real = _columns(best, short, k)
    pairs = pairs_of_columns(columns, lengths, potentials)
    pairs = jnp.where(real[..., None, None], pairs, -1)
    score = lax.stop_gradient(numeric.sum_value(score_of_compact(potentials, lengths, pairs)))
    order = jnp.argsort(jnp.where(real, -score, jnp.inf), 0, stable=True)  # summing may exchange near ties
    return jnp.take_along_axis(pairs, order[..., None, None], 0), jnp.take_along_axis(real, order, 0)


def _columns(best: Reduced, rows: Array, k: int) -> tuple[Array, Array]:
    """The columns of rows (k B short), and which are real (k B)."""
    costs = two_floats.of_sum(best.exact)
    items, short = best.columns.shape
    side, dtype = best.owners.shape[1], costs.high.dtype
    first = jnp.where((numeric.positions(k) == 0) & best.feasible[:, None], 0, jnp.inf).astype(dtype)
    pool = _Nodes(
        TwoFloats(first, jnp.zeros_like(first)),
        jnp.broadcast_to(best.columns[:, None], (items, k, short)),
        two_floats.zeros((items, k, side), dtype),
        jnp.zeros((items, k), jnp.int32),
        jnp.zeros((items, k, side), bool),
    )

    def split(pool: _Nodes, _: None) -> tuple[_Nodes, tuple[Array, Array]]:
        cost, index = two_floats.smallest(pool.cost)
        node = jax.tree.map(lambda x: _at(x, index), pool)
        taken = numeric.positions(k) == index[:, None]
        rest = pool._replace(
            cost=TwoFloats(jnp.where(taken, jnp.inf, pool.cost.high), jnp.where(taken, 0, pool.cost.low))
        )
        parts = _parts(costs, node, rows)
        both = jax.tree.map(lambda a, b: jnp.concatenate([a, b], 1), rest, parts)
        return _cheapest(both, k), (node.columns, cost.high < jnp.inf)

    return lax.scan(split, pool, None, length=k)[1]


def _at(x: Array, index: Array) -> Array:
    """x (B nodes ...) at an index of each item."""
    return jnp.take_along_axis(x, index.reshape(-1, *[1] * (x.ndim - 1)), 1)[:, 0]


def _cheapest(nodes: _Nodes, k: int) -> _Nodes:
    items, count = nodes.row.shape
    require_numbered(count, k)
    index = jnp.broadcast_to(numeric.positions(count), (items, count))
    *_, order = lax.sort((*nodes.cost, index), dimension=1, num_keys=2, is_stable=True)
    order = order[:, :k]
    take = lambda x: jnp.take_along_axis(x, order.reshape(*order.shape, *[1] * (x.ndim - 2)), 1)
    return jax.tree.map(take, nodes)


def _parts(costs: TwoFloats, node: _Nodes, rows: Array) -> _Nodes:
    """What is left of a node (B ...) without its best matching: one part for each row (B short ...)."""
    items, short = node.columns.shape
    side = costs.high.shape[2]
    index, root = numeric.positions(side), numeric.positions(short)
    wide = lambda x: jax.tree.map(lambda part: part[..., None], x)
    sink = node.columns
    mine = (index == sink[..., None]) & (root < rows[:, None])[..., None]
    owner = jnp.min(
        jnp.where(mine, root[:, None], short), 1
    )  # of each column, `short` where that is the rest
    kept = owner[:, None] < root[:, None]  # (B short n): columns of earlier rows
    forbidden = mine | ((root == node.row[:, None])[..., None] & node.forbidden[:, None])
    prices = jax.tree.map(lambda x: x[:, None], node.prices)
    splits = (root >= node.row[:, None]) & (root < rows[:, None]) & (node.cost.high < jnp.inf)[:, None]
    shape = (items, short, side)

    def grow(s: _Trees) -> _Trees:
        row = jax.tree.map(lambda x: jnp.take_along_axis(x, s.row[..., None], 1), costs)
        own = two_floats.minus(row, prices)
        at_column = jax.tree.map(lambda x: jnp.take_along_axis(x, s.column[..., None], 2), own)
        base = two_floats.minus(at_column, wide(s.reached))
        found = two_floats.larger(two_floats.minus(own, base), wide(s.reached))
        excluded = kept | (wide(s.row == root) & forbidden)
        better = wide(s.growing) & ~s.closed & ~excluded & two_floats.less(found, s.distance)
        distance = two_floats.where(better, found, s.distance)
        parent = jnp.where(better, wide(s.row), s.parent)
        # The rest has many columns, all of which join with it.
        closed = s.closed | (wide(s.growing & (s.row == short)) & (owner == short)[:, None])
        nearest, chosen = two_floats.smallest(
            TwoFloats(jnp.where(closed, jnp.inf, distance.high), jnp.where(closed, 0, distance.low))
        )
        fails, ends = nearest.high == jnp.inf, chosen == sink
        joins = s.growing & ~fails & ~ends
        following = jnp.take_along_axis(owner, chosen, 1)
        return _Trees(
            s.step + 1,
            joins,
            s.found | (s.growing & ends & ~fails),
            jnp.where(joins, following, s.row),
            jnp.where(joins, chosen, s.column),
            two_floats.where(s.growing & ~fails, nearest, s.reached),
            jnp.where(joins & (following == short), chosen, s.entry),
            distance,
            parent,
            closed | (wide(joins) & (index == wide(chosen))),
        )

    infinite = TwoFloats(jnp.full(shape, jnp.inf, costs.high.dtype), jnp.zeros(shape, costs.high.dtype))
    trees = _Trees(
        jnp.int32(0),
        splits,
        jnp.zeros(splits.shape, bool),
        jnp.broadcast_to(root, splits.shape),
        sink,
        two_floats.zeros(splits.shape, costs.high.dtype),
        jnp.zeros(splits.shape, jnp.int32),
        infinite,
        jnp.zeros(shape, jnp.int32),
        jnp.zeros(shape, bool),
    )
    trees = lax.while_loop(lambda s: (s.step <= short + 1) & jnp.any(s.growing), grow, trees)
    falls = two_floats.minus(
        wide(trees.reached), two_floats.where(trees.closed, trees.distance, wide(trees.reached))
    )
    lowered = two_floats.minus(prices, falls)
    wide_cost = jax.tree.map(lambda x: x[:, None], node.cost)
    cost = two_floats.plus(trees.reached, two_floats.where(trees.found, wide_cost, TwoFloats(jnp.inf, 0.0)))
    return _Nodes(
        cost,
        _flipped(node.columns, sink, trees),
        lowered,
        jnp.broadcast_to(root, splits.shape),
        forbidden,
    )


def _flipped(columns: Array, sink: Array, trees: _Trees) -> Array:
    """The matching of each part, (B short short): the path to the sink is flipped."""
    items, short = columns.shape
    root = numeric.positions(short)
    read = lambda x, at: jnp.take_along_axis(x, at[..., None], 2)[..., 0]

    def flip(s: tuple[Array, Array, Array, Array]) -> Any:
        step, active, column, columns = s
        row = read(trees.parent, column)
        before = jnp.where(row == short, trees.entry, read(columns, jnp.minimum(row, short - 1)))
        flipped = jnp.where(active[..., None] & (root == row[..., None]), column[..., None], columns)
        return step + 1, active & (row != root), jnp.where(active, before, column), flipped

    start = jnp.int32(0), trees.found, sink, jnp.broadcast_to(columns[:, None], (items, short, short))
    return lax.while_loop(lambda s: (s[0] <= short) & jnp.any(s[1]), flip, start)[3]
