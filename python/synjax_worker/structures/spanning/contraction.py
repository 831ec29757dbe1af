"""Best trees: every node takes its best arc, and cycles become nodes, until there are none (Chu & Liu 1965; Edmonds
1967).

All cycles of a round are contracted together. What changes from round to round is one number per node: what a part of
the graph has gained already when an arc leads to that node of it. So sums of scores are vectors, whose exactness costs
little, and the graph itself is only searched for its largest entries, which rounds nothing. Whatever is chosen, the
result is a tree.

Where the root has to have one edge, a tree with fewer of them is better than one with more, whatever it scores.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..constituency.inside import Logs
from .elimination import only


class Scores(NamedTuple):
    """Of the arcs of graphs."""

    logs: Array  # (B n n): floats, -inf where there is no arc
    lost: Array | None  # (B n n): what they have lost by rounding
    kind: type  # of logs, in which they are added up
    counted: (
        Array | None
    )  # (B n): where the root's arc counts as a root edge; None where there may be any number

    def twice(self) -> Scores:
        """Those of twice as many items."""
        arrays = self.logs, self.lost, self.counted
        logs, lost, counted = jax.tree.map(lambda x: jnp.concatenate([x, x]), arrays)
        return Scores(logs, lost, self.kind, counted)


class Arcs(NamedTuple):
    """Of each node, the arc into the part of the graph that it is in (B n)."""

    heads: Array
    tails: Array  # the node of the part that it leads to
    gain: Logs  # what it scores beside what the part has gained already
    root_edges: Array  # how many more there are, a float; inf where there is no arc


class Round(NamedTuple):
    parts: Array  # (B n): one node of each part, for all of its nodes; 0 of the root
    gained: Logs  # (B n): by the part when an arc leads to this node of it
    root_edges: Array  # (B n): and how many root edges
    taken: Arcs


class Contracted(NamedTuple):
    rounds: Array  # (): how many there were
    record: Round  # (n ...): of each

    def at(self, round: Array) -> Round:
        return jax.tree.map(lambda x: lax.dynamic_index_in_dim(x, round, 0, keepdims=False), self.record)


def taken(scores: Scores, logs: Array, now: Round) -> Arcs:
    """The best arc into each part from any other, of those that have logs (B n n). O(n^2). Plain code."""
    logs = jnp.where(now.parts[:, :, None] != now.parts[:, None], logs, -jnp.inf)
    top = jnp.max(logs, 1)
    if scores.counted is not None:
        of_root, others = logs[:, 0], jnp.max(logs[:, 1:], 1)
        of_root = jnp.where((others > -jnp.inf) & scores.counted, -jnp.inf, of_root)
        logs, top = logs.at[:, 0].set(of_root), jnp.maximum(of_root, others)
    best, gain = logs >= top[:, None], scores.kind.from_log(top)
    if scores.lost is not None:
        lost = jnp.where(best & (logs > -jnp.inf), scores.lost, -jnp.inf)
        least = jnp.max(lost, 1)
        best &= lost >= least[:, None]
        gain = gain.times(scores.kind.from_log(numeric.finite_or_zero(least)))
    heads = _first(best)
    counts = (
        jnp.zeros_like(top) if scores.counted is None else (scores.counted & (heads == 0)).astype(top.dtype)
    )
    root_edges = jnp.where(top > -jnp.inf, counts - now.root_edges, jnp.inf)
    return _best_of_part(now.parts, Arcs(heads, heads, gain.over(now.gained), root_edges))


def _best_of_part(parts: Array, arcs: Arcs) -> Arcs:
    """Of arcs to each node, the best of those to nodes of the same part, first those with few root edges."""
    member = parts[:, :, None] == parts[:, None]
    fewest = -jnp.max(jnp.where(member, -arcs.root_edges[:, :, None], -jnp.inf), 1)
    member &= arcs.root_edges[:, :, None] == fewest[:, None]
    top, rest = only(member, jax.tree.map(lambda x: x[:, :, None], arcs.gain)).near_top(1)
    best = jnp.max(rest, 1)
    tails = _first(member & (rest >= best[:, None]))
    heads = jnp.take_along_axis(arcs.heads, tails, 1)
    return Arcs(heads, tails, arcs.gain.above(top, best, 1), fewest)


def _first(true: Array) -> Array:
    """The first index along the middle axis (B n m) where something is true, else the last. Of floats a maximum is
    fast.
    """
    size = true.shape[1]
    below = jnp.arange(size - 1, -1, -1, dtype=jnp.float32)[:, None]
    return (size - 1 - jnp.max(jnp.where(true, below, 0), 1)).astype(jnp.int32)


def contracted(scores: Scores, logs: Array) -> Contracted:
    """Of the arcs that have logs (B n n). At most n rounds, of O(n^2) each. Plain code."""
    items, nodes = scores.logs.shape[:2]
    nothing = scores.kind.from_log(jnp.zeros((items, nodes), scores.logs.dtype))
    number = jnp.broadcast_to(numeric.positions(nodes), (items, nodes))
    none, zero = jnp.zeros_like(number), jnp.zeros((items, nodes), scores.logs.dtype)
    start = Round(number, nothing, zero, Arcs(none, none, nothing, zero))
    record = jax.tree.map(lambda x: jnp.zeros((nodes, *x.shape), x.dtype), start)

    def grow(state: tuple) -> tuple:
        count, _, now, record = state
        now = now._replace(taken=taken(scores, logs, now))
        record = jax.tree.map(lambda x, new: lax.dynamic_update_index_in_dim(x, new, count, 0), record, now)
        merged, in_cycles = _without_cycles(now)
        return count + 1, jnp.any(in_cycles), merged, record

    going = lambda state: state[1] & (state[0] < nodes)
    rounds, _, _, record = lax.while_loop(going, grow, (jnp.int32(0), jnp.asarray(True), start, record))
    return Contracted(rounds, record)


def _without_cycles(now: Round) -> tuple[Round, Array]:
    """The parts of each cycle of taken arcs become one; and which nodes are in one."""
    at = lambda x, index: jnp.take_along_axis(x, index, 1)
    ways = at(now.parts, now.taken.heads)
    ways = jnp.where(now.parts > 0, ways, 0)

    def twice(_: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        ways, lowest = state
        return at(ways, ways), jnp.minimum(lowest, at(lowest, ways))

    ways, lowest = lax.fori_loop(0, now.parts.shape[1].bit_length(), twice, (ways, now.parts))
    in_cycle = (now.parts > 0) & jnp.any(ways[:, :, None] == now.parts[:, None], 1)
    gained = now.gained.times(now.taken.gain)
    gained = jax.tree.map(lambda new, old: jnp.where(in_cycle, new, old), gained, now.gained)
    root_edges = now.root_edges + jnp.where(in_cycle, now.taken.root_edges, 0)
    return now._replace(
        parts=jnp.where(in_cycle, lowest, now.parts), gained=gained, root_edges=root_edges
    ), in_cycle


def expanded(found: Contracted) -> Array:
    """The heads of the best tree (B n), 0 of the root: of a cycle, all arcs but the one to where it is entered."""
    last = found.at(found.rounds - 1).taken

    def step(t: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        heads, tails = state
        parts, *_, taken = found.at(found.rounds - 2 - t)
        here = jnp.take_along_axis(parts, tails, 1) == parts
        return jnp.where(here, heads, taken.heads), jnp.where(here, tails, taken.tails)

    heads, _ = lax.fori_loop(jnp.int32(0), found.rounds - 1, step, (last.heads, last.tails))
    return jnp.where(numeric.positions(heads.shape[1]) > 0, heads, 0)
