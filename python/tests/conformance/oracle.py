"""What the queries should answer, by enumeration in float64."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import jax
import numpy as np

from .case import BEYOND_FLOAT64, Arrays, Case
from .enumerator import Enumerator, Table

# Of a central difference: scores are linear or nearly so, and float64 has room on both sides.
_STEP = 1e-5


@dataclasses.dataclass(frozen=True)
class Item:
    """All structures of one item. The parts of an event stand one after the other, whatever its tree is."""

    events: np.ndarray  # (S parts) bool
    scores: np.ndarray  # (S)
    scores_other: np.ndarray  # (S)
    relative: np.ndarray  # (S): less the best, exact where differences of scores are not
    relative_other: np.ndarray  # (S)

    @functools.cached_property
    def allowed(self) -> np.ndarray:
        return self.scores > -np.inf

    @property
    def count(self) -> int:
        return int(self.allowed.sum())

    @functools.cached_property
    def log_partition(self) -> float:
        return float(self.scores.max() + log_sum(self.relative)) if self.count else -np.inf

    @functools.cached_property
    def log_probs(self) -> np.ndarray:
        return normalized(self.relative)

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
            self.allowed, normalized(self.relative_other), 0
        )
        return float(np.sum(np.where(self.allowed, self.probs * difference, 0)))

    def slopes(self, scores: np.ndarray, scores_other: np.ndarray) -> dict[str, Any]:
        """Derivatives along a direction in which the scores change so."""
        if not self.count:
            zero = np.zeros(())
            return {
                "log_partition": zero,
                "entropy": zero,
                "divergence": zero,
                "marginals": np.zeros(self.events.shape[1]),
            }
        of_allowed = lambda x: np.where(self.allowed, x, 0)
        log_probs, log_others = of_allowed(self.log_probs), of_allowed(normalized(self.relative_other))
        mean = self.probs @ of_allowed(scores)
        change = self.probs * of_allowed(scores - mean)
        others = normalized(self.relative_other)
        mean_other = np.exp(others) @ of_allowed(scores_other)
        return {
            "log_partition": mean,
            "entropy": -change @ log_probs,
            "divergence": change @ (log_probs - log_others)
            - self.probs @ of_allowed(scores_other - mean_other),
            "marginals": change @ self.events,
        }


def relative_to_best(terms: np.ndarray) -> np.ndarray:
    """Sums of terms (S terms) less the largest, each rounded once."""
    if not len(terms):
        return np.zeros(0)
    allowed = ~np.isneginf(terms).any(1)
    if not allowed.any():
        return np.full(len(terms), -np.inf)
    finite = np.where(np.isneginf(terms), 0, terms)
    best = finite[allowed][0]
    while True:  # what is rounded to the same sum may still differ
        relative = [math.fsum([*row, *-best]) for row in finite]
        relative = np.where(allowed, relative, -np.inf)
        if relative.max() <= 0:
            return relative
        best = finite[relative.argmax()]


def log_sum(scores: np.ndarray) -> float:
    if not len(scores) or scores.max() == -np.inf:
        return -np.inf
    top = scores.max()
    return float(top + np.log(np.exp(scores - top).sum()))


def normalized(scores: np.ndarray) -> np.ndarray:
    if not len(scores) or scores.max() == -np.inf:
        return np.full(len(scores), -np.inf)
    relative = less_the_largest(scores)
    return relative - np.log(np.exp(relative).sum())


def less_the_largest(scores: np.ndarray) -> np.ndarray:
    return scores - scores.max() if len(scores) and scores.max() > -np.inf else scores


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
        both = [self.enumerator.item(each, i) for each in (arrays, other)]
        scores = [self.enumerator.scores(item, lengths, table.events) for item in both]
        if self.case.kinds[i] in BEYOND_FLOAT64:
            terms = [self.enumerator.terms(item, lengths, table.events) for item in both]
            scores = [np.array([math.fsum(row) for row in each]) for each in terms]
            relative = [relative_to_best(each) for each in terms]
        else:
            relative = [less_the_largest(each) for each in scores]
        return Item(self.enumerator.flat(table.events), *scores, *relative)

    def moved(self, directions: tuple[Arrays, Arrays], step: float) -> list[Item]:
        mine, other = directions
        return self._items(moved(self.arrays, mine, step), moved(self.other, other, step))

    def derivatives(self, directions: tuple[Arrays, Arrays]) -> dict[str, list]:
        """Of log-partition, entropy, divergence and marginals of each item, along a direction in the parameters."""
        ahead, behind = self.moved(directions, _STEP), self.moved(directions, -_STEP)
        names = ("log_partition", "entropy", "divergence", "marginals")

        def slope(name: str, i: int):
            if self.case.kinds[i] in BEYOND_FLOAT64:
                return self._slopes(i, directions)[name]
            a, b = getattr(ahead[i], name), getattr(behind[i], name)
            if not np.all(np.isfinite(a)):
                return np.zeros_like(a)
            return (a - b) / (2 * _STEP)

        return {name: [slope(name, i) for i in range(len(self.items))] for name in names}

    def _slopes(self, i: int, directions: tuple[Arrays, Arrays]) -> dict[str, Any]:
        """Of an item whose scores have no central differences in float64."""
        lengths, events = self.case.lengths[i], self.tables[i].events
        changes = []
        for arrays, direction in zip((self.arrays, self.other), directions, strict=True):
            item, moved = (self.enumerator.item(x, i) for x in (arrays, arrays | direction))
            changes.append(self.enumerator.changes(item, moved, lengths, events))
        return self.items[i].slopes(*changes)


def widened(arrays: Arrays) -> Arrays:
    return jax.tree.map(lambda x: x.astype(np.float64) if x.dtype.kind == "f" else x, arrays)


def moved(arrays: Arrays, directions: Arrays, step: float) -> Arrays:
    ahead = lambda x, direction: x + step * direction
    return arrays | {name: jax.tree.map(ahead, arrays[name], each) for name, each in directions.items()}
