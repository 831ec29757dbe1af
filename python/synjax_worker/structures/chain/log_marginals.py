"""Logarithms of the marginals of edges, finite where the marginals underflow."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, scaled
from ...numerics.guard import drop_forbidden, recompute_where
from ...numerics.scaled import Scaled
from ..structure import Query
from .conditionals import log_or_zero
from .exact import exact_forward
from .potentials import Potentials, transition_logs
from .underflow import LEAST_WEIGHT, least_weight, states_above, states_before_above


@jax.custom_jvp
def log_edge_marginals(potentials: Potentials, lengths: Array, messages: Any) -> tuple[Array, Array]:
    """Logs of the marginals of the first state (B t) and of every edge (B n-1 t t), right at any size."""
    value, certified = _log_edge_marginals_fast(Query(potentials, lengths, messages))
    return recompute_where(~certified, _exact_log_edge_marginals, (potentials, lengths), value)


@log_edge_marginals.defjvp
def _log_edge_marginals_derivative(primals, tangents):
    potentials, lengths, _ = primals
    direction = drop_forbidden(potentials, tangents[0])
    exact = lambda potentials: _exact_log_edge_marginals(potentials, lengths)
    return log_edge_marginals(*primals), jax.jvp(exact, (potentials,), (direction,))[1]


def _log_edge_marginals_fast(query: Query) -> tuple[tuple[Array, Array], Array]:
    """Sums of the logs of the factors of each marginal, and whether all factors are in the float range, (B)."""
    potentials, lengths, messages = query
    given = messages.conditionals(potentials, lengths)
    valid = numeric.positions(potentials.positions) < lengths[:, None]
    weights = given.edges()
    certified = messages.certified & (least_weight(jnp.where(weights == 0, 1, weights)) > LEAST_WEIGHT)
    certified &= states_above(query, given.states, _LEAST_SEEN) & states_before_above(
        query, given, _LEAST_SEEN
    )
    inside = valid[:, 1:, None]
    before = jnp.where(inside, numeric.safe_log(given.before), -jnp.inf)
    after = jnp.where(inside, numeric.safe_log(given.states[:, 1:]) - log_or_zero(given.sums), -jnp.inf)
    before, after = numeric.materialize((before, after))
    edges = transition_logs(potentials, lengths) + before[..., None] + after[..., None, :]
    return (jnp.where(valid[:, :1], numeric.safe_log(given.states[:, 0]), -jnp.inf), edges), certified


# Smaller sums have a large relative error, because some of their terms may have been flushed to 0.
_LEAST_SEEN = 1e-20


def _exact_log_edge_marginals(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    messages, prepared = exact_forward(potentials, lengths)
    valid, start, transition, emission = prepared
    time_varying = potentials.time_varying
    possible = jnp.any(messages.last.mantissa > 0, -1)
    shared = None if time_varying else scaled.from_log(transition)

    def step(later, inputs):
        factor, live, logs = inputs
        if factor is not None:
            later_with = Scaled(later.mantissa * factor.mantissa, later.exponent + factor.exponent)
        else:
            later_with = later
        edges = scaled.from_log(logs) if time_varying else shared
        exponents = edges.exponent + later_with.exponent[:, None]
        scale = jnp.max(exponents, -1)
        shares = scaled.power_of_two(exponents - scale[..., None], start.dtype)
        moved = scaled.renormalize(jnp.sum(edges.mantissa * later_with.mantissa[:, None] * shares, -1), scale)
        moved = Scaled(moved.mantissa, jnp.maximum(moved.exponent - _top(moved), scaled.ZERO_EXPONENT))
        moved = jax.tree.map(lambda a, b: jnp.where(live[:, None], a, b), moved, later)
        return moved, later_with

    factors = None if emission is None else jax.tree.map(lambda x: x[1:], scaled.from_log(emission))
    ones = Scaled(jnp.ones_like(start), jnp.zeros(start.shape, jnp.int32))
    inputs = (factors, valid[1:], transition if time_varying else None)
    first_later, later = lax.scan(step, ones, inputs, reverse=True)

    before = jax.tree.map(lambda x: x[:-1, :, :, None], messages.filtered)
    exponent, rest = scaled.reduce_log(transition)
    mantissas = before.mantissa * later.mantissa[:, :, None]
    exponents = before.exponent + exponent + later.exponent[:, :, None]
    exponents = exponents - jnp.max(exponents, (-1, -2), keepdims=True)
    forbidden = jnp.isneginf(transition) | ~valid[1:, :, None, None] | ~possible[:, None, None]
    logs = jnp.where(forbidden, -jnp.inf, scaled.to_log(Scaled(mantissas, exponents)) + rest)
    flat = numeric.log_normalize(lax.collapse(logs, 2)).reshape(logs.shape)

    first = jax.tree.map(lambda x: x[0], messages.filtered)
    product = Scaled(first.mantissa * first_later.mantissa, first.exponent + first_later.exponent)
    product = Scaled(product.mantissa, product.exponent - _top(product))
    start_logs = numeric.log_normalize(scaled.to_log(product))
    start_logs = jnp.where(valid[0, :, None] & possible[:, None], start_logs, -jnp.inf)
    return start_logs, jnp.moveaxis(flat, 0, 1)


def _top(number: Scaled) -> Array:
    top = jnp.max(number.exponent, -1, keepdims=True)
    return jnp.where(top > scaled.ZERO_EXPONENT, top, 0)
