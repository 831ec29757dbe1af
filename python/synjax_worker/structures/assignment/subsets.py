"""Sums over all matchings: columns are taken one after the other, and what is matched so far is a subset of the rows.

Scores are relative to the best matching, so that weights are plain floats: none is above 1, their sum is at least 1,
and what underflows is nothing beside it. A subset is a number whose bits are its rows; that without row i is less by
2^i, so that all of them are one slice.

Counting matchings is #P-complete (Valiant 1979): the subsets are as many as 2 to the number of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...errors import InvalidArgument
from ...numerics import numeric
from .potentials import Potentials
from .scores import Scores

MOST_ROWS = 12  # of the shorter side


def require_countable(potentials: Potentials) -> None:
    """Raises InvalidArgument where the shorter side exceeds `MOST_ROWS`, or numbers of matchings are no floats."""
    short, long = potentials.short, potentials.long
    bits = int(jnp.finfo(potentials.log_potentials.dtype).maxexp) - 8
    if short <= MOST_ROWS and short * math.log2(long + 1) <= bits:
        return
    received = f"{potentials.rows} rows and {potentials.cols} columns"
    widest = math.floor(2 ** (bits / min(short, MOST_ROWS))) - 1
    expected = f"at most {MOST_ROWS} on the shorter side"
    if short <= MOST_ROWS:
        expected = f"at most {widest} columns beside {short} rows"
    raise InvalidArgument(
        f"`log_potentials` has {received}; sums over all one-to-one alignments are exact for {expected} (beyond that "
        "counting them is #P-hard). The argmax, the top k, and differentiable samples by Perturb-and-MAP-Implicit-MLE "
        "have no such limit.",
        argument="log_potentials",
        expected=expected,
        received=received,
    )


class Weights(NamedTuple):
    """Exponentials of `Scores`, the columns first."""

    cells: Array  # (long B short)
    free: Array  # (long B)


class Forward(NamedTuple):
    before: Array  # (long B 2^short): of what is matched before each column, by subset
    total: Array  # (B): of all matchings of all rows


def weights_of(scores: Scores) -> Weights:
    return Weights(jnp.moveaxis(jnp.exp(scores.cells), 2, 0), jnp.exp(scores.free).T)


def subsets(rows: int) -> Array:
    return numeric.positions(1 << rows)


def bits(rows: int) -> Array:
    """2^i of every row."""
    return lax.shift_left(jnp.ones((rows,), jnp.int32), numeric.positions(rows))


def contains(rows: int) -> Array:
    """Whether a subset has a row, (rows 2^rows)."""
    return (subsets(rows) & bits(rows)[:, None]) != 0


def all_rows(rows: Array) -> Array:
    """The subset of all of an item's rows, (B)."""
    return lax.shift_left(jnp.ones_like(rows), rows) - 1


def at_all_rows(x: Array, rows: Array) -> Array:
    """x (B 2^short) there, (B)."""
    return jnp.take_along_axis(x, all_rows(rows)[:, None], 1)[:, 0]


def at_end(rows: Array, short: int) -> Array:
    """Whether a subset is that, (B 2^short)."""
    return subsets(short) == all_rows(rows)[:, None]


def empty_subset(items: int, rows: int, dtype: Any) -> Array:
    """1 where nothing is matched yet, (B 2^rows)."""
    return jnp.broadcast_to((subsets(rows) == 0).astype(dtype), (items, 1 << rows))


def slices_below(x: Array, rows: int, filler: float) -> Callable[[Array], Array]:
    """Of x (B 2^rows), at each subset what stands at the one that is less by a number."""
    padded = jnp.concatenate([jnp.full_like(x, filler), x], -1)
    return lambda less: lax.dynamic_slice_in_dim(padded, (1 << rows) - less, 1 << rows, 1)


def slices_above(x: Array, rows: int, filler: float) -> Callable[[Array], Array]:
    padded = jnp.concatenate([x, jnp.full_like(x, filler)], -1)
    return lambda more: lax.dynamic_slice_in_dim(padded, more, 1 << rows, 1)


def forward(weights: Weights, rows: Array) -> Forward:
    """O(long short 2^short). Differentiable."""
    _, items, short = weights.cells.shape
    has = contains(short).astype(weights.cells.dtype)

    def step(sums: Array, inputs: Weights) -> tuple[Array, Array]:
        below = slices_below(sums, short, 0)

        def add(total: Array, row: tuple[Array, Array, Array]) -> tuple[Array, None]:
            weight, bit, has = row
            return total + weight[:, None] * (has * below(bit)), None

        after, _ = lax.scan(add, inputs.free[:, None] * sums, (inputs.cells.T, bits(short), has))
        return after, sums

    last, before = lax.scan(step, empty_subset(items, short, weights.cells.dtype), weights)
    return Forward(before, at_all_rows(last, rows))


def visits(weights: Weights, rows: Array, found: Forward) -> Weights:
    """The probability of every cell, and of every column to be free, pushed back from the end. Differentiable."""
    _, _, short = weights.cells.shape
    lacks = 1 - contains(short).astype(weights.cells.dtype)

    def step(rest: Array, inputs: tuple[Weights, Array]) -> tuple[Array, Weights]:
        weights, before = inputs
        above = slices_above(rest, short, 0)

        def add(total: Array, row: tuple[Array, Array, Array]) -> tuple[Array, Array]:
            weight, bit, lacks = row
            part = weight[:, None] * (lacks * above(bit))
            return total + part, jnp.sum(before * part, -1)

        left = weights.free[:, None] * rest
        total, cells = lax.scan(add, left, (weights.cells.T, bits(short), lacks))
        return total, Weights(cells.T, jnp.sum(before * left, -1))

    last = at_end(rows, short).astype(lacks.dtype) * numeric.reciprocal(found.total)[:, None]
    return lax.scan(step, last, (weights, found.before), reverse=True)[1]
