"""Which arcs are in any tree at all: what is in none is left out before anything is added up, so that it has a
probability of exactly 0, and so that every node that is left has a way from the root.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..arcs.potentials import Potentials, exact_logs, logs_of


class Graph(NamedTuple):
    usable: Array  # (B n n): whether an arc is in any tree of the item
    possible: Array  # (B): whether there is a tree


def graph_of(potentials: Potentials, lengths: Array, single_root_edge: bool) -> Graph:
    """By what is allowed, however unlikely. O(n^3) times the longest of all shortest ways."""
    allowed = ~jnp.isneginf(lax.stop_gradient(logs_of(potentials, lengths)))
    node = numeric.positions(potentials.nodes)
    itself = node[:, None] == node
    word = (node > 0) & (node < lengths[:, None])  # (B n)
    if single_root_edge:
        below = _reached(
            jnp.broadcast_to(itself, allowed.shape), allowed & (node > 0)[:, None], jnp.ones_like(itself)
        )
        leads_to_all = jnp.all(below | ~word[:, None], 2)
        allowed &= (node > 0)[:, None] | leads_to_all[:, None]
    # From the root, by the node that is avoided: an arc may follow a way that does not pass its own end.
    without = _reached(jnp.broadcast_to(node == 0, allowed.shape), allowed, ~itself)
    usable = allowed & jnp.swapaxes(without, 1, 2)
    possible = jnp.all(jnp.any(usable, 1) | ~word, 1)
    if single_root_edge:
        possible &= lengths > 1
    return Graph(usable & possible[:, None, None], possible)


def _reached(start: Array, arcs: Array, open: Array) -> Array:
    """(B m n): the nodes on ways from those of each start (B m n), through nodes that are open (m n) to it."""
    steps = arcs.astype(jnp.float32)

    def grow(state: tuple[Array, Array]) -> tuple[Array, Array]:
        found, _ = state
        further = jnp.matmul(found.astype(jnp.float32), steps) > 0
        more = found | (further & open)
        return more, jnp.any(more != found)

    return lax.while_loop(lambda state: state[1], grow, (start & open, jnp.asarray(True)))[0]


def weights_of(potentials: Potentials, graph: Graph) -> Array:
    """Log-weights (B n n) of the usable arcs, with the derivative of the potentials. A node that has none, as those
    beyond the item, hangs on the root at no cost.
    """
    node = numeric.positions(potentials.nodes)
    hangs = ~jnp.any(graph.usable, 1, keepdims=True) & (node == 0)[:, None] & (node > 0)
    rest = jnp.where(hangs, 0, -jnp.inf).astype(potentials.log_potentials.dtype)
    return jnp.where(graph.usable, potentials.log_potentials, rest)


def logs_in(kind: type, potentials: Potentials, graph: Graph) -> Any:
    """The same as logs of a kind."""
    return exact_logs(kind, weights_of(potentials, graph), potentials.lost, graph.usable)
