"""Entropy and divergence of segmentations, by the chain rule over the choices of a walk from the end: sums of local
terms, each >= 0, weighted by how likely the walk is to come there. No two large numbers are ever subtracted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import information, numeric
from ...numerics.guard import certified_or_exact, custom_jvp, recompute_where
from ...numerics.numeric import HIGHEST
from ..structure import Query
from .choices import Choices, chosen_by_weights, log_choices, probabilities
from .fast import Weights
from .forward import Forward, run
from .marginals import Passed, passed, visited
from .potentials import Potentials, as_general


def _expected(local: Choices, walks: Passed) -> Array:
    """(B): the expected sum of what the choices of a walk bring, each given as its part of a mean.

    As products with the walks: sums of a table over its choices alone do not vectorise on a CPU.
    """
    total = _weighted(local.segment, walks.ends) + jnp.sum(local.last, -1)
    return total if local.label is None else total + _weighted(local.label, walks.starts)


def _weighted(table: Array, walks: Array) -> Array:
    return jnp.sum(jnp.einsum("nbpc,nbc->nbp", table, walks, precision=HIGHEST), (0, 2))


class _Surprised(NamedTuple):
    """A message, and the entropy of what it sums over."""

    high: Array
    low: Array
    entropy: Array

    def times(self, other: Any) -> _Surprised:
        return _Surprised(*type(other)(self.high, self.low).times(other), self.entropy)


def _surprised(kind: type) -> Callable[..., _Surprised]:
    """A sum's entropy is the mean of the entropies of its terms, and of the surprise of the choice among them."""

    def total(x: _Surprised, axis: int, logs: Array | None = None) -> _Surprised:
        top, rest = kind(x.high, x.low).near_top(axis, logs)
        weights = jnp.exp(rest)
        whole = jnp.sum(weights, axis, keepdims=True)
        log = numeric.safe_log(whole)
        terms = jnp.where(weights > 0, weights * (x.entropy + (log - rest)), 0)
        mean = jnp.sum(terms, axis) * numeric.reciprocal(jnp.squeeze(whole, axis))
        return _Surprised(*kind.above(top, jnp.squeeze(log, axis), axis), mean)

    return total


def _entropy_by_weights(potentials: Potentials, lengths: Array, weights: Weights) -> Array:
    chosen = chosen_by_weights(weights, lengths)
    surprise = jax.tree.map(lambda p: -p * jnp.log(jnp.where(p > 0, p, 1)), chosen)
    return _expected(surprise, passed(chosen, potentials.longest, lengths))


def _exact_entropy(potentials: Potentials, lengths: Array) -> Array:
    """By a pass of its own, whose messages carry their entropy."""
    return run(potentials, lengths, _surprised, _Surprised).whole.entropy


@custom_jvp
def entropy(potentials: Potentials, lengths: Array, weights: Weights) -> Array:
    """(B), nats; 0 where there is no structure. Derivatives are those of the sum over all choices."""
    return certified_or_exact(_entropy_by_weights, _exact_entropy)(potentials, lengths, weights)


@entropy.defjvp
def _entropy_derivative(primals, tangents):
    potentials, lengths, _ = primals
    found = run(potentials, lengths)
    of = lambda x: _entropy(log_choices(x, lengths, found), x.longest, lengths)
    return entropy(*primals), jax.jvp(of, (potentials,), (tangents[0],))[1]


def _entropy(logs: Choices, longest: int, lengths: Array) -> Array:
    walks = passed(probabilities(logs), longest, lengths)
    return _expected(jax.tree.map(information.surprise, logs), walks)


def _two(p: Query, q: Query) -> tuple[Choices, Choices, int]:
    """Log-probabilities of the choices of both, in the same form."""
    if p.potentials.factored != q.potentials.factored:
        p, q = (_general(query) for query in (p, q))
    logs = lambda query: log_choices(query.potentials, query.lengths, query.messages.logs())
    return logs(p), logs(q), p.potentials.longest


def _general(query: Query) -> Query:
    potentials = as_general(query.potentials)
    return Query(potentials, query.lengths, Forward(potentials, query.lengths))


def _divergences(p: Query, q: Query, logs_p: Choices, logs_q: Choices, longest: int) -> Array:
    walks = passed(probabilities(logs_p), longest, p.lengths)
    total = _expected(jax.tree.map(information.divergence, logs_p, logs_q), walks)
    return jnp.where(_escapes(p, q, logs_p, logs_q, longest), jnp.inf, total)


def _escapes(p: Query, q: Query, logs_p: Choices, logs_q: Choices, longest: int) -> Array:
    """(B): whether p allows a structure that q does not. Asked of what is allowed, however unlikely."""
    allowed = lambda logs: jax.tree.map(lambda x: lax.stop_gradient(x) > -jnp.inf, logs)
    of_p, of_q = allowed(logs_p), allowed(logs_q)
    alone = jax.tree.map(lambda a, b: a & ~b, of_p, of_q)
    some = jnp.any(alone.segment, (0, 2, 3)) | jnp.any(alone.last, 1)
    if alone.label is not None:
        some |= jnp.any(alone.label, (0, 2, 3))

    def reached(of_p: Choices, alone: Choices) -> Array:
        walks = visited(of_p, longest, p.lengths)
        found = jnp.any(jnp.any(alone.segment, 2) & walks.ends, (0, 2)) | jnp.any(alone.last, 1)
        if alone.label is not None:
            found |= jnp.any(jnp.any(alone.label, 2) & walks.starts, (0, 2))
        return found

    return recompute_where(some, reached, (of_p, alone), some) | (p.lengths != q.lengths)


def kl_divergence(p: Query, q: Query) -> Array:
    """KL(p || q), (B), nats; +inf where p allows a structure that q does not, 0 where p allows none."""
    return _divergences(p, q, *_two(p, q))


def cross_entropy(p: Query, q: Query) -> Array:
    """The same and the entropy of p."""
    logs_p, logs_q, longest = _two(p, q)
    return _entropy(logs_p, longest, p.lengths) + _divergences(p, q, logs_p, logs_q, longest)
