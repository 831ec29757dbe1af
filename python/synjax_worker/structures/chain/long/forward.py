"""The forward pass over one long chain: all chunks at once, then one loop that joins them."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ....numerics import numeric, scaled
from ....numerics.guard import float_range, refined_where
from ....numerics.numeric import HIGHEST
from ..potentials import Potentials
from .layout import CHUNK, RESCALE_EVERY, Chunked, Symbols, lay_out, lift_of_turn, scale_out

# How much smaller than the largest a row of a chunk's matrix may be, as a power of two.
_ROW_RANGE = 120


class ChunkMessages(NamedTuple):
    """The messages of one chain at the borders of its chunks."""

    matrices: Array  # (K t t): weights from a state before the chunk to one at its end, scaled per chunk
    entries: Array  # (K t): weights of the states before each chunk
    sums: Array  # (K t): entries times matrices
    last: Array  # (t): weights of the last state


def forward(
    potentials: Potentials, length: Array, symbols: Symbols | None
) -> tuple[tuple[Array, Array], Array, ChunkMessages]:
    """The log-partition as an unevaluated sum, whether it is certified, and the messages."""
    chunked = lay_out(potentials, length, symbols)
    t, count = chunked.weights.shape[0], chunked.live.shape[1]
    rows = jnp.broadcast_to(jnp.eye(t, dtype=chunked.first.dtype)[..., None], (t, t, count))
    threshold = float_range(rows.dtype, t).threshold
    matrices, exponents, least = _advance(chunked, rows)
    # A small sum is right if no path enters its state. Which states those are is computed only if some sum is small.
    entered = lambda chunked, rows: _advance(chunked, rows, entered_only=True)[2]
    least = refined_where(least < threshold, entered, (chunked, rows), least)
    # Chunks past the end are the identity. The chunk that holds the end is computed again, position by position.
    final = jnp.clip((length - 2) // CHUNK, 0, count - 1)
    matrix, exponent, least_final = _advance_masked(chunked, final)
    matrices = matrices.at[..., final].set(matrix)
    exponents = exponents.at[:, final].set(exponent)
    past = numeric.positions(count) * CHUNK + 1 >= length
    matrices = jnp.moveaxis(jnp.where(past, rows, matrices), -1, 0)
    exponents = jnp.where(past, 0, exponents).T
    top = jnp.max(exponents, 1)
    below = exponents - top[:, None]
    matrices = matrices * scaled.power_of_two(jnp.maximum(below, -_ROW_RANGE), matrices.dtype)[..., None]

    # Which states can be reached? Of the final chunk its matrix tells, which was certified above.
    index = numeric.positions(count)[:, None, None]
    paths = (_unreachable(chunked.weights, CHUNK)[-1] == 0) & chunked.may_end.T[:, None, :]
    paths = jnp.where(index == final, matrices > 0, jnp.where(index > final, jnp.eye(t, dtype=bool), paths))
    entries, sums, last, total = _join(chunked, matrices, top)
    least = jnp.minimum(jnp.where(past, 1, least).min(), least_final)
    large = sums >= threshold
    everything = jnp.ones(sums.shape, bool)
    reached = refined_where(~jnp.all(large), _reachable, (chunked.may_start, paths), everything)
    certified = (least >= threshold) & jnp.all(large | ~reached) & jnp.all(below > -_ROW_RANGE)
    certified &= chunked.in_range & (jnp.sum(last) > 0)
    terms = [*scaled.exponents_times_ln2(total, last.dtype), numeric.safe_log(jnp.sum(last))]
    value = numeric.sum_plus(numeric.exact_sum(jnp.stack(terms)), chunked.shift)
    return value, certified, ChunkMessages(matrices, entries, sums, last)


def _unreachable(weights: Array, edges: int) -> Array:
    """1 where no path of 1, 2, … edges leads from a state to another, else 0: (edges t t). Emissions do not count."""
    allowed = (weights > 0).astype(weights.dtype)

    def step(reached, _):
        moved = (jnp.matmul(reached, allowed, precision=HIGHEST) > 0).astype(weights.dtype)
        return moved, 1 - moved

    return lax.scan(step, jnp.eye(weights.shape[0], dtype=weights.dtype), None, length=edges)[1]


def _advance(chunked: Chunked, rows: Array, entered_only: bool = False) -> tuple[Array, Array, Array]:
    """Moves all chunks forward from every start: matrices (start end K), exponents (start K), least sums (K).

    The least sum of a chunk is that of any state, or with `entered_only` of those that some path enters. Starts and
    chunks share the minor axis, so that XLA vectorises over both. Scales are taken out every `RESCALE_EVERY` positions.
    """
    t, _, count = rows.shape
    lift_exponent = scaled.integer_log2(float_range(rows.dtype, t).lift)
    lanes = jnp.moveaxis(rows, 0, 1).reshape(t, t * count)
    weights = chunked.weights.T
    groups = CHUNK // RESCALE_EVERY
    missing = None
    if entered_only:
        missing = _unreachable(chunked.weights, CHUNK).reshape(groups, RESCALE_EVERY, t, t)
    factors = chunked.factors.reshape(groups, RESCALE_EVERY, t, count)

    def group(carry, inputs):
        message, exponent, least = carry
        factors, missing = inputs
        for turn in range(RESCALE_EVERY):
            sums = jnp.matmul(weights, message, precision=HIGHEST)
            seen = sums * jnp.asarray(lift_of_turn(sums.dtype) ** -turn, sums.dtype)
            if missing is not None:
                seen = seen + jnp.repeat(missing[turn].T, count, axis=1)
            least = jnp.minimum(least, seen)
            message = sums * jnp.tile(factors[turn], (1, t))
        top = jnp.max(message, 0)
        taken, scale = scale_out(top)
        message, least = message * scale, jnp.minimum(least, top)
        return (message, exponent + taken - lift_exponent, least), None

    carry = (lanes, jnp.zeros(t * count, jnp.int32), jnp.ones_like(lanes))
    (message, exponent, least), _ = lax.scan(group, carry, (factors, missing))
    matrices = jnp.moveaxis(message.reshape(t, t, count), 1, 0)
    return matrices, exponent.reshape(t, count), least.reshape(t, t, count).min((0, 1))


def _advance_masked(chunked: Chunked, chunk: Array) -> tuple[Array, Array, Array]:
    """`_advance` of one chunk up to the end of the chain: matrix (start end), exponents (start), the least sum."""
    t = chunked.weights.shape[0]
    dtype = chunked.weights.dtype
    lift_exponent = scaled.integer_log2(float_range(dtype, t).lift)
    weights = chunked.weights.T

    def step(carry, inputs):
        message, exponent, least = carry
        factors, live, missing = inputs
        sums = jnp.matmul(weights, message, precision=HIGHEST)
        moved = sums * factors[:, None]
        top = jnp.max(moved, 0)
        taken, scale = scale_out(top)
        seen = jnp.minimum(jnp.min(sums + missing.T), jnp.min(top))
        message = jnp.where(live, moved * scale, message)
        exponent = jnp.where(live, exponent + taken - lift_exponent, exponent)
        return (message, exponent, jnp.where(live, jnp.minimum(least, seen), least)), None

    inputs = (chunked.lifted[..., chunk], chunked.live[:, chunk], _unreachable(chunked.weights, CHUNK))
    carry = (jnp.eye(t, dtype=dtype), jnp.zeros(t, jnp.int32), jnp.ones((), dtype))
    (message, exponent, least), _ = lax.scan(step, carry, inputs)
    return message.T, exponent, least


def _join(chunked: Chunked, matrices: Array, exponents: Array) -> tuple[Array, Array, Array, Array]:
    """The forward pass over the chunks: entries and sums (K t), the last weights (t), the total exponent taken out."""

    def step(carry, inputs):
        message, exponent = carry
        matrix, taken = inputs
        sums = jnp.sum(message[:, None] * matrix, 0)
        more, scale = scale_out(jnp.max(sums))
        return (sums * scale, exponent + taken + more), (message, sums)

    (last, total), (entries, sums) = lax.scan(step, (chunked.first, jnp.int32(0)), (matrices, exponents))
    return entries, sums, last, total


def _reachable(may_start: Array, paths: Array) -> Array:
    """Whether a state can be reached at the end of each chunk, (K t)."""

    def step(reached, paths):
        entered = jnp.any(reached[:, None] & paths, 0)
        return entered, entered

    return lax.scan(step, may_start, paths)[1]
