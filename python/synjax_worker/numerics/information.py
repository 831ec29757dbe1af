"""Terms of entropies and divergences, each >= 0 and exact at any scale: of one probability, given as its logarithm."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax


def surprise(log_prob: Array) -> Array:
    """-p log p"""
    prob = jnp.exp(log_prob)
    # The logarithm of what is 0 as a float may be too large to be multiplied.
    return -prob * jnp.where(lax.stop_gradient(prob) > 0, log_prob, 0)


def divergence(log_prob: Array, log_other: Array) -> Array:
    """p log(p / q) - p + q, which is >= 0 and adds up to the divergence of two distributions; q where p is 0, and 0
    where q is.
    """
    # What is 0 as a float has a part of 0, and its logarithm may be too large to be multiplied.
    comparable = (jnp.exp(lax.stop_gradient(log_prob)) > 0) & (log_other > -jnp.inf)
    ratio = jnp.where(comparable, log_other, 0) - jnp.where(comparable, log_prob, 0)
    prob = jnp.where(comparable, jnp.exp(log_prob), 0)
    near = jnp.abs(ratio) < 0.05
    small = jnp.where(near, ratio, 0)
    series = small * small * (1 / 2 + small * (1 / 6 + small * (1 / 24 + small * (1 / 120 + small / 720))))
    below = jnp.where(near | (ratio > 1), 0, ratio)
    other = jnp.exp(log_other)
    far = jnp.where(ratio > 1, other - prob - prob * ratio, prob * (jnp.expm1(below) - below))
    return jnp.where(comparable, jnp.where(near, prob * series, far), other)
