"""Entropy and divergence of projective trees, by the chain rule over the choices of how spans are made: expectations of
local terms, each >= 0. No two large numbers are ever subtracted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from ...numerics import information
from .chart import Chart, Sizes, at_root
from .inside import expectation, log_probs, ways


class Divergence(NamedTuple):
    value: Array
    escapes: Array  # bool: whether something is allowed here that the other distribution forbids


def entropy(chart: Chart, lengths: Array, single_root_edge: bool) -> Array:
    """(B), nats; 0 where there is no tree."""

    def local(kind: str, log_probs: Array, below: Array, sizes: Sizes) -> Array:
        return jnp.sum(information.surprise(log_probs) + jnp.exp(log_probs) * below, 0)

    return at_root(expectation(chart, _no_arcs(chart), single_root_edge, local), lengths)


def kl_divergence(p: Chart, q: Chart, lengths: Array, single_root_edge: bool) -> Array:
    """KL(p || q), (B), nats: +inf where p allows what q does not; 0 where p allows nothing."""
    return _relative(p, q, lengths, single_root_edge, information.divergence)


def cross_entropy(p: Chart, q: Chart, lengths: Array, single_root_edge: bool) -> Array:
    """The entropy of p and its divergence from q, in one pass."""
    both = lambda mine, theirs: information.surprise(mine) + information.divergence(mine, theirs)
    return _relative(p, q, lengths, single_root_edge, both)


def _relative(
    p: Chart, q: Chart, lengths: Array, single_root_edge: bool, term: Callable[[Array, Array], Array]
) -> Array:
    def local(kind: str, mine: Array, below: Divergence, sizes: Sizes) -> Divergence:
        theirs = ways(q, kind, sizes)
        value = jnp.sum(term(mine, log_probs(theirs)) + jnp.exp(mine) * below.value, 0)
        # Asked of what is allowed, however unlikely.
        allowed = ways(p, kind, sizes).high > -jnp.inf
        escapes = allowed & (below.escapes | jnp.isneginf(theirs.high))
        return Divergence(value, jnp.any(escapes, 0))

    none = _no_arcs(p)
    start = Divergence(none, jnp.zeros(none.shape, bool))
    found = at_root(expectation(p, start, single_root_edge, local), lengths)
    return jnp.where(found.escapes, jnp.inf, found.value)


def _no_arcs(chart: Chart) -> Array:
    """Arcs choose nothing, (n, n*2B)."""
    return jnp.zeros(chart.complete.left.low.shape, chart.whole.low.dtype)
