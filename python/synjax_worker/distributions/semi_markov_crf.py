"""SemiMarkovCRF."""

from __future__ import annotations

from typing import Any, Self

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from ..numerics import numeric
from ..registry import Check, distribution, query
from ..structures.segments import Potentials, Segments, as_general, labels_of_positions
from ..structures.structure import Query
from . import batching, events
from .declared import Indices, length, potential
from .distribution import Distribution


@distribution
class SemiMarkovCRF(Distribution):
    """Conditional random field over the ways to cut n positions into labelled segments of at most m positions.

    The score of a segmentation is the sum of the log-potentials of its segments; its probability is proportional to the
    exponentiated score. Either every segment has its own potential for every label before it, `log_potentials`, or a
    score is `initial` of the first label + the sum of `segment[i, j, b]` and of `transition[a, b]` of each label after
    another: the smaller form, which is never expanded.

    An event (n m t t) has a 1 at [i, j, a, b] for a segment of j+1 positions that ends at i, with label b, after a
    segment labelled a; the first segment stands in row a = 0. Its compact form is a row of start, end (inclusive) and
    label for every segment.

    Cost per item: every query O(n m t^2), of the factored form O(n m t + n t^2); top-k and drawing k without
    replacement O(n k m t) more. Memory that of the potentials; events and their marginals O(n m t^2). Values are exact
    in float32 at any scale.

    Source: Sarawagi & Cohen (2004), "Semi-Markov conditional random fields for information extraction"; the search for
    the k best is a beam with exact bounds, and drawing without replacement Kool, van Hoof & Welling (2019).

    Args:
      log_potentials: `[i, j, a, b]` scores a segment of j+1 positions that ends at i, with label b, after label a; a
        segment that starts the sequence reads row a = 0.
      segment: log-potentials of segments of j+1 positions that end at i, with label b.
      transition: log-potentials of a label after another.
      initial: log-potentials of the first label; zeros where left out.
      lengths: how many positions each item has, 0 to n; all n where left out.

    Example:
      >>> import jax.numpy as jnp
      >>> from synjax_worker.distributions import SemiMarkovCRF
      >>> segment = jnp.zeros((4, 2, 2)).at[1, 1, 0].set(2.0).at[3, 1, 1].set(3.0)  # two long segments are likely
      >>> crf = SemiMarkovCRF(segment=segment, transition=jnp.array([[-1.0, 0.0], [0.0, -1.0]]))
      >>> best, score = crf.argmax_and_max()
      >>> crf.decode(best).tolist(), float(score)
      ([[0, 1, 0], [2, 3, 1], [-1, -1, -1], [-1, -1, -1]], 5.0)
    """

    event = "n m t t"
    compact = Indices("n 3", name="segments")
    forms = (("log_potentials",), ("segment", "transition", "initial?"))
    structure = Segments()

    log_potentials: Float[Array, "*batch n m t t"] | None = potential()
    lengths: Int[Array, "*batch"] | None = length("n", keyword=True)
    initial: Float[Array, "*batch t"] | None = potential(keyword=True)
    transition: Float[Array, "*batch t t"] | None = potential(keyword=True)
    segment: Float[Array, "*batch n m t"] | None = potential(keyword=True)

    def _item_potentials(self) -> Potentials:
        batch = self.batch_shape
        if self.log_potentials is not None:
            return Potentials(batching.flatten_batch(self.log_potentials, batch, 4))
        segment = batching.flatten_batch(self.segment, batch, 3)
        zeros = jnp.zeros(segment.shape[-1:], segment.dtype)
        initial = zeros if self.initial is None else self.initial
        return Potentials(
            segment,
            batching.flatten_shared(self.transition, batch, 2),
            batching.flatten_batch(initial, batch, 1),
        )

    def _counts(self, name: str) -> Array | None:
        """Segments that start before the sequence are not looked at; of those that start it, only row 0 is."""
        if name not in ("log_potentials", "segment"):
            return None
        n, m, t, _ = self.event_shape
        end, longer = numeric.positions(n)[:, None], numeric.positions(m)
        if name == "segment":
            return (longer <= end)[..., None]
        first = (longer == end)[..., None] & (numeric.positions(t) == 0)
        return ((longer < end)[..., None] | first)[..., None]

    def _checks_of_compact(self, compact: Array) -> list[Check]:
        """Each segment follows the one before it, is at most m long, ends inside the item and has a known label; the
        last ends where the item does.
        """
        segments = self._check_compact(compact)
        _, m, t, _ = self.event_shape
        start, end, label = (segments[..., i] for i in range(3))
        used = (start >= 0) & self._valid("n")
        before = jnp.concatenate([jnp.full_like(end[..., :1], -1), end[..., :-1]], -1)
        words = self.lengths_of("lengths")[..., None]
        longest = jnp.minimum(start + m, words) - 1
        # Every row of an item has a segment until one ends where the item does.
        reached = jnp.where(
            jnp.concatenate([jnp.ones_like(used[..., :1]), used[..., :-1]], -1), before, words - 1
        )
        missing = ~used & (reached < words - 1) & self._valid("n")
        return [
            Check(
                "segments", used & (start != before + 1), start, "the position after the segment before it"
            ),
            Check(
                "segments",
                used & ((end < start) | (end > longest)),
                end,
                f"an end at most m = {m} positions on",
            ),
            Check(
                "segments",
                used & ((label < 0) | (label >= t)),
                label,
                f"a label between 0 and t - 1 = {t - 1}",
            ),
            Check("segments", missing, start, "segments up to the end of the item"),
        ]

    @query("sample: event -> F[*batch n t]")
    def convert_sample_to_element_labels(self, sample: Any) -> Array:
        """A 1 for the label of each position, (*batch n t), zeros past the end; of marginals, the probability of each
        label. Axes before the batch are samples.
        """
        flat, lead = events.flatten(self._check_event(sample), self.event, self.batch_shape)
        return events.unflatten(labels_of_positions(flat, self._item_lengths()), lead, self.batch_shape)

    def _paired_with(self, other: Self) -> tuple[Query, Query]:
        if (self.log_potentials is None) == (other.log_potentials is None):
            return self._query(), other._query()
        return self._as_general_query(), other._as_general_query()

    def _as_general_query(self) -> Query:
        potentials, lengths = as_general(self._potentials()), self._item_lengths()
        return Query(potentials, lengths, self.structure.forward(potentials, lengths))
