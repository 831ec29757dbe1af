"""One-to-one alignments as events, 0/1 indicators of cells (rows cols), and compact, pairs (row, column)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.numeric import Sum
from .potentials import Lengths, Potentials, inside, is_turned


def pairs_of_columns(columns: Array, lengths: Lengths, like: Potentials) -> Array:
    """Pairs (k B p 2), ordered by row, of the columns (k B short) that the rows of turned tables have."""
    rows = like.rows
    short = jnp.minimum(lengths["lengths_rows"], lengths["lengths_cols"])
    index = numeric.positions(columns.shape[-1])
    real = index < short[:, None]
    # Of turned tables, which column each row of the potentials is matched to.
    other = jnp.where(
        real[..., None] & (columns[..., None] == numeric.positions(rows)), index[:, None] + 1, 0
    )
    of_turned = jnp.max(other, -2, initial=0) - 1
    missing = [(0, 0)] * (columns.ndim - 1) + [(0, max(rows - columns.shape[-1], 0))]
    straight = jnp.pad(jnp.where(real, columns, -1), missing, constant_values=-1)[..., :rows]
    matched = jnp.where(is_turned(lengths)[:, None], of_turned, straight)
    order = jnp.argsort(matched < 0, -1, stable=True).astype(jnp.int32)
    column = jnp.take_along_axis(matched, order, -1)
    pairs = jnp.stack([jnp.where(column >= 0, order, -1), column], -1)
    return jnp.pad(pairs, [(0, 0)] * (pairs.ndim - 2) + [(0, like.pairs - rows), (0, 0)], constant_values=-1)


def _real(compact: Array, rows: int, cols: int) -> Array:
    """Which pairs (... p 2) are a cell of an event, (... p): each has a row below those before it."""
    row, col = compact[..., 0], compact[..., 1]
    last = lax.cummax(row, axis=row.ndim - 1)
    above = jnp.concatenate([jnp.full_like(row[..., :1], -1), last[..., :-1]], -1)
    return (row >= 0) & (row > above) & (row < rows) & (col >= 0) & (col < cols)


def event_of_compact(compact: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
    """Events (S B rows cols) of pairs (S B p 2); pairs of -1 have no cell."""
    rows, cols = sizes["rows"], sizes["cols"]
    real = _real(compact, rows, cols)
    index = jnp.where(real, compact[..., 0] * cols + compact[..., 1], rows * cols)
    flat = lax.collapse(index, 0, 2)
    made = jnp.zeros((flat.shape[0], rows * cols), dtype)
    made = made.at[numeric.positions(flat.shape[0])[:, None], flat].set(1, mode="drop")
    return made.reshape(*compact.shape[:2], rows, cols)


def score_of_event(potentials: Potentials, lengths: Lengths, event: Array) -> Sum:
    """Sum of the log-potentials of an event's cells, (S B); linear in the event (S B rows cols)."""
    used = inside(potentials, lengths)
    scores = jnp.where(used, potentials.log_potentials, 0)
    terms = numeric.masked_product(jnp.where(used, event, 0), scores)
    return numeric.exact_sum(lax.collapse(terms, 2), -1)


def score_of_compact(potentials: Potentials, lengths: Lengths, compact: Array) -> Sum:
    """The same of pairs (S B p 2), by looking up their cells."""
    row, col = compact[..., 0], compact[..., 1]
    used = _real(compact, potentials.rows, potentials.cols)
    used &= (row < lengths["lengths_rows"][:, None]) & (col < lengths["lengths_cols"][:, None])
    row, col = jnp.where(used, row, 0), jnp.where(used, col, 0)
    item = numeric.positions(potentials.items)[:, None]
    return numeric.exact_sum(jnp.where(used, potentials.log_potentials[item, row, col], 0), -1)
