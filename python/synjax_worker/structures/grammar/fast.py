"""Steps of the inside and outside pass as matrix products, for optimistic programs.

What a sum is over is moved by one whole number for every span, so that all symbols of a span are floats of one scale.
Where such a sum may have lost something to underflow it is NaN, which whoever reads it refuses.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.split_log import SplitLog

SMALL = -80.0  # e^-80 = 2^-115: sums of products of at least that are normal floats, whose least is 2^-126
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

    @property
    def nonterminals(self) -> int:
        return self.logs.shape[1]


def rules_of(rule: SplitLog) -> Rules:
    high = lax.collapse(rule.high, 1)
    top = numeric.shift_of(high, -1, keepdims=True)
    return Rules((rule.high - top[..., None, None]) + rule.low, top)


def pairs(left: Array, right: Array, nonterminals: int) -> Array:
    """(starts B s s): sums of products of parts (starts B s rows), the left ones with words in the first row alone."""
    wide = jnp.einsum("xblk,xbrk->xblr", left[:, :, :nonterminals], right, precision=numeric.HIGHEST)
    of_word = left[:, :, nonterminals:, :1] * right[:, :, None, :, 0]
    return jnp.concatenate([wide, of_word], 2)


def weights_of(parts: Relative) -> tuple[Array, Array]:
    return jnp.exp(parts.left), jnp.exp(parts.right)


def by_rule(weights: Array, found: Array) -> Array:
    """(starts B nt), of the weights of rules (B or 1, nt s s)."""
    if weights.shape[0] == 1:
        return jnp.einsum("alr,xblr->xba", weights[0], found, precision=numeric.HIGHEST)
    return jnp.einsum("balr,xblr->xba", weights, found, precision=numeric.HIGHEST)


def least(x: Array, axes: tuple[int, ...]) -> Array:
    """The smallest log but -inf."""
    return jnp.min(jnp.where(jnp.isneginf(x), jnp.inf, x), axes)


def summed(rules: Rules, parts: Relative) -> SplitLog:
    """(starts B nt): the sums over all ways to make the spans of a width."""
    found = pairs(*weights_of(parts), rules.nonterminals)
    sums = by_rule(jnp.exp(rules.logs), found)
    fixed = lax.stop_gradient
    smallest = _least_pair(Relative(*map(fixed, parts)))
    whole = (jnp.min(fixed(sums), 2) >= ENOUGH) | (smallest + least(fixed(rules.logs), (1, 2, 3)) >= SMALL)
    logs = jnp.where(whole[..., None], numeric.safe_log(sums), jnp.nan)
    return _above(parts.top + rules.top[:, 0], logs)


def best(rules: Rules, parts: Relative) -> SplitLog:
    """(starts B nt): the best of them."""
    found = _best_pairs(parts, rules.nonterminals)
    logs = jnp.max(rules.logs + found[:, :, None], (3, 4))
    near = _least_pair(parts) + least(rules.logs, (1, 2, 3)) > -WIDEST
    return _above(parts.top + rules.top[:, 0], jnp.where(near[..., None], logs, jnp.nan))


def _best_pairs(parts: Relative, nonterminals: int) -> Array:
    left, right = parts.left, parts.right
    wide = jnp.max(left[:, :, :nonterminals, None] + right[:, :, None], -1)
    return jnp.concatenate([wide, left[:, :, nonterminals:, :1] + right[:, :, None, :, 0]], 2)


def logs_of_pairs(parts: Relative, nonterminals: int, largest: bool) -> SplitLog:
    """(starts B s s): what all pairs of parts add up to, or the best of them."""
    if largest:
        logs = _best_pairs(parts, nonterminals)
    else:
        whole = _least_pair(parts) >= SMALL
        sums = pairs(*weights_of(parts), nonterminals)
        logs = jnp.where(whole[..., None, None], numeric.safe_log(sums), jnp.nan)
    return _above(parts.top[..., None], logs)


def passed_on(rules: Rules, parts: Relative, here: Array) -> tuple[Array, Array, Array]:
    """What rules (B nt s s) and both parts of spans (starts B s rows) get of what stands at spans (starts B nt)."""
    (left, right), weights, nonterminals = weights_of(parts), jnp.exp(rules.logs), rules.nonterminals
    product = partial(jnp.einsum, precision=numeric.HIGHEST)
    found = pairs(left, right, nonterminals)
    shares = here * numeric.reciprocal(by_rule(weights, found))
    used = weights * product("xba,xblr->balr", shares, found)
    everybody = weights.shape[0] == 1
    of_pairs = product(
        f"xba,{'' if everybody else 'b'}alr->xblr", shares, weights[0] if everybody else weights
    )
    wide, of_word = of_pairs[:, :, :nonterminals], of_pairs[:, :, nonterminals:]
    to_left = product("xblr,xbrk->xblk", wide, right)
    to_word = product("xblr,xbr->xbl", of_word, right[..., 0])
    to_word = jnp.pad(to_word[..., None], [*[(0, 0)] * 3, (0, left.shape[-1] - 1)])
    to_right = product("xblr,xblk->xbrk", wide, left[:, :, :nonterminals])
    beside_word = product("xblr,xbl->xbr", of_word, left[:, :, nonterminals:, 0])
    to_right = to_right.at[..., 0].add(beside_word)
    return used, left * jnp.concatenate([to_left, to_word], 2), right * to_right


class Charged(NamedTuple):
    """What spans are made of in a distribution, as single floats."""

    rules: Rules
    parts: Relative


def expected_charge(p: Charged, q: Charged, less: float, left: Array, right: Array) -> Array:
    """(starts B nt): under p, what the ways to make a span cost, -log q + less * log p, and what their parts do, of
    which `left` and `right` (starts B s rows) are known.
    """
    nonterminals = p.rules.nonterminals
    known = lambda a, b: (a > -jnp.inf) & (b > -jnp.inf)
    cost = lambda a, b: jnp.where(
        known(a, b), less * jnp.where(known(a, b), a, 0) - jnp.where(known(a, b), b, 0), 0
    )
    at_left, at_right = weights_of(p.parts)
    rule = jnp.exp(p.rules.logs)
    found = pairs(at_left, at_right, nonterminals)
    below = pairs(at_left * (cost(p.parts.left, q.parts.left) + left), at_right, nonterminals)
    below = below + pairs(at_left, at_right * (cost(p.parts.right, q.parts.right) + right), nonterminals)
    total = by_rule(rule, below) + by_rule(rule * cost(p.rules.logs, q.rules.logs), found)
    sums = by_rule(rule, found)
    others = by_rule(jnp.exp(q.rules.logs), pairs(*weights_of(q.parts), nonterminals))
    return total * numeric.reciprocal(sums) - cost(numeric.safe_log(sums), numeric.safe_log(others))


def _least_pair(parts: Relative) -> Array:
    """(starts B): the log of the smallest product that a sum over pairs of parts has."""
    return jnp.min(least(parts.left, (2,)) + least(parts.right, (2,)), -1)


def _above(top: Array, logs: Array) -> SplitLog:
    return SplitLog.above(top[..., None, None], logs, -1)
