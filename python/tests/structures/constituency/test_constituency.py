"""Trees beyond the laws: longer sentences in float32, runs of widths, structures that are far from likely."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import TreeCRF
from tests.compiling import program

WORDS, LABELS = 26, 3
LENGTHS = np.array([WORDS, 17, 1, 2], np.int32)


def made(scale: float, dtype: type, seed: int = 0) -> TreeCRF:
    drawn = np.random.default_rng(seed).normal(size=(len(LENGTHS), WORDS, WORDS, LABELS))
    return TreeCRF((scale * drawn).astype(np.float32).astype(dtype), lengths=LENGTHS)


@program
def sums(crf: TreeCRF, other: TreeCRF):
    def information(scores):
        moved = TreeCRF(scores, lengths=LENGTHS)
        return jnp.sum(moved.entropy() + moved.kl_divergence(other))

    return {
        "log_partition": crf.log_partition(),
        "entropy": crf.entropy(),
        "max": crf.argmax_and_max().score,
        "marginals": crf.marginals(),
        "divergence": crf.kl_divergence(other),
        "gradient": jax.grad(information)(crf.log_potentials),
    }


def test_float32_on_longer_sentences() -> None:
    for scale in (1.0, 1e4):
        found = jax.device_get(sums(made(scale, np.float32), made(1.0, np.float32, 1)))
        with jax.enable_x64(True):
            wanted = jax.device_get(sums(made(scale, np.float64), made(1.0, np.float64, 1)))
        for name, value in wanted.items():
            size = max(1.0, np.max(np.abs(value)))
            tolerance = {"marginals": 1e-5, "gradient": 5e-5}.get(name, 1e-6)
            np.testing.assert_allclose(found[name], value, rtol=2e-6, atol=tolerance * size, err_msg=name)


def test_a_sum_over_trees_is_that_of_a_plain_loop() -> None:
    """Runs of widths have slabs of different sizes."""
    words = 34
    x = np.random.default_rng(1).normal(size=(words, words))
    inside = np.zeros((words, words))
    for width in range(words):
        for i in range(words - width):
            j = i + width
            parts = sum(inside[i, k] * inside[k + 1, j] for k in range(i, j)) if width else 1
            inside[i, j] = np.exp(x[i, j]) * parts
    with jax.enable_x64(True):
        ask = jax.jit(jax.value_and_grad(lambda x: TreeCRF(x[..., None]).log_partition()))
        found, masses = jax.device_get(ask(x))
    assert found == pytest.approx(np.log(inside[0, -1]), rel=1e-12)
    # Every word is a span, and a sentence of n words has n - 1 larger ones.
    np.testing.assert_allclose(np.diag(masses), 1, rtol=1e-12)
    assert np.sum(masses) == pytest.approx(2 * words - 1, rel=1e-12)


def test_chosen_trees_are_distinct_trees_with_their_scores() -> None:
    @program
    def ask(crf):
        top, drawn = crf.top_k(6), crf.sample_without_replacement(jax.random.key(0), 6)
        trees = jax.tree.map(crf.decode, (top.events, drawn.events, crf.sample(jax.random.key(1), (5,))))
        again = [crf.unnormalized_log_prob(crf.encode(x)) for x in trees]
        checks = [check.bad for x in trees for check in crf._checks_of_compact(x)]
        return trees, top.scores, crf.log_prob(drawn.events), drawn.log_probs, again, checks

    crf = made(1.0, np.float32)
    trees, scores, log_probs, drawn, again, checks = jax.device_get(ask(crf))
    assert not any(np.any(bad[:, :2]) for bad in checks)
    for item in range(2):
        for found in trees[:2]:
            assert len({x.tobytes() for x in found[:, item]}) == len(found)
    assert np.all(np.diff(scores[:, :2], axis=0) <= 0)
    np.testing.assert_allclose(again[0][:, :2], scores[:, :2], rtol=1e-6)
    np.testing.assert_allclose(drawn[:, :2], log_probs[:, :2], atol=1e-4)
    assert np.all(np.isneginf(scores[3:, 2])) and np.all(
        scores[:3, 2] > -np.inf
    )  # one word: as many as labels


def test_what_is_no_tree_is_refused() -> None:
    crf = TreeCRF(jnp.zeros((3, 3, 2)))
    tree = [[0, 2, 0], [0, 1, 1], [0, 0, 0], [1, 1, 0], [2, 2, 0]]

    def refused(**rows: list[int]) -> bool:
        changed = [rows.get(f"row_{i}", row) for i, row in enumerate(tree)]
        return any(np.any(check.bad) for check in crf._checks_of_compact(jnp.array(changed, jnp.int32)))

    assert not refused()
    assert refused(row_1=[0, 1, 2])  # a label that there is not
    assert refused(row_1=[1, 2, 0])  # parts that come before the span
    assert refused(row_4=[1, 2, 0])  # spans that cross
    assert refused(row_1=[0, 0, 0])  # a span twice
    assert refused(row_4=[-1, -1, -1])  # a word that is missing
    assert refused(row_0=[0, 3, 0])  # words that there are not
