"""What a law is tried on: one batch of small items of every kind and length."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

# Arguments of a constructor by name. A list of arrays is a tuple.
Arrays = dict[str, Any]
Lengths = dict[str, int]

# What the potentials of an item are like.
KINDS = (
    "plain",
    "small",
    "medium",
    "large",
    "gap",
    "huge",
    "finfo",
    "ties",
    "forbidden",
    "mixed",
    "nothing",
)

# Sums of their potentials are beyond the precision of float64.
BEYOND_FLOAT64 = ("huge", "finfo")

# What a version breaks that has other structures.
LAWS_OF_VALUES = ("enumeration", "any_scale", *BEYOND_FLOAT64, "padding", "forbidden")
LAWS_OF_STRUCTURES = (*LAWS_OF_VALUES, "duality", "samples", "top_k", "ties")

# Broken by a wrong value for an item of this kind. A plain item shorter than the batch breaks "padding".
LAW_OF_KIND = {
    "plain": "enumeration",
    "ties": "enumeration",
    "small": "any_scale",
    "medium": "any_scale",
    "large": "any_scale",
    "gap": "any_scale",
    "huge": "huge",
    "finfo": "finfo",
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
    lengths: tuple[Lengths, ...]  # of each item
    full: Lengths  # the extents that the lengths bound

    def law(self, item: int) -> str:
        if self.kinds[item] == "plain" and self.lengths[item] != self.full:
            return "padding"
        return LAW_OF_KIND[self.kinds[item]]


@dataclasses.dataclass(frozen=True)
class BadInput:
    """A constructor call that must be refused, naming the argument: on the host, or by `checks()`."""

    what: str
    argument: str
    build: Callable[[], Any]
    on_device: bool = False


def potentials_of(rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """Random log-potentials of a kind. "nothing" is for the enumerator to arrange."""
    scale = {"small": 1e-3, "medium": 30.0, "large": 1e4}.get(kind, 1.0)
    x = rng.normal(size=shape) * scale
    if kind == "ties":
        return np.round(x)
    if kind == "gap":
        return np.where(rng.random(shape) < 0.4, x - 1e4, x)
    if kind == "huge":
        return np.where(rng.random(shape) < 0.4, np.sign(x) * rng.integers(1, 4, shape) * 1e9, x)
    if kind == "finfo":
        masks = np.array([float(np.finfo(np.float32).min), -1e38])
        x = np.where(rng.random(shape) < 0.3, rng.choice(masks, shape), x)
        if rng.random() < 0.3:  # nothing else is possible
            x[0] = rng.choice(masks, shape[1:])
        return x
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


def is_float(value: Any) -> bool:
    """Whether an argument is floats, and so differentiated: an array or a tuple of them."""
    return all(x.dtype.kind == "f" for x in jax.tree.leaves(value))
