"""Alignments that are given as pairs: what of them is looked at, and what is refused."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from ..numerics import numeric
from ..registry import Check


def inside_pairs(pairs: Array, rows: Array, cols: Array) -> Array:
    """Pairs (*sample *batch p 2) with -1 for those that are no cell of an item of `rows` and `cols` (*batch)."""
    row, col = pairs[..., 0], pairs[..., 1]
    inside = (row >= 0) & (row < rows[..., None]) & (col >= 0) & (col < cols[..., None])
    return jnp.where(inside[..., None], pairs, -1)


def checks_of_paths(pairs: Array, rows: Array, cols: Array, *, slopes: int, down: bool) -> list[Check]:
    """Of pairs (*sample *batch p 2): the first is (0, 0), each follows the one before by one of the slopes, of which
    the k-th leads k rows down and to the next column, or down the column; the last is the item's last cell.
    """
    row, col = pairs[..., 0], pairs[..., 1]
    used = (row >= 0) | (col >= 0)
    first = jnp.broadcast_to(numeric.positions(row.shape[-1]) == 0, row.shape)
    before = lambda x: jnp.concatenate([jnp.zeros_like(x[..., :1]), x[..., :-1]], -1)
    rows_on, cols_on = row - before(row), col - before(col)
    moved = (cols_on == 1) & (rows_on >= 0) & (rows_on < slopes)
    if down:
        moved |= (cols_on == 0) & (rows_on == 1)
    moved &= before(used)
    follows = jnp.where(first, (row == 0) & (col == 0), ~used | moved)
    goes_on = jnp.concatenate([used[..., 1:], jnp.zeros_like(used[..., :1])], -1)
    ends = ~used | goes_on | ((row == rows[..., None] - 1) & (col == cols[..., None] - 1))
    return [
        Check("pairs", ~follows, row, "(0, 0) first, then a cell that a move leads to from the one before"),
        Check("pairs", ~ends, row, "the item's last cell as the last pair"),
    ]


def checks_of_matchings(pairs: Array, rows: Array, cols: Array) -> list[Check]:
    """Of pairs (*sample *batch p 2): each is a cell of the item, rows grow, no column comes twice, and all lines of the
    shorter side are matched.
    """
    row, col = pairs[..., 0], pairs[..., 1]
    used = (row >= 0) | (col >= 0)
    before = jnp.concatenate([jnp.full_like(row[..., :1], -1), row[..., :-1]], -1)
    whole = jnp.concatenate([jnp.ones_like(used[..., :1]), used[..., :-1]], -1)
    earlier = numeric.positions(row.shape[-1])[:, None] > numeric.positions(row.shape[-1])
    repeated = jnp.any(used[..., None] & (col[..., None] == col[..., None, :]) & earlier, -1)
    outside = used & ((row >= rows[..., None]) | (col < 0) | (col >= cols[..., None]))
    missing = jnp.sum(used, -1, dtype=jnp.int32) != jnp.minimum(rows, cols)
    last = numeric.positions(row.shape[-1]) == row.shape[-1] - 1
    return [
        Check("pairs", outside, jnp.where(row < rows[..., None], col, row), "a row and a column of the item"),
        Check("pairs", used & ((row <= before) | ~whole), row, "a row below that of the pair before it"),
        Check("pairs", repeated, col, "a column that no earlier pair has"),
        Check("pairs", missing[..., None] & last, row, "as many pairs as the shorter side has lines"),
    ]
