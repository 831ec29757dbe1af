"""The mistakes that projective trees invite."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..case import LAWS_OF_STRUCTURES, LAWS_OF_VALUES
from ..enumeration import Enumeration
from ..mutants import TiesByEquality, breaks
from .arcs import ProjectiveTrees

# It takes four nodes for two arcs to cross, or a node to have dependents on both sides: all that is shorter is right.
LONGEST = tuple(law for law in LAWS_OF_STRUCTURES if law != "padding")


@breaks(ProjectiveTrees, *LAWS_OF_STRUCTURES)
class SecondRootEdge(ProjectiveTrees):
    """The root has any number of edges."""

    options = ProjectiveTrees.options | {"single_root_edge": False}


@breaks(ProjectiveTrees, *LAWS_OF_VALUES, "top_k")
class RootAlone(ProjectiveTrees):
    """An item of the root alone has the empty tree, though the root has to have an edge."""

    def is_tree(self, heads):
        return len(heads) == 1 or super().is_tree(heads)


@breaks(ProjectiveTrees, *LONGEST)
class CrossingArcs(ProjectiveTrees):
    """Arcs may cross."""

    options = ProjectiveTrees.options | {"projective": False}


@breaks(ProjectiveTrees, *(law for law in LONGEST if law != "ties"))
class SpuriousDerivations(ProjectiveTrees):
    """A node that has dependents on both sides takes them in any order: its trees count twice."""

    def structures(self, lengths):
        for tree in super().structures(lengths):
            yield tree
            nodes = range(1, lengths["lengths"])
            sides = {(head, node > head) for node, head in enumerate(tree) if head > 0}
            if any((node, False) in sides and (node, True) in sides for node in nodes):
                yield tree


@breaks(ProjectiveTrees, *LAWS_OF_STRUCTURES, "events")
class FromDependentToHead(ProjectiveTrees):
    """Arcs are taken the other way round."""

    def event(self, compact):
        return super().event(compact).T


@breaks(ProjectiveTrees, "ties")
class AllBestTrees(TiesByEquality):
    """Of equally good trees argmax has all arcs."""

    argmax_and_max = TiesByEquality.argmax_and_max


@breaks(ProjectiveTrees, "top_k")
class NarrowBeam(Enumeration):
    """The k best of a beam that is too narrow: the second is lost."""

    def top_k(self, potentials, lengths, k):
        compact, real = super().top_k(potentials, lengths, k + 1)
        keep = jnp.array([0, *range(2, k + 1)])
        return jax.tree.map(lambda x: x[keep], compact), real[keep]
