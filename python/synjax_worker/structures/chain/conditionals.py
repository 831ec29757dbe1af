"""The probability of each state a given the next state b, P(a | b): entropies and divergences are sums over them."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from .exact import conditional_logs, exact_backward, exact_forward, last_logs
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

    def by_edge(self) -> tuple[Array, Array]:
        """What each edge has of its own, beside weights: (B n-1 t)."""
        return self.before, self.sums

    def of_edges(self, before: Array, sums: Array) -> Conditionals:
        """Those of some edges. Of weights that all edges share."""
        return self._replace(before=before, sums=sums)

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
    filtered = jax.tree.map(lambda x: x[:-1], messages.filtered)
    log_table = batch_first(conditional_logs(filtered, transition, messages.predecessors))
    log_last = numeric.log_normalize(last_logs(messages))
    return ExactConditionals(
        jnp.exp(log_table), log_table, batch_first(states), numeric.normalize(jnp.exp(log_last)), log_last
    )


def log_or_zero(x: Array) -> Array:
    """log x, and 0 where x is 0."""
    return jnp.log(jnp.where(x > 0, x, 1))
