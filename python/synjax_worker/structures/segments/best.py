"""The pass over the best segmentations from the front: one message for each position and label, its score.

An optimistic program computes it in plain floats. What is near the best keeps its digits, because the best of each
position is taken out; scales at which what is far behind would round to something else are refused.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import is_optimistic, refuse_where
from ...numerics.split_log import SplitLog
from .forward import Messages, best, run
from .potentials import Potentials, at_last, early_logs, transition_of_items

# What lies that far behind the best is rounded. So no step may be as large, and where something lies behind by more,
# all steps together may not lift it up again.
LARGEST_STEP = 2.0**16


def best_messages(potentials: Potentials, lengths: Array) -> Messages:
    """`forward.log_messages` of the best, whose log-partition is its score. O(n m t^2), factored O(n m t + n t^2)."""
    if not is_optimistic():
        return run(potentials, lengths, best)
    found, certified = _in_floats(jax.tree.map(lax.stop_gradient, potentials), lengths)
    refuse_where(~certified)
    return found


def _in_floats(potentials: Potentials, lengths: Array) -> tuple[Messages, Array]:
    """The messages, and whether no scale came up at which they would round what matters, (B)."""
    items, labels = potentials.items, potentials.labels
    shape = items, potentials.longest, labels
    largest = jnp.finfo(potentials.segment.dtype).max
    # What is no log is larger than all that are, and excluded where it follows what cannot be.
    logs = lambda x: jnp.where(x < jnp.inf, x, largest)
    if potentials.factored:
        transition, opening = logs(transition_of_items(potentials)), logs(potentials.initial)
    else:
        alone = jnp.where(numeric.positions(labels) == 0, 0.0, -jnp.inf).astype(potentials.segment.dtype)
        transition, opening = None, jnp.broadcast_to(alone, (items, labels))

    def step(ring: Array, inputs):
        live, index = inputs
        here = logs(lax.dynamic_index_in_dim(potentials.segment, index, 1, keepdims=False))
        if transition is None:
            ends = jnp.max(ring[:, :, None] + lax.collapse(here, 1, -1), 1)
        else:
            ends = jnp.max(ring.reshape(shape) + here, 1)
        ends = jnp.where(live[:, None], ends, -jnp.inf)
        starts = None if transition is None else jnp.max(ends[:, :, None] + transition, 1)
        new = ends if starts is None else starts
        moved = jnp.concatenate([new, ring[:, :-labels]], 1)
        top = jnp.max(moved.reshape(shape), (1, 2))
        top = jnp.where(live & (top > -jnp.inf), top, 0)
        return moved - top[:, None], (ring, ends, starts, top)

    missing = jnp.full((items, (potentials.longest - 1) * labels), -jnp.inf, opening.dtype)
    positions = numeric.positions(potentials.positions)
    live = positions[:, None] < lengths
    ring = jnp.concatenate([opening, missing], 1)
    _, (before, ends, starts, tops) = lax.scan(step, ring, (live, positions))
    last = jnp.max(at_last(ends, lengths), -1)
    earlier = jnp.where(positions[:, None] < lengths - 1, tops, 0)
    score = numeric.exact_sum(jnp.concatenate([earlier, last[None]]))
    score = jax.tree.map(lambda x: jnp.where(lengths == 0, 0, x), score)
    sizes = jnp.max(jnp.abs(tops), 0)
    early = early_logs(potentials)
    steps = jnp.max(lax.collapse(potentials.segment, 2), 2)
    steps = steps.at[:, : early.shape[1]].set(jnp.max(lax.collapse(early, 2), 2))
    steps = jnp.max(jnp.where(live.T, steps, -jnp.inf), 1)
    certified = (sizes < LARGEST_STEP) & (steps < LARGEST_STEP)
    if transition is not None:
        certified &= (jnp.max(transition) < LARGEST_STEP) & (jnp.max(opening, -1) < LARGEST_STEP)
    most = jnp.maximum(steps, 0) + (0 if transition is None else jnp.max(transition, initial=0))
    lift = jnp.sum(jnp.where(live, most - tops, 0), 0)
    certified &= (lift < LARGEST_STEP) | (numeric.lowest(before) > -LARGEST_STEP)
    of = lambda x: None if x is None else SplitLog.from_log(x)
    return Messages(score, of(before), of(last), of(ends), of(starts)), certified
