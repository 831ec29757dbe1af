"""The dtypes that results have, as tables made by asking JAX.

A dtype of 64 bits exists only in a program that runs with x64 on; what meets none is answered as with x64
off. A number of the caller has no dtype of its own: a literal is an int or a float (`weakInt`, `weakFloat`),
any other may be either (`weak`), so an entry may hold two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ..protocol import WIDE_DTYPES
from .signature import DTYPES

READINGS = {"weak": (1, 1.0), "weakInt": (1,), "weakFloat": (1.0,)}
COLUMNS = (*DTYPES, *READINGS)


def tables() -> dict[str, Any]:
    """For each type function of a signature, its result by the names of its argument dtypes."""
    return {
        "promote": {a: {b: promote(a, b) for b in COLUMNS} for a in COLUMNS},
        "number": {a: unary(jnp.square, a) for a in COLUMNS},
        "float": {a: unary(jnp.tanh, a) for a in COLUMNS},
        "sum": {a: unary(jnp.sum, a) for a in COLUMNS},
        "real": {a: unary(jnp.real, a) for a in COLUMNS},
    }


def unary(function: Callable[..., Any], dtype: str) -> list[str]:
    def result(argument: Any) -> str:
        return _read(jax.eval_shape(function, argument))

    return _over_arguments(result, (dtype,))


def promote(a: str, b: str) -> list[str]:
    """Of what promotes its arguments. Asked without tracing anything, which a worker that starts would wait for."""

    def result(*arguments: Any) -> str:
        found = jnp.result_type(*(getattr(x, "dtype", x) for x in arguments))
        floats = any(jnp.issubdtype(x.dtype, jnp.floating) for x in arguments if hasattr(x, "dtype"))
        # A number of the caller makes a weak float, and so do integers that meet in no integer.
        weak = jnp.issubdtype(found, jnp.floating) and not floats
        return found.name.replace("64", "32") if weak else found.name

    return _over_arguments(result, (a, b))


def _read(result: jax.ShapeDtypeStruct) -> str:
    """The dtype with which a result leaves a program: one that is weak has 32 bits."""
    name = result.dtype.name
    return name.replace("64", "32") if result.weak_type else name


def _over_arguments(result: Callable[..., str], dtypes: tuple[str, ...]) -> list[str]:
    """The results for every way to read the weak arguments, in a fixed order."""
    arguments: list[tuple[Any, ...]] = [()]
    for dtype in dtypes:
        readings = READINGS.get(dtype) or (jax.ShapeDtypeStruct((2,), dtype),)
        arguments = [(*before, reading) for before in arguments for reading in readings]
    with jax.enable_x64(any(dtype in WIDE_DTYPES for dtype in dtypes)):
        return sorted({result(*each) for each in arguments}, key=DTYPES.index)
