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
        return self._replace(integer=self.integer + other.integer, fraction=self.fraction + other.fraction)

    def ratio(self, other: SplitLog) -> Array:
        """The log of self / other as one float: -inf where either is 0."""
        divisor = jnp.where(jnp.isneginf(other.integer), jnp.inf, other.integer)
        return (self.integer - divisor) + (self.fraction - other.fraction)

    def share(self, logs: Array, of: SplitLog) -> Array:
        """`self.times(from_log(logs)).ratio(of)` in fewer operations; -inf where `logs` are no logs."""
        rounded = lax.stop_gradient(jnp.round(logs))
        divisor = jnp.where(jnp.isneginf(of.integer), jnp.inf, of.integer)
        fraction = (self.fraction - of.fraction) + (logs - rounded)
        return jnp.where(jnp.isfinite(logs), ((self.integer + rounded) - divisor) + fraction, -jnp.inf)


def from_log(x: Array) -> SplitLog:
    """Of log-potentials. What is no log-potential, NaN or +inf, is larger than all that are: a sum over it shows that,
    and where a factor 0 excludes it, it does no harm.
    """
    finite = jnp.isfinite(x)
    integer = lax.stop_gradient(jnp.round(x))
    other = jnp.where(jnp.isneginf(x), -jnp.inf, jnp.finfo(x.dtype).max)
    return SplitLog(jnp.where(finite, integer, other), jnp.where(finite, x - integer, 0))


Axes = int | tuple[int, ...]


def total(x: SplitLog, axis: Axes, logs: Array | None = None) -> SplitLog:
    """The log of the sum of exponentials."""
    return reduced(x, axis, lambda rest: numeric.safe_log(jnp.sum(jnp.exp(rest), axis)), logs)


def largest(x: SplitLog, axis: Axes, logs: Array | None = None) -> SplitLog:
    return reduced(x, axis, lambda rest: jnp.max(rest, axis), logs)


def reduced(x: SplitLog, axis: Axes, reduce: Callable[[Array], Array], logs: Array | None = None) -> SplitLog:
    """`reduce` along an axis of `near_top`, where it is to move with its largest floats."""
    top, rest = near_top(x, axis, logs)
    return above(top, reduce(rest), axis)


def near_top(x: SplitLog, axis: Axes, logs: Array | None = None) -> tuple[Array, Array]:
    """`x`, or `x.times(from_log(logs))` in fewer operations, as integers, one along the axis, and what is left above
    them: floats the largest of which is near 0.

    Few operations matter twice: a kernel with more of them than bytes is split between threads, and in a loop of short
    steps that takes longer than the kernel.
    """
    if logs is None:
        top = numeric.shift_of(x.integer, axis, keepdims=True)
        return top, (x.integer - top) + x.fraction
    rounded = lax.stop_gradient(jnp.round(logs))
    sizes = x.integer + jnp.where(logs < jnp.inf, rounded, jnp.finfo(logs.dtype).max)
    top = numeric.shift_of(sizes, axis, keepdims=True)
    rest = ((x.integer + rounded) - top) + (x.fraction + (logs - rounded))
    return top, jnp.where(jnp.isfinite(logs), rest, -jnp.inf)


def above(top: Array, rest: Array, axis: Axes) -> SplitLog:
    """What `near_top` was reduced to, again in two parts."""
    top = jnp.squeeze(top, axis)
    # A sum over anything that is no log is as large as that.
    rest = jnp.where(top < jnp.finfo(top.dtype).max / 2, rest, 0)
    integer = lax.stop_gradient(jnp.round(rest))
    return SplitLog(top + integer, jnp.where(jnp.isneginf(rest), 0, rest - integer))
