"""Nodes are taken out of the graph one after the other, and the ways through them become arcs: star-mesh elimination.

Node v has a total in-weight t = sum of w[i, v]. Without it an arc i -> j weighs w[i, j] + w[i, v] w[v, j] / t, and the
trees of what is left weigh together what those of the whole graph do, divided by t. Nothing is subtracted, so that
every weight is right relative to itself, however the graph is conditioned (Grassmann, Taksar & Heyman 1985). In any
other semifield the same steps give what those sums are there, as the best tree's score.

Where the root has to have one edge, its arcs count in addition a factor that is infinitely small, of which a sum keeps
the terms of the lowest order. Trees with the fewest root edges are left, which is one where there is a tree at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..constituency.inside import Logs
from .graph import Graph

# Of floats along an axis, the largest of which are near 0: their sum in the semifield.
Reduce = Callable[[Array, int], Array]


def summed(logs: Array, axis: int) -> Array:
    return numeric.safe_log(jnp.sum(jnp.exp(logs), axis))


class Weights(NamedTuple):
    """Of the arcs of a graph."""

    logs: Logs  # (B n n)
    # (B n): whether the root's arc has the small factor; None where the root may have any number of edges.
    dear: Array | None


def weights(logs: Logs, graph: Graph, single_root_edge: bool) -> Weights:
    return Weights(logs, jnp.any(graph.usable, 1) if single_root_edge else None)


class Cut(NamedTuple):
    """A node that is to be taken out, by what of the graph depends on it. Loops carry it from one turn to the next:
    computed within a turn, it would be computed for every arc again.
    """

    into: Logs  # (B n): from the nodes that are left
    out_of: Logs  # (B n): relative to the total in-weight
    total: Logs  # (B)
    heads: Array  # (B n): logs of its in-weights relative to their total, -inf of what has the small factor in vain
    in_vain: Array | None  # (B): whether there are others


def cut(given: Weights, node: Array, left: Array, reduce: Reduce, upwards: bool = False) -> Cut:
    """`left` (n) are the nodes that are left without it. Plain code."""
    logs, number = given.logs, numeric.positions(given.logs.high.shape[1])
    into, out_of = only(left, _at(logs, node, 2)), _at(logs, node, 1)
    if upwards:
        out_of = jax.tree.map(lambda x: jnp.where(number == node, 0, x), out_of)
    else:
        out_of = only(left, out_of)
    counted, in_vain = into, None
    if given.dear is not None:
        cheap = jnp.any(into.high[:, 1:] > -jnp.inf, 1)
        in_vain = lax.dynamic_index_in_dim(given.dear, node, 1, keepdims=False) & cheap
        counted = only(~(in_vain[:, None] & (number == 0)), into)
    top, rest = counted.near_top(1)
    total = reduce(rest, 1)
    heads = jnp.where(rest > -jnp.inf, rest - total[:, None], -jnp.inf)
    total = counted.above(top, total, 1)
    out_of = out_of.times(jax.tree.map(lambda x: x[:, None], _inverse(total)))
    return Cut(into, out_of, total, heads, in_vain)


def without(
    given: Weights, node: Array, of: Cut, reduce: Reduce, upwards: bool = False
) -> tuple[Weights, Array]:
    """Takes out a node; and by how much the log of the way through it exceeds that of each arc (B n n). Plain code.

    What leads into nodes that are taken out stays as it was; `upwards`, it becomes how ways from there to their heads,
    to the heads of those and so on come to the nodes that are left: by which first, with weights that add up to 1.
    """
    logs = given.logs
    if upwards:
        logs = only(numeric.positions(logs.high.shape[1]) != node, logs)
    pair = jax.tree.map(lambda a, b: jnp.stack([a, b]), logs, _outer(of.into, of.out_of))
    dear = None
    if given.dear is not None:
        pair, dear = _of_lowest_order(pair, given.dear, of.in_vain)
    top, rest = pair.near_top(0)
    found = pair.above(top, reduce(rest, 0), 0)
    return Weights(found, dear), jnp.where(rest[1] > -jnp.inf, rest[1] - rest[0], -jnp.inf)


def _of_lowest_order(pair: Logs, dear: Array, in_vain: Array) -> tuple[Logs, Array]:
    """An arc and the way through the node (2 B n n): of the root's, those without the small factor, or both."""
    both = jnp.stack([dear, jnp.broadcast_to(in_vain[:, None], dear.shape)])
    cheap = jnp.any((pair.high[:, :, 0] > -jnp.inf) & ~both, 0)  # (B n)
    root = (numeric.positions(pair.high.shape[2]) == 0)[:, None]
    return only(~(root & (both & cheap)[:, :, None]), pair), ~cheap


def _at(logs: Logs, index: Array, axis: int) -> Logs:
    return jax.tree.map(lambda x: lax.dynamic_index_in_dim(x, index, axis, keepdims=False), logs)


def only(keep: Array, logs: Logs) -> Logs:
    """0 elsewhere."""
    zero = (-jnp.inf, *[0] * (len(logs) - 1))
    return type(logs)(*(jnp.where(keep, x, nothing) for x, nothing in zip(logs, zero, strict=True)))


def _inverse(logs: Logs) -> Logs:
    """1 / x, and 1 of 0."""
    zero = jnp.isneginf(logs.high)
    return jax.tree.map(lambda x: jnp.where(zero, 0, -x), logs)


def _outer(a: Logs, b: Logs) -> Logs:
    """(B n n) of (B n) and (B n)."""
    return jax.tree.map(lambda x: x[:, :, None], a).times(jax.tree.map(lambda x: x[:, None], b))


class Eliminated(NamedTuple):
    """All nodes but the root, one turn for each from node 1 on; the last is taken out first."""

    total: Logs  # (B): of all trees
    heads: Array  # (n-1 B n): logs of in-weights relative to their total, -inf of what has the small factor in vain
    gaps: Array  # (n-1 B n n): by how much the log of the way through the node exceeds that of each arc


def eliminated(given: Weights, reduce: Reduce = summed) -> Eliminated:
    """O(n^3)."""
    items, nodes = given.logs.high.shape[:2]
    one = type(given.logs).from_log(jnp.zeros((items,), given.logs.high.dtype))
    number = numeric.positions(nodes)
    cut_at = lambda left, node: cut(left, node, number < node, reduce)

    def step(state: tuple, node: Array) -> tuple:
        left, of, total = state
        left, gaps = without(left, node, of, reduce)
        return (left, cut_at(left, node - 1), total.times(of.total)), (of.heads, gaps)

    start = given, cut_at(given, number[-1]), one
    (_, _, total), (heads, gaps) = lax.scan(step, start, number[1:], reverse=True)
    return Eliminated(total, heads, gaps)
