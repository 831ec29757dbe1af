"""Non-negative numbers as a mantissa and an integer exponent: float precision at any range.

A number is m * 2**e, m in [1, 2) or 0, e int32. Products and sums need neither exp nor log. The mantissa has
the derivative, the exponent has none.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from .numeric import FLOAT_LAYOUT

# The exponent of zero: lower than that of any number, and the sum of three of them still fits an int32.
ZERO_EXPONENT = -(1 << 27)

LOG2_E = 1.4426950408889634
LN2 = 0.6931471805599453
# ln 2 in three parts; the first two have 12 bits, so their products with 12-bit integers are exact in float32.
LN2_HIGH = float(np.floor(LN2 * 2**12) / 2**12)
LN2_MIDDLE = float(np.floor((LN2 - LN2_HIGH) * 2**24) / 2**24)
LN2_LOW = LN2 - LN2_HIGH - LN2_MIDDLE


class Scaled(NamedTuple):
    mantissa: Array
    exponent: Array


def power_of_two(exponent: Array, dtype) -> Array:
    """2**exponent, and 0 below the normal range. The exponent must not be above the range."""
    integers, mantissa_bits, bias = FLOAT_LAYOUT[np.dtype(dtype)]
    return lax.bitcast_convert_type(jnp.maximum(exponent + bias, 0).astype(integers) << mantissa_bits, dtype)


def integer_log2(x: float) -> int:
    """The exponent of a power of two."""
    return round(math.log2(x))


def raw_exponent_of(x: Array) -> Array:
    """The exponent of x >= 0, int32; less than that of any other number where x is 0 or denormal. Without gradient."""
    integers, mantissa_bits, bias = FLOAT_LAYOUT[np.dtype(x.dtype)]
    bits = lax.bitcast_convert_type(lax.stop_gradient(x), integers)
    return (bits >> mantissa_bits).astype(jnp.int32) - bias


def exponent_of(x: Array) -> Array:
    """The same, and ZERO_EXPONENT where x is 0 or denormal."""
    exponent = raw_exponent_of(x)
    return jnp.where(exponent <= -FLOAT_LAYOUT[np.dtype(x.dtype)][2], ZERO_EXPONENT, exponent)


def renormalize(mantissa: Array, exponent: Array) -> Scaled:
    """The same number with its mantissa in [1, 2)."""
    found = exponent_of(mantissa)
    zero = found == ZERO_EXPONENT
    mantissa = mantissa * power_of_two(jnp.where(zero, 0, -found), mantissa.dtype)
    return Scaled(mantissa, jnp.where(zero, ZERO_EXPONENT, jnp.maximum(exponent + found, ZERO_EXPONENT)))


def from_float(x: Array) -> Scaled:
    """x >= 0 as a pair. It must be at most half of the largest float."""
    return renormalize(x, jnp.zeros(x.shape, jnp.int32))


def reduce_log(x: Array) -> tuple[Array, Array]:
    """x = e ln 2 + r, |r| <= ln 2 (Cody & Waite, e split in two so that it may have 24 bits); -inf is (zero, 0)."""
    finite = jnp.isfinite(x)
    safe = jnp.where(finite, x, 0)
    exponent = jnp.floor(lax.stop_gradient(safe) * jnp.asarray(LOG2_E, x.dtype))
    upper = jnp.round(exponent / 4096) * 4096
    rest = safe
    for part in (LN2_HIGH, LN2_MIDDLE, LN2_LOW):
        rest = rest - upper * jnp.asarray(part, x.dtype) - (exponent - upper) * jnp.asarray(part, x.dtype)
    integer = jnp.clip(exponent, ZERO_EXPONENT, -ZERO_EXPONENT).astype(jnp.int32)
    return jnp.where(finite, integer, ZERO_EXPONENT), jnp.where(
        finite, rest, jnp.where(jnp.isneginf(x), 0, x)
    )


def from_log(x: Array) -> Scaled:
    """exp(x), any range. The mantissa is in [1, 2) up to rounding. NaN stays NaN."""
    exponent, rest = reduce_log(x)
    return Scaled(jnp.where(jnp.isneginf(x), 0, jnp.exp(rest)), exponent)


def lifted_exp(x: Array, lift: float) -> Array:
    """lift * exp x for x <= 0 and a power of two `lift`, where exp x alone may underflow; 0 for x below -2048.

    Reduces x as `reduce_log` does, with exponents of at most 12 bits.
    """
    safe = jnp.maximum(x, -2048)
    exponent = jnp.floor(lax.stop_gradient(safe) * jnp.asarray(LOG2_E, x.dtype))
    rest = safe
    for part in (LN2_HIGH, LN2_MIDDLE, LN2_LOW):
        rest = rest - exponent * jnp.asarray(part, x.dtype)
    return jnp.exp(rest) * power_of_two(exponent.astype(jnp.int32) + integer_log2(lift), x.dtype)


def with_one_exponent(*logs: Array, lift: float) -> tuple[Array, Array]:
    """exp of a sum of logs (... t) as floats and an exponent k (...) int32: the floats are lift * 2**-k * exp(sum), the
    largest of them between lift and a few times that. 0 where a log is -inf; NaN stays NaN. Without gradient.

    Exponents are summed as integers, so that large logs cancel without rounding.
    """
    parts = [reduce_log(lax.stop_gradient(x)) for x in logs]
    exponent = jnp.maximum(sum(exponent for exponent, _ in parts), ZERO_EXPONENT)
    top = jnp.max(exponent, -1)
    # Of an impossible log and a large one the sum is impossible too.
    top = jnp.where(top < ZERO_EXPONENT // 2, 0, top)
    below = exponent - (top[..., None] - integer_log2(lift))
    mantissa = jnp.exp(sum(rest for _, rest in parts))
    return mantissa * power_of_two(below, mantissa.dtype), top


def exponents_times_ln2(exponent: Array, dtype) -> tuple[Array, Array, Array]:
    """exponent * ln 2 as three terms. The first two are exact; the error is an eps of the third."""
    exponent = exponent.astype(dtype)
    upper = jnp.round(exponent / 4096) * 4096
    high, low = jnp.asarray(LN2_HIGH, dtype), jnp.asarray(LN2 - LN2_HIGH, dtype)
    return upper * high, (exponent - upper) * high, exponent * low


def to_log(number: Scaled) -> Array:
    mantissa, exponent = number
    zero = mantissa == 0
    upper, lower, rest = exponents_times_ln2(jnp.where(zero, 0, exponent), mantissa.dtype)
    return jnp.where(zero, -jnp.inf, upper + (lower + (rest + jnp.log(jnp.where(zero, 1, mantissa)))))


def to_shared_scale(number: Scaled, axis: int = -1) -> Array:
    """Plain floats proportional to the numbers, the largest in [1, 2)."""
    mantissa, exponent = number
    return mantissa * power_of_two(exponent - jnp.max(exponent, axis, keepdims=True), mantissa.dtype)
