"""One-to-one alignments, and the mistakes that they invite."""

from __future__ import annotations

import itertools

import numpy as np

from ..enumerator import Enumerator, enumerates
from ..one_to_one import OneToOne


@enumerates(OneToOne)
class Matchings(Enumerator):
    name = "OneToOne"
    sizes = {"rows": 3, "cols": 4}
    extents = (3, 4)
    potentials = ("log_potentials",)
    of_parts = "log_potentials"
    thorough = True
    float32 = True

    def structures(self, lengths):
        rows, cols = lengths["lengths_rows"], lengths["lengths_cols"]
        if rows <= cols:
            matchings = (list(enumerate(cs)) for cs in itertools.permutations(range(cols), rows))
        else:
            matchings = (
                sorted((r, c) for c, r in enumerate(rs)) for rs in itertools.permutations(range(rows), cols)
            )
        for pairs in matchings:
            yield np.array([*pairs, *[(-1, -1)] * (self.sizes["rows"] - len(pairs))]).reshape(-1, 2)

    def event(self, compact):
        made = np.zeros([self.sizes["rows"], self.sizes["cols"]], bool)
        for row, col in compact:
            if row >= 0:
                made[row, col] = True
        return made

    def parts(self, arrays, lengths):
        return arrays["log_potentials"].astype(np.float64)
