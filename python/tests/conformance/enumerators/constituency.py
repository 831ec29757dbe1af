"""Constituency trees, and the mistakes that they invite."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import TreeCRF

from ..case import LAWS_OF_STRUCTURES, BadInput, Lengths
from ..enumeration import Enumeration
from ..enumerator import Enumerator, enumerates
from ..mutants import TiesByEquality, breaks

Span = tuple[int, int]  # start, end (inclusive)


@enumerates(TreeCRF)
class LabelledTrees(Enumerator):
    name = "TreeCRF"
    sizes = {"n": 4, "label": 2}
    potentials = ("log_potentials",)
    of_parts = "log_potentials"
    thorough = True
    float32 = True

    def structures(self, lengths: Lengths) -> Iterator[np.ndarray]:
        rows = 2 * self.sizes["n"] - 1
        for spans in self.trees(0, lengths["lengths"] - 1):
            for labels in itertools.product(range(self.sizes["label"]), repeat=len(spans)):
                labelled = [(*span, label) for span, label in zip(spans, labels, strict=True)]
                yield np.array([*labelled, *[(-1, -1, -1)] * (rows - len(labelled))])

    def trees(self, start: int, end: int) -> Iterator[list[Span]]:
        """Of the words from `start` to `end`: each span before its parts."""
        if start == end:
            yield [(start, end)]
        for split in range(start, end):
            for left in self.trees(start, split):
                for right in self.trees(split + 1, end):
                    yield [(start, end), *left, *right]

    def event(self, compact: np.ndarray) -> np.ndarray:
        made = np.zeros([self.sizes["n"], self.sizes["n"], self.sizes["label"]], bool)
        made[tuple(compact[compact[:, 0] >= 0].T)] = True
        return made

    def without_structures(self, arrays, lengths):
        arrays["log_potentials"][0, lengths["lengths"] - 1] = -np.inf
        return arrays

    def parts(self, arrays, lengths):
        return arrays["log_potentials"].astype(np.float64)

    def bad_inputs(self) -> Iterator[BadInput]:
        yield BadInput(
            "a sentence that is no square", "log_potentials", lambda: TreeCRF(jnp.zeros((3, 4, 2)))
        )


# ------------------------------------------------------------------------------------------------------ broken versions


@breaks(LabelledTrees, *LAWS_OF_STRUCTURES, "events", "remembered")
class OneWordIsFree(LabelledTrees):
    """A sentence of one word has no part: its only tree is certain whatever its score is."""

    def event(self, compact):
        made = super().event(compact)
        return made & (compact[1, 0] >= 0)


@breaks(LabelledTrees, *LAWS_OF_STRUCTURES)
class PaddingIsAStructure(LabelledTrees):
    """The trees of shorter sentences count too."""

    def structures(self, lengths):
        for length in range(1, lengths["lengths"] + 1):
            yield from super().structures({"lengths": length})


@breaks(LabelledTrees, *(law for law in LAWS_OF_STRUCTURES if law != "ties"))
class OneSplitTwice(LabelledTrees):
    """A split with a left part of one word is two."""

    def trees(self, start, end):
        for spans in super().trees(start, end):
            yield spans
            if spans[1:] and spans[1] == (start, start):
                yield spans


@breaks(LabelledTrees, *LAWS_OF_STRUCTURES, "events", "remembered")
class WordsHaveNoScore(LabelledTrees):
    """Spans of one word have no part."""

    def event(self, compact):
        made = super().event(compact)
        made[np.diag_indices(self.sizes["n"])] = False
        return made


@breaks(LabelledTrees, "ties")
class TwoBestTrees(TiesByEquality):
    """Of equally good trees argmax has all spans."""

    argmax_and_max = TiesByEquality.argmax_and_max


@breaks(LabelledTrees, "top_k")
class ApproximateTopK(Enumeration):
    """The k best of a beam of one: the best, and then whatever comes near it in the table."""

    def top_k(self, potentials, lengths, k):
        compact, real = super().top_k(potentials, lengths, 2 * k)
        keep = jnp.array([0, *range(2, k + 1)])
        return jax.tree.map(lambda x: x[keep], compact), real[keep]


@breaks(
    LabelledTrees,
    "any_scale",
    "forbidden",
    "ties",
    "samples",
    "top_k",
    "duality",
    "template",
    "huge",
    "finfo",
)
class ClippedWeights(Enumeration):
    """Weights of spans are floats: what lies too far below the largest is as the smallest of them."""

    def clean(self, potentials, lengths):
        x = super().clean(potentials, lengths)
        return jnp.where(jnp.isneginf(x), x, jnp.maximum(x, jnp.max(x, -1, keepdims=True) - 80))
