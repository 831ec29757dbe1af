"""The same pass in plain floats: weights instead of logs, and a certificate that nothing was lost to their range.

Messages have 64 bits whatever the potentials have, because what leads to the end may be far from the largest sum of its
step. A step has one scale, a power of two. What is too small beside the rest of its step is lost: how much of the whole
that may be is counted along, in a second message that goes the same ways.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, scaled
from ...numerics.guard import is_optimistic, refuse_where
from ...numerics.numeric import HIGHEST
from .forward import SHARED, Messages, forward
from .lattice import Bounds, Choices, Moves, Scores, are_shared, came, longest_move


class Found(NamedTuple):
    """What the pass leaves."""

    log_partition: Array  # (B)
    choices: Choices
    certified: Array  # (B)


def shares(moves: Moves, scores: Scores, bounds: Bounds, steps_last: bool) -> Messages:
    """The log-partition, and the probabilities of choices. `steps_last` says in which order the potentials have steps
    and cells. No gradient.

    An optimistic program sums in plain floats where all moves read the same scores and go one step. Elsewhere messages
    of 64 bits take more time than short logs; and a TPU makes them of two floats of the range of short ones.
    """
    scores = jax.tree.map(lax.stop_gradient, scores)
    simple = are_shared(scores) and longest_move(moves) == 1 and jax.default_backend() != "tpu"
    if not (is_optimistic() and simple):
        return forward(moves, scores, bounds, SHARED)
    dtype = scores.first.dtype
    with jax.enable_x64(True):
        found = weigh(moves, scores, bounds, steps_last)
        log_partition = numeric.sum_of_wide(found.log_partition, dtype)
    refuse_where(~found.certified)
    return Messages(log_partition, found.choices)


# Exponents: near the first the scale keeps the sums of a step, of which none may come to the second.
LIFT, LARGEST_SUM = 800, 900
# The square root of a weight is at least this, unless it is 0: larger than a sum of messages can show beside it.
LEAST_ROOT = 2.0**-126
# A scale of weights beyond this would be no exact multiple of the first part of ln 2.
LARGEST_EXPONENT = 1 << 12


def weigh(moves: Moves, scores: Scores, bounds: Bounds, steps_last: bool = False) -> Found:
    """O(T M W), where 64 bits are on."""
    dtype = jnp.dtype("float64")
    roots, exponents = _roots_of_steps(scores.entering[0], steps_last)
    first, start = _roots(scores.first)
    lift = jnp.array([2.0**LIFT, 0])[:, None, None]
    loss = _loss(roots, len(moves))
    # The sums of the paths to each cell, and how much of them may be lost: (2 B W).
    first = _squared(first) * lift + jnp.where(first > 0, loss, 0)

    def step(carry: tuple[Array, Array], inputs: tuple) -> tuple:
        past, scale = carry
        index, roots = inputs
        before = came(moves, bounds, [past], 0.0)
        total = sum(before)
        choices = _shares([x[0] for x in before], total[0]).astype(scores.first.dtype)
        weights = _squared(roots)
        here = total * weights * scale[:, None] + jnp.where((total > 0) & (weights > 0), loss, 0)
        here = jnp.where((index <= bounds.last)[:, None], here, past)
        return (here, scale_of(here)), (choices, scale)

    def scale_of(here: Array) -> Array:
        # A product with ones: XLA makes two kernels of a sum of more than 32 numbers.
        size = jnp.dot(here, jnp.ones(here.shape[-1], dtype), precision=HIGHEST)[0]
        return scaled.power_of_two(jnp.where(size > 0, LIFT - scaled.raw_exponent_of(size), 0), dtype)

    steps = numeric.positions(exponents.shape[0]) + 1
    # What the next step is divided by goes with the sums.
    (last, _), (choices, scales) = lax.scan(step, (first, scale_of(first)), (steps, roots))
    moved = -scaled.raw_exponent_of(scales)
    ends, lost = jnp.where(bounds.ends, last, 0)
    whole, lost = jnp.sum(ends, -1), jnp.sum(lost, -1)

    live = steps[:, None] <= bounds.last
    top = jnp.sum(jnp.where(live, exponents + moved, 0), 0, dtype=jnp.int32) + start - LIFT
    log_partition = jnp.where(whole > 0, top * scaled.LN2 + jnp.log(jnp.where(whole > 0, whole, 1)), -jnp.inf)

    holds = (moved < LARGEST_SUM - LIFT) & (jnp.abs(exponents) < LARGEST_EXPONENT)
    certified = jnp.all(holds | ~live, 0) & (jnp.abs(start) < LARGEST_EXPONENT) & (whole < jnp.inf)
    certified &= lost <= whole * (jnp.finfo(scores.first.dtype).eps / 8)
    ends = (ends / jnp.where(whole > 0, whole, 1)[:, None]).astype(scores.first.dtype)
    return Found(log_partition, Choices(choices, ends), certified)


def _shares(terms: list[Array], total: Array) -> Array:
    """(M B W) of M terms."""
    inverse = jnp.where(total >= jnp.finfo(total.dtype).tiny, 1 / total, 0)
    return jnp.stack([x * inverse for x in terms])


def _roots(logs: Array, along: int = -1) -> tuple[Array, Array]:
    """Square roots of weights, and their scale: an exponent, int32, that leaves the largest along an axis near 1."""
    dtype = logs.dtype
    top = jnp.max(logs, along, keepdims=True)
    exponent = jnp.round(jnp.where(top > -jnp.inf, top, 0) * jnp.asarray(scaled.LOG2_E, dtype))
    exponent = jnp.clip(exponent, -LARGEST_EXPONENT, LARGEST_EXPONENT)
    high, rest = (jnp.asarray(x, dtype) for x in (scaled.LN2_HIGH, scaled.LN2 - scaled.LN2_HIGH))
    half, least = jnp.asarray(0.5, dtype), jnp.asarray(LEAST_ROOT, dtype)
    roots = jnp.maximum(jnp.exp(half * ((logs - exponent * high) - exponent * rest)), least)
    roots = jnp.where(jnp.isneginf(logs), jnp.zeros((), dtype), roots)
    return roots, jnp.squeeze(exponent, along).astype(jnp.int32)


def _roots_of_steps(entering: Array, steps_last: bool) -> tuple[Array, Array]:
    """The same of (T B W), along W, computed in the order that the potentials have in memory."""
    if not steps_last:
        return _roots(entering)
    roots, exponents = _roots(jnp.moveaxis(entering, 0, -1), 1)
    return jnp.moveaxis(roots, -1, 0), exponents.T


def _squared(root: Array) -> Array:
    root = root.astype(jnp.float64)
    return root * root


def _loss(roots: Array, moves: int) -> Array:
    """How much a step may lose at each cell, (2 B 1): more than a few of the least floats and, where a weight was too
    small to be one, than the largest messages with that weight.
    """
    least = jnp.min(jnp.where(roots > 0, roots, jnp.ones((), roots.dtype)), (0, 2), initial=1)
    loss = jnp.where(least <= LEAST_ROOT, LEAST_ROOT**2 * 2.0**LARGEST_SUM, 2.0**-1022) * (4 * moves)
    return jnp.stack([jnp.zeros_like(loss), loss])[:, :, None]
