"""The forward-backward pass over long chains of few states, in chunks that advance together.

The positions after the first are cut into K chunks of L. One loop of L turns moves every chunk forward from every
state it may start in, so that the chunks stand side by side in the vector lanes; a loop of K turns joins them; two
more loops of L turns then run forward and backward inside all chunks at once. Scales are powers of two and taken out
exactly.

Compared with the chain's own pass this is t times the multiplications in n / (L + K) times fewer turns: what counts
where a step is as small as one of 4 states.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, scaled
from ...numerics.guard import limits, run_if
from ...numerics.numeric import HIGHEST
from .conditionals import Conditionals
from .exact import exact_log_partition
from .potentials import Marginals, Potentials, transition_weights, uniform

# Positions in a chunk; a multiple of the steps between two rescalings.
CHUNK = 32
_RESCALE_EVERY = 4

# Of a table with more symbols, nothing is gained by making things once for each.
MOST_SYMBOLS = 16

# A row of a chunk's matrix may be smaller than the largest by this power of two, and no more.
_ROW_RANGE = 120


def serves(potentials: Potentials) -> bool:
    """Whether this pass is the faster one."""
    return not potentials.per_step and potentials.nodes >= 512 and potentials.states <= 8


class Symbols(NamedTuple):
    """Emissions that are looked up: those of a node are the column of a table that its symbol names. What is made of
    them is then made once for each symbol. Constants: derivatives go through the potentials.
    """

    table: Array  # (t v), shared, or (B t v)
    index: Array  # (B n)


class LongMessages(NamedTuple):
    """What the forward pass leaves, per chain (leading axis B): constants to every query that uses them."""

    log_partition: tuple[Array, Array]
    certified: Array  # (B)
    chunks: Array  # (B K t t): weight from a state before the chunk to one at its end, scaled per chunk
    entries: Array  # (B K t): weights of the states before each chunk
    sums: Array  # (B K t): entries times chunks
    last: Array  # (B t): weights at the end
    symbols: Symbols | None

    def filtered_weights(self, potentials: Potentials, lengths: Array) -> Array:
        return _each(_filtered, potentials, lengths, self)

    def marginals(self, potentials: Potentials, lengths: Array) -> Marginals:
        return _each(_marginals, potentials, lengths, self)

    def edge_marginals(self, potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
        return _each(_edge_marginals, potentials, lengths, self)

    def conditionals(self, potentials: Potentials, lengths: Array) -> Conditionals:
        before, sums, states = _each(_conditionals, potentials, lengths, self)
        weights, _ = transition_weights(potentials.transition)
        return Conditionals(weights, before, sums, states, self.last)


def forward(potentials: Potentials, lengths: Array, symbols: Symbols | None = None) -> LongMessages:
    """One pass over each chain, O(n t^3). Its result has no gradient; the queries bring their own."""
    potentials, symbols = jax.tree.map(lax.stop_gradient, (potentials, symbols))
    messages = _each(_forward, potentials, lengths, symbols)
    value = run_if(~messages.certified, exact_log_partition, (potentials, lengths), messages.log_partition)
    return messages._replace(log_partition=value, symbols=symbols)


def log_count(potentials: Potentials, lengths: Array, symbols: Symbols | None = None) -> tuple[Array, Array]:
    """The logarithm of the number of structures that are allowed, as an unevaluated pair (B)."""
    if symbols is not None:
        symbols = symbols._replace(table=uniform(symbols.table))
    return forward(uniform(potentials), lengths, symbols).log_partition


def _each(
    compute: Callable, potentials: Potentials, lengths: Array, given: LongMessages | Symbols | None
) -> Any:
    axes = Potentials(0, None if potentials.transition.ndim == 2 else 0, 0)
    return jax.vmap(compute, in_axes=(axes, 0, _axes(given)))(potentials, lengths, given)


def _axes(given: LongMessages | Symbols | None) -> Any:
    if isinstance(given, LongMessages):
        return LongMessages(*[0] * 6, symbols=_axes(given.symbols))
    return None if given is None else Symbols(None if given.table.ndim == 2 else 0, 0)


class _Chunked(NamedTuple):
    """One chain laid out in chunks, in probability space."""

    weights: Array  # (t t)
    first: Array  # (t): of the first position, the largest 1
    factors: Array  # (L t K): of the emissions, the largest of each position the lift of one turn
    live: Array  # (L K): whether a position lies inside the chain
    may_start: Array  # (t): whether a state is allowed at the first position
    may_end: Array  # (t K): whether a state is allowed at the last position of a chunk
    shift: tuple[Array, Array]  # what was taken out of `first` and `factors`
    in_range: (
        Array  # (): whether no product of a sum that is large enough with a factor is below the float range
    )

    @property
    def lifted(self) -> Array:
        """The factors, the largest of each position the lift of all turns between two rescalings."""
        lift = limits(self.factors.dtype, 1).lift
        return self.factors * jnp.asarray(lift / _lift_of_turn(self.factors.dtype), self.factors.dtype)


def _lift_of_turn(dtype: Any) -> float:
    return limits(dtype, 1).lift ** (1 / _RESCALE_EVERY)


def _lay_out(potentials: Potentials, length: Array, symbols: Symbols | None) -> _Chunked:
    start, transition, emission = potentials
    n, t = emission.shape
    alone = jnp.where(jnp.arange(t) == 0, 0.0, -jnp.inf).astype(start.dtype)
    start = jnp.where(length == 0, alone, start)
    chunks = max(1, -(-(n - 1) // CHUNK))
    position = jnp.arange(CHUNK)[:, None] + CHUNK * jnp.arange(chunks) + 1
    live = position < length
    rest, place = _rows(emission, live, symbols)
    weights, column = transition_weights(transition)

    # Integers and fractions are added apart, so that nothing is lost to the size of the potentials.
    parts = zip(numeric.split_integer(rest), numeric.split_integer(column), strict=True)
    integer, fraction = (emission_part + column_part[:, None] for emission_part, column_part in parts)
    logs, top_integer, top_fraction = _settle(integer, fraction, 1)
    parts = zip(
        numeric.split_integer(jnp.where(length > 0, emission[0], 0)),
        numeric.split_integer(start),
        strict=True,
    )
    first, first_integer, first_fraction = _settle(*(a + b for a, b in parts), 0)
    # A chunk's few terms are small numbers, or integers: only the sum over the chunks needs care.
    shifts = [jnp.sum(jnp.where(live, place(x), 0), 0) for x in (top_integer, top_fraction)]
    shift = numeric.pair_sum(jnp.concatenate([*shifts, jnp.stack([first_integer, first_fraction])]))
    lift, allowed = _lift_of_turn(logs.dtype), ~jnp.isneginf(logs)
    smallest = 2 * float(jnp.finfo(logs.dtype).tiny) / (limits(logs.dtype, t).threshold * lift)
    return _Chunked(
        weights,
        numeric.exp_or_zero(first),
        place(scaled.lifted_exp(logs, lift)),
        live,
        ~jnp.isneginf(first),
        place(allowed)[-1],
        shift,
        jnp.all(place(jnp.all(~allowed | (logs > math.log(smallest)), 1)) | ~live),
    )


def _rows(emission: Array, live: Array, symbols: Symbols | None) -> tuple[Array, Callable[[Array], Array]]:
    """The emissions of all positions but the first, 0 past the end, and what puts those of anything made of them in
    their places: of each position, (L t K) as they stand; of each symbol, (1 t v+1) and then looked up.
    """
    steps, chunks = live.shape

    def in_chunks(x: Array) -> Array:
        padding = ((0, chunks * steps - (x.shape[0] - 1)), *[(0, 0)] * (x.ndim - 1))
        return jnp.moveaxis(jnp.pad(x[1:], padding).reshape(chunks, steps, *x.shape[1:]), 0, -1)

    if symbols is None:
        return jnp.where(live[:, None], in_chunks(emission), 0), lambda x: x
    table, index = symbols
    index = jnp.where(live, in_chunks(index), table.shape[-1])

    def look_up(x: Array) -> Array:
        """By comparing, which vectorises, where looking up does not."""
        at = jnp.expand_dims(index, tuple(range(1, x.ndim - 1)))
        found = jnp.broadcast_to(x[..., -1:], (steps, *x.shape[1:-1], chunks))
        for symbol in range(table.shape[-1]):
            found = jnp.where(at == symbol, x[..., symbol, None], found)
        return found

    return jnp.pad(table, ((0, 0), (0, 1)))[None], look_up


def _settle(integer: Array, fraction: Array, axis: int) -> tuple[Array, Array, Array]:
    """integer + fraction less its maximum, and the maximum in two parts."""
    top_integer = numeric.shift_of(integer, axis)
    logs = (integer - jnp.expand_dims(top_integer, axis)) + fraction
    top_fraction = numeric.shift_of(logs, axis)
    return logs - jnp.expand_dims(top_fraction, axis), top_integer, top_fraction


def _scale_out(top: Array) -> tuple[Array, Array]:
    """The exponent of a maximum, and the power of two that takes it out; (0, 1) where the maximum is 0."""
    exponent = scaled.exponent_of(top)
    exponent = jnp.where(exponent == scaled.ZERO_EXPONENT, 0, exponent)
    return exponent, scaled.power_of_two(-exponent, top.dtype)


# --------------------------------------------------------------------------------------------------------- forward


def _forward(potentials: Potentials, length: Array, symbols: Symbols | None) -> LongMessages:
    chunked = _lay_out(potentials, length, symbols)
    t, count = chunked.weights.shape[0], chunked.live.shape[1]
    rows = jnp.broadcast_to(jnp.eye(t, dtype=chunked.first.dtype)[..., None], (t, t, count))
    threshold = limits(rows.dtype, t).threshold
    matrices, exponents, least = _advance(chunked, rows)
    # Only where a sum is small is it asked whether that is of a state which no path enters.
    entered = lambda chunked, rows: _advance(chunked, rows, entered_only=True)[2]
    least = run_if(least < threshold, entered, (chunked, rows), least)
    # Chunks past the end are the identity, the one that holds the end is done again step by step.
    final = jnp.clip((length - 2) // CHUNK, 0, count - 1)
    matrix, exponent, least_final = _advance_masked(chunked, final)
    matrices = matrices.at[..., final].set(matrix)
    exponents = exponents.at[:, final].set(exponent)
    past = jnp.arange(count) * CHUNK + 1 >= length
    matrices = jnp.moveaxis(jnp.where(past, rows, matrices), -1, 0)
    exponents = jnp.where(past, 0, exponents).T
    top = jnp.max(exponents, 1)
    below = exponents - top[:, None]
    matrices = matrices * scaled.power_of_two(jnp.maximum(below, -_ROW_RANGE), matrices.dtype)[..., None]

    # Which states can be reached: in the final chunk its own matrix says so, having been certified above.
    index = jnp.arange(count)[:, None, None]
    paths = (_unreachable(chunked.weights, CHUNK)[-1] == 0) & chunked.may_end.T[:, None, :]
    paths = jnp.where(index == final, matrices > 0, jnp.where(index > final, jnp.eye(t, dtype=bool), paths))
    entries, sums, last, total = _join(chunked, matrices, top)
    least = jnp.minimum(jnp.where(past, 1, least).min(), least_final)
    large = sums >= threshold
    everything = jnp.ones(sums.shape, bool)
    reached = run_if(~jnp.all(large), _reachable, (chunked.may_start, paths), everything)
    certified = (least >= threshold) & jnp.all(large | ~reached) & jnp.all(below > -_ROW_RANGE)
    certified &= chunked.in_range & (jnp.sum(last) > 0)
    terms = [*scaled.exponents_times_ln2(total, last.dtype), *chunked.shift, numeric.safe_log(jnp.sum(last))]
    value = numeric.pair_sum(jnp.stack(terms))
    return LongMessages(value, certified, matrices, entries, sums, last, None)


def _unreachable(weights: Array, steps: int) -> Array:
    """1 where no path leads from a state to another in 1, 2, … steps, else 0: (steps t t). Emissions do not count."""
    edges = (weights > 0).astype(weights.dtype)

    def step(reached, _):
        moved = (jnp.matmul(reached, edges, precision=HIGHEST) > 0).astype(weights.dtype)
        return moved, 1 - moved

    return lax.scan(step, jnp.eye(weights.shape[0], dtype=weights.dtype), None, length=steps)[1]


def _advance(chunked: _Chunked, rows: Array, entered_only: bool = False) -> tuple[Array, Array, Array]:
    """All chunks from every start: matrices (start end K), exponents (start K), and the least sum seen in each (K), of
    any state or of those that some path enters.

    The start states stand beside the chunks in the minor axis. Scales are taken out once in a few steps.
    """
    t, _, count = rows.shape
    lift_exponent = round(math.log2(limits(rows.dtype, t).lift))
    lanes = jnp.moveaxis(rows, 0, 1).reshape(t, t * count)
    weights = chunked.weights.T
    groups = CHUNK // _RESCALE_EVERY
    missing = None
    if entered_only:
        missing = _unreachable(chunked.weights, CHUNK).reshape(groups, _RESCALE_EVERY, t, t)
    factors = chunked.factors.reshape(groups, _RESCALE_EVERY, t, count)

    def group(carry, inputs):
        message, exponent, least = carry
        factors, missing = inputs
        for turn in range(_RESCALE_EVERY):
            sums = jnp.matmul(weights, message, precision=HIGHEST)
            seen = sums * jnp.asarray(_lift_of_turn(sums.dtype) ** -turn, sums.dtype)
            if missing is not None:
                seen = seen + jnp.repeat(missing[turn].T, count, axis=1)
            least = jnp.minimum(least, seen)
            message = sums * jnp.tile(factors[turn], (1, t))
        top = jnp.max(message, 0)
        taken, scale = _scale_out(top)
        message, least = message * scale, jnp.minimum(least, top)
        return (message, exponent + taken - lift_exponent, least), None

    carry = (lanes, jnp.zeros(t * count, jnp.int32), jnp.ones_like(lanes))
    (message, exponent, least), _ = lax.scan(group, carry, (factors, missing))
    matrices = jnp.moveaxis(message.reshape(t, t, count), 1, 0)
    return matrices, exponent.reshape(t, count), least.reshape(t, t, count).min((0, 1))


def _advance_masked(chunked: _Chunked, chunk: Array) -> tuple[Array, Array, Array]:
    """One chunk, as far as its positions are live: matrix (start end), exponents (start), the least sum seen."""
    t = chunked.weights.shape[0]
    dtype = chunked.weights.dtype
    lift_exponent = round(math.log2(limits(dtype, t).lift))
    weights = chunked.weights.T

    def step(carry, inputs):
        message, exponent, least = carry
        factors, live, missing = inputs
        sums = jnp.matmul(weights, message, precision=HIGHEST)
        moved = sums * factors[:, None]
        top = jnp.max(moved, 0)
        taken, scale = _scale_out(top)
        seen = jnp.minimum(jnp.min(sums + missing.T), jnp.min(top))
        message = jnp.where(live, moved * scale, message)
        exponent = jnp.where(live, exponent + taken - lift_exponent, exponent)
        return (message, exponent, jnp.where(live, jnp.minimum(least, seen), least)), None

    inputs = (chunked.lifted[..., chunk], chunked.live[:, chunk], _unreachable(chunked.weights, CHUNK))
    carry = (jnp.eye(t, dtype=dtype), jnp.zeros(t, jnp.int32), jnp.ones((), dtype))
    (message, exponent, least), _ = lax.scan(step, carry, inputs)
    return message.T, exponent, least


def _join(chunked: _Chunked, matrices: Array, exponents: Array) -> tuple[Array, Array, Array, Array]:
    """Runs over the chunks: their entries and sums (K t), the weights at the end (t), all exponents taken out."""

    def step(carry, inputs):
        message, exponent = carry
        matrix, taken = inputs
        sums = jnp.sum(message[:, None] * matrix, 0)
        more, scale = _scale_out(jnp.max(sums))
        return (sums * scale, exponent + taken + more), (message, sums)

    (last, total), (entries, sums) = lax.scan(step, (chunked.first, jnp.int32(0)), (matrices, exponents))
    return entries, sums, last, total


def _reachable(may_start: Array, paths: Array) -> Array:
    """Whether a state can be reached at the end of each chunk, (K t)."""

    def step(reached, paths):
        entered = jnp.any(reached[:, None] & paths, 0)
        return entered, entered

    return lax.scan(step, may_start, paths)[1]


# -------------------------------------------------------------------------------------------------------- backward


def _inside_chunks(chunked: _Chunked, messages: LongMessages) -> tuple[Array, Array, Array]:
    """Forward inside all chunks from their entries: the messages before each position and the scales (L t K), (L K),
    and the messages at the chunks' ends (t K).
    """
    weights = chunked.weights.T

    def step(message, inputs):
        factors, live = inputs
        moved = jnp.matmul(weights, message, precision=HIGHEST) * factors
        _, scale = _scale_out(jnp.max(moved, 0))
        return jnp.where(live, moved * scale, message), (message, scale)

    ends, (before, scales) = lax.scan(step, messages.entries.T, (chunked.lifted, chunked.live))
    return before, scales, ends


def _smooth(
    potentials: Potentials, length: Array, messages: LongMessages
) -> tuple[_Chunked, Array, Array, Array]:
    """Backward through the chunks and then inside all of them.

    -> the layout, the marginals of the states (n t), the messages before each position and the ratios that make an
    edge's marginal `before[a] * weights[a, b] * ratio[b]` (L t K).
    """
    chunked = _lay_out(potentials, length, messages.symbols)

    def over_chunk(marginal, inputs):
        matrix, entry, sums = inputs
        ratio = marginal * numeric.reciprocal(sums)
        moved = numeric.normalize(entry * jnp.sum(matrix * ratio, 1))
        return moved, marginal

    joined = (messages.chunks, messages.entries, messages.sums)
    _, at_ends = lax.scan(over_chunk, numeric.normalize(messages.last), joined, reverse=True)

    before, scales, ends = _inside_chunks(chunked, messages)

    def inside(
        evidence, inputs
    ):  # evidence is a marginal over its message: in range where the message is not 0
        before, factors, scale, live = inputs
        ratio = jnp.where(live, evidence * (factors * scale), 0)
        moved = jnp.where(before > 0, jnp.matmul(chunked.weights, ratio, precision=HIGHEST), 0)
        evidence = jnp.where(live, moved, evidence)
        return evidence, (before * evidence, ratio)

    evidence = at_ends.T * numeric.reciprocal(ends)
    inputs = (before, chunked.lifted, scales, chunked.live)
    _, (marginals, ratios) = lax.scan(inside, evidence, inputs, reverse=True)
    t = marginals.shape[1]
    states = jnp.concatenate([jnp.moveaxis(marginals, -1, 0).reshape(-1, t), at_ends[-1:]])
    nodes = potentials.emission.shape[0]
    states = jnp.where((jnp.arange(nodes) < length)[:, None], states[:nodes], 0)
    return chunked, states, before, ratios


def _marginals(potentials: Potentials, length: Array, messages: LongMessages) -> Marginals:
    chunked, states, before, ratios = _smooth(potentials, length, messages)
    totals = jnp.einsum("lak,lbk->ab", before, ratios, precision=HIGHEST)
    return Marginals(states[0], chunked.weights * totals, states)


def _edge_marginals(potentials: Potentials, length: Array, messages: LongMessages) -> tuple[Array, Array]:
    chunked, states, before, ratios = _smooth(potentials, length, messages)
    nodes = potentials.emission.shape[0]
    before, ratios = _by_position(before)[: nodes - 1], _by_position(ratios)[: nodes - 1]
    return states[0], before[:, :, None] * chunked.weights * ratios[:, None, :]


def _conditionals(
    potentials: Potentials, length: Array, messages: LongMessages
) -> tuple[Array, Array, Array]:
    chunked, states, before, _ = _smooth(potentials, length, messages)
    before = _by_position(before)[: potentials.emission.shape[0] - 1]
    return before, jnp.matmul(before, chunked.weights, precision=HIGHEST), states


def _filtered(potentials: Potentials, length: Array, messages: LongMessages) -> Array:
    before, _, _ = _inside_chunks(_lay_out(potentials, length, messages.symbols), messages)
    weights = jnp.concatenate([_by_position(before), messages.last[None]])
    return weights[: potentials.emission.shape[0]]


def _by_position(x: Array) -> Array:
    """(L t K) to (L K, t), in the order of the chain."""
    return jnp.moveaxis(x, -1, 0).reshape(-1, x.shape[1])
