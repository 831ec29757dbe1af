"""One long chain laid out in K chunks of L positions, in probability space."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from ....numerics import numeric, scaled
from ....numerics.guard import float_range
from ....numerics.numeric import Sum
from ..potentials import Potentials, transition_weights

# L, the positions in a chunk; a multiple of the number of positions between two rescalings.
CHUNK = 32
RESCALE_EVERY = 4


class Symbols(NamedTuple):
    """Emissions that are looked up in a table: position i has the column `index[i]`.

    What is computed from emissions is then computed once per symbol. Constants: derivatives go through the potentials.
    """

    table: Array  # (t v), shared, or (B t v)
    index: Array  # (B n)


class Chunked(NamedTuple):
    """One chain in chunks. Weights and factors are probabilities times a scale."""

    weights: Array  # (t t)
    first: Array  # (t): of the first position, the largest 1
    factors: Array  # (L t K): of the emissions, scaled so that the largest of each position is the lift of one turn
    live: Array  # (L K): whether a position lies inside the chain
    may_start: Array  # (t): whether a state is allowed at the first position
    may_end: Array  # (t K): whether a state is allowed at the last position of a chunk
    shift: Sum  # what was taken out of `first` and `factors`
    in_range: Array  # (): whether sums above the threshold, times any factor, stay in range, and shifts add up exactly

    @property
    def lifted(self) -> Array:
        """The factors for passes that rescale at every position: the largest is the lift of all turns together."""
        lift = float_range(self.factors.dtype, 1).lift
        return self.factors * jnp.asarray(lift / lift_of_turn(self.factors.dtype), self.factors.dtype)


def lift_of_turn(dtype: Any) -> float:
    """The factor per position that adds up to the lift over the positions between two rescalings."""
    return float_range(dtype, 1).lift ** (1 / RESCALE_EVERY)


def lay_out(potentials: Potentials, length: Array, symbols: Symbols | None) -> Chunked:
    start, transition, emission = potentials
    n, t = emission.shape
    alone = jnp.where(numeric.positions(t) == 0, 0.0, -jnp.inf).astype(start.dtype)
    start = jnp.where(length == 0, alone, start)
    chunks = max(1, -(-(n - 1) // CHUNK))
    position = numeric.positions(CHUNK)[:, None] + CHUNK * numeric.positions(chunks) + 1
    live = position < length
    rest, place = _rows(emission, live, symbols)
    weights, column = transition_weights(transition)

    # Integers and fractions are summed apart, so that large potentials cost no precision.
    parts = zip(numeric.split_integer(rest), numeric.split_integer(column), strict=True)
    integer, fraction = (emission_part + column_part[:, None] for emission_part, column_part in parts)
    logs, top_integer, top_fraction = _settle(integer, fraction, 1)
    parts = zip(
        numeric.split_integer(jnp.where(length > 0, emission[0], 0)),
        numeric.split_integer(start),
        strict=True,
    )
    first, first_integer, first_fraction = _settle(*(a + b for a, b in parts), 0)
    # The few terms of one chunk are small or integers. Only the sum over the chunks needs `exact_sum`.
    shifts = [jnp.sum(jnp.where(live, place(x), 0), 0) for x in (top_integer, top_fraction)]
    shift = numeric.exact_sum(jnp.concatenate([*shifts, jnp.stack([first_integer, first_fraction])]))
    lift, allowed = lift_of_turn(logs.dtype), ~jnp.isneginf(logs)
    smallest = 2 * float(jnp.finfo(logs.dtype).tiny) / (float_range(logs.dtype, t).threshold * lift)
    return Chunked(
        weights,
        numeric.exp_or_zero(first),
        place(scaled.lifted_exp(logs, lift)),
        live,
        ~jnp.isneginf(first),
        place(allowed)[-1],
        shift,
        jnp.all(
            place(jnp.all(~allowed | (logs > math.log(smallest)), 1) & _sums_exactly(top_integer)) | ~live
        )
        & _sums_exactly(first_integer),
    )


def _rows(emission: Array, live: Array, symbols: Symbols | None) -> tuple[Array, Callable[[Array], Array]]:
    """The rows of emissions to compute with, and a function that puts what was computed of them at their positions.

    Without symbols the rows are the emissions of all positions but the first (L t K), 0 past the end. With symbols they
    are the columns of the table and a column of zeros, (1 t v+1).
    """
    length, chunks = live.shape

    def in_chunks(x: Array) -> Array:
        padding = ((0, chunks * length - (x.shape[0] - 1)), *[(0, 0)] * (x.ndim - 1))
        return jnp.moveaxis(jnp.pad(x[1:], padding).reshape(chunks, length, *x.shape[1:]), 0, -1)

    if symbols is None:
        return jnp.where(live[:, None], in_chunks(emission), 0), lambda x: x
    table, index = symbols
    index = jnp.where(live, in_chunks(index), table.shape[-1])

    def look_up(x: Array) -> Array:
        """By comparisons, because XLA does not vectorise a lookup."""
        at = jnp.expand_dims(index, tuple(range(1, x.ndim - 1)))
        found = jnp.broadcast_to(x[..., -1:], (length, *x.shape[1:-1], chunks))
        for symbol in range(table.shape[-1]):
            found = jnp.where(at == symbol, x[..., symbol, None], found)
        return found

    return jnp.pad(table, ((0, 0), (0, 1)))[None], look_up


def _settle(integer: Array, fraction: Array, axis: int) -> tuple[Array, Array, Array]:
    """integer + fraction - maximum, and the maximum as an integer and a fraction."""
    top_integer = numeric.shift_of(integer, axis)
    logs = (integer - jnp.expand_dims(top_integer, axis)) + fraction
    top_fraction = numeric.shift_of(logs, axis)
    return logs - jnp.expand_dims(top_fraction, axis), top_integer, top_fraction


def _sums_exactly(whole: Array) -> Array:
    """Whether a chunk of such whole numbers adds up without rounding."""
    return jnp.abs(whole) < 2**22 / CHUNK


def scale_out(top: Array) -> tuple[Array, Array]:
    """The exponent of a maximum, and the power of two that divides it out; (0, 1) where the maximum is 0."""
    exponent = scaled.exponent_of(top)
    exponent = jnp.where(exponent == scaled.ZERO_EXPONENT, 0, exponent)
    return exponent, scaled.power_of_two(-exponent, top.dtype)
