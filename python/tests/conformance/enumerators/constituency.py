"""Constituency trees, and the mistakes that they invite."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import TreeCRF

from ..case import BadInput, Lengths
from ..enumerator import Enumerator, enumerates

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
