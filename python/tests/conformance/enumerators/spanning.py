"""The mistakes that spanning trees invite whose arcs may cross."""

from __future__ import annotations

import jax.numpy as jnp

from synjax_worker.distributions.distribution import ArgMax
from synjax_worker.numerics import relaxed

from ..case import LAWS_OF_STRUCTURES
from ..enumeration import Enumeration
from ..mutants import TiesByEquality, breaks
from .arcs import SingleRootEdge


@breaks(SingleRootEdge, *LAWS_OF_STRUCTURES)
class AnyNumberOfRootEdges(SingleRootEdge):
    """The root has any number of edges."""

    options = SingleRootEdge.options | {"single_root_edge": False}


@breaks(SingleRootEdge, *LAWS_OF_STRUCTURES)
class Cycles(SingleRootEdge):
    """Every node has a head, which need not lead to the root."""

    def is_tree(self, heads):
        return heads.count(0) == 1


@breaks(SingleRootEdge, "ties")
class HeadByHead(TiesByEquality):
    """argmax takes for each node the first head that any best tree gives it: under ties they may form a cycle."""

    def argmax_and_max(self):
        every, score = super().argmax_and_max()
        return ArgMax(relaxed.max_indicator(every, -2) * every, score)


@breaks(SingleRootEdge, "any_scale", "forbidden", "huge", "finfo", "ties", "top_k", "samples", "duality")
class WeightsUnderflow(Enumeration):
    """Weights are floats relative to the best head: what is far below is no arc."""

    def clean(self, potentials, lengths):
        x = super().clean(potentials, lengths)
        nodes = round(x.shape[-1] ** 0.5)
        table = x.reshape(*x.shape[:-1], nodes, nodes)
        near = table > jnp.max(table, -2, keepdims=True) - 80
        return jnp.where(near, table, -jnp.inf).reshape(x.shape)


@breaks(SingleRootEdge, "samples", "remembered")
class HeadsByThemselves(Enumeration):
    """A sample draws the head of each node by itself, from its marginals."""

    def sample(self, key, potentials, lengths, messages, draws):
        nodes = self.table.compact.shape[-1]
        heads = super().sample(key, potentials, lengths, messages, draws * nodes)
        return jnp.diagonal(heads.reshape(nodes, draws, *heads.shape[1:]), axis1=0, axis2=-1)
