"""The dtypes that a signature allows a result to have, given those of the operands."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from ..registry.signature import VARIABLES, Type

_NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "promote": jnp.add,
    "number": jnp.square,
    "float": jnp.tanh,
    "sum": jnp.sum,
    "real": jnp.real,
}


def type_of(array: jax.Array) -> jax.ShapeDtypeStruct:
    """The dtype of an array, and whether it is weak."""
    return jax.ShapeDtypeStruct((), array.dtype, weak_type=getattr(array, "weak_type", False))


def name_of(of: jax.ShapeDtypeStruct, wide: bool) -> str:
    """The name of a dtype as it leaves a program: where nothing that came in has 64 bits, nor does what goes out."""
    name = str(of.dtype)
    return name if wide and not of.weak_type else _NARROW.get(name, name)


def allowed(
    type_: Type, bound: Mapping[str, Iterable[jax.ShapeDtypeStruct]], chosen: str | None, wide: bool
) -> list[str]:
    """The names of the dtypes that a type stands for, sorted.

    Args:
      bound: what has the type of each variable; operands of one variable may differ.
      chosen: the dtype that the caller chose, for `D`.
      wide: whether an operand has 64 bits.
    """
    return sorted({name_of(each, wide) for each in _evaluated(type_, bound, chosen)})


def _evaluated(type_: Type, bound: Mapping[str, Any], chosen: str | None) -> list[jax.ShapeDtypeStruct]:
    if isinstance(type_, tuple):
        function, *arguments = type_
        candidates = [_evaluated(argument, bound, chosen) for argument in arguments]
        return [
            type_of(jax.eval_shape(_FUNCTIONS[function], *each)) for each in itertools.product(*candidates)
        ]
    if type_ == "D":
        return _evaluated(chosen, bound, None)
    if type_ in VARIABLES:
        own = list({(str(each.dtype), each.weak_type): each for each in bound[type_]}.values())
        together = functools.reduce(lambda a, b: jax.eval_shape(jnp.add, a, b), own) if len(own) > 1 else None
        return own if together is None else [*own, type_of(together)]
    return [jax.ShapeDtypeStruct((), jnp.dtype(type_))]
