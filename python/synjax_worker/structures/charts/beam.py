"""Beams of walks that choose how spans are made: k walks side by side for each of B items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown


class Beam(NamedTuple):
    log: Array  # (B k): of what was chosen so far
    priority: Array  # (B k): by which a walk is kept


Prioritize = Callable[[Array, Array, Array], Array]


def losses(logs: Array) -> Array:
    """What candidates along the last axis lose against the best; -inf where there is none."""
    return logs - numeric.shift_of(logs, -1, keepdims=True)


def extended(
    beam: Beam, step: Array, active: Array, logs: Array, prioritize: Prioritize
) -> tuple[Beam, Array, Array]:
    """The k children of highest priority, which of the walks each continues, and what it chose, (B k). A walk that has
    nothing to choose has one child, itself. `prioritize(step, priority, logs)` gives the priorities of children
    (B k p) from their parents' and their logs.
    """
    count = logs.shape[-1]
    itself = jnp.where(numeric.positions(count) == 0, 0.0, -jnp.inf).astype(logs.dtype)
    children = beam.log[..., None] + jnp.where(active[..., None], logs, itself)
    wanted = prioritize(step, beam.priority, children)
    priority, chosen = topdown.largest(lax.collapse(wanted, 1), beam.log.shape[1])
    chosen = chosen.astype(jnp.int32)
    log = jnp.take_along_axis(lax.collapse(children, 1), chosen, 1)
    log = jnp.where(priority > -jnp.inf, log, -jnp.inf)
    return Beam(log, priority), lax.div(chosen, jnp.int32(count)), lax.rem(chosen, jnp.int32(count))


def extended_by_logs(beam: Any, active: Array, logs: Any) -> tuple[Any, Array, Array]:
    """The k best children by logs of any scale: of walks (B k), of which `beam` is what they lose against the best, and
    of their choices (B k p), of which the best loses nothing.
    """
    count = logs.high.shape[-1]
    best = jax.tree.map(lambda x: jnp.where(jnp.isfinite(x), -x, 0)[..., None], logs.largest(-1))
    itself = jnp.where(numeric.positions(count) == 0, 0.0, -jnp.inf).astype(logs.low.dtype)
    itself = type(logs).from_log(itself)
    children = jax.tree.map(lambda x, alone: jnp.where(active[..., None], x, alone), logs.times(best), itself)
    children = jax.tree.map(lambda x: x[..., None], beam).times(children)
    children = jax.tree.map(lambda x: lax.collapse(x, 1), children)
    # As one float, what is far below the best is rounded. Of those that come out about as large as the last of k, what
    # they differ from it tells.
    k, priority = beam.high.shape[1], children.near_top(-1)[1]
    taken = lambda x, index: jnp.take_along_axis(x, index, 1)
    values, chosen = topdown.largest(priority, k)
    last = jax.tree.map(lambda x: taken(x, chosen[:, -1:]), children)
    last = jax.tree.map(lambda x: jnp.where(jnp.isfinite(last.high), x, 0), last)
    lowest = numeric.finite_or_zero(values[:, -1:])
    better = priority > lowest + jnp.abs(lowest) * 2.0**-20
    _, chosen = topdown.largest(jnp.where(better, jnp.inf, children.ratio(last)), k)
    chosen = chosen.astype(jnp.int32)
    kept = jax.tree.map(lambda x: taken(x, chosen), children)
    return kept, lax.div(chosen, jnp.int32(count)), lax.rem(chosen, jnp.int32(count))
