"""Sums along one axis of a factor of the rules, and what is passed back along it.

A factor (B or 1, m c) has a row for every result. In an optimistic program sums are matrix products: what is summed is
moved by one whole number for every span, a factor by one for every row. Where such a sum may have lost something to
underflow it is NaN, which whoever reads it refuses.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.split_log import SplitLog
from ..constituency.inside import Logs
from ..grammar.outside import FLOATS, Mass

SMALL = -80.0  # e^-80 = 2^-115: sums of products of at least that are normal floats, whose least is 2^-126
ENOUGH = 2.0**-60  # a sum of at least this lost nothing that shows to terms below them


def ways(factor: Logs, logs: Logs) -> Logs:
    """(x B m c), of logs (x B c)."""
    return jax.tree.map(lambda x: x[:, :, None], logs).times(factor)


def total(factor: Logs, logs: Logs) -> Logs:
    """(x B m), of logs (x B c)."""
    if not isinstance(logs, SplitLog):
        return ways(factor, logs).total(-1)
    rows, columns = _moved(factor), _moved(logs)
    sums = _sums(jnp.exp(rows.rest), jnp.exp(columns.rest))
    fixed = lax.stop_gradient
    smallest = _least(fixed(columns.rest), (2,)) + _least(fixed(rows.rest), (1, 2))
    whole = (jnp.min(fixed(sums), 2, initial=jnp.inf) >= ENOUGH) | (smallest >= SMALL)
    found = jnp.where(whole[..., None], numeric.safe_log(sums), jnp.nan)
    return SplitLog.above((columns.top + rows.top[..., 0])[..., None], found, -1)


def passed_on(here: Array, factor: Logs, logs: Logs, mass: Mass) -> tuple[Array, Array]:
    """What logs (x B c) and a factor, (B m c), get of what stands at the results, (x B m)."""
    if mass is FLOATS and isinstance(logs, SplitLog):
        rows, columns = (jnp.exp(_moved(x).rest) for x in (factor, logs))
        shares = here * numeric.reciprocal(_sums(rows, columns))
        back = _sums(jnp.swapaxes(rows, 1, 2), shares)
        along = jnp.einsum("xbm,xbc->bmc", shares, columns, precision=numeric.HIGHEST)
        return columns * back, rows * along
    moved = divided(here, ways(factor, logs), mass)
    return mass.total(moved, 2), mass.total(moved, 0)


def divided(here: Array, ways: Logs, mass: Mass) -> Array:
    """What each way along the last axis gets of what stands at their sum."""
    rest = ways.near_top(-1)[1]
    shares = numeric.normalize(jnp.exp(rest)) if mass is FLOATS else numeric.log_normalize(rest)
    return mass.times(here[..., None], shares)


class _Moved(NamedTuple):
    """Logs less a whole number for each row."""

    top: Array  # (... 1)
    rest: Array


def _moved(logs: SplitLog) -> _Moved:
    return _Moved(*logs.near_top(-1))


def _least(x: Array, axes: tuple[int, ...]) -> Array:
    """The smallest log but -inf."""
    return jnp.min(jnp.where(jnp.isneginf(x), jnp.inf, x), axes)


def _sums(factor: Array, x: Array) -> Array:
    """(x B m)."""
    if factor.shape[0] == 1:
        return jnp.einsum("mc,xbc->xbm", factor[0], x, precision=numeric.HIGHEST)
    return jnp.einsum("bmc,xbc->xbm", factor, x, precision=numeric.HIGHEST)
