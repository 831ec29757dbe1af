"""One-to-one alignments, and the mistakes that they invite."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import AlignmentCRF
from synjax_worker.distributions.distribution import ArgMax
from synjax_worker.numerics import numeric

from ..case import LAWS_OF_STRUCTURES
from ..enumeration import Enumeration
from ..enumerator import Enumerator, enumerates
from ..mutants import Face, breaks


@enumerates(AlignmentCRF)
class Matchings(Enumerator):
    name = "AlignmentCRF-one-to-one"
    options = {"alignment_type": "non_monotone_one_to_one"}
    sizes = {"rows": 3, "cols": 4}
    extents = (3, 4)
    potentials = ("log_potentials",)
    of_parts = "log_potentials"
    thorough = True
    float32 = True

    def lengths(self):
        """Either side the shorter one, and equal ones; every extent of each."""
        tried = [(1, 4), (3, 1), (2, 2), (3, 2), (2, 3), (3, 3), (3, 4)]
        most = self.sizes["cols"]
        return [{"lengths_rows": rows, "lengths_cols": cols} for rows, cols in tried if cols <= most]

    def structures(self, lengths):
        rows, cols = lengths["lengths_rows"], lengths["lengths_cols"]
        if rows <= cols:
            matchings = (list(enumerate(cs)) for cs in itertools.permutations(range(cols), rows))
        else:
            matchings = (
                sorted((r, c) for c, r in enumerate(rs)) for rs in itertools.permutations(range(rows), cols)
            )
        for pairs in matchings:
            missing = sum(self.sizes.values()) - 1 - len(pairs)
            yield np.array([*pairs, *[(-1, -1)] * missing])

    def event(self, compact):
        made = np.zeros([self.sizes["rows"], self.sizes["cols"]], bool)
        for row, col in compact:
            if row >= 0:
                made[row, col] = True
        return made

    def parts(self, arrays, lengths):
        return arrays["log_potentials"].astype(np.float64)


# ------------------------------------------------------------------------------------------------------ broken versions


@breaks(Matchings, "enumeration", "any_scale", "forbidden", "finfo", "ties")
class Greedy(Enumeration):
    """The best cell is taken first, then the best that is left."""

    def argmax(self, potentials, lengths):
        parts = self.clean(potentials, lengths)
        cells = jnp.where(self.events[:, None], parts, -jnp.inf)
        ordered = -jnp.sort(-cells, -1)
        possible = self.relative(potentials, lengths) > -jnp.inf
        keys = [-ordered[..., i] for i in (2, 1, 0)]
        index = jnp.lexsort([*keys, ~possible], 0)[0]
        return self.take(index), jnp.any(possible, 0)


@breaks(Matchings, "finfo", "ties")
class DualsAsScore(Face):
    """The score is what rows and columns are worth in the end, which is rounded at the size of the prices."""

    def argmax_and_max(self):
        best, score = super().argmax_and_max()
        price = jnp.max(jnp.abs(numeric.finite_or_zero(self.log_potentials)), (-2, -1))
        return ArgMax(best, (score - price) + price)


EVERYTHING = (*LAWS_OF_STRUCTURES, "events", "remembered")


@breaks(Matchings, *EVERYTHING, "template")
class LengthsTransposed(Matchings):
    """The lengths of rows are taken for those of columns."""

    def structures(self, lengths):
        rows, cols = lengths["lengths_cols"], lengths["lengths_rows"]
        return super().structures({"lengths_rows": min(rows, self.sizes["rows"]), "lengths_cols": cols})


@breaks(Matchings, *EVERYTHING)
class NoFreeColumns(Matchings):
    """Of the longer side only what the shorter one reaches is matched."""

    def structures(self, lengths):
        size = min(lengths.values())
        return super().structures({"lengths_rows": size, "lengths_cols": size})


@breaks(Matchings, "top_k")
class RepeatsUnderTies(Enumeration):
    """Of matchings with equal scores the first stands for all."""

    def top_k(self, potentials, lengths, k):
        relative = self.relative(potentials, lengths)
        compact, real = super().top_k(potentials, lengths, k)
        scores = -jnp.sort(-relative, 0)[:k]
        scores = jnp.pad(scores, ((0, k - len(scores)), (0, 0)), constant_values=-jnp.inf)
        first = jnp.argmax(scores[:, None] == scores[None], 1)
        of = lambda x: jnp.take_along_axis(x, first.reshape(*first.shape, *[1] * (x.ndim - 2)), 0)
        return jax.tree.map(of, compact), real
