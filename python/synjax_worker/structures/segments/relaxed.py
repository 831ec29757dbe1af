"""Relaxed segmentations: of a smoothed recursion, and of walks whose choices are soft."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, relaxed
from ...numerics.split_log import Parts
from ..structure import Choose
from .choices import Choices, log_choices, raw_choices
from .forward import Messages, recursion
from .marginals import mass_of_parts, mass_of_potentials
from .potentials import Potentials, contract


def _recursion(potentials: Potentials, lengths: Array, choose: Choose) -> Messages:
    def reduce(x: Parts, axis: int, logs: Array | None = None) -> Parts:
        value = lambda logs: relaxed.value_and_weights(choose, logs, axis)[0]
        return x.reduced(axis, value, logs)

    inputs = jnp.moveaxis(potentials.segment, 1, 0)
    return recursion(potentials, lengths, lambda kind: reduce, inputs, lambda here: here)


def _weights(potentials: Potentials, lengths: Array, choose: Choose) -> Choices:
    """What `choose` gives to each choice of a walk; plain code, with its true derivative."""
    logs = raw_choices(potentials, lengths, _recursion(potentials, lengths, choose))
    weights = lambda x, axis: relaxed.value_and_weights(choose, x, axis)[1]
    label = None if logs.label is None else weights(logs.label, 2)
    return Choices(weights(logs.segment, 2), label, weights(logs.last, 1))


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def smoothed_max(potentials: Potentials, lengths: Array, choose: Choose) -> Array:
    """The recursion of the best score with every maximum replaced by `choose(candidates, axis)`, (B); -inf where there
    is no structure.

    General: one choice of the length and the label before. Factored: of the label first, then of the length.

    Its gradient by the potentials is a relaxed structure (Corro & Titov 2019; Mensch & Blondel 2018), whose derivative
    is right again.
    """
    return numeric.sum_value(_recursion(potentials, lengths, choose).log_partition)


@smoothed_max.defjvp
def _smoothed_max_derivative(choose, primals, tangents):
    potentials, lengths = primals
    mass = mass_of_potentials(potentials, lengths, _weights(potentials, lengths, choose))
    return smoothed_max(potentials, lengths, choose), contract(mass, tangents[0])


def relaxed_event(potentials: Potentials, lengths: Array, choose: Choose) -> Array:
    """The relaxed structure as an event, (B n m t t), zeros where an item has no structure. Differentiable by the
    potentials.
    """
    return mass_of_parts(potentials, lengths, _weights(potentials, lengths, choose))


def relaxed_walk(
    key: Array,
    potentials: Potentials,
    lengths: Array,
    messages: Messages,
    temperature: Array,
    draws: int,
    straight_through: bool = False,
) -> Array:
    """Events (draws B n m t t) of walks from the end (Gumbel-CRF; Fu et al. 2020).

    A choice is the softmax of local log-probabilities, perturbed by Gumbels and divided by `temperature` (B); there is
    one for every end and label, and what stands there is pushed through it. With `straight_through` choices are
    indicators, and walks exact samples, with the derivative of softmax.
    """
    logs = log_choices(potentials, lengths, messages)
    keys = jax.random.split(numeric.normal_key(key), potentials.items)
    soften = relaxed.straight_through_softmax if straight_through else relaxed.softmax
    inverse = (1 / jnp.broadcast_to(temperature, lengths.shape)).astype(logs.last.dtype)[:, None]

    def soft(logs: Array, noise: Array, inverse: Array, axis: int) -> Array:
        possible = logs > -jnp.inf
        return soften(jnp.where(possible, (jnp.where(possible, logs, 0) + noise) * inverse, -jnp.inf), axis)

    def of_positions(which: int, logs: Array) -> Array:
        """(n B ...) to (n draws*B ...). Positions lead the noise, so that more of them do not change it."""
        count, items, *own = logs.shape
        draw = lambda key: jax.random.gumbel(jax.random.fold_in(key, which), (count, draws, *own), logs.dtype)
        noise = jax.vmap(draw, out_axes=2)(keys)
        return soft(logs[:, None], noise, inverse[..., None], 3).reshape(count, draws * items, *own)

    draw = lambda key: jax.random.gumbel(key, (draws, logs.last.shape[1]), logs.last.dtype)
    last = soft(logs.last, jax.vmap(draw, out_axes=1)(keys), inverse, 2)
    chosen = Choices(
        of_positions(0, logs.segment),
        None if logs.label is None else of_positions(1, logs.label),
        lax.collapse(last, 0, -1),
    )
    event = mass_of_parts(potentials, jnp.tile(lengths, draws), chosen)
    return event.reshape(draws, potentials.items, *event.shape[1:])
