"""A path read from its end is a walk: how likely each of its choices is, with derivatives of any order.

The derivative of a choice's log-probability is a linear pass of the same probabilities: that of a message is the
expected derivative of what it sums over.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import drop_forbidden
from .lattice import Bounds, Choices, Moves, Scores, ahead, are_shared, by_move, longest_move


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def log_choices(moves: Moves, scores: Scores, bounds: Bounds, known: Choices) -> Choices:
    """Log-probabilities of the choices, which `known` holds: the forward pass is a constant here."""
    return known


@log_choices.defjvp
def _log_choices_derivative(moves, primals, tangents):
    scores, bounds, _ = primals
    logs = log_choices(moves, *primals)
    changes = _changes(moves, scores, bounds, probabilities(logs), tangents[0])
    possible = lambda log, change: jnp.where(log > -jnp.inf, change, 0)
    return logs, jax.tree.map(possible, logs, changes)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def shares_of_choices(moves: Moves, scores: Scores, bounds: Bounds, known: Choices) -> Choices:
    """The probabilities themselves, which `known` holds."""
    return known


@shares_of_choices.defjvp
def _shares_derivative(moves, primals, tangents):
    scores, bounds, _ = primals
    shares = shares_of_choices(moves, *primals)
    changes = _changes(moves, scores, bounds, shares, tangents[0])
    return shares, jax.tree.map(jnp.multiply, shares, changes)


def _changes(moves: Moves, scores: Scores, bounds: Bounds, chosen: Choices, tangent: Scores) -> Choices:
    """The derivatives of the choices' log-probabilities along a direction in the scores."""
    tangent = drop_forbidden(scores, tangent)
    shared = are_shared(scores)

    def step(carry: tuple[Array, Array], inputs: tuple) -> tuple:
        past, final = carry  # (steps B W), (B W)
        index, chosen, entering = inputs
        came = jnp.stack([ahead(past[move.steps - 1], move.cells, 0.0) for move in moves])
        came = came if shared else came + by_move(moves, entering)
        mean = jnp.sum(chosen * came, 0)
        here = mean + entering[0] if shared else mean
        final = jnp.where((index == bounds.last)[:, None], here, final)
        return (jnp.concatenate([here[None], past[:-1]]), final), came - mean

    steps = numeric.positions(chosen.moves.shape[0]) + 1
    first = tangent.first
    past = jnp.stack([first, *[jnp.zeros_like(first)] * (longest_move(moves) - 1)])
    (_, final), by_moves = lax.scan(step, (past, first), (steps, chosen.moves, tangent.entering))
    return Choices(by_moves, final - jnp.sum(chosen.last * final, -1, keepdims=True))


def probabilities(logs: Choices) -> Choices:
    return jax.tree.map(jnp.exp, logs)
