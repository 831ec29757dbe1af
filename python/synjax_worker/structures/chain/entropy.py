"""Entropy, divergence and log-marginals of chains.

Entropy and divergence follow the chain rule over the conditionals of a state given its successor: a sum of local terms,
each >= 0, weighted by the marginals of the states. No two large numbers are ever subtracted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, scaled
from ...numerics.guard import certified_or_exact, drop_forbidden, guarded, run_if
from ...numerics.numeric import HIGHEST
from ...numerics.scaled import Scaled
from ..structure import Query
from .passes import (
    Conditionals,
    Marginals,
    Potentials,
    backwards_through,
    batch_first,
    contract,
    exact_backward,
    exact_forward,
    through,
    time_first,
    transition_logs,
    transposed,
    weights_at,
)

# --------------------------------------------------------------------------------------------------------- entropy


def _entropy_fast(potentials: Potentials, lengths: Array, messages) -> Array:
    conditionals = messages.conditionals(potentials, lengths)
    local = jnp.sum(_weighted_surprise(conditionals.table()), -2)
    last = _weighted_surprise(numeric.normalize(conditionals.last))
    return jnp.sum(conditionals.states[:, 1:] * local, (1, 2)) + jnp.sum(last, -1)


def _weighted_surprise(prob: Array) -> Array:
    """-p log p, for values alone: its derivative at 0 is not 0. Without the selects of `x_log_x` it vectorises."""
    return -prob * jnp.log(jnp.maximum(prob, jnp.finfo(prob.dtype).tiny))


def _exact_entropy(potentials: Potentials, lengths: Array) -> Array:
    exact = _exact_conditionals(potentials, lengths)
    local = -jnp.sum(numeric.x_log_x(exact.table), -2)
    return jnp.sum(exact.states[:, 1:] * local, (1, 2)) - jnp.sum(numeric.x_log_x(exact.last), -1)


@jax.custom_jvp
def entropy(potentials: Potentials, lengths: Array, messages) -> Array:
    """(B), nats; 0 where there is no structure."""
    return certified_or_exact(_entropy_fast, _exact_entropy)(potentials, lengths, messages)


@entropy.defjvp
def _entropy_derivative(primals, tangents):
    tangent = drop_forbidden(primals[0], tangents[0])
    return entropy(*primals), contract(_entropy_gradient(*primals), tangent)


def _entropy_gradient_fast(potentials: Potentials, lengths: Array, messages) -> Marginals:
    """The derivative by an edge is its marginal times how much longer than the entropy is the expected -log-probability
    of the structures that use it: of what stands before the edge, at it and after it, each less its own mean.
    """
    given = messages.conditionals(potentials, lengths)
    live = jnp.arange(1, potentials.nodes) < lengths[:, None]
    surprise = numeric.once(_weighted_surprise(given.table()))
    inverse = numeric.once(numeric.reciprocal(given.sums))
    last = numeric.normalize(given.last)
    expected = surprise * given.states[:, 1:, None, :]
    of_edges_from = jnp.sum(expected, -1)
    mean = lambda weighted: jnp.sum(weighted, -1, keepdims=True)

    def forward(before, inputs):  # entropy of the prefixes that end in a state
        weight, local, inverse, state, live, index = inputs
        moved = local + through(weight * before, weights_at(given.weights, index)) * inverse
        moved = moved - mean(state * moved)
        return jnp.where(live[:, None], moved, before), before

    back = backwards_through(given.weights)

    def backward(after, inputs):  # a state's marginal times the surprise of what follows it
        weight, local, inverse, state, live, index = inputs
        ratio = after * inverse
        moved = local + weight * back(ratio, index)
        moved = moved - state * mean(moved)
        return jnp.where(live[:, None], moved, after), (after, jnp.where(live[:, None], ratio, 0))

    steps = jnp.arange(potentials.nodes - 1)
    local, local_from, states = (
        time_first(jnp.sum(surprise, -2)),
        time_first(of_edges_from),
        time_first(given.states),
    )
    weight, inverse_first, live_first = (time_first(x) for x in (given.before, inverse, live))
    ending = _weighted_surprise(last)
    forwards = (weight, local, inverse_first, states[1:], live_first, steps)
    prefix, prefixes = lax.scan(forward, jnp.zeros_like(last), forwards)
    backwards = (weight, local_from, inverse_first, states[:-1], live_first, steps)
    start = ending - last * mean(ending)
    suffix, (suffixes, ratios) = lax.scan(backward, start, backwards, reverse=True)

    before = given.before * (batch_first(prefixes) - mean(of_edges_from))
    after = given.states[:, 1:] * inverse
    before, after, ratios = numeric.once((before, after, batch_first(ratios)))
    first = jnp.where((lengths > 0)[:, None], suffix, 0)
    if potentials.per_step:
        edges = given.weights * (
            before[..., None] * after[..., None, :] + given.before[..., None] * ratios[..., None, :]
        )
        return Marginals(first, jnp.where(live[..., None, None], edges + expected, 0), None)
    pairs = lambda a, b: jnp.einsum("bna,bnc->bac", a, b, precision=HIGHEST)
    edges = given.weights * (pairs(before, after) + pairs(given.before, ratios)) + jnp.sum(expected, 1)
    nodes = batch_first(jnp.concatenate([prefixes, prefix[None]]))[:, 1:]
    nodes = jnp.where(live[..., None], given.states[:, 1:] * nodes + batch_first(suffixes), 0)
    return Marginals(first, edges, jnp.concatenate([first[:, None], nodes], 1))


def _exact_entropy_gradient(potentials: Potentials, lengths: Array) -> Marginals:
    """The same by P(a | b) of every step."""
    exact = _exact_conditionals(potentials, lengths)
    live = jnp.arange(1, potentials.nodes) < lengths[:, None]
    surprise = -numeric.x_log_x(exact.table)
    expected = surprise * exact.states[:, 1:, None, :]
    of_edges_from = jnp.sum(expected, -1)
    mean = lambda weighted: jnp.sum(weighted, -1, keepdims=True)

    def forward(before, inputs):
        table, local, state, live = inputs
        moved = local + through(before, table)
        moved = moved - mean(state * moved)
        return jnp.where(live[:, None], moved, before), before

    def backward(after, inputs):
        table, local, state, live = inputs
        moved = local + through(after, transposed(table))
        moved = moved - state * mean(moved)
        return jnp.where(live[:, None], moved, after), after

    local, local_from, states = (time_first(x) for x in (jnp.sum(surprise, -2), of_edges_from, exact.states))
    table, live_first = time_first(exact.table), time_first(live)
    ending = -numeric.x_log_x(exact.last)
    start = jnp.zeros_like(exact.last)
    prefix, prefixes = lax.scan(forward, start, (table, local, states[1:], live_first))
    start = ending - exact.last * mean(ending)
    suffix, suffixes = lax.scan(backward, start, (table, local_from, states[:-1], live_first), reverse=True)

    after, later = batch_first(suffixes), exact.states[:, 1:]
    before = batch_first(prefixes) - mean(of_edges_from)
    first = jnp.where((lengths > 0)[:, None], suffix, 0)
    edges = exact.table * (before[..., None] * later[..., None, :] + after[..., None, :]) + expected
    edges = jnp.where(live[..., None, None], edges, 0)
    if potentials.per_step:
        return Marginals(first, edges, None)
    nodes = batch_first(jnp.concatenate([prefixes, prefix[None]]))[:, 1:]
    nodes = jnp.where(live[..., None], later * nodes + after, 0)
    return Marginals(first, jnp.sum(edges, 1), jnp.concatenate([first[:, None], nodes], 1))


_entropy_gradient = guarded(_entropy_gradient_fast, _exact_entropy_gradient)


# ------------------------------------------------------------------------------------------------------ divergence


class _Exact(NamedTuple):
    table: Array  # (B n-1 t t): P(a | b)
    log_table: (
        Array  # (B n-1 t t): its logarithm, right where `table` underflows; -inf where the edge is forbidden
    )
    states: Array  # (B n t)
    last: Array  # (B t)
    log_last: Array  # (B t)
    allowed: Array  # (B n t): whether any path enters a state


def _exact_conditionals(potentials: Potentials, lengths: Array) -> _Exact:
    messages, prepared = exact_forward(potentials, lengths)
    states, _ = exact_backward(messages, prepared, every_step=False)
    transition = prepared.transition if potentials.per_step else potentials.transition
    edge_exponent, edge_rest = scaled.reduce_log(transition)
    edges = Scaled(jnp.where(jnp.isneginf(transition), 0, jnp.exp(edge_rest)), edge_exponent)
    before = jax.tree.map(lambda x: x[:-1, :, :, None], messages.filtered)
    exponents = before.exponent + edges.exponent - messages.scale[..., None, :]
    mantissas = before.mantissa * edges.mantissa
    inverse = numeric.reciprocal(messages.predecessors)[..., None, :]
    table = mantissas * scaled.power_of_two(exponents, mantissas.dtype) * inverse

    possible = mantissas > 0
    upper, lower, rest = scaled.exponents_times_ln2(jnp.where(possible, exponents, 0), mantissas.dtype)
    logs = edge_rest + _log_or_zero(before.mantissa) - _log_or_zero(messages.predecessors)[..., None, :]
    log_table = jnp.where(possible, upper + (lower + (rest + logs)), -jnp.inf)

    last = numeric.normalize(scaled.to_shared_scale(messages.last))
    log_last = numeric.log_normalize(scaled.to_log(messages.last))
    time_first = table, log_table, states, messages.filtered.mantissa > 0
    table, log_table, states, allowed = (jnp.moveaxis(x, 0, 1) for x in time_first)
    return _Exact(table, log_table, states, last, log_last, allowed)


def _log_or_zero(x: Array) -> Array:
    return jnp.log(jnp.where(x > 0, x, 1))


class _Pair(NamedTuple):
    """What the fast pass knows of both distributions. Logs and weights are of the edges, shaped as tables."""

    p: Conditionals
    q: Conditionals
    logs_p: Array
    logs_q: Array
    allowed: Array  # whether an edge is allowed, by both
    certified: Array  # (B)


def _pair(p: Query, q: Query) -> _Pair:
    """Certified where both passes are, and where both distributions allow the same edges and every state, so that
    nothing hides below the float range.
    """
    of_p, of_q = (each.messages.conditionals(each.potentials, each.lengths) for each in (p, q))
    logs_p, logs_q = (transition_logs(each.potentials, each.lengths) for each in (p, q))
    weights_p, weights_q = of_p.edges(), of_q.edges()
    certified = p.messages.certified & q.messages.certified & (p.lengths == q.lengths)
    of_both = jnp.where(weights_p > 0, jnp.minimum(weights_p, weights_q), weights_p == weights_q)
    certified &= _least(of_both) > _LEAST_WEIGHT
    for query, given in ((p, of_p), (q, of_q)):
        certified &= _seen_before(query, given, 0)
        certified &= jnp.all(_visible(numeric.normalize(given.last), 0), -1)
    return _Pair(of_p, of_q, logs_p, logs_q, weights_p > 0, certified)


# Finite potentials do not make smaller weights than about 1e-37: what is larger is what the potential says.
_LEAST_WEIGHT = 1e-34


def _least(edges: Array) -> Array:
    """(B) or (1): the smallest of all edges. Along one axis first, which vectorises."""
    return jnp.min(jnp.min(edges, -2), (-1, -2))


def _seen(query: Query, weights: Array, least: float) -> Array:
    """(B): whether the weights of the states of the first nodes (B m t) are above `least`, but for those of a node that
    is always in state 0 and beyond the lengths.
    """
    valid = jnp.arange(weights.shape[1]) < query.lengths[:, None]
    first = 1 if query.potentials.per_step else 0
    return jnp.all((_visible(weights, least) | ~valid[..., None])[:, first:], (1, 2))


def _visible(weights: Array, least: float) -> Array:
    """Whether they are above `least` and no denormals, which some devices take for 0."""
    return weights > max(least, float(jnp.finfo(weights.dtype).tiny))


def _seen_before(query: Query, given: Conditionals, least: float) -> Array:
    """The same of the states that some step starts from."""
    return _seen(query._replace(lengths=query.lengths - 1), given.before, least)


def _divergence_fast(p: Query, q: Query) -> tuple[Array, Array]:
    pair = _pair(p, q)
    of_p, of_q = pair.p, pair.q
    ahead = numeric.once(_log_or_zero(of_q.before) - _log_or_zero(of_p.before))
    behind = numeric.once(_log_or_zero(of_q.sums) - _log_or_zero(of_p.sums))
    local = jnp.where(pair.allowed, pair.logs_q - pair.logs_p, 0)
    terms = _terms(of_p.table(), of_q.table(), local + ahead[..., None] - behind[..., None, :])
    total = jnp.sum(of_p.states[:, 1:] * jnp.sum(terms, -2), (1, 2))
    last_p, last_q = numeric.normalize(of_p.last), numeric.normalize(of_q.last)
    last = _terms(last_p, last_q, _log_or_zero(last_q) - _log_or_zero(last_p))
    return total + jnp.sum(last, -1), pair.certified


def _terms(prob: Array, other: Array, log_ratio: Array) -> Array:
    """As `_divergence_terms`, from probabilities in float range and log(other / prob): without exp or log."""
    near = jnp.abs(log_ratio) < 0.5
    orders = 10 if prob.dtype == jnp.float32 else 16
    series = jnp.full_like(log_ratio, 1 / math.factorial(orders))
    for order in range(orders - 1, 1, -1):  # (e**x - 1 - x) / x**2
        series = series * log_ratio + 1 / math.factorial(order)
    return jnp.where(near, prob * (log_ratio * log_ratio) * series, other - prob - prob * log_ratio)


def _cross_entropy_fast(p: Query, q: Query) -> tuple[Array, Array]:
    """The expected -log of q's conditionals: of what is likely, by 1 less it; of the others, by its potentials."""
    pair = _pair(p, q)
    of_p, of_q = pair.p, pair.q
    ahead, behind = numeric.once((_log_or_zero(of_q.before), _log_or_zero(of_q.sums)))
    local = jnp.where(pair.allowed, pair.logs_q, 0)
    surprise = _surprise(of_q.table(), behind[..., None, :] - ahead[..., None] - local)
    total = jnp.sum(of_p.states[:, 1:] * jnp.sum(of_p.table() * surprise, -2), (1, 2))
    last_p, last_q = numeric.normalize(of_p.last), numeric.normalize(of_q.last)
    return total + jnp.sum(last_p * _surprise(last_q, -_log_or_zero(last_q)), -1), pair.certified


def _surprise(prob: Array, by_potentials: Array) -> Array:
    """-log of a probability. `by_potentials` is right to an eps of its parts, which is too little near 0."""
    likely = jnp.where(prob > 0.5, jnp.minimum(prob, 1), 1)
    ratio = (1 - likely) / (1 + likely)
    square = ratio * ratio
    orders = 15 if prob.dtype == jnp.float32 else 35
    series = jnp.full_like(square, 1 / orders)
    for order in range(orders - 2, 0, -2):  # artanh
        series = series * square + 1 / order
    return jnp.where(prob > 0.5, 2 * ratio * series, by_potentials)


def _exact_divergence(p: Potentials, q: Potentials, lengths: Array, lengths_q: Array) -> Array:
    exact_p, exact_q = _exact_conditionals(p, lengths), _exact_conditionals(q, lengths_q)
    local = jnp.sum(_divergence_terms(exact_p.table, exact_p.log_table, exact_q.log_table), -2)
    total = jnp.sum(exact_p.states[:, 1:] * local, (1, 2))
    total += jnp.sum(_divergence_terms(exact_p.last, exact_p.log_last, exact_q.log_last), -1)
    return jnp.where(_escapes(p, lengths, exact_p, exact_q) | (lengths != lengths_q), jnp.inf, total)


def _divergence_terms(prob: Array, log_prob: Array, log_other: Array) -> Array:
    """p log(p / q) - p + q, which is >= 0 and adds up to the divergence of two distributions; 0 where q is 0."""
    comparable = (prob > 0) & (log_other > -jnp.inf)
    ratio = jnp.where(comparable, log_other, 0) - jnp.where(comparable, log_prob, 0)
    near = jnp.abs(ratio) < 0.05
    small = jnp.where(near, ratio, 0)
    series = small * small * (1 / 2 + small * (1 / 6 + small * (1 / 24 + small / 120)))
    below = jnp.where(near | (ratio > 1), 0, ratio)
    other = jnp.exp(jnp.where(log_other > -jnp.inf, log_other, -jnp.inf))
    far = jnp.where(ratio > 1, other - prob - prob * ratio, prob * (jnp.expm1(below) - below))
    return jnp.where(comparable, jnp.where(near, prob * series, far), other)


def _escapes(p: Potentials, lengths: Array, exact_p: _Exact, exact_q: _Exact) -> Array:
    """(B): whether some structure of p is none of q. Asked of the supports: a probability may be too small to see."""
    edges = ~jnp.isneginf(exact_p.log_table)
    valid = jnp.arange(exact_p.states.shape[1]) < lengths[:, None]
    ends = ~jnp.isneginf(exact_p.log_last)

    def step(useful, inputs):
        edges, live = inputs
        before = jnp.any(edges & useful[:, None], -1)
        return jnp.where(live[:, None], before, useful), useful

    time_first = jnp.moveaxis(edges, 1, 0), valid[:, 1:].T
    _, useful = lax.scan(step, ends, time_first, reverse=True)
    used = edges & jnp.moveaxis(useful, 0, 1)[..., None, :] & valid[:, 1:, None, None]
    return jnp.any(used & jnp.isneginf(exact_q.log_table), (1, 2, 3)) | jnp.any(
        ends & jnp.isneginf(exact_q.log_last), -1
    )


def _exact_cross_entropy(p: Potentials, q: Potentials, lengths: Array, lengths_q: Array) -> Array:
    return _exact_entropy(p, lengths) + _exact_divergence(p, q, lengths, lengths_q)


def _on_two(fast: Callable, exact: Callable) -> Callable:
    """A query on two distributions; `fast(p, q)` also says where it may be believed, `exact` is differentiable."""

    @jax.custom_jvp
    def query(p: Query, q: Query) -> Array:
        value, certified = fast(p, q)
        return run_if(~certified, exact, (p.potentials, q.potentials, p.lengths, q.lengths), value)

    @query.defjvp
    def derivative(primals, tangents):
        p, q = primals
        potentials = p.potentials, q.potentials
        directions = drop_forbidden(potentials, tuple(tangent.potentials for tangent in tangents))
        of_potentials = lambda a, b: exact(a, b, p.lengths, q.lengths)
        return query(*primals), jax.jvp(of_potentials, potentials, directions)[1]

    return query


# KL(p || q), (B), nats; inf where p allows a structure that q does not. 0 where p allows none.
kl_divergence = _on_two(_divergence_fast, _exact_divergence)

# The same and the entropy of p.
cross_entropy = _on_two(_cross_entropy_fast, _exact_cross_entropy)


# --------------------------------------------------------------------------------------------------- log-marginals


@jax.custom_jvp
def log_edge_marginals(potentials: Potentials, lengths: Array, messages: Any) -> tuple[Array, Array]:
    """Logs of the marginals of the first state (B t) and of the edges of every step (B n-1 t t), right at any size."""
    value, certified = _log_edge_marginals_fast(Query(potentials, lengths, messages))
    return run_if(~certified, _exact_log_edge_marginals, (potentials, lengths), value)


@log_edge_marginals.defjvp
def _log_edge_marginals_derivative(primals, tangents):
    potentials, lengths, _ = primals
    direction = drop_forbidden(potentials, tangents[0])
    exact = lambda potentials: _exact_log_edge_marginals(potentials, lengths)
    return log_edge_marginals(*primals), jax.jvp(exact, (potentials,), (direction,))[1]


def _log_edge_marginals_fast(query: Query) -> tuple[tuple[Array, Array], Array]:
    """The logs of what makes up the marginals, and whether none of it is below the float range (B)."""
    potentials, lengths, messages = query
    given = messages.conditionals(potentials, lengths)
    valid = jnp.arange(potentials.nodes) < lengths[:, None]
    weights = given.edges()
    certified = messages.certified & (_least(jnp.where(weights == 0, 1, weights)) > _LEAST_WEIGHT)
    certified &= _seen(query, given.states, _LEAST_SEEN) & _seen_before(query, given, _LEAST_SEEN)
    inside = valid[:, 1:, None]
    before = jnp.where(inside, numeric.safe_log(given.before), -jnp.inf)
    after = jnp.where(inside, numeric.safe_log(given.states[:, 1:]) - _log_or_zero(given.sums), -jnp.inf)
    before, after = numeric.once((before, after))
    edges = transition_logs(potentials, lengths) + before[..., None] + after[..., None, :]
    return (jnp.where(valid[:, :1], numeric.safe_log(given.states[:, 0]), -jnp.inf), edges), certified


# Below this, sums over what may have been flushed to 0 are right to an eps of 1, not of themselves.
_LEAST_SEEN = 1e-20


def _exact_log_edge_marginals(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    messages, prepared = exact_forward(potentials, lengths)
    valid, start, transition, emission = prepared
    per_step = potentials.per_step
    possible = jnp.any(messages.last.mantissa > 0, -1)
    shared = None if per_step else scaled.from_log(transition)

    def step(later, inputs):
        factor, live, logs = inputs
        if factor is not None:
            later_with = Scaled(later.mantissa * factor.mantissa, later.exponent + factor.exponent)
        else:
            later_with = later
        edges = scaled.from_log(logs) if per_step else shared
        exponents = edges.exponent + later_with.exponent[:, None]
        scale = jnp.max(exponents, -1)
        shares = scaled.power_of_two(exponents - scale[..., None], start.dtype)
        moved = scaled.renormalize(jnp.sum(edges.mantissa * later_with.mantissa[:, None] * shares, -1), scale)
        moved = Scaled(moved.mantissa, jnp.maximum(moved.exponent - _top(moved), scaled.ZERO_EXPONENT))
        moved = jax.tree.map(lambda a, b: jnp.where(live[:, None], a, b), moved, later)
        return moved, later_with

    factors = None if emission is None else jax.tree.map(lambda x: x[1:], scaled.from_log(emission))
    ones = Scaled(jnp.ones_like(start), jnp.zeros(start.shape, jnp.int32))
    inputs = (factors, valid[1:], transition if per_step else None)
    first_later, later = lax.scan(step, ones, inputs, reverse=True)

    before = jax.tree.map(lambda x: x[:-1, :, :, None], messages.filtered)
    exponent, rest = scaled.reduce_log(transition)
    mantissas = before.mantissa * later.mantissa[:, :, None]
    exponents = before.exponent + exponent + later.exponent[:, :, None]
    exponents = exponents - jnp.max(exponents, (-1, -2), keepdims=True)
    forbidden = jnp.isneginf(transition) | ~valid[1:, :, None, None] | ~possible[:, None, None]
    logs = jnp.where(forbidden, -jnp.inf, scaled.to_log(Scaled(mantissas, exponents)) + rest)
    flat = numeric.log_normalize(logs.reshape(*logs.shape[:2], -1)).reshape(logs.shape)

    first = jax.tree.map(lambda x: x[0], messages.filtered)
    product = Scaled(first.mantissa * first_later.mantissa, first.exponent + first_later.exponent)
    product = Scaled(product.mantissa, product.exponent - _top(product))
    start_logs = numeric.log_normalize(scaled.to_log(product))
    start_logs = jnp.where(valid[0, :, None] & possible[:, None], start_logs, -jnp.inf)
    return start_logs, jnp.moveaxis(flat, 0, 1)


def _top(number: Scaled) -> Array:
    top = jnp.max(number.exponent, -1, keepdims=True)
    return jnp.where(top > scaled.ZERO_EXPONENT, top, 0)
