"""How often the parameters of a hidden Markov model are used: counted, and made into logits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ..errors import InvalidArgument
from ..numerics import numeric
from ..shapes import show

# Up to this many symbols, counting them is a matrix product with their indicators; beyond, a scatter.
_DENSE_VOCABULARY = 64


class ExpectedCounts(NamedTuple):
    """Expected number of uses of each parameter, shaped like it: summed over the items that share it."""

    initial: Array  # like init_logits
    transition: Array  # like transition_logits
    emission: Array  # like emission_dist; where that is no array, the weight of each state at each step (*batch n t)


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """Sums over the axes that broadcasting a parameter of `shape` had added."""
    extra = x.ndim - len(shape)
    x = jnp.sum(x, tuple(range(extra)))
    spread = tuple(axis for axis, size in enumerate(shape) if size == 1 and x.shape[axis] != 1)
    return jnp.sum(x, spread, keepdims=True)


def count_symbols(weights: Array, symbols: Array, shape: tuple[int, ...]) -> Array:
    """Weights (*batch n t) added up by symbol, to the shape (*batch t v) of the emission logits."""
    vocabulary = shape[-1]
    if len(shape) == 2:  # everybody's: one sum over all items
        weights, symbols = weights.reshape(1, -1, shape[-2]), symbols.reshape(1, -1)
    batch = weights.shape[:-2]
    if vocabulary <= _DENSE_VOCABULARY:
        indicator = (symbols[..., None] == numeric.positions(vocabulary)).astype(weights.dtype)
        counts = jnp.einsum("...nt,...nv->...tv", weights, indicator, precision=numeric.HIGHEST)
    else:
        add = lambda weight, symbol: (
            jnp.zeros((vocabulary, weight.shape[-1]), weight.dtype).at[symbol].add(weight)
        )
        flat = weights.reshape(-1, *weights.shape[-2:]), symbols.reshape(-1, symbols.shape[-1])
        counts = jnp.swapaxes(jax.vmap(add)(*flat), -1, -2).reshape(*batch, weights.shape[-1], vocabulary)
    return sum_to(counts, shape)


def fields_of(counts: Any) -> tuple[Array, Array, Array]:
    """The counts of a tuple like `ExpectedCounts`, or of a dict with its fields."""
    if isinstance(counts, Mapping):
        return counts["initial"], counts["transition"], counts["emission"]
    initial, transition, emission = counts
    return initial, transition, emission


def log_relative(counts: Any, logits: Array, pseudocount: Any) -> Array:
    """Log of relative counts along the last axis. Rows without any keep their logits, forbidden parts are kept so."""
    counts = jnp.asarray(counts)
    if counts.shape != logits.shape:
        raise InvalidArgument(
            f"`counts` has a field of shape {show(counts.shape)}, expected {show(logits.shape)}.",
            argument="counts",
            expected=show(logits.shape),
            received=show(counts.shape),
        )
    counts = jnp.where(jnp.isneginf(logits), 0, counts + jnp.asarray(pseudocount, counts.dtype))
    total = jnp.sum(counts, -1, keepdims=True)
    return jnp.where(total > 0, numeric.safe_log(counts) - numeric.safe_log(total), logits)
