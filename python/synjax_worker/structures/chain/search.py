"""Searching a chain: the best structure, the k best, samples with and without replacement.

Every function takes one chain (batch by `vmap`) and walks from its last position to its first. A structure is its
states, int32 (n); beyond the length the last real state is repeated.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from ...numerics.beam import FARTHEST, largest_logs
from ...numerics.guard import is_optimistic, recompute_where
from ...numerics.split_log import Parts, SplitLog
from ...numerics.wide_log import WideLog
from .exact import before, exact_forward
from .fast import Messages
from .potentials import Potentials


class Chain(NamedTuple):
    """One chain of n positions.

    Emissions beyond the length are 0. Time-varying transitions are masked where they are read, which saves a copy.
    """

    start: Array  # (t)
    transition: Array  # (t t) or (n-1 t t)
    emission: Array | None  # (n t)
    valid: Array  # (n)

    @property
    def time_varying(self) -> bool:
        return self.transition.ndim == 3


def one_chain(potentials: Potentials, length: Array) -> Chain:
    """A chain of potentials without a batch axis."""
    start, transition, emission = potentials
    positions = transition.shape[0] + 1 if emission is None else emission.shape[0]
    valid = numeric.positions(positions) < length
    alone = jnp.where(numeric.positions(start.shape[0]) == 0, 0.0, -jnp.inf).astype(start.dtype)
    start = jnp.where(length == 0, alone, start)
    if emission is None:
        return Chain(start, transition, None, valid)
    return Chain(start, transition, jnp.where(valid[:, None], emission, 0), valid)


def _edges(chain: Chain, edge: Array) -> Array:
    """Log-potentials of one edge, (t t)."""
    if not chain.time_varying:
        return chain.transition
    edges = lax.dynamic_index_in_dim(chain.transition, edge, keepdims=False)
    return jnp.where(_counts(chain, edge)[:, None], edges, jnp.where(chain.valid[edge + 1], -jnp.inf, 0))


def _edges_into(chain: Chain, edge: Array, states: Array) -> Array:
    """Log-potentials of one edge into the given states (...): (... t)."""
    if not chain.time_varying:
        return chain.transition.T[states]
    columns = chain.transition[edge, :, states]
    return jnp.where(_counts(chain, edge), columns, jnp.where(chain.valid[edge + 1], -jnp.inf, 0))


def _counts(chain: Chain, edge: Array) -> Array:
    """Whether an edge may leave each state, (t). The first edge leaves state 0."""
    return chain.valid[edge + 1] & ((edge > 0) | (numeric.positions(chain.start.shape[0]) == 0))


def _edge_indices(chain: Chain) -> Array:
    return numeric.positions(chain.valid.shape[0] - 1)


def score_terms(chain: Chain, states: Array) -> Array:
    """The terms of the score of a structure: start, transitions and emissions."""
    if chain.time_varying:
        edges = chain.transition[_edge_indices(chain), states[:-1], states[1:]]
        terms = [chain.start[states[0]][None], edges]
    else:
        emissions = jnp.take_along_axis(chain.emission, states[:, None], 1)[:, 0]
        terms = [chain.start[states[0]][None], chain.transition[states[:-1], states[1:]], emissions]
    live = [jnp.ones(1, bool), chain.valid[1:], chain.valid][: len(terms)]
    return jnp.where(jnp.concatenate(live), jnp.concatenate(terms), 0)


def score(chain: Chain, states: Array) -> Array:
    return numeric.sum_value(numeric.exact_sum(score_terms(chain, states)))


def best_prefixes(chain: Chain) -> tuple[Any, Array]:
    """Score of the best prefix that ends in each state, less the best at its position: (n t), in plain floats. And if
    no scale came up at which they would round what matters.
    """
    emission = chain.emission

    def settle(scores: Array) -> tuple[Array, Array]:
        top = numeric.shift_of(scores, -1)
        return scores - top, top

    def step(scores, inputs):
        emitted, live, index = inputs
        edges = _edges(chain, index)
        moved = jnp.max(scores[:, None] + edges, 0)
        if emitted is not None:
            moved = moved + emitted
        moved, top = settle(moved)
        most = jnp.max(edges, initial=0) + (0 if emitted is None else jnp.max(emitted, initial=0))
        # The largest of the others are known without a loop.
        size = jnp.maximum(jnp.abs(top), most) if chain.time_varying else top
        scores = jnp.where(live, moved, scores)
        return scores, (scores, jnp.where(live, size, 0), jnp.where(live, most - top, 0))

    first, first_top = settle(chain.start if emission is None else chain.start + emission[0])
    inputs = (None if emission is None else emission[1:], chain.valid[1:], _edge_indices(chain))
    _, (prefixes, tops, lifts) = lax.scan(step, first, inputs)
    prefixes = jnp.concatenate([first[None], prefixes])
    sizes = [first_top[None], tops] if chain.time_varying else [first_top[None], tops, *_largest(chain)]
    certified = jnp.all(jnp.abs(jnp.concatenate(sizes)) < LARGEST_STEP)
    certified &= (jnp.sum(lifts) < LARGEST_STEP) | (numeric.lowest(prefixes) > -LARGEST_STEP)
    return _logs().from_log(prefixes), certified


# A prefix that lies that far behind the best is rounded. So no step may be as large, and where a prefix lies behind by
# more, all steps together may not lift it up again.
LARGEST_STEP = 2.0**16


def _largest(chain: Chain) -> list[Array]:
    """The largest log-potentials above 0, of factored chains: (1) each."""
    return [jnp.max(x, initial=0)[None] for x in (chain.start, chain.transition, chain.emission)]


def exact_best_prefixes(chain: Chain) -> WideLog:
    """The same at any scale."""
    emission = chain.emission

    def settle(scores: WideLog, emitted: Array | None) -> WideLog:
        if emitted is not None:
            scores = scores.times(WideLog.from_log(emitted))
        return scores.less(numeric.shift_of(scores.high, -1))

    def step(scores: WideLog, inputs):
        emitted, live, index = inputs
        moved = settle(before(scores).largest(0, _edges(chain, index)), emitted)
        scores = jax.tree.map(lambda a, b: jnp.where(live, a, b), moved, scores)
        return scores, scores

    first = settle(WideLog.from_log(chain.start), None if emission is None else emission[0])
    inputs = (None if emission is None else emission[1:], chain.valid[1:], _edge_indices(chain))
    return jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, lax.scan(step, first, inputs)[1])


def _split(by_position: Any) -> tuple[Any, Any]:
    """Of (n ...), those of all positions but the last, and the last's."""
    return jax.tree.map(lambda x: x[:-1], by_position), jax.tree.map(lambda x: x[-1], by_position)


def _logs() -> type:
    """What messages of certified passes are: their scales are small."""
    return SplitLog if is_optimistic() else WideLog


def _floats(logs: Parts, more: Array | None = None) -> Array:
    """Logs, times `more` where given, as floats less the largest along the last axis."""
    return logs.near_top(-1, more)[1]


def argmax(chain: Chain, prefixes: Parts) -> tuple[Array, Array]:
    """The best structure (n) and its score. Ties are decided from the end backwards: the lowest state wins."""
    earlier, ends = _split(prefixes)

    def step(state, inputs):
        before, live, index = inputs
        entering = _floats(before, _edges_into(chain, index, state))
        state = jnp.where(live, topdown.first_largest(entering), state)
        return state, state

    last = topdown.first_largest(_floats(ends))
    inputs = (earlier, chain.valid[1:], _edge_indices(chain))
    states = jnp.append(lax.scan(step, last, inputs, reverse=True)[1], last).astype(jnp.int32)
    return states, score(chain, states)


def top_k(chain: Chain, prefixes: Parts, k: int) -> tuple[Array, Array, Array]:
    """The k best structures (k n) and their scores (k), -inf past the support, O(k t) per position after one pass; and
    whether they are so far apart that an optimistic program has to refuse them, which ranks them by single floats.
    """
    earlier, ends = _split(prefixes)
    logs = type(prefixes)
    slots = numeric.positions(k)
    size = chain.start.shape[0]

    def step(carry, inputs):
        suffix, state = carry
        prefix, emission, live, edge = inputs
        candidates = before(suffix).times(logs.from_log(_edges_into(chain, edge, state)))
        if emission is not None:
            candidates = candidates.times(before(logs.from_log(emission[state])))
        index, real, far = _kept(jax.tree.map(jnp.ravel, candidates.times(prefix)), k)
        chosen = jax.tree.map(lambda x: x.ravel()[index], candidates)
        chosen = chosen._replace(high=jnp.where(real, chosen.high, -jnp.inf))
        chosen = chosen.less(numeric.shift_of(chosen.high, -1))
        parent = jnp.where(live, index // size, slots)
        state = jnp.where(live, index % size, state)
        suffix = jax.tree.map(lambda a, b: jnp.where(live, a, b), chosen, suffix)
        return (suffix, state), (parent, state, far & live)

    missing = max(k - size, 0)
    nothing = (-jnp.inf, *[0] * (len(ends) - 1))
    padded = [jnp.pad(x, (0, missing), constant_values=none) for x, none in zip(ends, nothing, strict=True)]
    last, real, far = _kept(logs(*padded), k)
    last = jnp.minimum(last, size - 1)
    suffix = jnp.where(real, 0, -jnp.inf).astype(chain.start.dtype)
    emissions = None if chain.emission is None else chain.emission[1:]
    inputs = (earlier, emissions, chain.valid[1:], _edge_indices(chain))
    carry = (logs.from_log(suffix), last)
    (suffix, _), (parents, states, farther) = lax.scan(step, carry, inputs, reverse=True)
    paths = topdown.backtrace(last, parents, states).astype(jnp.int32)
    scores = jnp.where(suffix.high > -jnp.inf, jax.vmap(lambda path: score(chain, path))(paths), -jnp.inf)
    order = jnp.argsort(-scores, stable=True)  # computed exactly, near ties may have changed places
    return paths[order], scores[order], far | jnp.any(farther)


def _kept(logs: Parts, k: int) -> tuple[Array, Array, Array]:
    """Of logs (p), where the k largest are, which of them are real, and whether one is far below the largest."""
    if not is_optimistic():
        index = largest_logs(logs, k)
        return index, logs.high[index] > -jnp.inf, jnp.asarray(False)
    priority, index = topdown.largest(_floats(logs), k)
    real = priority > -jnp.inf
    return index, real, jnp.any(real & (priority < -FARTHEST))


def wide_messages(potentials: Potentials, lengths: Array, messages: Messages) -> Any:
    """The filtered messages (B n t), of the fast pass where certified. Weights too small to be drawn may be 0."""
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    fast = _logs().from_log(numeric.safe_log(messages.filtered_weights(potentials, lengths)))
    return recompute_where(~messages.certified, exact_messages, (potentials, lengths), fast)


def exact_messages(potentials: Potentials, lengths: Array) -> WideLog:
    """The filtered messages (B n t) of the exact pass: no allowed structure has the weight 0."""
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    filtered = exact_forward(potentials, lengths)[0].filtered
    return jax.tree.map(lambda x: jnp.moveaxis(x, 1, 0), filtered)


def _weights(message: Parts, edges: Array) -> Array:
    """Weights of the states before, given edges into states, (... t): the largest of each row 1."""
    return jnp.exp(_floats(message, edges))


def _at_end(x: Array, valid: Array) -> Array:
    """The row of the last real position: the random numbers used do not depend on the padding."""
    return x[jnp.maximum(jnp.sum(valid) - 1, 0)]


def sample(key: Array, chain: Chain, messages: Parts, draws: int) -> Array:
    """Independent structures (draws n), by one uniform number per position.

    A float32 uniform has 24 bits: choices of probability below about 1e-7 are never drawn.
    """
    size = chain.start.shape[0]
    positions = chain.valid.shape[0]
    uniforms = jax.random.uniform(key, (positions, draws), chain.start.dtype)

    def step(state, inputs):
        message, uniform, live, index = inputs
        if draws >= size:  # cheaper to tabulate all states once than to look up each draw's
            table = _weights(message, _edges(chain, index).T)
            weights, cumulative = table[state], topdown.cumulate(table)[state]
        else:
            weights = _weights(message, _edges_into(chain, index, state))
            cumulative = topdown.cumulate(weights)
        state = jnp.where(live, topdown.inverse_cdf(cumulative, weights, uniform), state)
        return state, state

    earlier, ends = _split(messages)
    weights = jnp.broadcast_to(jnp.exp(_floats(ends)), (draws, size))
    last = topdown.inverse_cdf(topdown.cumulate(weights), weights, _at_end(uniforms, chain.valid))
    inputs = (earlier, uniforms[:-1], chain.valid[1:], _edge_indices(chain))
    states = lax.scan(step, last, inputs, reverse=True)[1]
    return jnp.concatenate([states, last[None]]).T.astype(jnp.int32)


def sample_without_replacement(key: Array, chain: Chain, messages: WideLog, k: int) -> tuple[Array, Array]:
    """k distinct structures (k n) in the order they are drawn; their log-probabilities (k), -inf past the support."""
    size = chain.start.shape[0]
    positions = chain.valid.shape[0]
    slots = numeric.positions(k)
    noise = jax.random.gumbel(key, (positions, k, size), chain.start.dtype)

    def step(carry, inputs):
        log_prob, gumbel, state = carry
        message, noise, live, edge = inputs
        entering = message.times(WideLog.from_log(_edges_into(chain, edge, state)))
        children = log_prob[:, None] + numeric.log_normalize(_floats(entering))
        priority = topdown.conditional_gumbels(gumbel, children, noise)
        chosen, index = topdown.largest(priority.ravel(), k)
        parent = jnp.where(live, index // size, slots)
        state = jnp.where(live, index % size, state)
        log_prob = jnp.where(live, children.ravel()[index], log_prob)
        return (log_prob, jnp.where(live, chosen, gumbel), state), (parent, state)

    earlier, ends = _split(messages)
    logs = numeric.log_normalize(_floats(ends))
    gumbel, last = topdown.best(
        jnp.where(logs > -jnp.inf, logs + _at_end(noise, chain.valid)[0], -jnp.inf), k
    )
    log_prob = jnp.where(gumbel > -jnp.inf, logs[last], -jnp.inf)
    inputs = (earlier, noise[:-1], chain.valid[1:], _edge_indices(chain))
    (log_prob, gumbel, _), (parents, states) = lax.scan(step, (log_prob, gumbel, last), inputs, reverse=True)
    paths = topdown.backtrace(last, parents, states).astype(jnp.int32)
    return paths, jnp.where(gumbel > -jnp.inf, log_prob, -jnp.inf)
