"""What a law is tried on: one batch of small items of every kind and length, and all structures of each."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]

# What the potentials of an item are like.
KINDS = ("plain", "small", "medium", "large", "gap", "ties", "forbidden", "mixed", "nothing")

# Broken by a wrong value for an item of this kind. A plain item shorter than the batch breaks "padding".
LAW_OF_KIND = {
    "plain": "enumeration",
    "ties": "enumeration",
    "small": "any_scale",
    "medium": "any_scale",
    "large": "any_scale",
    "gap": "any_scale",
    "forbidden": "forbidden",
    "mixed": "forbidden",
    "nothing": "forbidden",
}


@dataclasses.dataclass(frozen=True)
class Case:
    """Arguments of the constructor for a batch of items, with garbage in the padding."""

    arrays: Arrays
    other: Arrays  # of another distribution over the same structures, for the divergence
    kinds: tuple[str, ...]  # of each item
    lengths: tuple[int, ...]
    longest: int

    def law(self, item: int) -> str:
        if self.kinds[item] == "plain" and self.lengths[item] < self.longest:
            return "padding"
        return LAW_OF_KIND[self.kinds[item]]


@dataclasses.dataclass(frozen=True)
class BadInput:
    """A constructor call that must be refused, naming the argument: on the host, or by `checks()`."""

    what: str
    argument: str
    build: Callable[[], Any]
    on_device: bool = False


class Enumerator(abc.ABC):
    """How the suite knows a class: small cases of it, and all their structures. Registering one makes a class join."""

    name: str
    # Extents of the case, small enough to enumerate: the longest item, and whatever else the class needs.
    longest: int = 4
    # Two sizes between which a program must not grow.
    extents: tuple[int, int] = (5, 9)

    @abc.abstractmethod
    def make(self, rng: np.random.Generator, kind: str, length: int) -> tuple[Arrays, Arrays]:
        """One item's arguments, and those of another distribution, without lengths; the padding filled with 0."""

    @abc.abstractmethod
    def with_garbage(self, arrays: Arrays, garbage: float) -> Arrays:
        """The batch with everything that stands beyond the lengths replaced."""

    @abc.abstractmethod
    def build(self, arrays: Arrays) -> Any:
        """The distribution."""

    @abc.abstractmethod
    def events(self, arrays: Arrays, item: int) -> np.ndarray:
        """All structures of an item, allowed or not: (S *event) bool."""

    @abc.abstractmethod
    def scores(self, arrays: Arrays, item: int, events: np.ndarray) -> np.ndarray:
        """Their scores, float64 (S)."""

    @abc.abstractmethod
    def resized(self, extent: int) -> Any:
        """A distribution of one plain item of another size."""

    @abc.abstractmethod
    def bad_inputs(self) -> Iterator[BadInput]: ...

    def lengths(self) -> range:
        return range(self.longest + 1)

    def kinds(self) -> tuple[str, ...]:
        return KINDS

    def case(self, dtype: np.dtype, seed: int = 0, garbage: float = np.nan) -> Case:
        rng = np.random.default_rng(seed)
        items = [(kind, length) for kind in self.kinds() for length in self.lengths()]
        made = [self.make(rng, kind, length) for kind, length in items]
        lengths = tuple(length for _, length in items)

        def stack(which: int) -> Arrays:
            arrays = {name: np.stack([item[which][name] for item in made]) for name in made[0][which]}
            arrays = {name: x.astype(dtype) if x.dtype.kind == "f" else x for name, x in arrays.items()}
            return self.with_garbage({**arrays, "lengths": np.array(lengths, np.int32)}, garbage)

        return Case(stack(0), stack(1), tuple(kind for kind, _ in items), lengths, self.longest)


ENUMERATORS: dict[str, list[Enumerator]] = {}


def enumerates(class_name: str) -> Callable[[type[Enumerator]], type[Enumerator]]:
    """Class decorator: registers an enumerator of the class of that name. A class may have several forms."""

    def register(enumerator: type[Enumerator]) -> type[Enumerator]:
        ENUMERATORS.setdefault(class_name, []).append(enumerator())
        return enumerator

    return register


def potentials_of(rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """Random log-potentials of a kind. "nothing" is for the enumerator to arrange."""
    scale = {"small": 1e-3, "medium": 30.0, "large": 1e4}.get(kind, 1.0)
    x = rng.normal(size=shape) * scale
    if kind == "ties":
        return np.round(x)
    if kind == "gap":
        return np.where(rng.random(shape) < 0.4, x - 1e4, x)
    if kind == "forbidden":
        return np.where(rng.random(shape) < 0.25, -np.inf, x)
    if kind == "mixed":
        x = np.where(rng.random(shape) < 0.3, x - 200, x)
        x = np.where(rng.random(shape) < 0.2, x + 300, x)
        return np.where(rng.random(shape) < 0.1, -np.inf, x)
    return x


def perturbed(rng: np.random.Generator, kind: str, x: np.ndarray) -> np.ndarray:
    """Potentials of another distribution; now and then it forbids something more."""
    with np.errstate(invalid="ignore"):
        other = x + rng.normal(size=x.shape)
    if kind == "forbidden":
        return np.where(rng.random(x.shape) < 0.02, -np.inf, other)
    return other
