"""Lattices: alignments of two sequences, and the mistakes that they invite."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import CTC, AlignmentCRF, GeneralMonotoneAlignmentCRF

from ..case import BEYOND_FLOAT64, KINDS, LAWS_OF_STRUCTURES, BadInput, Lengths
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
        yield BadInput("no type", "alignment_type", lambda: made(None))
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
        """A cell has no score of its own, its move has."""
        return np.zeros((self.sizes["rows"], self.sizes["cols"]))


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


class Labelling(Enumerator):
    """The labels are the same for all items: so are then the structures of a length."""

    sizes = {"n": 4, "l": 2, "v": 3}
    potentials = ("log_potentials",)
    labels: tuple[int, ...]
    blank = 0

    def structures(self, lengths: Lengths) -> Iterator[np.ndarray]:
        frames, labels = lengths["input_lengths"], list(self.labels[: lengths["label_lengths"]])
        for chosen in itertools.product(range(self.sizes["v"]), repeat=frames):
            if [label for label, _ in itertools.groupby(chosen) if label != self.blank] == labels:
                yield np.array([*chosen, *[-1] * (self.sizes["n"] - frames)], int)

    def event(self, compact: np.ndarray) -> np.ndarray:
        made = np.zeros((2 * self.sizes["l"] + 1, self.sizes["n"]), bool)
        state, before = 0, self.blank
        for frame, label in enumerate(compact[compact >= 0]):
            if label != before:
                state += 2 if self.blank not in (label, before) else 1
            made[state, frame], before = True, label
        return made

    def make(self, rng, kind, lengths):
        mine, other = super().make(rng, kind, lengths)
        labels = np.array(self.labels, np.int32)
        return {**mine, "labels": labels}, {**other, "labels": labels}

    def parts(self, arrays, lengths):
        states = np.full(2 * self.sizes["l"] + 1, self.blank)
        states[1::2] = self.labels
        return self.log_probs(arrays["log_potentials"].astype(np.float64))[:, states].T

    def log_probs(self, logits: np.ndarray) -> np.ndarray:
        return logits


@enumerates(CTC)
class Unnormalized(Labelling):
    name = "CTC-unnormalized"
    options = {"normalize": False}
    labels = (1, 2)
    thorough = True

    def bad_inputs(self) -> Iterator[BadInput]:
        logits = jnp.zeros((2, 4, 3))
        made = lambda labels, **options: CTC(logits, jnp.array(labels), **options)
        yield BadInput("the blank for a label", "labels", lambda: made([1, 0]))
        yield BadInput("another blank for a label", "labels", lambda: made([1, 2], blank_id=2))
        yield BadInput("a label too large", "labels", lambda: made([1, 3]))
        yield BadInput("a negative label", "labels", lambda: made([1, -1]))
        yield BadInput("no symbol for a blank", "blank_id", lambda: made([1, 2], blank_id=3))
        ctc = made([1, 2])
        yield BadInput(
            "frames of another shape", "labels", lambda: ctc.log_prob_labels(np.zeros((2, 3), np.int32))
        )
        yield BadInput("a beam of 0", "k", lambda: ctc.beam_search_labels(0))


@enumerates(CTC)
class Normalized(Labelling):
    """A label twice, with another symbol for the blank."""

    name = "CTC"
    options = {"blank_id": 2}
    labels = (1, 1)
    blank = 2

    def kinds(self):
        # Normalizing rounds logits to their own precision, 1e-3 at 1e4. The other form takes them as they are.
        return tuple(kind for kind in KINDS if kind not in ("large", "gap", *BEYOND_FLOAT64))

    def make(self, rng, kind, lengths):
        mine, other = super().make(rng, kind, lengths)
        if kind != "nothing":  # a frame that forbids everything is no distribution
            for arrays in (mine, other):
                logits = arrays["log_potentials"]
                logits[..., -1] = np.where(np.isneginf(logits).all(-1), 0, logits[..., -1])
        return mine, other

    def log_probs(self, logits):
        top = logits.max(-1, keepdims=True)
        top = np.where(np.isneginf(top), 0, top)
        total = np.exp(logits - top).sum(-1, keepdims=True)
        return logits - top - np.log(np.where(total == 0, 1, total))


# ------------------------------------------------------------------------------------------------------ broken versions
# Each has other paths, or other events of them.


@breaks(ManyToMany, *LAWS_OF_STRUCTURES, "events", "remembered")
class NoDiagonal(ManyToMany):
    """A path moves by a row or by a column, never by both."""

    steps = ((0, 1), (1, 0))


@breaks(ManyToMany, *LAWS_OF_STRUCTURES)
class EndsInAnyRow(ManyToMany):
    """A path ends anywhere in the last column."""

    def structures(self, lengths):
        for rows in range(1, lengths["lengths_rows"] + 1):
            yield from super().structures(lengths | {"lengths_rows": rows})


@breaks(ManyToMany, *LAWS_OF_STRUCTURES, "events", "remembered")
class FirstCellIsFree(ManyToMany):
    """The score of the first cell is left out."""

    def event(self, compact):
        made = super().event(compact)
        made[0, 0] = False
        return made
