"""Searching a chain: the best structure, the k best, samples with and without replacement.

Every function takes one chain (batch by `vmap`) and walks from its last position to its first. A structure is its
states, int32 (n); beyond the length the last real state is repeated.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, scaled, topdown
from ...numerics.guard import recompute_where
from ...numerics.scaled import Scaled
from .exact import exact_forward
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
    return numeric.pair_value(numeric.pair_sum(score_terms(chain, states)))


def _best_prefixes(chain: Chain) -> Array:
    """Score of the best prefix that ends in each state, less the best at its position: (n t)."""
    emission = chain.emission

    def settle(scores: Array) -> Array:
        return scores - numeric.shift_of(scores, -1)

    def step(scores, inputs):
        emitted, live, index = inputs
        moved = jnp.max(scores[:, None] + _edges(chain, index), 0)
        if emitted is not None:
            moved = moved + emitted
        scores = jnp.where(live, settle(moved), scores)
        return scores, scores

    first = settle(chain.start if emission is None else chain.start + emission[0])
    inputs = (None if emission is None else emission[1:], chain.valid[1:], _edge_indices(chain))
    return jnp.concatenate([first[None], lax.scan(step, first, inputs)[1]])


def argmax(chain: Chain) -> tuple[Array, Array]:
    """The best structure (n) and its score. Ties are decided from the end backwards: the lowest state wins."""
    prefixes = _best_prefixes(chain)

    def step(state, inputs):
        before, live, index = inputs
        state = jnp.where(live, topdown.first_largest(before + _edges_into(chain, index, state)), state)
        return state, state

    last = topdown.first_largest(prefixes[-1])
    inputs = (prefixes[:-1], chain.valid[1:], _edge_indices(chain))
    states = jnp.append(lax.scan(step, last, inputs, reverse=True)[1], last).astype(jnp.int32)
    return states, score(chain, states)


def top_k(chain: Chain, k: int) -> tuple[Array, Array]:
    """The k best structures (k n) and their scores (k), -inf past the support. O(k t) per position, after one pass."""
    prefixes = _best_prefixes(chain)
    slots = numeric.positions(k)
    size = chain.start.shape[0]

    def step(carry, inputs):
        suffix, state = carry
        before, emission, live, edge = inputs
        candidates = suffix[:, None] + _edges_into(chain, edge, state)
        if emission is not None:
            candidates = candidates + emission[state][:, None]
        priority, index = topdown.largest((candidates + before).ravel(), k)
        chosen = jnp.where(priority > -jnp.inf, candidates.ravel()[index], -jnp.inf)
        chosen = chosen - numeric.finite_or_zero(priority[0])
        parent = jnp.where(live, index // size, slots)
        state = jnp.where(live, index % size, state)
        return (jnp.where(live, chosen, suffix), state), (parent, state)

    priority, last = topdown.best(prefixes[-1], k)
    suffix = jnp.where(priority > -jnp.inf, 0, -jnp.inf).astype(prefixes.dtype)
    inputs = (
        prefixes[:-1],
        None if chain.emission is None else chain.emission[1:],
        chain.valid[1:],
        _edge_indices(chain),
    )
    (suffix, _), (parents, states) = lax.scan(step, (suffix, last), inputs, reverse=True)
    paths = topdown.backtrace(last, parents, states).astype(jnp.int32)
    scores = jnp.where(suffix > -jnp.inf, jax.vmap(lambda path: score(chain, path))(paths), -jnp.inf)
    order = jnp.argsort(-scores, stable=True)  # computed exactly, near ties may have changed places
    return paths[order], scores[order]


def scaled_messages(potentials: Potentials, lengths: Array, messages: Messages) -> Scaled:
    """The filtered messages (B n t), of the fast pass where certified. Weights too small to be drawn may be 0."""
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    fast = scaled.from_float(messages.filtered_weights(potentials, lengths))
    return recompute_where(~messages.certified, exact_messages, (potentials, lengths), fast)


def exact_messages(potentials: Potentials, lengths: Array) -> Scaled:
    """The filtered messages (B n t) of the exact pass: no allowed structure has the weight 0."""
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    filtered = exact_forward(potentials, lengths)[0].filtered
    return jax.tree.map(lambda x: jnp.moveaxis(x, 1, 0), filtered)


def _entering(chain: Chain, shared: Scaled | None, edge: Array, states: Array) -> Scaled:
    """Weights of one edge into states (k): (k t). In `shared` the state that is entered is the first axis."""
    if chain.time_varying:
        return scaled.from_log(_edges_into(chain, edge, states))
    return jax.tree.map(lambda x: x[states], shared)


def _log_weights(message: Scaled, edges: Scaled) -> tuple[Array, Array]:
    """Logs of message[a] * edges[., a], less the largest exponent of each row, and the same in plain floats."""
    mantissa = message.mantissa * edges.mantissa
    exponent = message.exponent + edges.exponent
    exponent = exponent - jnp.max(exponent, -1, keepdims=True)
    return scaled.to_log(Scaled(mantissa, exponent)), mantissa * scaled.power_of_two(exponent, mantissa.dtype)


def _row_weights(message: Scaled, edges: Scaled) -> Array:
    product = Scaled(message.mantissa * edges.mantissa, message.exponent + edges.exponent)
    return scaled.to_shared_scale(product)


def _at_end(x: Array, valid: Array) -> Array:
    """The row of the last real position: the random numbers used do not depend on the padding."""
    return x[jnp.maximum(jnp.sum(valid) - 1, 0)]


def sample(key: Array, chain: Chain, messages: Scaled, draws: int) -> Array:
    """Independent structures (draws n), by one uniform number per position.

    A float32 uniform has 24 bits: choices of probability below about 1e-7 are never drawn.
    """
    size = chain.start.shape[0]
    positions = chain.valid.shape[0]
    uniforms = jax.random.uniform(key, (positions, draws), chain.start.dtype)
    shared = None if chain.time_varying else scaled.from_log(chain.transition.T)
    entering = lambda edge, states: _entering(chain, shared, edge, states)

    def step(state, inputs):
        message, uniform, live, index = inputs
        if draws >= size:  # cheaper to tabulate all states once than to look up each draw's
            table = _row_weights(
                message, scaled.from_log(_edges(chain, index).T) if chain.time_varying else shared
            )
            weights, cumulative = table[state], topdown.cumulate(table)[state]
        else:
            weights = _row_weights(message, entering(index, state))
            cumulative = topdown.cumulate(weights)
        state = jnp.where(live, topdown.inverse_cdf(cumulative, weights, uniform), state)
        return state, state

    weights = scaled.to_shared_scale(jax.tree.map(lambda x: x[-1], messages))
    weights = jnp.broadcast_to(weights, (draws, size))
    last = topdown.inverse_cdf(topdown.cumulate(weights), weights, _at_end(uniforms, chain.valid))
    before = jax.tree.map(lambda x: x[:-1], messages)
    inputs = (before, uniforms[:-1], chain.valid[1:], _edge_indices(chain))
    states = lax.scan(step, last, inputs, reverse=True)[1]
    return jnp.concatenate([states, last[None]]).T.astype(jnp.int32)


def sample_without_replacement(key: Array, chain: Chain, messages: Scaled, k: int) -> tuple[Array, Array]:
    """k distinct structures (k n) in the order they are drawn; their log-probabilities (k), -inf past the support."""
    size = chain.start.shape[0]
    positions = chain.valid.shape[0]
    slots = numeric.positions(k)
    noise = jax.random.gumbel(key, (positions, k, size), chain.start.dtype)
    shared = None if chain.time_varying else scaled.from_log(chain.transition.T)
    entering = lambda edge, states: _entering(chain, shared, edge, states)

    def step(carry, inputs):
        log_prob, gumbel, state = carry
        message, noise, live, edge = inputs
        weight_logs, weights = _log_weights(message, entering(edge, state))
        total = numeric.safe_log(jnp.sum(weights, -1, keepdims=True))
        children = log_prob[:, None] + (weight_logs - numeric.finite_or_zero(total))
        priority = topdown.conditional_gumbels(gumbel, children, noise)
        chosen, index = topdown.largest(priority.ravel(), k)
        parent = jnp.where(live, index // size, slots)
        state = jnp.where(live, index % size, state)
        log_prob = jnp.where(live, children.ravel()[index], log_prob)
        return (log_prob, jnp.where(live, chosen, gumbel), state), (parent, state)

    ends = jax.tree.map(lambda x: x[-1], messages)
    logs = numeric.log_normalize(scaled.to_log(ends))
    gumbel, last = topdown.best(
        jnp.where(logs > -jnp.inf, logs + _at_end(noise, chain.valid)[0], -jnp.inf), k
    )
    log_prob = jnp.where(gumbel > -jnp.inf, logs[last], -jnp.inf)
    before = jax.tree.map(lambda x: x[:-1], messages)
    inputs = (before, noise[:-1], chain.valid[1:], _edge_indices(chain))
    (log_prob, gumbel, _), (parents, states) = lax.scan(step, (log_prob, gumbel, last), inputs, reverse=True)
    paths = topdown.backtrace(last, parents, states).astype(jnp.int32)
    return paths, jnp.where(gumbel > -jnp.inf, log_prob, -jnp.inf)
