"""Spanning trees in all their variants, and the mistakes that they invite."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import SpanningTreeCRF

from ..case import BadInput
from ..enumerator import Enumerator, enumerates


@enumerates(SpanningTreeCRF)
class Arborescences(Enumerator):
    """Directed, not projective, any number of root edges."""

    name = "SpanningTreeCRF"
    sizes = {"n": 4}
    options = {"directed": True, "projective": False, "single_root_edge": False}
    potentials = ("log_potentials",)
    of_parts = "log_potentials"

    def structures(self, lengths):
        nodes = lengths["lengths"]
        for heads in itertools.product(range(nodes), repeat=nodes - 1):
            tree = [-1, *heads]
            if self.is_tree(tree):
                yield np.array([*tree, *[-1] * (self.sizes["n"] - nodes)])

    def is_tree(self, heads: list[int]) -> bool:
        if self.options["single_root_edge"] and heads.count(0) != 1:
            return False
        if self.options["projective"] and crossing(heads):
            return False
        return all(leads_to_root(heads, node) for node in range(len(heads)))

    def event(self, compact):
        made = np.zeros([self.sizes["n"]] * 2, bool)
        for node, head in enumerate(compact):
            if head >= 0:
                made[head, node] = True
        return made if self.options["directed"] else made | made.T

    def parts(self, arrays, lengths):
        scores = arrays["log_potentials"].astype(np.float64)
        # An edge stands in an event in both directions, and its score is their mean.
        return scores if self.options["directed"] else scores / 2

    def make(self, rng, kind, lengths):
        """Of ties there are so many that heads of several best trees make no tree together."""
        mine, other = super().make(rng, kind, lengths)
        return ({name: np.trunc(x / 2) for name, x in mine.items()} if kind == "ties" else mine), other

    def bad_inputs(self):
        given = dict(self.options)
        yield BadInput(
            "a graph that is no square", "log_potentials", lambda: SpanningTreeCRF(jnp.zeros((3, 4)), **given)
        )


def leads_to_root(heads: list[int], node: int) -> bool:
    for _ in heads:
        node = heads[node] if node > 0 else node
    return node == 0


def crossing(heads: list[int]) -> bool:
    arcs = [sorted(arc) for arc in enumerate(heads) if arc[1] >= 0]
    return any(a < c < b < d for (a, b), (c, d) in itertools.permutations(arcs, 2))


def form(
    directed: bool, projective: bool, single_root_edge: bool, **attributes: bool | int
) -> type[Arborescences]:
    """Registers a further variant."""
    name = ["SpanningTreeCRF"]
    name += [] if directed else ["undirected"]
    name += ["projective"] if projective else []
    name += ["single-root-edge"] if single_root_edge else []
    options = {"directed": directed, "projective": projective, "single_root_edge": single_root_edge}
    thoroughness = {"thorough": False, "float32": False} | attributes
    body = {"name": "-".join(name), "options": options, **thoroughness}
    return enumerates(SpanningTreeCRF)(type("".join(name), (Arborescences,), body))


SingleRootEdge = form(
    directed=True, projective=False, single_root_edge=True, thorough=True, float32=True, extent_of_broken=4
)
form(directed=False, projective=False, single_root_edge=False)
form(directed=False, projective=False, single_root_edge=True)
ProjectiveTrees = form(
    directed=True, projective=True, single_root_edge=True, thorough=True, float32=True, extent_of_broken=4
)
form(directed=True, projective=True, single_root_edge=False)
form(directed=False, projective=True, single_root_edge=False)
