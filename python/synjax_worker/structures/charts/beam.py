"""Beams of walks that choose how spans are made: k walks side by side for each of B items."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

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
