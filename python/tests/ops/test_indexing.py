"""Indexing: NumPy's meaning, and positions out of range refused by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.errors import InvalidArgument
from synjax_worker.registry import load

OPS = load().ops
ALL = (None, None, None)
X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("index", "numpy_index"),
    [
        ((), ()),
        ((1,), 1),
        ((-1, -3), (-1, -3)),
        ((ALL, (1, None, None)), np.s_[:, 1:]),
        ((ALL, (None, None, -1), (0, 4, 2)), np.s_[:, ::-1, 0:4:2]),
        ((("..."), 2), np.s_[..., 2]),
        ((0, "...", (-2, None)), np.s_[0, ..., -2:]),
        ((None, 1, None), np.s_[None, 1, None]),
        (("...",), np.s_[...]),
        ((ALL, np.array([2, -1, 0])), np.s_[:, [2, -1, 0]]),
        ((np.array([[0], [1]]), np.array([0, 2])), np.s_[[[0], [1]], [0, 2]]),
        ((ALL, (5, 9)), np.s_[:, 5:9]),
    ],
)
def test_an_index_means_what_it_means_to_numpy(index, numpy_index):
    np.testing.assert_array_equal(OPS["getitem"].fn(X, index=index), X[numpy_index])
    np.testing.assert_array_equal(OPS["at.get"].fn(X, index=index), X[numpy_index])
    updated = X.copy()
    updated[numpy_index] = 7
    np.testing.assert_array_equal(OPS["at.set"].fn(X, 7, index=index), updated)


def test_an_index_may_be_traced():
    pick = jax.jit(lambda x, i: OPS["getitem"].fn(x, index=(i, ALL, 0)))
    np.testing.assert_array_equal(pick(X, 1), X[1, :, 0])


@pytest.mark.parametrize("method", ["set", "add", "multiply", "min", "max"])
def test_an_update_is_of_the_elements_alone(method):
    index = (0, np.array([1, -1]), (None, 2))
    received = OPS[f"at.{method}"].fn(X, 3, index=index)
    expected = getattr(jnp.asarray(X).at[0, np.array([1, -1]), :2], method)(3)
    np.testing.assert_array_equal(received, expected)
    assert received.dtype == X.dtype


@pytest.mark.parametrize(
    ("index", "expected", "received"),
    [
        ((2,), "between -2 and 1", "2"),
        ((0, -4), "between -3 and 2", "-4"),
        ((0, 0, 0, 0), "at most 3 items, one an axis (a range of positions is one item, [start, stop])", "4"),
        (("...", "..."), "one '...'", "two"),
        (("x",), "'...'", "'x'"),
        ((1.5,), "an integer", "1.5"),
        ((True,), "an integer", "True"),
        (((0, 2, 0),), "a step other than 0", "0"),
        (((0, 1.5),), "a slice [start, stop, step], integers or null", "[0, 1.5]"),
        ((np.array([0.5]),), "an integer tensor", "a tensor of dtype float32"),
        (
            (np.array([True, False]),),
            "an integer tensor (np.where chooses by a mask)",
            "a tensor of dtype bool",
        ),
    ],
)
def test_a_bad_index_is_named(index, expected, received):
    index = tuple(jnp.asarray(item) if isinstance(item, np.ndarray) else item for item in index)
    for name, operands in (("getitem", (X,)), ("at.add", (X, 1))):
        with pytest.raises(InvalidArgument) as caught:
            OPS[name].fn(*operands, index=index)
        assert (caught.value.argument, caught.value.expected, caught.value.received) == (
            "index",
            expected,
            received,
        )


def test_an_update_keeps_the_dtype_or_is_refused():
    integers = np.arange(3, dtype=np.int32)
    assert OPS["at.add"].fn(integers, 1, index=(0,)).dtype == jnp.int32
    with pytest.raises(InvalidArgument, match="float32 does not fit into a tensor of dtype int32") as caught:
        OPS["at.set"].fn(integers, 0.5, index=(0,))
    assert (caught.value.argument, caught.value.expected, caught.value.received) == (
        "value",
        "int32",
        "float32",
    )


def checks(name, *operands, **attributes):
    return [
        (c.argument, np.asarray(c.bad).tolist(), c.expected)
        for c in OPS[name].checks(*operands, **attributes)
    ]


def test_positions_out_of_range_fail_a_check():
    positions = np.array([0, 3, -4, -3], np.int32)
    bad = [False, True, True, False]
    assert checks("getitem", X, index=(ALL, positions)) == [("index", bad, "between -3 and 2")]
    assert checks("at.set", X, 1.0, index=("...", positions, 0)) == [("index", bad, "between -3 and 2")]
    assert checks("getitem", X, index=(1, None, (0, 1))) == []
    assert checks("np.take", X, positions, axis=1) == [("indices", bad, "between -3 and 2")]
    assert checks("np.take", X, np.int32(24)) == [("indices", True, "between -24 and 23")]
    along = checks("np.take_along_axis", X, np.full((2, 1, 4), 3), axis=1)
    assert along == [("indices", np.full((2, 1, 4), True).tolist(), "between -3 and 2")]


def test_two_tensors_in_an_index_are_two_checks():
    found = checks("getitem", X, index=(np.array([2]), ALL, np.array([-5])))
    assert found == [("index", [True], "between -2 and 1"), ("index", [True], "between -4 and 3")]
