"""Tables of rows and columns as the steps of a lattice: by columns, or by anti-diagonals where moves go down a column.

A cell of the lattice is a row.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from .lattice import Bounds, Move, Moves, Scores

# (B) int32 each, from 1 on: `lengths_rows`, `lengths_cols`.
Lengths = Mapping[str, Array]


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


def table_of(cells: Array, down: bool) -> Array:
    """What stands in the cells of all steps, as (B rows cols)."""
    return of_diagonals(cells, cells.shape[0] - cells.shape[2] + 1) if down else of_columns(cells)


def moves_of(slopes: tuple[int, ...], down: int | None) -> Moves:
    """The k-th slope comes to a cell from k rows above in the column before, `down` from the row above. Each reads the
    array of scores of that number. By columns, or by anti-diagonals where there is `down`.
    """
    if down is None:
        return tuple(Move(1, k, scores) for k, scores in enumerate(slopes))
    return (*(Move(k + 1, k, scores) for k, scores in enumerate(slopes)), Move(1, 1, down))


def inside(table: Array, lengths: Lengths) -> Array:
    """(B rows cols): which cells an item has."""
    rows, cols = table.shape[-2:]
    row = numeric.positions(rows) < lengths["lengths_rows"][:, None]
    col = numeric.positions(cols) < lengths["lengths_cols"][:, None]
    return row[:, :, None] & col[:, None]


def lattice_of(
    entering: tuple[Array, ...], lengths: Lengths, down: bool, first: Array
) -> tuple[Scores, Bounds]:
    """The lattice of tables (B rows cols) of scores, and of the first cell's (B)."""
    rows = entering[0].shape[1]
    has = inside(entering[0], lengths)

    def by_steps(x: Array) -> Array:
        x = jnp.where(has, x, -jnp.inf)
        return (diagonals(x, -jnp.inf) if down else columns(x))[1:]

    cell = numeric.positions(rows)
    last_row, last_col = lengths["lengths_rows"] - 1, lengths["lengths_cols"] - 1
    scores = Scores(tuple(map(by_steps, entering)), jnp.where(cell == 0, first[:, None], -jnp.inf))
    return scores, Bounds(last_col + last_row if down else last_col, cell == last_row[:, None])
