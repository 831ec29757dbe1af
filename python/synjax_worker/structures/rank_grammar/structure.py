"""The family of grammars of low rank: what the classes of tensor-decomposition PCFGs ask of their passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.exact_log import ExactLog
from ...numerics.guard import refuse_where
from ...runtime import passes
from .. import grammar
from ..constituency.inside import kind_of_logs
from ..grammar.outside import LOGS
from ..grammar.structure import Grammar, UsedPotentials
from ..structure import Choose, Query, Sum
from . import outside, walks
from .inside import Inside, differentiable, inside
from .outside import Masses
from .potentials import Potentials, logs_of, refuse_large
from .rules import with_rules

Tree = dict[str, Array]

RULES = Grammar()  # what is asked of the rules themselves


class Forward(NamedTuple):
    """The inside pass, computed when a query first asks for it."""

    potentials: Potentials  # constants
    lengths: Array

    def inside(self) -> Inside:
        def compute() -> Inside:
            refuse_large(self.potentials, self.lengths)
            found = inside(logs_of(kind_of_logs(), self.potentials, self.lengths))
            refuse_where(jnp.any(jnp.isnan(found.chart.left.high)))  # a sum lost something
            return found

        return passes.shared(self, "inside", compute)


class RankGrammar:
    """The trees of `Grammar`, by rules that are sums over ranks. A `Structure`.

    Trees, their events and lengths are those of `Grammar`. What is best, and what is said of single trees, is asked of
    the rules themselves: a maximum over trees is no maximum over ranks, which are summed over for each rule.
    """

    # ---------------------------------------------------------------------------------------------- sums over all

    def forward(self, potentials: Potentials, lengths: Array) -> Forward:
        compute = lambda: Forward(jax.tree.map(lax.stop_gradient, potentials), lengths)
        return passes.shared(potentials, "forward", compute)

    # Through the ranks, with derivatives. Queries of one distribution share them.

    def possible(self, messages: Forward) -> Array:
        return jnp.any(messages.inside().root(messages.lengths).high > -jnp.inf, -1)

    def _inside(self, query: Query) -> Inside:
        def compute() -> Inside:
            logs = logs_of(kind_of_logs(), query.potentials, query.lengths)
            return differentiable(logs, query.messages.inside())

        return passes.shared(query.messages, "differentiable inside", compute)

    def _masses(self, query: Query) -> Masses:
        compute = lambda: outside.masses(self._inside(query), query.lengths)
        return passes.shared(query.messages, "masses", compute)

    def log_partition(self, potentials: Potentials, lengths: Array, messages: Forward) -> Sum:
        return outside.log_partition(potentials, lengths, messages.inside())

    def marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Tree:
        event = self._masses(Query(potentials, lengths, messages)).as_event()
        return jax.tree.map(numeric.at_most_one, event)

    def log_marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Tree:
        of = self._inside(Query(potentials, lengths, messages))
        return outside.masses(of, lengths, LOGS).as_event()

    def potential_marginals(self, potentials: Potentials, lengths: Array, messages: Forward) -> Potentials:
        return self._masses(Query(potentials, lengths, messages)).used

    # By the rules: trees are not told apart by ranks.

    def _rules(self, potentials: Potentials, kind: type | None = None) -> grammar.Potentials:
        kind = kind or kind_of_logs()
        return passes.shared(potentials, f"rules, {kind.__name__}", lambda: with_rules(kind, potentials))

    def _query(self, potentials: Potentials, lengths: Array) -> Query:
        rules = self._rules(potentials)
        return Query(rules, lengths, RULES.forward(rules, lengths))

    def log_count(self, potentials: Potentials, lengths: Array) -> Sum:
        return RULES.log_count(self._rules(potentials), lengths)

    def entropy(self, potentials: Potentials, lengths: Array, messages: Forward) -> Array:
        return RULES.entropy(*self._query(potentials, lengths))

    def cross_entropy(self, p: Query, q: Query) -> Array:
        return RULES.cross_entropy(self._query(*p[:2]), self._query(*q[:2]))

    def kl_divergence(self, p: Query, q: Query) -> Array:
        return RULES.kl_divergence(self._query(*p[:2]), self._query(*q[:2]))

    # -------------------------------------------------------------------------------------------------- one of them

    def argmax(self, potentials: Potentials, lengths: Array) -> tuple[Tree, Array]:
        return RULES.argmax(self._rules(potentials), lengths)

    def top_k(self, potentials: Potentials, lengths: Array, k: int) -> tuple[Tree, Array]:
        return RULES.top_k(self._rules(potentials), lengths, k)

    def sample(
        self, key: Array, potentials: Potentials, lengths: Array, messages: Forward, draws: int
    ) -> Tree:
        of = messages.inside()
        tables = passes.shared(of, "tables", lambda: walks.tables(of, lengths))
        return walks.sample(key, of, tables, lengths, draws)

    def sample_without_replacement(
        self, key: Array, potentials: Potentials, lengths: Array, k: int
    ) -> tuple[Tree, Array]:
        return RULES.sample_without_replacement(key, self._rules(potentials), lengths, k)

    # -------------------------------------------------------------------------------------- events, and their scores

    def event(self, compact: Tree, sizes: Mapping[str, int], dtype: Any) -> Any:
        return RULES.event(compact, sizes, dtype)

    def compact(self, event: Tree, lengths: Array) -> Tree:
        return RULES.compact(event, lengths)

    def score_of_event(self, potentials: Potentials, lengths: Array, event: Tree) -> Sum:
        """A polynomial in the event: the rules that it uses are products of its parts."""
        return RULES.score_of_event(self._rules(potentials), lengths, event)

    def score_of_compact(self, potentials: Potentials, lengths: Array, compact: Tree) -> Sum:
        return RULES.score_of_compact(self._rules(potentials), lengths, compact)

    # ------------------------------------------------------------------------------------------ differentiable samples

    def smoothed_max(self, potentials: Potentials, lengths: Array, choose: Choose) -> Array:
        return RULES.smoothed_max(self._rules(potentials, ExactLog), lengths, choose)

    def relaxed_event(self, potentials: Potentials, lengths: Array, choose: Choose) -> Tree:
        return RULES.relaxed_event(self._rules(potentials, ExactLog), lengths, choose)

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
        query = self._query(potentials, lengths)
        return RULES.relaxed_walk(key, *query, temperature, draws, straight_through)

    # A tree's score is a sum over the root, rules and preterminals that it uses.

    def part_scores(self, potentials: Potentials) -> grammar.Potentials:
        """Of the rules as floats: not linear in the potentials, as others are."""
        made = self._rules(potentials, ExactLog)
        return RULES.part_scores(made._replace(rule=numeric.sum_value(made.rule.sum())))

    def of_part_scores(self, scores: grammar.Potentials) -> grammar.Potentials:
        return scores

    def by_parts(self) -> UsedRules:
        return UsedRules()


class UsedRules(UsedPotentials):
    """The structure of a grammar with the rules themselves, given by those of low rank."""

    def part_scores(self, potentials: Potentials) -> grammar.Potentials:
        return RankGrammar().part_scores(potentials)
