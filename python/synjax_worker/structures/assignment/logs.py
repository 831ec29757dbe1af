"""The same sums in logs: of matchings too unlikely for a float, or with anything in place of the sum.

All scores are relative to the best matching and at most 0, so that nothing cancels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from .scores import Scores
from .subsets import at_end, bits, contains, empty_subset, slices_above, slices_below


class Logs(NamedTuple):
    before: Array  # (long B 2^short): before each column, by the subset of rows that are matched
    last: Array  # (B 2^short)


# Of candidates along their first axis.
Reduce = Callable[[Array], Array]


def log_times(a: Array, b: Array) -> Array:
    """Beyond the lowest float it is that: only what is impossible is -inf."""
    lowest = jnp.finfo(a.dtype).min
    return jnp.where(jnp.isneginf(a) | jnp.isneginf(b), -jnp.inf, jnp.maximum(a + b, lowest))


def _sum(x: Array) -> Array:
    return numeric.logsumexp(x, 0)


def below(x: Array) -> Array:
    """Of x (B 2^short), what stands at each subset without a row, (short B 2^short); -inf where it lacks that row."""
    short = (x.shape[-1] - 1).bit_length()
    shifted = jax.vmap(slices_below(x, short, -jnp.inf))(bits(short))
    return jnp.where(contains(short)[:, None], shifted, -jnp.inf)


def above(x: Array) -> Array:
    """The same with that row."""
    short = (x.shape[-1] - 1).bit_length()
    shifted = jax.vmap(slices_above(x, short, -jnp.inf))(bits(short))
    return jnp.where(contains(short)[:, None], -jnp.inf, shifted)


def choices(before: Array, cells: Array, free: Array) -> Array:
    """What leads to every subset by a column: free or matched to a row, (1+short B 2^short)."""
    alone = log_times(before, free[:, None])
    return jnp.concatenate([alone[None], log_times(below(before), cells.T[:, :, None])])


def by_column(scores: Scores) -> tuple[Array, Array]:
    return jnp.moveaxis(scores.cells, 2, 0), scores.free.T


def nothing_yet(scores: Scores) -> Array:
    """0 where nothing is matched, -inf elsewhere, (B 2^short)."""
    items, short, _ = scores.cells.shape
    return jnp.where(empty_subset(items, short, scores.cells.dtype) > 0, 0.0, -jnp.inf).astype(
        scores.cells.dtype
    )


def forward_logs(scores: Scores, reduce: Reduce = _sum) -> Logs:
    """O(long short 2^short). Differentiable."""

    def step(before: Array, inputs: tuple[Array, Array]) -> tuple[Array, Array]:
        return reduce(choices(before, *inputs)), before

    last, before = lax.scan(step, nothing_yet(scores), by_column(scores))
    return Logs(before, last)


def backward_logs(scores: Scores) -> Array:
    """(long B 2^short): of what is matched after each column, by the subset before it."""
    short = scores.cells.shape[1]
    last = jnp.where(at_end(scores.rows, short), 0.0, -jnp.inf).astype(scores.cells.dtype)

    def step(rest: Array, inputs: tuple[Array, Array]) -> tuple[Array, Array]:
        cells, free = inputs
        alone = log_times(rest, free[:, None])
        return _sum(jnp.concatenate([alone[None], log_times(above(rest), cells.T[:, :, None])])), rest

    return lax.scan(step, last, by_column(scores), reverse=True)[1]
