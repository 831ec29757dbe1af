"""Entropy and divergence of matchings, as sums of terms relative to the best matching of each.

Nothing large is subtracted, whatever the potentials are: both are right to some eps of the number of matchings' log,
and relative to themselves where they are larger.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..structure import Query
from .marginals import log_sum, parts, sums, visited
from .potentials import Lengths, Potentials
from .reduction import Reduced
from .subsets import Weights


def _expected(chosen: Weights, cells: Array, free: Array) -> Array:
    """(B): the mean of a sum of terms of cells (B short long) and free columns (B long)."""
    of_cells = numeric.masked_product(jnp.moveaxis(chosen.cells, 0, 2), cells)
    of_free = numeric.masked_product(chosen.free.T, free)
    return jnp.sum(of_cells, (1, 2)) + jnp.sum(of_free, 1)


def entropy(potentials: Potentials, lengths: Lengths, best: Reduced) -> Array:
    """(B), nats: the log of the sum, which is at least 0, and what is lost against the best on average."""
    scores = sums(potentials, lengths, best).scores
    lost = -_expected(parts(potentials, lengths, best), scores.cells, scores.free)
    return _at_least_0(jnp.where(best.feasible, log_sum(potentials, lengths, best) + lost, 0))


def _at_least_0(x: Array) -> Array:
    """What rounding leaves below 0 is 0, with the derivative of x."""
    return x - lax.stop_gradient(jnp.minimum(x, 0))


def kl_divergence(p: Query, q: Query) -> Array:
    """KL(p || q), (B), nats; +inf where p allows a matching that q does not, 0 where p allows none."""
    of_p, of_q = sums(*p).scores, sums(*q).scores
    escapes = _escapes(p, q)

    def less(x: Array, y: Array) -> Array:
        both = (x > -jnp.inf) & (y > -jnp.inf)
        return jnp.where(both, jnp.where(both, x, 0) - jnp.where(both, y, 0), 0)

    mean = _expected(parts(*p), less(of_p.cells, of_q.cells), less(of_p.free, of_q.free))
    comparable = p.messages.feasible & ~escapes
    value = _at_least_0(jnp.where(comparable, mean + (log_sum(*q) - log_sum(*p)), 0))
    return jnp.where(escapes, jnp.inf, value)


def _escapes(p: Query, q: Query) -> Array:
    """(B): whether p allows a matching that q does not. Asked of what is allowed, however unlikely."""
    alone = ~jnp.isneginf(p.potentials.log_potentials) & jnp.isneginf(q.potentials.log_potentials)
    some = jnp.any(visited(p.potentials, p.lengths) & alone, (1, 2))
    unlike = jnp.stack([p.lengths[name] != q.lengths[name] for name in p.lengths]).any(0)
    return p.messages.feasible & (some | unlike)


def cross_entropy(p: Query, q: Query) -> Array:
    """The same and the entropy of p."""
    return entropy(*p) + kl_divergence(p, q)
