"""Relaxed paths: of a smoothed recursion, and of walks whose choices are soft."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, relaxed
from ..structure import Choose
from .forward import Local, Messages, recursion
from .lattice import Bounds, Choices, Moves, Scores, contract
from .marginals import mass_of_scores


def _recursion(moves: Moves, scores: Scores, bounds: Bounds, choose: Choose) -> Messages:
    """One choice for each cell, of all moves into it; plain code, with its true derivative."""
    reduce = lambda x, axis: relaxed.value_and_weights(choose, x, axis)
    return recursion(moves, scores, bounds, Local(reduce, 0.0))


@partial(jax.custom_jvp, nondiff_argnums=(0, 3))
def smoothed_max(moves: Moves, scores: Scores, bounds: Bounds, choose: Choose) -> Array:
    """The recursion of the best score with every maximum replaced by `choose(candidates, axis)`, (B); -inf where there
    is no path.

    Its gradient by the scores is a relaxed structure (Corro & Titov 2019; Mensch & Blondel 2018), whose derivative is
    right again.
    """
    return numeric.sum_value(_recursion(moves, scores, bounds, choose).log_partition)


@smoothed_max.defjvp
def _smoothed_max_derivative(moves, choose, primals, tangents):
    scores, bounds = primals
    mass = mass_of_scores(moves, relaxed_choices(moves, scores, bounds, choose), bounds, scores)
    return smoothed_max(moves, scores, bounds, choose), contract(mass, tangents[0])


def relaxed_choices(moves: Moves, scores: Scores, bounds: Bounds, choose: Choose) -> Choices:
    """What `choose` gives to each choice of a walk. Differentiable by the scores."""
    return _recursion(moves, scores, bounds, choose).choices


def perturbed_choices(
    key: Array, logs: Choices, temperature: Array, draws: int, straight_through: bool
) -> Choices:
    """Soft choices of walks from the end (Gumbel-CRF; Fu et al. 2020), of draws * B items: softmaxes of their
    log-probabilities, perturbed by Gumbels and divided by `temperature` (B). With `straight_through` they are
    indicators, and walks exact samples, with the derivative of softmax.
    """
    steps, count, items, width = logs.moves.shape
    keys = jax.random.split(numeric.normal_key(key), items)
    soften = relaxed.straight_through_softmax if straight_through else relaxed.softmax
    inverse = (1 / jnp.broadcast_to(temperature, (items,))).astype(logs.last.dtype)[:, None]

    def soft(logs: Array, noise: Array, axis: int) -> Array:
        """(... B W), noise with the draws before B."""
        possible = logs > -jnp.inf
        return soften(jnp.where(possible, (jnp.where(possible, logs, 0) + noise) * inverse, -jnp.inf), axis)

    def of_moves(key: Array) -> Array:
        """Steps lead the noise, so that more of them do not change it."""
        return jax.random.gumbel(jax.random.fold_in(key, 0), (steps, count, draws, width), logs.last.dtype)

    def of_last(key: Array) -> Array:
        return jax.random.gumbel(jax.random.fold_in(key, 1), (draws, width), logs.last.dtype)

    by_moves = soft(logs.moves[:, :, None], jax.vmap(of_moves, out_axes=3)(keys), 1)
    last = soft(logs.last, jax.vmap(of_last, out_axes=1)(keys), -1)
    return Choices(lax.collapse(by_moves, 2, 4), lax.collapse(last, 0, 2))
