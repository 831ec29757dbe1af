"""Costs as an unevaluated sum of two floats, the larger first: twice the digits of one. +inf is (inf, 0)."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.numeric import Sum


class TwoFloats(NamedTuple):
    high: Array
    low: Array


def of_sum(x: Sum) -> TwoFloats:
    high, error = numeric.safe_two_sum(x[0], x[1])
    return _settled(high, error + x[2])


def zeros(shape: tuple[int, ...], dtype: jnp.dtype) -> TwoFloats:
    return TwoFloats(jnp.zeros(shape, dtype), jnp.zeros(shape, dtype))


def plus(a: TwoFloats, b: TwoFloats) -> TwoFloats:
    high, error = numeric.safe_two_sum(a.high, b.high)
    return _settled(high, error + (a.low + b.low))


def minus(a: TwoFloats, b: TwoFloats) -> TwoFloats:
    """b is finite."""
    return plus(a, TwoFloats(-b.high, -b.low))


def _settled(high: Array, low: Array) -> TwoFloats:
    """With the larger part as large as it can be, so that they compare one after the other."""
    total = high + low
    rest = jnp.where(jnp.isfinite(total), low - (total - high), 0)
    return TwoFloats(total, rest)


def less(a: TwoFloats, b: TwoFloats) -> Array:
    return (a.high < b.high) | ((a.high == b.high) & (a.low < b.low))


def where(choose: Array, a: TwoFloats, b: TwoFloats) -> TwoFloats:
    return TwoFloats(jnp.where(choose, a.high, b.high), jnp.where(choose, a.low, b.low))


def larger(a: TwoFloats, b: TwoFloats) -> TwoFloats:
    return where(less(a, b), b, a)


def smallest(x: TwoFloats) -> tuple[TwoFloats, Array]:
    """Along the last axis, and its first index."""
    high = jnp.min(x.high, -1, keepdims=True)
    low = jnp.where(x.high == high, x.low, jnp.inf)
    least = jnp.min(low, -1, keepdims=True)
    size = x.high.shape[-1]
    index = jnp.min(jnp.where(low == least, numeric.positions(size), size - 1), -1)
    return TwoFloats(high[..., 0], least[..., 0]), index
