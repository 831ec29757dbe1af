"""The log-partition and its derivative, the probabilities of arcs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.guard import drop_forbidden
from ...numerics.numeric import Sum
from ..arcs.potentials import Potentials, contract
from .choices import choices, visits
from .elimination import Eliminated
from .graph import Graph, weights_of


@jax.custom_jvp
def log_partition(potentials: Potentials, graph: Graph, found: Eliminated) -> Sum:
    """The log-partition (B) as an unevaluated sum; its derivative is the marginals."""
    high, *smaller = found.total.sum()
    possible = lambda x, otherwise: jnp.where(graph.possible, x, otherwise)
    return possible(high, -jnp.inf), *(possible(x, 0) for x in smaller)


@log_partition.defjvp
def _log_partition_derivative(primals, tangents):
    potentials, graph, found = primals
    arcs = of_arcs(visits(choices(weights_of(potentials, graph), found)).arcs, graph)
    tangent = contract(arcs, drop_forbidden(potentials, tangents[0]))
    value = log_partition(*primals)
    return value, (jnp.zeros_like(value[0]), jnp.zeros_like(value[1]), tangent * (1 / numeric.UNIT))


def of_arcs(arcs: Array, graph: Graph) -> Array:
    """(B n n): without the arcs by which a node hangs on the root that is not part of the item."""
    return jnp.where(graph.usable, arcs, 0)
