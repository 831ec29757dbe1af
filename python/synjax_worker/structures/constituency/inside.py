"""The inside pass: what each span sums over, from short spans to long ones (Baker 1979).

Logs have three parts, exact at any scale (`numerics.exact_log`). An optimistic program has shorter ones
(`numerics.split_log`) and refuses scales at which those round.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.exact_log import ExactLog
from ...numerics.guard import is_optimistic, refuse_where
from ...numerics.split_log import SplitLog
from ..charts import layout

Logs = Any  # SplitLog or ExactLog


class Chart(NamedTuple):
    """The weights of spans with all that stands below them, see `charts.layout`."""

    left: Logs  # (n, n*B)
    right: Logs  # the same right-aligned, with zeros beyond

    @property
    def words(self) -> int:
        return self.left.high.shape[0]

    @property
    def items(self) -> int:
        return self.left.high.shape[1] // self.words


Reduce = Callable[[Logs, int], Logs]


def summed(logs: Logs, axis: int) -> Logs:
    return logs.total(axis)


def best(logs: Logs, axis: int) -> Logs:
    return logs.largest(axis)


def kind_of_logs() -> type:
    return SplitLog if is_optimistic() else ExactLog


# Sums of two whole numbers below this are exact in float32.
LARGEST_WHOLE = 2.0**23


def refuse_large(logs: Array) -> None:
    """An optimistic program refuses log-potentials (B n n t) whose sums over a tree may round."""
    if is_optimistic():
        spans = 2 * logs.shape[1] - 1
        refuse_where(jnp.any(jnp.abs(numeric.finite_or_zero(logs)) >= LARGEST_WHOLE / spans))


def inside(spans: Logs, reduce: Reduce = summed) -> Chart:
    """O(n^3) of the weights of spans (n, n*B). Plain code."""
    words, columns = spans.high.shape
    items = columns // words
    beyond = layout.longest_run(1, words)
    nothing = lambda *shape: type(spans).from_log(jnp.full(shape, -jnp.inf, spans.high.dtype))
    first = layout.row_of(spans, 0, 0, columns)
    left = layout.put(nothing(words, columns), first, 0, 0)
    right = layout.put(nothing(words + beyond, (words + beyond) * items), first, words - 1, 0)

    def step(width: Array, chart: Chart, rows: int, starts: int) -> Chart:
        found = reduce(splits(chart, width, rows, starts), 0)
        return with_row(chart, width, found.times(layout.row_of(spans, width, 0, starts * items)))

    return layout.ascending(words, step, Chart(left, right))


def splits(chart: Any, width: Array, rows: int, starts: int) -> Logs:
    """(rows, starts*B): the weight of every way to split the spans of a width, by the width of the left part."""
    words, columns = chart.words, starts * chart.items
    left = jax.tree.map(lambda x: x[:rows, :columns], chart.left)
    right = layout.slab(chart.right, words - width, width * chart.items, rows, columns)
    return left.times(right)


def with_row(chart: Chart, width: Array, row: Logs) -> Chart:
    left = layout.put(chart.left, row, width, 0)
    return Chart(left, layout.put(chart.right, row, chart.words - 1 - width, width * chart.items))


def split_logs(chart: Chart, width: Array, rows: int, starts: int) -> Array:
    """(rows, starts*B): the log-probability of every way to split a span, given the span."""
    _, rest = splits(chart, width, rows, starts).near_top(0)
    return numeric.log_normalize(rest, 0)


def at_root(chart: Chart, lengths: Array) -> Logs:
    """(B): the span of the whole sentence."""
    item = numeric.positions(chart.items)
    return jax.tree.map(lambda x: numeric.read(x, jnp.maximum(lengths - 1, 0), item), chart.left)


# ---------------------------------------------------------------------------------------------------------- derivatives


def differentiable(spans: Logs, chart: Chart) -> Chart:
    """A chart that is known, with derivatives of any order by the weights of spans."""
    return _with_lows(chart, _lows(spans.low, chart))


@jax.custom_jvp
def _lows(span_lows: Array, chart: Chart) -> Array:
    return chart.left.low


@_lows.defjvp
def _lows_derivative(primals, tangents):
    """The derivative of a log is the expected derivative of what it sums over."""
    chart = primals[1]
    lows = _lows(*primals)
    known = _with_lows(chart, lows)
    items = chart.items
    own = jnp.where(chart.left.high > -jnp.inf, tangents[0], 0)
    first = layout.row_of(own, 0, 0, own.shape[1])
    left = layout.put(jnp.zeros_like(own), first, 0, 0)
    right = layout.put(jnp.zeros_like(chart.right.low), first, chart.words - 1, 0)

    def step(width: Array, moved: Chart, rows: int, starts: int) -> Chart:
        columns = starts * items

        # Computed again for a derivative: what all widths choose is larger than the charts.
        @jax.checkpoint
        def expected(moved: Chart, width: Array) -> Array:
            chosen = jnp.exp(split_logs(known, width, rows, starts))
            right = layout.slab(moved.right, chart.words - width, width * items, rows, columns)
            return jnp.sum(chosen * (moved.left[:rows, :columns] + right), 0)

        row = expected(moved, width) + layout.row_of(own, width, 0, columns)
        left = layout.put(moved.left, row, width, 0)
        return Chart(left, layout.put(moved.right, row, chart.words - 1 - width, width * items))

    return lows, layout.ascending(chart.words, step, Chart(left, right)).left


def _with_lows(chart: Chart, lows: Array) -> Chart:
    right = layout.right_aligned(lows, 0.0)[::-1]
    rows, columns = chart.right.low.shape
    right = layout.padded(right, rows - lows.shape[0], columns - lows.shape[1], 0.0)
    return Chart(chart.left._replace(low=lows), chart.right._replace(low=right))
