from __future__ import annotations

import threading
import time
from typing import Any

import jax.numpy as jnp
import numpy as np
import pyarrow as pa
import pytest

from synjax_worker.batch.reader import RowBatch
from synjax_worker.batch.scorer import Argument, Scorer
from synjax_worker.errors import InvalidArgument, SynjaxError

X = Argument("x", np.dtype(np.float32), ("b", "n"))
LENGTHS = Argument("lengths", np.dtype(np.int32), ("b",))
BIAS = Argument("bias", np.dtype(np.float32), ("b",))


def doubled(x: Any, lengths: Any) -> dict[str, Any]:
    inside = jnp.arange(x.shape[1]) < lengths[:, None]
    return {"sum": jnp.where(inside, x, 0).sum(1), "twice": [2 * x, jnp.stack([x, -x], 2)]}


def batch(first: int = 0, failed: dict[int, str] | None = None, **columns: Any) -> RowBatch:
    return RowBatch(first, pa.RecordBatch.from_pydict(columns), failed or {})


def test_lists_of_all_lengths_in_the_order_of_the_input() -> None:
    rows = [[float(i)] * length for i, length in enumerate([3, 17, 0, 16, 40, 1, 33])]
    scorer = Scorer(doubled, [X, LENGTHS], rows=4, largest=64)
    found = scorer(batch(first=100, x=rows))
    assert found.data.schema == scorer.schema
    assert found.failed == {}
    assert found.data["row"].to_pylist() == list(range(100, 107))
    assert found.data["sum"].to_pylist() == [sum(row) for row in rows]
    assert found.data["twice.0"].to_pylist() == [[2 * x for x in row] for row in rows]
    assert found.data["twice.1"].to_pylist() == [[[x, -x] for x in row] for row in rows]


def test_few_shapes_are_compiled() -> None:
    shapes = set()

    def function(x: Any) -> Any:
        shapes.add(x.shape)
        return x.sum(1)

    scorer = Scorer(function, [X], rows=8, largest=32)
    shapes.clear()
    for count in range(1, 20):
        scorer(batch(x=[[1.0] * (i % 33) for i in range(count)]))
    assert shapes <= {(rows, width) for rows in (1, 8) for width in (16, 32)}


def test_rows_that_fail_are_set_aside_with_the_reason() -> None:
    def function(x: Any, bias: Any) -> Any:
        if isinstance(x, np.ndarray) and (x == 13).any():
            raise SynjaxError("CHECK_FAILED", "thirteen")
        return x.sum(1) + bias

    rows = [[1.0], None, [2.0] * 40, [13.0], [3.0], [4.0], [None]]
    scorer = Scorer(function, [X, BIAS], {"x": "y"}, largest=32)
    found = scorer(batch(10, {4: "no JSON"}, y=rows, bias=[0.5, 0.5, 0.5, 0.5, 0.5, None, 0.5]))
    assert scorer.columns == ["y", "bias"]
    assert found.data.to_pydict() == {"row": [10], "result": [1.5]}
    assert found.failed == {
        11: "y: expected a value, got null",
        12: "lists: expected at most 32 elements, the largest bucket, got 40",
        13: "[CHECK_FAILED] thirteen",
        14: "no JSON",
        15: "bias: expected a value, got null",
        16: "y: expected a value, got null",
    }


def test_lists_of_one_row_are_equally_long() -> None:
    other = Argument("z", X.dtype, ("b", "n"))
    found = Scorer(lambda x, z: (x * z).sum(1), [X, other])(batch(x=[[1.0, 2.0], [1.0]], z=[[1.0, 1.0], []]))
    assert found.data["result"].to_pylist() == [3]
    assert found.failed == {1: "z: expected 1 elements, as in x, got 0"}


def test_rows_of_one_shape_need_no_buckets() -> None:
    found = Scorer(lambda bias: 2 * bias, [BIAS])(batch(bias=[1.0, 2.0, 3.0]))
    assert found.data["result"].to_pylist() == [2, 4, 6]
    assert Scorer(lambda bias: bias, [BIAS])(batch(bias=pa.array([], pa.float32()))).data.num_rows == 0


def test_what_cannot_be_scored_is_refused_at_once() -> None:
    with pytest.raises(InvalidArgument, match="`map`: expected arguments among x, got y"):
        Scorer(lambda x: x, [X], {"y": "x"})
    with pytest.raises(InvalidArgument, match="`lengths`: expected a column for it"):
        Scorer(lambda lengths: lengths, [LENGTHS])
    with pytest.raises(InvalidArgument, match="`x`: expected rows, and one more free dim"):
        Scorer(lambda x: x, [Argument("x", X.dtype, ("b", "n", "m"))])
    with pytest.raises(InvalidArgument, match="`result`: expected a result of"):
        Scorer(lambda x: x[:, :, None] * x[:, None], [X])
    with pytest.raises(InvalidArgument, match="`x`: expected a column of lists, got double"):
        Scorer(lambda x: x, [X])(batch(x=[1.0]))


def test_threads_score_what_one_does_and_fail_the_same_rows() -> None:
    rng = np.random.default_rng(0)
    rows = [list(rng.normal(size=n)) for n in rng.integers(1, 60, 500)]
    inside: set[int] = set()

    def function(x: Any, lengths: Any) -> Any:
        if isinstance(x, np.ndarray):
            inside.add(threading.get_ident())
            time.sleep(0.001)
            if (x > 3).any():
                raise SynjaxError("CHECK_FAILED", "too large")
        return doubled(x, lengths)

    alone, together = (Scorer(function, [X, LENGTHS], rows=16, largest=64, threads=n) for n in (1, 2))
    expected = alone(batch(x=rows))
    inside.clear()
    found = together(batch(x=rows))
    assert found.data.equals(expected.data)
    assert found.failed == expected.failed and found.failed
    assert len(inside) == 2


def test_of_long_lists_fewer_run_together() -> None:
    shapes = set()

    def function(x: Any) -> Any:
        shapes.add(x.shape)
        return x.sum(1)

    rows = [[1.0] * n for n in [3] * 20 + [100] * 20 + [250] * 20]
    found = Scorer(function, [X], rows=16, largest=256)(batch(x=rows))
    assert found.data["result"].to_pylist() == [len(row) for row in rows]
    ran = {shape for shape in shapes if isinstance(shape[0], int) and shape[1] not in (5, 7)}
    assert ran == {(16, 16), (2, 16), (8, 128), (1, 128), (4, 256)}


@pytest.mark.parametrize("threads", [1, 2])
def test_what_ends_one_thread_ends_all(threads: int) -> None:
    ran: list[int] = []

    def function(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            ran.append(threading.get_ident())
            time.sleep(0.002)
            if (x == 7).any():
                raise ValueError("not this one")
        return x.sum(1)

    rows = [[7.0]] + [[1.0]] * 499
    with pytest.raises(ValueError, match="not this one"):
        Scorer(function, [X], rows=1, largest=16, threads=threads)(batch(x=rows))
    assert len(ran) < 50
    if threads == 1:  # on which a plugin was made
        assert set(ran) == {threading.get_ident()}
