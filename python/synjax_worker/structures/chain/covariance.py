"""How the mean of a sum of local terms over a chain changes with its potentials: a covariance.

The mean of f(e), summed over the edges e of a structure, has the derivative P(e) (E[sum of f | e] - E[sum of f]) by the
log-potential of e. Passes forward and backward carry the expected terms of the parts before and after a state, each
less its own mean, so that no two large numbers are subtracted. Entropies and divergences are such means whose terms
move by nothing on average.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.numeric import HIGHEST
from .conditionals import Conditionals, ExactConditionals
from .potentials import Marginals, Potentials, batch_first, position_first
from .transitions import apply_transition, reverse_transition, transposed, weights_at

# Elements of a table of edges, beyond which it is made in parts: they stay in the processor's caches.
_LARGE = 1 << 20


class Terms(NamedTuple):
    """P(a | b) f(a, b) of edges. Those of a long chain are never all there: they would take n t t."""

    make: Callable[[Any], Array]  # of what some edges have of their own, (B m t t)
    by_edge: Any  # what all edges have, (B n-1 t) each


class _Sums(NamedTuple):
    """Of terms, and of terms times the marginal of the state b after the edge, which is what to expect of them."""

    local: Array  # (B n-1 t): of each state b, over the states a before it
    from_states: Array  # (B n-1 t): expected, of each state a, over the states b after it
    edges: Array  # (B n-1 t t): expected; (B 1 t t): the sum over the edges


def _sums(terms: Terms, states: Array, each_edge: bool) -> _Sums:
    """`states` are marginals of the states after the edges, (B n-1 t)."""

    def of_some(by_edge: Any, states: Array) -> _Sums:
        made = numeric.materialize(terms.make(by_edge))
        expected = made * states[:, :, None, :]
        edges = expected if each_edge else jnp.sum(expected, 1, keepdims=True)
        return _Sums(jnp.sum(made, -2), jnp.sum(expected, -1), edges)

    items, count, size = states.shape
    part = max(1, _LARGE // (items * size * size))
    if each_edge or part >= count:
        return of_some(terms.by_edge, states)
    parts = -(-count // part)

    def in_parts(x: Array) -> Array:  # (parts B part ...), with zeros at the end
        x = jnp.pad(x, ((0, 0), (0, parts * part - count), (0, 0)))
        return position_first(x.reshape(items, parts, part, size))

    def whole(x: Array) -> Array:
        return batch_first(x).reshape(items, parts * part, size)[:, :count]

    def step(total: Array, inputs: tuple[Any, Array]) -> tuple[Array, tuple[Array, Array]]:
        found = of_some(*inputs)
        return total + found.edges, (found.local, found.from_states)

    inputs = jax.tree.map(in_parts, (terms.by_edge, states))
    total, found = lax.scan(step, jnp.zeros((items, 1, size, size), states.dtype), inputs)
    return _Sums(*map(whole, found), total)


def covariance(
    potentials: Potentials, lengths: Array, given: Conditionals, terms: Terms, ending: Array
) -> Marginals:
    """By the fast pass, without a table of conditionals where it can be avoided.

    Args:
      terms: P(a | b) f(a, b) of every edge.
      ending: P(b) f(b) of the last state, (B t).
    """
    live = numeric.positions(potentials.positions)[1:] < lengths[:, None]
    inverse = numeric.materialize(numeric.reciprocal(given.sums))
    last = numeric.normalize(given.last)
    local, of_edges_from, expected = _sums(terms, given.states[:, 1:], potentials.time_varying)
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
    local, local_from, states = (position_first(x) for x in (local, of_edges_from, given.states))
    weight, inverse_first, live_first = (position_first(x) for x in (given.before, inverse, live))
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
    edges = given.weights * (pairs(before, after) + pairs(given.before, ratios)) + expected[:, 0]
    later = batch_first(jnp.concatenate([prefixes, prefix[None]]))[:, 1:]
    later = jnp.where(live[..., None], given.states[:, 1:] * later + batch_first(suffixes), 0)
    return Marginals(first, edges, jnp.concatenate([first[:, None], later], 1))


def exact_covariance(
    potentials: Potentials, lengths: Array, exact: ExactConditionals, weighted: Array, ending: Array
) -> Marginals:
    """The same from tables of exact conditionals and of all terms, (B n-1 t t), differentiable to any order."""
    live = numeric.positions(potentials.positions)[1:] < lengths[:, None]
    expected = weighted * exact.states[:, 1:, None, :]
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
        position_first(x) for x in (jnp.sum(weighted, -2), of_edges_from, exact.states)
    )
    table, live_first = position_first(exact.table), position_first(live)
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
