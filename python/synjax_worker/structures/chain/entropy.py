"""Entropy of chains and its gradient.

By the chain rule the entropy is a sum of the entropies of the conditionals P(a | b), weighted by the marginals of the
states. All terms are >= 0, so that large numbers are never subtracted.

Its gradient by the log-potential of an edge e is P(e) (E[-log p | e] - H). Passes forward and backward carry the
expected -log-probability of the parts before and after a state, each less its own mean.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import certified_or_exact, drop_forbidden, guarded
from ...numerics.numeric import HIGHEST
from .conditionals import exact_conditionals
from .potentials import Marginals, Potentials, batch_first, contract, position_first
from .transitions import apply_transition, reverse_transition, transposed, weights_at


def _entropy_fast(potentials: Potentials, lengths: Array, messages) -> Array:
    conditionals = messages.conditionals(potentials, lengths)
    local = jnp.sum(_weighted_surprise(conditionals.table()), -2)
    last = _weighted_surprise(numeric.normalize(conditionals.last))
    return jnp.sum(conditionals.states[:, 1:] * local, (1, 2)) + jnp.sum(last, -1)


def _weighted_surprise(prob: Array) -> Array:
    """-p log p. It vectorises where `numeric.x_log_x` does not, but its derivative at 0 is wrong."""
    return -prob * jnp.log(jnp.maximum(prob, jnp.finfo(prob.dtype).tiny))


def exact_entropy(potentials: Potentials, lengths: Array) -> Array:
    exact = exact_conditionals(potentials, lengths)
    local = -jnp.sum(numeric.x_log_x(exact.table), -2)
    return jnp.sum(exact.states[:, 1:] * local, (1, 2)) - jnp.sum(numeric.x_log_x(exact.last), -1)


@jax.custom_jvp
def entropy(potentials: Potentials, lengths: Array, messages) -> Array:
    """Shannon entropy (B), nats; 0 where there is no structure."""
    return certified_or_exact(_entropy_fast, exact_entropy)(potentials, lengths, messages)


@entropy.defjvp
def _entropy_derivative(primals, tangents):
    tangent = drop_forbidden(primals[0], tangents[0])
    return entropy(*primals), contract(_entropy_gradient(*primals), tangent)


def _entropy_gradient_fast(potentials: Potentials, lengths: Array, messages) -> Marginals:
    """The gradient by the potentials from the fast pass, without a table of conditionals where it can be avoided."""
    given = messages.conditionals(potentials, lengths)
    live = numeric.positions(potentials.positions)[1:] < lengths[:, None]
    surprise = numeric.materialize(_weighted_surprise(given.table()))
    inverse = numeric.materialize(numeric.reciprocal(given.sums))
    last = numeric.normalize(given.last)
    expected = surprise * given.states[:, 1:, None, :]
    of_edges_from = jnp.sum(expected, -1)
    mean = lambda weighted: jnp.sum(weighted, -1, keepdims=True)

    def forward(before, inputs):  # carries the entropy of the prefixes that end in each state
        weight, local, inverse, state, live, index = inputs
        moved = local + apply_transition(weight * before, weights_at(given.weights, index)) * inverse
        moved = moved - mean(state * moved)
        return jnp.where(live[:, None], moved, before), before

    back = reverse_transition(given.weights)

    def backward(after, inputs):  # carries marginals times the expected -log-probability of what follows
        weight, local, inverse, state, live, index = inputs
        ratio = after * inverse
        moved = local + weight * back(ratio, index)
        moved = moved - state * mean(moved)
        return jnp.where(live[:, None], moved, after), (after, jnp.where(live[:, None], ratio, 0))

    indices = numeric.positions(potentials.positions - 1)
    local, local_from, states = (
        position_first(jnp.sum(surprise, -2)),
        position_first(of_edges_from),
        position_first(given.states),
    )
    weight, inverse_first, live_first = (position_first(x) for x in (given.before, inverse, live))
    ending = _weighted_surprise(last)
    forwards = (weight, local, inverse_first, states[1:], live_first, indices)
    prefix, prefixes = lax.scan(forward, jnp.zeros_like(last), forwards)
    backwards = (weight, local_from, inverse_first, states[:-1], live_first, indices)
    start = ending - last * mean(ending)
    suffix, (suffixes, ratios) = lax.scan(backward, start, backwards, reverse=True)

    before = given.before * (batch_first(prefixes) - mean(of_edges_from))
    after = given.states[:, 1:] * inverse
    before, after, ratios = numeric.materialize((before, after, batch_first(ratios)))
    first = jnp.where((lengths > 0)[:, None], suffix, 0)
    if potentials.time_varying:
        edges = given.weights * (
            before[..., None] * after[..., None, :] + given.before[..., None] * ratios[..., None, :]
        )
        return Marginals(first, jnp.where(live[..., None, None], edges + expected, 0), None)
    pairs = lambda a, b: jnp.einsum("bna,bnc->bac", a, b, precision=HIGHEST)
    edges = given.weights * (pairs(before, after) + pairs(given.before, ratios)) + jnp.sum(expected, 1)
    later = batch_first(jnp.concatenate([prefixes, prefix[None]]))[:, 1:]
    later = jnp.where(live[..., None], given.states[:, 1:] * later + batch_first(suffixes), 0)
    return Marginals(first, edges, jnp.concatenate([first[:, None], later], 1))


def _exact_entropy_gradient(potentials: Potentials, lengths: Array) -> Marginals:
    """The gradient by the potentials from tables of exact conditionals, differentiable to any order."""
    exact = exact_conditionals(potentials, lengths)
    live = numeric.positions(potentials.positions)[1:] < lengths[:, None]
    surprise = -numeric.x_log_x(exact.table)
    expected = surprise * exact.states[:, 1:, None, :]
    of_edges_from = jnp.sum(expected, -1)
    mean = lambda weighted: jnp.sum(weighted, -1, keepdims=True)

    def forward(before, inputs):
        table, local, state, live = inputs
        moved = local + apply_transition(before, table)
        moved = moved - mean(state * moved)
        return jnp.where(live[:, None], moved, before), before

    def backward(after, inputs):
        table, local, state, live = inputs
        moved = local + apply_transition(after, transposed(table))
        moved = moved - state * mean(moved)
        return jnp.where(live[:, None], moved, after), after

    local, local_from, states = (
        position_first(x) for x in (jnp.sum(surprise, -2), of_edges_from, exact.states)
    )
    table, live_first = position_first(exact.table), position_first(live)
    ending = -numeric.x_log_x(exact.last)
    start = jnp.zeros_like(exact.last)
    prefix, prefixes = lax.scan(forward, start, (table, local, states[1:], live_first))
    start = ending - exact.last * mean(ending)
    suffix, suffixes = lax.scan(backward, start, (table, local_from, states[:-1], live_first), reverse=True)

    after, later_states = batch_first(suffixes), exact.states[:, 1:]
    before = batch_first(prefixes) - mean(of_edges_from)
    first = jnp.where((lengths > 0)[:, None], suffix, 0)
    edges = exact.table * (before[..., None] * later_states[..., None, :] + after[..., None, :]) + expected
    edges = jnp.where(live[..., None, None], edges, 0)
    if potentials.time_varying:
        return Marginals(first, edges, None)
    later = batch_first(jnp.concatenate([prefixes, prefix[None]]))[:, 1:]
    later = jnp.where(live[..., None], later_states * later + after, 0)
    return Marginals(first, jnp.sum(edges, 1), jnp.concatenate([first[:, None], later], 1))


_entropy_gradient = guarded(_entropy_gradient_fast, _exact_entropy_gradient)
