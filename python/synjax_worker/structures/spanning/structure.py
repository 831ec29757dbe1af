"""The family of spanning trees: what SpanningTreeCRF asks of its passes where arcs may cross."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import refuse_where
from ...runtime import passes
from ..arcs import events
from ..arcs.events import score_of_heads
from ..arcs.potentials import Potentials, is_arc, uniform
from ..constituency.inside import kind_of_logs, refuse_large
from ..structure import Choose, Query, Sum
from . import by_determinant, by_weights, growth, information, marginals, relaxed, search
from .choices import Choices, Visits, choices, visits
from .contraction import Scores, contracted, expanded
from .distinct import distinct, drawn_enough
from .elimination import Eliminated, Weights, eliminated, weights
from .graph import Graph, graph_of, logs_in, weights_of
from .k_best import k_best


class Forward(NamedTuple):
    """Each pass is computed when a query first asks for it."""

    potentials: Potentials  # constants
    lengths: Array
    single_root_edge: bool

    def graph(self) -> Graph:
        compute = lambda: graph_of(self.potentials, self.lengths, self.single_root_edge)
        return passes.shared(self, "graph", compute)

    def weights(self) -> Weights:
        compute = lambda: _weights(self.potentials, self.graph(), self.single_root_edge)
        return passes.shared(self, "logs", compute)

    def all_trees(self) -> Eliminated:
        return passes.shared(self, "all trees", lambda: eliminated(self.weights()))

    def by_determinant(self) -> by_determinant.Found:
        compute = lambda: by_determinant.all_trees(self.potentials, self.lengths, self.single_root_edge)
        return passes.shared(self, "determinant", compute)

    def by_weights(self) -> by_weights.Shares:
        compute = lambda: by_weights.shares(self.potentials, self.lengths, self.single_root_edge)
        return passes.shared(self, "weights", compute)

    def scores(self) -> Scores:
        graph, kind = self.graph(), kind_of_logs()
        logs = weights_of(self.potentials, graph)
        refuse_large(logs)
        counted = jnp.any(graph.usable, 1) if self.single_root_edge else None
        return Scores(logs, self.potentials.lost, kind, counted)

    def best_tree(self) -> Array:
        compute = lambda scores: expanded(contracted(scores, scores.logs))
        return passes.shared(self, "best tree", lambda: compute(self.scores()))


def _weights(potentials: Potentials, graph: Graph, single_root_edge: bool) -> Weights:
    refuse_large(weights_of(potentials, graph))
    return weights(logs_in(kind_of_logs(), potentials, graph), graph, single_root_edge)


@dataclasses.dataclass(frozen=True)
class Spanning:
    """Trees over n nodes, rooted at the first: a `Structure`.

    Lengths are (B) int32, 1 to n. An event (n n) has a 1 at [h, d] for the arc from h to d, of undirected trees also at
    [d, h]. A compact event (n) int32 is the head of every node, -1 of the root.
    """

    directed: bool
    single_root_edge: bool

    # ---------------------------------------------------------------------------------------------- sums over all

    def forward(self, potentials: Potentials, lengths: Array) -> Forward:
        compute = lambda: Forward(jax.tree.map(lax.stop_gradient, potentials), lengths, self.single_root_edge)
        return passes.shared(potentials, "forward", compute)  # what has no messages shares them

    def possible(self, messages: Forward) -> Array:
        return messages.graph().possible

    # With derivatives. Queries of one distribution share them.

    def _choices(self, query: Query) -> Choices:
        messages = query.messages
        compute = lambda: choices(weights_of(query.potentials, messages.graph()), messages.all_trees())
        return passes.shared(messages, "choices", compute)

    def _visits(self, query: Query) -> Visits:
        return passes.shared(query.messages, "visits", lambda: visits(self._choices(query)))

    def _arcs(self, query: Query) -> Array:
        """(B n n): the probabilities of arcs, from head to dependent."""
        if by_determinant.applies(query.potentials):
            found = query.messages.by_determinant()
            return self._by_determinant().arcs((query.potentials,), query.lengths, found)
        return marginals.of_arcs(self._visits(query).arcs, query.messages.graph())

    def _by_determinant(self) -> by_determinant.Queries:
        return by_determinant.queries(self._exact_arcs, self._exact_entropy, self._exact_divergence)

    def _exact_arcs(self, potentials: Potentials, lengths: Array) -> Array:
        return self._arcs(self._query(potentials, lengths))

    def _exact_entropy(self, potentials: Potentials, lengths: Array) -> Array:
        return self.entropy(*self._query(potentials, lengths))

    def _exact_divergence(self, p: Potentials, q: Potentials, lengths: Array) -> Array:
        return self.kl_divergence(self._query(p, lengths), self._query(q, lengths))

    def _shown(self, arcs: Array) -> Array:
        return arcs if self.directed else events.both_directions(arcs)

    def log_partition(self, potentials: Potentials, lengths: Array, messages: Forward) -> Sum:
        if by_determinant.applies(potentials):
            return self._by_determinant().log_partition((potentials,), lengths, messages.by_determinant())
        return marginals.log_partition(potentials, messages.graph(), messages.all_trees())

    def log_count(self, potentials: Potentials, lengths: Array) -> Sum:
        return self.log_partition(*self._query(uniform(potentials), lengths))

    def _query(self, potentials: Potentials, lengths: Array) -> Query:
        return Query(potentials, lengths, self.forward(potentials, lengths))

    def marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        return numeric.at_most_one(self._shown(self._arcs(Query(potentials, lengths, messages))))

    def log_marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        graph = messages.graph()
        given = _weights(potentials, graph, self.single_root_edge)
        logs = jnp.where(graph.usable, search.log_marginals(given), -jnp.inf)
        if self.directed:
            return logs
        return numeric.logsumexp(jnp.stack([logs, jnp.swapaxes(logs, 1, 2)]), 0)

    def potential_marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Potentials:
        return potentials.moving_by(self._arcs(Query(potentials, lengths, messages)))

    def entropy(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        if by_determinant.applies(potentials):
            return self._by_determinant().entropy((potentials,), lengths, messages.by_determinant())
        query = Query(potentials, lengths, messages)
        return information.entropy(self._choices(query), self._visits(query))

    def cross_entropy(self, p: Query, q: Query) -> Array:
        return self.entropy(*p) + self.kl_divergence(p, q)

    def kl_divergence(self, p: Query, q: Query) -> Array:
        if by_determinant.applies(p.potentials):
            messages = p.messages.by_determinant(), q.messages.by_determinant()
            found = by_determinant.divergence(p, q, *messages, self.single_root_edge)
            value = self._by_determinant().divergence((p.potentials, q.potentials), p.lengths, found)
            return jnp.where(p.lengths != q.lengths, jnp.inf, value)
        graph, forbidden = p.messages.graph(), jnp.isneginf(q.potentials.log_potentials)
        escapes = jnp.any(graph.usable & forbidden, (1, 2)) | (p.lengths != q.lengths)
        # What q is on the trees of p, and how likely it is to be there.
        inside = Graph(graph.usable & ~escapes[:, None, None], graph.possible & ~escapes)
        both = jax.tree.map(lambda *halves: jnp.concatenate(halves), q.messages.graph(), inside)
        potentials = jax.tree.map(lambda x: jnp.concatenate([x, x]), q.potentials)
        fixed = jax.tree.map(lax.stop_gradient, potentials)
        found = eliminated(_weights(fixed, both, self.single_root_edge))
        of = choices(weights_of(potentials, both), found)
        items = p.potentials.items
        there = Choices(of.heads[:, items:], of.gaps[:, items:], of.total[items:])
        outside = numeric.sum_difference(
            *(
                jax.tree.map(lambda x, at=at: x[at], found.total.sum())
                for at in (slice(items), slice(items, None))
            )
        )
        outside = outside + (of.total[:items] - there.total)
        value = information.divergence(self._choices(p), there, self._visits(p))
        return jnp.where(escapes, jnp.inf, value + jnp.where(graph.possible, outside, 0))

    # -------------------------------------------------------------------------------------------------- one of them

    def argmax(self, potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
        messages = self.forward(potentials, lengths)
        possible = messages.graph().possible
        heads = growth.in_item(messages.best_tree()[None], lengths)[0]
        return jnp.where(possible[:, None], heads, -1), possible

    def top_k(self, potentials: Potentials, lengths: Array, k: int) -> tuple[Array, Array]:
        messages = self.forward(potentials, lengths)
        heads, real = k_best(messages.scores(), messages.graph().possible, k)
        heads, real = jnp.swapaxes(heads, 0, 1), real.T
        score = numeric.sum_value(score_of_heads(potentials, lengths, heads))
        order = jnp.argsort(
            jnp.where(real, -score, jnp.inf), 0, stable=True
        )  # summing may exchange near ties
        heads = jnp.take_along_axis(heads, order[..., None], 0)
        return growth.in_item(heads, lengths), jnp.take_along_axis(real, order, 0)

    def sample(
        self, key: Array, potentials: Potentials, lengths: Array, messages: Forward, draws: int
    ) -> Array:
        return growth.in_item(self._draw(potentials, messages)(key, draws), lengths)

    def _draw(self, potentials: Potentials, messages: Forward) -> Callable[[Array, int], Array]:
        if not by_determinant.applies(potentials):
            found = messages.all_trees()
            return lambda key, draws: growth.sample(key, found.heads, found.gaps, jax.nn.sigmoid, draws)
        of = messages.by_weights()
        refuse_where(~of.certified)
        return lambda key, draws: growth.sample(key, of.heads, of.through, lambda likely: likely, draws)

    def sample_without_replacement(
        self, key: Array, potentials: Potentials, lengths: Array, k: int
    ) -> tuple[Array, Array]:
        messages = self.forward(potentials, lengths)
        possible = messages.graph().possible
        if not by_determinant.applies(potentials):
            heads, logs = search.sample_without_replacement(key, messages.weights(), possible, k)
            return growth.in_item(heads, lengths), logs
        total = self.log_partition(potentials, lengths, messages)

        def log_prob(heads: Array) -> Array:
            return numeric.sum_difference(score_of_heads(potentials, lengths, heads), total)

        largest = log_prob(growth.in_item(messages.best_tree()[None], lengths))[0]
        heads, enough = distinct(
            key, self._draw(potentials, messages), *potentials.log_potentials.shape[:2], k
        )
        refuse_where(~(enough & drawn_enough(largest, k)))
        heads = growth.in_item(heads, lengths)
        return heads, log_prob(heads)

    # -------------------------------------------------------------------------------------- events, and their scores

    def event(self, compact: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
        return events.event_of_heads(compact, sizes, dtype, self.directed)

    def compact(self, event: Array, lengths: Array) -> Array:
        return events.likeliest(self, event, lengths)

    def score_of_event(self, potentials: Potentials, lengths: Array, event: Array) -> Sum:
        return events.score_of_event(potentials, lengths, event, self.directed)

    def score_of_compact(self, potentials: Potentials, lengths: Array, compact: Array) -> Sum:
        return events.score_of_heads(potentials, lengths, compact)

    # ------------------------------------------------------------------------------------------ differentiable samples

    def smoothed_max(self, potentials: Potentials, lengths: Array, choose: Choose) -> Array:
        return relaxed.smoothed_max(potentials, lengths, choose, self.single_root_edge)

    def relaxed_event(self, potentials: Potentials, lengths: Array, choose: Choose) -> Array:
        return self._relaxed(relaxed.relaxed_arcs(potentials, lengths, choose, self.single_root_edge))

    def _relaxed(self, arcs: Array) -> Array:
        """Of an edge, both directions of which may have a part of it, what either has."""
        back = jnp.swapaxes(arcs, -1, -2)
        return arcs if self.directed else arcs + back - arcs * back

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
        of = self._choices(Query(potentials, lengths, messages))
        arcs = relaxed.relaxed_walk(key, of, temperature, draws, straight_through, self.single_root_edge)
        return self._relaxed(marginals.of_arcs(arcs, messages.graph()))

    # The parts of an undirected tree are both directions of every edge, with half of its score each.

    def part_scores(self, potentials: Potentials) -> Array:
        arcs = is_arc(potentials.nodes)
        if self.directed:
            return jnp.where(arcs, potentials.log_potentials, -jnp.inf)
        return jnp.where(arcs | arcs.T, potentials.log_potentials / 2, -jnp.inf)

    def of_part_scores(self, scores: Array) -> Potentials:
        return Potentials(scores if self.directed else events.both_directions(scores))

    def by_parts(self) -> Spanning:
        return self
