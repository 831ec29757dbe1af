"""The batch of a distribution: broadcasting its parameters to it, flattening it to items, taking a part of it."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jax import Array

from ..shapes import as_float


def broadcast_batch(x: Array, batch: tuple[int, ...], own: int) -> Array:
    """(*batch ...) with every batch axis there; `own` axes are the parameter's."""
    return jnp.broadcast_to(x, (*batch, *x.shape[x.ndim - own :]))


def flatten_batch(x: Array, batch: tuple[int, ...], own: int) -> Array:
    """(*batch ...) broadcast and flattened to (B ...)."""
    return broadcast_batch(x, batch, own).reshape(math.prod(batch), *x.shape[x.ndim - own :])


def flatten_shared(x: Array, batch: tuple[int, ...], own: int) -> Array:
    """The same of a table that all items may share: without batch axes it stays as it is."""
    return x if x.ndim == own else flatten_batch(x, batch, own)


def index_batch(x: Array, batch: tuple[int, ...], own: int, index: Any) -> Array:
    """A part of the batch of one parameter; one without batch axes is everybody's and stays as it is."""
    return x if x.ndim == own else broadcast_batch(x, batch, own)[index]


def divide(x: Array, temperature: Array, own: int) -> Array:
    """Log-potentials over a temperature, one or one per item (*batch); a forbidden part stays forbidden."""
    factor = (1 / temperature).astype(x.dtype)
    factor = factor.reshape(*factor.shape, *((1,) * own))
    possible = ~jnp.isneginf(x)
    return jnp.where(
        possible, jnp.where(possible, x, 0) * factor, x
    )  # so that the factor's derivative is finite, too


def as_temperature(temperature: Any) -> Array:
    array = jnp.asarray(temperature)
    if jnp.issubdtype(array.dtype, jnp.integer):  # 2 is a temperature as 2.0 is
        array = array.astype(jnp.float32)
    return as_float("temperature", array)
