"""Log-potentials of the arcs of a graph, and which of them count."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric


class Potentials(NamedTuple):
    """`log_potentials[h, d]` scores the arc from the head h to its dependent d. Node 0 is the root: nothing leads to
    it. Of undirected graphs the potentials are the same in both directions, and a tree is taken as rooted at 0: every
    edge counts in the direction that leads away from the root.
    """

    log_potentials: Array  # (B n n)
    lost: Array | None = None  # (B n n): what these have lost by rounding, as means do; a constant

    @property
    def items(self) -> int:
        return self.log_potentials.shape[0]

    @property
    def nodes(self) -> int:
        return self.log_potentials.shape[1]

    def moving_by(self, mass: Array) -> Potentials:
        """A derivative by the potentials, of which what is lost has none."""
        return Potentials(mass, None if self.lost is None else jnp.zeros_like(self.lost))


def is_arc(nodes: int) -> Array:
    """(n n): neither into the root nor from a node to itself."""
    node = numeric.positions(nodes)
    return (node > 0) & (node != node[:, None])


def inside_item(nodes: int, lengths: Array) -> Array:
    """(B n n): whether an item of so many nodes, with the root, has such an arc."""
    inside = numeric.positions(nodes) < lengths[:, None]
    return is_arc(nodes) & inside[:, :, None] & inside[:, None, :]


def logs_of(potentials: Potentials, lengths: Array) -> Array:
    """(B n n): -inf for what is no arc of the item."""
    return jnp.where(inside_item(potentials.nodes, lengths), potentials.log_potentials, -jnp.inf)


def exact_logs(kind: type, logs: Array, lost: Array | None, used: Array) -> Any:
    """Logs of a kind, with what they have lost where they are used."""
    found = kind.from_log(logs)
    return found if lost is None else found.times(kind.from_log(jnp.where(used, lost, 0)))


def uniform(potentials: Potentials) -> Potentials:
    """0 where an arc is allowed, -inf where it is not."""
    return jax.tree.map(lambda x: jnp.where(jnp.isneginf(x), x, jnp.zeros((), x.dtype)), potentials)


def contract(mass: Array, tangent: Potentials) -> Array:
    """The derivative of each log-partition (B) along a direction in the potentials, of which only what has mass
    counts.
    """
    return jnp.sum(numeric.masked_product(mass, tangent.log_potentials), (1, 2))
