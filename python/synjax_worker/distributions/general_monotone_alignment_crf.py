"""GeneralMonotoneAlignmentCRF."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from ..errors import InvalidArgument
from ..registry import Check, distribution
from ..structures.lattice import GeneralAlignments, MovePotentials, enters
from . import batching
from .declared import Indices, length, potential
from .distribution import Distribution
from .pairs import checks_of_paths, inside_pairs

HORIZONTAL, VERTICAL = "log_potentials_horizontal", "log_potentials_vertical"


@distribution
class GeneralMonotoneAlignmentCRF(Distribution):
    """Conditional random field over monotone alignments whose moves have log-potentials of their own.

    An alignment is a path through the cells of a table, from (0, 0) to the last cell. It enters every column but the
    first from the column before by a slope: the k-th slope leads k rows down. Where vertical moves are given, it may
    then go down the column row by row. The score of a path is the sum of the log-potentials of its moves; its
    probability is proportional to the exponentiated score. No move enters (0, 0), which has no score.

    An event (rows cols) has a 1 in every visited cell, which tells the moves. Its compact form has the row and the
    column of each cell, in order. A score is not linear in the event, as it is in other classes; `marginals` are those
    of cells, and `marginals_for_template_variables` those of moves, one array for each parameter.

    Cost per item: every query O(s rows cols) of s slopes, in rows + cols steps, or cols without vertical moves; top-k,
    samples and drawing k without replacement O(k s (rows + cols)) more. Values are exact in float32 at any scale.

    Source: Wu, Shapiro & Cotterell (2018), "Hard non-monotonic attention for character-level transduction", has such
    models of which Wu & Cotterell (2019), "Exact hard monotonic attention for character-level transduction", section 3,
    makes the alignments monotone; drawing without replacement Kool, van Hoof & Welling (2019).

    Args:
      log_potentials_horizontal: a list of tables; the k-th scores moves into (i, j) from (i-k, j-1).
      log_potentials_vertical: scores moves into (i, j) from (i-1, j); without it there are none.
      lengths_rows: how many rows each item has, 1 to rows; all where left out.
      lengths_cols: how many columns each item has, 1 to cols; all where left out.

    Example:
      >>> import jax.numpy as jnp
      >>> from synjax_worker.distributions import GeneralMonotoneAlignmentCRF
      >>> level, down = jnp.zeros((2, 3)), jnp.array([[0.0, 0.0, 0.0], [0.0, 1.0, 2.0]])
      >>> crf = GeneralMonotoneAlignmentCRF([level, down])
      >>> best, score = crf.argmax_and_max()
      >>> crf.decode(best).tolist(), float(score)
      ([[0, 0], [0, 1], [1, 2], [-1, -1]], 2.0)
    """

    event = "rows cols"
    compact = Indices("rows+cols-1 2", name="pairs")

    log_potentials_horizontal: tuple[Float[Array, "*batch rows cols"], ...] = potential()
    log_potentials_vertical: Float[Array, "*batch rows cols"] | None = potential()
    lengths_rows: Int[Array, "*batch"] | None = length("rows", least=1, keyword=True)
    lengths_cols: Int[Array, "*batch"] | None = length("cols", least=1, keyword=True)

    def _settle(self, given: dict[str, Any]) -> dict[str, Any]:
        if not given[HORIZONTAL]:
            raise InvalidArgument(
                f"`{HORIZONTAL}` is an empty list, expected at least one array.",
                argument=HORIZONTAL,
                expected="at least one array",
                received="an empty list",
            )
        return given

    @property
    def structure(self) -> GeneralAlignments:
        return GeneralAlignments(self._slopes, down=self.log_potentials_vertical is not None)

    @property
    def _slopes(self) -> int:
        return len(self.log_potentials_horizontal)

    def _item_potentials(self) -> MovePotentials:
        flat = lambda x: batching.flatten_batch(x, self.batch_shape, 2)
        vertical = self.log_potentials_vertical
        slopes = tuple(map(flat, self.log_potentials_horizontal))
        return MovePotentials(slopes, None if vertical is None else flat(vertical))

    def _counts(self, name: str) -> Array | None:
        """The cells that the move of a table can enter."""
        steps = {f"{HORIZONTAL}[{k}]": (k, 1) for k in range(self._slopes)} | {VERTICAL: (1, 0)}
        return enters(steps[name], self.event_shape) if name in steps else None

    def _event_of_parts(self, parts: MovePotentials) -> Array:
        return self.structure.event_of_moves(parts, self._item_lengths())

    @property
    def parts_per_event(self) -> Array:
        """About as many moves as columns, or as the longer side with vertical ones."""
        cols = self.lengths_of("lengths_cols")
        if self.log_potentials_vertical is None:
            return cols
        return jnp.maximum(cols, self.lengths_of("lengths_rows"))

    def _inside_compact(self, compact: Array) -> Array:
        return inside_pairs(compact, self.lengths_of("lengths_rows"), self.lengths_of("lengths_cols"))

    def _checks_of_compact(self, compact: Array) -> list[Check]:
        """A path through the cells of the item, by the moves that there are."""
        sides = (self.lengths_of("lengths_rows"), self.lengths_of("lengths_cols"))
        down = self.log_potentials_vertical is not None
        return checks_of_paths(self._check_compact(compact), *sides, slopes=self._slopes, down=down)
