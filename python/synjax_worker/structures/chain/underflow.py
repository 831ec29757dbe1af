"""Checks that the fast pass lost nothing that logarithms would show: weights that underflowed to 0, or nearly."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ..structure import Query
from .conditionals import Conditionals

# The weight of an edge is clamped at about 1e-37 (`FloatRange.floor`). Above this, it was not clamped.
LEAST_WEIGHT = 1e-34


def least_weight(edges: Array) -> Array:
    """The smallest weight of all edges, (B) or (1). Reduced along one axis first, which XLA vectorises."""
    return jnp.min(jnp.min(edges, -2), (-1, -2))


def states_above(query: Query, weights: Array, least: float) -> Array:
    """Whether all weights of states (B m t) of the first m positions are above `least`, (B).

    Positions beyond the lengths do not count, nor does the first of time-varying chains, which is always in state 0.
    """
    valid = numeric.positions(weights.shape[1]) < query.lengths[:, None]
    first = 1 if query.potentials.time_varying else 0
    return jnp.all((above(weights, least) | ~valid[..., None])[:, first:], (1, 2))


def above(weights: Array, least: float) -> Array:
    """Whether weights are above `least` and not denormal: some devices take denormal floats for 0."""
    return weights > max(least, float(jnp.finfo(weights.dtype).tiny))


def states_before_above(query: Query, given: Conditionals, least: float) -> Array:
    """`states_above` of the states that edges start from."""
    return states_above(query._replace(lengths=query.lengths - 1), given.before, least)
