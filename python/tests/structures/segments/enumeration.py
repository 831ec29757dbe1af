"""All segmentations of short sequences, and what they say of every query, in float64."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from synjax_worker.structures.segments.potentials import Potentials
from tests.conformance.case import BEYOND_FLOAT64, KINDS, perturbed, potentials_of

POSITIONS, LONGEST, LABELS = 4, 3, 2
SHAPE = (POSITIONS, LONGEST, LABELS, LABELS)
FORMS = ("general", "factored", "shared")
IN_FLOAT64 = tuple(kind for kind in KINDS if kind not in BEYOND_FLOAT64)

Compact = tuple[tuple[int, int, int], ...]


def segmentations(length: int) -> Iterator[Compact]:
    """(start, end, label) of each segment, in order."""
    if length == 0:
        yield ()
    for size in range(1, min(LONGEST, length) + 1):
        for rest in segmentations(length - size):
            for label in range(LABELS):
                yield (*rest, (length - size, length - 1, label))


def parts(compact: Compact) -> list[tuple[int, int, int, int]]:
    """Indices into an event."""
    before = [0, *(label for _, _, label in compact)]
    return [(end, end - start, a, b) for (start, end, b), a in zip(compact, before, strict=False)]


def event(compact: Compact) -> np.ndarray:
    made = np.zeros(SHAPE)
    for part in parts(compact):
        made[part] = 1
    return made


class Case(NamedTuple):
    """One item of every kind and length, with garbage in the padding, and another distribution over the same."""

    potentials: Potentials
    other: Potentials
    lengths: np.ndarray
    kinds: tuple[str, ...]
    form: str

    def general(self, item: int, other: bool = False) -> np.ndarray:
        """(n m t t), float64."""
        return as_general(self.other if other else self.potentials, item)

    def scores(self, item: int, other: bool = False) -> tuple[list[Compact], np.ndarray]:
        potentials = self.general(item, other)
        structures = list(segmentations(int(self.lengths[item])))
        return structures, np.array(
            [sum(potentials[part] for part in parts(each)) for each in structures], float
        )


def as_general(potentials: Potentials, item: int) -> np.ndarray:
    segment = np.asarray(potentials.segment, np.float64)[item]
    if not potentials.factored:
        return segment
    transition = np.asarray(potentials.transition, np.float64)
    transition = transition if transition.ndim == 2 else transition[item]
    first = np.arange(LONGEST)[:, None, None] == np.arange(POSITIONS)[:, None, None, None]
    return segment[:, :, None] + np.where(first, np.asarray(potentials.initial, np.float64)[item], transition)


def case(
    form: str, dtype: type, seed: int = 0, garbage: float = np.nan, kinds: tuple[str, ...] = IN_FLOAT64
) -> Case:
    rng = np.random.default_rng(seed)
    items = list(itertools.product(kinds, range(POSITIONS + 1)))
    shapes = [SHAPE] if form == "general" else [SHAPE[:2] + (LABELS,), (LABELS, LABELS), (LABELS,)]
    made, others = [], []
    for kind, length in items:
        fields = [potentials_of(rng, kind, shape) for shape in shapes]
        if form == "shared":
            fields[1] = shared_transition(seed)
        if kind == "nothing":
            fields[0][max(length - 1, 0)] = -np.inf
        other = [perturbed(rng, kind, field) for field in fields]
        if form == "shared":
            other[1] = shared_transition(seed + 1)
        if kind == "forbidden" and length == 3:
            other[0][length - 1, 0] = -np.inf
        for field in (fields, other):
            field[0][length:] = garbage
        made.append(fields)
        others.append(other)

    def stack(items: list[list[np.ndarray]]) -> Potentials:
        arrays = [np.stack(field).astype(dtype) for field in zip(*items, strict=True)]
        if form == "shared":
            arrays[1] = arrays[1][0]
        return Potentials(*(jnp.asarray(x) for x in arrays))

    lengths = np.array([length for _, length in items], np.int32)
    return Case(stack(made), stack(others), lengths, tuple(kind for kind, _ in items), form)


def shared_transition(seed: int) -> np.ndarray:
    return np.random.default_rng(100 + seed).normal(size=(LABELS, LABELS))


class Truth(NamedTuple):
    """Of one item."""

    structures: list[Compact]
    scores: np.ndarray
    log_probs: np.ndarray

    @property
    def possible(self) -> bool:
        return bool(np.max(self.scores, initial=-np.inf) > -np.inf)

    @property
    def probs(self) -> np.ndarray:
        return np.exp(self.log_probs)

    @property
    def log_partition(self) -> float:
        return float(logsumexp(self.scores))

    def events(self) -> np.ndarray:
        return np.stack([event(each) for each in self.structures])


def logsumexp(x: np.ndarray) -> np.ndarray:
    top = np.max(x, 0)
    if np.ndim(top) == 0:
        return top if top == -np.inf else top + np.log(np.sum(np.exp(x - top)))
    safe = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return safe + np.log(np.sum(np.exp(x - safe), 0))


def truth(given: Case, item: int, other: bool = False) -> Truth:
    structures, scores = given.scores(item, other)
    top = np.max(scores)
    if top == -np.inf:
        return Truth(structures, scores, np.full(len(scores), -np.inf))
    relative = scores - top
    return Truth(structures, scores, relative - np.log(np.sum(np.exp(relative))))
