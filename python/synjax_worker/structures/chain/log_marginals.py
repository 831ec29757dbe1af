"""Logarithms of the marginals of edges, finite where the marginals underflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import drop_forbidden, guarded_by_itself, instantiated
from ...numerics.wide_log import WideLog
from ..structure import Query
from .conditionals import log_or_zero
from .exact import after, before, exact_forward
from .potentials import Potentials, transition_logs
from .underflow import LEAST_WEIGHT, least_weight, states_above, states_before_above


def _log_edge_marginals_fast(
    potentials: Potentials, lengths: Array, messages: Any
) -> tuple[tuple[Array, Array], Array]:
    """Sums of the logs of the factors of each marginal, and whether all factors are in the float range, (B)."""
    query = Query(potentials, lengths, messages)
    given = messages.conditionals(potentials, lengths)
    valid = numeric.positions(potentials.positions) < lengths[:, None]
    weights = given.edges()
    certified = messages.certified & (least_weight(jnp.where(weights == 0, 1, weights)) > LEAST_WEIGHT)
    certified &= states_above(query, given.states, _LEAST_SEEN) & states_before_above(
        query, given, _LEAST_SEEN
    )
    inside = valid[:, 1:, None]
    leaving = jnp.where(inside, numeric.safe_log(given.before), -jnp.inf)
    entering = jnp.where(inside, numeric.safe_log(given.states[:, 1:]) - log_or_zero(given.sums), -jnp.inf)
    leaving, entering = numeric.materialize((leaving, entering))
    edges = transition_logs(potentials, lengths) + leaving[..., None] + entering[..., None, :]
    return (jnp.where(valid[:, :1], numeric.safe_log(given.states[:, 0]), -jnp.inf), edges), certified


# Smaller sums have a large relative error, because some of their terms may have been flushed to 0.
_LEAST_SEEN = 1e-20


def _exact_log_edge_marginals(
    potentials: Potentials, lengths: Array, messages: Any = None
) -> tuple[Array, Array]:
    messages, prepared = exact_forward(potentials, lengths)
    valid, start, transition, emission = prepared
    time_varying = potentials.time_varying
    possible = jnp.any(messages.last.high > -jnp.inf, -1)

    def step(later: WideLog, inputs):
        emitted, live, logs = inputs
        entered = later if emitted is None else later.times(WideLog.from_log(emitted))
        moved = after(entered).total(-1, logs if time_varying else transition)
        moved = moved.less(numeric.shift_of(moved.high, -1, keepdims=True))
        return jax.tree.map(lambda a, b: jnp.where(live[:, None], a, b), moved, later), entered

    ones = WideLog(jnp.zeros_like(start), jnp.zeros_like(start))
    emissions = None if emission is None else emission[1:]
    inputs = (emissions, valid[1:], transition if time_varying else None)
    first_later, later = lax.scan(step, ones, inputs, reverse=True)

    filtered = jax.tree.map(lambda x: x[:-1], messages.filtered)
    edges = before(filtered).times(after(later)).times(WideLog.from_log(transition))
    whole = jax.tree.map(lambda x: x[..., None, None], edges.total((-1, -2)))
    logs = jnp.where(valid[1:, :, None, None] & possible[:, None, None], edges.ratio(whole), -jnp.inf)

    first = jax.tree.map(lambda x: x[0], messages.filtered).times(first_later)
    first = first.ratio(jax.tree.map(lambda x: x[:, None], first.total(-1)))
    first = jnp.where(valid[0, :, None] & possible[:, None], first, -jnp.inf)
    return first, jnp.moveaxis(logs, 0, 1)


def _derivative(query: Callable, primals: tuple, tangents: tuple, optimistic: bool) -> tuple:
    potentials, lengths, _ = primals
    direction = drop_forbidden(potentials, instantiated(tangents[0]))
    exact = lambda x: _exact_log_edge_marginals(x, lengths)
    return query(*primals), jax.jvp(exact, (potentials,), (direction,))[1]


# Logs of the marginals of the first state (B t) and of every edge (B n-1 t t), right at any size.
log_edge_marginals = guarded_by_itself(_log_edge_marginals_fast, _exact_log_edge_marginals, _derivative)
