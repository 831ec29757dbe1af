"""Charts of a grammar: a number for every span and symbol, and the recursion from short spans to long ones.

A span of one word has a preterminal, a wider one a nonterminal: all symbols stand in one axis, and those that a span
cannot have hold nothing. The columns of a chart are (position, item, symbol), see `charts.layout`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ..charts import layout

Numbers = Any  # a tree of arrays: logs, or what is carried along with them


class Chart(NamedTuple):
    left: Numbers  # (n, n*B*s)
    right: Numbers  # (n + ..., (n + ...)*B*s), right-aligned


class Extents(NamedTuple):
    words: int
    items: int
    nonterminals: int
    symbols: int

    @property
    def columns(self) -> int:
        """Of one position."""
        return self.items * self.symbols


Sizes = tuple[Array, int, int]  # of a slab: see `layout.Step`

# `combine(left, right, sizes)`: of all ways to split the spans of a width, parts (starts B s rows), what the spans have
# by nonterminal, (starts B nt).
Combine = Callable[[Numbers, Numbers, Sizes], Numbers]


def split(chart: Chart, extents: Extents, sizes: Sizes) -> tuple[Numbers, Numbers]:
    """The parts of the spans of a width, (starts B s rows), by the width of the left one. Sums over the last axis of
    what is made of them are fast.
    """
    (words, items, _, symbols), (width, rows, starts) = extents, sizes
    columns = starts * extents.columns
    shaped = lambda x: jnp.moveaxis(x.reshape(rows, starts, items, symbols), 0, -1)
    left = jax.tree.map(lambda x: shaped(x[:rows, :columns]), chart.left)
    right = layout.slab(chart.right, words - width, width * extents.columns, rows, columns)
    return left, jax.tree.map(shaped, right)


def recursion(preterminal: Numbers, nothing: Numbers, extents: Extents, combine: Combine) -> Chart:
    """O(n^3 s^2), of the numbers of words and preterminals (B n pt); `nothing` are scalars. Plain code."""
    words, _, nonterminals, symbols = extents
    beyond = layout.longest_run(1, words)
    filled = lambda *shape: jax.tree.map(lambda x: jnp.full(shape, x), nothing)

    def with_row(chart: Chart, width: Any, row: Numbers) -> Chart:
        """Of all symbols, (starts B s)."""
        flat = jax.tree.map(lambda x: x.reshape(x.size), row)
        left = layout.put(chart.left, flat, width, 0)
        return Chart(left, layout.put(chart.right, flat, words - 1 - width, width * extents.columns))

    def padded(x: Array, before: int, after: int, filler: Array) -> Array:
        side = lambda count: jnp.full((*x.shape[:-1], count), filler)
        return jnp.concatenate([side(before), x, side(after)], -1)

    of_words = jax.tree.map(
        lambda x, filler: padded(jnp.swapaxes(x, 0, 1), nonterminals, 0, filler), preterminal, nothing
    )
    empty = Chart(
        filled(words, words * extents.columns), filled(words + beyond, (words + beyond) * extents.columns)
    )

    def step(width: Array, chart: Chart, rows: int, starts: int) -> Chart:
        sizes = width, rows, starts
        found = combine(*split(chart, extents, sizes), sizes)
        after = symbols - nonterminals
        return with_row(chart, width, jax.tree.map(lambda x, f: padded(x, 0, after, f), found, nothing))

    return layout.ascending(words, step, with_row(empty, 0, of_words))


def whole(chart: Chart, extents: Extents, lengths: Array) -> Numbers:
    """(B nt): the whole sentence of each item."""
    words, items, nonterminals, symbols = extents
    item, last = numeric.positions(items), jnp.maximum(lengths - 1, 0)
    first = lambda x: x[:, : extents.columns].reshape(words, items, symbols)[..., :nonterminals]
    return jax.tree.map(lambda x: numeric.read(first(x), last, item), chart.left)


def by_span(left: Array, extents: Extents, filler: float) -> Array:
    """(B n n s): a left-aligned chart by the first and the last word."""
    words, items, _, symbols = extents
    table = layout.table_of_chart(left, filler)
    return jnp.moveaxis(table.reshape(items, symbols, words, words), 1, 3)


def row_of_spans(chart: Numbers, extents: Extents, sizes: Sizes) -> Numbers:
    """(starts B nt): of a chart of nonterminals alone, the spans of a width."""
    width, _, starts = sizes
    _, items, nonterminals, _ = extents
    row = layout.row_of(chart, width, 0, starts * items * nonterminals)
    return jax.tree.map(lambda x: x.reshape(starts, items, nonterminals), row)


def of_spans(table: Array, filler: float) -> Array:
    """(n, n*B*nt): a left-aligned chart of (B n n nt)."""
    items, words, _, nonterminals = table.shape
    flat = jnp.moveaxis(table, 3, 1).reshape(items * nonterminals, words, words)
    return layout.chart_of_table(flat, filler)
