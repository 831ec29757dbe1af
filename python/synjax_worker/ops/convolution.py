"""`lax`: convolutions, windows and general products, for networks."""

import jax.numpy as jnp
from jax import lax

from ..errors import InvalidArgument
from ..registry import op

_REDUCTIONS = {"add": lax.add, "max": lax.max, "min": lax.min, "mul": lax.mul}

_PADDING = (
    'padding: static "SAME" | "VALID" | "SAME_LOWER" | readonly (readonly [low: number, high: number])[]'
)
_NUMBERS = "dimension_numbers?: static readonly [lhs: string, rhs: string, out: string]"
_PRECISION = 'precision?: static "default" | "high" | "highest"'
_STRIDES = "static readonly number[]"


def conv_general_dilated(lhs, rhs, **options):
    return lax.conv_general_dilated(jnp.asarray(lhs), jnp.asarray(rhs), **options)


def conv_transpose(lhs, rhs, **options):
    return lax.conv_transpose(jnp.asarray(lhs), jnp.asarray(rhs), **options)


def reduce_window(operand, *, init_value, computation, **options):
    operand = jnp.asarray(operand)
    if not jnp.issubdtype(operand.dtype, jnp.floating) and not float(init_value).is_integer():
        raise InvalidArgument(
            f"lax.reduce_window: `init_value` is {init_value}; expected an integer, as `operand` is {operand.dtype}",
            argument="init_value",
            expected=operand.dtype.name,
            received=str(init_value),
        )
    initial = operand.dtype.type(init_value)
    return lax.reduce_window(operand, initial, _REDUCTIONS[computation], **options)


op(
    "lax.conv_general_dilated",
    conv_general_dilated,
    f"lhs: num A, rhs: num A, window_strides: {_STRIDES}, {_PADDING}, {{ lhs_dilation?: {_STRIDES}, "
    f"rhs_dilation?: {_STRIDES}, {_NUMBERS}, feature_group_count?: static number, batch_group_count?: static number, "
    f"{_PRECISION} }} -> A",
    "Equivalent to `jax.lax.conv_general_dilated`: inputs (N C …) and kernels (O I …) unless `dimension_numbers` says "
    'otherwise, as ["NHWC", "HWIO", "NHWC"].',
)
op(
    "lax.conv_transpose",
    conv_transpose,
    f"lhs: num A, rhs: num A, strides: {_STRIDES}, {_PADDING}, {{ rhs_dilation?: {_STRIDES}, {_NUMBERS}, "
    f"transpose_kernel?: static boolean, {_PRECISION} }} -> A",
    "Equivalent to `jax.lax.conv_transpose`: inputs (N … C) and kernels (… I O) unless `dimension_numbers` says "
    "otherwise.",
)
op(
    "lax.reduce_window",
    reduce_window,
    'operand: num A, init_value: static number, computation: static "add" | "max" | "min" | "mul", '
    f"window_dimensions: {_STRIDES}, {{ window_strides?: {_STRIDES}, {_PADDING.replace(':', '?:', 1)}, "
    f"base_dilation?: {_STRIDES}, window_dilation?: {_STRIDES} }} -> A",
    "Equivalent to `jax.lax.reduce_window`, `computation` by its name in `jax.lax`: "
    '`lax.reduceWindow(x, -Infinity, "max", [1, 2, 2, 1], { windowStrides: [1, 2, 2, 1] })` pools. Windows do not '
    "overlap the edge unless `padding` is given.",
)
op(
    "lax.dot_general",
    lax.dot_general,
    "lhs: num A, rhs: num B, dimension_numbers: static readonly [contracting: readonly [lhs: readonly number[], rhs: "
    f"readonly number[]], batch: readonly [lhs: readonly number[], rhs: readonly number[]]], {{ {_PRECISION} }} "
    "-> promote(A, B)",
    "Equivalent to `jax.lax.dot_general`: sums over the contracting axes; the batch axes come first.",
)
op(
    "lax.batch_matmul",
    lax.batch_matmul,
    f"lhs: num A, rhs: num A, {{ {_PRECISION} }} -> A",
    "Equivalent to `jax.lax.batch_matmul`; (… m k) and (… k n) of equal leading axes.",
)
