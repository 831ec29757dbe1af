"""The same pass in plain floats: weights instead of logs, and a certificate that nothing was lost to their range.

Messages have 64 bits whatever the potentials have, because what leads to the end may be far from the largest sum of its
step. A step has one scale, a power of two. What is too small beside the rest of its step is lost: how much of the whole
that may be is counted along, in a second message that goes the same ways.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, scaled
from ...numerics.guard import is_optimistic, refuse_where
from ...numerics.numeric import HIGHEST
from .forward import SHARED, Messages, recursion
from .lattice import Bounds, Choices, Moves, Scores, are_shared, came, longest_move


class Weights(NamedTuple):
    """What the pass leaves."""

    roots: tuple[
        Array, ...
    ]  # (T B W) each: of the weights of the moves into each cell, in the scale of their step
    sums: Array  # (T+1 B W): of the paths to each cell; beyond an item's last step, those of that one
    powers: Array  # (T B) int32: by how much a step's scale is above that of the one before
    ends: Array  # (B W): of the paths to the cells where they may end
    log_partition: Array  # (B)
    certified: Array  # (B)


def shares(moves: Moves, scores: Scores, bounds: Bounds) -> Messages:
    """The log-partition, and the probabilities of choices: in an optimistic program from plain floats. No gradient."""
    scores = jax.tree.map(lax.stop_gradient, scores)
    if not is_optimistic():
        return recursion(moves, scores, bounds, SHARED)
    dtype = scores.first.dtype
    with jax.enable_x64(True):
        found = weigh(moves, scores, bounds)
        choices = jax.tree.map(lambda x: x.astype(dtype), _choices(moves, bounds, found))
        log_partition = numeric.sum_of_wide(found.log_partition, dtype)
    refuse_where(~found.certified)
    return Messages(log_partition, choices)


# Exponents: near the first the scale keeps the sums of a step, of which none may come to the second. By the third those
# of earlier steps may be moved up.
LIFT, LARGEST_SUM, LARGEST_MOVE = 500, 600, 400
# The square root of a weight is at least this, unless it is 0: larger than a sum of messages can show beside it.
LEAST_ROOT = 2.0**-126
# A scale of weights beyond this would be no exact multiple of the first part of ln 2.
LARGEST_EXPONENT = 1 << 12


def weigh(moves: Moves, scores: Scores, bounds: Bounds) -> Weights:
    """O(T M W), where 64 bits are on."""
    dtype = jnp.dtype("float64")
    roots, exponents = _roots(scores.entering)
    (first,), start = _roots((scores.first,))
    lift = jnp.array([2.0**LIFT, 0])[:, None, None]
    loss = _loss(roots, len(moves))
    # The sums of the paths to each cell, and how much of them may be lost: (2 B W).
    first = _squared(first) * lift + jnp.where(first > 0, loss, 0)

    def step(carry: tuple, inputs: tuple) -> tuple:
        past, downs, scale = carry
        index, below, roots = inputs
        last, *older = past
        older = [x * down[:, None] + jnp.where(x > 0, loss, 0) for x, down in zip(older, downs, strict=True)]
        before = came(moves, bounds, [last, *older], 0.0)
        weights = [_squared(x) for x in roots]
        if are_shared(scores):
            total = sum(before)
            possible = (total > 0) & (weights[0] > 0)
            total = total * weights[0]
        else:
            each = [(x, weights[move.scores]) for x, move in zip(before, moves, strict=True)]
            total = sum(x * weight for x, weight in each)
            possible = functools.reduce(jnp.logical_or, [(x > 0) & (weight > 0) for x, weight in each])
        here = total * scale[:, None] + jnp.where(possible, loss, 0)
        here = jnp.where((index <= bounds.last)[:, None], here, last)
        downs = [x * (scale * below) for x in [jnp.ones_like(scale), *downs]][: len(downs)]
        return ((here, *past[:-1]), downs, scale_of(here)), (here[0], scale)

    def scale_of(here: Array) -> Array:
        # A product with ones: XLA makes two kernels of a sum of more than 32 numbers.
        size = jnp.dot(here, jnp.ones(here.shape[-1], dtype), precision=HIGHEST)[0]
        return scaled.power_of_two(jnp.where(size > 0, LIFT - scaled.raw_exponent_of(size), 0), dtype)

    steps = numeric.positions(exponents.shape[0]) + 1
    more = longest_move(moves) - 1
    below = scaled.power_of_two(-jnp.maximum(exponents, -LARGEST_MOVE), dtype)
    # Sums of the last steps; what brings the older ones to the scale of the last; what the next step is divided by.
    carry = ((first, *[jnp.zeros_like(first)] * more), [jnp.ones_like(start, dtype)] * more, scale_of(first))
    ((last, *_), *_), (sums, scales) = lax.scan(step, carry, (steps, below, roots))
    moved = -scaled.raw_exponent_of(scales)
    powers = exponents + moved
    ends, lost = jnp.where(bounds.ends, last, 0)
    whole, lost = jnp.sum(ends, -1), jnp.sum(lost, -1)

    live = steps[:, None] <= bounds.last
    top = jnp.sum(jnp.where(live, powers, 0), 0, dtype=jnp.int32) + start - LIFT
    log_partition = jnp.where(whole > 0, top * scaled.LN2 + jnp.log(jnp.where(whole > 0, whole, 1)), -jnp.inf)

    holds = (moved < LARGEST_SUM - LIFT) & (jnp.abs(exponents) < LARGEST_EXPONENT)
    holds &= powers * more > -LARGEST_MOVE
    certified = jnp.all(holds | ~live, 0) & (jnp.abs(start) < LARGEST_EXPONENT) & (whole < jnp.inf)
    certified &= lost <= whole * (jnp.finfo(scores.first.dtype).eps / 8)
    return Weights(roots, jnp.concatenate([first[:1], sums]), powers, ends, log_partition, certified)


def _roots(logs: tuple[Array, ...]) -> tuple[tuple[Array, ...], Array]:
    """Square roots of weights (... W), and their scale (...): an exponent, int32, that leaves the largest near 1."""
    dtype = logs[0].dtype
    top = jnp.max(jnp.stack([jnp.max(x, -1) for x in logs]), 0)
    exponent = jnp.round(jnp.where(top > -jnp.inf, top, 0) * jnp.asarray(scaled.LOG2_E, dtype))
    exponent = jnp.clip(exponent, -LARGEST_EXPONENT, LARGEST_EXPONENT)[..., None]
    high, rest = (jnp.asarray(x, dtype) for x in (scaled.LN2_HIGH, scaled.LN2 - scaled.LN2_HIGH))
    half, least = jnp.asarray(0.5, dtype), jnp.asarray(LEAST_ROOT, dtype)

    def root(x: Array) -> Array:
        found = jnp.exp(half * ((x - exponent * high) - exponent * rest))
        return jnp.where(jnp.isneginf(x), jnp.zeros((), dtype), jnp.maximum(found, least))

    return tuple(map(root, logs)), exponent[..., 0].astype(jnp.int32)


def _squared(root: Array) -> Array:
    root = root.astype(jnp.float64)
    return root * root


def _loss(roots: tuple[Array, ...], moves: int) -> Array:
    """How much a step may lose at each cell, (2 B 1): more than a few of the least floats and, where a weight was too
    small to be one, than the largest messages with that weight.
    """
    least = [jnp.min(jnp.where(x > 0, x, jnp.ones((), x.dtype)), (0, 2), initial=1) for x in roots]
    short = functools.reduce(jnp.minimum, least) <= LEAST_ROOT
    loss = jnp.where(short, LEAST_ROOT**2 * 2.0**LARGEST_SUM, 2.0**-1022) * (4 * moves)
    return jnp.stack([jnp.zeros_like(loss), loss])[:, :, None]


def _choices(moves: Moves, bounds: Bounds, weights: Weights) -> Choices:
    sums = weights.sums
    past = [sums[:-1]]
    missing = jnp.zeros_like(sums[:1])
    # In the scale of the step after it.
    below = scaled.power_of_two(-jnp.maximum(weights.powers, -LARGEST_MOVE), sums.dtype)[..., None]
    for _ in range(longest_move(moves) - 1):
        past.append(jnp.concatenate([missing, past[-1] * below])[:-1])
    before = came(moves, bounds, past, 0.0)
    if len(weights.roots) > 1:
        before = [x * _squared(weights.roots[move.scores]) for x, move in zip(before, moves, strict=True)]
    total = sum(before)
    total = jnp.where(total >= jnp.finfo(total.dtype).tiny, total, jnp.inf)
    return Choices(jnp.stack([x / total for x in before], 1), numeric.normalize(weights.ends))
