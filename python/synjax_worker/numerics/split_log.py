"""Logs as an integer and a fraction: sums and differences of log-potentials of any scale lose nothing.

A log is integer + fraction, both floats, |fraction| <= 1. Integral floats add without rounding below 2**24, so that
what is left after large logs cancel is as exact as the fractions are. The derivative goes through the fraction; -inf is
(-inf, 0).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from . import numeric


class SplitLog(NamedTuple):
    integer: Array
    fraction: Array

    def times(self, other: SplitLog) -> SplitLog:
        return SplitLog(self.integer + other.integer, self.fraction + other.fraction)

    def ratio(self, other: SplitLog) -> Array:
        """The log of self / other as one float: -inf where either is 0."""
        divisor = jnp.where(jnp.isneginf(other.integer), jnp.inf, other.integer)
        return (self.integer - divisor) + (self.fraction - other.fraction)


def from_log(x: Array) -> SplitLog:
    """Of log-potentials. What is no log-potential, NaN or +inf, is larger than all that are: a sum over it shows that,
    and where a factor 0 excludes it, it does no harm.
    """
    finite = jnp.isfinite(x)
    integer = lax.stop_gradient(jnp.round(x))
    other = jnp.where(jnp.isneginf(x), -jnp.inf, jnp.finfo(x.dtype).max)
    return SplitLog(jnp.where(finite, integer, other), jnp.where(finite, x - integer, 0))


def total(x: SplitLog, axis: int | tuple[int, ...]) -> SplitLog:
    """The log of the sum of exponentials."""
    return reduced(x, axis, lambda rest: numeric.safe_log(jnp.sum(jnp.exp(rest), axis)))


def largest(x: SplitLog, axis: int | tuple[int, ...]) -> SplitLog:
    return reduced(x, axis, lambda rest: jnp.max(rest, axis))


def reduced(x: SplitLog, axis: int | tuple[int, ...], reduce: Callable[[Array], Array]) -> SplitLog:
    """`reduce` along an axis, given floats the largest of which is near 0, where it is to move with them."""
    top = numeric.shift_of(x.integer, axis, keepdims=True)
    rest = reduce((x.integer - top) + x.fraction)
    integer = lax.stop_gradient(jnp.round(rest))
    return SplitLog(jnp.squeeze(top, axis) + integer, jnp.where(jnp.isneginf(rest), 0, rest - integer))
