"""Alignments whose moves have scores of their own: the same paths, of which not the cells are scored but the moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..structure import Sum
from .alignments import Alignments
from .alignments import Potentials as CellPotentials
from .lattice import Bounds, Moves, Scores
from .pairs import event_of_pairs, pairs_of_places
from .structure import Paths
from .tables import Lengths, inside, lattice_of, moves_of, table_of


class MovePotentials(NamedTuple):
    """Log-potentials of B tables: of entering a cell by each of the moves. No move enters the first cell."""

    slopes: tuple[Array, ...]  # (B rows cols) each: the k-th leads from k rows above in the column before
    down: Array | None = None  # (B rows cols): from the row above


class GeneralAlignments(Paths):
    """The paths of `Alignments`, with a log-potential for every move into a cell. Events and compact events are the
    same: the visited cells tell the moves. A column's cells are one interval, a slope is the gap between two.
    """

    def __init__(self, slopes: int, *, down: bool):
        self.slopes, self.down = slopes, down

    @property
    def moves(self) -> Moves:
        return moves_of(tuple(range(self.slopes)), self.slopes if self.down else None)

    def lattice(self, potentials: MovePotentials, lengths: Lengths) -> tuple[Scores, Bounds]:
        entering = tuple(
            jnp.where(enters(move, x.shape[1:]), x, -jnp.inf)
            for move, x in zip(self._steps(), jax.tree.leaves(potentials), strict=True)
        )
        return lattice_of(entering, lengths, self.down, first=jnp.zeros_like(entering[0][:, 0, 0]))

    def _steps(self) -> list[tuple[int, int]]:
        """By how many rows and columns each move leads on."""
        return [*((k, 1) for k in range(self.slopes)), *([(1, 0)] if self.down else [])]

    def event_of_cells(self, cells: Array) -> Array:
        return table_of(cells, self.down)

    def compact_of_places(self, places: Array, width: int) -> Array:
        return pairs_of_places(places, width, self.down)

    def event(self, compact: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
        return event_of_pairs(compact, sizes, dtype)

    def moves_of_event(self, event: Array) -> MovePotentials:
        """Which moves an event (... rows cols) makes, each as 0/1 at the cell it enters: products of the event's parts.
        A slope enters the first cell of a column from the last cell of the column before.
        """
        above = _shifted(event, 1, 0)
        slopes = tuple(
            event * (1 - above) * _shifted(event, k, 1) * (1 - _shifted(event, k - 1, 1))
            for k in range(self.slopes)
        )
        return MovePotentials(slopes, event * above if self.down else None)

    def event_of_moves(self, made: MovePotentials, lengths: Lengths) -> Array:
        """Events (B rows cols) of the moves that are made: their cells and, where there is any move or none to make,
        the first one.
        """
        event = sum(jax.tree.leaves(made))
        alone = (lengths["lengths_rows"] == 1) & (lengths["lengths_cols"] == 1)
        some = alone | jnp.any(event > 0, (1, 2))
        return event.at[:, 0, 0].set(some.astype(event.dtype))

    def score_of_event(self, potentials: MovePotentials, lengths: Lengths, event: Array) -> Sum:
        """Sum of the log-potentials of an event's moves, (S B)."""
        event = jnp.where(inside(jax.tree.leaves(potentials)[0], lengths), event, 0)
        terms = jax.tree.map(numeric.masked_product, self.moves_of_event(event), potentials)
        flat = [lax.collapse(x, 2) for x in jax.tree.leaves(terms)]
        return numeric.exact_sum(jnp.concatenate(flat, -1), -1)

    def score_of_compact(self, potentials: MovePotentials, lengths: Lengths, compact: Array) -> Sum:
        table = jax.tree.leaves(potentials)[0]
        sizes = dict(zip(("rows", "cols"), table.shape[1:], strict=True))
        return self.score_of_event(potentials, lengths, self.event(compact, sizes, table.dtype))

    def by_cells(self) -> Alignments:
        return Alignments(down=self.down, slopes=self.slopes)

    def of_cells(self, scores: Array) -> CellPotentials:
        return CellPotentials(scores)

    def part_scores(self, potentials: MovePotentials) -> MovePotentials:
        """Those of the moves: the score of a path is no sum over its cells."""
        return potentials

    def of_part_scores(self, scores: MovePotentials) -> MovePotentials:
        return scores

    def by_parts(self) -> ScoredMoves:
        return ScoredMoves(self.slopes, down=self.down)


class ScoredMoves(GeneralAlignments):
    """The same, with the moves that are made for an event."""

    def event(self, compact: Array, sizes: Mapping[str, int], dtype: Any) -> MovePotentials:
        return self.moves_of_event(event_of_pairs(compact, sizes, dtype))


def enters(step: tuple[int, int], shape: tuple[int, ...]) -> Array:
    """(rows cols): the cells that a move by that many rows and columns can enter."""
    (down, right), (rows, cols) = step, shape
    return (numeric.positions(rows) >= down)[:, None] & (numeric.positions(cols) >= right)


def _shifted(x: Array, down: int, right: int) -> Array:
    """What stands in cell (i - down, j - right), in cell (i, j) of (... rows cols); 0 where that is none."""
    clip = lambda by, size: max(-size, min(by, size))
    by = [(0, 0, 0)] * (x.ndim - 2)
    for amount, size in zip((down, right), x.shape[-2:], strict=True):
        by.append((clip(amount, size), -clip(amount, size), 0))
    return lax.pad(x, jnp.zeros((), x.dtype), by)
