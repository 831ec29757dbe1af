"""The family of grammars' trees: what GeneralizedPCFG and PCFG ask of their passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...runtime import passes
from ..constituency.inside import kind_of_logs
from ..structure import Choose, Query, Sum
from . import events, information, marginals, relaxed, search
from .inside import Inside, certified, differentiable, inside, refuse_large
from .outside import LOGS
from .potentials import Potentials, full, logs_of, uniform

Tree = dict[str, Array]


class Forward(NamedTuple):
    """The inside pass, computed when a query first asks for it."""

    potentials: Potentials  # constants
    lengths: Array

    def inside(self) -> Inside:
        def compute() -> Inside:
            refuse_large(self.potentials, self.lengths)
            return certified(inside(logs_of(kind_of_logs(), self.potentials, self.lengths)))

        return passes.shared(self, "inside", compute)


class Grammar:
    """Binary trees over a sentence of n words: every wider span has one of nt nonterminals, every word one of pt
    preterminals. A `Structure`.

    Lengths are (B) int32, 1 to n; a sentence of one word has no tree. An event is a dict of "chart" (n n nt), with a 1
    at [i, j, a] for the span of words i to j, j > i, with nonterminal a, and "tags" (n pt). A compact event is a dict
    of "spans" (n-1 3) int32, rows of start, end (inclusive) and nonterminal, each before its parts and the left part
    before the right, then rows of -1; and "tags" (n).
    """

    # ---------------------------------------------------------------------------------------------- sums over all

    def forward(self, potentials: Potentials, lengths: Array) -> Forward:
        compute = lambda: Forward(jax.tree.map(lax.stop_gradient, potentials), lengths)
        return passes.shared(potentials, "forward", compute)  # drawing without replacement has no messages

    def possible(self, messages: Forward) -> Array:
        return marginals.possible(messages.inside(), messages.lengths)

    # With derivatives. Queries of one distribution share them.

    def _inside(self, query: Query) -> Inside:
        def compute() -> Inside:
            grammar = logs_of(kind_of_logs(), query.potentials, query.lengths)
            return differentiable(grammar, query.messages.inside())

        return passes.shared(query.messages, "differentiable inside", compute)

    def _masses(self, query: Query) -> Potentials:
        compute = lambda: marginals.masses(self._inside(query), query.lengths)
        return passes.shared(query.messages, "masses", compute)

    def log_partition(self, potentials: Potentials, lengths: Array, messages: Forward) -> Sum:
        return marginals.log_partition(potentials, lengths, messages.inside())

    def log_count(self, potentials: Potentials, lengths: Array) -> Sum:
        messages = self.forward(uniform(potentials), lengths)
        return messages.inside().root(lengths).total(-1).sum()

    def marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Tree:
        event = marginals.as_event(self._masses(Query(potentials, lengths, messages)))
        return jax.tree.map(numeric.at_most_one, event)

    def log_marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Tree:
        of = self._inside(Query(potentials, lengths, messages))
        return marginals.as_event(marginals.masses(of, lengths, LOGS))

    def potential_marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Potentials:
        return self._masses(Query(potentials, lengths, messages))._replace(span=None)

    def entropy(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        query = Query(potentials, lengths, messages)
        compute = lambda: information.entropy(self._inside(query), lengths)
        return passes.shared(messages, "entropy", compute)

    def cross_entropy(self, p: Query, q: Query) -> Array:
        return self.entropy(*p) + self.kl_divergence(p, q)

    def kl_divergence(self, p: Query, q: Query) -> Array:
        value = information.kl_divergence(self._inside(p), self._inside(q), p.lengths)
        return jnp.where(p.lengths != q.lengths, jnp.inf, value)

    # -------------------------------------------------------------------------------------------------- one of them

    def argmax(self, potentials: Potentials, lengths: Array) -> tuple[Tree, Array]:
        return search.argmax(potentials, lengths)

    def top_k(self, potentials: Potentials, lengths: Array, k: int) -> tuple[Tree, Array]:
        return search.top_k(potentials, lengths, k)

    def sample(
        self, key: Array, potentials: Potentials, lengths: Array, messages: Forward, draws: int
    ) -> Tree:
        return search.sample(key, messages.inside(), lengths, draws)

    def sample_without_replacement(
        self, key: Array, potentials: Potentials, lengths: Array, k: int
    ) -> tuple[Tree, Array]:
        found = self.forward(potentials, lengths).inside()
        return search.sample_without_replacement(key, found, lengths, k)

    # -------------------------------------------------------------------------------------- events, and their scores

    def event(self, compact: Tree, sizes: Mapping[str, int], dtype: Any) -> Any:
        return events.event_of_compact(compact, sizes, dtype)

    def compact(self, event: Tree, lengths: Array) -> Tree:
        return events.compact_of_event(event, lengths)

    def score_of_event(self, potentials: Potentials, lengths: Array, event: Tree) -> Sum:
        """A polynomial in the event: the rules that it uses are products of its parts."""
        return events.score_of_event(potentials, lengths, event)

    def score_of_compact(self, potentials: Potentials, lengths: Array, compact: Tree) -> Sum:
        return events.score_of_compact(potentials, lengths, compact)

    # ------------------------------------------------------------------------------------------ differentiable samples

    def smoothed_max(self, potentials: Potentials, lengths: Array, choose: Choose) -> Array:
        return relaxed.smoothed_max(potentials, lengths, choose)

    def relaxed_event(self, potentials: Potentials, lengths: Array, choose: Choose) -> Tree:
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
    ) -> Tree:
        of = self._inside(Query(potentials, lengths, messages))
        return relaxed.relaxed_walk(key, of, lengths, temperature, draws, straight_through)

    # A tree's score is a sum over the potentials that it uses; a span with its nonterminal has the score 0.

    def part_scores(self, potentials: Potentials) -> Potentials:
        made = full(potentials)
        shape = (made.items, made.words, made.words, made.nonterminals)
        return made._replace(span=jnp.zeros(shape, made.rule.dtype))

    def of_part_scores(self, scores: Potentials) -> Potentials:
        return scores

    def by_parts(self) -> UsedPotentials:
        return UsedPotentials()


class UsedPotentials(Grammar):
    """The same, with the potentials that are used for an event."""

    def event(self, compact: Tree, sizes: Mapping[str, int], dtype: Any) -> Potentials:
        return events.uses(compact, sizes, dtype)
