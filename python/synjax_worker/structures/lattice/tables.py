"""Tables of rows and columns as the steps of a lattice: by columns, or by anti-diagonals where moves go down a column.

A cell of the lattice is a row.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def columns(x: Array) -> Array:
    """(B rows cols) as (cols B rows)."""
    return jnp.moveaxis(x, -1, 0)


def of_columns(x: Array) -> Array:
    """(cols B rows) as (B rows cols)."""
    return jnp.moveaxis(x, 0, -1)


def diagonals(x: Array, filler: float) -> Array:
    """(B rows cols) as (rows+cols-1 B rows): in step row + col and cell row. By padding and reshaping alone: a row that
    is longer by the number of rows moves the next one on by one step.
    """
    items, rows, cols = x.shape
    steps = rows + cols - 1
    padded = jnp.pad(x, ((0, 0), (0, 0), (0, rows)), constant_values=filler)
    flat = padded.reshape(items, rows * (rows + cols))[:, : rows * steps]
    return jnp.moveaxis(flat.reshape(items, rows, steps), -1, 0)


def of_diagonals(x: Array, cols: int) -> Array:
    """(rows+cols-1 B rows) as (B rows cols)."""
    steps, items, rows = x.shape
    flat = jnp.moveaxis(x, 0, -1).reshape(items, rows * steps)
    padded = jnp.pad(flat, ((0, 0), (0, rows)))
    return padded.reshape(items, rows, rows + cols)[:, :, :cols]
