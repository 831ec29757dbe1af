"""What is wrong with the parameters of a distribution, by the constraints that it states itself."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from ..registry import Check
from .support import OFF_ONE, asymmetric

_EXPECTED = {
    "Real": "finite",
    "RealVector": "finite",
    "Positive": "finite and above 0",
    "SoftplusPositive": "finite and above 0",
    "Nonnegative": "finite and 0 or more",
    "UnitInterval": "between 0 and 1",
    "IntegerNonnegative": "a whole number, 0 or more",
    "OrderedVector": "finite, in rising order",
}


def parameter_checks(of: Any, argument_of: str = "") -> list[Check]:
    """Parameters that the distribution does not allow, each named as a part of `argument_of`, if that is given.

    NumPyro's distributions state their `arg_constraints`; what states none is not looked at.
    """
    found, prefix = [], f"{argument_of}." if argument_of else ""
    for name, constraint in getattr(of, "arg_constraints", {}).items():
        if vars(of).get(name) is None or name == "scale_tril":
            continue
        argument, value = f"{prefix}{name}", jnp.asarray(vars(of)[name])
        if name == "logits":  # -inf forbids a symbol
            found.append(not_a_logit(argument, value))
        elif name in ("covariance_matrix", "precision_matrix"):
            found += symmetry_checks(argument, value)
        else:
            found.append(constraint_check(argument, value, constraint))
    factor = vars(of).get("scale_tril")
    if factor is None:
        return found
    return [*found, *factor_checks(f"{prefix}scale_tril", jnp.asarray(factor), f"{prefix}covariance_matrix")]


def not_a_logit(argument: str, value: Array) -> Check:
    """NaN and +inf."""
    return Check(argument, jnp.isnan(value) | jnp.isposinf(value), value, "a number below +inf")


def constraint_check(argument: str, value: Array, constraint: Any) -> Check:
    """Entries that are not finite, or that a constraint refuses; one of whole vectors refuses all their entries."""
    while type(constraint).__name__ == "_IndependentConstraint":  # of its entries, one by one
        constraint = constraint.base_constraint
    kind = type(constraint).__name__.removeprefix("_")
    if kind == "Simplex":
        is_sum = jnp.abs(jnp.sum(value, -1, keepdims=True) - 1) < OFF_ONE
        return Check(argument, ~((value >= 0) & is_sum), value, "probabilities that sum to 1")
    if kind == "Dependent":  # on another parameter
        return Check(argument, jnp.isnan(value), value, "a number")
    allowed = jnp.asarray(constraint(value))
    allowed = allowed.reshape(allowed.shape + (1,) * (value.ndim - allowed.ndim))
    bad = ~(allowed & jnp.isfinite(value))
    expected = _EXPECTED.get(kind)
    if kind == "GreaterThanEq":
        expected = f"finite and {constraint.lower_bound:g} or more"
    return Check(argument, bad, value, expected or f"what {constraint!r} allows")


def symmetry_checks(argument: str, matrix: Array) -> list[Check]:
    return [
        Check(argument, ~jnp.isfinite(matrix), matrix, "finite"),
        Check(argument, asymmetric(matrix), matrix, "symmetric"),
    ]


def factor_checks(argument: str, factor: Array, matrix: str) -> list[Check]:
    """A Cholesky factor is no number where there is none of the `matrix`; one that was given may have other faults."""
    pivots = jnp.diagonal(factor, axis1=-2, axis2=-1)
    none = jnp.any(jnp.isnan(factor), (-2, -1))
    expected = "positive definite, so that it has a Cholesky factor"
    return [
        Check(matrix, none, jnp.where(none, jnp.nan, 0), expected),
        Check(argument, pivots <= 0, pivots, "above 0 on its diagonal"),
        Check(argument, jnp.triu(factor, 1) != 0, factor, "0 above its diagonal"),
    ]


def order_checks(given: dict[str, Any], low: str = "low", high: str = "high", *, strict: bool) -> list[Check]:
    """Bounds of which the upper one must be above the lower one, or not below it."""
    if given.get(low) is None or given.get(high) is None:
        return []
    below, above = jnp.broadcast_arrays(given[low], given[high])
    bad = ~(below < above) if strict else ~(below <= above)
    return [Check(high, bad, above, f"above `{low}`" if strict else f"`{low}` or more")]
