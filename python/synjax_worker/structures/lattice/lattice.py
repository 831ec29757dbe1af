"""A lattice: steps of a vector of cells, and moves that lead from a cell of an earlier step to one of a later step.

A path starts in a cell of step 0, makes moves, and ends at its item's last step in one of the cells where it may. Its
score is that of its first cell and of its moves. Alignments of two sequences and of labels to frames are paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric


class Move(NamedTuple):
    """From cell i - `cells` at step t - `steps` to cell i at step t."""

    steps: int  # at least 1
    cells: int  # at least 0
    scores: int  # which of the lattice's arrays of scores it reads


Moves = tuple[Move, ...]


class Scores(NamedTuple):
    """Log-potentials of W cells at steps 0 to T, for B items; -inf where an item has no cell."""

    entering: tuple[Array, ...]  # (T B W) each: of the moves into each cell of steps 1 to T
    first: Array  # (B W): of starting in a cell of step 0


class Bounds(NamedTuple):
    """Where the paths of an item may go."""

    last: Array  # (B) int32: the step at which they end
    ends: Array  # (B W) bool: the cells in which they may
    # Of each move, (B W) bool: the cells that it may enter; None for all.
    gates: tuple[Array | None, ...] | None = None


class Choices(NamedTuple):
    """Of a path read from its end: how it came to each cell, and where it ends. Logs, or whatever is made of them."""

    moves: Array  # (T M B W): by which of M moves it came to a cell of steps 1 to T
    last: Array  # (B W): the cell in which it ends


def longest_move(moves: Moves) -> int:
    """In steps."""
    return max(move.steps for move in moves)


def are_shared(scores: Scores) -> bool:
    """Whether all moves read the same array, so that a cell's score does not bear on how it was entered."""
    return len(scores.entering) == 1


def by_move(moves: Moves, entering: tuple[Array, ...]) -> Array:
    """(... B W) of each array as (... M B W)."""
    return jnp.stack([entering[move.scores] for move in moves], -3)


def ahead(x: Array, cells: int, filler: float | bool) -> Array:
    """What stands in cell i - `cells`, in cell i; (... W)."""
    return _shifted(x, cells, filler)


def came(moves: Moves, bounds: Bounds, past: Sequence[Array], filler: float) -> list[Array]:
    """(... B W) of each move: what stands where it came from to each cell, of what stood at the last steps."""
    gates = bounds.gates or (None,) * len(moves)
    found = [ahead(past[move.steps - 1], move.cells, filler) for move in moves]
    return [x if gate is None else jnp.where(gate, x, filler) for x, gate in zip(found, gates, strict=True)]


def back(x: Array, cells: int, filler: float | bool) -> Array:
    """What stands in cell i, in cell i - `cells`; (... W)."""
    return _shifted(x, -cells, filler)


def _shifted(x: Array, by: int, filler: float | bool) -> Array:
    by = max(-x.shape[-1], min(by, x.shape[-1]))
    padding = [(0, 0, 0)] * (x.ndim - 1) + [(by, -by, 0)]
    return lax.pad(x, jnp.asarray(filler, x.dtype), padding)


def uniform(scores: Scores) -> Scores:
    """0 where a move is allowed, -inf where it is not."""
    return jax.tree.map(lambda x: jnp.where(jnp.isneginf(x), x, jnp.zeros((), x.dtype)), scores)


def contract(mass: Scores, tangent: Scores) -> Array:
    """The derivative of each log-partition (B) along a direction in the scores, of which only what has mass counts."""
    products = jax.tree.map(numeric.masked_product, mass, tangent)
    return sum(jnp.sum(x, (0, 2)) for x in products.entering) + jnp.sum(products.first, 1)
