"""TreeCRF."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from ..numerics import numeric
from ..registry import Check, distribution
from ..structures.constituency import Constituency, Potentials
from . import batching
from .declared import Indices, length, potential
from .distribution import Distribution


@distribution
class TreeCRF(Distribution):
    """Conditional random field over the binary constituency trees of a sentence of n words, with labelled spans.

    The score of a tree is the sum of the log-potentials of all its spans: of the words, of the whole sentence and of
    what is between; its probability is proportional to the exponentiated score. A sentence of one word has one span.

    An event (n n label) has a 1 at [i, j, a] for a span of the words i to j, both inclusive, with label a. Its compact
    form is a row of start, end (inclusive) and label for every span, each before its parts and the left part before the
    right: the whole sentence comes first.

    Cost per item: every query O(n^3 + n^2 label); top-k and drawing k without replacement O(n k (n + label)) more, each
    of many samples O(n (n + label)). Memory O(n^2 label); derivatives of entropies and of marginals O(n^3). Values are
    exact in float32 at any scale.

    Source: Stern, Andreas & Klein (2017), "A minimal span-based neural constituency parser", section 3, as a
    distribution; its sums are those of Baker (1979), "Trainable grammars for speech recognition". The search for the k
    best is a beam with exact bounds, and drawing without replacement Kool, van Hoof & Welling (2019).

    Args:
      log_potentials: `[i, j, a]` scores the span of the words i to j with label a; those with j < i are not looked at.
      lengths: how many words each item has, 1 to n; all n where left out.

    Example:
      >>> import jax.numpy as jnp
      >>> from synjax_worker.distributions import TreeCRF
      >>> crf = TreeCRF(jnp.zeros((3, 3, 2)).at[1, 2, 1].set(4.0))  # the last two words are likely a phrase
      >>> best, score = crf.argmax_and_max()
      >>> crf.decode(best).tolist(), float(score)
      ([[0, 2, 0], [0, 0, 0], [1, 2, 1], [1, 1, 0], [2, 2, 0]], 4.0)
    """

    event = "n n label"
    compact = Indices("2*n-1 3", name="spans")
    structure = Constituency()

    log_potentials: Float[Array, "*batch n n label"] = potential()
    lengths: Int[Array, "*batch"] | None = length("n", least=1, keyword=True)

    def _item_potentials(self) -> Potentials:
        return Potentials(batching.flatten_batch(self.log_potentials, self.batch_shape, 3))

    def _counts(self, name: str) -> Array:
        """Spans that end before they start are not looked at."""
        position = numeric.positions(self.event_shape[0])
        return (position[:, None] <= position)[..., None]

    @property
    def parts_per_event(self) -> Array:
        return 2 * self.lengths_of("lengths") - 1

    def _inside_compact(self, compact: Array) -> Array:
        """A sentence of n words has 2n - 1 spans."""
        row = numeric.positions(compact.shape[-2])
        return jnp.where((row < self.parts_per_event[..., None])[..., None], compact, -1)

    def _checks_of_compact(self, compact: Array) -> list[Check]:
        """Spans in order, as many as the sentence has, no two of which overlap without one being inside the other: that
        is a binary tree.
        """
        spans = self._inside_compact(self._check_compact(compact))
        words, rows = self.lengths_of("lengths")[..., None], numeric.positions(spans.shape[-2])
        labels = self.event_shape[2]
        start, end, label = (spans[..., i] for i in range(3))
        used = rows < self.parts_per_event[..., None]
        before = lambda x, first: jnp.concatenate([jnp.full_like(x[..., :1], first), x[..., :-1]], -1)
        start_before, end_before = before(start, 0), before(end, words.shape[-1] + spans.shape[-2])
        in_order = (start > start_before) | ((start == start_before) & (end < end_before))
        later = rows[:, None] < rows
        across = lambda x, y: x[..., :, None] < y[..., None, :]
        crossing = later & across(start, start) & ~across(end, start) & across(end, end)
        crossing = jnp.any(crossing & used[..., :, None] & used[..., None, :], -1)
        inside = (start >= 0) & (start <= end) & (end < words)
        return [
            Check(
                "spans",
                used & ~inside,
                jnp.where(start < 0, start, end),
                "words of the item, the first not after the last",
            ),
            Check(
                "spans",
                used & inside & ~in_order,
                start,
                "a span before its parts, the left part before the right",
            ),
            Check("spans", used & crossing, end, "an end inside the spans that it starts in"),
            Check(
                "spans",
                used & ((label < 0) | (label >= labels)),
                label,
                f"a label between 0 and label - 1 = {labels - 1}",
            ),
        ]
