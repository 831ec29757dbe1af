"""Charts of projective trees (Eisner 1996; 2000), and the recursion from short spans to long ones.

A tree is made of two kinds of spans. A *complete* one is a node with all that it has on one side, up to the last node
there; an *incomplete* one is what lies between a head and its dependent, with the arc. So

- what lies between i and j is complete from i to the right and from j to the left, and these meet anywhere;
- what a node has on its right is an arc to a dependent there, and what that one has on its own right. What it has on
  its left is the same the other way round.

Every tree is made in one way only. Parts stand in charts as `charts.layout` has them. Ways to make a span of width w
(over w + 1 nodes) are, in rows k below w:

- of what lies between: the row k of left parts and the row w - 1 - k of right ones, the parts of those widths;
- of complete spans: the rows k and w - k; of k = 0 it is the arc over the whole width, whose other part is a node.

There are two complete spans for every two nodes, one in each direction: the columns of their parts are those of 2B
items, first all that go to the right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..charts import layout

Numbers = Any  # a tree of arrays: logs, or what is carried along with them


class Parts(NamedTuple):
    """The parts of one kind of spans."""

    left: Numbers  # (n, n*items)
    right: Numbers  # (n + ..., (n + ...)*items), right-aligned


class Chart(NamedTuple):
    incomplete: Parts
    complete: Parts  # of 2B items
    whole: Numbers  # (n, B): all trees over so many nodes and one more

    @property
    def nodes(self) -> int:
        return jax.tree.leaves(self.whole)[0].shape[0]

    @property
    def items(self) -> int:
        return jax.tree.leaves(self.whole)[0].shape[1]


# Sizes of a slab: see `layout.Step`.
Sizes = tuple[Array, int, int]


class Algebra(NamedTuple):
    """How the numbers of a recursion are combined."""

    nothing: Numbers  # scalars
    one: Numbers
    times: Callable[[Numbers, Numbers], Numbers]
    # `reduce(kind, ways, sizes)`: all ways to make "incomplete" or "complete" spans (rows, columns), along the rows.
    reduce: Callable[[str, Numbers, Sizes], Numbers]


def splits(chart: Chart, kind: str, times: Callable, sizes: Sizes, arcs: Numbers) -> Numbers:
    """(rows, starts*items): of each way to make the spans of a width, of which the arcs are known, (starts 2 B)."""
    width, rows, starts = sizes
    parts = getattr(chart, kind)
    nodes, columns = jax.tree.leaves(parts.left)[0].shape
    items = columns // nodes
    left = jax.tree.map(lambda x: x[:rows, : starts * items], parts.left)
    row = nodes - width - (1 if kind == "complete" else 0)
    found = times(left, layout.slab(parts.right, row, width * items, rows, starts * items))
    if kind == "incomplete":
        return found
    first = numeric.positions(rows)[:, None] == 0
    return jax.tree.map(lambda x, arc: jnp.where(first, arc.reshape(x.shape[1]), x), found, arcs)


def arcs_of(parts: Parts, width: Array, starts: int) -> Numbers:
    """(starts 2 B): what stands at the arcs of a width among the parts of complete spans."""
    nodes, columns = jax.tree.leaves(parts.left)[0].shape
    items = columns // (2 * nodes)
    shaped = lambda x: x.reshape(starts, 2, items)
    rightward = layout.row_of(parts.left, width, 0, starts * 2 * items)
    leftward = layout.row_of(parts.right, nodes - 1 - width, width * 2 * items, starts * 2 * items)
    return jax.tree.map(lambda x, y: jnp.stack([shaped(x)[:, 0], shaped(y)[:, 1]], 1), rightward, leftward)


def recursion(arcs: Numbers, algebra: Algebra, single_root_edge: bool) -> Chart:
    """O(n^3), of the numbers of arcs (n, n*2B): `[w, i]` are the arcs from node i to i + w and back. Plain code."""
    nodes, columns = jax.tree.leaves(arcs)[0].shape
    items = columns // (2 * nodes)
    beyond = layout.longest_run(1, nodes)
    filled = lambda scalars, *shape: jax.tree.map(lambda x: jnp.full(shape, x), scalars)
    nothing = lambda *shape: filled(algebra.nothing, *shape)

    def empty(items: int) -> Parts:
        return Parts(nothing(nodes, nodes * items), nothing(nodes + beyond, (nodes + beyond) * items))

    def step(width: Array, chart: Chart, rows: int, starts: int) -> Chart:
        """What is read here was written before: XLA copies a chart that is read and then written without need."""
        sizes = width, rows, starts
        shaped = lambda x: x.reshape(starts, 2, items)
        between = algebra.reduce("incomplete", splits(chart, "incomplete", algebra.times, sizes, None), sizes)
        both = jax.tree.map(lambda x: jnp.repeat(x.reshape(starts, 1, items), 2, 1), between)
        own = jax.tree.map(shaped, layout.row_of(arcs, width, 0, starts * 2 * items))
        made = algebra.times(both, own)
        found = algebra.reduce("complete", splits(chart, "complete", algebra.times, sizes, made), sizes)
        return _with_row(
            chart, width, jax.tree.map(shaped, found), made, _root(algebra, starts, single_root_edge)
        )

    one, none = (filled(scalars, nodes, 2, items) for scalars in (algebra.one, algebra.nothing))
    chart = Chart(empty(items), empty(2 * items), nothing(nodes, items))
    chart = _with_row(chart, jnp.int32(0), one, none, lambda x: x)
    # What an arc over the whole width leaves is no way of its own.
    right = layout.put(chart.complete.right, nothing(columns), nodes - 1, 0)
    chart = chart._replace(complete=chart.complete._replace(right=right))
    if single_root_edge:
        chart = chart._replace(whole=layout.put(chart.whole, nothing(items), 0, 0))
    return layout.ascending(nodes, step, chart)


def _root(algebra: Algebra, starts: int, single_root_edge: bool) -> Callable[[Numbers], Numbers]:
    """Of complete spans (starts B) those that may lie between a node and a dependent: where the root has one edge only,
    none of its own.
    """
    if not single_root_edge:
        return lambda x: x
    root = numeric.positions(starts)[:, None] == 0
    return lambda x: jax.tree.map(lambda x, nothing: jnp.where(root, nothing, x), x, algebra.nothing)


def _with_row(
    chart: Chart, width: Array, complete: Numbers, arcs: Numbers, before_dependent: Callable
) -> Chart:
    """With the spans of a width, (starts 2 B)."""
    nodes, items = chart.nodes, chart.items
    of = lambda which, x: jax.tree.map(lambda x: x[:, which], x)
    rightward, leftward = of(0, complete), of(1, complete)
    stack = lambda *x: jax.tree.map(lambda a, b: jnp.stack([a, b], 1), *x)

    def put(parts: Parts, left: Numbers, right: Numbers, items: int) -> Parts:
        flat = lambda x: jax.tree.map(lambda x: x.reshape(len(x) * items), x)
        return Parts(
            layout.put(parts.left, flat(left), width, 0),
            layout.put(parts.right, flat(right), nodes - 1 - width, width * items),
        )

    return Chart(
        put(chart.incomplete, before_dependent(rightward), leftward, items),
        put(chart.complete, stack(of(0, arcs), leftward), stack(rightward, of(1, arcs)), 2 * items),
        layout.put(chart.whole, jax.tree.map(lambda x: x[0], rightward), width, 0),
    )


def at_root(chart: Chart, lengths: Array) -> Numbers:
    """(B): all trees of each item."""
    item = numeric.positions(chart.items)
    return jax.tree.map(lambda x: numeric.read(x, jnp.maximum(lengths - 1, 0), item), chart.whole)


# ------------------------------------------------------------------------------------------------------- arcs as charts


def of_arcs(table: Numbers, fillers: Numbers) -> Numbers:
    """Numbers of arcs (B n n) as rows of a recursion, (n, n*2B)."""
    both = lambda x: jnp.concatenate([x, jnp.swapaxes(x, 1, 2)])
    return jax.tree.map(lambda x, filler: layout.chart_of_table(both(x), filler), table, fillers)


def to_arcs(chart: Array, filler: float) -> Array:
    """The inverse, of one array."""
    rightward, leftward = jnp.split(layout.table_of_chart(chart, filler), 2)
    node = numeric.positions(chart.shape[0])
    return lax.select(
        jnp.broadcast_to(node[:, None] < node, rightward.shape), rightward, jnp.swapaxes(leftward, 1, 2)
    )
