"""Relaxed structures of chains: what differentiable samples are made of.

A forward pass computes a message for every position, in log space, with a smooth maximum over the states before it. A
backward pass starts with a mass of 1 at the end and splits it, at every position, by the weights of that maximum. The
mass on an edge is the edge's part of the relaxed structure. No array is larger than an event.

Messages are logs of two floats: sums of potentials of any scale lose nothing (see `wide_log`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, relaxed
from ...numerics.guard import drop_forbidden
from ...numerics.relaxed import Choose
from ...numerics.split_log import sum_of
from ...numerics.wide_log import WideLog
from .exact import rematerialized
from .potentials import Marginals, Potentials, Prepared, batch_first, contract, prepare


def _candidates(before: WideLog, edges: WideLog) -> WideLog:
    """The scores of the states before (axis -2) for every state after."""
    return jax.tree.map(lambda x: x[..., None], before).times(edges)


def _in_floats(log: WideLog, axis: int) -> Array:
    """The logs as floats, less the largest along an axis."""
    return log.near_top(axis)[1]


class _Chain(NamedTuple):
    """Potentials without garbage; positions lead."""

    prepared: Prepared
    shared: WideLog | None  # the transition, (t t) or (B t t), where all edges share it

    def edges(self, transition: Array | None) -> WideLog:
        """Log-potentials of one edge, (t t) or (B t t); `transition` is its own where they are time-varying."""
        return WideLog.from_log(transition) if self.shared is None else self.shared

    def of_edges(self) -> Array | None:
        return self.prepared.transition if self.shared is None else None


def _chain(potentials: Potentials, lengths: Array) -> _Chain:
    prepared = prepare(potentials, lengths)
    return _Chain(prepared, None if potentials.time_varying else WideLog.from_log(prepared.transition))


class _Messages(NamedTuple):
    prefixes: WideLog  # (n B t), less what was taken out
    taken_out: Array  # (n B), in units of the logs

    def last(self) -> WideLog:
        return jax.tree.map(lambda x: x[-1], self.prefixes)


def _forward(chain: _Chain, choose: Choose) -> _Messages:
    """The value of the prefixes that end in each state of each position."""
    valid, start, _, emission = chain.prepared

    def settle(message: WideLog, emission: Array | None) -> tuple[WideLog, Array]:
        message = message if emission is None else message.times(WideLog.from_log(emission))
        top = numeric.shift_of(message.high, -1)
        return message.less(top[:, None]), top

    def step(before: WideLog, inputs):
        emitted, transition, live = inputs
        value = lambda candidates: relaxed.value_and_weights(choose, candidates, -2)[0]
        moved = _candidates(before, chain.edges(transition)).reduced(-2, value)
        moved, taken_out = settle(moved, emitted)
        after = jax.tree.map(lambda a, b: jnp.where(live[:, None], a, b), moved, before)
        return after, (after, jnp.where(live, taken_out, 0))

    emissions = (None, None) if emission is None else (emission[0], emission[1:])
    first, first_taken_out = settle(WideLog.from_log(start), emissions[0])
    _, (messages, taken_out) = lax.scan(
        rematerialized(step), first, (emissions[1], chain.of_edges(), valid[1:])
    )
    prepend = lambda a, b: jnp.concatenate([a[None], b])
    return _Messages(jax.tree.map(prepend, first, messages), prepend(first_taken_out, taken_out))


# Weights of candidates (B t u) along the axis -2, given what `_backward` is given for the edge: (... B t u).
_Select = Callable[[Array, Any], Array]


def _backward(
    chain: _Chain, messages: _Messages, select: _Select, given: Any, at_end: Any, each_edge: bool
) -> tuple[Array, Array]:
    """Splits a mass of 1 from the end backwards by the weights that `select` returns.

    Returns the mass of the states (n ... B t) and of the edges, (n-1 ... B t t) or their sum (... B t t).

    Args:
      given: a tree with leading axis n-1: the second argument of `select` at each edge.
      at_end: the same for the choice of the last state.
    """
    valid = chain.prepared.valid
    last = _in_floats(messages.last(), -1)
    last = jnp.squeeze(select(last[..., None], at_end), -1)

    def step(carry, inputs):
        mass, totals = carry
        before, transition, live, noise = inputs
        candidates = _in_floats(_candidates(before, chain.edges(transition)), -2)
        edges = jnp.where(live[:, None, None], select(candidates, noise) * mass[..., None, :], 0)
        moved = jnp.sum(edges, -1)
        # Normalized at every position, because rounding errors would accumulate over a long chain.
        moved = moved * lax.stop_gradient(numeric.reciprocal(jnp.sum(moved, -1, keepdims=True)))
        moved = jnp.where(live[:, None], moved, mass)
        return (moved, None if each_edge else totals + edges), (mass, edges if each_edge else None)

    totals = None if each_edge else jnp.zeros((*last.shape, last.shape[-1]), last.dtype)
    before = jax.tree.map(lambda x: x[:-1], messages.prefixes)
    inputs = (before, chain.of_edges(), valid[1:], given)
    (first, totals), (rest, edges) = lax.scan(rematerialized(step), (last, totals), inputs, reverse=True)
    states = jnp.concatenate([first[None], rest])
    real = valid.reshape(valid.shape[0], *(1,) * (states.ndim - 3), valid.shape[1], 1)
    return jnp.where(real, states, 0), edges if each_edge else totals


def _relax(
    potentials: Potentials, lengths: Array, choose: Choose, each_edge: bool
) -> tuple[_Messages, tuple[Array, Array]]:
    chain = _chain(potentials, lengths)
    messages = _forward(chain, choose)
    select = lambda candidates, _: relaxed.value_and_weights(choose, candidates, -2)[1]
    return messages, _backward(chain, messages, select, None, None, each_edge)


def _gradient(potentials: Potentials, lengths: Array, choose: Choose) -> Marginals:
    """The relaxed structure in the layout of the potentials, with its true derivative."""
    _, (states, edges) = _relax(potentials, lengths, choose, each_edge=potentials.time_varying)
    if potentials.time_varying:
        return Marginals(states[0], batch_first(edges), None)
    return Marginals(states[0], edges, batch_first(states))


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def smoothed_max(potentials: Potentials, lengths: Array, choose: Choose) -> Array:
    """The recursion of the best score with every maximum replaced by `choose(candidates, axis)`, (B); -inf where there
    is no structure.

    Its gradient by the potentials is a relaxed structure (Corro & Titov 2019; Mensch & Blondel 2018), whose derivative
    is right again. Time O(n t^2). See `relaxed_event` for the gradient by every edge.
    """
    messages = _forward(_chain(potentials, lengths), choose)
    best = messages.last().reduced(-1, lambda candidates: choose(candidates, -1))
    return numeric.sum_value(sum_of(messages.taken_out, best))


@smoothed_max.defjvp
def _smoothed_max_derivative(choose, primals, tangents):
    potentials, lengths = primals
    tangent = contract(_gradient(potentials, lengths, choose), drop_forbidden(potentials, tangents[0]))
    return smoothed_max(potentials, lengths, choose), tangent


def relaxed_event(potentials: Potentials, lengths: Array, choose: Choose) -> Array:
    """The relaxed structure as an event, (B n t t): the gradient of `smoothed_max` by the score of every part, zeros
    where an item has no structure. Differentiable by the potentials. Factored potentials are not expanded.
    """
    _, (states, edges) = _relax(potentials, lengths, choose, each_edge=True)
    return _event(potentials, states[0], edges)


def relaxed_walk(
    key: Array,
    potentials: Potentials,
    lengths: Array,
    temperature: Array,
    draws: int,
    straight_through: bool = False,
) -> Array:
    """Relaxed structures (draws B n t t), walking from the end to the start (Gumbel-CRF; Fu et al. 2020).

    A choice is the softmax of the log-probabilities of the states before, perturbed by Gumbels and divided by
    `temperature` (B). The mass at every state is pushed through a choice of its own, so that the walk stays
    differentiable by the potentials and the temperature. With `straight_through` the choices are indicators, and the
    walk is an exact sample, with the derivative of softmax. Each position of each item has a key of its own.
    """
    items = lengths.shape[0]
    position_keys = lambda item_key: jax.vmap(lambda position: jax.random.fold_in(item_key, position))(
        numeric.positions(potentials.positions)
    )
    keys = jax.vmap(position_keys)(jax.random.split(numeric.normal_key(key), items))  # (B n)
    temperature = jnp.broadcast_to(temperature, (items,)).astype(potentials.start.dtype)[:, None, None]
    soften = relaxed.straight_through_softmax if straight_through else relaxed.softmax

    def select(candidates: Array, keys: Array) -> Array:
        noise = lambda key: jax.random.gumbel(key, (draws, *candidates.shape[1:]), candidates.dtype)
        possible = ~jnp.isneginf(candidates)
        perturbed = jnp.where(possible, candidates, 0) + jax.vmap(noise, out_axes=1)(keys)
        return soften(jnp.where(possible, perturbed / temperature, -jnp.inf), -2)

    chain = _chain(potentials, lengths)
    messages = _forward(chain, numeric.logsumexp)
    # The key of the last real position, so that padding does not change what is drawn.
    at_end = keys[numeric.positions(items), jnp.maximum(lengths - 1, 0)]
    states, edges = _backward(chain, messages, select, keys[:, :-1].T, at_end, each_edge=True)
    event = jax.vmap(lambda first, edges: _event(potentials, first, edges), in_axes=(0, 1))
    return event(states[0], edges)


def _event(potentials: Potentials, first: Array, edges: Array) -> Array:
    """Mass of the first states (B t) and of the edges (n-1 B t t) as an event (B n t t)."""
    edges = batch_first(edges)
    if potentials.time_varying:
        return edges
    row = numeric.positions(potentials.states)[:, None] == 0
    return jnp.concatenate([jnp.where(row, first[:, None, :], 0)[:, None], edges], 1)


def part_scores(potentials: Potentials) -> Array:
    """The score of every part of an event, (B n t t). What the first position ignores may be anything."""
    if potentials.time_varying:
        return potentials.transition
    start, transition, emission = potentials
    edges = transition if transition.ndim == 2 else transition[:, None]
    first = (start + emission[:, 0])[:, None, None]
    rest = edges + emission[:, 1:, None]
    both = [jnp.broadcast_to(x, (*x.shape[:2], *transition.shape[-2:])) for x in (first, rest)]
    return jnp.concatenate(both, 1)


def of_part_scores(scores: Array) -> Potentials:
    """The chain that has a potential for every part of its event: it has one position more than the event."""
    alone = jnp.where(numeric.positions(scores.shape[-1]) == 0, 0, -jnp.inf).astype(scores.dtype)
    return Potentials(jnp.broadcast_to(alone, (scores.shape[0], scores.shape[-1])), scores, None)
