"""What is wrong with the parameters of an emission, by the constraints that its distribution states itself."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from ..registry import Check
from .checks import nan_or_posinf

# How far a matrix may be from symmetric, of its largest entry: rounding, not a mistake.
_ASYMMETRY = 1e-4

# How far the sum of probabilities may be from 1.
_OFF_ONE = 1e-3

_EXPECTED = {
    "Real": "finite",
    "RealVector": "finite",
    "Positive": "finite and above 0",
    "SoftplusPositive": "finite and above 0",
    "Nonnegative": "finite and 0 or more",
    "UnitInterval": "between 0 and 1",
}


def parameter_checks(emission: Any, argument_of: str) -> list[Check]:
    """Parameters that the distribution does not allow, each named as a part of `argument_of`.

    NumPyro's distributions state their `arg_constraints`; what states none is not looked at.
    """
    found = []
    for name, constraint in getattr(emission, "arg_constraints", {}).items():
        if vars(emission).get(name) is None or name == "scale_tril":
            continue
        argument, value = f"{argument_of}.{name}", jnp.asarray(vars(emission)[name])
        if name == "logits":  # -inf forbids a symbol
            found.append(nan_or_posinf(argument, value))
        elif name in ("covariance_matrix", "precision_matrix"):
            found += _symmetry_checks(argument, value)
        else:
            found.append(_check(argument, value, constraint))
    factor = vars(emission).get("scale_tril")
    return found if factor is None else found + _factor_checks(argument_of, jnp.asarray(factor))


def _check(argument: str, value: Array, constraint: Any) -> Check:
    """Entries that are not finite, or that a constraint refuses; one of whole vectors refuses all their entries."""
    kind = type(constraint).__name__.removeprefix("_")
    if kind == "Simplex":
        is_sum = jnp.abs(jnp.sum(value, -1, keepdims=True) - 1) < _OFF_ONE
        return Check(argument, ~((value >= 0) & is_sum), value, "probabilities that sum to 1")
    allowed = jnp.asarray(constraint(value))
    allowed = allowed.reshape(allowed.shape + (1,) * (value.ndim - allowed.ndim))
    bad = ~(allowed & jnp.isfinite(value))
    expected = _EXPECTED.get(kind)
    if kind == "GreaterThanEq":
        expected = f"finite and {constraint.lower_bound:g} or more"
    return Check(argument, bad, value, expected or f"what {constraint!r} allows")


def _symmetry_checks(argument: str, matrix: Array) -> list[Check]:
    largest = jnp.max(jnp.abs(matrix), (-2, -1), keepdims=True)
    asymmetric = jnp.abs(matrix - jnp.swapaxes(matrix, -2, -1)) > _ASYMMETRY * largest
    return [
        Check(argument, ~jnp.isfinite(matrix), matrix, "finite"),
        Check(argument, asymmetric, matrix, "symmetric"),
    ]


def _factor_checks(argument_of: str, factor: Array) -> list[Check]:
    """A Cholesky factor is no number where there is none of the matrix; one that was given may have other faults."""
    pivots = jnp.diagonal(factor, axis1=-2, axis2=-1)
    none = jnp.any(jnp.isnan(factor), (-2, -1))
    expected = "positive definite, so that it has a Cholesky factor"
    return [
        Check(f"{argument_of}.covariance_matrix", none, jnp.where(none, jnp.nan, 0), expected),
        Check(f"{argument_of}.scale_tril", pivots <= 0, pivots, "above 0 on its diagonal"),
    ]
