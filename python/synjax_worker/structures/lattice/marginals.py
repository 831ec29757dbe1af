"""How much of the paths passes through each cell and move: what a walk from the end leaves, and the log-partition."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import drop_forbidden
from ...numerics.numeric import Sum
from .choices import shares_of_choices
from .forward import Messages
from .lattice import Bounds, Choices, Moves, Scores, are_shared, back, contract, longest_move


class _Algebra(NamedTuple):
    """How walks are added up."""

    zero: float | bool
    add: Callable[[Array, Array], Array]
    times: Callable[[Array, Array], Array]
    settle: Callable[[Array], Array]  # of the walks under way (steps B W), which are all of an item's


def _made_whole(pending: Array) -> Array:
    """Walks add up to 1 at every step: what is lost or won by rounding would add up over many steps."""
    whole = lax.stop_gradient(jnp.sum(pending, (0, 2), keepdims=True))
    return pending / jnp.where(whole > 0, whole, 1)


def _log_times(a: Array, b: Array) -> Array:
    """Beyond the lowest float it is that: only what is impossible is -inf."""
    lowest = jnp.finfo(a.dtype).min
    return jnp.where(jnp.isneginf(a) | jnp.isneginf(b), -jnp.inf, jnp.maximum(a + b, lowest))


def _log_add(a: Array, b: Array) -> Array:
    return numeric.logsumexp(jnp.stack([a, b]), 0)


def _unchanged(pending: Array) -> Array:
    return pending


_SUM = _Algebra(0.0, jnp.add, jnp.multiply, _made_whole)
_LOG_SUM = _Algebra(-jnp.inf, _log_add, _log_times, _unchanged)
_ANY = _Algebra(False, jnp.logical_or, jnp.logical_and, _unchanged)


def _passed(moves: Moves, choices: Choices, bounds: Bounds, algebra: _Algebra) -> Array:
    """Every walk at once, from the end to the first step: (T+1 B W). Carries what is to come to the next steps."""
    zero, add, times, settle = algebra
    nothing = jnp.full_like(choices.last, zero)

    def arrived(pending: Array, index: Array) -> Array:
        ending = jnp.where((index == bounds.last)[:, None], choices.last, nothing)
        return add(pending[0], ending)

    def step(pending: Array, inputs: tuple[Array, Array]) -> tuple[Array, Array]:
        index, choices = inputs
        pending = settle(pending)
        here = arrived(pending, index)
        coming = [*pending[1:], nothing]
        for move, chosen in zip(moves, choices, strict=True):
            moved = back(times(here, chosen), move.cells, zero)
            coming[move.steps - 1] = add(coming[move.steps - 1], moved)
        return jnp.stack(coming), here

    steps = numeric.positions(choices.moves.shape[0]) + 1
    pending = jnp.stack([nothing] * longest_move(moves))
    pending, later = lax.scan(step, pending, (steps, choices.moves), reverse=True)
    return jnp.concatenate([arrived(settle(pending), jnp.int32(0))[None], later])


def passed(moves: Moves, chosen: Choices, bounds: Bounds) -> Array:
    """The probability that a path passes through each cell, (T+1 B W), from those of its choices."""
    return _passed(moves, chosen, bounds, _SUM)


def log_passed(moves: Moves, logs: Choices, bounds: Bounds) -> Array:
    """Its logarithm, right at any size."""
    return _passed(moves, logs, bounds, _LOG_SUM)


def visited(moves: Moves, possible: Choices, bounds: Bounds) -> Array:
    """Whether any path does, however unlikely."""
    return _passed(moves, possible, bounds, _ANY)


def mass_of_scores(moves: Moves, chosen: Choices, bounds: Bounds, like: Scores) -> Scores:
    """How much of the walks that choose in these proportions reads each score."""
    cells = passed(moves, chosen, bounds)
    if are_shared(like):
        return Scores((cells[1:],), cells[0])
    by_moves = cells[1:, None] * chosen.moves
    entering = [jnp.zeros_like(cells[1:])] * len(like.entering)
    for i, move in enumerate(moves):
        entering[move.scores] = entering[move.scores] + by_moves[:, i]
    return Scores(tuple(entering), cells[0])


def score_marginals(moves: Moves, scores: Scores, bounds: Bounds, known: Choices) -> Scores:
    """The gradient of each item's log-partition by its scores, of known probabilities of choices."""
    return mass_of_scores(moves, shares_of_choices(moves, scores, bounds, known), bounds, scores)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def log_partition(moves: Moves, scores: Scores, bounds: Bounds, messages: Messages) -> Sum:
    """The log-partition (B) as an unevaluated sum; its derivative is the marginals."""
    return messages.log_partition


@log_partition.defjvp
def _log_partition_derivative(moves, primals, tangents):
    scores, bounds, messages = primals
    mass = score_marginals(moves, scores, bounds, messages.choices)
    tangent = contract(mass, drop_forbidden(scores, tangents[0]))
    value = log_partition(moves, *primals)
    return value, (jnp.zeros_like(value[0]), jnp.zeros_like(value[1]), tangent * (1 / numeric.UNIT))
