"""The inside pass: logs of what all trees over a span add up to, and their derivatives.

Logs are exact at any scale, in an optimistic program as far as they are not refused: see `constituency.inside`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ...numerics import numeric
from ..arcs.potentials import Potentials, exact_logs, logs_of
from ..constituency.inside import Logs, Reduce, summed
from .chart import Algebra, Chart, Sizes, arcs_of, of_arcs, recursion, splits


def weights_of(kind: type, potentials: Potentials, lengths: Array) -> Logs:
    """Of arcs, (n, n*2B). Differentiable."""
    logs = logs_of(potentials, lengths)
    logs = exact_logs(kind, logs, potentials.lost, logs > -jnp.inf)
    return of_arcs(logs, kind(-jnp.inf, *[0.0] * (len(logs) - 1)))


def inside(arcs: Logs, single_root_edge: bool, reduce: Reduce = summed) -> Chart:
    """Plain code."""
    kind, dtype = type(arcs), arcs.high.dtype
    scalar = lambda log: kind.from_log(jnp.asarray(log, dtype))
    algebra = Algebra(scalar(-np.inf), scalar(0.0), _times, lambda _, ways, __: reduce(ways, 0))
    return recursion(arcs, algebra, single_root_edge)


def _times(a: Logs, b: Logs) -> Logs:
    return a.times(b)


def ways(chart: Chart, kind: str, sizes: Sizes) -> Logs:
    """(rows, columns): the weight of every way to make the spans of a width."""
    width, _, starts = sizes
    arcs = arcs_of(chart.complete, width, starts) if kind == "complete" else None
    return splits(chart, kind, _times, sizes, arcs)


def log_probs(ways: Logs) -> Array:
    """Of ways to make a span, given the span."""
    return numeric.log_normalize(ways.near_top(0)[1], 0)


# --------------------------------------------------------------------------------------------------------- expectations


def expectation(
    chart: Chart, arcs: Any, single_root_edge: bool, local: Callable[[str, Array, Any, Sizes], Any]
) -> Chart:
    """A recursion of floats that add up along a tree: `local(kind, log_probs, ways, sizes)` reduces those of every way.

    `arcs` are theirs, (n, n*2B). O(n^3), plain code.
    """

    def reduce(kind: str, numbers: Any, sizes: Sizes) -> Any:
        # Computed again for a derivative: the ways of all widths are larger than the charts.
        @jax.checkpoint
        def reduced(numbers: Any, width: Array) -> Any:
            of_width = (width, *sizes[1:])
            return local(kind, log_probs(ways(chart, kind, of_width)), numbers, of_width)

        return reduced(numbers, sizes[0])

    zero = jax.tree.map(lambda x: jnp.zeros((), x.dtype), arcs)
    algebra = Algebra(zero, zero, lambda a, b: jax.tree.map(jnp.add, a, b), reduce)
    return recursion(arcs, algebra, single_root_edge)


def differentiable(arcs: Logs, chart: Chart, single_root_edge: bool) -> Chart:
    """A chart that is known, with derivatives of any order by the weights of arcs."""
    known = _map_lows(lambda x: x.low, chart)
    lows = _lows(arcs.low, arcs.high > -jnp.inf, chart, known, single_root_edge)
    return _with_lows(chart, lows)


@partial(jax.custom_jvp, nondiff_argnums=(4,))
def _lows(arc_lows: Array, possible: Array, chart: Chart, known: Chart, single_root_edge: bool) -> Chart:
    return known


@_lows.defjvp
def _lows_derivative(single_root_edge, primals, tangents):
    """The derivative of a log is the expected derivative of what it sums over."""
    _, possible, chart, _ = primals
    lows = _lows(*primals, single_root_edge)
    expected = lambda _, log_probs, numbers, __: jnp.sum(jnp.exp(log_probs) * numbers, 0)
    moved = jnp.where(possible, tangents[0], 0)
    return lows, expectation(_with_lows(chart, lows), moved, single_root_edge, expected)


def _map_lows(change: Callable, chart: Chart, *others: Chart) -> Chart:
    """Of logs."""
    is_logs = lambda x: hasattr(x, "near_top")
    return jax.tree.map(change, chart, *others, is_leaf=is_logs)


def _with_lows(chart: Chart, lows: Chart) -> Chart:
    return _map_lows(lambda logs, low: logs._replace(low=low), chart, lows)
