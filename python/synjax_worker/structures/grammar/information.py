"""Entropy and divergence of grammars' trees, by the chain rule over the choices of a walk from the whole sentence down:
expectations of local terms, each >= 0. No two large numbers are ever subtracted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from ...numerics import information, numeric
from .chart import Sizes, split, whole
from .inside import Choices, Inside, choices, expectation, ways_by_split


class Divergence(NamedTuple):
    value: Array
    escapes: Array  # bool: whether something is allowed here that the other distribution forbids


def entropy(of: Inside, lengths: Array) -> Array:
    """(B), nats; 0 where there is no tree."""

    def local(choices: Choices, below: Array, sizes: Sizes) -> Array:
        by_pair = jnp.sum(information.surprise(choices.split) + jnp.exp(choices.split) * below, -1)
        by_rule = information.surprise(choices.rule) + jnp.exp(choices.rule) * by_pair[:, :, None]
        return jnp.sum(by_rule, (3, 4))

    preterminal = jnp.zeros_like(of.grammar.preterminal.low)
    below = whole(expectation(of, preterminal, local), of.extents, lengths)
    root = _root(of, lengths)
    return jnp.sum(information.surprise(root) + jnp.exp(root) * below, -1)


def kl_divergence(p: Inside, q: Inside, lengths: Array) -> Array:
    """KL(p || q), (B), nats: +inf where p allows what q does not; 0 where p allows nothing."""
    return _relative(p, q, lengths, information.divergence)


def cross_entropy(p: Inside, q: Inside, lengths: Array) -> Array:
    """The entropy of p and its divergence from q, in one pass."""
    both = lambda mine, theirs: information.surprise(mine) + information.divergence(mine, theirs)
    return _relative(p, q, lengths, both)


def _relative(p: Inside, q: Inside, lengths: Array, term: Callable[[Array, Array], Array]) -> Array:
    allowed = lambda logs: logs.high > -jnp.inf
    forbidden = lambda logs: jnp.isneginf(logs.high)

    def local(mine: Choices, below: Divergence, sizes: Sizes) -> Divergence:
        theirs = choices(q, sizes)
        by_pair = jnp.sum(term(mine.split, theirs.split) + jnp.exp(mine.split) * below.value, -1)
        by_rule = term(mine.rule, theirs.rule) + jnp.exp(mine.rule) * by_pair[:, :, None]
        # Asked of what is allowed, however unlikely.
        ways = allowed(ways_by_split(*split(p.chart, p.extents, sizes)))
        some, escaping = jnp.any(ways, -1), jnp.any(ways & below.escapes, -1)
        escapes = (some[:, :, None] & forbidden(q.grammar.rule)) | escaping[:, :, None]
        escapes = jnp.any(allowed(p.grammar.rule) & escapes, (3, 4))
        return Divergence(jnp.sum(by_rule, (3, 4)), escapes)

    words = p.grammar.preterminal
    start = Divergence(jnp.zeros_like(words.low), allowed(words) & forbidden(q.grammar.preterminal))
    below = whole(expectation(p, start, local), p.extents, lengths)
    mine, theirs = _root(p, lengths), _root(q, lengths)
    value = jnp.sum(term(mine, theirs) + jnp.exp(mine) * below.value, -1)
    ways = allowed(p.root(lengths))
    escapes = jnp.any(ways & (forbidden(q.grammar.root) | below.escapes), -1)
    return jnp.where(escapes, jnp.inf, jnp.where(jnp.any(ways, -1), value, 0))


def _root(of: Inside, lengths: Array) -> Array:
    """(B nt): the log-probabilities of the nonterminals of the whole sentence."""
    return numeric.log_normalize(of.root(lengths).near_top(-1)[1])
