"""The pass over all segmentations from the front: one message for each position and label, exact at any scale.

Messages are logs in two parts, see `numerics.split_log`. A loop over the positions carries the messages of the last m,
those that a segment may follow, and takes their scale out of them in whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, split_log
from ...numerics.split_log import SplitLog
from .potentials import Potentials, transition_of_items, uniform


class Messages(NamedTuple):
    """What the forward pass leaves: constants to every query. All of a position's are in one scale.

    General: `before[i, j, a]` is the weight of what ends where a segment of length j + 1 with last position i begins,
    a the label of its last segment. Nothing before the first position has label 0.

    Factored: `before[i, j, b]` is the same summed over that label, with the transition to a segment with label b.
    """

    log_partition: tuple[Array, Array]  # an unevaluated sum of two (B)
    before: SplitLog  # (n B m*t)
    whole: SplitLog  # (B): what ends at the last position, whatever its label
    ends: SplitLog  # (n B t): the weight of what ends at a position, by the label of its last segment
    starts: SplitLog | None  # (n B t): factored, the same by the label of a segment that follows


def forward(
    potentials: Potentials, lengths: Array, reduce: Callable[..., SplitLog] = split_log.total
) -> Messages:
    """O(n m t^2), factored O(n m t + n t^2). Its result has no gradient; the queries bring their own.

    Garbage beyond the lengths, or in segments that would begin before the sequence, changes nothing. NaN elsewhere
    makes the log-partition NaN.

    With `split_log.largest` for `reduce` weights are those of the best, and the log-partition is its score.
    """
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    # Without a copy of the potentials in the order of the loop, which a derivative would need.
    read = lambda position: lax.dynamic_index_in_dim(potentials.segment, position, 1, keepdims=False)
    return recursion(potentials, lengths, reduce, numeric.positions(potentials.positions), read)


def recursion(
    potentials: Potentials, lengths: Array, reduce: Callable[..., SplitLog], inputs: Array, read: Callable
) -> Messages:
    """`read` gives the potentials of segments that end at a position, (B m t t) or (B m t), from one of `inputs`."""
    labels = potentials.labels
    if potentials.factored:
        transition = split_log.from_log(transition_of_items(potentials))
        opening = split_log.from_log(potentials.initial)
    else:
        alone = jnp.where(numeric.positions(labels) == 0, 0.0, -jnp.inf).astype(potentials.segment.dtype)
        alone = jnp.broadcast_to(alone, (potentials.items, labels))
        opening = SplitLog(alone, jnp.zeros_like(alone))

    def step(ring: SplitLog, inputs):
        # What a segment cannot follow has weight 0 in the ring, and so excludes whatever stands there.
        live, here = inputs
        segment = split_log.from_log(read(here).reshape(potentials.items, -1, labels))
        follows = by_length(ring, labels) if potentials.factored else expand(ring, 2)
        ends = reduce(follows.times(segment), 1)
        ends = ends._replace(integer=jnp.where(live[:, None], ends.integer, -jnp.inf))
        starts = reduce(expand(ends, 2).times(transition), 1) if potentials.factored else None
        scale = numeric.shift_of(ends.integer, -1)
        moved = jax.tree.map(pushed, ring, ends if starts is None else starts)
        return moved._replace(integer=moved.integer - scale[:, None]), (ring, ends, starts, scale)

    nothing = SplitLog(
        *(jnp.full((potentials.items, potentials.longest * labels), x) for x in (-jnp.inf, 0.0))
    )
    first = jax.tree.map(lambda x, new: x.astype(new.dtype).at[:, :labels].set(new), nothing, opening)
    live = numeric.positions(potentials.positions)[:, None] < lengths
    _, (before, ends, starts, scales) = lax.scan(step, first, (live, inputs))
    last = reduce(at_last(ends, lengths), -1)
    earlier = numeric.positions(potentials.positions)[:, None] < lengths - 1
    terms = jnp.concatenate([jnp.where(earlier, scales, 0), last.integer[None], last.fraction[None]])
    value = numeric.pair_sum(jnp.where(lengths == 0, 0, terms))
    value = jax.tree.map(lambda x: jnp.where(value[0] < jnp.finfo(x.dtype).max, x, jnp.nan), value)
    return Messages(value, before, last, ends, starts)


def pushed(ring: Array, new: Array) -> Array:
    """A ring (B m*t) of the last m, the latest first, with a new one (B t)."""
    return jnp.concatenate([new, ring[:, : -new.shape[1]]], 1)


def by_length(x: Any, labels: int) -> Any:
    """Of (... m*t), (... m t)."""
    return jax.tree.map(lambda part: part.reshape(*part.shape[:-1], -1, labels), x)


def expand(x: SplitLog, axis: int) -> SplitLog:
    return jax.tree.map(lambda part: jnp.expand_dims(part, axis), x)


def at_last(by_position: Any, lengths: Array) -> Any:
    """Of (n B t), what belongs to each item's last position, (B t)."""
    last = jnp.maximum(lengths - 1, 0)[None, :, None]
    return jax.tree.map(lambda x: jnp.take_along_axis(x, last, 0)[0], by_position)


def log_count(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    """The logarithm of the number of segmentations that are allowed, as an unevaluated pair (B)."""
    return forward(uniform(potentials), lengths).log_partition
