"""Distributions of NumPyro's from their parameters, and what is refused of these."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ..errors import InvalidArgument, spoken, unexpected, wrong_value
from ..registry import Check
from .checks import constraint_check, factor_checks, not_a_logit, order_checks, symmetry_checks
from .kinds import numpyro, without_validation

# Not of the distribution's float dtype.
_WHOLE = {"total_count"}
_STATIC = {"dimension", "num_steps", "sample_method", "event_dim"}

# Bounds that depend on each other: whether they may be equal.
_BOUNDS_MAY_BE_EQUAL = {"Uniform": False, "DiscreteUniform": True}


def make(name: str, **given: Any) -> Any:
    """The distribution of NumPyro's class `name`; where that has one for `probs` and one for `logits`, the right one.

    Numbers become float32, and of several dtypes the widest is that of all.
    """
    given = _settled(given)
    name = _class_name(name, given)
    _require_axes(name, given)
    with without_validation():
        return numpyro(name)(**given, validate_args=False)


def checks(name: str, **given: Any) -> list[Check]:
    """What `make` takes and the distribution does not allow: to be refused on the device."""
    given = _settled(given)
    constraints = numpyro(_class_name(name, given)).arg_constraints
    found: list[Check] = []
    for parameter, value in given.items():
        if parameter in _STATIC:
            continue
        found += _parameter_checks(parameter, jnp.asarray(value), constraints[parameter])
    made = make(name, **given)
    for matrix in ("covariance_matrix", "precision_matrix", "scale_tril"):
        if matrix in given:
            found += factor_checks("scale_tril", jnp.asarray(made.scale_tril), matrix)
    if name in _BOUNDS_MAY_BE_EQUAL:
        bounds = {bound: jnp.asarray(getattr(made, bound)) for bound in ("low", "high")}
        found += order_checks(bounds, strict=not _BOUNDS_MAY_BE_EQUAL[name])
    return found


def _parameter_checks(parameter: str, value: Array, constraint: Any) -> list[Check]:
    if parameter == "scale_tril":  # as the factor that it is
        return [Check(parameter, ~jnp.isfinite(value), value, "finite")]
    if parameter in ("covariance_matrix", "precision_matrix"):
        return symmetry_checks(parameter, value)
    if parameter == "logits":  # -inf forbids a symbol
        return [not_a_logit(parameter, value)]
    return [constraint_check(parameter, value, constraint)]


def _class_name(name: str, given: dict[str, Any]) -> str:
    if not hasattr(numpyro(name), "arg_constraints"):  # a function: of probs or of logits
        (which,) = (each for each in ("probs", "logits") if each in given)
        return name + which.capitalize()
    return name


def _settled(given: dict[str, Any]) -> dict[str, Any]:
    """The parameters that are given, floats in one dtype."""
    given = {name: value for name, value in given.items() if value is not None}
    floats = [name for name in given if name not in _WHOLE | _STATIC]
    dtype = float_dtype([given[name] for name in floats])
    return given | {name: jnp.asarray(given[name], dtype) for name in floats}


def float_dtype(values: list[Any]) -> np.dtype:
    """The float dtype that values have together: float32 where none of them has one of its own."""
    found = {
        value.dtype
        for value in map(_as_array, values)
        if jnp.issubdtype(value.dtype, jnp.floating) and not getattr(value, "weak_type", False)
    }
    return np.dtype(jnp.result_type(*found) if found else np.float32)


def _as_array(value: Any) -> Any:
    return value if isinstance(value, (np.ndarray, jax.Array)) else jnp.asarray(value)


def require_one(given: dict[str, Any], names: tuple[str, ...]) -> None:
    """Refuses none and several of the ways to say the same. Raises InvalidArgument."""
    found = [name for name in names if given.get(name) is not None]
    if len(found) == 1:
        return
    expected = f"exactly one of {', '.join(f'`{name}`' for name in names)}"
    received = " and ".join(f"`{name}`" for name in found) or "none of them"
    argument = found[1] if found else names[0]
    raise unexpected(argument, expected, received, more=".")


def require_size(name: str, value: Any, least: int) -> None:
    """Refuses a static number that is none, or below the least. Raises InvalidArgument."""
    if type(value) is not int or value < least:
        raise wrong_value(name, value, f"a whole number of at least {least}")


def _require_axes(name: str, given: dict[str, Any]) -> None:
    """Refuses parameters without the axes that one of them needs; a mean may be a number. Raises InvalidArgument."""
    constraints = numpyro(name).arg_constraints
    for parameter, value in given.items():
        constraint = constraints.get(parameter)
        if parameter == "loc" or constraint is None or type(constraint).__name__ == "_Dependent":
            continue
        if jnp.ndim(value) < constraint.event_dim:
            expected = "a vector or more" if constraint.event_dim == 1 else "a matrix or more"
            raise InvalidArgument(
                f"`{parameter}` is {spoken(value)}, expected {expected}.",
                argument=parameter,
                expected=expected,
                received=spoken(value),
            )
