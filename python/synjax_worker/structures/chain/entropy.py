"""Entropy of chains and its gradient.

By the chain rule the entropy is a sum of the entropies of the conditionals P(a | b), weighted by the marginals of the
states. All terms are >= 0, so that large numbers are never subtracted.

Its gradient is a covariance (`covariance.py`), as the mean of -log p moves by nothing where p does.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.guard import certified_or_exact, custom_jvp, drop_forbidden, guarded
from .conditionals import exact_conditionals
from .covariance import Terms, covariance, exact_covariance
from .potentials import Marginals, Potentials, contract


def _entropy_fast(potentials: Potentials, lengths: Array, messages) -> Array:
    conditionals = messages.conditionals(potentials, lengths)
    local = jnp.sum(_weighted_surprise(conditionals.table()), -2)
    last = _weighted_surprise(numeric.normalize(conditionals.last))
    return jnp.sum(conditionals.states[:, 1:] * local, (1, 2)) + jnp.sum(last, -1)


def _weighted_surprise(prob: Array) -> Array:
    """-p log p. It vectorises where `numeric.x_log_x` does not, but its derivative at 0 is wrong."""
    return -prob * jnp.log(jnp.maximum(prob, jnp.finfo(prob.dtype).tiny))


def exact_entropy(potentials: Potentials, lengths: Array) -> Array:
    exact = exact_conditionals(potentials, lengths)
    local = -jnp.sum(numeric.x_log_x(exact.table), -2)
    return jnp.sum(exact.states[:, 1:] * local, (1, 2)) - jnp.sum(numeric.x_log_x(exact.last), -1)


@custom_jvp
def entropy(potentials: Potentials, lengths: Array, messages) -> Array:
    """Shannon entropy (B), nats; 0 where there is no structure."""
    return certified_or_exact(_entropy_fast, exact_entropy)(potentials, lengths, messages)


@entropy.defjvp
def _entropy_derivative(primals, tangents):
    tangent = drop_forbidden(primals[0], tangents[0])
    return entropy(*primals), contract(_entropy_gradient(*primals), tangent)


def _entropy_gradient_fast(potentials: Potentials, lengths: Array, messages) -> Marginals:
    given = messages.conditionals(potentials, lengths)
    ending = _weighted_surprise(numeric.normalize(given.last))
    terms = Terms(lambda edges: _weighted_surprise(given.of_edges(*edges).table()), given.by_edge())
    return covariance(potentials, lengths, given, terms, ending)


def _exact_entropy_gradient(potentials: Potentials, lengths: Array) -> Marginals:
    exact = exact_conditionals(potentials, lengths)
    weighted, ending = -numeric.x_log_x(exact.table), -numeric.x_log_x(exact.last)
    return exact_covariance(potentials, lengths, exact, weighted, ending)


_entropy_gradient = guarded(_entropy_gradient_fast, _exact_entropy_gradient)
