"""Projective trees against numbers that are known, and against Eisner's algorithm as a textbook has it."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import SpanningTreeCRF
from tests.compiling import program

pytestmark = pytest.mark.costs("SpanningTreeCRF")

NODES = 24
LENGTHS = np.arange(1, NODES + 1, dtype=np.int32)


def trees(scores, *, single_root_edge: bool, **given) -> SpanningTreeCRF:
    return SpanningTreeCRF(scores, directed=True, projective=True, single_root_edge=single_root_edge, **given)


def of_words(words: int, single_root_edge: bool) -> int:
    """How many projective trees there are: ternary trees, and pairs of them (Fuss & Catalan)."""
    if not single_root_edge:
        return math.comb(3 * words, words) // (2 * words + 1)
    return math.comb(3 * words - 2, words - 1) // words if words else 0


@pytest.mark.parametrize("single_root_edge", [False, True])
def test_there_are_as_many_trees_as_fuss_and_catalan_say(single_root_edge: bool) -> None:
    @program
    def ask(scores):
        made = trees(scores, single_root_edge=single_root_edge, lengths=LENGTHS)
        return made.log_partition(), made.entropy()

    wanted = np.array([of_words(int(n) - 1, single_root_edge) for n in LENGTHS], float)
    with jax.enable_x64(True), np.errstate(divide="ignore"):
        total, entropy = jax.device_get(ask(np.zeros((NODES, NODES, NODES))))
        np.testing.assert_allclose(total, np.log(wanted), rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(entropy, np.log(np.maximum(wanted, 1)), rtol=1e-13, atol=1e-13)


def eisner(scores: np.ndarray, add) -> float:
    """Any number of root edges; `add` of a list of numbers. Complete and incomplete spans, by direction."""
    nodes = len(scores)
    complete = {(side, i, i): 0.0 for side in "rl" for i in range(nodes)}
    incomplete = {}
    for width in range(1, nodes):
        for i in range(nodes - width):
            j = i + width
            between = add([complete["r", i, k] + complete["l", k + 1, j] for k in range(i, j)])
            incomplete["r", i, j], incomplete["l", i, j] = between + scores[i, j], between + scores[j, i]
            complete["r", i, j] = add(
                [incomplete["r", i, k] + complete["r", k, j] for k in range(i + 1, j + 1)]
            )
            complete["l", i, j] = add([complete["l", i, k] + incomplete["l", k, j] for k in range(i, j)])
    return complete["r", 0, nodes - 1]


def test_sums_and_the_best_are_those_of_a_textbook() -> None:
    scores = np.random.default_rng(0).normal(size=(20, 20)) * 3
    scores[:, 0] = -np.inf
    with jax.enable_x64(True):
        found = trees(scores, single_root_edge=False)
        total, best = float(found.log_partition()), float(found.argmax_and_max().score)
    assert total == pytest.approx(eisner(scores, np.logaddexp.reduce), rel=1e-12)
    assert best == pytest.approx(eisner(scores, max), rel=1e-12)


def test_float32_is_as_right_as_float64_at_any_scale() -> None:
    """Of scores that float32 holds."""
    rng = np.random.default_rng(1)
    scale = np.array([1.0, 1.0, 1e4, 1e4])[:, None, None]
    shape = 4, NODES, NODES
    scores = (np.round(rng.normal(size=shape)) * scale + rng.normal(size=shape)).astype(np.float32)

    def ask(scores):
        made = trees(scores, single_root_edge=True)
        return made.marginals(), made.entropy()

    found = jax.device_get(jax.jit(ask)(jnp.asarray(scores)))
    with jax.enable_x64(True):
        wanted = jax.device_get(jax.jit(ask)(jnp.asarray(scores.astype(np.float64))))
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, want, atol=3e-6, rtol=1e-5)


def test_the_k_best_are_distinct_trees() -> None:
    """Of equal scores: all 12 over three words, and 50 of the 1428 over six."""
    made = trees(jnp.zeros((2, 7, 7)), single_root_edge=False, lengths=jnp.array([4, 7], jnp.int32))
    top = made.top_k(50)
    assert top.count.tolist() == [of_words(3, False), 50] == [12, 50]
    heads = np.asarray(made.decode(top.events))
    assert len(set(map(tuple, heads[:12, 0]))) == 12
    assert len(set(map(tuple, heads[:, 1]))) == 50
