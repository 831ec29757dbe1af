"""A segmentation read from its end is a walk: how likely each of its choices is.

The probability of a segment given its end and label is a ratio of two messages and a potential. Its logarithm is taken
part by part, so that it is exact at any scale, and everything else is made of it: sums of these logs, weighted with
probabilities that are at most 1, and never a difference of large numbers.

The derivatives are linear passes of the same probabilities, without another exponential: that of a message is the
expected derivative of what it sums over.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.numeric import HIGHEST
from ...numerics.split_log import Parts
from .fast import Weights
from .forward import Messages, by_length, expand, pushed
from .potentials import Potentials, at_last, positions_first, transition_of_items


class Choices(NamedTuple):
    """Log-probabilities of the choices, or whatever is made of them; -inf where there is none."""

    # (n B p t): of the length of a segment that ends at i with label b, and in the general form of the label before.
    segment: Array
    # (n B t t), factored: of the label a that ends at i, [a, b], where the next segment has label b.
    label: Array | None
    last: Array  # (B t): of the label of the last segment


class _Fractions(NamedTuple):
    """The fractions of `Messages`: what their derivatives go through."""

    before: Array
    ends: Array
    starts: Array | None


def log_choices(potentials: Potentials, lengths: Array, messages: Messages) -> Choices:
    """Derivatives of any order by the potentials; the messages are constants."""
    choices = raw_choices(
        potentials, lengths, _differentiable(messages, _fractions(potentials, lengths, messages))
    )
    return choices._replace(last=numeric.log_normalize(choices.last))


def _differentiable(messages: Messages, fractions: _Fractions) -> Messages:
    starts = None if messages.starts is None else messages.starts._replace(low=fractions.starts)
    before = messages.before._replace(low=fractions.before)
    return messages._replace(before=before, ends=messages.ends._replace(low=fractions.ends), starts=starts)


def raw_choices(potentials: Potentials, lengths: Array, messages: Messages) -> Choices:
    """The same, but for a constant, of messages that have derivatives themselves. Those of the last label are not
    normalized.
    """
    before, ends = messages.before, messages.ends
    logs = positions_first(potentials.segment)
    if potentials.factored:
        segment = by_length(before, potentials.labels).share(logs, expand(ends, 2))
        transition = type(ends).from_log(transition_of_items(potentials))
        label = expand(ends, 3).times(transition).ratio(expand(messages.starts, 2))
    else:
        segment, label = expand(before, 3).share(logs, expand(ends, 2)), None
    last = at_last(ends, lengths)
    top = numeric.shift_of(last.high, -1, keepdims=True)
    logs = jnp.where((lengths > 0)[:, None], last.ratio(Parts(top, jnp.zeros_like(top))), -jnp.inf)
    return Choices(segment, label, logs)


def probabilities(logs: Choices) -> Choices:
    return jax.tree.map(jnp.exp, logs)


def chosen_by_weights(weights: Weights, lengths: Array) -> Choices:
    """Probabilities of the choices as products of floats, certified where the weights are. Constants."""
    inverse = numeric.materialize(numeric.reciprocal(weights.sums))
    segment = jnp.moveaxis(weights.segment, 1, 0)
    before, label = weights.before, None
    if weights.label is None:
        before = before[..., None]
    else:
        before = by_length(before, weights.sums.shape[-1])
        label = weights.ends[..., None] * weights.label * numeric.reciprocal(weights.starts)[:, :, None]
    last = numeric.normalize(at_last(weights.ends, lengths))
    live = (numeric.positions(segment.shape[0])[:, None] < lengths)[:, :, None, None]
    chosen = jnp.where(live, before * segment * inverse[:, :, None], 0)
    return Choices(chosen, label, jnp.where((lengths > 0)[:, None], last, 0))


@jax.custom_jvp
def _fractions(potentials: Potentials, lengths: Array, messages: Messages) -> _Fractions:
    starts = None if messages.starts is None else messages.starts.low
    return _Fractions(messages.before.low, messages.ends.low, starts)


@_fractions.defjvp
def _fractions_derivative(primals, tangents):
    potentials, _, messages = primals
    chosen = probabilities(log_choices(*primals))
    tangent = tangents[0]
    own = jnp.sum(numeric.masked_product(chosen.segment, positions_first(tangent.segment)), 2)
    own_label = None
    ring = jnp.zeros(messages.before.high.shape[1:], own.dtype)
    if potentials.factored:
        own_label = jnp.sum(numeric.masked_product(chosen.label, transition_of_items(tangent)), 2)
        opening = jnp.where(jnp.isneginf(potentials.initial), 0, tangent.initial)
        ring = ring.at[:, : potentials.labels].set(opening)

    def step(ring, inputs):
        own, own_label, segment, label = inputs
        if potentials.factored:
            ends = own + jnp.sum(segment * by_length(ring, potentials.labels), 1)
            starts = following = own_label + _through(ends, label)
        else:
            ends = following = own + _through(ring, segment)
            starts = None
        return pushed(ring, following), _Fractions(ring, ends, starts)

    inputs = (own, own_label, chosen.segment, chosen.label)
    return _fractions(*primals), lax.scan(step, ring, inputs)[1]


def _through(x: Array, table: Array) -> Array:
    """(B p) times (B p t)."""
    return jnp.einsum("bp,bpc->bc", x, table, precision=HIGHEST)
