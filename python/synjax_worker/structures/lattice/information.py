"""Entropy and divergence of paths, by the chain rule over the choices of a walk from the end: sums of local terms, each
>= 0, weighted by how likely the walk is to come there. No two large numbers are ever subtracted.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import information, numeric
from ...numerics.guard import recompute_where
from .lattice import Bounds, Choices, Moves
from .marginals import visited


def _expected(local: Choices, cells: Array) -> Array:
    """(B): the expected sum of what the choices of a walk bring, each given as its part of a mean."""
    return jnp.sum(jnp.sum(local.moves, 1) * cells[1:], (0, 2)) + jnp.sum(local.last, -1)


def entropy(chosen: Choices, cells: Array) -> Array:
    """(B), nats, of probabilities; 0 where there is no path. `cells` is the probability of visiting each."""
    return _expected(jax.tree.map(lambda x: -numeric.x_log_x(x), chosen), cells)


def kl_divergence(moves: Moves, bounds: Bounds, logs_p: Choices, logs_q: Choices, cells: Array) -> Array:
    """KL(p || q) of two distributions over the paths of the same items, (B), nats; +inf where p allows a path that q
    does not, 0 where p allows none. `cells` is the probability under p of visiting each.
    """
    total = _expected(jax.tree.map(information.divergence, logs_p, logs_q), cells)
    return jnp.where(_escapes(moves, bounds, logs_p, logs_q), jnp.inf, total)


def _escapes(moves: Moves, bounds: Bounds, logs_p: Choices, logs_q: Choices) -> Array:
    """(B): whether p allows a path that q does not. Asked of what is allowed, however unlikely."""
    allowed = lambda logs: jax.tree.map(lambda x: lax.stop_gradient(x) > -jnp.inf, logs)
    of_p, of_q = allowed(logs_p), allowed(logs_q)
    alone = jax.tree.map(lambda a, b: a & ~b, of_p, of_q)
    some = jnp.any(alone.moves, (0, 1, 3)) | jnp.any(alone.last, 1)

    def reached(of_p: Choices, alone: Choices, bounds: Bounds) -> Array:
        cells = visited(moves, of_p, bounds)
        return jnp.any(jnp.any(alone.moves, 1) & cells[1:], (0, 2)) | jnp.any(alone.last, 1)

    return recompute_where(some, reached, (of_p, alone, bounds), some)
