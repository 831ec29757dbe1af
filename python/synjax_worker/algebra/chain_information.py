"""Entropy, divergence and log-marginals of chains.

Entropy and divergence follow the chain rule over the conditionals of a state given its successor: a sum of local terms,
each >= 0, weighted by the marginals of the states. No two large numbers are ever subtracted.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from . import numeric, scaled
from .chain import Potentials, exact_backward, exact_forward
from .guard import guarded
from .scaled import Scaled

# --------------------------------------------------------------------------------------------------------- entropy


def _entropy_fast(potentials: Potentials, lengths: Array, messages) -> Array:
    conditionals = messages.conditionals(potentials, lengths)
    return _entropy_of(conditionals.table(), conditionals.states, numeric.normalize(conditionals.last))


def _entropy_of(table: Array, states: Array, last: Array) -> Array:
    """Of P(a | b) (B n-1 t t), marginals (B n t) and the last state (B t)."""
    local = -jnp.sum(numeric.x_log_x(table), -2)
    return jnp.sum(states[:, 1:] * local, (1, 2)) - jnp.sum(numeric.x_log_x(last), -1)


def _exact_entropy(potentials: Potentials, lengths: Array) -> Array:
    exact = _exact_conditionals(potentials, lengths)
    return _entropy_of(exact.table, exact.states, exact.last)


# (B), nats; 0 where there is no structure.
entropy = guarded(_entropy_fast, _exact_entropy)


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


def kl_divergence(p: Potentials, q: Potentials, lengths: Array, lengths_q: Array) -> Array:
    """KL(p || q), (B), nats; inf where p allows a structure that q does not. 0 where p allows none."""
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


# --------------------------------------------------------------------------------------------------- log-marginals


def log_edge_marginals(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    """Logs of the marginals of the first state (B t) and of the edges of every step (B n-1 t t), right at any size."""
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
