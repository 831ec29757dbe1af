"""KL divergence and cross-entropy of two chains.

By the chain rule over the conditionals P(a | b), both are sums of local terms weighted by the marginals of the states.
Every term of the divergence is >= 0, so that large numbers are never subtracted.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import (
    drop_forbidden,
    guarded_by_itself,
    instantiated,
    moves,
    select_items,
    value_and_flag,
)
from ..structure import Query
from .conditionals import Conditionals, ExactConditionals, exact_conditionals, log_or_zero
from .covariance import Terms, covariance, exact_covariance
from .entropy import exact_entropy
from .exact import exact_marginals
from .potentials import Marginals, Potentials, batch_first, contract, position_first, transition_logs
from .underflow import LEAST_WEIGHT, above, least_weight, states_before_above


class _Pair(NamedTuple):
    """Both distributions by their fast passes. Arrays of edges are (1 t t), (B 1 t t) or (B n-1 t t)."""

    p: Conditionals
    q: Conditionals
    logs_p: Array  # log-weights of the edges
    logs_q: Array
    allowed: Array  # whether p allows an edge; q allows the same where certified
    certified: Array  # (B)

    def terms(self, make: Callable[[_Pair], Array]) -> Terms:
        """`make` gives those of the edges of a pair."""

        def of_some(edges: tuple) -> Array:
            of_p, of_q = edges
            return make(self._replace(p=self.p.of_edges(*of_p), q=self.q.of_edges(*of_q)))

        return Terms(of_some, (self.p.by_edge(), self.q.by_edge()))


def _pair(p: Query, q: Query) -> _Pair:
    """Certified where both passes are, both allow the same edges, and every state has a weight in the float range."""
    of_p, of_q = (each.messages.conditionals(each.potentials, each.lengths) for each in (p, q))
    logs_p, logs_q = (transition_logs(each.potentials, each.lengths) for each in (p, q))
    weights_p, weights_q = of_p.edges(), of_q.edges()
    certified = p.messages.certified & q.messages.certified & (p.lengths == q.lengths)
    agreed = (weights_p == weights_q).astype(weights_p.dtype)
    of_both = jnp.where(weights_p > 0, jnp.minimum(weights_p, weights_q), agreed)
    certified &= least_weight(of_both) > LEAST_WEIGHT
    for query, given in ((p, of_p), (q, of_q)):
        certified &= states_before_above(query, given, 0)
        empty = query.lengths <= (1 if query.potentials.time_varying else 0)  # always in state 0
        certified &= jnp.all(above(numeric.normalize(given.last), 0), -1) | empty
    return _Pair(of_p, of_q, logs_p, logs_q, weights_p > 0, certified)


def _divergence_fast(pair: _Pair) -> Array:
    of_p, of_q = pair.p, pair.q
    terms = _terms(of_p.table(), of_q.table(), _log_ratio(pair))
    total = jnp.sum(of_p.states[:, 1:] * jnp.sum(terms, -2), (1, 2))
    last_p, last_q = numeric.normalize(of_p.last), numeric.normalize(of_q.last)
    last = _terms(last_p, last_q, log_or_zero(last_q) - log_or_zero(last_p))
    return total + jnp.sum(last, -1)


def _log_ratio(pair: _Pair) -> Array:
    """log Q(a | b) - log P(a | b) of every edge, (B n-1 t t); 0 where it is forbidden."""
    of_p, of_q = pair.p, pair.q
    ahead = numeric.materialize(log_or_zero(of_q.before) - log_or_zero(of_p.before))
    behind = numeric.materialize(log_or_zero(of_q.sums) - log_or_zero(of_p.sums))
    local = jnp.where(pair.allowed, pair.logs_q - pair.logs_p, 0)
    return local + ahead[..., None] - behind[..., None, :]


def _terms(prob: Array, other: Array, log_ratio: Array) -> Array:
    """`_divergence_terms` without exp or log, given log(other / prob), of probabilities in the float range."""
    near = jnp.abs(log_ratio) < 0.5
    orders = 10 if prob.dtype == jnp.float32 else 16
    series = jnp.full_like(log_ratio, 1 / math.factorial(orders))
    for order in range(orders - 1, 1, -1):  # (e**x - 1 - x) / x**2
        series = series * log_ratio + 1 / math.factorial(order)
    return jnp.where(near, prob * (log_ratio * log_ratio) * series, other - prob - prob * log_ratio)


def _cross_entropy_fast(pair: _Pair) -> Array:
    """The expectation under p of -log of q's conditionals."""
    of_p, of_q = pair.p, pair.q
    total = jnp.sum(of_p.states[:, 1:] * jnp.sum(of_p.table() * _surprise_of_edges(pair), -2), (1, 2))
    last_p, last_q = numeric.normalize(of_p.last), numeric.normalize(of_q.last)
    return total + jnp.sum(last_p * _surprise(last_q, -log_or_zero(last_q)), -1)


def _surprise_of_edges(pair: _Pair) -> Array:
    """-log Q(a | b) of every edge, (B n-1 t t)."""
    of_q = pair.q
    ahead, behind = numeric.materialize((log_or_zero(of_q.before), log_or_zero(of_q.sums)))
    local = jnp.where(pair.allowed, pair.logs_q, 0)
    return _surprise(of_q.table(), behind[..., None, :] - ahead[..., None] - local)


def _surprise(prob: Array, by_potentials: Array) -> Array:
    """-log of a probability: of the float, or `by_potentials` where it nearly underflows.

    `by_potentials` is a difference of logs and its error is relative to them: too large for what is likely.
    """
    far = prob < _NEARLY_LOST
    return jnp.where(far, by_potentials, -jnp.log(jnp.where(far, 1, prob)))


_NEARLY_LOST = 1e-30


def _exact_divergence(p: Potentials, q: Potentials, lengths: Array, lengths_q: Array) -> Array:
    exact_p, exact_q = exact_conditionals(p, lengths), exact_conditionals(q, lengths_q)
    local = jnp.sum(_divergence_terms(exact_p.table, exact_p.log_table, exact_q.log_table), -2)
    total = jnp.sum(exact_p.states[:, 1:] * local, (1, 2))
    total += jnp.sum(_divergence_terms(exact_p.last, exact_p.log_last, exact_q.log_last), -1)
    return jnp.where(_escapes(p, lengths, exact_p, exact_q) | (lengths != lengths_q), jnp.inf, total)


def _divergence_terms(prob: Array, log_prob: Array, log_other: Array) -> Array:
    """p log(p / q) - p + q, and 0 where q is 0. Each is >= 0; over a distribution they add up to the divergence."""
    comparable = (prob > 0) & (log_other > -jnp.inf)
    ratio = jnp.where(comparable, log_other, 0) - jnp.where(comparable, log_prob, 0)
    near = jnp.abs(ratio) < 0.05
    small = jnp.where(near, ratio, 0)
    series = small * small * (1 / 2 + small * (1 / 6 + small * (1 / 24 + small / 120)))
    below = jnp.where(near | (ratio > 1), 0, ratio)
    other = jnp.exp(jnp.where(log_other > -jnp.inf, log_other, -jnp.inf))
    far = jnp.where(ratio > 1, other - prob - prob * ratio, prob * (jnp.expm1(below) - below))
    return jnp.where(comparable, jnp.where(near, prob * series, far), other)


def _escapes(p: Potentials, lengths: Array, exact_p: ExactConditionals, exact_q: ExactConditionals) -> Array:
    """Whether p allows a structure that q forbids, (B). Compares supports, because probabilities may underflow."""
    edges = ~jnp.isneginf(exact_p.log_table)
    valid = numeric.positions(exact_p.states.shape[1]) < lengths[:, None]
    ends = ~jnp.isneginf(exact_p.log_last)

    def step(useful, inputs):
        edges, live = inputs
        before = jnp.any(edges & useful[:, None], -1)
        return jnp.where(live[:, None], before, useful), useful

    _, useful = lax.scan(step, ends, (position_first(edges), valid[:, 1:].T), reverse=True)
    used = edges & batch_first(useful)[..., None, :] & valid[:, 1:, None, None]
    return jnp.any(used & jnp.isneginf(exact_q.log_table), (1, 2, 3)) | jnp.any(
        ends & jnp.isneginf(exact_q.log_last), -1
    )


def _exact_cross_entropy(p: Potentials, q: Potentials, lengths: Array, lengths_q: Array) -> Array:
    return exact_entropy(p, lengths) + _exact_divergence(p, q, lengths, lengths_q)


# ------------------------------------------------------------------------------------------------------- gradients
#
# By p's potentials the mean of a divergence's terms changes as a covariance, because the terms themselves move by
# nothing on average. By q's, both the divergence and the cross-entropy change by what q has more of each part than p.


# `terms(pair)` and what the last state adds to the mean, times its probability, (B t).
def _divergence_terms_fast(pair: _Pair) -> tuple[Terms, Array]:
    last_p, last_q = numeric.normalize(pair.p.last), numeric.normalize(pair.q.last)
    last = last_p * (log_or_zero(last_p) - log_or_zero(last_q))
    return pair.terms(lambda pair: -pair.p.table() * _log_ratio(pair)), last


def _cross_entropy_terms_fast(pair: _Pair) -> tuple[Terms, Array]:
    last_p, last_q = numeric.normalize(pair.p.last), numeric.normalize(pair.q.last)
    last = last_p * _surprise(last_q, -log_or_zero(last_q))
    return pair.terms(lambda pair: pair.p.table() * _surprise_of_edges(pair)), last


def _exact_gradients(
    p: Potentials,
    q: Potentials,
    lengths: Array,
    lengths_q: Array,
    term: Callable[[Array, Array, Array], Array],
) -> tuple[Marginals, Marginals]:
    """`term(probabilities of p, their logs, logs of q's)` is a probability times what it adds to the mean."""
    exact_p, exact_q = exact_conditionals(p, lengths), exact_conditionals(q, lengths_q)
    weighted = term(exact_p.table, exact_p.log_table, exact_q.log_table)
    ending = term(exact_p.last, exact_p.log_last, exact_q.log_last)
    of_p = exact_covariance(p, lengths, exact_p, weighted, ending)
    both = of_p, _more(exact_marginals(q, lengths_q), exact_marginals(p, lengths))
    apart = _escapes(p, lengths, exact_p, exact_q) | (lengths != lengths_q)
    return select_items(apart, jax.tree.map(jnp.zeros_like, both), both)


def _divergence_term(prob: Array, log_prob: Array, log_other: Array) -> Array:
    possible = (prob > 0) & (log_other > -jnp.inf)
    return jnp.where(
        possible, prob * (jnp.where(possible, log_prob, 0) - jnp.where(possible, log_other, 0)), 0
    )


def _cross_entropy_term(prob: Array, _log_prob: Array, log_other: Array) -> Array:
    possible = (prob > 0) & (log_other > -jnp.inf)
    return jnp.where(possible, -prob * jnp.where(possible, log_other, 0), 0)


def _more(q: Marginals, p: Marginals) -> Marginals:
    return jax.tree.map(jnp.subtract, q, p)


class _Gradients(NamedTuple):
    """By the potentials of p and of q; None where they were not asked for."""

    p: Marginals | None
    q: Marginals | None


def _on_two(fast: Callable, exact: Callable, terms: Callable, term: Callable) -> Callable:
    """A query on two distributions: `fast(pair)` where a pair is certified, else `exact` of the potentials and lengths.
    `terms` and `term` say the same of what a choice adds.
    """
    plain = lambda p, q: (p.potentials, q.potentials, p.lengths, q.lengths)

    def exact_gradients(arguments: tuple, sides: tuple[bool, bool]) -> _Gradients:
        both = _exact_gradients(*arguments, term)
        return _Gradients(*(found if side else None for found, side in zip(both, sides, strict=True)))

    @functools.cache
    def with_gradients(optimistic: bool, sides: tuple[bool, bool]) -> Callable:
        """The query, its flag and its gradients from one pass, with the derivative of the exact gradients."""

        def computed(*arguments) -> tuple[Array, _Gradients]:
            return exact(*arguments), exact_gradients(arguments, sides)

        @jax.custom_jvp
        def query(p: Query, q: Query) -> tuple[tuple[Array, _Gradients], Array]:
            pair = _pair(p, q)
            of_p = of_q = None
            if sides[0]:
                of_p = covariance(p.potentials, p.lengths, pair.p, *terms(pair))
            if sides[1]:
                marginals = [each.messages.marginals(each.potentials, each.lengths) for each in (p, q)]
                of_q = _more(*reversed(marginals))
            found = fast(pair), _Gradients(of_p, of_q)
            return value_and_flag(found, pair.certified, computed, plain(p, q), optimistic)

        @query.defjvp
        def _derivative(primals, tangents):
            p, q = primals
            (value, gradients), flag = query(p, q)
            potentials = p.potentials, q.potentials
            directions = drop_forbidden(potentials, tuple(tangent.potentials for tangent in tangents))
            of = lambda a, b: exact_gradients((a, b, p.lengths, q.lengths), sides)
            moved = jax.jvp(of, potentials, directions)[1]
            first = with_gradients(optimistic, (True, True))(p, q)[0][1] if False in sides else gradients
            tangent = sum(map(contract, first, directions))
            return ((value, gradients), flag), ((tangent, moved), jnp.zeros_like(flag))

        return query

    def derivative(query: Callable, primals: tuple, tangents: tuple, optimistic: bool) -> tuple:
        sides = tuple(moves(tangent.potentials) for tangent in tangents)
        (value, gradients), flag = with_gradients(optimistic, sides)(*primals)
        tangent = jnp.zeros_like(value)
        for gradient, of, direction in zip(gradients, primals, tangents, strict=True):
            if gradient is not None:
                along = drop_forbidden(of.potentials, instantiated(direction.potentials))
                tangent += contract(gradient, along)
        return (value, flag), tangent

    def fast_of_queries(p: Query, q: Query) -> tuple[Array, Array]:
        pair = _pair(p, q)
        return fast(pair), pair.certified

    return guarded_by_itself(fast_of_queries, lambda p, q: exact(*plain(p, q)), derivative)


# KL(p || q), (B), nats: inf where p allows a structure that q forbids, 0 where p allows no structure.
kl_divergence = _on_two(_divergence_fast, _exact_divergence, _divergence_terms_fast, _divergence_term)

# The expectation under p of -log q, (B), nats: KL(p || q) plus the entropy of p.
cross_entropy = _on_two(
    _cross_entropy_fast, _exact_cross_entropy, _cross_entropy_terms_fast, _cross_entropy_term
)
