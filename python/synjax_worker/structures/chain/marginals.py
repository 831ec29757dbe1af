"""Marginals of states and edges, and filtered states, from one forward pass: fast where certified, else exact."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.guard import guarded
from .exact import exact_backward, exact_forward, exact_marginals
from .fast import Messages
from .potentials import Potentials, batch_first

# The gradient of each log-partition by its potentials, `Marginals`.
marginals = guarded(
    lambda potentials, lengths, messages: messages.marginals(potentials, lengths), exact_marginals
)


def _exact_edge_marginals(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    states, edges = exact_backward(*exact_forward(potentials, lengths), each_edge=True)
    return states[0], batch_first(edges)


# The marginals of the first state (B t) and of every edge (B n-1 t t).
edge_marginals = guarded(
    lambda potentials, lengths, messages: messages.edge_marginals(potentials, lengths), _exact_edge_marginals
)


def _filtering_fast(potentials: Potentials, lengths: Array, messages: Messages) -> Array:
    valid = numeric.positions(potentials.positions) < lengths[:, None]
    return jnp.where(valid[..., None], numeric.normalize(messages.filtered_weights(potentials, lengths)), 0)


def _exact_filtering(potentials: Potentials, lengths: Array) -> Array:
    messages, prepared = exact_forward(potentials, lengths)
    weights = numeric.normalize(jnp.exp(messages.filtered.near_top(-1)[1]))
    return batch_first(jnp.where(prepared.valid[:, :, None], weights, 0))


# The probability of each state given the emissions up to its position, (B n t); 0 beyond the lengths.
filtering = guarded(_filtering_fast, _exact_filtering)
