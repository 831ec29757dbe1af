"""One-to-one alignments against SciPy's assignment and against permanents by Ryser's formula."""

from __future__ import annotations

import itertools
import math

import jax
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from synjax_worker.distributions import AlignmentCRF
from tests.compiling import program

pytestmark = pytest.mark.costs("AlignmentCRF")


def one_to_one(table: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> AlignmentCRF:
    return AlignmentCRF(table, alignment_type="non_monotone_one_to_one", lengths_rows=rows, lengths_cols=cols)


def test_the_best_of_a_thousand_rectangular_matrices_are_those_of_scipy() -> None:
    """Of every shape up to 10 by 14, half of them of few whole numbers with many ties, some without any matching."""
    rng = np.random.default_rng(0)
    items, shape = 1000, (10, 14)
    table = rng.normal(size=(items, *shape)).astype(np.float32)
    table[::2] = rng.integers(-2, 3, (items // 2, *shape))
    table[5::10] = np.where(rng.random((items // 10, *shape)) < 0.7, -np.inf, table[5::10])
    rows, cols = (rng.integers(1, side + 1, items).astype(np.int32) for side in shape)
    given = table.copy()
    for item in range(items):
        given[item, rows[item] :] = given[item, :, cols[item] :] = np.nan

    ask = jax.jit(lambda *given: one_to_one(*given).argmax_and_max())
    events, scores = jax.device_get(ask(given, rows, cols))
    without = 0
    for item in range(items):
        own = table[item, : rows[item], : cols[item]].astype(np.float64)
        event = events[item]
        try:
            wanted = math.fsum(own[linear_sum_assignment(own, maximize=True)])
        except ValueError:  # there is none
            without += 1
            assert scores[item] == -np.inf and not event.any()
            continue
        assert scores[item] == pytest.approx(wanted, rel=1e-6, abs=1e-6)
        assert event.sum() == min(own.shape) and event.sum(0).max() == event.sum(1).max() == 1
        inside = event[: rows[item], : cols[item]] == 1
        assert math.fsum(own[inside]) == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    assert without > 10


def permanent(matrix: np.ndarray) -> int:
    """Of a square matrix of whole numbers, by Ryser's formula."""
    size, total = len(matrix), 0
    for chosen in itertools.product((0, 1), repeat=size):
        sums = (matrix @ np.array(chosen, object)) if size else []
        total += (-1) ** (size - sum(chosen)) * math.prod(sums)
    return total


def test_sums_over_matchings_are_permanents() -> None:
    """Of whole numbers; of zeros and ones they count the matchings that are allowed."""
    rng = np.random.default_rng(1)
    side = 7
    sizes = np.repeat(np.arange(1, side + 1), 8).astype(np.int32)
    weights = rng.integers(0, 6, (len(sizes), side, side))
    weights[::2] = rng.random((len(sizes[::2]), side, side)) < 0.6

    @program
    def ask(table):
        crf = one_to_one(table, sizes, sizes)
        return crf.log_partition(), crf.log_count()

    with jax.enable_x64(True), np.errstate(divide="ignore"):
        partitions, counts = jax.device_get(ask(np.log(weights.astype(np.float64))))
    for item, size in enumerate(sizes):
        own = weights[item, :size, :size].astype(object)
        wanted = permanent(own)
        assert np.exp(partitions[item]) == pytest.approx(wanted, rel=1e-12)
        assert np.exp(counts[item]) == pytest.approx(permanent((own > 0).astype(object)), rel=1e-12)
    assert np.isneginf(partitions).any() and np.exp(partitions).max() > 1e6
