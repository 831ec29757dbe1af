"""What the queries should answer, by enumeration in float64."""

from __future__ import annotations

import dataclasses
import functools

import jax
import numpy as np

from .case import Arrays, Case
from .enumerator import Enumerator, Table

# Of a central difference: scores are linear or nearly so, and float64 has room on both sides.
_STEP = 1e-5


@dataclasses.dataclass(frozen=True)
class Item:
    """All structures of one item. The parts of an event stand one after the other, whatever its tree is."""

    events: np.ndarray  # (S parts) bool
    scores: np.ndarray  # (S)
    scores_other: np.ndarray  # (S)

    @functools.cached_property
    def allowed(self) -> np.ndarray:
        return self.scores > -np.inf

    @property
    def count(self) -> int:
        return int(self.allowed.sum())

    @functools.cached_property
    def log_partition(self) -> float:
        return log_sum(self.scores)

    @functools.cached_property
    def log_probs(self) -> np.ndarray:
        return normalized(self.scores)

    @functools.cached_property
    def probs(self) -> np.ndarray:
        return np.exp(self.log_probs)

    @functools.cached_property
    def marginals(self) -> np.ndarray:
        return np.tensordot(self.probs, self.events, 1)

    @functools.cached_property
    def log_marginals(self) -> np.ndarray:
        """Part by part: exact where the marginals are too small for a float."""
        return np.array([log_sum(self.log_probs[has_part]) for has_part in self.events.T])

    @functools.cached_property
    def entropy(self) -> float:
        return float(-np.sum(self.probs * np.where(self.allowed, self.log_probs, 0)))

    @functools.cached_property
    def divergence(self) -> float:
        if not self.count:
            return 0.0
        difference = np.where(self.allowed, self.log_probs, 0) - np.where(
            self.allowed, normalized(self.scores_other), 0
        )
        return float(np.sum(np.where(self.allowed, self.probs * difference, 0)))


def log_sum(scores: np.ndarray) -> float:
    if not len(scores) or scores.max() == -np.inf:
        return -np.inf
    top = scores.max()
    return float(top + np.log(np.exp(scores - top).sum()))


def normalized(scores: np.ndarray) -> np.ndarray:
    if not len(scores) or scores.max() == -np.inf:
        return np.full(len(scores), -np.inf)
    top = scores.max()
    return (scores - top) - np.log(np.exp(scores - top).sum())


class Oracle:
    def __init__(self, enumerator: Enumerator, case: Case):
        self.enumerator, self.case = enumerator, case
        self.arrays = widened(case.arrays)
        self.other = widened(case.other)
        self.tables = [enumerator.table(lengths) for lengths in case.lengths]
        self.items = self._items(self.arrays, self.other)

    def _items(self, arrays: Arrays, other: Arrays) -> list[Item]:
        return [self._item(i, table, arrays, other) for i, table in enumerate(self.tables)]

    def _item(self, i: int, table: Table, arrays: Arrays, other: Arrays) -> Item:
        lengths = self.case.lengths[i]
        scores = (
            self.enumerator.scores(self.enumerator.item(each, i), lengths, table.events)
            for each in (arrays, other)
        )
        return Item(self.enumerator.flat(table.events), *scores)

    def moved(self, directions: tuple[Arrays, Arrays], step: float) -> list[Item]:
        mine, other = directions
        return self._items(moved(self.arrays, mine, step), moved(self.other, other, step))

    def derivatives(self, directions: tuple[Arrays, Arrays]) -> dict[str, list]:
        """Of log-partition, entropy, divergence and marginals of each item, along a direction in the parameters."""
        ahead, behind = self.moved(directions, _STEP), self.moved(directions, -_STEP)
        names = ("log_partition", "entropy", "divergence", "marginals")

        def slope(name: str, i: int):
            a, b = getattr(ahead[i], name), getattr(behind[i], name)
            if not np.all(np.isfinite(a)):
                return np.zeros_like(a)
            return (a - b) / (2 * _STEP)

        return {name: [slope(name, i) for i in range(len(self.items))] for name in names}


def widened(arrays: Arrays) -> Arrays:
    return jax.tree.map(lambda x: x.astype(np.float64) if x.dtype.kind == "f" else x, arrays)


def moved(arrays: Arrays, directions: Arrays, step: float) -> Arrays:
    ahead = lambda x, direction: x + step * direction
    return arrays | {name: jax.tree.map(ahead, arrays[name], each) for name, each in directions.items()}
