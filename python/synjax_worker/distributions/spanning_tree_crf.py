"""SpanningTreeCRF."""

from __future__ import annotations

from typing import Any

from jax import Array
from jaxtyping import Float, Int

from ..errors import wrong_value
from ..numerics import numeric
from ..registry import Check, distribution
from ..structures import arcs, projective, spanning
from ..structures.structure import Structure
from . import batching
from .declared import Indices, length, option, potential
from .distribution import Distribution
from .heads import checks_of_heads

OPTIONS = ("directed", "projective", "single_root_edge")


@distribution
class SpanningTreeCRF(Distribution):
    """Conditional random field over the spanning trees of a graph of n nodes, rooted at node 0: dependency trees of a
    sentence whose words are the nodes 1 to n - 1, or trees of an undirected graph.

    The score of a tree is the sum of the log-potentials of its arcs; its probability is proportional to the
    exponentiated score. In a directed tree every node but the root has one head, and heads lead to the root. Of an
    undirected graph both directions of an edge are replaced by their mean, and an edge is scored once. A projective
    tree has no two arcs that cross when the nodes stand on a line; it may be asked that the root has exactly one edge.

    An event (n n) has a 1 at [h, d] for the arc from the head h to its dependent d; of an undirected tree also at
    [d, h]. Its compact form is the head of every node, -1 at the root and past the end; that of an undirected tree
    leads to node 0.

    Cost per item: every query O(n^3). Of projective trees, top-k and drawing k without replacement O(n^2 k) more, each
    of many samples O(n^2), and memory O(n^2). Of others top-k and drawing k without replacement O(n^4 k), log-marginals
    O(n^4), each of many samples O(n^2 log n), relaxed ones O(n^4 log n), and memory O(n^3) but for the argmax. Values
    are exact in float32 at any scale.

    Source: Koo, Globerson, Carreras & Collins (2007), "Structured prediction models via the matrix-tree theorem", by
    a determinant in 64 bits where that is certified to be right, and else by an elimination that subtracts nothing:
    Grassmann, Taksar & Heyman (1985), "Regenerative analysis and steady state distributions for Markov chains".
    Where trees are projective, Eisner (2000), "Bilexical grammars and their cubic-time parsing algorithms", as a
    distribution. The search for the k best is a beam with exact bounds, and drawing without replacement Kool, van Hoof
    & Welling (2019).

    Args:
      log_potentials: `[h, d]` scores the arc from h to d; the diagonal is not looked at, nor column 0 where directed.
      directed: whether an arc is from a head to a dependent, or an edge.
      projective: whether only trees without crossing arcs count.
      single_root_edge: whether only trees in which the root has exactly one edge count.
      lengths: how many nodes each item has with the root, 1 to n; all n where left out. An item of the root alone has
        the empty tree, or none where the root has to have an edge.

    Example:
      >>> import jax.numpy as jnp
      >>> from synjax_worker.distributions import SpanningTreeCRF
      >>> scores = jnp.zeros((4, 4)).at[0, 2].set(2.0).at[2, 3].set(1.0).at[2, 1].set(1.0)
      >>> crf = SpanningTreeCRF(scores, directed=True, projective=True, single_root_edge=True)
      >>> best, score = crf.argmax_and_max()
      >>> crf.decode(best).tolist(), float(score)
      ([-1, 2, 0, 2], 4.0)
    """

    event = "n n"
    compact = Indices("n", name="heads")

    log_potentials: Float[Array, "*batch n n"] = potential()
    directed: bool = option()
    projective: bool = option()
    single_root_edge: bool = option()
    lengths: Int[Array, "*batch"] | None = length("n", least=1, keyword=True)

    def _settle(self, given: dict[str, Any]) -> dict[str, Any]:
        for name in OPTIONS:
            if type(given[name]) is not bool:
                raise wrong_value(name, given[name], "True or False")
        return given

    @property
    def structure(self) -> Structure:
        family = projective.Projective if self.projective else spanning.Spanning
        return family(directed=self.directed, single_root_edge=self.single_root_edge)

    def _item_potentials(self) -> arcs.Potentials:
        table = batching.flatten_batch(self.log_potentials, self.batch_shape, 2)
        return arcs.Potentials(table) if self.directed else arcs.symmetric(table)

    def _counts(self, name: str) -> Array:
        """No arc leads from a node to itself, and none of a directed tree to the root."""
        node = numeric.positions(self.event_shape[0])
        return (node != node[:, None]) & ((node > 0) | (not self.directed))

    @property
    def parts_per_event(self) -> Array:
        """As many arcs as nodes but one; an event of edges has each twice."""
        return (self.lengths_of("lengths") - 1) * (1 if self.directed else 2)

    def _checks_of_compact(self, compact: Array) -> list[Check]:
        return checks_of_heads(
            self._check_compact(compact),
            self.lengths_of("lengths"),
            single_root_edge=self.single_root_edge,
            projective=self.projective,
        )
