"""Grammars in plain floats: what they answer where they are certified, and what they must not refuse."""

from __future__ import annotations

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import GeneralizedPCFG
from synjax_worker.numerics import guard
from synjax_worker.runtime import passes

pytestmark = pytest.mark.costs("PCFG")

ITEMS, WORDS, NONTERMINALS, PRETERMINALS = 2, 9, 3, 4
SYMBOLS = NONTERMINALS + PRETERMINALS
KEY = jax.random.key(0)

Given = tuple[np.ndarray, np.ndarray, np.ndarray]  # preterminal scores, root, rule


def answers(scores: Any, root: Any, rule: Any, lengths: Any) -> dict[str, Any]:
    make = lambda *given: GeneralizedPCFG(
        preterminal_scores=given[0], root=given[1], rule=given[2], lengths=lengths, normalize=False
    )
    made, other = make(scores, root, rule), make(scores * 0.5, root, rule * 0.5)
    used = made.marginals_for_template_variables()
    return {
        "log_partition": made.log_partition(),
        "marginals": made.marginals(),
        "used": (used.preterminal_scores, used.root, used.rule),
        "log_marginals": made.log_marginals(),
        "entropy": made.entropy(),
        "kl_divergence": made.kl_divergence(other),
        "score": made.argmax_and_max().score,
    }


def optimistic(*given: Any) -> tuple[dict[str, Any], Any]:
    with passes.frame(), guard.optimistic() as refused:
        value = answers(*given)
    return value, guard.any_refused(refused)


hopefully, carefully = jax.jit(optimistic), jax.jit(answers)
LENGTHS = np.array([WORDS, WORDS - 2], np.int32)


def exact(given: Given) -> dict[str, Any]:
    with jax.enable_x64(True):
        return jax.device_get(carefully(*(np.asarray(x, np.float64) for x in given), LENGTHS))


def normal(seed: int = 0, scale: float = 1.0) -> Given:
    draw = np.random.default_rng(seed).normal
    shapes = (ITEMS, WORDS, PRETERMINALS), (ITEMS, NONTERMINALS), (ITEMS, NONTERMINALS, SYMBOLS, SYMBOLS)
    return tuple((scale * draw(size=shape)).astype(np.float32) for shape in shapes)


def sparse(share: float, by: float = -np.inf) -> Given:
    """Without this share of the rules."""
    scores, root, rule = normal()
    left_out = np.random.default_rng(1).random(rule.shape) < share
    return scores, root, np.where(left_out, by, rule).astype(np.float32)


def a_nonterminal_that_never_is() -> Given:
    scores, root, rule = normal()
    rule[:, 1] = -np.inf
    return scores, root, rule


def long_words(nats: float) -> Given:
    scores, root, rule = normal()
    return scores + np.float32(nats), root, rule


def narrow(bits: float, excluded: float) -> Given:
    """All trees have a nonterminal inside whose sums are that much smaller than those of one that cannot be used."""
    scores, root, rule = normal()
    rule[:, 1] -= np.float32(bits * np.log(2))
    rule[:, 0, 2] = rule[:, 0, :, 2] = rule[:, 1, 2] = rule[:, 1, :, 2] = excluded
    root[:, 1:] = excluded
    rule[:, 0, NONTERMINALS:] = rule[:, 0, 0] = excluded
    return scores, root, rule


def check(given: Given, may_refuse: bool) -> bool:
    value, refused = jax.device_get(hopefully(*given, LENGTHS))
    if may_refuse and refused:
        return True
    assert not refused
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=2e-5, atol=2e-5), value, exact(given))
    return False


FAST = {
    "plain": normal(),
    "small": normal(scale=1e-3),
    "half of the rules": sparse(0.5),
    "a tenth of the rules": sparse(0.9),
    "masked by a large number": sparse(0.5, -1e4),
    "a nonterminal that never is": a_nonterminal_that_never_is(),
    "words of 1000 nats": long_words(1000.0),
}


@pytest.mark.parametrize("name", FAST)
def test_plain_floats_do(name: str) -> None:
    check(FAST[name], may_refuse=False)


@pytest.mark.parametrize("excluded", [-np.inf, -4000.0, float(np.finfo(np.float32).min)])
def test_what_floats_lose_is_refused(excluded: float) -> None:
    refused = [check(narrow(bits, excluded), may_refuse=True) for bits in (0, 20, 40, 60, 80, 120, 3000)]
    assert refused[-1] and refused == sorted(refused)


@pytest.mark.parametrize("scale", [10.0, 100.0, 1e4])
def test_steep_grammars_are_right_or_refused(scale: float) -> None:
    check(normal(2, scale), may_refuse=True)


def test_choices_are_trees_and_those_they_should_be() -> None:
    """Of a batch whose items share their rules, and of more choices than there are trees."""
    scores, root, rule = normal()
    words, fewer = 4, 12

    def ask(scores: Any, root: Any, rule: Any) -> Any:
        made = GeneralizedPCFG(preterminal_scores=scores, root=root, rule=rule, normalize=False)
        with passes.frame(), guard.optimistic() as refused:
            drawn = made.sample(KEY, (2000,))
            distinct, best = made.sample_without_replacement(KEY, fewer), made.top_k(fewer)
            value = {
                "drawn": drawn,
                "logs": made.log_prob(drawn),
                "marginals": made.marginals(),
                "distinct": (distinct.log_probs, made.log_prob(distinct.events)),
                "best": (best.scores, made.unnormalized_log_prob(best.events)),
            }
        return value, guard.any_refused(refused)

    given = scores[:, :words, :2], root[0, :2], rule[0, :2, :4, :4]
    found, refused = jax.jit(ask)(*given)
    assert not refused
    assert np.all(np.isfinite(found["logs"]))
    mean = jax.tree.map(lambda x: jnp.mean(x, 0), found["drawn"])
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=0.05), mean, found["marginals"])
    for told, right in (found["distinct"], found["best"]):
        np.testing.assert_allclose(told, right, atol=1e-5)
    with jax.enable_x64(True):
        wide = [np.asarray(x, np.float64) for x in given]
        exact = GeneralizedPCFG(preterminal_scores=wide[0], root=wide[1], rule=wide[2], normalize=False)
        np.testing.assert_allclose(found["best"][0], exact.top_k(fewer).scores, atol=1e-5)


@pytest.mark.parametrize("query", ["argmax", "marginals"])
def test_no_loop_copies_a_chart(query: str) -> None:
    """XLA copies a chart whose reads and writes it cannot order."""

    def ask(*given: Any) -> Any:
        with guard.optimistic():
            made = GeneralizedPCFG(preterminal_scores=given[0], root=given[1], rule=given[2])
            return getattr(made, query)()

    text = jax.jit(ask).lower(*normal()).compile().as_text()
    is_loop = lambda part: not re.match(r"ENTRY|%fused", part.strip())
    of_loops = [part for part in text.split("\n\n") if is_loop(part)]
    shapes = re.findall(r"= \w+\[([\d,]+)\]\S* copy\(", "\n".join(of_loops))
    sizes = [np.prod([int(x) for x in shape.split(",")]) for shape in shapes]
    assert not [size for size in sizes if size >= ITEMS * WORDS * NONTERMINALS * WORDS]
