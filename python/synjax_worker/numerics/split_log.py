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
        """The log of self / other as one float: -inf where self is 0, anything where other alone is."""
        possible = ~jnp.isneginf(self.integer)
        high = self.integer - numeric.finite_or_zero(other.integer)
        return jnp.where(possible, high, -jnp.inf) + jnp.where(possible, self.fraction - other.fraction, 0)


def from_log(x: Array) -> SplitLog:
    return SplitLog(*numeric.split_integer(x))


def total(x: SplitLog, axis: int | tuple[int, ...]) -> SplitLog:
    """The log of the sum of exponentials."""
    return _reduced(x, axis, lambda rest: numeric.safe_log(jnp.sum(jnp.exp(rest), axis)))


def largest(x: SplitLog, axis: int | tuple[int, ...]) -> SplitLog:
    return _reduced(x, axis, lambda rest: jnp.max(rest, axis))


def _reduced(x: SplitLog, axis: int | tuple[int, ...], reduce: Callable[[Array], Array]) -> SplitLog:
    top = numeric.shift_of(x.integer, axis, keepdims=True)
    rest = reduce((x.integer - top) + x.fraction)
    integer = lax.stop_gradient(jnp.round(rest))
    return SplitLog(jnp.squeeze(top, axis) + integer, jnp.where(jnp.isneginf(rest), 0, rest - integer))
