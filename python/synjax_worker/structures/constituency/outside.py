"""The outside pass: how likely each span is, from long spans to short ones (Baker 1979; Lari & Young 1990)."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ..charts import layout
from .inside import Chart, Logs, at_root

Weights = Any  # of a width: (rows, starts*B), how much of what stands at a span goes to each way to split it


class Outside(NamedTuple):
    """Weights of spans with all that stands beside and above them, and their own."""

    left: Logs  # (n + ..., n*B): [w, i], with zeros beyond
    right: Logs  # [w, j]: right-aligned, with the widths in ascending order


def log_masses(spans: Logs, chart: Chart, lengths: Array) -> Array:
    """(n, n*B): the log of the probability of each span, whatever its label; right where that underflows. O(n^3).

    Every span adds up the wider ones of which it is a part, with the sibling that it has there. Plain code.
    """
    logs, _ = _outside(spans, chart, lengths)
    whole = jax.tree.map(lambda x: jnp.tile(x, chart.words), at_root(chart, lengths))
    return logs.times(chart.left).ratio(whole)


def _outside(spans: Logs, chart: Chart, lengths: Array) -> tuple[Logs, Outside]:
    """(n, n*B), without the weight of the span itself; and with it, in both alignments."""
    kind, (words, items) = type(spans), (chart.words, chart.items)
    beyond = layout.longest_run(0, words) + 1
    nothing = lambda *shape: kind.from_log(jnp.full(shape, -jnp.inf, spans.high.dtype))
    fill = lambda part, x: -jnp.inf if part == "high" else 0.0
    parts = lambda change, logs: kind(
        *(change(x, fill(name, x)) for name, x in zip(kind._fields, logs, strict=True))
    )
    # Siblings on the right start where the span ends; those on the left end before it starts.
    after = parts(lambda x, filler: layout.padded(x, 0, beyond * items, filler), chart.left)
    before = parts(
        lambda x, filler: jnp.pad(
            layout.right_aligned(x, filler)[:, : (words - 1) * items],
            ((0, 0), (items, 0)),
            constant_values=filler,
        ),
        chart.left,
    )
    top = numeric.positions(words)[:, None, None] == lengths - 1
    top = top & (numeric.positions(words)[:, None] == 0)
    one = kind.from_log(jnp.where(top.reshape(words, words * items), 0.0, -jnp.inf).astype(spans.high.dtype))
    wide = (words + beyond, words * items), (words + beyond, (words + beyond) * items)
    start = nothing(words, words * items), Outside(nothing(*wide[0]), nothing(*wide[1]))

    def step(width: Array, state: tuple[Logs, Outside], rows: int, starts: int) -> tuple[Logs, Outside]:
        logs, found = state
        columns = starts * items
        row = layout.row_of(one, width, 0, columns)
        if rows:
            at = width + 1
            as_left = layout.slab(found.left, at, 0, rows, columns)
            as_left = as_left.times(layout.slab(after, 0, at * items, rows, columns)).total(0)
            as_right = layout.slab(found.right, at, width * items, rows, columns)
            as_right = as_right.times(jax.tree.map(lambda x: x[:rows, :columns], before)).total(0)
            row = jax.tree.map(lambda *x: jnp.stack(x), row, as_left, as_right).total(0)
        whole = row.times(layout.row_of(spans, width, 0, columns))
        found = Outside(
            layout.put(found.left, whole, width, 0), layout.put(found.right, whole, width, width * items)
        )
        return layout.put(logs, row, width, 0), found

    return layout.descending(0, words, step, start)


def pushed(weights: Any, top: Array, words: int, lengths: Array) -> Array:
    """(n, n*B): how much stands at each span, where `top` (B) stands at the whole sentence and every span passes on
    what stands there to its two parts, by `weights(width, rows, starts)` of the ways to split it. Plain code.
    """
    items = lengths.shape[0]
    beyond = layout.longest_run(1, words)
    at_top = numeric.positions(words)[:, None] == lengths - 1
    left = jnp.zeros((words, words * items), top.dtype).at[:, :items].set(jnp.where(at_top, top, 0))
    right = jnp.zeros((words + beyond, (words + beyond) * items), top.dtype)

    def step(width: Array, state: tuple[Array, Array], rows: int, starts: int) -> tuple[Array, Array]:
        left, right = state
        columns = starts * items
        here = layout.row_of(left, width, 0, columns)
        here = here + layout.row_of(right, words - 1 - width, width * items, columns)
        left = layout.put(left, here, width, 0)
        # Computed again for a derivative: the weights of all widths are larger than the charts.
        moved = jax.checkpoint(lambda here, width: weights(width, rows, starts) * here)(here, width)
        left = layout.put(left, left[:rows, :columns] + moved, 0, 0)
        at = words - width, width * items
        return left, layout.put(right, layout.slab(right, *at, rows, columns) + moved, *at)

    left, right = layout.descending(1, words, step, (left, right))
    return left.at[0].add(right[words - 1, : words * items]) if words > 1 else left
