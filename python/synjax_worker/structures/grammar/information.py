"""Entropy and divergence of grammars' trees, by the chain rule over the choices of a walk from the whole sentence down:
expectations of local terms, each >= 0. No two large numbers are ever subtracted.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import information, numeric
from ...numerics.split_log import SplitLog
from ..constituency.inside import Logs
from . import fast
from .chart import Chart, Sizes, recursion, split, whole
from .inside import Choices, Inside, choices, expectation


def entropy(of: Inside, lengths: Array) -> Array:
    """(B), nats; 0 where there is no tree."""

    def local(choices: Choices, below: Array, sizes: Sizes) -> Array:
        by_pair = jnp.sum(information.surprise(choices.split) + jnp.exp(choices.split) * below, -1)
        by_rule = information.surprise(choices.rule) + jnp.exp(choices.rule) * by_pair[:, :, None]
        return jnp.sum(by_rule, (3, 4))

    start = jnp.zeros_like(of.grammar.preterminal.low)
    found = _charges(of, of, 0.0) if of.kind is SplitLog else expectation(of, start, local)
    root = _root(of, lengths)
    below = whole(found, of.extents, lengths)
    return jnp.sum(information.surprise(root) + jnp.exp(root) * below, -1)


def kl_divergence(p: Inside, q: Inside, lengths: Array) -> Array:
    """KL(p || q), (B), nats: +inf where p allows what q does not; 0 where p allows nothing."""

    def local(mine: Choices, below: Array, sizes: Sizes) -> Array:
        theirs = choices(q, sizes)
        by_pair = information.divergence(mine.split, theirs.split) + jnp.exp(mine.split) * below
        by_pair = jnp.sum(by_pair, -1)[:, :, None]
        by_rule = information.divergence(mine.rule, theirs.rule) + jnp.exp(mine.rule) * by_pair
        return jnp.sum(by_rule, (3, 4))

    start = jnp.zeros_like(p.grammar.preterminal.low)
    found = _charges(p, q, 1.0) if p.kind is SplitLog else expectation(p, start, local)
    below = whole(found, p.extents, lengths)
    mine, theirs = _root(p, lengths), _root(q, lengths)
    value = jnp.sum(information.divergence(mine, theirs) + jnp.exp(mine) * below, -1)
    possible = jnp.any(_allowed(p.root(lengths)), -1)
    return jnp.where(_escapes(p, q, lengths), jnp.inf, jnp.where(possible, value, 0))


def _charges(p: Inside, q: Inside, less: float) -> Chart:
    """The same by matrix products, see `fast.expected_charge`."""
    rules = fast.rules_of(p.grammar.rule), fast.rules_of(q.grammar.rule)

    def combine(left: Array, right: Array, sizes: Sizes) -> Array:
        @jax.checkpoint
        def of_width(left: Array, right: Array, width: Array) -> Array:
            parts = lambda of: fast.relative(*split(of.chart, of.extents, (width, *sizes[1:])))
            mine, theirs = (fast.Charged(rule, parts(of)) for rule, of in zip(rules, (p, q), strict=True))
            return fast.expected_charge(mine, theirs, less, left, right)

        return of_width(left, right, sizes[0])

    start = jnp.zeros_like(p.grammar.preterminal.low)
    return recursion(start, jnp.zeros((), start.dtype), p.extents, combine)


def _allowed(logs: Logs) -> Array:
    return logs.high > -jnp.inf


def _escapes(p: Inside, q: Inside, lengths: Array) -> Array:
    """(B): whether p allows a tree that q does not, however unlikely. A chart of 1 where a span has one, else 0."""
    nonterminals, dtype = p.extents.nonterminals, p.chart.left.low.dtype
    ones = lambda x: lax.stop_gradient(x).astype(dtype)
    forbidden = lambda logs: ~_allowed(logs)
    rules, only = ones(_allowed(p.grammar.rule)), ones(_allowed(p.grammar.rule) & forbidden(q.grammar.rule))

    def combine(left: Array, right: Array, sizes: Sizes) -> Array:
        ways = [ones(_allowed(x)) for x in split(p.chart, p.extents, sizes)]
        some = fast.pairs(*ways, nonterminals)
        escaping = fast.pairs(left, ways[1], nonterminals) + fast.pairs(ways[0], right, nonterminals)
        return ones(fast.by_rule(only, some) + fast.by_rule(rules, escaping) > 0)

    start = ones(_allowed(p.grammar.preterminal) & forbidden(q.grammar.preterminal))
    found = recursion(start, jnp.zeros((), dtype), p.extents, combine)
    below = whole(found, p.extents, lengths) > 0
    return jnp.any(_allowed(p.root(lengths)) & (forbidden(q.grammar.root) | below), -1)


def _root(of: Inside, lengths: Array) -> Array:
    """(B nt): the log-probabilities of the nonterminals of the whole sentence."""
    return numeric.log_normalize(of.root(lengths).near_top(-1)[1])
