"""The test classes: an event of two arrays, a parameter that is a list of arrays, two lengths."""

from __future__ import annotations

import numpy as np

from ..case import BEYOND_FLOAT64, KINDS
from ..enumerator import Enumerator, enumerates
from ..toys import (
    ToyLayers,
    ToyStaircase,
    ToyTaggedTree,
    choices,
    choices_event,
    staircase_event,
    staircases,
    tagged_tree_event,
    tagged_trees,
)


@enumerates(ToyTaggedTree)
class TaggedTree(Enumerator):
    name = "ToyTaggedTree"
    sizes = {"n": 3, "t": 2}
    extents = (3, 4)
    potentials = ("spans", "tags")
    thorough = True

    def kinds(self):
        # By enumeration, in pairs of floats: what is left where larger numbers cancel is lost.
        return tuple(kind for kind in KINDS if kind not in BEYOND_FLOAT64)

    def structures(self, lengths):
        return tagged_trees(lengths, **self.sizes)

    def event(self, compact):
        return tagged_tree_event(compact, **self.sizes)

    def parts(self, arrays, lengths):
        return {"chart": arrays["spans"].astype(np.float64), "tags": arrays["tags"].astype(np.float64)}

    def without_structures(self, arrays, lengths):
        arrays["tags"][lengths["lengths"] - 1] = -np.inf
        return arrays


@enumerates(ToyLayers)
class Layers(Enumerator):
    name = "ToyLayers"
    sizes = {"n": 3, "t": 3}
    potentials = ("layers",)
    many = {"layers": 2}
    thorough = True

    def kinds(self):
        return tuple(kind for kind in KINDS if kind not in BEYOND_FLOAT64)

    def structures(self, lengths):
        return choices(**self.sizes)

    def event(self, compact):
        return choices_event(compact, self.sizes["t"])

    def parts(self, arrays, lengths):
        return sum(layer.astype(np.float64) for layer in arrays["layers"])


@enumerates(ToyStaircase)
class Staircase(Enumerator):
    name = "ToyStaircase"
    sizes = {"rows": 3, "cols": 3}
    extents = (3, 4)
    potentials = ("log_potentials",)
    thorough = True

    def kinds(self):
        return tuple(kind for kind in KINDS if kind not in BEYOND_FLOAT64)

    def structures(self, lengths):
        return staircases(lengths, self.sizes["rows"])

    def event(self, compact):
        return staircase_event(compact, self.sizes["cols"])

    def parts(self, arrays, lengths):
        return arrays["log_potentials"].astype(np.float64)
