"""Paths through a table as pairs: the row and column of every visited cell, in order, then -1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric


def real_pairs(pairs: Array, rows: Any, cols: Any) -> Array:
    """Which pairs (... p 2) are a cell of a table of that size, (... p), each once: row + col grows along a path."""
    row, col = pairs[..., 0], pairs[..., 1]
    inside = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
    diagonal = jnp.where(inside, row + col, -1)
    so_far = lax.cummax(diagonal, diagonal.ndim - 1)
    before = jnp.concatenate([jnp.full_like(so_far[..., :1], -1), so_far[..., :-1]], -1)
    return inside & (diagonal > before)


def event_of_pairs(pairs: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
    """Events (S B rows cols) of pairs (S B p 2); what is -1 has no part."""
    rows, cols = sizes["rows"], sizes["cols"]
    real = real_pairs(pairs, rows, cols)
    samples, items, count, _ = pairs.shape
    cell = jnp.where(real, pairs[..., 0] * cols + pairs[..., 1], rows * cols)
    made = jnp.zeros((samples * items, rows * cols), dtype)
    index = cell.reshape(samples * items, count)
    made = made.at[numeric.positions(samples * items)[:, None], index].set(1, mode="drop")
    return made.reshape(samples, items, rows, cols)


def pairs_of_places(places: Array, rows: int, down: bool) -> Array:
    """Pairs (k B rows+cols-1 2) of places (T+1 B k): steps are columns or, with `down`, anti-diagonals."""
    step, row = lax.div(places, jnp.int32(rows)), lax.rem(places, jnp.int32(rows))
    col = step - row if down else step
    pairs = jnp.where((places >= 0)[..., None], jnp.stack([row, col], -1), -1)
    missing = 0 if down else rows - 1
    pairs = jnp.pad(pairs, ((0, missing), (0, 0), (0, 0), (0, 0)), constant_values=-1)
    return jnp.transpose(pairs, (2, 1, 0, 3))
