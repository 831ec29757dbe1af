"""Entropy and divergence, without large numbers at any scale of the potentials.

The probability of a tree is no product of probabilities of local choices: several trees before a node is put back may
lead to one after it. But its log is a sum of logs of weights, and what is left of such a log beside its derivative
along the scores is an entropy: 0 of an arc; of a sum, the entropy of its terms and their mean; of a product, the sum.
Added up as derivatives are, from the choices that are made, that is the entropy of trees. Divergences likewise.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from ...numerics import information
from .choices import Choices, Visits, expected


def _sides(gaps: Array) -> tuple[Array, Array]:
    """Logs of the probabilities of the way through a node, and of the arc."""
    less = jnp.log1p(jnp.exp(-jnp.abs(gaps)))
    return jnp.minimum(gaps, 0) - less, jnp.minimum(-gaps, 0) - less


def entropy(p: Choices, made: Visits) -> Array:
    """(B), nats, at least 0."""
    of_heads = jnp.sum(information.surprise(p.heads), 2)
    value = expected(made, of_heads, sum(map(information.surprise, _sides(p.gaps))))
    return jnp.where(value > 0, value, 0)


def divergence(p: Choices, q: Choices, made: Visits) -> Array:
    """KL(p || q), (B), nats, at least 0; of q that allows the same arcs."""
    of_heads = jnp.sum(information.divergence(p.heads, q.heads), 2)
    of_gaps = sum(map(information.divergence, _sides(p.gaps), _sides(q.gaps)))
    value = expected(made, of_heads, of_gaps)
    return jnp.where(value > 0, value, 0)
