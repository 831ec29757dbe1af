"""Heads of one node after the other, by what all trees with the heads chosen so far weigh: draws without replacement,
and the logs of the probabilities of arcs.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.beam import Drawn, WithoutReplacement
from ..constituency.inside import Logs
from .elimination import Cut, Weights, cut, only, summed, without


def _heads(given: Weights, now: Weights, node: Array, there: Array, first: Array) -> Logs:
    """Logs (B n) of what the trees weigh in which a node follows each other, but for what all have in common.

    Of `now`, a graph of some nodes, `there` (n), all are taken out but this and the root, from the first on: O(n^2)
    each. A head is as good as the arc from it, in the graph that was given, and the share of ways up from the head that
    come to the root before they come to the node.
    """
    nodes = given.logs.high.shape[1]
    number = numeric.positions(nodes)

    def cut_at(taken: Array, now: Weights) -> Cut:
        left = there & ((number < taken) | (number == node)) & (taken != node)
        return cut(now, taken, left, summed, upwards=True)

    def step(t: Array, state: tuple[Weights, Cut]) -> tuple[Weights, Cut]:
        taken = nodes - 1 - t
        now, _ = without(state[0], taken, state[1], summed, upwards=True)
        return now, cut_at(taken - 1, now)

    start = now, cut_at(jnp.int32(nodes - 1), now)
    found, _ = lax.fori_loop(jnp.int32(0), nodes - first, step, start)
    up = jax.tree.map(lambda x: jnp.where(number == 0, 0, x[:, 0]), found.logs)
    into = jax.tree.map(lambda x: lax.dynamic_index_in_dim(x, node, 2, keepdims=False), given.logs)
    logs = only(number != node, into.times(up))
    if found.dear is not None:
        of_root = lax.dynamic_index_in_dim(given.dear, node, 1)
        dear = jnp.where(number == 0, of_root, found.dear)
        cheap = jnp.any((logs.high > -jnp.inf) & ~dear, 1, keepdims=True)
        logs = only(~(dear & cheap), logs)
    return logs


def log_marginals(given: Weights) -> Array:
    """(B n n): the logs of the probabilities of arcs, O(n^4)."""
    nodes = given.logs.high.shape[1]
    all_nodes = jnp.ones((nodes,), bool)
    of = lambda node: _heads(given, given, node, all_nodes, jnp.int32(1)).near_top(1)[1]
    logs = jax.vmap(lambda node: numeric.log_normalize(of(node)), out_axes=2)(numeric.positions(nodes)[1:])
    return jnp.pad(logs, ((0, 0), (0, 0), (1, 0)), constant_values=-jnp.inf)


class _Slots(NamedTuple):
    """What each of k trees of each item is so far."""

    heads: Array  # (B k n)
    above: Array  # (B k n): the first node above each that has no head yet, or the root
    now: Weights  # of B*k graphs: without the nodes that have heads


def sample_without_replacement(key: Array, given: Weights, possible: Array, k: int) -> tuple[Array, Array]:
    """Heads of k distinct trees (k B n) in the order they are drawn; their log-probabilities (k B), -inf past the
    support (Kool, van Hoof & Welling 2019). O(k n^4).
    """
    items, nodes = given.logs.high.shape[:2]
    number = numeric.positions(nodes)
    tiled = jax.tree.map(lambda x: jnp.repeat(x, k, 0), given)
    search = WithoutReplacement(key, items, k)

    def choose(step: Array, state: tuple[Drawn, _Slots]) -> tuple[Drawn, _Slots]:
        beam, slots = state
        node = step + 1
        there = (number == 0) | (number >= node)
        logs = _heads(tiled, slots.now, node, there, node + 1)
        logs = jax.tree.map(lambda x: x.reshape(items, k, nodes), logs)
        beam, parent, chosen = search.extended(beam, step, jnp.ones((items, k), bool), logs)
        slot = lax.collapse(numeric.positions(items)[:, None] * k + parent, 0, 2)
        continued = lambda x: jnp.take_along_axis(x, parent[..., None], 1)
        heads, above = continued(slots.heads), continued(slots.above)
        top = jnp.take_along_axis(above, chosen[..., None], 2)
        now = _merged(jax.tree.map(lambda x: x[slot], slots.now), node, lax.collapse(top, 0, 3))
        heads = jnp.where(number == node, chosen[..., None], heads)
        return beam, _Slots(heads, jnp.where(above == node, top, above), now)

    shape = items, k, nodes
    first = (numeric.positions(k) == 0) & possible[:, None]
    slots = _Slots(jnp.zeros(shape, jnp.int32), jnp.broadcast_to(number, shape), tiled)
    start = search.started(first, given.logs), slots
    beam, slots = lax.fori_loop(jnp.int32(0), jnp.int32(nodes - 1), choose, start)
    return jnp.swapaxes(slots.heads, 0, 1), search.logs(beam).T


def _merged(now: Weights, node: Array, top: Array) -> Weights:
    """Takes out a node that has a head: what follows it follows what is above it (B). Plain code."""
    logs, number = now.logs, numeric.positions(now.logs.high.shape[1])
    item, column = numeric.positions(logs.high.shape[0]), number == node
    pair = jax.tree.map(lambda x: jnp.stack([x[item, top], x[:, node]]), logs)
    dear = now.dear
    if dear is not None:  # but for the edge that the root has then
        cheap = (top == 0)[:, None] & (pair.high[1] > -jnp.inf)
        pair = only(~jnp.stack([cheap & dear, jnp.zeros_like(cheap)]), pair)
        dear &= ~cheap & ~(column & (top == 0)[:, None])
    row = pair.reduced(0, lambda rest: summed(rest, 0))
    here = (number == top[:, None])[:, :, None]
    placed = jax.tree.map(lambda x, new: jnp.where(column, 0, jnp.where(here, new[:, None], x)), logs, row)
    return Weights(only(~column | here, placed), dear)
