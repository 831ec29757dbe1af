"""From the whole tree to its parts: how likely each arc is, from long spans to short ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ..charts import layout
from .chart import Chart, Parts, Sizes, arcs_of
from .inside import log_probs, ways

# `weights(kind, sizes)`: (rows, columns), how much of what stands at a span goes to each way to make it.
Weights = Callable[[str, Sizes], Array]


class Mass(NamedTuple):
    """How what stands at spans is added up and passed on."""

    nothing: float
    plus: Callable[[Array, Array], Array]
    times: Callable[[Array, Array], Array]


def _log_times(a: Array, b: Array) -> Array:
    """Beyond the lowest float it is that: only what is impossible is -inf."""
    lowest = jnp.finfo(a.dtype).min
    return jnp.where(jnp.isneginf(a) | jnp.isneginf(b), -jnp.inf, jnp.maximum(a + b, lowest))


FLOATS = Mass(0.0, jnp.add, jnp.multiply)
LOGS = Mass(-jnp.inf, lambda a, b: numeric.logsumexp(jnp.stack(jnp.broadcast_arrays(a, b)), 0), _log_times)


def given_spans(chart: Chart, mass: Mass) -> Weights:
    """Probabilities of the ways to make a span."""
    if mass is LOGS:
        return lambda kind, sizes: log_probs(ways(chart, kind, sizes))
    return lambda kind, sizes: jnp.exp(log_probs(ways(chart, kind, sizes)))


def pushed(weights: Weights, top: Array, nodes: int, lengths: Array, mass: Mass = FLOATS) -> Array:
    """(n, n*2B): how much stands at each arc, where `top` (B) stands at the whole tree and every span passes on what
    stands there to its two parts. O(n^3), plain code.
    """
    items = lengths.shape[0]
    beyond = layout.longest_run(1, nodes)
    nothing = lambda *shape: jnp.full(shape, mass.nothing, top.dtype)
    empty = lambda items: Parts(
        nothing(nodes, nodes * items), nothing(nodes + beyond, (nodes + beyond) * items)
    )
    incomplete = empty(items)
    at_top = numeric.positions(nodes)[:, None] == lengths - 1
    at_top = incomplete.left.at[:, :items].set(jnp.where(at_top, top, mass.nothing))
    state = incomplete._replace(left=at_top), empty(2 * items), nothing(nodes, nodes * 2 * items)

    def passed_on(kind: str, parts: Parts, here: Array, sizes: Sizes) -> tuple[Parts, Array]:
        """And what the first of all ways has got: of complete spans that is the arc alone."""
        width, rows, starts = sizes
        # Computed again for a derivative: the weights of all widths are larger than the charts.
        along = jax.checkpoint(lambda here, width: mass.times(weights(kind, (width, rows, starts)), here))
        moved = along(here, width)
        columns = moved.shape[1]
        at = nodes - width - (1 if kind == "complete" else 0), width * (columns // starts)
        left = mass.plus(parts.left[:rows, :columns], moved)
        right = mass.plus(layout.slab(parts.right, *at, rows, columns), moved)
        return Parts(layout.put(parts.left, left, 0, 0), layout.put(parts.right, right, *at)), moved[0]

    def step(width: Array, state: tuple[Parts, Parts, Array], rows: int, starts: int):
        incomplete, complete, arcs = state
        sizes = width, rows, starts
        single, double = starts * items, starts * 2 * items
        row, column = nodes - 1 - width, width * items
        as_rightward = (
            layout.row_of(incomplete.left, width, 0, single),
            layout.row_of(complete.right, row, 2 * column, double),
        )
        as_leftward = (
            layout.row_of(incomplete.right, row, column, single),
            layout.row_of(complete.left, width, 0, double),
        )
        of_complete = [
            mass.plus(a.reshape(starts, items), b.reshape(starts, 2, items)[:, direction])
            for direction, (a, b) in enumerate((as_rightward, as_leftward))
        ]
        complete, first = passed_on("complete", complete, jnp.stack(of_complete, 1).reshape(double), sizes)
        # An arc to the left is the right part of that way, in its own place: it has got this already.
        rightward, leftward = jnp.moveaxis(arcs_of(complete, width, starts), 1, 0)
        rightward = mass.plus(rightward, first.reshape(starts, 2, items)[:, 0])
        of_arcs = jnp.stack([rightward, leftward], 1)
        arcs = layout.put(arcs, of_arcs.reshape(double), width, 0)
        between = mass.plus(rightward, leftward)
        incomplete, _ = passed_on("incomplete", incomplete, between.reshape(single), sizes)
        return incomplete, complete, arcs

    return layout.descending(1, nodes, step, state)[2]
