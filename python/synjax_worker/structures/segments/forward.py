"""The pass over all segmentations from the front: one message for each position and label.

In plain floats (`fast`) with a certificate, and in logs, exact at any scale. The logs have two parts, see
`numerics.wide_log`: a loop over the positions carries the messages of the last m, those that a segment may follow, and
takes their scale out of their high parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import is_optimistic, recompute_where, refuse_where
from ...numerics.numeric import Sum
from ...numerics.split_log import Parts, SplitLog, sum_of
from ...numerics.wide_log import WideLog
from ...runtime import passes
from .fast import Weights, weigh
from .potentials import Potentials, at_last, transition_of_items, uniform


class Messages(NamedTuple):
    """What the forward pass leaves: constants to every query. All of a position's are in one scale.

    General: `before[i, j, a]` is the weight of what ends where a segment of length j + 1 with last position i begins,
    a the label of its last segment. Nothing before the first position has label 0.

    Factored: `before[i, j, b]` is the same summed over that label, with the transition to a segment with label b.
    """

    log_partition: Sum  # (B)
    before: Parts  # (n B m*t)
    whole: Parts  # (B): what ends at the last position, whatever its label
    ends: Parts  # (n B t): the weight of what ends at a position, by the label of its last segment
    starts: Parts | None  # (n B t): factored, the same by the label of a segment that follows


Reduce = Callable[[type], Callable[..., Any]]  # given the kind of logs: a reduction along an axis


def sums(kind: type) -> Callable[..., Any]:
    """Weights are summed."""
    return kind.total


def best(kind: type) -> Callable[..., Any]:
    """Weights are those of the best, and the log-partition is its score."""
    return kind.largest


class Forward(NamedTuple):
    """The pass in floats and the pass in logs, each computed when a query first asks for it."""

    potentials: Potentials
    lengths: Array

    def weights(self) -> Weights:
        return passes.shared(self, "weights", lambda: weights(self.potentials, self.lengths))

    def logs(self) -> Messages:
        return passes.shared(self, "logs", lambda: log_messages(self.potentials, self.lengths))


def weights(potentials: Potentials, lengths: Array) -> Weights:
    """The pass in floats, with an exact log-partition."""
    found = weigh(potentials, lengths)
    exact = lambda *arguments: run(*arguments).log_partition
    value = recompute_where(~found.certified, exact, (potentials, lengths), found.log_partition)
    return found._replace(log_partition=value)


def log_messages(potentials: Potentials, lengths: Array, reduce: Reduce = sums) -> Messages:
    """The pass in logs, O(n m t^2), factored O(n m t + n t^2). It has no gradient; the queries bring their own.

    Garbage beyond the lengths, or in segments that would begin before the sequence, changes nothing. NaN elsewhere
    makes the log-partition NaN.
    """
    found = run(potentials, lengths, reduce)
    refuse_where(~sums_exactly(potentials, found))
    return found


# Sums of two or three whole numbers up to this are exact in float32.
_LARGEST = 2.0**22


def sums_exactly(potentials: Potentials, found: Messages) -> Array:
    """Whether `SplitLog` rounded nothing that matters: no scale changed by more, and neither one potential nor all
    together lift what lies that far below the best.
    """
    scales, leaves = numeric.shift_of(found.ends.high, -1), jax.tree.leaves(potentials)
    steps = [jnp.all((jnp.abs(x) < _LARGEST) | jnp.isneginf(x)) for x in (scales, found.whole.high)]
    lifts = [~jnp.any(x >= _LARGEST) for x in leaves]
    most = sum(jnp.max(x, initial=0) for x in leaves)
    lift = potentials.positions * most - jnp.min(jnp.sum(scales, 0), initial=0)
    lifts.append((lift < _LARGEST) | (numeric.lowest(found.before.high) > -_LARGEST))
    return jnp.all(jnp.stack(steps + lifts))


def run(
    potentials: Potentials, lengths: Array, reduce: Reduce = sums, message: type | None = None
) -> Messages:
    """`log_messages` that may have more parts than a log: a `message` that `reduce` gives."""
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    # Without a copy of the potentials in the order of the loop, which a derivative would need.
    read = lambda position: lax.dynamic_index_in_dim(potentials.segment, position, 1, keepdims=False)
    logs = SplitLog if is_optimistic() else WideLog
    positions = numeric.positions(potentials.positions)
    return recursion(potentials, lengths, reduce, positions, read, logs, message)


def recursion(
    potentials: Potentials,
    lengths: Array,
    reduce: Reduce,
    inputs: Array,
    read: Callable,
    logs: type = WideLog,
    message: type | None = None,
) -> Messages:
    """`read` gives the potentials of segments that end at a position, (B m t t) or (B m t), from one of `inputs`.

    A message is a log, or a `message` with more parts after its two, first all 0.
    """
    kind, reduce = message or logs, reduce(logs)
    labels = potentials.labels
    if potentials.factored:
        transition = logs.from_log(transition_of_items(potentials))
        opening = logs.from_log(potentials.initial)
    else:
        alone = jnp.where(numeric.positions(labels) == 0, 0.0, -jnp.inf).astype(potentials.segment.dtype)
        alone = jnp.broadcast_to(alone, (potentials.items, labels))
        opening = logs.from_log(alone)

    def step(ring: Array, inputs):
        # What a segment cannot follow has weight 0 in the ring, and so excludes whatever stands there.
        live, here = inputs
        segment = lax.collapse(read(here), 1, -1)
        follows = by_length(kind(*ring), labels) if potentials.factored else expand(kind(*ring), 2)
        ends = reduce(follows, 1, segment)
        ends = ends._replace(high=jnp.where(live[:, None], ends.high, -jnp.inf))
        starts = reduce(expand(ends, 2).times(transition), 1) if potentials.factored else None
        last = ends if starts is None else starts
        moved = kind(*(pushed(*parts) for parts in zip(ring, last, strict=True)))
        rest = logs(moved.high, moved.low).less(numeric.shift_of(ends.high, -1, keepdims=True))
        moved = moved._replace(high=rest.high, low=rest.low)
        return jnp.stack(moved), (ring, jnp.stack(ends), None if starts is None else jnp.stack(starts))

    # All parts in one array: a short step takes as long as it has kernels.
    nothing = jnp.zeros(
        (len(kind._fields), potentials.items, potentials.longest * labels), potentials.segment.dtype
    )
    first = nothing.at[0].set(-jnp.inf).at[:2, :, :labels].set(jnp.stack(opening))
    live = numeric.positions(potentials.positions)[:, None] < lengths
    _, stacked = lax.scan(step, first, (live, inputs))
    before, ends, starts = (None if x is None else kind(*jnp.moveaxis(x, 1, 0)) for x in stacked)
    scales = numeric.shift_of(ends.high, -1)
    last = reduce(at_last(ends, lengths), -1)
    earlier = numeric.positions(potentials.positions)[:, None] < lengths - 1
    value = sum_of(jnp.where(earlier, scales, 0), logs(last.high, last.low))
    value = jax.tree.map(lambda x: jnp.where(lengths == 0, 0, x), value)
    return Messages(value, before, last, ends, starts)


def pushed(ring: Array, new: Array) -> Array:
    """A ring (B m*t) of the last m, the latest first, with a new one (B t)."""
    return jnp.concatenate([new, ring[:, : -new.shape[1]]], 1)


def by_length(x: Any, labels: int) -> Any:
    """Of (... m*t), (... m t)."""
    return jax.tree.map(lambda part: part.reshape(*part.shape[:-1], part.shape[-1] // labels, labels), x)


def expand(x: Parts, axis: int) -> Any:
    return jax.tree.map(lambda part: jnp.expand_dims(part, axis), x)


def log_count(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    """The logarithm of the number of segmentations that are allowed, as an unevaluated sum (B)."""
    return weights(uniform(potentials), lengths).log_partition
