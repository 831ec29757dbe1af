"""Alignments against numbers that are known: of paths through a table, and of Biopython's Needleman-Wunsch."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import AlignmentCRF, GeneralMonotoneAlignmentCRF
from tests.compiling import program

pytestmark = pytest.mark.costs("AlignmentCRF")

SIDE = 30
KNOWN = Path(__file__).parents[1] / "outside" / "needleman_wunsch.json"


def delannoy() -> list[list[int]]:
    """[m][n]: the paths from (0, 0) to (m, n) by steps right, down and both."""
    found = [[1] * SIDE for _ in range(SIDE)]
    for m in range(1, SIDE):
        for n in range(1, SIDE):
            found[m][n] = found[m - 1][n] + found[m][n - 1] + found[m - 1][n - 1]
    return found


def by_slopes(slopes: int) -> list[list[int]]:
    """[m][n]: the paths of n steps, each of fewer than `slopes` rows down, of m rows in all."""
    found = [[int(m == 0) for _ in range(SIDE)] for m in range(SIDE)]
    for n in range(1, SIDE):
        for m in range(SIDE):
            found[m][n] = sum(found[m - k][n - 1] for k in range(min(slopes, m + 1)))
    return found


# Every table up to 30 by 30, in one batch.
ROWS, COLS = (x.ravel().astype(np.int32) for x in np.mgrid[1 : SIDE + 1, 1 : SIDE + 1])
LENGTHS = {"lengths_rows": ROWS, "lengths_cols": COLS}
TABLE = np.zeros((len(ROWS), SIDE, SIDE))

KINDS: dict[str, tuple[Callable, Callable[[], list[list[int]]]]] = {
    "many-to-many": (lambda x: AlignmentCRF(x, alignment_type="monotone_many_to_many", **LENGTHS), delannoy),
    "one-to-many": (
        lambda x: AlignmentCRF(x, alignment_type="monotone_one_to_many", **LENGTHS),
        lambda: by_slopes(2),
    ),
    "of three slopes": (lambda x: GeneralMonotoneAlignmentCRF([x, x, x], **LENGTHS), lambda: by_slopes(3)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_as_many_alignments_as_paths(kind: str) -> None:
    """Delannoy numbers; binomials; trinomial coefficients. All whole numbers that float64 holds are exact."""
    make, known = KINDS[kind]
    ask = jax.jit(lambda table: (make(table).log_count(), make(table).log_partition()))
    paths = known()
    wanted = [paths[rows - 1][cols - 1] for rows, cols in zip(ROWS, COLS, strict=True)]
    with jax.enable_x64(True):
        answers = jax.device_get(ask(TABLE))
    for found in answers:
        for got, number in zip(found, wanted, strict=True):
            assert got == pytest.approx(math.log(number) if number else -math.inf, rel=1e-13, abs=1e-13)
        small = [i for i, number in enumerate(wanted) if number < 10**12]
        assert [round(math.exp(found[i])) for i in small] == [wanted[i] for i in small]
    if kind == "one-to-many":  # m of the n steps go down
        assert wanted == [math.comb(cols - 1, rows - 1) for rows, cols in zip(ROWS, COLS, strict=True)]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_scores_and_numbers_of_best_alignments_are_those_of_biopython(dtype: type, tolerance: float) -> None:
    """A cell for each pair of prefixes: a move right or down is a gap, one by both aligns two residues.

    At a low temperature, a power of two so that potentials stay whole numbers, only the best alignments have weight:
    what is worse weighs less than exp(-1000). The probability of one of them is then 1 by their number.
    """
    known = json.loads(KNOWN.read_text())
    pairs, residues = known["pairs"], known["residues"]
    assert pairs[0] == {"first": "HEAGAWGHEE", "second": "PAWHEAE", "score": 1, "count": 3}
    rows, cols = (np.array([len(pair[name]) + 1 for pair in pairs], np.int32) for name in ("first", "second"))
    both = np.full((len(pairs), rows.max(), cols.max()), np.nan, dtype)
    for table, pair in zip(both, pairs, strict=True):
        table[0] = table[:, 0] = 0  # no move by both leads there
        for i, a in enumerate(pair["first"], 1):
            for j, b in enumerate(pair["second"], 1):
                table[i, j] = known["blosum50"][a][residues.index(b)]
    gap = np.full(both.shape, known["gap"], dtype)

    @program
    def ask(gap, both):
        crf = GeneralMonotoneAlignmentCRF([gap, both], gap, lengths_rows=rows, lengths_cols=cols)
        best, score = crf.argmax_and_max()
        return score, jnp.exp(-crf.with_temperature(2.0**-10).log_prob(best))

    with jax.enable_x64(dtype == np.float64):
        scores, counts = jax.device_get(ask(gap, both))
    np.testing.assert_array_equal(scores, [pair["score"] for pair in pairs])
    np.testing.assert_allclose(counts, [pair["count"] for pair in pairs], rtol=tolerance)
