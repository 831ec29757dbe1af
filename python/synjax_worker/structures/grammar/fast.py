"""Steps of the inside and outside pass as matrix products, for optimistic programs.

What a sum is over is moved by one whole number for every span, so that all symbols of a span are floats of one scale.
Where such a sum may have lost something to underflow it is NaN, which whoever reads it refuses.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.split_log import SplitLog

SMALL = -80.0  # products of at least exp(SMALL) are floats as exact as any
ENOUGH = 2.0**-60  # a sum of at least this lost nothing that shows to terms below them
WIDEST = 2.0**9  # what maxima of single floats may lie apart, for small differences to be right


class Relative(NamedTuple):
    """Logs of the parts of spans as single floats."""

    left: Array  # (starts B s rows): less the whole number of its span, and less by what its split has below the best
    right: Array  # (starts B s rows)
    top: Array  # (starts B): the whole number that pairs of them are moved by


def relative(left: SplitLog, right: SplitLog) -> Relative:
    possible = lambda x: jnp.max(x.high, -2, keepdims=True) > -jnp.inf
    tops = [numeric.shift_of(x.high, -2, keepdims=True) for x in (left, right)]
    floats = [(x.high - top) + x.low for x, top in zip((left, right), tops, strict=True)]
    both = jnp.where(possible(left) & possible(right), tops[0] + tops[1], -jnp.inf)
    top = numeric.shift_of(both, -1, keepdims=True)
    above = jnp.where(both > -jnp.inf, both - top, 0)
    return Relative(floats[0] + above, floats[1], top[..., 0, 0])


class Rules(NamedTuple):
    """The rules of a grammar, moved by one whole number."""

    logs: Array  # (B or 1, nt s s)
    top: Array  # (B or 1, 1)


def rules_of(rule: SplitLog) -> Rules:
    high = lax.collapse(rule.high, 1)
    top = numeric.shift_of(high, -1, keepdims=True)
    return Rules((rule.high - top[..., None, None]) + rule.low, top)


def pairs(parts: Relative) -> Array:
    """(starts B s s): what parts with these symbols add up to."""
    left, right = jnp.exp(parts.left), jnp.exp(parts.right)
    return jnp.einsum("xblk,xbrk->xblr", left, right, precision=numeric.HIGHEST)


def by_rule(weights: Array, found: Array) -> Array:
    """(starts B nt), of the weights of rules (B or 1, nt s s)."""
    if weights.shape[0] == 1:
        return jnp.einsum("alr,xblr->xba", weights[0], found, precision=numeric.HIGHEST)
    return jnp.einsum("balr,xblr->xba", weights, found, precision=numeric.HIGHEST)


def _least(x: Array, axes: tuple[int, ...]) -> Array:
    """The smallest log but -inf."""
    return jnp.min(jnp.where(jnp.isneginf(x), jnp.inf, x), axes)


def summed(rules: Rules, parts: Relative) -> SplitLog:
    """(starts B nt): the sums over all ways to make the spans of a width."""
    found = pairs(parts)
    sums = by_rule(jnp.exp(rules.logs), found)
    fixed = lax.stop_gradient
    least = _least_pair(Relative(*map(fixed, parts)))
    whole = (jnp.min(fixed(sums), 2) >= ENOUGH) | (least + _least(fixed(rules.logs), (1, 2, 3)) >= SMALL)
    logs = jnp.where(whole[..., None], numeric.safe_log(sums), jnp.nan)
    return _above(parts.top + rules.top[:, 0], logs)


def best(rules: Rules, parts: Relative) -> SplitLog:
    """(starts B nt): the best of them."""
    found = _best_pairs(parts)
    logs = jnp.max(rules.logs + found[:, :, None], (3, 4))
    near = _least_pair(parts) + _least(rules.logs, (1, 2, 3)) > -WIDEST
    return _above(parts.top + rules.top[:, 0], jnp.where(near[..., None], logs, jnp.nan))


def _best_pairs(parts: Relative) -> Array:
    return jnp.max(parts.left[..., :, None, :] + parts.right[..., None, :, :], -1)


def logs_of_pairs(parts: Relative, largest: bool) -> SplitLog:
    """(starts B s s): what all pairs of parts add up to, or the best of them."""
    if largest:
        logs = _best_pairs(parts)
    else:
        whole = _least_pair(parts) >= SMALL
        logs = jnp.where(whole[..., None, None], numeric.safe_log(pairs(parts)), jnp.nan)
    return _above(parts.top[..., None], logs)


def passed_on(rules: Rules, parts: Relative, here: Array) -> tuple[Array, Array, Array]:
    """What rules (B nt s s) and both parts of spans (starts B s rows) get of what stands at spans (starts B nt)."""
    left, right, weights, found = jnp.exp(parts.left), jnp.exp(parts.right), jnp.exp(rules.logs), pairs(parts)
    shares = here * numeric.reciprocal(by_rule(weights, found))
    used = weights * jnp.einsum("xba,xblr->balr", shares, found, precision=numeric.HIGHEST)
    rule = "alr" if weights.shape[0] == 1 else "balr"
    of_pairs = jnp.einsum(
        f"xba,{rule}->xblr", shares, weights[0] if rule == "alr" else weights, precision=numeric.HIGHEST
    )
    to_left = left * jnp.einsum("xblr,xbrk->xblk", of_pairs, right, precision=numeric.HIGHEST)
    return used, to_left, right * jnp.einsum("xblr,xblk->xbrk", of_pairs, left, precision=numeric.HIGHEST)


def _least_pair(parts: Relative) -> Array:
    """(starts B): the log of the smallest product that a sum over pairs of parts has."""
    return jnp.min(_least(parts.left, (2,)) + _least(parts.right, (2,)), -1)


def _above(top: Array, logs: Array) -> SplitLog:
    return SplitLog.above(top[..., None, None], logs, -1)
