"""Logs of any finite size as an unevaluated sum of three floats, three times the digits of one.

What `wide_log` is for sums along a path, whose scale can be taken out at every step, this is for sums of many that have
no common scale: products of 1e9 and 1 stay as exact as those of 1. The derivative goes through the smallest part; -inf
is (-inf, 0, 0).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax import Array, lax

from . import numeric
from .numeric import Sum, safe_two_sum, two_sum
from .wide_log import nats

Top = tuple[Array, Array]


class ExactLog(NamedTuple):
    """A log as `high * UNIT + middle + low`. The same operations as of `SplitLog`."""

    high: Array  # in units of `numeric.UNIT`
    middle: Array  # in nats: what `high` rounds away
    low: Array  # in nats: what both round away, and less than a nat beside it

    @classmethod
    def from_log(cls, x: Array) -> ExactLog:
        """Of log-potentials. NaN and +inf are larger than all that are, as in `SplitLog`."""
        finite = jnp.isfinite(x)
        other = jnp.where(jnp.isneginf(x), -jnp.inf, jnp.finfo(x.dtype).max)
        x = jnp.where(finite, x, 0)
        fixed = lax.stop_gradient(x)
        low = x - fixed  # 0, with the derivative
        return cls(jnp.where(finite, fixed * (1 / numeric.UNIT), other), jnp.zeros_like(low), low)

    def times(self, other: Any) -> Self:
        high, lost = safe_two_sum(self.high, other.high)
        middle, smaller = two_sum(self.middle, other.middle)
        middle, smallest = two_sum(middle, lost * numeric.UNIT)
        high = jnp.minimum(high, jnp.finfo(high.dtype).max)
        zero = jnp.isneginf(high)
        low = (self.low + other.low) + (smaller + smallest)
        return self._replace(high=high, middle=jnp.where(zero, 0, middle), low=jnp.where(zero, 0, low))

    def ratio(self, other: Any) -> Array:
        """The log of self / other as one float: -inf where either is 0."""
        divisor = jnp.where(jnp.isneginf(other.high), jnp.inf, other.high)
        high, lost = safe_two_sum(self.high, -divisor)
        middle, smaller = two_sum(self.middle, -other.middle)
        whole, smallest = safe_two_sum(nats(high), middle)
        return whole + (lost * numeric.UNIT + (smaller + smallest) + (self.low - other.low))

    def over(self, other: Any) -> Self:
        """self / other, 0 where either is 0."""
        zero = jnp.isneginf(other.high)
        inverse = jax.tree.map(lambda x: jnp.where(zero, 0, -x), other)
        return self.times(inverse._replace(high=jnp.where(zero, -jnp.inf, inverse.high)))

    def near_top(self, axis: int) -> tuple[Top, Array]:
        """Along an axis, in two floats what all have in common, and what is left: floats the largest of which is near
        0.
        """
        top = numeric.shift_of(self.high, axis, keepdims=True)
        below, lost = safe_two_sum(self.high, -top)
        rest, smaller = safe_two_sum(nats(below), self.middle)
        more = numeric.shift_of(rest, axis, keepdims=True)
        return (top, more), (rest - more) + (self.low + (smaller + lost * numeric.UNIT))

    @classmethod
    def above(cls, top: Top, rest: Array, axis: int) -> ExactLog:
        """What `near_top` was reduced to, again in three parts."""
        high, more = (jnp.squeeze(x, axis) for x in top)
        rest = jnp.where(high < jnp.finfo(high.dtype).max / 2, rest, 0)
        whole = lax.stop_gradient(jnp.round(rest))
        middle, lost = safe_two_sum(more, whole)
        zero = jnp.isneginf(rest)
        low = jnp.where(zero, 0, (rest - whole) + lost)
        return cls(jnp.where(zero, -jnp.inf, high), jnp.where(zero, 0, middle), low)

    def reduced(self, axis: int, reduce: Callable[[Array], Array]) -> Self:
        """`reduce` along an axis of `near_top`, where it is to move with its largest floats."""
        top, rest = self.near_top(axis)
        return self.above(top, reduce(rest), axis)

    def total(self, axis: int) -> Self:
        """The log of the sum of exponentials along an axis."""
        return self.reduced(axis, lambda rest: numeric.safe_log(jnp.sum(jnp.exp(rest), axis)))

    def largest(self, axis: int) -> Self:
        return self.reduced(axis, lambda rest: jnp.max(rest, axis))

    def sum(self) -> Sum:
        """As an unevaluated sum; NaN where it is larger than all logs."""
        no_log = self.high >= jnp.finfo(self.high.dtype).max / 2
        small = lambda x: jnp.where(jnp.isneginf(self.high), 0, x * (1 / numeric.UNIT))
        return jnp.where(no_log, jnp.nan, self.high), small(self.middle), small(self.low)
