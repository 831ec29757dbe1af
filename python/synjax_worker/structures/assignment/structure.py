"""The family of one-to-one alignments: what AlignmentCRF asks of its passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from ..structure import Choose, Query, Sum
from . import draws, events, information, k_best, marginals, relaxed
from .potentials import Lengths, Potentials
from .reduction import Reduced, reduced


class Assignment:
    """Matchings of the rows and columns of a table, in which every line of the shorter side is matched: a `Structure`.

    Lengths are `lengths_rows` and `lengths_cols`, (B) int32. What is best is found at any size; sums over all
    matchings up to `subsets.MOST_ROWS` on the shorter side.

    An event (rows cols) has a 1 where a row is matched to a column. A compact event (rows+cols-1 2) int32 has a row for
    each pair, ordered by the rows: row, column; then rows of -1.
    """

    def forward(self, potentials: Potentials, lengths: Lengths) -> Reduced:
        return reduced(potentials, lengths)

    def possible(self, messages: Reduced) -> Array:
        return messages.feasible

    def log_partition(self, potentials: Potentials, lengths: Lengths, messages: Reduced) -> Sum:
        return marginals.log_partition(potentials, lengths, messages)

    def log_count(self, potentials: Potentials, lengths: Lengths) -> Sum:
        return marginals.log_count(potentials, lengths)

    def marginals(self, potentials: Potentials, lengths: Lengths, messages: Reduced) -> Array:
        return marginals.marginals(potentials, lengths, messages)

    def log_marginals(self, potentials: Potentials, lengths: Lengths, messages: Reduced) -> Array:
        return marginals.log_marginals(potentials, lengths, messages)

    def potential_marginals(self, potentials: Potentials, lengths: Lengths, messages: Reduced) -> Potentials:
        return Potentials(marginals.marginals(potentials, lengths, messages))

    def entropy(self, potentials: Potentials, lengths: Lengths, messages: Reduced) -> Array:
        return information.entropy(potentials, lengths, messages)

    def cross_entropy(self, p: Query, q: Query) -> Array:
        return information.cross_entropy(p, q)

    def kl_divergence(self, p: Query, q: Query) -> Array:
        return information.kl_divergence(p, q)

    def argmax(self, potentials: Potentials, lengths: Lengths) -> tuple[Array, Array]:
        best = reduced(potentials, lengths)
        columns = best.columns[None]
        return events.pairs_of_columns(columns, lengths, potentials)[0], best.feasible

    def top_k(self, potentials: Potentials, lengths: Lengths, k: int) -> tuple[Array, Array]:
        return k_best.top_k(potentials, lengths, k)

    def sample(
        self, key: Array, potentials: Potentials, lengths: Lengths, messages: Reduced, draws_of_item: int
    ) -> Array:
        return draws.sample(key, potentials, lengths, messages, draws_of_item)

    def sample_without_replacement(
        self, key: Array, potentials: Potentials, lengths: Lengths, k: int
    ) -> tuple[Array, Array]:
        return draws.sample_without_replacement(key, potentials, lengths, k)

    def event(self, compact: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
        return events.event_of_compact(compact, sizes, dtype)

    def compact(self, event: Array, lengths: Lengths) -> Array:
        """Pairs (S B p 2) of events (S B rows cols): those whose cells have the largest sum, which of an event are
        its own, and of marginals the largest expected number of right ones. Where an event is all 0 there are none.
        """
        samples, items = event.shape[:2]
        tiled = {name: jnp.tile(length, samples) for name, length in lengths.items()}
        pairs, _ = self.argmax(Potentials(lax.collapse(event, 0, 2)), tiled)
        pairs = pairs.reshape(samples, items, *pairs.shape[1:])
        return jnp.where(jnp.any(event != 0, (2, 3))[..., None, None], pairs, -1)

    def score_of_event(self, potentials: Potentials, lengths: Lengths, event: Array) -> Sum:
        return events.score_of_event(potentials, lengths, event)

    def score_of_compact(self, potentials: Potentials, lengths: Lengths, compact: Array) -> Sum:
        return events.score_of_compact(potentials, lengths, compact)

    def smoothed_max(self, potentials: Potentials, lengths: Lengths, choose: Choose) -> Array:
        return relaxed.smoothed_max(potentials, lengths, choose)

    def relaxed_event(self, potentials: Potentials, lengths: Lengths, choose: Choose) -> Array:
        return relaxed.relaxed_event(potentials, lengths, choose)

    def relaxed_walk(
        self,
        key: Array,
        potentials: Potentials,
        lengths: Lengths,
        messages: Reduced,
        temperature: Array,
        draws: int,
        straight_through: bool,
    ) -> Array:
        return relaxed.relaxed_walk(key, potentials, lengths, messages, temperature, draws, straight_through)

    def part_scores(self, potentials: Potentials) -> Array:
        return potentials.log_potentials

    def of_part_scores(self, scores: Array) -> Potentials:
        return Potentials(scores)

    def by_parts(self) -> Assignment:
        return self
