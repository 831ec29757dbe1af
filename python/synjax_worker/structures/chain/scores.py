"""Scores of events by time-varying potentials."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.guard import guarded_by_itself, instantiated
from ...numerics.numeric import HIGHEST
from .potentials import ignored_rows


def _exact_edge_scores(event: Array, transition: Array, valid: Array) -> Array:
    counts = valid[..., None, None] & ~ignored_rows(*transition.shape[-3:-1])
    clean = jnp.where(counts, transition, 0)
    return jnp.sum(numeric.masked_product(jnp.where(counts, event, 0), clean), (-1, -2))


def _edge_scores_fast(event: Array, transition: Array, valid: Array) -> tuple[Array, Array]:
    """By plain sums of products. If one is not finite, it met -inf or garbage times 0."""
    terms = jnp.einsum("...nac,...nac->...n", event, transition, precision=HIGHEST)
    first = jnp.einsum("...c,...c->...", event[..., 0, 0, :], transition[..., 0, 0, :], precision=HIGHEST)
    terms = jnp.where(valid, terms.at[..., 0].set(first), 0)
    return terms, jnp.all(jnp.isfinite(terms))


def _derivative(query: Callable, primals: tuple, tangents: tuple, optimistic: bool) -> tuple:
    event, transition, valid = primals
    exact = lambda event, transition: _exact_edge_scores(event, transition, valid)
    return query(*primals), jax.jvp(exact, (event, transition), instantiated(tangents[:2]))[1]


# What each edge adds to the scores of events (... B n t t), given (B n t t) and (B n): (... B n).
edge_scores = guarded_by_itself(_edge_scores_fast, _exact_edge_scores, _derivative)
