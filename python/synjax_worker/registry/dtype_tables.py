"""The dtypes that results have, as tables made by asking JAX.

A dtype of 64 bits exists only in a program that runs with x64 on; what meets none is answered as with x64
off. A number of the caller has no dtype of its own (`weak`): it may be an int or a float, so an entry may
hold two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ..protocol import WIDE_DTYPES
from .signature import DTYPES

WEAK = "weak"
COLUMNS = (*DTYPES, WEAK)


def tables() -> dict[str, Any]:
    """For each type function of a signature, its result by the names of its argument dtypes."""
    return {
        "promote": {a: {b: promote(a, b) for b in COLUMNS} for a in COLUMNS},
        "number": {a: unary(jnp.square, a) for a in COLUMNS},
        "float": {a: unary(jnp.tanh, a) for a in COLUMNS},
        "sum": {a: unary(jnp.sum, a) for a in COLUMNS},
    }


def unary(function: Callable[..., Any], dtype: str) -> list[str]:
    def result(argument: Any) -> str:
        shape = jax.eval_shape(function, argument)
        return shape.dtype.name

    return _over_arguments(result, (dtype,))


def promote(a: str, b: str) -> list[str]:
    return _over_arguments(lambda x, y: jnp.result_type(x, y).name, (a, b))


def _over_arguments(result: Callable[..., str], dtypes: tuple[str, ...]) -> list[str]:
    """The results for every way to read the weak arguments, in a fixed order."""
    arguments: list[tuple[Any, ...]] = [()]
    for dtype in dtypes:
        readings = (1, 1.0) if dtype == WEAK else (jax.ShapeDtypeStruct((2,), dtype),)
        arguments = [(*before, reading) for before in arguments for reading in readings]
    with jax.enable_x64(any(dtype in WIDE_DTYPES for dtype in dtypes)):
        return sorted({result(*each) for each in arguments}, key=DTYPES.index)
