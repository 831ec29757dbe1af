"""The k best trees, one after the other (Camerini, Fratta & Maffioli 1980).

The trees that are left are kept in parts: those of a graph with fewer arcs, of which the best is known and was given
already, and how much worse the second best is. The next tree is the best of the second ones. It has another arc to some
node than the best one of its part, by which that part becomes two: the trees without the best one's arc to that node,
and those that have it.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from ..constituency.inside import Logs
from .contraction import Contracted, Round, Scores, contracted, expanded, taken


class Second(NamedTuple):
    """What is known of the second best tree of a graph (B)."""

    loss: Logs  # by how much it is worse than the best: logs up to 0, -inf where there is none
    node: Array  # to which it has another arc than the best


def second_best(scores: Scores, logs: Array, found: Contracted, tree: Array) -> Second:
    """Of graphs of the arcs that have logs (B n n), whose best tree (B n) was found. O(n^2) a round. Plain code.

    It comes from the best by another arc into some part, in place of the arc that the part has taken and the tree has:
    not from below that arc. Where the arcs taken make another tree, which is then as good, it is that.
    """
    items, nodes = tree.shape
    item = numeric.positions(items)
    nothing = scores.kind.from_log(jnp.full((items, nodes), -jnp.inf, scores.logs.dtype))
    start, sizes = _intervals(tree)

    def step(round: Array, state: tuple[Round, Logs, Array]) -> tuple[Round, Logs, Array]:
        now, *best = state
        heads, tails = now.taken.heads, now.taken.tails
        at = lambda x: jnp.take_along_axis(x, tails, 1)
        first, size, head = at(start), at(sizes), at(tree)
        below = (start[:, :, None] - first[:, None]).astype(jnp.uint32) < size[:, None]
        allowed = jnp.where(below, -jnp.inf, logs).at[item[:, None], heads, tails].set(-jnp.inf)
        other = taken(scores, allowed, now)
        better = (other.root_edges == now.taken.root_edges) & jnp.isfinite(other.root_edges)
        better &= (head == heads) & (now.parts > 0)
        loss = other.gain.over(now.taken.gain)
        better &= jnp.isneginf(best[0].high) | (loss.ratio(best[0]) > 0)
        keep = lambda new, old: jnp.where(better, new, old)
        # The round is carried: a slice would be taken anew for every arc that is compared with it.
        return found.at(round + 1), jax.tree.map(keep, loss, best[0]), keep(tails, best[1])

    state = found.at(jnp.int32(0)), nothing, jnp.zeros_like(tree)
    _, loss, node = lax.fori_loop(jnp.int32(0), found.rounds, step, state)
    top, rest = loss.near_top(1)
    best = jnp.max(rest, 1)
    node = jnp.take_along_axis(node, topdown.first_largest(rest)[:, None], 1)[:, 0]
    return Second(loss.above(top, best, 1), node)


def _intervals(tree: Array) -> tuple[Array, Array]:
    """Numbers of nodes (B n), by which those below a node have as many numbers, from its own on, as is its size."""
    items, nodes = tree.shape
    number = numeric.positions(nodes)
    above = jnp.broadcast_to(number[:, None] == number, (items, nodes, nodes))

    def twice(_: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        ways, above = state
        return jnp.take_along_axis(ways, ways, 1), above | jnp.take_along_axis(above, ways[:, :, None], 1)

    _, above = lax.fori_loop(0, nodes.bit_length(), twice, (tree, above))
    size = jnp.sum(above, 1, dtype=jnp.int32)
    earlier = (tree[:, :, None] == tree[:, None]) & (number > 0) & (number < number[:, None])
    offset = 1 + jnp.sum(jnp.where(earlier, size[:, None], 0), 2)
    start = jnp.sum(jnp.where(above, jnp.where(number > 0, offset, 0)[:, None], 0), 2)
    return start, size.astype(jnp.uint32)


class _Parts(NamedTuple):
    """Of each item, the trees in k parts of all."""

    usable: Array  # (B k n n): the arcs of the part
    trees: Array  # (B k n): its best tree
    loss: Logs  # (B k): how much worse that is than the best of all, -inf where there is none
    second: Logs  # (B k): and the second best
    node: Array  # (B k): to which that has another arc


def k_best(scores: Scores, possible: Array, k: int) -> tuple[Array, Array]:
    """Heads (B k n) of the k best trees, best first, and which are real (B k). Of most graphs about O(k n^2 log n), at
    most O(k n^3).
    """
    items, nodes = scores.logs.shape[:2]
    number, item = numeric.positions(nodes), numeric.positions(items)
    of = lambda x: scores.kind.from_log(x.astype(scores.logs.dtype))
    doubled = scores.twice()

    def step(index: Array, parts: _Parts) -> _Parts:
        slot = topdown.first_largest(parts.second.near_top(1)[1])
        old = jax.tree.map(lambda x: x[item, slot], parts)
        there = (number == old.node[:, None])[:, None]
        its = (number[:, None] == old.trees[:, None]) & there
        without = old.usable & ((index == 0) | ~its)  # the first part is all trees
        usable = jnp.concatenate([without, old.usable & (its | ~there)])
        logs = jnp.where(usable, doubled.logs, -jnp.inf)
        found = contracted(doubled, logs)
        trees = expanded(found)
        best, again = trees[:items], trees[items:]
        second = second_best(doubled, logs, found, jnp.concatenate([best, old.trees]))
        left, right = (
            jax.tree.map(lambda x, at=at: x[at], second) for at in (slice(items), slice(items, None))
        )
        # Of equals another may be the best of those that have the arc than the one that was given.
        differs = again != old.trees
        other = jnp.any(differs, 1)
        loss = jax.tree.map(lambda x: jnp.where(other, 0, x), right.loss)
        node = jnp.where(other, jnp.argmax(differs, 1).astype(jnp.int32), right.node)

        new = _Parts(without, best, old.second, old.second.times(left.loss), left.node)
        rest = _Parts(usable[items:], old.trees, old.loss, old.loss.times(loss), node)
        parts = jax.tree.map(
            lambda x, rest, old: x.at[item, slot].set(jnp.where(index > 0, rest, old)), parts, rest, old
        )
        return jax.tree.map(lambda x, new: x.at[:, index].set(new), parts, new)

    shape = items, k, nodes
    parts = _Parts(
        jnp.broadcast_to((scores.logs > -jnp.inf)[:, None], (*shape, nodes)),
        jnp.zeros(shape, jnp.int32),
        of(jnp.full((items, k), -jnp.inf)),
        of(jnp.where((numeric.positions(k) == 0) & possible[:, None], 0, -jnp.inf)),
        jnp.zeros((items, k), jnp.int32),
    )
    parts = lax.fori_loop(jnp.int32(0), jnp.int32(k), step, parts)
    return parts.trees, parts.loss.high > -jnp.inf
