from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from synjax_worker.batch.columns import dense, lists
from synjax_worker.errors import InvalidArgument

F32, I32, BOOL = np.dtype(np.float32), np.dtype(np.int32), np.dtype(bool)
PAIRS = pa.list_(pa.float32(), 2)


def test_numbers_keep_their_values() -> None:
    found = dense(pa.array([1, 2, 3], pa.int32()), "x", I32)
    assert (found.values.dtype, found.values.tolist(), found.failed) == (I32, [1, 2, 3], {})
    assert dense(pa.array([True, False]), "x", BOOL).values.tolist() == [True, False]
    assert dense(pa.array([1.5, 2]), "x", F32).values.tolist() == [1.5, 2]
    assert dense(pa.array([1.0, np.inf, np.nan]), "x", F32).failed == {}
    assert dense(pa.array([], pa.float32()), "x", F32, (2,)[:0]).values.shape == (0,)


@pytest.mark.parametrize(
    ("values", "kind", "dtype", "bad"),
    [
        ([1, 2**31, -(2**31) - 1], pa.int64(), "int32", {1, 2}),
        ([1, -1], pa.int8(), "uint64", {1}),
        ([1, 2**64 - 1], pa.uint64(), "int64", {1}),
        ([1.0, 1.5, np.nan, np.inf, 2.0**31], pa.float64(), "int32", {1, 2, 3, 4}),
        ([1.0, 2.0**63], pa.float64(), "int64", {1}),
        ([2**24, 2**24 + 1], pa.int32(), "float32", {1}),
        ([1.0, 1e300, np.inf], pa.float64(), "float32", {1}),
        ([1.0, 1e300], pa.float64(), "float16", {1}),
    ],
)
def test_what_a_dtype_does_not_hold_fails_in_its_row(
    values: list, kind: Any, dtype: str, bad: set[int]
) -> None:
    found = dense(pa.array(values, kind), "x", np.dtype(dtype))
    assert set(found.failed) == bad
    assert all(f"x: expected a value of {dtype}, got" in reason for reason in found.failed.values())
    assert found.values[0] == values[0]


def test_rows_of_a_shape() -> None:
    for kind in (PAIRS, pa.list_(pa.float32()), pa.large_list(pa.float64())):
        column = pa.array([[9, 9], [1, 2], [3, 4]], kind).slice(1)
        assert dense(column, "x", F32, (2,)).values.tolist() == [[1, 2], [3, 4]]
    nested = pa.array([[[1], [2]], [[3], [4]]], pa.list_(pa.list_(pa.float64())))
    assert dense(nested, "x", F32, (2, 1)).values.tolist() == [[[1], [2]], [[3], [4]]]
    cubes = pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(12, dtype=np.float32).reshape(2, 2, 3))
    assert dense(cubes, "x", F32, (2, 3)).values[1].tolist() == [[6, 7, 8], [9, 10, 11]]
    with pytest.raises(InvalidArgument, match=r"`x`: expected rows of shape \(3, 2\)"):
        dense(cubes, "x", F32, (3, 2))
    assert dense(pa.array([], PAIRS), "x", F32, (2,)).values.shape == (0, 2)


def test_rows_that_are_wrong_fail_alone() -> None:
    column = pa.array([[1, 2], None, [3], [4, None], [5, 1e300], [6, 7]], pa.list_(pa.float64()))
    found = dense(column, "x", F32, (2,))
    assert sorted(found.failed) == [1, 2, 3, 4]
    assert found.failed[1] == "x: expected a value, got null"
    assert found.failed[2] == "x: expected 2 elements on axis 0, got 1"
    assert found.failed[4].startswith("x: expected a value of float32, got 1e+300")
    assert found.values.tolist() == [[1, 2], [0, 0], [0, 0], [0, 0], [0, 0], [6, 7]]


@pytest.mark.parametrize("values", [["a"], [{"a": 1}], [b"a"], [True], [[1.0]]])
def test_other_types_are_refused(values: list) -> None:
    with pytest.raises(InvalidArgument, match="`x`: expected"):
        dense(pa.array(values), "x", F32)


def test_lists_are_elements_and_lengths() -> None:
    for kind in (pa.list_(pa.int32()), pa.large_list(pa.int64())):
        found = lists(pa.array([[9], [1, 2], [], [3]], kind).slice(1), "x", I32)
        assert (found.elements.tolist(), found.lengths.tolist()) == ([1, 2, 3], [2, 0, 1])
        assert found.lengths.dtype == I32
    for kind in (pa.list_(PAIRS), pa.list_(pa.list_(pa.float64()))):
        found = lists(pa.array([[[1, 2]], [], [[3, 4], [5, 6]]], kind), "x", F32, (2,))
        assert (found.elements.tolist(), found.lengths.tolist()) == ([[1, 2], [3, 4], [5, 6]], [1, 0, 2])


def test_lists_that_are_wrong_fail_alone() -> None:
    column = pa.array(
        [[[1, 2]], None, [[3, 4], None], [[5]], [[6, 7], [8, 9]]], pa.list_(pa.list_(pa.float64()))
    )
    found = lists(column, "x", F32, (2,))
    assert sorted(found.failed) == [1, 2, 3]
    assert (found.elements.tolist(), found.lengths.tolist()) == ([[1, 2], [6, 7], [8, 9]], [1, 0, 0, 0, 2])


def test_no_rows_and_empty_lists() -> None:
    for column in (pa.array([], pa.list_(pa.float32())), pa.array([[], []], pa.list_(pa.null()))):
        found = lists(column, "x", F32)
        assert (found.elements.shape, found.lengths.tolist()) == ((0,), [0] * len(column))
    with pytest.raises(InvalidArgument, match="`x`: expected a column of lists, got double"):
        lists(pa.array([1.0]), "x", F32)
    with pytest.raises(InvalidArgument, match="`x`: expected numbers that fit float32, got string"):
        lists(pa.array([["a"]]), "x", F32)
