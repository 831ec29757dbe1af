"""The probability of each state a given the next state b, P(a | b): entropies and divergences are sums over them."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric, scaled
from ...numerics.scaled import Scaled
from .exact import exact_backward, exact_forward
from .potentials import Potentials, batch_first


class Conditionals(NamedTuple):
    """P(a | b) = before[a] weights[a, b] / sums[b] of every edge, in plain floats, and the marginals of the states."""

    weights: Array  # (t t), (B t t) or (B n-1 t t)
    before: Array  # (B n-1 t)
    sums: Array  # (B n-1 t)
    states: Array  # (B n t): marginals, 0 beyond the lengths
    last: Array  # (B t): weights of each chain's last state

    def edges(self) -> Array:
        """`weights` with an axis of edges: (1 t t), (B 1 t t) or (B n-1 t t)."""
        return self.weights if self.weights.ndim == 4 else self.weights[..., None, :, :]

    def table(self) -> Array:
        """P(a | b), (B n-1 t t)."""
        inverse = numeric.materialize(numeric.reciprocal(self.sums))
        return self.before[..., None] * self.edges() * inverse[..., None, :]


class ExactConditionals(NamedTuple):
    """The conditionals of every edge, the marginals of the states and the distribution of the last state."""

    table: Array  # (B n-1 t t): P(a | b)
    log_table: (
        Array  # (B n-1 t t): log P(a | b), finite where `table` underflows, -inf where the edge is forbidden
    )
    states: Array  # (B n t)
    last: Array  # (B t)
    log_last: Array  # (B t)


def exact_conditionals(potentials: Potentials, lengths: Array) -> ExactConditionals:
    """The conditionals of the exact pass, differentiable to any order."""
    messages, prepared = exact_forward(potentials, lengths)
    states, _ = exact_backward(messages, prepared, each_edge=False)
    transition = prepared.transition if potentials.time_varying else potentials.transition
    edge_exponent, edge_rest = scaled.reduce_log(transition)
    edges = Scaled(jnp.where(jnp.isneginf(transition), 0, jnp.exp(edge_rest)), edge_exponent)
    before = jax.tree.map(lambda x: x[:-1, :, :, None], messages.filtered)
    exponents = before.exponent + edges.exponent - messages.scale[..., None, :]
    mantissas = before.mantissa * edges.mantissa
    inverse = numeric.reciprocal(messages.predecessors)[..., None, :]
    table = mantissas * scaled.power_of_two(exponents, mantissas.dtype) * inverse

    possible = mantissas > 0
    upper, lower, rest = scaled.exponents_times_ln2(jnp.where(possible, exponents, 0), mantissas.dtype)
    logs = edge_rest + log_or_zero(before.mantissa) - log_or_zero(messages.predecessors)[..., None, :]
    log_table = jnp.where(possible, upper + (lower + (rest + logs)), -jnp.inf)

    last = numeric.normalize(scaled.to_shared_scale(messages.last))
    log_last = numeric.log_normalize(scaled.to_log(messages.last))
    table, log_table, states = (batch_first(x) for x in (table, log_table, states))
    return ExactConditionals(table, log_table, states, last, log_last)


def log_or_zero(x: Array) -> Array:
    """log x, and 0 where x is 0."""
    return jnp.log(jnp.where(x > 0, x, 1))
