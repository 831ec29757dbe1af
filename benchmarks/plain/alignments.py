"""Alignments and labellings as paths through a table: by anti-diagonals where moves go down, else by columns."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from .lattice import NEVER, Lattice, Plain


def many_to_many() -> Plain:
    return Plain(((1, 0), (1, 1), (2, 1)), lambda table: _between_corners(_skew(table, NEVER), ()), _unskew)


def one_to_many() -> Plain:
    return Plain(((1, 0), (1, 1)), lambda table: _between_corners(table.T, ()), jnp.transpose)


def general(slopes: int, vertical: bool) -> Plain:
    """Tables of the moves by each slope, and then of those down a column."""
    if vertical:
        steps = (*((k + 1, k) for k in range(slopes)), (1, 1))
        cells = lambda table: _skew(jnp.zeros_like(table), NEVER)
        moves = lambda tables: tuple(_skew(x, 0.0) for x in tables)
        return Plain(steps, lambda *tables: _between_corners(cells(tables[0]), moves(tables)), _unskew)
    steps = tuple((1, k) for k in range(slopes))
    lattice = lambda *tables: _between_corners(jnp.zeros_like(tables[0].T), tuple(x.T for x in tables))
    return Plain(steps, lattice, jnp.transpose)


def labellings() -> Plain:
    """CTC: the labels with blanks, symbol 0, around each, and a move past a blank between two that differ."""

    def lattice(logits, labels):
        extended = jnp.zeros(2 * len(labels) + 1, jnp.int32).at[1::2].set(labels)
        states = jnp.arange(len(extended))
        differs = (extended != 0) & (extended != jnp.roll(extended, 2))
        within = lambda which: jnp.where(which, 0.0, NEVER)
        free = jnp.zeros(len(extended))
        cells = jax.nn.log_softmax(logits)[:, extended]
        return Lattice(
            cells, (free, free, within(differs)), within(states < 2), within(states >= len(states) - 2)
        )

    return Plain(((1, 0), (1, 1), (1, 2)), lattice, jnp.transpose)


def _between_corners(cells, moves) -> Lattice:
    only = lambda row: jnp.full(cells.shape[1], NEVER).at[row].set(0.0)
    return Lattice(cells, moves, only(0), only(-1))


def _skew(table, fill):
    """(rows cols) -> (anti-diagonals rows): row i moves i places on."""
    rows, cols = table.shape
    wide = jnp.pad(table, ((0, 0), (0, rows)), constant_values=fill)
    return wide.ravel()[: rows * (rows + cols - 1)].reshape(rows, rows + cols - 1).T


def _unskew(x):
    steps, rows = x.shape
    return jnp.pad(x.T.ravel(), (0, rows)).reshape(rows, steps + 1)[:, : steps - rows + 1]
