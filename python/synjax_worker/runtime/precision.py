"""Weak numbers and 64-bit ones: what precision a value has inside and outside of a program."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..dtypes import dtype_name
from ..errors import InvalidArgument
from ..protocol import WEAK_INT_BITS, WIDE_DTYPES

_NARROW = {"int64": np.int32, "uint64": np.uint32, "float64": np.float32, "complex128": np.complex64}


def dtype_of(value: Any) -> str:
    """The name of a value's dtype, or an empty string."""
    return str(getattr(value, "dtype", ""))


def is_weak(value: Any) -> bool:
    """Whether a value takes the dtype of what it meets, as numbers in source code do."""
    return getattr(getattr(value, "aval", None), "weak_type", False)


def has_wide(args: list[Any], attributes: dict[str, Any]) -> bool:
    """Whether an argument is 64-bit. Weak numbers do not count, because they take the dtype of the other operand."""
    return any(
        leaf in WIDE_DTYPES if isinstance(leaf, str) else dtype_of(leaf) in WIDE_DTYPES and not is_weak(leaf)
        for leaf in jax.tree.leaves((args, attributes))
    )


def with_whole_literals(args: list[Any], attributes: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments with whole literals of 2**31 and more as ints where they meet 64-bit integers and no float.

    They travel as floats, because beside anything else they are what JavaScript has them for.
    """
    if not any(type(value) in (float, tuple, list, dict) for value in (*args, *attributes.values())):
        return args, attributes
    leaves = jax.tree.leaves((args, attributes))
    if not any(_is_large_whole(leaf) for leaf in leaves):
        return args, attributes
    dtypes = [leaf.dtype for leaf in leaves if hasattr(leaf, "dtype") and not is_weak(leaf)]
    is_wide = any(dtype in (jnp.int64, jnp.uint64) for dtype in dtypes)
    if not is_wide or any(jnp.issubdtype(dtype, jnp.floating) for dtype in dtypes):
        return args, attributes
    return jax.tree.map(lambda leaf: int(leaf) if _is_large_whole(leaf) else leaf, (args, attributes))


def _is_large_whole(value: Any) -> bool:
    return type(value) is float and value.is_integer() and 1 << WEAK_INT_BITS - 1 <= abs(value) < 2.0**63


def narrowed(leaf: Any) -> Any:
    """A result of an op without 64-bit arguments: it has the dtype that it would have with x64 off."""
    narrow = _NARROW.get(dtype_of(leaf))
    return leaf if narrow is None or is_weak(leaf) else jnp.asarray(leaf).astype(narrow)


def _without_wide_weak(leaf: jax.Array) -> jax.Array:
    """A weak number leaves a program with 32 bits, as it would without x64; inside it keeps its precision."""
    narrow = _NARROW.get(dtype_of(leaf))
    if narrow is None or not is_weak(leaf):
        return leaf
    return lax.convert_element_type_p.bind(leaf, new_dtype=np.dtype(narrow), weak_type=True, sharding=None)


def strong(value: Any) -> Any:
    """A number as a loop carries it, or as a gradient is taken by it: as float32."""
    if isinstance(value, (bool, np.generic)):
        return value
    if isinstance(value, (int, float)):
        return jnp.float32(value)
    return value.astype(jnp.float32) if is_weak(value) and value.ndim == 0 else value


def as_result_leaf(leaf: Any) -> jax.Array:
    """A leaf of a result as an array. Raises InvalidArgument for what no client can read."""
    if not isinstance(leaf, (int, float, np.generic, np.ndarray, jax.Array)):
        raise InvalidArgument(f"a program cannot return a {type(leaf).__name__}")
    array = jnp.asarray(leaf)
    if dtype_name(array.dtype) is None:
        raise InvalidArgument(f"a program cannot return {array.dtype}, which has no name on the wire")
    return _without_wide_weak(array)
