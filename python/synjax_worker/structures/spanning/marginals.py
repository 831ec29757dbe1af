"""The log-partition and its derivative, the probabilities of arcs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.guard import careful, drop_forbidden
from ...numerics.numeric import Sum
from ..arcs.potentials import Potentials, contract
from .choices import choices, visits
from .determinant import Found
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


class ByDeterminant(NamedTuple):
    """What is known of all trees (`determinant.Found`), with its derivatives by the potentials."""

    log_partition: Callable  # the same, and a flag above 0 where it is not to be used, a float
    arcs: Callable


# The probabilities of arcs (B n n), of potentials and lengths, with derivatives of any order.
Exact = Callable[[Potentials, Array], Array]


@functools.cache
def by_determinant(exact: Exact) -> ByDeterminant:
    @jax.custom_jvp
    def arcs(potentials: Potentials, lengths: Array, found: Found) -> Array:
        return found.arcs

    @arcs.defjvp
    def derivative_of_arcs(primals, tangents):
        potentials, lengths, _ = primals
        moved = drop_forbidden(potentials, tangents[0])
        with careful():
            tangent = jax.jvp(lambda p: exact(p, lengths), (potentials,), (moved,))[1]
        return arcs(*primals), tangent

    @jax.custom_jvp
    def log_partition(potentials: Potentials, lengths: Array, found: Found) -> tuple[Sum, Array]:
        return found.log_partition, _flag(found.certified)

    @log_partition.defjvp
    def derivative(primals, tangents):
        potentials, _, found = primals
        value = found.log_partition
        tangent = contract(arcs(*primals), drop_forbidden(potentials, tangents[0]))
        moved = jnp.zeros_like(value[0]), jnp.zeros_like(value[1]), tangent * (1 / numeric.UNIT)
        flag = _flag(found.arcs_certified)
        return (value, flag), (moved, jnp.zeros_like(flag))

    return ByDeterminant(log_partition, arcs)


def _flag(certified: Array) -> Array:
    return jnp.any(~certified).astype(jnp.float32)
