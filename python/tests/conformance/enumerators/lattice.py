"""Lattices: alignments of two sequences, and the mistakes that they invite."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import AlignmentCRF, GeneralMonotoneAlignmentCRF

from ..case import BEYOND_FLOAT64, BadInput, Lengths
from ..enumerator import Enumerator, enumerates
from ..mutants import breaks

Cell = tuple[int, int]  # row, column


class Alignment(Enumerator):
    sizes = {"rows": 3, "cols": 3}
    potentials = ("log_potentials",)
    of_parts = "log_potentials"
    extents = (4, 6)
    steps: tuple[Cell, ...]  # by how many rows and columns a path may move on

    def structures(self, lengths: Lengths) -> Iterator[np.ndarray]:
        last = (lengths["lengths_rows"] - 1, lengths["lengths_cols"] - 1)
        for path in self.paths((0, 0), last):
            missing = sum(self.sizes.values()) - 1 - len(path)
            yield np.array([*path, *[(-1, -1)] * missing])

    def paths(self, cell: Cell, last: Cell) -> Iterator[list[Cell]]:
        if cell == last:
            yield [cell]
        for down, right in self.steps:
            row, col = cell[0] + down, cell[1] + right
            if row <= last[0] and col <= last[1]:
                for rest in self.paths((row, col), last):
                    yield [cell, *rest]

    def event(self, compact: np.ndarray) -> np.ndarray:
        made = np.zeros((self.sizes["rows"], self.sizes["cols"]), bool)
        row, col = compact[compact[:, 0] >= 0].T
        made[row, col] = True
        return made

    def parts(self, arrays, lengths):
        return arrays["log_potentials"].astype(np.float64)


@enumerates(AlignmentCRF)
class ManyToMany(Alignment):
    name = "AlignmentCRF"
    options = {"alignment_type": "monotone_many_to_many"}
    steps = ((0, 1), (1, 1), (1, 0))
    thorough = True
    float32 = True

    def bad_inputs(self) -> Iterator[BadInput]:
        table = jnp.zeros((3, 4))
        made = lambda kind: AlignmentCRF(table, alignment_type=kind)
        good = made("monotone_many_to_many")
        yield BadInput("no type", "alignment_type", lambda: AlignmentCRF(table))
        yield BadInput("an unknown type", "alignment_type", lambda: made("monotone"))
        other = made("monotone_one_to_many")
        yield BadInput("another type", "other", lambda: good.kl_divergence(other))


@enumerates(AlignmentCRF)
class OneToMany(Alignment):
    name = "AlignmentCRF-one-to-many"
    options = {"alignment_type": "monotone_one_to_many"}
    steps = ((0, 1), (1, 1))
    sizes = {"rows": 2, "cols": 4}


class GeneralAlignment(Alignment):
    of_parts = None

    def _terms(self, item, lengths, events):
        """Of every path the scores of its moves, one after the other."""
        terms = [self._scores_of_moves(item, event) for event in events]
        return np.array(terms, np.float64).reshape(len(events), sum(self.sizes.values()))

    def _scores_of_moves(self, item, event: np.ndarray) -> np.ndarray:
        terms = np.zeros(sum(self.sizes.values()))
        # A column's cells are one after the other: in this order they are those of the path.
        cells = sorted(map(tuple, np.argwhere(event)), key=lambda cell: (cell[1], cell[0]))
        for i, ((row, col), (next_row, next_col)) in enumerate(itertools.pairwise(cells)):
            if next_col == col:
                terms[i] = item["log_potentials_vertical"][next_row, next_col]
            else:
                terms[i] = item["log_potentials_horizontal"][next_row - row][next_row, next_col]
        return terms

    def parts(self, arrays, lengths):
        raise NotImplementedError("the cells of a path have no scores")


@enumerates(GeneralMonotoneAlignmentCRF)
class WithVerticalMoves(GeneralAlignment):
    name = "GeneralMonotoneAlignmentCRF"
    potentials = ("log_potentials_horizontal", "log_potentials_vertical")
    many = {"log_potentials_horizontal": 3}
    steps = ((0, 1), (1, 1), (2, 1), (1, 0))
    thorough = True

    def bad_inputs(self) -> Iterator[BadInput]:
        yield BadInput(
            "no slopes",
            "log_potentials_horizontal",
            lambda: GeneralMonotoneAlignmentCRF([], jnp.zeros((3, 4))),
        )


@enumerates(GeneralMonotoneAlignmentCRF)
class SlopesOnly(GeneralAlignment):
    name = "GeneralMonotoneAlignmentCRF-slopes"
    potentials = ("log_potentials_horizontal",)
    many = {"log_potentials_horizontal": 3}
    steps = ((0, 1), (1, 1), (2, 1))


# ------------------------------------------------------------------------------------------------------ broken versions
# Each has other paths, or other events of them.

EVERYTHING = (
    "enumeration",
    "any_scale",
    *BEYOND_FLOAT64,
    "padding",
    "forbidden",
    "duality",
    "samples",
    "top_k",
    "ties",
)


@breaks(ManyToMany, *EVERYTHING, "events", "remembered")
class NoDiagonal(ManyToMany):
    """A path moves by a row or by a column, never by both."""

    steps = ((0, 1), (1, 0))


@breaks(ManyToMany, *EVERYTHING)
class EndsInAnyRow(ManyToMany):
    """A path ends anywhere in the last column."""

    def structures(self, lengths):
        for rows in range(1, lengths["lengths_rows"] + 1):
            yield from super().structures(lengths | {"lengths_rows": rows})


@breaks(ManyToMany, *EVERYTHING, "events", "remembered")
class FirstCellIsFree(ManyToMany):
    """The score of the first cell is left out."""

    def event(self, compact):
        made = super().event(compact)
        made[0, 0] = False
        return made
