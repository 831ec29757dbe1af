"""Lattices beyond the laws: tables as steps, larger tables in float32, structures that are far from likely."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import AlignmentCRF, GeneralMonotoneAlignmentCRF
from synjax_worker.structures.lattice import tables
from tests.compiling import program

MANY, ONE = "monotone_many_to_many", "monotone_one_to_many"
ROWS, COLS = 40, 52


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 4), (4, 1), (3, 5), (5, 3)])
def test_tables_as_anti_diagonals_and_back(rows: int, cols: int) -> None:
    table = np.arange(2.0 * rows * cols).reshape(2, rows, cols)
    steps = tables.diagonals(jnp.asarray(table), -1.0)
    for row in range(rows):
        for step in range(rows + cols - 1):
            inside = 0 <= step - row < cols
            wanted = table[:, row, step - row] if inside else [-1, -1]
            np.testing.assert_array_equal(steps[step, :, row], wanted)
    np.testing.assert_array_equal(tables.table_of(steps, True), table)
    np.testing.assert_array_equal(tables.table_of(tables.columns(jnp.asarray(table)), False), table)


def test_a_table_and_its_transpose_are_aligned_alike() -> None:
    table = np.random.default_rng(0).normal(size=(3, 4, 6)).astype(np.float32)
    sides = {"lengths_rows": np.array([4, 2, 4]), "lengths_cols": np.array([6, 6, 3])}

    @program
    def ask(table, rows, cols):
        crf = AlignmentCRF(table, alignment_type=MANY, lengths_rows=rows, lengths_cols=cols)
        best = crf.argmax()
        drawn = crf.decode(crf.sample(jax.random.key(0), (40,)))
        checks = [check.bad for check in crf._checks_of_compact(drawn)]
        return crf.log_partition(), crf.marginals(), crf.entropy(), best, crf.decode(best), checks

    wide = ask(table, *sides.values())
    tall = ask(table.swapaxes(1, 2), *reversed(sides.values()))
    for a, b in zip(wide[:2], tall[:2], strict=True):
        np.testing.assert_allclose(a, b if b.ndim == 1 else np.swapaxes(b, 1, 2), atol=1e-6)
    np.testing.assert_allclose(wide[2], tall[2], atol=1e-5)
    np.testing.assert_array_equal(wide[3], np.swapaxes(tall[3], 1, 2))
    np.testing.assert_array_equal(wide[4], tall[4][..., ::-1])
    assert not any(np.any(bad) for bad in (*wide[5], *tall[5]))


def made(kind: str, scale: float, dtype: type) -> AlignmentCRF | GeneralMonotoneAlignmentCRF:
    draw = lambda seed: np.random.default_rng(seed).normal(size=(2, ROWS, COLS)).astype(np.float32)
    table = lambda seed: (scale * draw(seed)).astype(np.float32).astype(dtype)
    lengths = {"lengths_rows": np.array([ROWS, 31]), "lengths_cols": np.array([COLS, 44])}
    if kind == "general":
        return GeneralMonotoneAlignmentCRF([table(0), table(1), table(2)], table(3), **lengths)
    return AlignmentCRF(table(0), alignment_type=kind, **lengths)


@pytest.mark.parametrize("kind", [MANY, ONE, "general"])
def test_float32_on_larger_tables(kind: str) -> None:
    @program
    def ask(crf):
        best = crf.argmax_and_max()
        return crf.log_partition(), crf.marginals(), crf.entropy(), best.score

    for scale in (1.0, 1e4):
        found = jax.device_get(ask(made(kind, scale, np.float32)))
        with jax.enable_x64(True):
            wanted = jax.device_get(ask(made(kind, scale, np.float64)))
        np.testing.assert_allclose(found[0], wanted[0], rtol=1e-6)
        np.testing.assert_allclose(found[1], wanted[1], atol=1e-5)
        np.testing.assert_allclose(found[2], wanted[2], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(found[3], wanted[3], rtol=1e-6)


@pytest.mark.parametrize("kind", [MANY, ONE, "general"])
def test_chosen_paths_are_distinct_paths_with_their_scores(kind: str) -> None:
    crf = made(kind, 1.0, np.float32)

    @program
    def ask(crf):
        top, drawn = crf.top_k(6), crf.sample_without_replacement(jax.random.key(0), 6)
        pairs = jax.tree.map(crf.decode, (top.events, drawn.events, crf.sample(jax.random.key(1), (5,))))
        again = [crf.unnormalized_log_prob(crf.encode(x)) for x in pairs]
        checks = [check.bad for x in pairs for check in crf._checks_of_compact(x)]
        return pairs, top.scores, crf.log_prob(drawn.events), drawn.log_probs, again, checks

    pairs, scores, log_probs, drawn, again, checks = jax.device_get(ask(crf))
    assert not any(np.any(bad) for bad in checks)
    for item in range(2):
        for found in pairs[:2]:
            assert len({x.tobytes() for x in found[:, item]}) == len(found)
    assert np.all(np.diff(scores, axis=0) <= 0)
    np.testing.assert_allclose(again[0], scores, rtol=1e-6)
    np.testing.assert_allclose(drawn, log_probs, atol=1e-4)


def test_few_draws_and_many_have_the_same_distribution() -> None:
    """Many compare with bounds that are made once; few look up the log of each choice."""
    table = np.random.default_rng(3).normal(size=(2, 5, 6)).astype(np.float32)
    table[0, 2, 1:3] = -np.inf
    lengths = {"lengths_rows": np.array([5, 4]), "lengths_cols": np.array([6, 3])}

    @program
    def ask(table):
        crf = AlignmentCRF(table, alignment_type=MANY, **lengths)
        keys = jax.random.split(jax.random.key(1), 2000)
        few = jax.vmap(lambda key: jnp.mean(crf.sample(key, (2,)), 0))(keys)
        return crf.marginals(), jnp.mean(few, 0), jnp.mean(crf.sample(jax.random.key(2), (4000,)), 0)

    wanted, few, many = ask(table)
    assert np.max(wanted) == 1  # a certain cell
    error = 5.5 * np.sqrt(np.asarray(wanted * (1 - wanted)).clip(0) / 4000) + 1e-6
    assert np.all(np.abs(few - wanted) <= error) and np.all(np.abs(many - wanted) <= error)
