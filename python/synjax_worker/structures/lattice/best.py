"""The pass over the best paths to each cell. An optimistic program adds up scores in plain floats of 64 bits, which
keep the digits of single scores beside sums of very many.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import is_optimistic, refuse_where
from .forward import Local, Messages, forward
from .lattice import Bounds, Choices, Moves, Scores, are_shared, came, longest_move

# Beside a score of this size the digits of small ones would be lost.
LARGEST_SCORE = 2.0**33


def best(moves: Moves, scores: Scores, bounds: Bounds, local: Local) -> Messages:
    """O(T M W). The log-partition is the score of the best path. No gradient.

    Where moves have scores of their own, short logs take less time.
    """
    scores = jax.tree.map(lax.stop_gradient, scores)
    if not (is_optimistic() and are_shared(scores)):
        return forward(moves, scores, bounds, local)
    dtype = scores.first.dtype
    finite = jax.tree.map(lambda x: jnp.max(jnp.abs(jnp.where(jnp.isneginf(x), 0, x)), initial=0), scores)
    refuse_where(~(jnp.max(jnp.stack(jax.tree.leaves(finite))) < LARGEST_SCORE))
    with jax.enable_x64(True):
        score, choices = _in_floats(moves, scores, bounds, local)
        shorter = lambda x: x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x
        return Messages(numeric.sum_of_wide(score, dtype), jax.tree.map(shorter, choices))


def _in_floats(moves: Moves, scores: Scores, bounds: Bounds, local: Local) -> tuple[Array, Choices]:
    def step(past: tuple[Array, ...], inputs: tuple[Array, Array]) -> tuple:
        index, entering = inputs
        before = jnp.stack(came(moves, bounds, past, -jnp.inf))
        here, choices = local.reduce(before, 0)
        here = here + entering
        choices = jnp.where(jnp.isneginf(here), local.nothing, choices)
        here = jnp.where((index <= bounds.last)[:, None], here, past[0])
        return (here, *past[:-1]), choices

    first = scores.first.astype(jnp.float64)
    past = (first, *[jnp.full_like(first, -jnp.inf)] * (longest_move(moves) - 1))
    steps = numeric.positions(scores.entering[0].shape[0]) + 1
    (final, *_), choices = lax.scan(step, past, (steps, scores.entering[0]))
    score, last = local.reduce(jnp.where(bounds.ends, final, -jnp.inf), -1)
    return score, Choices(choices, last)
