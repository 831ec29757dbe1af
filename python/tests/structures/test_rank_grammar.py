"""Sums over the trees of a grammar of low rank never make its rules, and are those of the grammar that has them."""

from __future__ import annotations

import copy
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import GeneralizedPCFG, GeneralizedTensorDecompositionPCFG
from synjax_worker.numerics import guard
from synjax_worker.runtime import passes
from synjax_worker.structures import grammar
from synjax_worker.structures.rank_grammar import RankGrammar
from synjax_worker.structures.rank_grammar.potentials import of_items
from synjax_worker.structures.rank_grammar.structure import RULES
from tests.budget import REST
from tests.compiling import program
from tests.conformance import enumerator
from tests.conformance.laws import broken_laws
from tests.conformance.queries import QUESTIONS, ask

of_class = pytest.mark.costs("GeneralizedTensorDecompositionPCFG")

WORDS, NONTERMINALS, PRETERMINALS, RANKS = 5, 23, 29, 7
SYMBOLS = NONTERMINALS + PRETERMINALS


def arrays(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)
    return {
        "preterminal_scores": draw(2, WORDS, PRETERMINALS),
        "root": draw(NONTERMINALS),
        "nt_to_rank": draw(NONTERMINALS, RANKS),
        "rank_to_left_nt": draw(RANKS, SYMBOLS),
        "rank_to_right_nt": draw(RANKS, SYMBOLS),
    }


def through_ranks(given: dict[str, jax.Array], key: jax.Array):
    made = lambda given: GeneralizedTensorDecompositionPCFG(**given)
    with passes.frame():
        pcfg = made(given)
        found = pcfg.marginals(), pcfg.marginals_for_template_variables(), pcfg.sample(key, (3,))
    total = lambda given: jnp.sum(made(given).log_partition())
    return jax.value_and_grad(total)(given), found


@of_class
@pytest.mark.parametrize("optimistic", [True, False])
def test_no_program_through_the_ranks_makes_a_rule(optimistic: bool) -> None:
    def program(given, key):
        if not optimistic:
            return through_ranks(given, key)
        with guard.optimistic() as refused:
            found = through_ranks(given, key)
        return found, guard.any_refused(refused)

    text = jax.jit(program).lower(arrays(), jax.random.key(0)).as_text()
    shapes = {tuple(map(int, found.split("x")[:-1])) for found in re.findall(r"tensor<((?:\d+x)+)f32>", text)}
    largest = max(shapes, key=np.prod)
    # The rules of one nonterminal are summed over ranks of as many numbers.
    assert np.prod(largest) < SYMBOLS**2 * RANKS, f"an array of {largest}"


@of_class
def test_it_is_the_grammar_with_these_rules() -> None:
    given = arrays(1)

    @program
    def ask(given):
        pcfg = GeneralizedTensorDecompositionPCFG(**given)
        ways = pcfg.nt_to_rank[:, None, None] + pcfg.rank_to_left_nt.T[:, None] + pcfg.rank_to_right_nt.T
        rule = jax.nn.logsumexp(ways, -1)
        names = ("preterminal_scores", "root")
        dense = GeneralizedPCFG(**{name: given[name] for name in names}, rule=rule)
        return [(each.log_partition(), each.marginals()) for each in (pcfg, dense)]

    for got, wanted in zip(*map(jax.tree.leaves, ask(given)), strict=True):
        np.testing.assert_allclose(got, wanted, atol=2e-6, rtol=2e-6)


# --------------------------------------------------------------------------------- mistakes that sums over ranks invite


class BestByRank(RankGrammar):
    """What is best of trees and ranks together: the trick of sums, used for maxima."""

    def _rules(self, potentials, kind=None):
        made = of_items(potentials)
        left, right = (jnp.swapaxes(x, 1, 2) for x in (made.to_left, made.to_right))  # (B s r)
        rule = jnp.max(made.to_rank[:, :, None, None] + left[:, None, :, None] + right[:, None, None], -1)
        return grammar.Potentials(potentials.root, rule, potentials.preterminal)

    score_of_event = lambda self, *query: RULES.score_of_event(RankGrammar()._rules(query[0]), *query[1:])
    score_of_compact = lambda self, *query: RULES.score_of_compact(RankGrammar()._rules(query[0]), *query[1:])


class RanksAreCounted(RankGrammar):
    """A tree is counted once for every choice of ranks."""

    def log_count(self, potentials, lengths):
        allowed = jax.tree.map(lambda x: jnp.where(jnp.isneginf(x), x, 0), potentials)
        return self.log_partition(allowed, lengths, self.forward(allowed, lengths))


class OneWordIsATree(RankGrammar):
    """A sentence of one word has probability 1."""

    def log_partition(self, potentials, lengths, messages):
        found = super().log_partition(potentials, lengths, messages)
        return jax.tree.map(lambda x: jnp.where(lengths == 1, 0, x), found)


@pytest.mark.costs(REST)  # no class answers: the laws themselves are tried
@pytest.mark.parametrize(
    ("broken", "asked", "laws"),
    [
        (BestByRank, ("_best", "_top"), {"ties", "top_k"}),
        (RanksAreCounted, ("_count",), {"enumeration", "any_scale", "padding", "forbidden"}),
        (OneWordIsATree, ("_log_partition",), {"padding", "any_scale", "forbidden"}),
    ],
)
def test_a_mistake_is_rejected_by_the_laws(broken: type, asked: tuple[str, ...], laws: set[str]) -> None:
    (form,) = enumerator.load()["GeneralizedTensorDecompositionPCFG"]
    made = copy.copy(form)
    made.cls = type(broken.__name__, (form.cls,), {"structure": broken()})
    questions = [each for each in QUESTIONS if each.ask.__name__ in asked]
    answers = {"values": ask(made, np.dtype(np.float64), questions)}
    assert set(broken_laws(answers, made, {})) >= laws
