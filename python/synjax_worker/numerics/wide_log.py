"""Logs of any finite size as an unevaluated sum of two floats, twice the digits of one.

Sums that would round are summed with their error (Knuth's TwoSum), so that logs of 1e30 cancel as well as logs of 1.
The derivative goes through the smaller part; -inf is (-inf, 0). Costs more than `split_log`.
"""

from __future__ import annotations

from typing import Any, Self

import jax.numpy as jnp
from jax import Array, lax

from . import numeric
from .split_log import Axes, Parts


class WideLog(Parts):
    """A log as `high * UNIT + low`. The same operations as of `SplitLog`."""

    __slots__ = ()

    UNIT = numeric.UNIT

    @classmethod
    def from_log(cls, x: Array) -> WideLog:
        """Of log-potentials. NaN and +inf are larger than all that are, as in `SplitLog`."""
        finite = jnp.isfinite(x)
        other = jnp.where(jnp.isneginf(x), -jnp.inf, jnp.finfo(x.dtype).max)
        x = jnp.where(finite, x, 0)
        high = lax.stop_gradient(x)
        low = x - high  # 0, with the derivative
        return WideLog(jnp.where(finite, high * (1 / cls.UNIT), other), low)

    def times(self, other: Any) -> Self:
        high, error = numeric.safe_two_sum(self.high, other.high)
        high = jnp.minimum(high, jnp.finfo(high.dtype).max)
        low = (self.low + other.low) + error * self.UNIT
        return self._replace(high=high, low=jnp.where(jnp.isneginf(high), 0, low))  # 0 times NaN is 0 here

    def less(self, high: Array) -> Self:
        high, error = numeric.safe_two_sum(self.high, -high)
        return self._replace(high=high, low=self.low + error * self.UNIT)

    def ratio(self, other: Any) -> Array:
        divisor = jnp.where(jnp.isneginf(other.high), jnp.inf, other.high)
        return nats(self.high - divisor) + (self.low - other.low)

    def share(self, logs: Array, of: Any) -> Array:
        return jnp.where(jnp.isfinite(logs), self.times(WideLog.from_log(logs)).ratio(of), -jnp.inf)

    def near_top(self, axis: Axes, logs: Array | None = None) -> tuple[tuple[Array, Array], Array]:
        x = self if logs is None else self.times(WideLog.from_log(logs))
        top = numeric.shift_of(x.high, axis, keepdims=True)
        rest = nats(x.high - top) + x.low
        # What the largest floats rounded away may be large as well.
        more = numeric.shift_of(rest, axis, keepdims=True)
        return (top, more), rest - more

    @classmethod
    def above(cls, top: tuple[Array, Array], rest: Array, axis: Axes) -> WideLog:
        first, more = (jnp.squeeze(x, axis) for x in top)
        high, error = numeric.safe_two_sum(first, more * (1 / cls.UNIT))
        rest = jnp.where(first < jnp.finfo(first.dtype).max / 2, rest, 0)
        low = jnp.where(jnp.isneginf(rest), 0, error * cls.UNIT + rest)
        return WideLog(jnp.where(jnp.isneginf(rest), -jnp.inf, high), low)


def nats(units: Array) -> Array:
    """Units in nats, less than the largest float where they are more: nothing but 0 has the log -inf, whatever small
    part is added.
    """
    return numeric.from_units(units, WideLog.UNIT, below=1 - 2.0**-20)
