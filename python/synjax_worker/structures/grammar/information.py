"""Entropy and divergence of grammars' trees, by the chain rule over the choices of a walk from the whole sentence down:
expectations of local terms, each >= 0. No two large numbers are ever subtracted.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import information, numeric
from ...numerics.guard import any_of_all
from ..constituency.inside import Logs
from . import float_charges
from .chart import Sizes, recursion, split, whole
from .floats import by_rule
from .inside import Choices, Inside, by_logs, choices, expectation
from .potentials import Potentials, map_logs
from .semiring import SUMS

# `local(choices, below, sizes)`: of spans, (starts B nt), see `inside.expectation`.
Local = Callable[[Choices, Array, Sizes], Array]


def entropy(of: Inside, lengths: Array) -> Array:
    """(B), nats; 0 where there is no tree."""

    def local(choices: Choices, below: Array, sizes: Sizes) -> Array:
        by_pair = jnp.sum(information.surprise(choices.split) + jnp.exp(choices.split) * below, -1)
        by_rule = information.surprise(choices.rule) + jnp.exp(choices.rule) * by_pair[:, :, None]
        return jnp.sum(by_rule, (3, 4))

    root, below = _root(of, lengths), _below(of, of, 0.0, lengths, local)
    return jnp.sum(information.surprise(root) + jnp.exp(root) * below, -1)


def kl_divergence(p: Inside, q: Inside, lengths: Array) -> Array:
    """KL(p || q), (B), nats: +inf where p allows what q does not; 0 where p allows nothing."""

    def local(mine: Choices, below: Array, sizes: Sizes) -> Array:
        theirs = choices(q, sizes)
        by_pair = information.divergence(mine.split, theirs.split) + jnp.exp(mine.split) * below
        by_pair = jnp.sum(by_pair, -1)[:, :, None]
        by_rule = information.divergence(mine.rule, theirs.rule) + jnp.exp(mine.rule) * by_pair
        return jnp.sum(by_rule, (3, 4))

    below = _below(p, q, 1.0, lengths, local)
    mine, theirs = _root(p, lengths), _root(q, lengths)
    value = jnp.sum(information.divergence(mine, theirs) + jnp.exp(mine) * below, -1)
    possible = jnp.any(_allowed(p.root(lengths)), -1)
    return jnp.where(_escapes(p, q, lengths), jnp.inf, jnp.where(possible, value, 0))


def _below(p: Inside, q: Inside, less: float, lengths: Array, local: Local) -> Array:
    """(B nt): what adds up below the whole sentence, of choices or of charges."""
    if p.has_floats:
        return float_charges.charges(float_charges.Of(*p), float_charges.Of(*q), less, lengths)
    start = jnp.zeros_like(p.grammar.preterminal.low)
    return whole(expectation(p, start, local), p.extents, lengths)


def _allowed(logs: Logs) -> Array:
    return logs.high > -jnp.inf


def _escapes(p: Inside, q: Inside, lengths: Array) -> Array:
    """(B): whether p allows a tree that q does not, however unlikely."""
    only = lambda a, b: _allowed(a) & ~_allowed(b)
    tables = jax.tree.map(only, p.grammar, q.grammar, is_leaf=lambda x: hasattr(x, "near_top"))
    some = any_of_all(jnp.stack([jnp.any(x) for x in jax.tree.leaves(tables)]))
    return lax.cond(some, lambda: _escapes_by(p, tables, lengths), lambda: jnp.zeros(lengths.shape, bool))


def _escapes_by(p: Inside, tables: Potentials, lengths: Array) -> Array:
    """By potentials that p alone allows. A chart of 1 where a span has such a tree, else 0."""
    p, nonterminals, dtype = by_logs(p), p.extents.nonterminals, p.grammar.root.low.dtype
    ones = lambda x: lax.stop_gradient(x).astype(dtype)
    allowed = lambda logs: ones(_allowed(logs))
    rules, only, chart = allowed(p.grammar.rule), ones(tables.rule), map_logs(allowed, p.chart)

    def combine(left: Array, right: Array, sizes: Sizes) -> Array:
        ways = split(chart, p.extents, sizes)
        some = _pairs(*ways, nonterminals)
        escaping = _pairs(left, ways[1], nonterminals) + _pairs(ways[0], right, nonterminals)
        found = by_rule(SUMS, "xbyz,bayz->xba", only, some)
        return ones(found + by_rule(SUMS, "xbyz,bayz->xba", rules, escaping) > 0)

    found = recursion(ones(tables.preterminal), jnp.zeros((), dtype), p.extents, combine)
    below = whole(found, p.extents, lengths) > 0
    return jnp.any(_allowed(p.root(lengths)) & (tables.root | below), -1)


def _pairs(left: Array, right: Array, nonterminals: int) -> Array:
    """(starts B s s): sums of products of parts (starts B s rows), the left ones with words in the first row alone."""
    wide = SUMS.contract("xblk,xbrk->xblr", left[:, :, :nonterminals], right)
    of_word = left[:, :, nonterminals:, :1] * right[:, :, None, :, 0]
    return jnp.concatenate([wide, of_word], 2)


def _root(of: Inside, lengths: Array) -> Array:
    """(B nt): the log-probabilities of the nonterminals of the whole sentence."""
    return numeric.log_normalize(of.root(lengths).near_top(-1)[1])
