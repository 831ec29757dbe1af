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
    PreparedStates,
    batch_first,
    edge_weights,
    ignored_rows,
    prepare_states,
    transition_weights,
    uniform,
)
from .transitions import apply_transition, reverse_transition, weights_at

# Beyond this, what is left of a sum on one grid (`numeric.exact_sum`) would round by more than the digits that show.
LARGEST_SHIFT = 2.0**18
# Integers up to this are floats.
LARGEST_EXPONENT = 1 << 24


class Messages(NamedTuple):
    """The result of the forward pass. Queries treat it as a constant: they have derivatives of their own."""

    log_partition: Sum  # (B)
    certified: Array  # (B): whether nothing was lost to the float range
    before: Array  # (n-1 B t): weights of the prefixes that end in each state before an edge, the largest from 1 to 2
    predecessors: Array  # (n-1 B t): sums over the previous states, before the emission
    last: Array  # (B t): the same weights of each chain's last state

    def filtered_weights(self, potentials: Potentials, lengths: Array) -> Array:
        """Weights of the prefixes that end in each state, (B n t). Each position has a scale of its own."""
        return batch_first(jnp.concatenate([self.before, self.last[None]]))

    def marginals(self, potentials: Potentials, lengths: Array) -> Marginals:
        factors, states, ratios = self._backward(potentials, lengths)
        if potentials.time_varying:
            return Marginals(states[0], _edge_marginals(factors, self, ratios), None)
        # One product over all edges, so that no array of n t t is made.
        totals = jnp.einsum("nba,nbc->bac", self.before, ratios, precision=HIGHEST)
        return Marginals(states[0], factors.weights * totals, batch_first(states))

    def edge_marginals(self, potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
        factors, states, ratios = self._backward(potentials, lengths)
        return states[0], _edge_marginals(factors, self, ratios)

    def conditionals(self, potentials: Potentials, lengths: Array) -> Conditionals:
        factors, states, _ = self._backward(potentials, lengths)
        before, sums, states = (batch_first(x) for x in (self.before, self.predecessors, states))
        return Conditionals(factors.weights, before, sums, states, self.last)

    def _backward(self, potentials: Potentials, lengths: Array) -> tuple[_Factors, Array, Array]:
        prepared = prepare_states(potentials, lengths)
        factors = _factors(potentials, prepared)
        return factors, *_smooth(factors, prepared.valid, self)


class _Factors(NamedTuple):
    weights: Array  # (t t), (B t t) or (B n-1 t t): of the edges, at most 1
    states: Array  # (n B t): logs of the weights of the states, the largest of each position 0
    shift: Array  # (m n B): what was taken out of `states`, a sum of m terms


def _factors(potentials: Potentials, prepared: PreparedStates) -> _Factors:
    """The potentials in probability space."""
    valid, start, emission = prepared
    if potentials.time_varying:
        weights, column = edge_weights(potentials.transition, valid[1:].T)
    else:
        weights, column = transition_weights(potentials.transition)
        column = jnp.broadcast_to(column, (valid.shape[0] - 1, *start.shape))
    shifts = jnp.concatenate([start[None], column])
    if emission is None:
        top = numeric.shift_of(shifts, -1)
        return _Factors(weights, shifts - top[..., None], jnp.where(valid, top, 0)[None])
    # Integers and fractions are summed apart, so that shifts cancel exactly.
    integer, fraction = numeric.split_integer(shifts)
    emission_integer, emission_fraction = numeric.split_integer(emission)
    integer, fraction = integer + emission_integer, fraction + emission_fraction
    top_integer = numeric.shift_of(integer, -1)
    states = (integer - top_integer[..., None]) + fraction
    top_fraction = numeric.shift_of(states, -1)
    shift = jnp.where(valid, jnp.stack([top_integer, top_fraction]), 0)
    return _Factors(weights, states - top_fraction[..., None], shift)


def forward(potentials: Potentials, lengths: Array) -> Messages:
    """One pass over the chains, O(n t^2). Its result has no gradient; the queries have their own."""
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    prepared = prepare_states(potentials, lengths)
    return _forward(potentials, lengths, prepared, _factors(potentials, prepared), exact_log_partition)


def log_count(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    """The logarithm of the number of allowed structures, as an unevaluated sum (B)."""
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    prepared = prepare_states(uniform(potentials), lengths)
    if potentials.time_varying:  # all weights are 0 or 1: neither maxima nor exponentials are needed
        counts = prepared.valid[1:].T[..., None, None] & ~ignored_rows(*potentials.transition.shape[-3:-1])
        weights = jnp.where(
            counts & jnp.isneginf(potentials.transition), 0, jnp.ones((), prepared.start.dtype)
        )
        states = (
            jnp.zeros((*prepared.valid.shape, potentials.states), weights.dtype).at[0].set(prepared.start)
        )
        factors = _Factors(weights, states, jnp.zeros((0, *prepared.valid.shape), weights.dtype))
    else:
        factors = _factors(uniform(potentials), prepared)
    exact = lambda potentials, lengths: exact_log_partition(uniform(potentials), lengths)
    return _forward(potentials, lengths, prepared, factors, exact).log_partition


def _forward(
    potentials: Potentials, lengths: Array, prepared: PreparedStates, factors: _Factors, exact: Callable
) -> Messages:
    last, before, predecessors, exponents = _filter(factors, prepared.valid)
    weight = jnp.sum(last, -1)
    possible = weight > 0
    terms = jnp.concatenate([*factors.shift, jnp.log(jnp.where(possible, weight, 1))[None]])
    shift, rest, largest = numeric.sum_on_grid(terms)
    exponent = jnp.sum(jnp.where(prepared.valid[1:], exponents, 0), 0, dtype=jnp.int32)
    power = scaled.exponents_times_ln2(exponent, weight.dtype)
    high, error = numeric.two_sum(shift, power[0])
    middle, smaller = numeric.two_sum(power[1], error)
    value = tuple(x * (1 / numeric.UNIT) for x in (high, middle, jnp.sum(rest, 0) + power[2] + smaller))
    # Beyond the last two, sums of shifts and of exponents would round.
    certified = possible & _certify(factors, prepared, predecessors, exponents)
    certified &= (largest < LARGEST_SHIFT) & (jnp.abs(exponent) < LARGEST_EXPONENT)
    value = recompute_where(~certified, exact, (potentials, lengths), value)
    return Messages(value, certified, before, predecessors, last)


def _filter(factors: _Factors, valid: Array) -> tuple[Array, Array, Array, Array]:
    """Returns the last message (B t), those before each edge (n-1 B t), predecessors (n-1 B t) and the power of two
    taken out at each edge (n-1 B) int32. As powers of two, scales round nothing and their product is a sum of integers.
    """
    weights, states, _ = factors
    lift = float_range(states.dtype, 1).lift

    def step(message, inputs):
        emission, live, index = inputs
        sums = apply_transition(message, weights_at(weights, index))
        product = sums * emission
        inverse = scaled.power_of_two(-_scale(product), product.dtype)
        moved = jnp.where(live[:, None], product * inverse[:, None], message)
        return moved, (sums, message)

    first = numeric.exp_or_zero(states[0])
    emissions = scaled.lifted_exp(states[1:], lift)
    inputs = (emissions, valid[1:], numeric.positions(states.shape[0] - 1))
    last, (sums, before) = lax.scan(step, first, inputs)
    # Multiplied once more: in the loop, storing them would take as long as a short step.
    exponents = _scale(sums * emissions) - scaled.integer_log2(lift)
    return last, before, sums, exponents


def _scale(weights: Array) -> Array:
    """The exponent of the largest, int32."""
    return scaled.raw_exponent_of(jnp.max(weights, -1))


def _certify(factors: _Factors, prepared: PreparedStates, sums: Array, exponents: Array) -> Array:
    """Whether every sum over predecessors is far above what products below the float range can add up to, (B). Then
    the scales are too, because some state of each position has the weight 1.

    A state that no path reaches may have the sum 0. Which states those are is computed only if some sum is small.
    """
    bounds = float_range(factors.states.dtype, factors.states.shape[-1])
    beyond = ~prepared.valid[1:]
    certified = jnp.all((jnp.min(sums, -1) >= max(bounds.threshold, 1 / bounds.lift)) | beyond, 0)

    def of_reachable(factors: _Factors, valid: Array, sums: Array, exponents: Array) -> Array:
        alive = ~jnp.isneginf(factors.states)
        reached = _reachable(factors.weights, alive, valid)
        sums_hold = jnp.all((sums >= bounds.threshold) | ~reached, -1)
        least = -scaled.integer_log2(bounds.lift)
        scales_hold = (exponents >= least) | ~jnp.any(reached & alive[1:], -1)
        return jnp.all((sums_hold & scales_hold) | beyond, 0)

    # The first message needs no check: had it lost a state that matters, the sums after it would be small.
    arguments = (factors, prepared.valid, sums, exponents)
    return refined_where(~certified, of_reachable, arguments, certified)


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

    The marginal of an edge from state a to state b is before[a] * weights[a, b] * q[b].
    """
    back = reverse_transition(factors.weights)
    last = numeric.normalize(messages.last)

    def step(marginal, inputs):
        inverse, before, live, index = inputs
        ratio = marginal * inverse
        moved = before * back(ratio, index)
        return jnp.where(live[:, None], moved, marginal), (marginal, ratio)

    inputs = (
        numeric.reciprocal(messages.predecessors),
        messages.before,
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
    before, after = numeric.materialize((batch_first(messages.before), batch_first(ratios)))
    return before[..., None] * weights * after[..., None, :]
