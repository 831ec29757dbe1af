"""The pass over all paths from their first cells: what each cell sums over, and how likely each move into it is.

Messages are logs of two floats (`numerics.wide_log`), exact at any scale; an optimistic program has shorter ones
(`numerics.split_log`) and refuses scales at which those round. A loop over the steps carries the messages of the last
few, as many as the longest move goes back, and takes their scale out of their high parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import is_optimistic, refuse_where
from ...numerics.numeric import Sum
from ...numerics.split_log import SplitLog, sum_of
from ...numerics.wide_log import WideLog
from .lattice import Bounds, Choices, Moves, Scores, are_shared, by_move, came, longest_move


class Local(NamedTuple):
    """What becomes of the candidates of one cell."""

    # Of candidates along an axis, floats the largest of which is near 0: their sum, or whatever stands for it, and what
    # each adds to it.
    reduce: Callable[[Array, int], tuple[Array, Array]]
    nothing: float  # what a candidate adds that is none, or stands where there is no choice
    # Whether what a candidate adds is to be the log of its part of what they are reduced to, in two parts.
    in_parts: bool = False


class Messages(NamedTuple):
    """What the pass leaves."""

    log_partition: Sum  # (B)
    choices: Choices


def _summed(x: Array, axis: int) -> tuple[Array, Array]:
    """The log of the sum of exponentials, and the log of each one's share."""
    total = numeric.safe_log(jnp.sum(jnp.exp(x), axis, keepdims=True))
    return jnp.squeeze(total, axis), x - jnp.where(total > -jnp.inf, total, 0)


def _shared_out(x: Array, axis: int) -> tuple[Array, Array]:
    """The log of the sum of exponentials, and each one's share."""
    weights = jnp.exp(x)
    total = jnp.sum(weights, axis, keepdims=True)
    return jnp.squeeze(numeric.safe_log(total), axis), weights / jnp.where(total > 0, total, 1)


def _largest(x: Array, axis: int) -> tuple[Array, Array]:
    """The largest, and what is lost against it."""
    top = jnp.max(x, axis, keepdims=True)
    return jnp.squeeze(top, axis), x - jnp.where(top > -jnp.inf, top, 0)


def _first_largest(x: Array, axis: int) -> tuple[Array, Array]:
    """The largest, and where the first of them stands: whole numbers of as few bits as there may be."""
    top = jnp.max(x, axis, keepdims=True)
    count = x.shape[axis]
    index = lax.broadcasted_iota(jnp.int8 if count < 128 else jnp.int32, x.shape, axis % x.ndim)
    return jnp.squeeze(top, axis), jnp.min(jnp.where(x >= top, index, count - 1), axis)


SUMMED = Local(_summed, -jnp.inf)  # log-probabilities
SHARED = Local(_shared_out, 0)  # probabilities: cheaper, where those that are 0 as floats do not count
LARGEST = Local(_largest, -jnp.inf)  # what is lost against the best
LARGEST_IN_PARTS = LARGEST._replace(in_parts=True)  # the same at any scale
BEST = Local(_first_largest, 0)  # which is the best, in place of all


def _over(terms: Any, whole: Any, axis: int) -> Any:
    return terms.over(jax.tree.map(lambda x: jnp.expand_dims(x, axis), whole))


def forward(moves: Moves, scores: Scores, bounds: Bounds, local: Local = SUMMED) -> Messages:
    """O(T M W). It has no gradient; the queries bring their own. NaN makes the log-partition NaN."""
    scores = jax.tree.map(lax.stop_gradient, scores)
    if not is_optimistic():
        return recursion(moves, scores, bounds, local)
    found, largest = _recursion(moves, scores, bounds, local, SplitLog)
    refuse_where(largest >= LARGEST_WHOLE)
    return found


# Sums of two or three whole numbers below this are exact in float32.
LARGEST_WHOLE = 2.0**22


def recursion(moves: Moves, scores: Scores, bounds: Bounds, local: Local) -> Messages:
    """The same as plain code, with the derivative of `local.reduce`."""
    return _recursion(moves, scores, bounds, local, WideLog)[0]


def _recursion(
    moves: Moves, scores: Scores, bounds: Bounds, local: Local, logs: type
) -> tuple[Messages, Array]:
    """Also how large whole numbers came up in scales, and in messages below their scale, (B)."""
    shared = are_shared(scores)

    def step(carry: tuple[Array, Array, Array], inputs: tuple) -> tuple:
        past, final, lowest = carry  # (steps 2 B W), (2 B W), (B W)
        index, entering = inputs
        before = logs(*jnp.stack(came(moves, bounds, past, -jnp.inf), 1))
        top, rest = before.near_top(0, None if shared else by_move(moves, entering))
        value, choices = local.reduce(rest, 0)
        here = logs.above(top, value, 0)
        if local.in_parts:
            terms = before if shared else before.times(logs.from_log(by_move(moves, entering)))
            choices = _over(terms, here, 0)
        if shared:
            here = here.times(logs.from_log(entering[0]))
        if not local.in_parts:
            choices = jnp.where(jnp.isneginf(here.high), local.nothing, choices)
        final = jnp.where((index == bounds.last)[:, None], jnp.stack(here), final)
        scale = numeric.shift_of(here.high, -1)
        moved = jnp.concatenate([jnp.stack(here)[None], past[:-1]])
        moved = logs(moved[:, 0], moved[:, 1]).less(scale[:, None])
        lowest = jnp.minimum(lowest, jnp.min(numeric.finite_or_zero(moved.high), 0))
        return (jnp.stack(moved, 1), final, lowest), (choices, scale)

    first = jnp.stack(logs.from_log(scores.first))
    past = jnp.stack([first, *[jnp.full_like(first, -jnp.inf)] * (longest_move(moves) - 1)])
    steps = numeric.positions(scores.entering[0].shape[0]) + 1
    carry = (past, first, jnp.zeros_like(scores.first))
    (_, final, lowest), (choices, scales) = lax.scan(step, carry, (steps, scores.entering))
    final = logs(*jnp.where(bounds.ends, final, -jnp.inf))
    top, rest = final.near_top(-1)
    value, last = local.reduce(rest, -1)
    if local.in_parts:
        last = _over(final, logs.above(top, value, -1), -1)
    earlier = steps[:, None] < bounds.last
    total = sum_of(jnp.where(earlier, scales, 0), logs.above(top, value, -1))
    largest = [
        jnp.max(jnp.abs(scales), 0, initial=0),
        -jnp.min(lowest, -1),
        jnp.abs(numeric.shift_of(first[0], -1)),
    ]
    return Messages(total, Choices(choices, last)), jnp.max(jnp.stack(largest), 0)
