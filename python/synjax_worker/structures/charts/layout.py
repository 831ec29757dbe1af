"""How a chart lies in memory, so that what a span is made of is two slabs.

A chart has a row for every width and a column for every position and item, `position * B + item`. A span of width w
stands over w + 1 words. There are two copies:

- left-aligned, `left[w, i]`: the span that starts at word i;
- right-aligned, `right[n - 1 - w, j]`: the span that ends at word j, with the widths in reversed order.

A span of width w that starts at i consists of the spans [k, i] of `left` and [n - w + k, i + w] of `right`, for every k
below w. So for all i at once, its ways to be split are a static slab of `left` and one of `right` that starts at row
n - w and column w: no gather, and no mask, where what is not filled yet and what is beyond the sentence holds zero.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

Tree = Any


def folded(function: Callable[..., Tree]) -> Callable[..., Tree]:
    """A function of arrays, and to arrays, whose last axes end with the items. Mapped by `vmap` it has more items: an
    axis in front of the charts would make their rows lie apart, which takes half as long again. Of constants: it has
    no derivative.
    """

    @jax.custom_batching.custom_vmap
    def call(*arrays: Tree) -> Tree:
        return function(*arrays)

    @call.def_vmap
    def mapped(lanes: int, is_mapped: list, *arrays: Tree) -> tuple[Tree, Tree]:
        def fold(x: Array, mapped: bool) -> Array:
            last = jnp.moveaxis(x, 0, -1) if mapped else jnp.broadcast_to(x[..., None], (*x.shape, lanes))
            return lax.collapse(last, last.ndim - 2)

        unfold = lambda x: jnp.moveaxis(x.reshape(*x.shape[:-1], x.shape[-1] // lanes, lanes), -1, 0)
        found = call(*jax.tree.map(fold, list(arrays), is_mapped))
        return jax.tree.map(unfold, found), jax.tree.map(lambda _: True, found)

    return call


MANY = 6  # runs at most


def runs(first: int, count: int, most: int = MANY) -> list[tuple[int, int]]:
    """Widths `first` to `count` - 1, cut into a few runs. A loop over the widths of a run has slabs of one static size.
    One loop over all does six times the work of a chart, which is half empty; three do twice the work, and take three
    times as long to compile. A short chart's loops take as long as they have steps.
    """
    many = min(most, 1 if count < 32 else 3 if count < 128 else 6)
    many = max(1, min(many, count - first))
    cuts = [round(first + (count - first) * i / many) for i in range(many + 1)]
    return [(a, b) for a, b in itertools.pairwise(cuts) if b > a]


def longest_run(first: int, count: int, most: int = MANY) -> int:
    """By how much slabs may reach beyond the chart."""
    return max([b - a for a, b in runs(first, count, most)], default=0)


# `step(width, state, rows, starts)`: a width, and sizes that slabs of it may have: how many ways there are at most to
# split a span, or how many wider ones it may be a part of, and how many spans.
Step = Callable[[Array, Any, int, int], Any]


def ascending(count: int, step: Step, state: Any, first: int = 1, most: int = MANY) -> Any:
    """Of the widths from `first` on: what is narrower comes first."""
    for a, b in runs(first, count, most):
        body = lambda width, state, a=a, b=b: step(width, state, b - 1, count - a)
        state = lax.fori_loop(np.int32(a), np.int32(b), body, state)
    return state


def descending(first: int, count: int, step: Step, state: Any, most: int = MANY) -> Any:
    """Of the widths down to `first`: what is wider comes first. `rows` is how many narrower or wider ones there are."""
    for a, b in reversed(runs(first, count, most)):
        rows = b - 1 if first else count - 1 - a
        body = lambda t, state, a=a, b=b, rows=rows: step(np.int32(b - 1) - t, state, rows, count - a)
        state = lax.fori_loop(np.int32(0), np.int32(b - a), body, state)
    return state


# ---------------------------------------------------------------------------------------------------------------- slabs


def slab(chart: Tree, row: Any, column: Any, rows: int, columns: int) -> Tree:
    """A part of a chart; it does not reach beyond."""
    at = (jnp.int32(row), jnp.int32(column))
    return jax.tree.map(
        lambda x: lax.dynamic_slice(x, at, (rows, columns), allow_negative_indices=False), chart
    )


def row_of(chart: Tree, row: Any, column: Any, columns: int) -> Tree:
    return jax.tree.map(lambda x: x[0], slab(chart, row, column, 1, columns))


def put(chart: Tree, values: Tree, row: Any, column: Any) -> Tree:
    """A chart with a slab, or with a row, replaced."""
    at = (jnp.int32(row), jnp.int32(column))

    def one(x: Array, new: Array) -> Array:
        new = new[None] if new.ndim == 1 else new
        return lax.dynamic_update_slice(x, new, at, allow_negative_indices=False)

    return jax.tree.map(one, chart, values)


def padded(x: Array, rows: int, columns: int, filler: float) -> Array:
    """With so many rows and columns after the chart's own."""
    return jnp.pad(x, ((0, rows), (0, columns)), constant_values=filler)


# -------------------------------------------------------------------------------------------------------- alignment


def _moved(x: Array, by: int, filler: float) -> Array:
    """Rows of (n n ...), the r-th moved by r columns to the right, or to the left."""
    count, rest = x.shape[0], x.shape[2:]
    stride = 2 * count - by
    flat = jnp.pad(x, ((0, 0), (0, count), *[(0, 0)] * len(rest)), constant_values=filler)
    flat = lax.collapse(flat, 0, 2)
    missing = max(0, count * stride - flat.shape[0])
    flat = jnp.pad(flat, ((0, missing), *[(0, 0)] * len(rest)), constant_values=filler)
    return flat[: count * stride].reshape(count, stride, *rest)[:, :count]


def by_position(x: Array, count: int) -> Array:
    """The columns (n, n*B) of a chart as (n, n, B)."""
    return x.reshape(x.shape[0], count, x.shape[1] // count)


def right_aligned(left: Array, filler: float) -> Array:
    """(n, n*B), `[w, j]`: the spans that end at j, with the widths in ascending order."""
    count = left.shape[0]
    return lax.collapse(_moved(by_position(left, count), 1, filler), 1)


def chart_of_table(table: Array, filler: float) -> Array:
    """Of (B n n), by the first word and the last, a left-aligned chart (n, n*B)."""
    starts = _moved(jnp.moveaxis(table, 0, 2), -1, filler)  # (start, width, B)
    return lax.collapse(jnp.swapaxes(starts, 0, 1), 1)


def table_of_chart(left: Array, filler: float) -> Array:
    """The inverse, with a filler where the last word comes before the first."""
    starts = jnp.swapaxes(by_position(left, left.shape[0]), 0, 1)
    return jnp.moveaxis(_moved(starts, 1, filler), 2, 0)


def by_words(x: Array, filler: float) -> Array:
    """(n n ...) by the first word and the last, of spans (n n ...) by the first word and the width."""
    return _moved(x, 1, filler)


def right_by_words(x: Array, filler: float) -> Array:
    """The same of spans by the last word and n - 1 - width."""
    return jnp.swapaxes(_moved(x[::-1], -1, filler)[::-1], 0, 1)
