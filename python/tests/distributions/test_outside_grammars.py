"""Grammars against others' numbers: NLTK's parses, Catalan's numbers, and a textbook's algorithm."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp

from synjax_worker.distributions import PCFG, GeneralizedPCFG
from tests.compiling import program

pytestmark = pytest.mark.costs("PCFG")

WORDS = 12


def catalan(n: int) -> int:
    return math.comb(2 * n, n) // (n + 1)


@pytest.fixture(scope="module")
def nltk() -> dict[str, Any]:
    return json.loads((Path(__file__).parents[1] / "outside" / "nltk_grammar.json").read_text())


def test_parses_and_their_probabilities_are_those_of_nltk(nltk: dict[str, Any]) -> None:
    """All parses of each sentence, best first; one sentence has none."""
    nonterminals, preterminals = nltk["nonterminals"], nltk["preterminals"]
    symbols, sentences = nonterminals + preterminals, nltk["sentences"]
    rule = np.zeros((nonterminals, symbols, symbols))
    emission = np.zeros((preterminals, nltk["words"]))
    for label, left, right, probability in nltk["rules"]:
        rule[label, left, right] = probability
    for tag, word, probability in nltk["emissions"]:
        emission[tag, word] = probability
    lengths = np.array([len(each["words"]) for each in sentences], np.int32)
    words = np.zeros((len(sentences), lengths.max()), np.int32)
    for i, sentence in enumerate(sentences):
        words[i, : lengths[i]] = sentence["words"]
    root = np.where(np.arange(nonterminals) == 0, 0, -np.inf)
    k = 1 + max(len(each["parses"]) for each in sentences)

    @program
    def ask(emission, root, rule):
        pcfg = PCFG(emission, root, rule, words, lengths=lengths, normalize=False)
        top = pcfg.top_k(k)
        return pcfg.decode(top.events), top.scores, top.count, pcfg.log_partition()

    with jax.enable_x64(True), np.errstate(divide="ignore"):
        trees, scores, count, total = jax.device_get(ask(np.log(emission), root, np.log(rule)))
    for i, sentence in enumerate(sentences):
        parses = sorted(sentence["parses"], key=lambda parse: -parse["probability"])
        assert count[i] == len(parses)
        wanted = [parse["probability"] for parse in parses]
        np.testing.assert_allclose(np.exp(scores[: len(parses), i]), wanted, rtol=1e-12)
        assert np.exp(total[i]) == pytest.approx(sum(wanted), rel=1e-12)
        read = lambda at, i=i: (
            trees["spans"][at, i, : lengths[i] - 1].tolist(),
            trees["tags"][at, i, : lengths[i]].tolist(),
        )
        found = [read(at) for at in range(len(parses))]
        # Parses of one probability may be in any order.
        told = lambda trees, wanted=wanted: sorted(zip(np.round(wanted, 15), trees, strict=True), key=repr)
        assert told(found) == told([(parse["spans"], parse["tags"]) for parse in parses])


def test_of_one_symbol_of_each_kind_there_are_as_many_trees_as_catalan_says() -> None:
    lengths = np.arange(1, WORDS + 1, dtype=np.int32)

    @program
    def ask(scores, root, rule):
        pcfg = GeneralizedPCFG(
            preterminal_scores=scores, root=root, rule=rule, lengths=lengths, normalize=False
        )
        return pcfg.log_count(), pcfg.log_partition()

    with jax.enable_x64(True):
        arrays = np.zeros((WORDS, WORDS, 1)), np.zeros(1), np.zeros((1, 2, 2))
        answers = jax.device_get(ask(*arrays))
    wanted = [-math.inf, *(math.log(catalan(n - 1)) for n in range(2, WORDS + 1))]
    for found in answers:
        np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-13)


def inside(scores: np.ndarray, root: np.ndarray, rule: np.ndarray, total: Any) -> float:
    """Of one sentence, by the loops of a textbook (Cocke-Younger-Kasami)."""
    count, nonterminals = len(scores), len(root)
    chart = np.full((count, count, rule.shape[1]), -np.inf)
    for i in range(count):
        chart[i, i, nonterminals:] = scores[i]
    for width in range(1, count):
        for start in range(count - width):
            end = start + width
            ways = [chart[start, k][:, None] + chart[k + 1, end] for k in range(start, end)]
            chart[start, end, :nonterminals] = total(rule + np.array(ways)[:, None], axis=(0, 2, 3))
    return float(total(root + chart[0, -1, :nonterminals], axis=0))


def test_log_partition_and_best_score_are_those_of_a_textbook() -> None:
    rng = np.random.default_rng(0)
    scores, root, rule = rng.normal(size=(2, 9, 3)), rng.normal(size=4), rng.normal(size=(4, 7, 7))

    @program
    def ask(scores, root, rule):
        pcfg = GeneralizedPCFG(preterminal_scores=scores, root=root, rule=rule)
        return pcfg.log_partition(), pcfg.argmax_and_max().score

    with jax.enable_x64(True):
        found, best = jax.device_get(ask(scores, root, rule))
    root, rule = root - logsumexp(root), rule - logsumexp(rule, axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, [inside(x, root, rule, logsumexp) for x in scores], rtol=1e-12)
    np.testing.assert_allclose(best, [inside(x, root, rule, np.max) for x in scores], rtol=1e-12)


def test_one_word_has_no_tree() -> None:
    """Where the longest sentence has one word there is nothing to loop over."""

    @program
    def ask(scores):
        pcfg = GeneralizedPCFG(preterminal_scores=scores, root=jnp.zeros(2), rule=jnp.zeros((2, 3, 3)))
        best, score = pcfg.argmax_and_max()
        return pcfg.log_partition(), score, best, pcfg.marginals(), pcfg.top_k(2).count, pcfg.decode(best)

    total, score, best, marginals, count, tree = jax.device_get(ask(jnp.zeros((3, 1, 1))))
    assert np.all(total == -np.inf) and np.all(score == -np.inf) and np.all(count == 0)
    assert not any(x.any() for x in jax.tree.leaves((best, marginals)))
    assert tree["spans"].shape == (3, 0, 3) and np.all(tree["tags"] == -1)
