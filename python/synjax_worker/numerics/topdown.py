"""Choosing structures from the end backwards: samples, the k best, and samples without replacement.

A beam of width k that ranks partial structures by *score so far + exact best completion* finds the k best exactly:
whatever it drops has k better ones elsewhere. Ranked by conditional Gumbels, the same beam draws k structures without
replacement from the right joint law (Kool, van Hoof & Welling 2019, "Stochastic beams and where to find them").
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from ..errors import InvalidArgument
from . import numeric

INT32_MAX = 2**31 - 1


def inverse_cdf(cumulative: Array, weights: Array, uniform: Array) -> Array:
    """The first index whose cumulative weight exceeds `uniform` of the total, along the last axis.

    A weight of zero is never chosen, however the cumulative sums round.
    """
    size = weights.shape[-1]
    index = jnp.arange(size, dtype=jnp.int32)
    target = uniform * cumulative[..., -1]
    first = jnp.min(jnp.where((cumulative > target[..., None]) & (weights > 0), index, size), -1)
    # Rounding of the sums may leave no such index: take the last that has a weight.
    return jnp.where(first < size, first, jnp.max(jnp.where(weights > 0, index, 0), -1))


def cumulate(weights: Array) -> Array:
    """Cumulative sums along the last axis, as a product with a triangular matrix: faster than a scan for few states."""
    size = weights.shape[-1]
    return jnp.matmul(weights, jnp.triu(jnp.ones((size, size), weights.dtype)), precision=numeric.HIGHEST)


def first_largest(x: Array) -> Array:
    """`argmax` along the last axis by comparisons, because XLA does not vectorise its own on a CPU."""
    size = x.shape[-1]
    index = jnp.arange(size, dtype=jnp.int32)
    return jnp.min(jnp.where(x >= jnp.max(x, -1, keepdims=True), index, size - 1), -1)


def largest(priority: Array, k: int) -> tuple[Array, Array]:
    """`lax.top_k` between barriers: fused with other operations XLA may sort instead, which is 30 times slower."""
    require_numbered(priority.shape[-1], k)
    return lax.optimization_barrier(lax.top_k(lax.optimization_barrier(priority), k))


def require_numbered(candidates: int, k: int) -> None:
    """Raises InvalidArgument where a search of k slots chooses from more than 32 bits can number."""
    if candidates > INT32_MAX:
        most = k * INT32_MAX // candidates
        raise InvalidArgument(
            f"`k` is {k}, expected at most {most}: a search chooses the next k from {candidates} candidates, which "
            f"32 bits cannot number.",
            argument="k",
            expected=f"at most {most}",
            received=str(k),
        )


def best(priority: Array, k: int) -> tuple[Array, Array]:
    """The k largest of a vector and their indices; -inf where there are fewer. Of equals the first comes first."""
    missing = max(k - priority.shape[0], 0)
    padded = jnp.pad(priority, (0, missing), constant_values=-jnp.inf)
    values, indices = largest(padded, k)
    return values, jnp.minimum(indices, priority.shape[0] - 1)


def conditional_gumbels(parent: Array, log_probs: Array, noise: Array) -> Array:
    """Gumbels with locations `log_probs` (k t), given that the maximum of each row is `parent` (k)."""
    possible = ~jnp.isneginf(log_probs) & ~jnp.isneginf(parent)[:, None]
    perturbed = jnp.where(possible, log_probs + noise, -jnp.inf)
    top = numeric.finite_or_zero(jnp.max(perturbed, -1, keepdims=True))
    target = numeric.finite_or_zero(parent)[:, None]
    perturbed = jnp.where(possible, perturbed, top - 1)
    gap = target - perturbed + numeric.log1mexp(perturbed - top)
    moved = target - jnp.maximum(gap, 0) - jnp.log1p(jnp.exp(-jnp.abs(gap)))
    return jnp.where(possible, jnp.where(perturbed >= top, target, moved), -jnp.inf)


def gumbel_priorities(keys: Array) -> Callable[[Array, Array, Array], Array]:
    """`prioritize(step, parents, logs)` of a beam that draws structures without replacement, for items with a key each:
    Gumbels with locations `logs` (B k ...), given that the largest of what continues a slot is its parent's (B k).
    """

    def prioritize(step: Array, parents: Array, logs: Array) -> Array:
        draw = lambda key: jax.random.gumbel(jax.random.fold_in(key, step), logs.shape[1:], logs.dtype)
        noise = jax.vmap(draw)(keys)
        drawn = jnp.where(logs > -jnp.inf, logs + noise, -jnp.inf)
        conditional = jax.vmap(conditional_gumbels)(parents, logs, noise)
        return jnp.where(step == 0, drawn, conditional)

    return prioritize


def backtrace(last: Array, parents: Array, states: Array) -> Array:
    """The k structures (k n) that a beam built from the end backwards.

    Args:
      last: the states of the last position, (k).
      parents: for each slot the slot that it continues, by position, (n-1 k).
      states: the state that the slot chose there, (n-1 k).
    """
    k = last.shape[0]

    def step(slot, chosen):
        parent, state = chosen
        return parent[slot], state[slot]

    slot, path = lax.scan(step, jnp.arange(k, dtype=jnp.int32), (parents, states))
    return jnp.concatenate([path, last[slot][None]]).T
