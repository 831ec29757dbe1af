"""Alignments of two sequences: monotone paths from the first cell of a table to the last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..structure import Sum
from .lattice import Bounds, Moves, Scores
from .pairs import event_of_pairs, pairs_of_places, real_pairs
from .structure import Paths
from .tables import Lengths, inside, lattice_of, moves_of, table_of


class Potentials(NamedTuple):
    """Log-potentials of B tables: of visiting a cell, whatever the move that enters it."""

    cells: Array  # (B rows cols)


class Alignments(Paths):
    """Paths through cells (row, col) of a table, from (0, 0) to the last. A path enters every column from the one
    before by one of the `slopes`, of which the k-th leads k rows down; where it may go `down` a column, it may then
    visit the rows below.

    An event (rows cols) has a 1 in every visited cell. A compact event (rows+cols-1 2) has the row and the column of
    every visited cell, in order, then -1.
    """

    def __init__(self, *, down: bool, slopes: int = 2, transposed: bool = False):
        """`transposed` exchanges rows and columns inside: for two slopes and `down`, whose moves are the same then. A
        step costs as much as a column has rows, so the longer side should be that of the columns.
        """
        self.down, self.slopes, self.transposed = down, slopes, transposed

    @property
    def moves(self) -> Moves:
        return moves_of((0,) * self.slopes, 0 if self.down else None)

    def lattice(self, potentials: Potentials, lengths: Lengths) -> tuple[Scores, Bounds]:
        cells = potentials.cells
        if self.transposed:
            cells = jnp.swapaxes(cells, 1, 2)
            lengths = {"lengths_rows": lengths["lengths_cols"], "lengths_cols": lengths["lengths_rows"]}
        return lattice_of((cells,), lengths, self.down, first=cells[:, 0, 0])

    def event_of_cells(self, cells: Array) -> Array:
        table = table_of(cells, self.down)
        return jnp.swapaxes(table, 1, 2) if self.transposed else table

    def compact_of_places(self, places: Array, width: int) -> Array:
        pairs = pairs_of_places(places, width, self.down)
        return pairs[..., ::-1] if self.transposed else pairs

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
