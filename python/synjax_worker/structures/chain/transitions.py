"""One step of a pass: a message times the weights of the edges between two positions."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.numeric import HIGHEST


def weights_at(weights: Array, edge: Array) -> Array:
    """The weights of one edge, (t t) or (B t t). Chains that are not time-varying have the same at every edge."""
    return lax.dynamic_index_in_dim(weights, edge, 1, keepdims=False) if weights.ndim == 4 else weights


def apply_transition(message: Array, weights: Array) -> Array:
    """(B t) times (t u) or (B t u): (B u)."""
    if weights.ndim == 2:
        return jnp.matmul(message, weights, precision=HIGHEST)
    return jnp.einsum("bt,btu->bu", message, weights, precision=HIGHEST)


def transposed(weights: Array) -> Array:
    return jnp.swapaxes(weights, -1, -2)


def reverse_transition(weights: Array) -> Callable[[Array, Array], Array]:
    """A function of (message, edge) that applies the transposed weights of the edge.

    Weights that all edges share are transposed once in memory: a product that transposes as it goes is slower.
    """
    if weights.ndim == 4:
        return lambda message, edge: apply_transition(message, transposed(weights_at(weights, edge)))
    turned = numeric.materialize(transposed(weights))
    return lambda message, edge: apply_transition(message, turned)
