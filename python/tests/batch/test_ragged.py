from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from synjax_worker.batch.columns import lists
from synjax_worker.batch.ragged import Buckets, padded, to_column, to_lists
from synjax_worker.errors import InvalidArgument


def test_buckets_are_powers_of_two() -> None:
    assert Buckets(128).widths == (16, 32, 64, 128)
    assert Buckets(4).widths == (4,)
    for largest in (0, 3, -2):
        with pytest.raises(InvalidArgument, match="power of two"):
            Buckets(largest)


def test_rows_go_to_the_least_bucket_that_holds_them() -> None:
    lengths = np.array([3, 17, 16, 0, 65, 64])
    groups = {width: rows.tolist() for width, rows in Buckets(64).groups(lengths)}
    assert groups == {16: [0, 2, 3], 32: [1], 64: [5]}
    assert Buckets(64).too_long(lengths, "x") == {
        4: "x: expected at most 64 elements, the largest bucket, got 65"
    }


def test_rows_are_padded_in_any_order() -> None:
    column = lists(pa.array([[1, 2], [], None, [3, 4, 5]], pa.list_(pa.int32())), "x", np.dtype(np.int32))
    assert padded(column, np.array([3, 0, 1]), 4, -1).tolist() == [[3, 4, 5, -1], [1, 2, -1, -1], [-1] * 4]
    assert padded(column, np.array([], np.int64), 4).shape == (0, 4)
    with pytest.raises(InvalidArgument, match="at least 3"):
        padded(column, np.array([3]), 2)


def test_there_and_back() -> None:
    for rows, kind in (
        ([[1.0, 2.0], [], [3.0]], pa.list_(pa.float32())),
        ([[[1.0, 2.0]], [], [[3.0, 4.0], [5.0, 6.0]]], pa.list_(pa.list_(pa.float32(), 2))),
    ):
        item = (2,) if pa.types.is_fixed_size_list(kind.value_type) else ()
        column = lists(pa.array(rows, kind), "x", np.dtype(np.float32), item)
        back = to_lists(padded(column, np.arange(3), 16), column.lengths)
        assert back.to_pylist() == rows
        back.validate(full=True)


def test_arrays_as_columns() -> None:
    values = np.arange(12, dtype=np.int16).reshape(2, 3, 2)
    assert to_column(values).to_pylist() == values.tolist()
    assert to_column(np.array([True, False])).type == pa.bool_()
    for shape in ((0, 3), (2, 0), (2, 0, 3)):
        column = to_column(np.zeros(shape, np.float32))
        column.validate(full=True)
        assert (len(column), column.to_pylist()) == (shape[0], np.zeros(shape).tolist())
