"""Relaxed structures of chains: what differentiable samples are made of.

A forward pass computes a message for every position, in log space, with a smooth maximum over the states before it. A
backward pass starts with a mass of 1 at the end and splits it, at every position, by the weights of that maximum. The
mass on an edge is the edge's part of the relaxed structure. No array is larger than an event.

Messages are an integer and a fraction: sums of potentials of any scale lose nothing (see `numeric.split_integer`).
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
from .exact import rematerialized
from .potentials import Marginals, Potentials, Prepared, batch_first, contract, prepare


class _Log(NamedTuple):
    """integer + fraction; -inf is (-inf, 0). The derivative goes through the fraction."""

    integer: Array
    fraction: Array

    def __add__(self, other: _Log) -> _Log:
        return _Log(self.integer + other.integer, self.fraction + other.fraction)

    def spread(self, axis: int) -> _Log:
        return _Log(jnp.expand_dims(self.integer, axis), jnp.expand_dims(self.fraction, axis))


def _log(x: Array) -> _Log:
    return _Log(*numeric.split_integer(x))


def _candidates(log: _Log, axis: int) -> tuple[Array, Array]:
    """As plain floats, after the largest integer along an axis is taken out of them; and that integer."""
    top = numeric.shift_of(log.integer, axis, keepdims=True)
    return (log.integer - top) + log.fraction, jnp.squeeze(top, axis)


def _chosen(value: Array, top: Array) -> _Log:
    integer = lax.stop_gradient(jnp.round(value))
    return _Log(top + integer, jnp.where(jnp.isneginf(value), 0, value - integer))


class _Chain(NamedTuple):
    """Potentials without garbage; positions lead."""

    prepared: Prepared
    shared: _Log | None  # the transition, (t t) or (B t t), where all edges share it

    def edges(self, transition: Array | None) -> _Log:
        """Log-potentials of one edge, (t t) or (B t t); `transition` is its own where they are time-varying."""
        return _log(transition) if self.shared is None else self.shared

    def of_edges(self) -> Array | None:
        return self.prepared.transition if self.shared is None else None


def _chain(potentials: Potentials, lengths: Array) -> _Chain:
    prepared = prepare(potentials, lengths)
    return _Chain(prepared, None if potentials.time_varying else _log(prepared.transition))


class _Messages(NamedTuple):
    prefixes: _Log  # (n B t), less the integers that were taken out
    taken_out: Array  # (n B)


def _forward(chain: _Chain, choose: Choose) -> _Messages:
    """The value of the prefixes that end in each state of each position."""
    valid, start, _, emission = chain.prepared

    def settle(message: _Log, emission: Array | None) -> tuple[_Log, Array]:
        message = message if emission is None else message + _log(emission)
        top = numeric.shift_of(message.integer, -1)
        return _Log(message.integer - top[:, None], message.fraction), top

    def step(before: _Log, inputs):
        emitted, transition, live = inputs
        candidates, top = _candidates(before.spread(-1) + chain.edges(transition), -2)
        value, _ = relaxed.value_and_weights(choose, candidates, -2)
        moved, taken_out = settle(_chosen(value, top), emitted)
        after = jax.tree.map(lambda a, b: jnp.where(live[:, None], a, b), moved, before)
        return after, (after, jnp.where(live, taken_out, 0))

    emissions = (None, None) if emission is None else (emission[0], emission[1:])
    first, first_taken_out = settle(_log(start), emissions[0])
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
    last, _ = _candidates(jax.tree.map(lambda x: x[-1], messages.prefixes), -1)
    last = jnp.squeeze(select(last[..., None], at_end), -1)

    def step(carry, inputs):
        mass, totals = carry
        before, transition, live, noise = inputs
        candidates, _ = _candidates(before.spread(-1) + chain.edges(transition), -2)
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
    candidates, top = _candidates(jax.tree.map(lambda x: x[-1], messages.prefixes), -1)
    terms = jnp.concatenate([messages.taken_out, top[None], choose(candidates, -1)[None]])
    return numeric.pair_value(numeric.pair_sum(terms))


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
    """Relaxed structures (draws B n t t), walking from the end to the first node (Gumbel-CRF; Fu et al. 2020).

    A choice is the softmax of the log-probabilities of the states before, perturbed by Gumbels and divided by
    `temperature` (B). The mass at every state is pushed through a choice of its own, so that the walk stays
    differentiable by the potentials and the temperature. With `straight_through` the choices are indicators, and the
    walk is an exact sample, with the derivative of softmax. Each position of each item has a key of its own.
    """
    items = lengths.shape[0]
    position_keys = lambda item_key: jax.vmap(lambda position: jax.random.fold_in(item_key, position))(
        jnp.arange(potentials.positions)
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
    at_end = keys[jnp.arange(items), jnp.maximum(lengths - 1, 0)]
    states, edges = _backward(chain, messages, select, keys[:, :-1].T, at_end, each_edge=True)
    event = jax.vmap(lambda first, edges: _event(potentials, first, edges), in_axes=(0, 1))
    return event(states[0], edges)


def _event(potentials: Potentials, first: Array, edges: Array) -> Array:
    """Mass of the first states (B t) and of the edges (n-1 B t t) as an event (B n t t)."""
    edges = batch_first(edges)
    if potentials.time_varying:
        return edges
    row = jnp.arange(potentials.states)[:, None] == 0
    return jnp.concatenate([jnp.where(row, first[:, None, :], 0)[:, None], edges], 1)


def part_potentials(potentials: Potentials) -> Potentials:
    """The same chain with a potential for every part of its event."""
    if potentials.time_varying:
        return potentials
    start, transition, emission = potentials
    size = potentials.states
    items, positions, _ = emission.shape
    edges = transition if transition.ndim == 2 else transition[:, None]
    first = jnp.broadcast_to((start + emission[:, 0])[:, None, None], (items, 1, size, size))
    rest = jnp.broadcast_to(edges + emission[:, 1:, None, :], (items, positions - 1, size, size))
    return Potentials.time_varying_from(jnp.concatenate([first, rest], 1))
