"""The same pass in plain floats: weights instead of logs, and a certificate that nothing was lost to their range.

A step is a product of the weights of what ends before a segment with the weights of the segments. Every position has a
scale of its own, a power of two, so that scales round nothing and their product is a sum of integers.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, scaled
from ...numerics.guard import FloatRange, float_range
from ...numerics.numeric import HIGHEST, Sum
from .potentials import Potentials, at_last, early_logs, transition_of_items


class Weights(NamedTuple):
    """Of the pass from the front, at each position in one scale. p is the length of a segment and, in the general form,
    the label before it: j t + a.
    """

    segment: (
        Array  # (B n p t), factored (B n m t): of segments, the largest that end at a position with a label 1
    )
    column: Array  # (B n t): logs of what was taken out of them; -inf where no segment may be
    before: Array  # (n B m*t): of what ends before a segment; factored, with the transition to its label
    sums: Array  # (n B t): of segments and what ends before them, by label, without `column`
    ends: Array  # (n B t): the same with it, the largest from 1 to 2
    label: Array | None  # (1 t t) or (B t t), factored: of the transition to a label, the largest 1
    starts: Array | None  # (n B t), factored: sums of `ends` with the transition to a label
    log_partition: Sum  # (B)
    certified: Array  # (B)


def weigh(potentials: Potentials, lengths: Array) -> Weights:
    """O(n m t^2), factored O(n m t + n t^2). Its result has no gradient."""
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    labels, items = potentials.labels, potentials.items
    dtype = potentials.segment.dtype
    bounds = float_range(dtype, potentials.longest * labels)
    live = numeric.positions(potentials.positions) < lengths[:, None]
    segment, column = numeric.materialize(_segment_weights(potentials, bounds))
    column = jnp.where(live[..., None], column, -jnp.inf)
    if potentials.factored:
        transition = transition_of_items(potentials)
        entering = numeric.shift_of(transition, -2, keepdims=True)
        label = _weights(transition - entering, bounds)
        # Every label but the first has one before it.
        opening, top = scaled.with_one_exponent(potentials.initial, -entering[:, 0], lift=1.0)
        nodes = (column, entering)
    else:
        label, top, nodes = None, 0, (column,)
        opening = jnp.broadcast_to((numeric.positions(labels) == 0).astype(dtype), (items, labels))
    lifted, exponents = scaled.with_one_exponent(*nodes, lift=bounds.lift)  # (B n t), (B n)
    exponents = exponents - scaled.integer_log2(bounds.lift)

    def step(ring: Array, inputs):
        node, exponent, live, index = inputs
        here = lax.dynamic_index_in_dim(segment, index, 1, keepdims=False)
        if potentials.factored:
            sums = jnp.sum(ring.reshape(items, potentials.longest, labels) * here, 1)
        else:
            sums = jnp.einsum("bp,bpt->bt", ring, here, precision=HIGHEST)
        sums = jnp.where(live[:, None], sums, 0)
        ends, moved = _scaled(sums * node)
        older = ring[:, :-labels]
        power = jnp.maximum(
            exponent + moved, _exponent(older.reshape(items, potentials.longest - 1, labels), (1, 2))
        )
        starts = None if label is None else _through(ends, label)
        below = scaled.power_of_two(exponent + moved - power, dtype)[:, None]
        new = (ends if starts is None else starts) * below
        older = older * scaled.power_of_two(-power, dtype)[:, None]
        return jnp.concatenate([new, older], 1), (ring, sums, starts, power)

    ring = jnp.concatenate([opening, jnp.zeros((items, (potentials.longest - 1) * labels), dtype)], 1)
    inputs = (jnp.moveaxis(lifted, 1, 0), exponents.T, live.T, numeric.positions(potentials.positions))
    _, (before, sums, starts, powers) = lax.scan(step, ring, inputs)
    # Computed once more: in the loop, storing them would take as long as a short step.
    ends, moved = _scaled(sums * jnp.moveaxis(lifted, 1, 0))

    position = numeric.positions(potentials.positions)[:, None]
    used = jnp.where(
        position < lengths - 1, powers, jnp.where(position == lengths - 1, exponents.T + moved, 0)
    )
    whole = jnp.sum(at_last(ends, lengths), -1)
    high, middle, low = scaled.exponents_times_ln2(jnp.sum(used, 0, dtype=jnp.int32) + top, dtype)
    low = low + jnp.log(jnp.where(whole > 0, whole, 1))
    value = tuple(jnp.where(lengths > 0, x * (1 / numeric.UNIT), 0) for x in (high, middle, low))

    least = jnp.min(jnp.where(jnp.isneginf(jnp.moveaxis(column, 1, 0)), jnp.inf, sums), -1)
    holds = (least >= bounds.threshold) & (jnp.abs(used) < LARGEST_SUM // (potentials.positions + 1))
    certified = jnp.all(holds | (position >= lengths), 0) & ((whole > 0) | (lengths == 0))
    return Weights(segment, column, before, sums, ends, label, starts, value, certified)


# Integers up to this are floats.
LARGEST_SUM = 1 << 24


def _exponent(weights: Array, axes: tuple[int, ...]) -> Array:
    """The exponent of the largest, int32. Where all are 0 it is that of the smallest floats."""
    largest = jnp.max(weights, axes, initial=0)
    return jnp.maximum(scaled.raw_exponent_of(largest), int(jnp.finfo(weights.dtype).minexp))


def _scaled(weights: Array) -> tuple[Array, Array]:
    """Weights (... t) by a power of two, the largest of them from 1 to 2, and the exponent of that power."""
    exponent = _exponent(weights, (-1,))
    return weights * scaled.power_of_two(-exponent, weights.dtype)[..., None], exponent


def _segment_weights(potentials: Potentials, bounds: FloatRange) -> tuple[Array, Array]:
    """Weights of segments, by end and label the largest 1, (B n p t) or (B n m t), and logs of what that took out,
    (B n t).
    """
    logs = lax.collapse(potentials.segment, 2, -1)
    early = early_logs(potentials)
    column = jnp.max(logs, 2).at[:, : early.shape[1]].set(jnp.max(early, 2))
    shift = jnp.where(jnp.isneginf(column), 0, column)[:, :, None]
    weights = _weights(logs - shift, bounds)
    # Selected by themselves: selecting everywhere before the exponential takes XLA twice as long.
    return weights.at[:, : early.shape[1]].set(_weights(early - shift[:, : early.shape[1]], bounds)), column


def _weights(logs: Array, bounds: FloatRange) -> Array:
    """Finite ones stay larger than denormal floats."""
    return jnp.where(jnp.isneginf(logs), 0, jnp.maximum(jnp.exp(logs), bounds.floor))


def _through(ends: Array, label: Array) -> Array:
    if label.shape[0] == 1:
        return jnp.matmul(ends, label[0], precision=HIGHEST)
    return jnp.einsum("ba,bac->bc", ends, label, precision=HIGHEST)
