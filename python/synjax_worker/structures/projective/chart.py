"""Charts of projective trees (Eisner 1996; 2000), and the recursion from short spans to long ones.

A tree is made of two kinds of spans. A *complete* one is a node with all that it has on one side, up to the last node
there; an *incomplete* one is what lies between a head and its dependent, with the arc. So

- what lies between i and j is complete from i to the right and complete from j to the left, which meet anywhere;
- what a node has on its right is an arc to a dependent there, and what that one has on its own right. What it has on its
  left is the same the other way round.

Every tree is made in one way only. All parts stand in charts as `charts.layout` has them, such that there is a way to
make a span over w + 1 nodes of each row k = 0 to w - 1 of left parts and the row w - 1 - k of right ones: a complete
part has the row of its width, an incomplete one the row below. Of complete spans there are two for every two nodes, one
in each direction: the columns of their parts are those of 2B items, first all that go to the right.
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


def splits(parts: Parts, times: Callable, sizes: Sizes) -> Numbers:
    """(rows, starts*items): of each way to make the spans of a width."""
    width, rows, starts = sizes
    nodes, columns = jax.tree.leaves(parts.left)[0].shape
    items = columns // nodes
    left = jax.tree.map(lambda x: x[:rows, : starts * items], parts.left)
    return times(left, layout.slab(parts.right, nodes - width, width * items, rows, starts * items))


def recursion(arcs: Numbers, algebra: Algebra, single_root_edge: bool) -> Chart:
    """O(n^3), of the numbers of arcs (n, n*2B): `[w, i]` are the arcs from node i to i + w and back. Plain code."""
    nodes, columns = jax.tree.leaves(arcs)[0].shape
    items = columns // (2 * nodes)
    beyond = layout.longest_run(1, nodes)
    filled = lambda scalars, *shape: jax.tree.map(lambda x: jnp.full(shape, x), scalars)
    nothing = lambda *shape: filled(algebra.nothing, *shape)

    def empty(items: int) -> Parts:
        return Parts(nothing(nodes, nodes * items), nothing(nodes + beyond, (nodes + beyond) * items))

    whole = nothing(nodes, items)
    if not single_root_edge:
        whole = layout.put(whole, filled(algebra.one, items), 0, 0)
    alone = filled(algebra.one, nodes, 2, items)

    def step(width: Array, state: tuple[Chart, Numbers], rows: int, starts: int) -> tuple[Chart, Numbers]:
        chart, shorter = state
        sizes = width, rows, starts
        rightward, leftward = (jax.tree.map(lambda x, of=of: x[:, of], shorter) for of in (0, 1))
        first = jax.tree.map(lambda x: x[:starts], rightward)
        last = jax.tree.map(lambda x: x[1 : starts + 1], leftward)
        begin = _only_one_edge(first, algebra.nothing, width) if single_root_edge else first
        incomplete = _with_row(chart.incomplete, width, begin, last)
        between = algebra.reduce("incomplete", splits(incomplete, algebra.times, sizes), sizes)
        of_width = layout.row_of(arcs, width, 0, starts * 2 * items)
        shaped = lambda x: x.reshape(starts, 2, items)
        both = jax.tree.map(lambda x: jnp.repeat(x.reshape(starts, 1, items), 2, 1), between)
        made = algebra.times(both, jax.tree.map(shaped, of_width))
        left = jax.tree.map(lambda arc, x: jnp.stack([arc[:, 0], x[:starts]], 1), made, leftward)
        right = jax.tree.map(lambda x, arc: jnp.stack([x[1 : starts + 1], arc[:, 1]], 1), rightward, made)
        complete = _with_row(chart.complete, width, left, right)
        found = algebra.reduce("complete", splits(complete, algebra.times, sizes), sizes)
        found = jax.tree.map(shaped, found)
        whole = layout.put(chart.whole, jax.tree.map(lambda x: x[0, 0], found), width, 0)
        rest = nothing(nodes - starts, 2, items)
        longer = jax.tree.map(lambda x, y: jnp.concatenate([x, y]), found, rest)
        return Chart(incomplete, complete, whole), longer

    state = Chart(empty(items), empty(2 * items), whole), alone
    return layout.ascending(nodes, step, state)[0]


def _only_one_edge(first: Numbers, nothing: Numbers, width: Array) -> Numbers:
    """What lies between the root (starts ...) and its dependent is no further dependent of the root."""
    start = numeric.positions(jax.tree.leaves(first)[0].shape[0])
    second = (start == 0) & (width > 1)
    return jax.tree.map(lambda x, none: jnp.where(second[:, None], none, x), first, nothing)


def _with_row(parts: Parts, width: Array, left: Numbers, right: Numbers) -> Parts:
    """With the longest parts of spans of a width, (starts ...)."""
    starts, nodes = jax.tree.leaves(left)[0].shape[0], jax.tree.leaves(parts.left)[0].shape[0]
    items = jax.tree.leaves(parts.left)[0].shape[1] // nodes
    flat = lambda x: x.reshape(starts * items)
    return Parts(
        layout.put(parts.left, jax.tree.map(flat, left), width - 1, 0),
        layout.put(parts.right, jax.tree.map(flat, right), nodes - width, width * items),
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
