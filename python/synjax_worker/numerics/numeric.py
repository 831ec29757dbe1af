"""Arithmetic that stays right at the edges of the float range, in values and in derivatives.

The log of weight 0 is -inf, `0 * -inf` is 0, and denormal floats count as 0 (their reciprocal is not finite).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

# The default precision of a matrix product is TF32 on a GPU and bfloat16 on a TPU: not enough for probabilities.
HIGHEST = lax.Precision.HIGHEST


def positions(count: int) -> Array:
    """0 to count - 1, int32 as lengths are, whether or not 64 bits are on."""
    return jnp.arange(count, dtype=jnp.int32)


def read(x: Array, *index: Array) -> Array:
    """x[index] where all indices are inside and none is negative: without what cares for others."""
    return x.at[index].get(mode="promise_in_bounds", wrap_negative_indices=False)


def finite_or_zero(x: Array) -> Array:
    """x where it is finite, else 0."""
    return jnp.where(jnp.isfinite(x), x, 0)


def shift_of(x: Array, axis: int, keepdims: bool = False) -> Array:
    """The maximum along an axis, to subtract before `exp`: without gradient, and 0 where it is not finite."""
    return lax.stop_gradient(finite_or_zero(jnp.max(x, axis, keepdims=keepdims, initial=-jnp.inf)))


def safe_log(x: Array) -> Array:
    """log x, -inf with gradient 0 where x is 0 (or a denormal)."""
    positive = x >= jnp.finfo(x.dtype).tiny
    return jnp.where(positive, jnp.log(jnp.where(positive, x, 1)), jnp.where(jnp.isnan(x), x, -jnp.inf))


def exp_or_zero(x: Array) -> Array:
    """exp x, and 0 where it would be denormal, because denormal floats have few bits on the devices that keep them."""
    return jnp.where(x < jnp.log(jnp.finfo(x.dtype).tiny), 0, jnp.exp(x))


def logsumexp(x: Array, axis: int) -> Array:
    """log of the sum of exponentials; -inf with gradient 0 where everything is -inf."""
    shift = shift_of(x, axis, keepdims=True)
    return safe_log(jnp.sum(jnp.exp(x - shift), axis)) + jnp.squeeze(shift, axis)


def log_normalize(x: Array, axis: int = -1) -> Array:
    """log-softmax; where everything is -inf it stays -inf, and what has NaN or +inf stays as it is, to be refused."""
    total = logsumexp(x, axis)
    return x - jnp.expand_dims(jnp.where(jnp.isfinite(total), total, 0), axis)


def reciprocal(x: Array) -> Array:
    """1/x for x >= 0, and 0 at 0. Rescales before dividing, because the derivative x**-2 overflows at x = 1e-20."""
    positive = x >= jnp.finfo(x.dtype).tiny
    scale = lax.stop_gradient(jnp.where(positive, 1 / jnp.where(positive, x, 1), 0))
    return jnp.where(positive, scale / jnp.where(positive, x * scale, 1), 0)


def normalize(x: Array, axis: int = -1) -> Array:
    """Weights divided by their sum; zeros stay zeros."""
    return x * reciprocal(jnp.sum(x, axis, keepdims=True))


def at_most_one(probability: Array) -> Array:
    """What rounding may have made larger than 1, with its derivative."""
    return probability - lax.stop_gradient(jnp.maximum(probability - 1, 0))


def x_log_x(x: Array) -> Array:
    """x log x with its limit 0 at 0."""
    positive = x >= jnp.finfo(x.dtype).tiny
    safe = jnp.where(positive, x, 1)
    return jnp.where(positive, safe * jnp.log(safe), 0)


def masked_product(weight: Array, x: Array) -> Array:
    """weight * x, 0 where the weight is 0 whatever x is."""
    nonzero = weight != 0
    return jnp.where(nonzero, weight * jnp.where(nonzero, x, 0), 0)


def materialize(x: Any) -> Any:
    """x, stored before it is used. XLA may otherwise compute a small array again for each element of a large one."""
    return lax.optimization_barrier(x)


def log1mexp(x: Array) -> Array:
    """log(1 - exp(x)) for x <= 0."""
    x = jnp.minimum(x, -1e-30)
    return jnp.where(x > -0.693, jnp.log(-jnp.expm1(x)), jnp.log1p(-jnp.exp(x)))


def split_integer(x: Array) -> tuple[Array, Array]:
    """x = i + f exactly, i integral and |f| <= 1/2; -inf is (-inf, 0).

    Sums of integral floats are exact below 2**24, so sums of potentials of 1e4 lose nothing: the integers hold the
    scale, the fractions the precision and the derivative.
    """
    integer = lax.stop_gradient(jnp.round(x))
    return integer, jnp.where(jnp.isfinite(x), x - integer, 0)


# The integer type of the same width, the bits of the mantissa and the exponent's bias.
FLOAT_LAYOUT = {
    np.dtype(np.float32): (np.int32, 23, 127),
    np.dtype(np.float64): (np.int64, 52, 1023),
}


# Of unevaluated sums, and of logs of two floats: so that millions of the largest floats add up without overflow.
# A power of two, because multiplying by it is exact.
UNIT = 2.0**24


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b as the rounded sum and its error, exactly (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def safe_two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """`two_sum`, and the error 0 of what is not finite."""
    total, error = two_sum(a, b)
    return total, jnp.where(jnp.isfinite(total), error, 0)


Sum = tuple[Array, Array, Array]  # an unevaluated sum: high, middle, low, each far below the one before


def exact_sum(x: Array, axis: int = 0, unit: float = 1.0) -> Sum:
    """The sum along an axis, of numbers in units of `unit`, as an unevaluated sum of three in units of UNIT, with three
    times the digits of a float. Any order of reduction will do. `low` has the derivative.

    Subtract two such sums part by part (`sum_difference`) to keep what a single float would lose.
    """
    x = x * (unit / UNIT)
    finite = jnp.isfinite(x)
    high, rest, _ = sum_on_grid(jnp.where(finite, x, 0), axis)
    high = high + jnp.sum(lax.stop_gradient(jnp.where(finite, 0, x)), axis)
    middle, rest, _ = sum_on_grid(rest, axis)
    finite = jnp.isfinite(high)
    return high, jnp.where(finite, middle, 0), jnp.where(finite, jnp.sum(rest, axis), 0)


def sum_on_grid(x: Array, axis: int = 0) -> tuple[Array, Array, Array]:
    """The sum of all terms rounded to a grid on which it is exact, what is left of each term, and the largest absolute
    value: ExtractVector of Rump, Ogita & Oishi (2008), without a loop.
    """
    fixed = lax.stop_gradient(x)
    largest = jnp.max(jnp.abs(fixed), axis, initial=0)
    # Added to this, a term is rounded to the grid.
    large = jnp.expand_dims(largest, axis) * (4 * x.shape[axis])
    part = (fixed + large) - large
    return jnp.sum(part, axis), x - part, largest


def lowest(x: Array) -> Array:
    """The lowest finite number, or 0."""
    return jnp.min(jnp.where(jnp.isfinite(x), x, 0), initial=0)


def sum_plus(a: Sum, b: Sum) -> Sum:
    """a + b, part by part."""
    high, error = safe_two_sum(a[0], b[0])
    middle, smaller = two_sum(a[1], b[1])
    middle, smallest = two_sum(middle, error)
    return high, middle, a[2] + b[2] + (smaller + smallest)


def from_units(x: Array, unit: float = UNIT, below: float = 1.0) -> Array:
    """Units as a number: beyond the largest float times `below` that one, with the derivative of what it stands for."""
    fixed = lax.stop_gradient(x)
    largest = jnp.finfo(x.dtype).max * below
    number = jnp.clip(fixed * unit, -largest, largest)
    return jnp.where(jnp.isfinite(x), number + (x - fixed) * unit, x)


def sum_value(x: Sum) -> Array:
    """The value of an unevaluated sum as one float."""
    high, error = safe_two_sum(*x[:2])
    return from_units(high + (error + x[2]))


def sum_of_wide(x: Array, dtype: Any) -> Sum:
    """A float of 64 bits, where they are on, as an unevaluated sum of shorter ones."""
    x = x * (1 / UNIT)
    high = x.astype(dtype)
    rest = jnp.where(jnp.isfinite(x), x - high, 0)
    middle = rest.astype(dtype)
    return high, middle, (rest - middle).astype(dtype)


def sum_difference(a: Sum, b: Sum) -> Array:
    """a - b, part by part; -inf - anything is -inf."""
    impossible = jnp.isneginf(a[0])
    # The parts of the two may lie on different grids, so that each difference may round.
    high, error = safe_two_sum(jnp.where(impossible, 0, a[0]), -jnp.where(impossible, 0, b[0]))
    middle, smaller = two_sum(a[1], -b[1])
    return jnp.where(impossible, -jnp.inf, from_units((high + middle) + (error + smaller + (a[2] - b[2]))))


def normal_key(key: Array) -> Array:
    """A typed PRNG key, from a typed or a raw one."""
    return key if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else jax.random.wrap_key_data(key)
