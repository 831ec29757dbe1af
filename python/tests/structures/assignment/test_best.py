"""The best matching and the k best, against SciPy and against all matchings."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator

import jax
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from synjax_worker.structures.assignment import Assignment, Potentials

ASSIGNMENT = Assignment()
LOWEST, LARGEST = (float(x) for x in (np.finfo(np.float32).min, np.finfo(np.float32).max))
ITEMS = 10

Kind = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

KINDS: dict[str, Kind] = {
    "tiny": lambda rng, shape: rng.normal(size=shape) * 1e-3,
    "plain": lambda rng, shape: rng.normal(size=shape),
    "large": lambda rng, shape: rng.normal(size=shape) * 1e4,
    "immense": lambda rng, shape: rng.normal(size=shape) * 1e30,
    "ties": lambda rng, shape: rng.integers(0, 4, shape).astype(float),
    "forbidden": lambda rng, shape: np.where(rng.random(shape) < 0.45, -np.inf, rng.normal(size=shape)),
    "cancelling": lambda rng, shape: np.where(
        rng.random(shape) < 0.4, rng.choice([-3e9, -1e9, 1e9, 2e9], shape), rng.normal(size=shape)
    ),
    "masked": lambda rng, shape: np.where(
        rng.random(shape) < 0.4, rng.choice([LOWEST, -1e38], shape), rng.normal(size=shape)
    ),
    "of all sizes": lambda rng, shape: np.where(
        rng.random(shape) < 0.5, rng.choice([LOWEST, LARGEST], shape), rng.normal(size=shape)
    ),
}
SHAPES = [(1, 1), (5, 5), (4, 9), (9, 4), (24, 24), (3, 40)]


def tables(kind: str, shape: tuple[int, int], dtype: type) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A batch, half of it ragged, with garbage beyond the lengths."""
    rng = np.random.default_rng(len(kind) + shape[0])
    table = KINDS[kind](rng, (ITEMS, *shape)).astype(dtype)
    rows, cols = (rng.integers(0, extent + 1, ITEMS).astype(np.int32) for extent in shape)
    rows[: ITEMS // 2], cols[: ITEMS // 2] = shape
    for item in range(ITEMS):
        table[item, rows[item] :] = np.nan
        table[item, :, cols[item] :] = np.inf
    return table, {"lengths_rows": rows, "lengths_cols": cols}


def cells(table: np.ndarray, lengths: dict[str, np.ndarray], item: int) -> np.ndarray:
    return table[item, : lengths["lengths_rows"][item], : lengths["lengths_cols"][item]].astype(np.float64)


def matched(pairs: np.ndarray, own: np.ndarray) -> float:
    """The score of pairs, which are a matching: exact up to one rounding."""
    count = min(own.shape)
    rows, cols = pairs[:count].T
    assert (pairs[count:] == -1).all()
    assert (np.diff(rows) > 0).all() and len(set(cols)) == count
    assert count == 0 or (rows.min() >= 0 and cols.min() >= 0)
    return math.fsum(own[rows, cols])


def best_by_scipy(own: np.ndarray) -> float:
    try:
        return math.fsum(own[linear_sum_assignment(own, maximize=True)])
    except ValueError:
        return -math.inf


argmax = jax.jit(lambda table, lengths: ASSIGNMENT.argmax(Potentials(table), lengths))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_best_is_as_good_as_that_of_scipy(shape: tuple[int, int], dtype: type) -> None:
    """At any scale: SciPy's sums in float64 round at the largest number, so ours may be better."""
    for kind in KINDS:
        table, lengths = tables(kind, shape, dtype)
        with jax.enable_x64(dtype == np.float64):
            found, possible = jax.device_get(argmax(table, lengths))
        for item in range(ITEMS):
            own = cells(table, lengths, item)
            want = best_by_scipy(own)
            assert possible[item] == (want > -math.inf), (kind, item)
            if possible[item]:
                got = matched(found[item], own)
                # What differs by less than some roundings of the score is as good.
                assert got >= want - 64 * float(np.finfo(dtype).eps) * max(1, abs(want)), (
                    kind,
                    item,
                    got,
                    want,
                )


@pytest.mark.parametrize("kind", ["cancelling", "masked", "of all sizes"])
def test_the_best_is_best_where_float64_sums_are_not_exact(kind: str) -> None:
    """Among all matchings, compared by exact sums."""
    shape = (4, 5)
    table, lengths = tables(kind, shape, np.float32)
    found, _ = jax.device_get(argmax(table, lengths))
    for item in range(ITEMS):
        own = cells(table, lengths, item)
        matched(found[item], own)
        rows, cols = found[item][: min(own.shape)].T
        for other in every_matching(own):
            more = math.fsum([*other, *-own[rows, cols]])
            assert more <= 1e-5, (kind, item, more)


def every_matching(own: np.ndarray) -> Iterator[np.ndarray]:
    """The potentials of the cells of each."""
    own = own.T if own.shape[0] > own.shape[1] else own
    rows = np.arange(own.shape[0])
    for columns in itertools.permutations(range(own.shape[1]), own.shape[0]):
        yield own[rows, list(columns)]


# ------------------------------------------------------------------------------------------------------------ k best


@functools.cache
def top_k(k: int) -> Callable:
    return jax.jit(lambda table, lengths: ASSIGNMENT.top_k(Potentials(table), lengths, k))


@pytest.mark.parametrize("kind", KINDS)
def test_the_k_best_are_those_of_all_matchings(kind: str) -> None:
    k, shape = 12, (4, 5)
    table, lengths = tables(kind, shape, np.float32)
    found, real = jax.device_get(top_k(k)(table, lengths))
    for item in range(ITEMS):
        own = cells(table, lengths, item)
        scores = [math.fsum(terms) for terms in every_matching(own) if not np.isneginf(terms).any()]
        want = sorted(scores, reverse=True)[:k]
        assert real[:, item].sum() == len(want) and real[: len(want), item].all(), (kind, item)
        got = [matched(pairs, own) for pairs in found[: len(want), item]]
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6, err_msg=f"{kind} {item}")
        assert len({pairs.tobytes() for pairs in found[: len(want), item]}) == len(want), (kind, item)
        assert (found[len(want) :, item] == -1).all()


def test_many_of_a_table_with_ties() -> None:
    """The 300 best of 8! matchings of small whole numbers, all distinct."""
    table = np.random.default_rng(0).integers(0, 10, (1, 8, 8)).astype(np.float32)
    full = np.array([8], np.int32)
    found, real = jax.device_get(top_k(300)(table, {"lengths_rows": full, "lengths_cols": full}))
    orders = np.array(list(itertools.permutations(range(8))))
    want = np.sort(table[0][np.arange(8), orders].sum(1))[::-1][:300]
    got = [matched(pairs, table[0]) for pairs in found[:, 0]]
    assert real.all() and len({pairs.tobytes() for pairs in found[:, 0]}) == 300
    np.testing.assert_array_equal(got, want)


def test_the_second_best_of_a_large_table() -> None:
    """It is without one of the cells of the best: the best of all tables that forbid one."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(2, 30, 40)).astype(np.float32)
    lengths = {
        name: np.array(sizes, np.int32)
        for name, sizes in (("lengths_rows", (30, 30)), ("lengths_cols", (40, 21)))
    }
    found, _ = jax.device_get(top_k(2)(table, lengths))
    for item in range(2):
        own = cells(table, lengths, item)
        first, second = (matched(pairs, own) for pairs in found[:, item])
        others = []
        for row, col in found[0, item][: min(own.shape)]:
            without = own.copy()
            without[row, col] = -np.inf
            others.append(best_by_scipy(without))
        np.testing.assert_allclose((first, second), (best_by_scipy(own), max(others)), rtol=1e-6)
        assert second < first


def test_items_of_a_batch_do_not_disturb_each_other() -> None:
    """Alone, and under `vmap`, each has the matching that it has in the batch."""
    table, lengths = tables("plain", (6, 7), np.float32)
    found, _ = jax.device_get(argmax(table, lengths))
    one = lambda table, rows, cols: ASSIGNMENT.argmax(
        Potentials(table[None]), {"lengths_rows": rows[None], "lengths_cols": cols[None]}
    )[0][0]
    mapped = jax.jit(jax.vmap(one))(table, lengths["lengths_rows"], lengths["lengths_cols"])
    np.testing.assert_array_equal(mapped, found)
