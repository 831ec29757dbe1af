"""The fast forward-backward pass: messages in probability space, a certificate, and what follows from them.

A step is a matrix product. The certificate says, per chain, whether anything was lost below the float range; where it
was, callers use `exact.py`. Marginals run backwards through the conditionals P(a | b) = p[a] E[a, b] / s[b] <= 1, so
that large numbers are never subtracted. Beyond the length of a chain every loop carries its last real message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, scaled
from ...numerics.guard import float_range, recompute_where, refined_where
from ...numerics.numeric import HIGHEST, Sum
from .conditionals import Conditionals
from .exact import exact_log_partition
from .potentials import (
    Marginals,
    Potentials,
    Prepared,
    batch_first,
    edge_weights,
    ignored_rows,
    prepare,
    transition_weights,
    uniform,
)
from .transitions import apply_transition, reverse_transition, weights_at

# Whole numbers up to this, and sums of two or three of them, are exact in float32.
LARGEST_SHIFT = 2.0**22


class Messages(NamedTuple):
    """The result of the forward pass. Queries treat it as a constant: they have derivatives of their own."""

    log_partition: Sum  # (B)
    certified: Array  # (B): whether nothing was lost to the float range
    filtered: Array  # (n B t): weights of the prefixes that end in each state, the largest 1
    predecessors: Array  # (n-1 B t): sums over the previous states, before the emission

    def filtered_weights(self, potentials: Potentials, lengths: Array) -> Array:
        """Weights of the prefixes that end in each state, (B n t). Each position has a scale of its own."""
        return batch_first(self.filtered)

    def marginals(self, potentials: Potentials, lengths: Array) -> Marginals:
        factors, states, ratios = self._backward(potentials, lengths)
        if potentials.time_varying:
            return Marginals(states[0], _edge_marginals(factors, self, ratios), None)
        # One product over all edges, so that no array of n t t is made.
        totals = jnp.einsum("nba,nbc->bac", self.filtered[:-1], ratios, precision=HIGHEST)
        return Marginals(states[0], factors.weights * totals, batch_first(states))

    def edge_marginals(self, potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
        factors, states, ratios = self._backward(potentials, lengths)
        return states[0], _edge_marginals(factors, self, ratios)

    def conditionals(self, potentials: Potentials, lengths: Array) -> Conditionals:
        factors, states, _ = self._backward(potentials, lengths)
        before, sums, states = (batch_first(x) for x in (self.filtered[:-1], self.predecessors, states))
        return Conditionals(factors.weights, before, sums, states, self.filtered[-1])

    def _backward(self, potentials: Potentials, lengths: Array) -> tuple[_Factors, Array, Array]:
        prepared = prepare(potentials, lengths)
        factors = _factors(potentials, prepared)
        return factors, *_smooth(factors, prepared.valid, self)


class _Factors(NamedTuple):
    weights: Array  # (t t), (B t t) or (B n-1 t t): of the edges, at most 1
    states: Array  # (n B t): logs of the weights of the states, the largest of each position 0
    shift: tuple[Array, Array]  # (n B) each: the integers and fractions taken out of `states`


def _factors(potentials: Potentials, prepared: Prepared) -> _Factors:
    """The potentials in probability space. Integers and fractions are summed apart, so shifts cancel exactly."""
    valid, start, transition, emission = prepared
    if potentials.time_varying:
        weights, column = edge_weights(potentials.transition, valid[1:].T)
    else:
        weights, column = transition_weights(transition)
    column = jnp.broadcast_to(column, (valid.shape[0] - 1, *start.shape))
    shifts = jnp.concatenate([start[None], column])
    integer, fraction = numeric.split_integer(shifts)
    if emission is not None:
        emission_integer, emission_fraction = numeric.split_integer(emission)
        integer, fraction = integer + emission_integer, fraction + emission_fraction
    top_integer = numeric.shift_of(integer, -1)
    states = (integer - top_integer[..., None]) + fraction
    top_fraction = numeric.shift_of(states, -1)
    shift = jnp.where(valid, top_integer, 0), jnp.where(valid, top_fraction, 0)
    return _Factors(weights, states - top_fraction[..., None], shift)


def forward(potentials: Potentials, lengths: Array) -> Messages:
    """One pass over the chains, O(n t^2). Its result has no gradient; the queries have their own."""
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    prepared = prepare(potentials, lengths)
    return _forward(potentials, lengths, prepared, _factors(potentials, prepared), exact_log_partition)


def log_count(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    """The logarithm of the number of allowed structures, as an unevaluated sum (B)."""
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    prepared = prepare(uniform(potentials), lengths)
    if potentials.time_varying:  # all weights are 0 or 1: neither maxima nor exponentials are needed
        counts = prepared.valid[1:].T[..., None, None] & ~ignored_rows(*potentials.transition.shape[-3:-1])
        weights = jnp.where(
            counts & jnp.isneginf(potentials.transition), 0, jnp.ones((), prepared.start.dtype)
        )
        states = (
            jnp.zeros((*prepared.valid.shape, potentials.states), weights.dtype).at[0].set(prepared.start)
        )
        nothing = jnp.zeros(prepared.valid.shape, weights.dtype)
        factors = _Factors(weights, states, (nothing, nothing))
    else:
        factors = _factors(uniform(potentials), prepared)
    exact = lambda potentials, lengths: exact_log_partition(uniform(potentials), lengths)
    return _forward(potentials, lengths, prepared, factors, exact).log_partition


def _forward(
    potentials: Potentials, lengths: Array, prepared: Prepared, factors: _Factors, exact: Callable
) -> Messages:
    filtered, predecessors, scales = _filter(factors, prepared.valid)
    certified = _certify(factors, prepared, filtered, predecessors, scales)
    last = numeric.safe_log(jnp.sum(filtered[-1], -1))
    lift = float_range(potentials.start.dtype, 1).lift
    logs = jnp.where(prepared.valid[1:], numeric.safe_log(scales / lift), 0)
    terms = jnp.concatenate([*factors.shift, logs, last[None]])
    value = recompute_where(~certified, exact, (potentials, lengths), numeric.exact_sum(terms))
    return Messages(value, certified, filtered, predecessors)


def _filter(factors: _Factors, valid: Array) -> tuple[Array, Array, Array]:
    """Returns filtered (n B t), predecessors (n-1 B t) and the scale taken out at each edge, lifted (n-1 B)."""
    weights, states, _ = factors

    def step(message, inputs):
        emission, live, index = inputs
        sums = apply_transition(message, weights_at(weights, index))
        product = sums * emission
        scale = jnp.max(product, -1)
        moved = product * (1 / jnp.where(scale > 0, scale, 1))[:, None]
        message = jnp.where(live[:, None], moved, message)
        return message, (sums, message, scale)

    first = numeric.exp_or_zero(states[0])
    emissions = scaled.lifted_exp(states[1:], float_range(states.dtype, 1).lift)
    inputs = (emissions, valid[1:], numeric.positions(states.shape[0] - 1))
    _, (sums, messages, scales) = lax.scan(step, first, inputs)
    return jnp.concatenate([first[None], messages]), sums, scales


def _certify(factors: _Factors, prepared: Prepared, filtered: Array, sums: Array, scales: Array) -> Array:
    """Whether every sum over predecessors is far above what products below the float range can add up to, (B).

    A state that no path reaches may have the sum 0. Which states those are is computed only if some sum is small.
    """
    threshold = float_range(factors.states.dtype, factors.states.shape[-1]).threshold
    beyond = ~prepared.valid[1:]
    certified = jnp.all(((jnp.min(sums, -1) >= threshold) & (scales >= 1)) | beyond, 0)

    def of_reachable(weights: Array, alive: Array, valid: Array, sums: Array, scales: Array) -> Array:
        reached = _reachable(weights, alive, valid)
        sums_hold = jnp.all((sums >= threshold) | ~reached, -1)
        scales_hold = (scales >= 1) | ~jnp.any(reached & alive[1:], -1)
        return jnp.all((sums_hold & scales_hold) | beyond, 0)

    arguments = (factors.weights, ~jnp.isneginf(factors.states), prepared.valid, sums, scales)
    certified = refined_where(~certified, of_reachable, arguments, certified)
    # Beyond that, sums of whole numbers would round.
    certified &= jnp.all(jnp.abs(factors.shift[0]) < LARGEST_SHIFT, 0)
    # The first message needs no check: had it lost a state that matters, the sums after it would be small.
    return certified & jnp.any(filtered[-1] > 0, -1)


def _reachable(weights: Array, alive: Array, valid: Array) -> Array:
    """Whether any path with finite score enters a state, (n-1 B t)."""
    dtype = weights.dtype

    def step(reached, inputs):
        live_states, live, index = inputs
        edges = (weights_at(weights, index) > 0).astype(dtype)
        entered = apply_transition(reached, edges) > 0
        moved = (entered & live_states).astype(dtype)
        return jnp.where(live[:, None], moved, reached), entered

    inputs = (alive[1:], valid[1:], numeric.positions(alive.shape[0] - 1))
    return lax.scan(step, alive[0].astype(dtype), inputs)[1]


def _smooth(factors: _Factors, valid: Array, messages: Messages) -> tuple[Array, Array]:
    """The backward pass: returns the marginals of the states (n B t) and q = marginal / predecessor sum (n-1 B t).

    The marginal of an edge from state a to state b is filtered[a] * weights[a, b] * q[b].
    """
    back = reverse_transition(factors.weights)
    last = numeric.normalize(messages.filtered[-1])

    def step(marginal, inputs):
        inverse, filtered, live, index = inputs
        ratio = marginal * inverse
        moved = filtered * back(ratio, index)
        return jnp.where(live[:, None], moved, marginal), (marginal, ratio)

    inputs = (
        numeric.reciprocal(messages.predecessors),
        messages.filtered[:-1],
        valid[1:],
        numeric.positions(valid.shape[0] - 1),
    )
    first, (rest, ratios) = lax.scan(step, last, inputs, reverse=True)
    marginals = jnp.concatenate([first[None], rest])
    inverse = numeric.reciprocal(jnp.sum(marginals, -1, keepdims=True))
    marginals = jnp.where(valid[:, :, None], marginals * inverse, 0)
    return marginals, jnp.where(valid[1:, :, None], ratios * inverse[1:], 0)


def _edge_marginals(factors: _Factors, messages: Messages, ratios: Array) -> Array:
    """Marginals of every edge, (B n-1 t t)."""
    weights = factors.weights[:, None] if factors.weights.ndim == 3 else factors.weights
    before, after = numeric.materialize((batch_first(messages.filtered[:-1]), batch_first(ratios)))
    return before[..., None] * weights * after[..., None, :]
