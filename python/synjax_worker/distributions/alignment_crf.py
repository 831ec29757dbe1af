"""AlignmentCRF."""

from __future__ import annotations

from typing import Any, Literal

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from ..errors import wrong_value
from ..registry import Check, distribution
from ..structures import assignment, lattice
from ..structures.structure import Structure
from . import batching
from .declared import Indices, length, option, potential
from .distribution import Distribution
from .pairs import checks_of_matchings, checks_of_paths, inside_pairs

MANY_TO_MANY, ONE_TO_MANY, ONE_TO_ONE = TYPES = (
    "monotone_many_to_many",
    "monotone_one_to_many",
    "non_monotone_one_to_one",
)


@distribution
class AlignmentCRF(Distribution):
    """Conditional random field over the alignments of the rows and the columns of a table.

    The score of an alignment is the sum of the log-potentials of its cells; its probability is proportional to the
    exponentiated score. A monotone alignment is a path from cell (0, 0) to the last cell. Where it is many-to-many it
    moves on by a row, by a column, or by both; where it is one-to-many by a column, or by both, so that every column
    has exactly one row. An item of more rows than columns has no one-to-many alignment. A one-to-one alignment matches
    every line of the shorter side to a line of the other, in any order.

    An event (rows cols) has a 1 in every cell of the alignment. Its compact form has the row and the column of each, in
    order.

    Cost per item: every query O(rows cols), in rows + cols steps of many-to-many alignments and cols of one-to-many;
    top-k, samples and drawing k without replacement O(k (rows + cols)) more. One-to-one: argmax O(n^3) and top-k
    O(k n^3), n the longer side, at any size; everything else sums over all matchings, which no fast algorithm does: it
    takes O(n m 2^m), m the shorter side, and is refused beyond 12. Values are exact in float32 at any scale.

    Source: Needleman & Wunsch (1970), "A general method applicable to the search for similarities in the amino acid
    sequence of two proteins"; sums over alignments as in Durbin, Eddy, Krogh & Mitchison (1998), "Biological sequence
    analysis", section 4.2; drawing without replacement Kool, van Hoof & Welling (2019). One-to-one: Crouse (2016), "On
    implementing 2D rectangular assignment algorithms"; the k best are those of Murty (1968).

    Args:
      log_potentials: the score of each cell that an alignment visits.
      alignment_type: "monotone_many_to_many", "monotone_one_to_many" or "non_monotone_one_to_one".
      lengths_rows: how many rows each item has, 1 to rows; all where left out.
      lengths_cols: how many columns each item has, 1 to cols; all where left out.

    Example:
      >>> import jax.numpy as jnp
      >>> from synjax_worker.distributions import AlignmentCRF
      >>> same = jnp.array([[2.0, 2.0, 0.0], [0.0, 0.0, 2.0]])  # the first row is like two columns
      >>> crf = AlignmentCRF(same, alignment_type="monotone_one_to_many")
      >>> best, score = crf.argmax_and_max()
      >>> crf.decode(best).tolist(), float(score)
      ([[0, 0], [0, 1], [1, 2], [-1, -1]], 6.0)
    """

    event = "rows cols"
    compact = Indices("rows+cols-1 2", name="pairs")

    log_potentials: Float[Array, "*batch rows cols"] = potential()
    alignment_type: Literal["monotone_many_to_many", "monotone_one_to_many", "non_monotone_one_to_one"] = (
        option()
    )
    lengths_rows: Int[Array, "*batch"] | None = length("rows", least=1, keyword=True)
    lengths_cols: Int[Array, "*batch"] | None = length("cols", least=1, keyword=True)

    def _settle(self, given: dict[str, Any]) -> dict[str, Any]:
        chosen = given["alignment_type"]
        expected = ", ".join(f'"{name}"' for name in TYPES)
        if chosen not in TYPES:
            raise wrong_value("alignment_type", chosen, f"one of {expected}")
        return given

    @property
    def structure(self) -> Structure:
        """That of the alignment type."""
        if self.alignment_type == ONE_TO_ONE:
            return assignment.Assignment()
        many_to_many = self.alignment_type == MANY_TO_MANY
        rows, cols = self.event_shape
        return lattice.Alignments(down=many_to_many, transposed=many_to_many and rows > cols)

    def _item_potentials(self) -> assignment.Potentials | lattice.Potentials:
        cells = batching.flatten_batch(self.log_potentials, self.batch_shape, 2)
        return (assignment if self.alignment_type == ONE_TO_ONE else lattice).Potentials(cells)

    @property
    def parts_per_event(self) -> Array:
        """As many cells as columns; of many-to-many alignments at least as many as the longer side has, of one-to-one
        as many as the shorter.
        """
        rows, cols = self.lengths_of("lengths_rows"), self.lengths_of("lengths_cols")
        if self.alignment_type == ONE_TO_MANY:
            return cols
        return (jnp.minimum if self.alignment_type == ONE_TO_ONE else jnp.maximum)(rows, cols)

    def _inside_compact(self, compact: Array) -> Array:
        return inside_pairs(compact, self.lengths_of("lengths_rows"), self.lengths_of("lengths_cols"))

    def _checks_of_compact(self, compact: Array) -> list[Check]:
        """A path through the cells of the item, by moves of the type; or a matching."""
        sides = (self.lengths_of("lengths_rows"), self.lengths_of("lengths_cols"))
        pairs = self._check_compact(compact)
        if self.alignment_type == ONE_TO_ONE:
            return checks_of_matchings(pairs, *sides)
        return checks_of_paths(pairs, *sides, slopes=2, down=self.alignment_type == MANY_TO_MANY)
