"""Where a distribution has values: whether a value lies there, and one that does.

The constraints are NumPyro's. What is compared with equality there has the tolerance of rounding here, so that every
draw in 32 bits lies inside.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

# How far what must be 1 may be from it, and a symmetric matrix from symmetric (of its largest entry): rounding.
OFF_ONE = 1e-3
ASYMMETRY = 1e-4

# NumPyro's support is open where the density is finite at 0: there it is 0 or more.
_FROM_ZERO = {"HalfNormal", "HalfCauchy", "Exponential"}


def in_support(of: Any, value: Array) -> Array:
    """Whether each value (*batch *event) may be drawn, (*batch)."""
    kind = type(of).__name__
    if kind in ("MaskedDistribution", "ExpandedDistribution"):
        return in_support(of.base_dist, value)
    if kind == "Independent":
        inside = in_support(of.base_dist, value)
        axes = tuple(range(inside.ndim - of.reinterpreted_batch_ndims, inside.ndim))
        return jnp.all(inside, axes)
    if kind in _FROM_ZERO:
        return (value >= 0) & (value < jnp.inf)
    inside = satisfies(of.support, value)
    if kind == "TransformedDistribution":  # where it comes from must be allowed as well
        feasible = jnp.where(_over_event(of, inside), value, feasible_like(of, value))
        for transform in reversed(of.transforms):
            feasible = transform.inv(feasible)
        inside &= in_support(of.base_dist, feasible)
    if kind == "Delta":
        axes = tuple(range(value.ndim - len(of.event_shape), value.ndim))
        inside = jnp.all(value == of.v, axes)
    if kind == "ImproperUniform" and inside.ndim > value.ndim - len(of.event_shape):
        inside = jnp.all(inside, tuple(range(value.ndim - len(of.event_shape), inside.ndim)))
    return inside


def feasible_like(of: Any, value: Array) -> Array:
    """Values inside the support, in the place of all of `value`."""
    kind = type(of).__name__
    if kind in ("MaskedDistribution", "ExpandedDistribution", "Independent"):
        return feasible_like(of.base_dist, value)
    if kind == "TransformedDistribution":
        base = jnp.zeros(value.shape[: value.ndim - len(of.event_shape)] + of.base_dist.event_shape)
        found = feasible_like(of.base_dist, base.astype(value.dtype))
        for transform in of.transforms:
            found = transform(found)
        return found
    if kind == "Delta":
        return jnp.broadcast_to(of.v, value.shape).astype(value.dtype)
    return jnp.asarray(of.support.feasible_like(value)).astype(value.dtype)


def satisfies(constraint: Any, value: Array) -> Array:
    """What NumPyro's constraint says of values, with a tolerance where it compares with 1."""
    kind = type(constraint).__name__.removeprefix("_")
    if kind == "IndependentConstraint":
        inside = satisfies(constraint.base_constraint, value)
        ndims = constraint.reinterpreted_batch_ndims
        return jnp.all(inside, tuple(range(inside.ndim - ndims, inside.ndim)))
    if kind == "Simplex":
        return jnp.all(value >= 0, -1) & (jnp.abs(jnp.sum(value, -1) - 1) < OFF_ONE)
    if kind == "CorrCholesky":
        is_lower = jnp.all(jnp.tril(value) == value, (-2, -1))
        is_unit = jnp.all(jnp.abs(jnp.sum(value * value, -1) - 1) < OFF_ONE, -1)
        return is_lower & is_unit & jnp.all(_diagonal(value) > 0, -1)
    if kind in ("CorrMatrix", "PositiveDefinite"):
        safe = jnp.where(jnp.isfinite(value), value, 0)
        inside = ~jnp.any(asymmetric(value), (-2, -1)) & jnp.all(jnp.isfinite(value), (-2, -1))
        inside &= jnp.linalg.eigvalsh(safe)[..., 0] > 0
        return (
            inside & jnp.all(jnp.abs(_diagonal(value) - 1) < OFF_ONE, -1) if kind == "CorrMatrix" else inside
        )
    if kind == "Multinomial":  # NumPyro takes 1.5 and 1.5 of 3
        return jnp.all(value % 1 == 0, -1) & constraint(value)
    inside = jnp.asarray(constraint(value))
    return inside & (jnp.abs(value) < jnp.inf) if inside.ndim >= value.ndim else inside


def asymmetric(matrix: Array) -> Array:
    """The entries of a matrix that differ from those across the diagonal by more than rounding."""
    largest = jnp.max(jnp.abs(matrix), (-2, -1), keepdims=True)
    return jnp.abs(matrix - jnp.swapaxes(matrix, -2, -1)) > ASYMMETRY * largest


def _diagonal(matrix: Array) -> Array:
    return jnp.diagonal(matrix, axis1=-2, axis2=-1)


def _over_event(of: Any, inside: Array) -> Array:
    return inside.reshape(inside.shape + (1,) * len(of.event_shape))
