"""The family of segments: what SemiMarkovCRF asks of its passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from ..structure import Choose, Query, Sum
from . import events, forward, information, marginals, relaxed, search
from .forward import Forward
from .potentials import Potentials, as_general, counts


class Segments:
    """Sequences of n positions cut into segments of at most m, each with one of t labels: a `Structure`.

    Potentials are `Potentials`, general or factored; the factored form is never expanded, but where the result itself
    is as large. Lengths are (B) int32, 0 to n.

    An event (n m t t) has a 1 at [i, j, a, b] where a segment of length j + 1 with last position i and label b follows
    one with label a; the first of a sequence has a = 0. A compact event (n 3) int32 has a row for each segment, in
    order: start, end (inclusive), label; then rows of -1.
    """

    def forward(self, potentials: Potentials, lengths: Array) -> Forward:
        return Forward(potentials, lengths)

    def possible(self, messages: Forward) -> Array:
        return messages.logs().log_partition[0] > -jnp.inf

    def log_partition(self, potentials: Potentials, lengths: Array, messages: Forward) -> Sum:
        return marginals.log_partition(potentials, lengths, messages.weights())

    def log_count(self, potentials: Potentials, lengths: Array) -> Sum:
        return forward.log_count(potentials, lengths)

    def marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        return marginals.marginals(potentials, lengths, messages.weights())

    def log_marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        return marginals.log_marginals(potentials, lengths, messages.logs())

    def potential_marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Potentials:
        return marginals.potential_marginals(potentials, lengths, messages.weights())

    def entropy(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        return information.entropy(potentials, lengths, messages.weights())

    def cross_entropy(self, p: Query, q: Query) -> Array:
        return information.cross_entropy(p, q)

    def kl_divergence(self, p: Query, q: Query) -> Array:
        return information.kl_divergence(p, q)

    def argmax(self, potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
        return search.argmax(potentials, lengths)

    def top_k(self, potentials: Potentials, lengths: Array, k: int) -> tuple[Array, Array]:
        return search.top_k(potentials, lengths, k)

    def sample(
        self, key: Array, potentials: Potentials, lengths: Array, messages: Forward, draws: int
    ) -> Array:
        return search.sample(key, potentials, lengths, messages.logs(), draws)

    def sample_without_replacement(
        self, key: Array, potentials: Potentials, lengths: Array, k: int
    ) -> tuple[Array, Array]:
        return search.sample_without_replacement(key, potentials, lengths, k)

    def event(self, compact: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
        return events.event_of_compact(compact, sizes, dtype)

    def compact(self, event: Array, lengths: Array) -> Array:
        """Segments (S B n 3) of events (S B n m t t): those whose parts have the largest sum, which of an event are its
        own, and of marginals the largest expected number of right ones. Where an event is all 0 there are none.
        """
        samples = event.shape[0]
        flat = lax.collapse(event, 0, 2)
        segments, _ = search.argmax(Potentials(flat), jnp.tile(lengths, samples))
        some = jnp.any(flat != 0, (1, 2, 3, 4))
        segments = jnp.where(some[:, None, None], segments, -1)
        return segments.reshape(*event.shape[:2], *segments.shape[1:])

    def score_of_event(self, potentials: Potentials, lengths: Array, event: Array) -> Sum:
        return events.score_of_event(potentials, lengths, event)

    def score_of_compact(self, potentials: Potentials, lengths: Array, compact: Array) -> Sum:
        return events.score_of_compact(potentials, lengths, compact)

    def smoothed_max(self, potentials: Potentials, lengths: Array, choose: Choose) -> Array:
        return relaxed.smoothed_max(potentials, lengths, choose)

    def relaxed_event(self, potentials: Potentials, lengths: Array, choose: Choose) -> Array:
        return relaxed.relaxed_event(potentials, lengths, choose)

    def relaxed_walk(
        self,
        key: Array,
        potentials: Potentials,
        lengths: Array,
        messages: Forward,
        temperature: Array,
        draws: int,
        straight_through: bool,
    ) -> Array:
        return relaxed.relaxed_walk(
            key, potentials, lengths, messages.logs(), temperature, draws, straight_through
        )

    def part_scores(self, potentials: Potentials) -> Array:
        general = as_general(potentials)
        full = jnp.full(potentials.items, potentials.positions)
        return jnp.where(counts(general, full), general.segment, -jnp.inf)

    def of_part_scores(self, scores: Array) -> Potentials:
        return Potentials(scores)

    def by_parts(self) -> Segments:
        return Segments()
