"""`lax`: functions that only `jax.lax` has."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from ..registry import op


class TopK(NamedTuple):
    values: Any
    indices: Any


def top_k(operand, *, k):
    return TopK(*lax.top_k(operand, k))


op(
    "lax.stop_gradient",
    lax.stop_gradient,
    "x: num A -> A",
    "Equivalent to `jax.lax.stop_gradient`: the value, a constant to derivatives.",
)
op(
    "lax.top_k",
    top_k,
    "operand: num A, k: size -> { values: A, indices: int32 }",
    "Equivalent to `jax.lax.top_k`: the `k` largest of the last axis, descending, and their positions.",
)


def _approximate(function, operand, **options):
    return TopK(*function(operand, **options))


class SortKeyVal(NamedTuple):
    keys: Any
    values: Any


def sort_key_val(keys, values, **options):
    return SortKeyVal(*lax.sort_key_val(keys, values, **options))


for name, extreme in (("approx_max_k", "largest"), ("approx_min_k", "smallest")):
    op(
        f"lax.{name}",
        functools.partial(_approximate, getattr(lax, name)),
        "operand: num A, k: size, { reduction_dimension?: static number, recall_target?: static number } "
        "-> { values: A, indices: int32 }",
        f"Equivalent to `jax.lax.{name}`: about the `k` {extreme}, along the last axis; exact on a CPU.",
    )
op(
    "lax.sort_key_val",
    sort_key_val,
    "keys: num A, values: num B, { dimension?: static number, is_stable?: static boolean } "
    "-> { keys: A, values: B }",
    "Equivalent to `jax.lax.sort_key_val`: both in the ascending order of the keys, along the last axis.",
)
op("lax.rsqrt", lax.rsqrt, "x: num A -> A", "Equivalent to `jax.lax.rsqrt`: 1/√x of floats.")
for name in ("cummax", "cummin"):
    op(
        f"lax.{name}",
        getattr(lax, name),
        "operand: num A, { axis?: static number, reverse?: static boolean } -> A",
        f"Equivalent to `jax.lax.{name}`; along axis 0 unless `axis` is given.",
    )
op(
    "lax.cumlogsumexp",
    lax.cumlogsumexp,
    "operand: num A, { axis?: static number, reverse?: static boolean } -> A",
    "Equivalent to `jax.lax.cumlogsumexp` of floats; along axis 0 unless `axis` is given.",
)


def clamp(min, x, max):
    """A number takes the dtype of `x`, with x64 on too, unless that would change it."""
    dtype = jnp.result_type(x)

    def bound(b):
        fits = jax.typeof(b).weak_type and not jax.typeof(x).weak_type and jnp.result_type(x, b) == dtype
        return jnp.asarray(b, dtype) if fits else b

    return lax.clamp(bound(min), x, bound(max))


for name in ("cumsum", "cumprod"):
    op(
        f"lax.{name}",
        getattr(lax, name),
        "operand: num A, { axis?: static number, reverse?: static boolean } -> A",
        f"Equivalent to `jax.lax.{name}`: along axis 0 unless `axis` is given; from the end if `reverse`.",
    )
op(
    "lax.complex",
    jax.lax.complex,
    "x: num A, y: num A -> promote(A, complex64)",
    "Equivalent to `jax.lax.complex`: the complex numbers with these real and imaginary parts, of one dtype and shape.",
)
op(
    "lax.clamp",
    clamp,
    "min: num A, x: num A, max: num A -> A",
    "Equivalent to `jax.lax.clamp`: all three of one dtype, the bounds of the shape of `x` or scalars.",
)
op(
    "lax.select",
    lax.select,
    "pred: num bool, on_true: num A, on_false: num A -> A",
    "Equivalent to `jax.lax.select`: as `np.where`, without broadcasting and promotion.",
)
op(
    "lax.iota",
    lambda *, dtype, size: lax.iota(dtype, size),
    "dtype: dtype D, size: size -> D",
    "Equivalent to `jax.lax.iota`: 0, 1, … in a vector of this size.",
)
op(
    "lax.broadcasted_iota",
    lambda *, dtype, shape, dimension: lax.broadcasted_iota(dtype, shape, dimension),
    "dtype: dtype D, shape: shape, dimension: static number -> D",
    "Equivalent to `jax.lax.broadcasted_iota`: 0, 1, … along one axis of an array of this shape.",
)
op(
    "lax.integer_pow",
    lax.integer_pow,
    "x: num A, y: static number -> A",
    "Equivalent to `jax.lax.integer_pow`: `y` is an integer.",
)
op(
    "lax.bitcast_convert_type",
    lambda operand, *, new_dtype: lax.bitcast_convert_type(operand, new_dtype),
    "operand: num, new_dtype: dtype D -> D",
    "Equivalent to `jax.lax.bitcast_convert_type`: the same bits read as another dtype.",
    differentiable=False,
)
op(
    "lax.shift_right_logical",
    lax.shift_right_logical,
    "x: num A, y: num A -> A",
    "Equivalent to `jax.lax.shift_right_logical` of integers: zeros come in at the front.",
    differentiable=False,
)
op(
    "lax.optimization_barrier",
    lax.optimization_barrier,
    "operand: num A -> A",
    "Equivalent to `jax.lax.optimization_barrier`: the value; the compiler moves nothing across it.",
)
