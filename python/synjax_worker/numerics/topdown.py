"""Choosing a structure from its end backwards: draws, the beam that is an exact k-best, and its Gumbel twin.

A beam of width k whose priority is *score so far + exact best completion* is an exact k-best: a dropped node has k
better structures elsewhere. With conditional Gumbels for priorities the same beam draws k structures without
replacement, in the right joint law (Kool, van Hoof & Welling 2019, "Stochastic beams and where to find them").
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from . import numeric


def inverse_cdf(cumulative: Array, weights: Array, uniform: Array) -> Array:
    """The first index whose cumulative weight exceeds `uniform` of the total, along the last axis.

    A weight of zero is never chosen, however the cumulative sums round.
    """
    size = weights.shape[-1]
    index = jnp.arange(size, dtype=jnp.int32)
    target = uniform * cumulative[..., -1]
    first = jnp.min(jnp.where((cumulative > target[..., None]) & (weights > 0), index, size), -1)
    # Where the rounding of the sums leaves none, the last that has a weight.
    return jnp.where(first < size, first, jnp.max(jnp.where(weights > 0, index, 0), -1))


def cumulate(weights: Array) -> Array:
    """Cumulative sums along the last axis, as a product with a triangle: a scan of a few states costs more."""
    size = weights.shape[-1]
    return jnp.matmul(weights, jnp.triu(jnp.ones((size, size), weights.dtype)), precision=numeric.HIGHEST)


def first_largest(x: Array) -> Array:
    """As `argmax` along the last axis, by comparing: XLA's reduction to an index does not vectorise on a CPU."""
    size = x.shape[-1]
    index = jnp.arange(size, dtype=jnp.int32)
    return jnp.min(jnp.where(x >= jnp.max(x, -1, keepdims=True), index, size - 1), -1)


def largest(priority: Array, k: int) -> tuple[Array, Array]:
    """`lax.top_k`, behind barriers: what XLA fuses with it can make a sort of the selection, 30 times slower."""
    return lax.optimization_barrier(lax.top_k(lax.optimization_barrier(priority), k))


def best(priority: Array, k: int) -> tuple[Array, Array]:
    """The k largest of a vector and where they stand, the first of equals first; -inf where it has fewer."""
    missing = max(k - priority.shape[0], 0)
    padded = jnp.pad(priority, (0, missing), constant_values=-jnp.inf)
    values, indices = largest(padded, k)
    return values, jnp.minimum(indices, priority.shape[0] - 1)


def conditional_gumbels(parent: Array, log_probs: Array, noise: Array) -> Array:
    """Gumbels at `log_probs` (k t), conditioned on the maximum of each row being the parent's (k)."""
    possible = ~jnp.isneginf(log_probs) & ~jnp.isneginf(parent)[:, None]
    perturbed = jnp.where(possible, log_probs + noise, -jnp.inf)
    top = numeric.finite_or_zero(jnp.max(perturbed, -1, keepdims=True))
    target = numeric.finite_or_zero(parent)[:, None]
    perturbed = jnp.where(possible, perturbed, top - 1)
    gap = target - perturbed + numeric.log1mexp(perturbed - top)
    moved = target - jnp.maximum(gap, 0) - jnp.log1p(jnp.exp(-jnp.abs(gap)))
    return jnp.where(possible, jnp.where(perturbed >= top, target, moved), -jnp.inf)


def unwind(last: Array, parents: Array, states: Array) -> Array:
    """The k structures that a beam built from the end: `last` (k) the states it ends in, `parents` and `states` (n-1 k)
    by position: the slot that a slot continues, and the state it chose there. -> (k n)
    """
    k = last.shape[0]

    def step(slot, chosen):
        parent, state = chosen
        return parent[slot], state[slot]

    slot, path = lax.scan(step, jnp.arange(k), (parents, states))
    return jnp.concatenate([path, last[slot][None]]).T
