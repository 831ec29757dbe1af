"""Checks of paths through a table that are given as pairs."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from ..registry import Check


def checks_of_paths(
    pairs: Array, rows: Array, cols: Array, *, most_rows: int | None = 1, least_cols: int = 0
) -> list[Check]:
    """Of pairs (*sample *batch p 2) of items with `rows` and `cols` (*batch): the first is (0, 0), each follows the one
    before by at most a column and `most_rows` rows, of columns at least `least_cols`; the last is the last cell. After
    it all are negative.
    """
    row, col = pairs[..., 0], pairs[..., 1]
    rows, cols = rows[..., None], cols[..., None]
    used = (row >= 0) | (col >= 0)
    shape = row.shape
    first = jnp.broadcast_to(jnp.arange(shape[-1]) == 0, shape)
    before = lambda x: jnp.concatenate([jnp.zeros_like(x[..., :1]), x[..., :-1]], -1)
    after = jnp.concatenate([used[..., 1:], jnp.zeros_like(used[..., :1])], -1)
    down, right = row - before(row), col - before(col)
    moved = (down >= 0) & (right >= least_cols) & (right <= 1) & (down + right > 0)
    if most_rows is not None:
        moved &= down <= most_rows
    follows = jnp.where(first, used & (row == 0) & (col == 0), ~used | moved)
    ends = ~used | after | ((row == rows - 1) & (col == cols - 1))
    gap = ~first & used & ~jnp.concatenate([used[..., :1], used[..., :-1]], -1)
    return [
        Check(
            "pairs", ~follows | gap, row, "(0, 0) first, then a cell that a move leads to from the one before"
        ),
        Check("pairs", ~ends, row, "the item's last cell as the last pair"),
    ]
