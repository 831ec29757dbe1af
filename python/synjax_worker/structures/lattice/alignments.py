"""Alignments of two sequences: monotone paths from the first cell of a table to the last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..structure import Sum
from . import tables
from .lattice import Bounds, Move, Moves, Scores
from .pairs import event_of_pairs, pairs_of, real_pairs
from .structure import Paths

# (B) int32 each, from 1 on: `lengths_rows`, `lengths_cols`.
Lengths = Mapping[str, Array]


class Potentials(NamedTuple):
    """Log-potentials of B tables: of visiting a cell, whatever the move that enters it."""

    cells: Array  # (B rows cols)


class Alignments(Paths):
    """Paths through cells (row, col) of a table, from (0, 0) to the last. A path enters every column from the one
    before, in the same row or the next; where it may go `down` a column, it may then visit the rows below.

    An event (rows cols) has a 1 in every visited cell. A compact event (rows+cols-1 2) has the row and the column of
    every visited cell, in order, then -1.
    """

    def __init__(self, *, down: bool):
        self.down = down

    @property
    def moves(self) -> Moves:
        return moves_of((0, 0), 0 if self.down else None)

    def lattice(self, potentials: Potentials, lengths: Lengths) -> tuple[Scores, Bounds]:
        return lattice_of((potentials.cells,), lengths, self.down, first=potentials.cells[:, 0, 0])

    def event_of_cells(self, cells: Array, filler: float) -> Array:
        if not self.down:
            return tables.of_columns(cells)
        return tables.of_diagonals(cells, cells.shape[0] - cells.shape[2] + 1)

    def compact_of_places(self, places: Array, width: int) -> Array:
        return pairs_of_places(places, width, self.down)

    def event(self, compact: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
        return event_of_pairs(compact, sizes, dtype)

    def score_of_event(self, potentials: Potentials, lengths: Lengths, event: Array) -> Sum:
        """Sum of the log-potentials of an event's cells (S B); linear in the event (S B rows cols)."""
        event = jnp.where(inside(potentials.cells, lengths), event, 0)
        terms = numeric.masked_product(event, potentials.cells)
        return numeric.exact_sum(lax.collapse(terms, 2), -1)

    def score_of_compact(self, potentials: Potentials, lengths: Lengths, compact: Array) -> Sum:
        """The same of pairs (S B p 2), by looking up their cells."""
        cells, (rows, cols) = potentials.cells, potentials.cells.shape[1:]
        row, col = compact[..., 0], compact[..., 1]
        used = real_pairs(compact, rows, cols) & (row < lengths["lengths_rows"][:, None])
        used &= col < lengths["lengths_cols"][:, None]
        row, col = (jnp.where(used, x, 0) for x in (row, col))
        item = numeric.positions(cells.shape[0])[:, None]
        return numeric.exact_sum(jnp.where(used, cells[item, row, col], 0), -1)

    def by_cells(self) -> Alignments:
        return self

    def of_cells(self, scores: Array) -> Potentials:
        return Potentials(scores)

    def part_scores(self, potentials: Potentials) -> Array:
        return potentials.cells

    def of_part_scores(self, scores: Array) -> Potentials:
        return Potentials(scores)

    def by_parts(self) -> Alignments:
        return self


# ------------------------------------------------------------------------------------------- tables as lattices


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
        return (tables.diagonals(x, -jnp.inf) if down else tables.columns(x))[1:]

    cell = numeric.positions(rows)
    last_row, last_col = lengths["lengths_rows"] - 1, lengths["lengths_cols"] - 1
    scores = Scores(tuple(map(by_steps, entering)), jnp.where(cell == 0, first[:, None], -jnp.inf))
    return scores, Bounds(last_col + last_row if down else last_col, cell == last_row[:, None])


def pairs_of_places(places: Array, rows: int, down: bool) -> Array:
    """Pairs (k B rows+cols-1 2) of places (T+1 B k)."""
    step, row = lax.div(places, jnp.int32(rows)), lax.rem(places, jnp.int32(rows))
    col = step - row if down else step
    real = places >= 0
    length = places.shape[0] if down else places.shape[0] + rows - 1
    return pairs_of(jnp.where(real, row, -1), jnp.where(real, col, -1), length)
