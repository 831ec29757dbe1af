"""Log-potentials of the cells of a table, and every item's table turned so that its shorter side are the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from ...numerics import numeric

Lengths = Mapping[str, Array]  # lengths_rows and lengths_cols, (B) int32


class Potentials(NamedTuple):
    """Of every cell. The names of the lengths are those of `Lengths`."""

    log_potentials: Array  # (B rows cols)

    @property
    def items(self) -> int:
        return self.log_potentials.shape[0]

    @property
    def rows(self) -> int:
        return self.log_potentials.shape[1]

    @property
    def cols(self) -> int:
        return self.log_potentials.shape[2]

    @property
    def pairs(self) -> int:
        """How many a compact event has room for: as many as that of any alignment of the table."""
        return self.rows + max(self.cols - 1, 0)

    @property
    def short(self) -> int:
        """The extent of the shorter side, at least 1."""
        return max(min(self.rows, self.cols), 1)

    @property
    def long(self) -> int:
        return max(self.rows, self.cols, 1)


class Oriented(NamedTuple):
    """Tables whose rows are the shorter side of each item: every row is matched, and columns may be free."""

    scores: Array  # (B short long), -inf where an item has no cell
    short: Array  # (B) int32, how many rows an item has
    long: Array  # (B), and how many columns, at least as many


def inside(potentials: Potentials, lengths: Lengths) -> Array:
    """Whether a cell belongs to its item, (B rows cols)."""
    rows = numeric.positions(potentials.rows) < lengths["lengths_rows"][:, None]
    cols = numeric.positions(potentials.cols) < lengths["lengths_cols"][:, None]
    return rows[:, :, None] & cols[:, None, :]


def is_turned(lengths: Lengths) -> Array:
    """Whether an item has more rows than columns, (B): its columns are then the rows of the oriented table."""
    return lengths["lengths_rows"] > lengths["lengths_cols"]


def oriented(potentials: Potentials, lengths: Lengths) -> Oriented:
    rows, cols = lengths["lengths_rows"], lengths["lengths_cols"]
    scores = jnp.where(inside(potentials, lengths), potentials.log_potentials, -jnp.inf)
    scores = _turn(_square(scores, potentials.long, -jnp.inf), lengths)[:, : potentials.short]
    return Oriented(scores, jnp.minimum(rows, cols), jnp.maximum(rows, cols))


def turned_back(x: Array, lengths: Lengths, like: Potentials) -> Array:
    """What is shaped as `Oriented.scores`, (B rows cols)."""
    return _turn(_square(x, like.long, 0), lengths)[:, : like.rows, : like.cols]


def _square(x: Array, side: int, filler: float) -> Array:
    missing = ((0, 0), *((0, side - extent) for extent in x.shape[1:]))
    return jnp.pad(x, missing, constant_values=filler)


def _turn(x: Array, lengths: Lengths) -> Array:
    return jnp.where(is_turned(lengths)[:, None, None], jnp.swapaxes(x, 1, 2), x)


def contract(marginals: Array, tangent: Any) -> Array:
    """The derivative of each log-partition (B) along a direction in the potentials, of which only what has a marginal
    counts.
    """
    return jnp.sum(numeric.masked_product(marginals, tangent.log_potentials), (1, 2))
