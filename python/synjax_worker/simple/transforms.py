"""NumPyro's transforms, which `dist.transformed` applies."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from ..registry import Check
from .checks import factor_checks
from .kinds import numpyro
from .making import float_dtype


def make(name: str, **given: Any) -> Any:
    """The transform of NumPyro's class `name`; numbers become float32."""
    dtype = float_dtype(list(given.values()))
    return getattr(numpyro("transforms"), name)(**{n: jnp.asarray(x, dtype) for n, x in given.items()})


def affine(*, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    return make("AffineTransform", loc=loc, scale=scale)


def affine_checks(*, loc: Any = 0.0, scale: Any = 1.0) -> list[Check]:
    return [_finite("loc", loc), _not_zero("scale", scale)]


def power_checks(*, exponent: Any) -> list[Check]:
    return [_not_zero("exponent", exponent)]


def lower_cholesky_affine_checks(*, loc: Any, scale_tril: Any) -> list[Check]:
    factor = jnp.asarray(scale_tril)
    found = Check("scale_tril", ~jnp.isfinite(factor), factor, "finite")
    return [_finite("loc", loc), found, *factor_checks("scale_tril", factor, "scale_tril")]


def _finite(name: str, value: Any) -> Check:
    value = jnp.asarray(value)
    return Check(name, ~jnp.isfinite(value), value, "finite")


def _not_zero(name: str, value: Any) -> Check:
    value = jnp.asarray(value)
    return Check(name, ~jnp.isfinite(value) | (value == 0), value, "finite and not 0")
