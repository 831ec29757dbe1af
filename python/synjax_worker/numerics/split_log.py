"""Logs as an integer and a fraction: sums and differences of log-potentials lose nothing below 2**24.

A log is high + low, both floats; high is a whole number and |low| <= 1. Whole numbers add without rounding below 2**24,
so that what is left after large logs cancel is as exact as the fractions are. The derivative goes through low; -inf is
(-inf, 0). Beyond 2**24 there is `wide_log`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax import Array, lax

from . import numeric

Axes = int | tuple[int, ...]


class Parts(NamedTuple):
    """A log in two parts, and what every kind of them does alike: `near_top` and `above` are the kind's own."""

    high: Array
    low: Array

    def over(self, other: Any) -> Self:
        """self / other, 0 where either is 0."""
        zero = jnp.isneginf(other.high)
        inverse = jax.tree.map(lambda x: jnp.where(zero, 0, -x), other)
        return self.times(inverse._replace(high=jnp.where(zero, -jnp.inf, inverse.high)))

    def total(self, axis: Axes, logs: Array | None = None) -> Self:
        """The log of the sum of exponentials along an axis, of self or of `self.times(from_log(logs))`."""
        return self.reduced(axis, lambda rest: numeric.safe_log(jnp.sum(jnp.exp(rest), axis)), logs)

    def largest(self, axis: Axes, logs: Array | None = None) -> Self:
        return self.reduced(axis, lambda rest: jnp.max(rest, axis), logs)

    def reduced(self, axis: Axes, reduce: Callable[[Array], Array], logs: Array | None = None) -> Self:
        """`reduce` along an axis of `near_top`, where it is to move with its largest floats."""
        top, rest = self.near_top(axis, logs)
        return self.above(top, reduce(rest), axis)


class SplitLog(Parts):
    """A log as a whole number and a fraction."""

    __slots__ = ()

    UNIT = 1.0  # of `high`

    @classmethod
    def from_log(cls, x: Array) -> SplitLog:
        """Of log-potentials. What is no log-potential, NaN or +inf, is larger than all that are: a sum over it shows
        that, and where a factor 0 excludes it, it does no harm.
        """
        finite = jnp.isfinite(x)
        other = jnp.where(jnp.isneginf(x), -jnp.inf, jnp.finfo(x.dtype).max)
        x = jnp.where(finite, x, 0)
        whole = lax.stop_gradient(jnp.round(x))
        return SplitLog(jnp.where(finite, whole, other), x - whole)

    def times(self, other: Any) -> Self:
        return self._replace(high=self.high + other.high, low=self.low + other.low)

    def less(self, high: Array) -> Self:
        """Divided by what has this high part."""
        return self._replace(high=self.high - high)

    def ratio(self, other: Any) -> Array:
        """The log of self / other as one float: -inf where either is 0."""
        divisor = jnp.where(jnp.isneginf(other.high), jnp.inf, other.high)
        return (self.high - divisor) + (self.low - other.low)

    def share(self, logs: Array, of: Any) -> Array:
        """`self.times(from_log(logs)).ratio(of)` in fewer operations; -inf where `logs` are no logs."""
        rounded = lax.stop_gradient(jnp.round(logs))
        divisor = jnp.where(jnp.isneginf(of.high), jnp.inf, of.high)
        fraction = (self.low - of.low) + (logs - rounded)
        return jnp.where(jnp.isfinite(logs), ((self.high + rounded) - divisor) + fraction, -jnp.inf)

    def near_top(self, axis: Axes, logs: Array | None = None) -> tuple[Array, Array]:
        """Self, or `self.times(from_log(logs))` in fewer operations, as whole numbers, one along the axis, and what is
        left above them: floats the largest of which is near 0.

        Few operations matter twice: a kernel with more of them than bytes is split between threads, and in a loop of
        short steps that takes longer than the kernel.
        """
        if logs is None:
            top = numeric.shift_of(self.high, axis, keepdims=True)
            return top, (self.high - top) + self.low
        rounded = lax.stop_gradient(jnp.round(logs))
        sizes = self.high + jnp.where(logs < jnp.inf, rounded, jnp.finfo(logs.dtype).max)
        top = numeric.shift_of(sizes, axis, keepdims=True)
        rest = ((self.high + rounded) - top) + (self.low + (logs - rounded))
        return top, jnp.where(jnp.isfinite(logs), rest, -jnp.inf)

    def sum(self) -> numeric.Sum:
        """As an unevaluated sum (`numeric.exact_sum`); NaN where it is larger than all logs."""
        return sum_of(jnp.zeros((0, *self.high.shape), self.high.dtype), self)

    @staticmethod
    def above(top: Array, rest: Array, axis: Axes) -> SplitLog:
        """What `near_top` was reduced to, again in two parts."""
        top = jnp.squeeze(top, axis)
        # A sum over anything that is no log is as large as that.
        rest = jnp.where(top < jnp.finfo(top.dtype).max / 2, rest, 0)
        whole = lax.stop_gradient(jnp.round(rest))
        return SplitLog(top + whole, jnp.where(jnp.isneginf(rest), 0, rest - whole))


def sum_of(highs: Array, rest: Any) -> numeric.Sum:
    """The log of a product as an unevaluated sum (`numeric.exact_sum`): high parts along the first axis, in the unit of
    `rest`, and `rest`. NaN where it is larger than all logs.
    """
    high, middle, low = numeric.exact_sum(jnp.concatenate([highs, rest.high[None]]), unit=rest.UNIT)
    no_log = high >= jnp.finfo(high.dtype).max / 2 * (rest.UNIT / numeric.UNIT)
    high = jnp.where(no_log, jnp.nan, high)
    return high, middle, jnp.where(jnp.isneginf(high), 0, low + rest.low * (1 / numeric.UNIT))
