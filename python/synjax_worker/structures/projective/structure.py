"""The family of projective trees: what SpanningTreeCRF asks of its passes where no two arcs may cross."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...runtime import passes
from ..arcs import events
from ..arcs.potentials import Potentials, is_arc, logs_of, uniform
from ..charts import layout
from ..constituency.inside import kind_of_logs, refuse_large
from ..structure import Choose, Query, Sum
from . import information, marginals, relaxed, search
from .chart import Chart, at_root
from .inside import differentiable, inside, weights_of


class Forward(NamedTuple):
    """The inside pass, computed when a query first asks for it."""

    potentials: Potentials  # constants
    lengths: Array
    single_root_edge: bool

    def chart(self) -> Chart:
        def compute() -> Chart:
            refuse_large(logs_of(self.potentials, self.lengths))
            arcs = weights_of(kind_of_logs(), self.potentials, self.lengths)
            return layout.folded(lambda arcs: inside(arcs, self.single_root_edge))(arcs)

        return passes.shared(self, "chart", compute)


@dataclasses.dataclass(frozen=True)
class Projective:
    """Trees over n nodes on a line, rooted at the first, no two arcs of which cross: a `Structure`.

    Lengths are (B) int32, 1 to n. An event (n n) has a 1 at [h, d] for the arc from h to d, of undirected trees also at
    [d, h]. A compact event (n) int32 is the head of every node, -1 of the root.
    """

    directed: bool
    single_root_edge: bool

    # ---------------------------------------------------------------------------------------------- sums over all

    def forward(self, potentials: Potentials, lengths: Array) -> Forward:
        compute = lambda: Forward(jax.tree.map(lax.stop_gradient, potentials), lengths, self.single_root_edge)
        return passes.shared(potentials, "forward", compute)  # drawing without replacement has no messages

    def possible(self, messages: Forward) -> Array:
        return marginals.possible(messages.chart(), messages.lengths)

    # With derivatives. Queries of one distribution share them.

    def _chart(self, query: Query) -> Chart:
        def compute() -> Chart:
            arcs = weights_of(kind_of_logs(), query.potentials, query.lengths)
            return differentiable(arcs, query.messages.chart(), self.single_root_edge)

        return passes.shared(query.messages, "differentiable chart", compute)

    def _masses(self, query: Query) -> Array:
        """(B n n): the probabilities of arcs, from head to dependent."""
        compute = lambda: marginals.of_arcs(self._chart(query), query.lengths)
        return passes.shared(query.messages, "masses", compute)

    def _shown(self, arcs: Array) -> Array:
        return arcs if self.directed else events.both_directions(arcs)

    def log_partition(self, potentials: Potentials, lengths: Array, messages: Forward) -> Sum:
        return marginals.log_partition(potentials, lengths, messages.chart(), self.single_root_edge)

    def log_count(self, potentials: Potentials, lengths: Array) -> Sum:
        messages = self.forward(uniform(potentials), lengths)
        return at_root(messages.chart(), lengths).sum()

    def marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        return numeric.at_most_one(self._shown(self._masses(Query(potentials, lengths, messages))))

    def log_marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        logs = marginals.log_of_arcs(self._chart(Query(potentials, lengths, messages)), lengths)
        if self.directed:
            return logs
        return numeric.logsumexp(jnp.stack([logs, jnp.swapaxes(logs, 1, 2)]), 0)

    def potential_marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Potentials:
        return potentials.moving_by(self._masses(Query(potentials, lengths, messages)))

    def entropy(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        chart = self._chart(Query(potentials, lengths, messages))
        return information.entropy(chart, lengths, self.single_root_edge)

    def cross_entropy(self, p: Query, q: Query) -> Array:
        return self._relative(information.cross_entropy, p, q)

    def kl_divergence(self, p: Query, q: Query) -> Array:
        return self._relative(information.kl_divergence, p, q)

    def _relative(self, measure: Any, p: Query, q: Query) -> Array:
        value = measure(self._chart(p), self._chart(q), p.lengths, self.single_root_edge)
        return jnp.where(p.lengths != q.lengths, jnp.inf, value)

    # -------------------------------------------------------------------------------------------------- one of them

    def argmax(self, potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
        return search.argmax(potentials, lengths, self.single_root_edge)

    def top_k(self, potentials: Potentials, lengths: Array, k: int) -> tuple[Array, Array]:
        return search.top_k(potentials, lengths, k, self.single_root_edge)

    def sample(
        self, key: Array, potentials: Potentials, lengths: Array, messages: Forward, draws: int
    ) -> Array:
        return search.sample(key, messages.chart(), lengths, draws)

    def sample_without_replacement(
        self, key: Array, potentials: Potentials, lengths: Array, k: int
    ) -> tuple[Array, Array]:
        chart = self.forward(potentials, lengths).chart()
        return search.sample_without_replacement(key, chart, lengths, k)

    # -------------------------------------------------------------------------------------- events, and their scores

    def event(self, compact: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
        return events.event_of_heads(compact, sizes, dtype, self.directed)

    def compact(self, event: Array, lengths: Array) -> Array:
        return events.likeliest(_OfShares(self.directed, self.single_root_edge), event, lengths)

    def score_of_event(self, potentials: Potentials, lengths: Array, event: Array) -> Sum:
        return events.score_of_event(potentials, lengths, event, self.directed)

    def score_of_compact(self, potentials: Potentials, lengths: Array, compact: Array) -> Sum:
        return events.score_of_heads(potentials, lengths, compact)

    # ------------------------------------------------------------------------------------------ differentiable samples

    def smoothed_max(self, potentials: Potentials, lengths: Array, choose: Choose) -> Array:
        return relaxed.smoothed_max(potentials, lengths, choose, self.single_root_edge)

    def relaxed_event(self, potentials: Potentials, lengths: Array, choose: Choose) -> Array:
        return self._shown(relaxed.relaxed_arcs(potentials, lengths, choose, self.single_root_edge))

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
        chart = self._chart(Query(potentials, lengths, messages))
        return self._shown(relaxed.relaxed_walk(key, chart, lengths, temperature, draws, straight_through))

    # The parts of an undirected tree are both directions of every edge, with half of its score each.

    def part_scores(self, potentials: Potentials) -> Array:
        arcs = is_arc(potentials.nodes)
        if self.directed:
            return jnp.where(arcs, potentials.log_potentials, -jnp.inf)
        return jnp.where(arcs | arcs.T, potentials.log_potentials / 2, -jnp.inf)

    def of_part_scores(self, scores: Array) -> Potentials:
        return Potentials(scores if self.directed else events.both_directions(scores))

    def by_parts(self) -> Projective:
        return self


class _OfShares(Projective):
    """The same trees, the best of which is asked of events and of marginals only."""

    def argmax(self, potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
        return search.argmax_of_shares(potentials, lengths, self.single_root_edge)
