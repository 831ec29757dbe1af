"""Trees against numbers that are known: those of Catalan."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

from synjax_worker.distributions import TreeCRF
from tests.compiling import program

pytestmark = pytest.mark.costs("TreeCRF")

WORDS = 40
LENGTHS = np.arange(1, WORDS + 1, dtype=np.int32)


def catalan(n: int) -> int:
    return math.comb(2 * n, n) // (n + 1)


def sentences(labels: int) -> np.ndarray:
    return np.zeros((WORDS, WORDS, WORDS, labels))


@pytest.mark.parametrize("labels", [1, 3])
def test_there_are_as_many_trees_as_catalan_says(labels: int) -> None:
    """Catalan numbers, times the labels of 2n - 1 spans. All whole numbers that float64 holds are exact."""

    @program
    def ask(x):
        crf = TreeCRF(x, lengths=LENGTHS)
        return crf.log_count(), crf.log_partition()

    wanted = [catalan(n - 1) * labels ** (2 * n - 1) for n in map(int, LENGTHS)]
    with jax.enable_x64(True):
        answers = jax.device_get(ask(sentences(labels)))
    for found in answers:
        np.testing.assert_allclose(found, [math.log(number) for number in wanted], rtol=1e-13, atol=1e-13)
        small = [i for i, number in enumerate(wanted) if number < 10**12]
        assert [round(math.exp(found[i])) for i in small] == [wanted[i] for i in small]


def test_probabilities_of_uniform_trees_are_ratios_of_catalan_numbers() -> None:
    """A span of w words is in as many trees as there are over it, times those over a sentence with it as one word."""

    @program
    def ask(x):
        crf = TreeCRF(x)
        return crf.marginals(), crf.entropy()

    with jax.enable_x64(True):
        found, entropy = jax.device_get(ask(np.zeros((WORDS, WORDS, 2))))
    total = catalan(WORDS - 1)
    for i in range(WORDS):
        for j in range(i, WORDS):
            wanted = catalan(j - i) * catalan(WORDS - 1 - (j - i)) / total
            np.testing.assert_allclose(found[i, j], wanted / 2, rtol=1e-12)
    assert entropy == pytest.approx(math.log(total) + (2 * WORDS - 1) * math.log(2), rel=1e-13)
