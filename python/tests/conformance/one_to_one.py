"""The structure of one-to-one alignments as a class of its own.

It is registered when this module is imported, which only tests do: users get it as an option of a class.
"""

from __future__ import annotations

from jax import Array
from jaxtyping import Float, Int

from synjax_worker.distributions import batching
from synjax_worker.distributions.declared import Indices, length, potential
from synjax_worker.distributions.distribution import Distribution
from synjax_worker.registry import distribution
from synjax_worker.structures.assignment import Assignment, Potentials


@distribution
class OneToOne(Distribution):
    """Matchings of the rows and columns of a table in which every line of the shorter side is matched.

    Cost per item: argmax O(n^3), n the longer side; top-k O(k n^3); the others O(n m 2^m), m the shorter side, at most
    12.

    Source: Crouse (2016), "On implementing 2D rectangular assignment algorithms"; the k best are those of Murty (1968).

    Args:
      log_potentials: the score of each cell.
      lengths_rows: how many rows each item has, 0 to rows; all where left out.
      lengths_cols: how many columns each item has, 0 to cols; all where left out.

    Example:
      >>> import jax.numpy as jnp
      >>> from tests.conformance.one_to_one import OneToOne
      >>> alignment = OneToOne(jnp.array([[3.0, 2.0, 0.0], [2.0, 0.0, 0.0]]))
      >>> alignment.decode(alignment.argmax()).tolist()
      [[0, 1], [1, 0]]
    """

    event = "rows cols"
    compact = Indices("rows 2", name="pairs")
    structure = Assignment()

    log_potentials: Float[Array, "*batch rows cols"] = potential()
    lengths_rows: Int[Array, "*batch"] | None = length("rows")
    lengths_cols: Int[Array, "*batch"] | None = length("cols")

    def _item_potentials(self) -> Potentials:
        return Potentials(batching.flatten_batch(self.log_potentials, self.batch_shape, 2))
