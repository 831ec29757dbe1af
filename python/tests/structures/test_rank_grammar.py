"""Sums over the trees of a grammar of low rank never make its rules, and are those of the grammar that has them."""

from __future__ import annotations

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import GeneralizedPCFG, GeneralizedTensorDecompositionPCFG
from synjax_worker.numerics import guard
from synjax_worker.runtime import passes

pytestmark = pytest.mark.costs("GeneralizedTensorDecompositionPCFG")

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


def test_it_is_the_grammar_with_these_rules() -> None:
    given = arrays(1)

    @jax.jit
    def ask(given):
        pcfg = GeneralizedTensorDecompositionPCFG(**given)
        ways = pcfg.nt_to_rank[:, None, None] + pcfg.rank_to_left_nt.T[:, None] + pcfg.rank_to_right_nt.T
        rule = jax.nn.logsumexp(ways, -1)
        names = ("preterminal_scores", "root")
        dense = GeneralizedPCFG(**{name: given[name] for name in names}, rule=rule)
        return [(each.log_partition(), each.marginals()) for each in (pcfg, dense)]

    for got, wanted in zip(*map(jax.tree.leaves, ask(given)), strict=True):
        np.testing.assert_allclose(got, wanted, atol=2e-6, rtol=2e-6)
