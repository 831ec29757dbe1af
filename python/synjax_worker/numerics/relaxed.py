"""Smooth replacements of the maximum and of its indicator, along one axis.

An indicator becomes weights q >= 0 that add up to 1; a maximum becomes a value. What is -inf has weight 0; where
everything is -inf, all weights are 0 and the value is -inf. All are exact at any scale of x.

A dynamic program with every maximum replaced by such a value has a gradient that is a relaxed structure. Training then
differentiates that structure, so the values here have two derivatives: the declared one, whose gradient is q, and below
it the true derivative of everything that was computed. See `smooth_max`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from . import numeric

Weights = Callable[[Array, int], Array]
Choose = Callable[[Array, int], Array]

# --------------------------------------------------------------------------------------------------------- weights


# None of these has a derivative rule of its own: inside the rule of another function JAX drops such rules, and would
# differentiate what stands here anyway.


def softmax(x: Array, axis: int = -1) -> Array:
    """Weights in proportion to exp(x)."""
    return numeric.normalize(jnp.exp(x - numeric.shift_of(x, axis, keepdims=True)), axis)


def sparsemax(x: Array, axis: int = -1) -> Array:
    """The nearest point of the probability simplex (Martins & Astudillo 2016, Algorithm 1); NaN beside NaN or +inf."""
    unknown = jnp.any(jnp.isnan(x) | jnp.isposinf(x), axis, keepdims=True)
    x = x - numeric.shift_of(x, axis, keepdims=True)
    support = _sparsemax_support(lax.stop_gradient(x), axis)
    size = jnp.maximum(jnp.sum(support, axis, keepdims=True, dtype=x.dtype), 1)
    x = jnp.where(support, x, 0)
    weights = x + (1 - jnp.sum(x, axis, keepdims=True)) / size
    return jnp.where(unknown, jnp.nan, jnp.where(support & (weights > 0), weights, 0))


def _sparsemax_support(x: Array, axis: int) -> Array:
    """Where sparsemax is above 0, of candidates whose maximum is 0."""
    possible = ~jnp.isneginf(x)
    # What is at most -1 has weight 0. Clamped there, the sums keep the digits of what matters.
    x = jnp.maximum(x, -1)
    ordered = jnp.sort(x, axis, descending=True)
    count = lax.broadcasted_iota(x.dtype, x.shape, axis % x.ndim) + 1
    sums = jnp.cumsum(ordered, axis)
    supported = 1 + count * ordered > sums
    size = jnp.sum(supported, axis, keepdims=True, dtype=x.dtype)
    total = jnp.sum(jnp.where(supported, ordered, 0), axis, keepdims=True)
    return possible & (size * x > total - 1)


def max_indicator(x: Array, axis: int = -1) -> Array:
    """1 at the first maximum, 0 elsewhere; its derivative is 0."""
    x = lax.stop_gradient(x)
    index = lax.broadcasted_iota(jnp.int32, x.shape, axis % x.ndim)
    top = jnp.max(x, axis, keepdims=True, initial=-jnp.inf)
    first = jnp.min(jnp.where((x >= top) & (top > -jnp.inf), index, x.shape[axis]), axis, keepdims=True)
    return (index == first).astype(x.dtype)


def straight_through_softmax(x: Array, axis: int = -1) -> Array:
    """The indicator of the maximum, with the derivative of softmax."""
    return _straight_through(softmax(x, axis), max_indicator(x, axis))


def straight_through_sparsemax(x: Array, axis: int = -1) -> Array:
    """The indicator of the maximum, with the derivative of sparsemax."""
    return _straight_through(sparsemax(x, axis), max_indicator(x, axis))


def _straight_through(weights: Array, indicator: Array) -> Array:
    return indicator + (weights - lax.stop_gradient(weights))


# ---------------------------------------------------------------------------------------------------------- values


def smooth_max(weights: Weights, value: Choose) -> Choose:
    """`choose(candidates, axis)`: computes `value`, and declares that its gradient is `weights`.

    The rule of the derivative computes `value` itself again, not `choose`: a second derivative goes through what the
    first one computed, by its true derivative. `value` has to move with its candidates: value(x + c) = value(x) + c.
    """

    @partial(jax.custom_jvp, nondiff_argnums=(1,))
    def choose(candidates: Array, axis: int) -> Array:
        return value(candidates, axis)

    @choose.defjvp
    def derivative(axis, primals, tangents):
        (candidates,) = primals
        tangent = numeric.masked_product(weights(candidates, axis), tangents[0])
        return value(candidates, axis), jnp.sum(tangent, axis)

    return choose


def value_and_weights(choose: Choose, candidates: Array, axis: int) -> tuple[Array, Array]:
    """What `choose` computes and the gradient it declares, both with their true derivatives."""
    value, pull = jax.vjp(lambda x: choose(x, axis), candidates)
    return value, pull(jnp.ones_like(value))[0]


def _expected(weights: Array, x: Array, axis: int) -> Array:
    """<weights, x> as a shift and a small rest; -inf where there is no weight."""
    shift = numeric.shift_of(x, axis, keepdims=True)
    possible = ~jnp.isneginf(x)
    rest = jnp.where(possible, x - shift, 0)
    value = jnp.squeeze(shift, axis) + jnp.sum(weights * rest, axis)
    return jnp.where(jnp.any(possible, axis), value, -jnp.inf)


def _expected_by(weights: Weights) -> Choose:
    return lambda x, axis: _expected(weights(x, axis), x, axis)


def _regularized_value(x: Array, axis: int) -> Array:
    weights = sparsemax(x, axis)
    return _expected(weights, x, axis) - jnp.sum(weights * weights, axis) / 2


def _maximum(x: Array, axis: int) -> Array:
    """The maximum; its derivative is that of the first of equal ones."""
    return _expected(max_indicator(x, axis), x, axis)


# Corro & Titov (2019): the expectation under softmax. With the entropy added it would be `numeric.logsumexp`.
softmax_max = smooth_max(softmax, _expected_by(softmax))
# The same under sparsemax, as SynJax has it.
sparsemax_max = smooth_max(sparsemax, _expected_by(sparsemax))
# Mensch & Blondel (2018): max over q of <q, x> - |q|^2 / 2. Where there is but one candidate it is that, less 1/2.
regularized_sparsemax_max = smooth_max(sparsemax, _regularized_value)
# The maximum itself: the relaxed structure is a best one, with the derivative of the relaxed choices on its way.
straight_through_softmax_max = smooth_max(straight_through_softmax, _maximum)
straight_through_sparsemax_max = smooth_max(straight_through_sparsemax, _maximum)
