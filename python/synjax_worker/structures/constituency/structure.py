"""The family of constituency trees: what TreeCRF asks of its passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...runtime import passes
from ..charts import layout
from ..structure import Choose, Query, Sum
from . import events, information, marginals, relaxed, search
from .inside import Chart, Logs, at_root, differentiable, inside, kind_of_logs, refuse_large, summed
from .outside import log_masses
from .potentials import Potentials, is_span, label_logs, logs_of, to_chart, uniform


class Forward(NamedTuple):
    """The inside and the outside pass, each computed when a query first asks for it."""

    potentials: Potentials  # constants
    lengths: Array

    def spans(self) -> Logs:
        return passes.shared(self, "spans", lambda: spans_of(self.potentials, self.lengths))

    def chart(self) -> Chart:
        def compute() -> Chart:
            refuse_large(logs_of(self.potentials, self.lengths))
            return layout.folded(inside)(self.spans())

        return passes.shared(self, "chart", compute)

    def log_masses(self) -> Array:
        compute = lambda: layout.folded(log_masses)(self.spans(), self.chart(), self.lengths)
        return passes.shared(self, "log_masses", compute)


def spans_of(potentials: Potentials, lengths: Array) -> Logs:
    """The weights of spans, whatever their label, as a chart. Differentiable."""
    return to_chart(summed(kind_of_logs().from_log(logs_of(potentials, lengths)), -1))


class Constituency:
    """Binary trees over a sentence of n words, every span of which has one of t labels: a `Structure`.

    Lengths are (B) int32, 1 to n. An event (n n t) has a 1 at [i, j, a] for the span of words i to j with label a. A
    compact event (2n-1 3) int32 has a row for every span: start, end (inclusive), label, each before its parts and the
    left part before the right; then rows of -1.
    """

    # ---------------------------------------------------------------------------------------------- sums over all

    def forward(self, potentials: Potentials, lengths: Array) -> Forward:
        compute = lambda: Forward(jax.tree.map(lax.stop_gradient, potentials), lengths)
        return passes.shared(potentials, "forward", compute)  # drawing without replacement has no messages

    def possible(self, messages: Forward) -> Array:
        return marginals.possible(messages.chart(), messages.lengths)

    # With derivatives. Queries of one distribution share them.

    def _spans(self, query: Query) -> Logs:
        compute = lambda: spans_of(query.potentials, query.lengths)
        return passes.shared(query.messages, "differentiable spans", compute)

    def _chart(self, query: Query) -> Chart:
        compute = lambda: differentiable(self._spans(query), query.messages.chart())
        return passes.shared(query.messages, "differentiable chart", compute)

    def _labels(self, query: Query) -> Array:
        """(B n n t): logs of the probabilities of labels, given the span."""
        compute = lambda: label_logs(kind_of_logs(), logs_of(query.potentials, query.lengths))
        return passes.shared(query.messages, "labels", compute)

    def _masses(self, query: Query) -> Array:
        """(n, n*B): the probabilities of spans."""
        known = lambda: (query.messages.chart(), query.lengths, query.messages.log_masses())
        return passes.shared(query.messages, "masses", lambda: marginals.masses(self._spans(query), *known()))

    def log_partition(self, potentials: Potentials, lengths: Array, messages: Forward) -> Sum:
        return marginals.log_partition(potentials, lengths, messages.chart())

    def log_count(self, potentials: Potentials, lengths: Array) -> Sum:
        messages = self.forward(uniform(potentials), lengths)
        return at_root(messages.chart(), lengths).sum()

    def marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        query = Query(potentials, lengths, messages)
        return numeric.at_most_one(marginals.of_parts(self._masses(query), self._labels(query)))

    def log_marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        query = Query(potentials, lengths, messages)
        known = messages.chart(), lengths, messages.log_masses()
        logs = marginals.known_log_masses(self._spans(query), *known)
        return marginals.log_of_parts(logs, self._labels(query))

    def potential_marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Potentials:
        return Potentials(self.marginals(potentials, lengths, messages))

    def entropy(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        query = Query(potentials, lengths, messages)
        return information.entropy(self._chart(query), self._labels(query), self._masses(query))

    def cross_entropy(self, p: Query, q: Query) -> Array:
        return self.entropy(*p) + self.kl_divergence(p, q)

    def kl_divergence(self, p: Query, q: Query) -> Array:
        labels = self._labels(p), self._labels(q)
        value = information.kl_divergence(self._chart(p), self._chart(q), *labels, self._masses(p))
        return jnp.where(self._escapes(p, q) | (p.lengths != q.lengths), jnp.inf, value)

    def _escapes(self, p: Query, q: Query) -> Array:
        """(B): whether p allows a tree that q does not. Asked of what is allowed, however unlikely."""
        logs = logs_of(p.potentials, p.lengths)
        alone = (logs > -jnp.inf) & jnp.isneginf(q.potentials.log_potentials)
        reached = layout.table_of_chart(p.messages.log_masses(), -jnp.inf) > -jnp.inf
        return jnp.any(jnp.any(alone, -1) & reached, (1, 2))

    # -------------------------------------------------------------------------------------------------- one of them

    def argmax(self, potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
        return search.argmax(potentials, lengths)

    def top_k(self, potentials: Potentials, lengths: Array, k: int) -> tuple[Array, Array]:
        return search.top_k(potentials, lengths, k)

    def sample(
        self, key: Array, potentials: Potentials, lengths: Array, messages: Forward, draws: int
    ) -> Array:
        labels = self._labels(Query(potentials, lengths, messages))
        return search.sample(key, messages.chart(), lax.stop_gradient(labels), lengths, draws)

    def sample_without_replacement(
        self, key: Array, potentials: Potentials, lengths: Array, k: int
    ) -> tuple[Array, Array]:
        messages = self.forward(potentials, lengths)
        labels = self._labels(Query(*messages, messages))
        return search.sample_without_replacement(key, messages.chart(), labels, lengths, k)

    # -------------------------------------------------------------------------------------- events, and their scores

    def event(self, compact: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
        return events.event_of_compact(compact, sizes, dtype)

    def compact(self, event: Array, lengths: Array) -> Array:
        """Trees (S B 2n-1 3) of events (S B n n t): those whose spans have the largest sum, which of an event are its
        own, and of marginals the largest expected number of right ones. Where an event is all 0 there are none.
        """
        samples, items = event.shape[:2]
        flat = lax.collapse(event, 0, 2)
        trees = search.likeliest(flat, jnp.tile(lengths, samples))
        some = jnp.any(flat != 0, (1, 2, 3))
        trees = jnp.where(some[:, None, None], trees, -1)
        return trees.reshape(samples, items, *trees.shape[1:])

    def score_of_event(self, potentials: Potentials, lengths: Array, event: Array) -> Sum:
        return events.score_of_event(potentials, lengths, event)

    def score_of_compact(self, potentials: Potentials, lengths: Array, compact: Array) -> Sum:
        return events.score_of_compact(potentials, lengths, compact)

    # ------------------------------------------------------------------------------------------ differentiable samples

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
        query = Query(potentials, lengths, messages)
        chart, labels = self._chart(query), self._labels(query)
        return relaxed.relaxed_walk(key, chart, labels, lengths, temperature, draws, straight_through)

    def part_scores(self, potentials: Potentials) -> Array:
        return jnp.where(is_span(potentials.words)[..., None], potentials.log_potentials, -jnp.inf)

    def of_part_scores(self, scores: Array) -> Potentials:
        return Potentials(scores)

    def by_parts(self) -> Constituency:
        return self
