"""Emissions of an HMM that are distributions: their log-likelihoods, and their fit to weighted observations.

A distribution is NumPyro's, or anything with its `log_prob`, `batch_shape` (*batch t) and `event_shape`.
"""

from __future__ import annotations

import typing
from typing import Any, Protocol

import jax
import jax.numpy as jnp
from jax import Array

from ..errors import InvalidArgument
from ..numerics import numeric
from ..simple import is_simple, parts_of, whole
from ..simple.kinds import KINDS
from .parameters import Parameters

# A state's variance is not fitted below this share of all observations' variance: with one observation it would be 0,
# and the likelihood infinite.
_LEAST_VARIANCE = 1e-6


@typing.runtime_checkable
class Emission(Protocol):
    """A distribution of single observations with a batch axis of states."""

    batch_shape: tuple[int, ...]
    event_shape: tuple[int, ...]

    def log_prob(self, value: Array) -> Array: ...


def is_emission(value: Any) -> bool:
    """Whether it scores observations; our own distributions score structures."""
    return isinstance(value, Emission) and not isinstance(value, Parameters)


def is_categorical(emission: Any) -> bool:
    return type(emission).__name__.startswith("Categorical")


def of_its_parameters(emission: Any) -> Any:
    """The distribution with the batch shape of its parameters: within `vmap` it still tells the one from outside."""
    if type(emission).__name__ not in KINDS or not is_simple(emission):
        return emission
    parts = parts_of(emission)
    return emission if parts.batch_shape == tuple(emission.batch_shape) else whole(parts)


def log_likelihoods(emission: Any, observations: Array) -> Array:
    """(*batch n t) of observations (*batch n) or (*batch n d)."""
    emission = of_its_parameters(emission)
    event_ndim = len(emission.event_shape)
    first = jnp.moveaxis(observations, observations.ndim - 1 - event_ndim, 0)
    states_last = jnp.expand_dims(first, first.ndim - event_ndim)
    return jnp.moveaxis(emission.log_prob(states_last), 0, -2)


def instead_of_garbage(observations: Array, valid: Array, event_ndim: int) -> Array:
    """Observations (*batch n) or (*batch n d), with one of the finite ones inside the items for all that are not
    `valid` (*batch n). To leave out what garbage scored is not enough: its derivative may be NaN, as 0 times that is.
    """
    own = observations.shape[observations.ndim - event_ndim :]
    observations = jnp.broadcast_to(observations, (*valid.shape, *own))
    usable = valid & jnp.all(jnp.isfinite(observations), tuple(range(valid.ndim, observations.ndim)))
    first = jnp.argmax(usable.reshape(-1))
    found = (
        observations.reshape(valid.size, *own)[first] if valid.size else jnp.zeros(own, observations.dtype)
    )
    found = jnp.where(jnp.any(usable), found, 0)
    return jnp.where(valid.reshape(*valid.shape, *[1] * event_ndim), observations, found)


def fit(emission: Any, observations: Array, weights: Array) -> Any:
    """The distribution of the same kind under which observations with weights (*batch n t) are likeliest.

    Items that share a distribution are fitted together. States without weight keep what they had. Variances are kept
    above a millionth of that of all observations.
    """
    emission = of_its_parameters(emission)
    event_ndim = len(emission.event_shape)
    if len(emission.batch_shape) == 1:
        weights = weights.reshape(-1, weights.shape[-1])
        observations = observations.reshape(-1, *observations.shape[observations.ndim - event_ndim :])
    kind = type(emission).__name__
    if is_categorical(emission):
        logits = _fit_logits(emission.logits, observations, weights)
        by_probs = kind == "CategoricalProbs"
        return type(emission)(jax.nn.softmax(logits) if by_probs else logits, validate_args=False)
    if kind not in ("Normal", "MultivariateNormal", "Poisson"):
        raise InvalidArgument(
            f"`emission_dist` is {kind}, which has no closed-form fit here: expected logits, Normal, "
            "MultivariateNormal, Poisson or Categorical.",
            argument="emission_dist",
            received=kind,
        )
    observations = observations.astype(weights.dtype)
    used = jnp.any(weights > 0, -1)
    observations = jnp.where(used.reshape(used.shape + (1,) * event_ndim), observations, 0)
    share = weights * numeric.reciprocal(jnp.sum(weights, -2, keepdims=True))
    seen = jnp.sum(weights, -2) > 0
    least = _LEAST_VARIANCE * _variance(observations, used, event_ndim)
    if kind == "MultivariateNormal":
        mean = jnp.einsum("...nt,...nd->...td", share, observations, precision=numeric.HIGHEST)
        centred = observations[..., None, :] - mean[..., None, :, :]
        covariance = jnp.einsum(
            "...nt,...ntc,...ntd->...tcd", share, centred, centred, precision=numeric.HIGHEST
        )
        covariance += (least[..., None] * jnp.eye(mean.shape[-1], dtype=mean.dtype))[..., None, :, :]
        mean = jnp.where(seen[..., None], mean, emission.loc)
        covariance = jnp.where(seen[..., None, None], covariance, emission.covariance_matrix)
        return type(emission)(mean, covariance_matrix=covariance)
    mean = jnp.einsum("...nt,...n->...t", share, observations, precision=numeric.HIGHEST)
    if kind == "Poisson":
        return type(emission)(jnp.where(seen, mean, emission.rate))
    centred = observations[..., None] - mean[..., None, :]
    deviation = jnp.sqrt(jnp.maximum(jnp.sum(share * centred * centred, -2), least[..., None]))
    return type(emission)(jnp.where(seen, mean, emission.loc), jnp.where(seen, deviation, emission.scale))


def _variance(observations: Array, used: Array, event_ndim: int) -> Array:
    """Of the observations in use, along their axis: (*batch) or (*batch d); 1 where they are all the same."""
    axis = -1 - event_ndim
    used = used.reshape(used.shape + (1,) * event_ndim)
    count = jnp.maximum(jnp.sum(used, axis, keepdims=True), 1)
    centred = jnp.where(used, observations - jnp.sum(observations, axis, keepdims=True) / count, 0)
    variance = jnp.sum(centred * centred, axis) / jnp.squeeze(count, axis)
    return jnp.where(variance > 0, variance, 1)


def _fit_logits(logits: Array, observations: Array, weights: Array) -> Array:
    indicator = (observations[..., None] == numeric.positions(logits.shape[-1])).astype(weights.dtype)
    counts = jnp.einsum("...nt,...nv->...tv", weights, indicator, precision=numeric.HIGHEST)
    total = jnp.sum(counts, -1, keepdims=True)
    return jnp.where(total > 0, numeric.safe_log(counts) - numeric.safe_log(total), logits)
