"""Programs of trees are as large for 64 words as for 32: nothing is written out for every length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from synjax_worker.distributions import (
    GeneralizedPCFG,
    GeneralizedTensorDecompositionPCFG,
    SpanningTreeCRF,
    TreeCRF,
)
from synjax_worker.numerics import guard
from synjax_worker.runtime import passes
from tests.conformance.queries import equations

pytestmark = pytest.mark.full


def spanning(projective: bool) -> Callable[[int], SpanningTreeCRF]:
    options = {"directed": True, "projective": projective, "single_root_edge": True}
    return lambda n: SpanningTreeCRF(jnp.zeros((n, n)), **options)


def grammar(n: int) -> GeneralizedPCFG:
    scores, root, rule = jnp.zeros((n, 2)), jnp.zeros(2), jnp.zeros((2, 4, 4))
    return GeneralizedPCFG(preterminal_scores=scores, root=root, rule=rule)


def grammar_of_ranks(n: int) -> GeneralizedTensorDecompositionPCFG:
    return GeneralizedTensorDecompositionPCFG(
        preterminal_scores=jnp.zeros((n, 2)),
        root=jnp.zeros(2),
        nt_to_rank=jnp.zeros((2, 3)),
        rank_to_left_nt=jnp.zeros((3, 4)),
        rank_to_right_nt=jnp.zeros((3, 4)),
    )


FORMS = {
    "TreeCRF": lambda n: TreeCRF(jnp.zeros((n, n, 2))),
    "SpanningTreeCRF": spanning(False),
    "SpanningTreeCRF-projective": spanning(True),
    "GeneralizedPCFG": grammar,
    "GeneralizedTensorDecompositionPCFG": grammar_of_ranks,
}


def everything(made: Any) -> Any:
    key = jax.random.key(0)
    return (
        made.log_partition(),
        made.marginals(),
        made.log_marginals(),
        made.entropy(),
        made.kl_divergence(made),
        made.argmax(),
        made.top_k(3),
        made.sample(key, (2,)),
        made.sample_without_replacement(key, 2),
    )


@pytest.mark.parametrize("mode", ["optimistic", "careful"])
@pytest.mark.parametrize("name", FORMS)
def test_programs_do_not_grow(name: str, mode: str) -> None:
    def size(n: int) -> int:
        def ask() -> Any:
            if mode == "careful":
                return everything(FORMS[name](n))
            with passes.frame(), guard.optimistic() as refused:
                return everything(FORMS[name](n)), guard.any_refused(refused)

        return sum(1 for _ in equations(jax.make_jaxpr(ask)().jaxpr))

    assert size(32) == size(64)
