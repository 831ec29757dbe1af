"""The messages of arguments that do not fit."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker import shapes
from synjax_worker.errors import InvalidArgument

REFUSED = [
    (
        {"emission": ((8, 120, 17), "*batch n t"), "lengths": ((7,), "*batch")},
        "`lengths` has shape (7), expected (*batch) = (8) to match `emission` (8, 120, 17) as (*batch n t).",
    ),
    (
        {"transition": ((16, 16), "*batch t t"), "emission": ((8, 120, 17), "*batch n t")},
        "`emission` has shape (8, 120, 17), expected (*batch n t) with t = 16 to match `transition` (16, 16) as "
        "(*batch t t).",
    ),
    (
        {"transition": ((3, 4), "*batch t t")},
        "`transition` has shape (3, 4), expected (*batch t t) with t = 3.",
    ),
    (
        {"emission": ((4,), "*batch n t")},
        "`emission` has shape (4), expected (*batch n t): at least 2 dimensions.",
    ),
    ({"root": ((2, 4), "t")}, "`root` has shape (2, 4), expected (t): 1 dimension."),
    (
        {"emission": ((8, 5, 3), "*batch n t"), "initial": ((2, 3), "*batch t")},
        "`initial` has shape (2, 3), expected (*batch t) with *batch = (8) to match `emission` (8, 5, 3) as "
        "(*batch n t).",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_does_not_fit_is_named(arguments: dict, message: str) -> None:
    given = {name: (np.zeros(shape), dims) for name, (shape, dims) in arguments.items()}
    with pytest.raises(InvalidArgument) as refused:
        shapes.bind(given)
    assert str(refused.value) == message
    assert refused.value.argument == list(arguments)[-1]
    assert refused.value.code == "INVALID_ARGUMENT"


def test_batches_are_broadcast_and_absent_arguments_left_out() -> None:
    dims = shapes.bind(
        {
            "emission": (np.zeros((5, 1, 7, 3)), "*batch n t"),
            "transition": (np.zeros((3, 3)), "*batch t t"),
            "initial": (None, "*batch t"),
            "lengths": (np.zeros(4), "*batch"),
        }
    )
    assert dims.batch == (5, 4)
    assert dims.sizes == {"n": 7, "t": 3}


def test_lengths_out_of_range_say_where() -> None:
    with pytest.raises(InvalidArgument, match=r"`lengths\[1\]` is 9, expected 0 to 8"):
        shapes.check_lengths("lengths", jnp.array([3, 9]), 8)


@pytest.mark.parametrize("value", [np.zeros(3, np.int32), np.zeros(3, np.float16), "abc"])
def test_potentials_are_floats(value: object) -> None:
    with pytest.raises(InvalidArgument, match="potentials"):
        shapes.as_float("potentials", value)


@pytest.mark.parametrize(
    ("lost", "question"), [(1, "Did one sentence get lost"), (3, "Did 3 sentences get lost")]
)
def test_lengths_of_another_batch_ask_what_got_lost(lost: int, question: str) -> None:
    arguments = {"emission": (np.zeros((8, 5, 3)), "*batch n t"), "lengths": (np.zeros(8 - lost), "*batch")}
    with pytest.raises(InvalidArgument, match=rf"\.\n  {question} while padding\?$"):
        shapes.bind(arguments, lengths=["lengths"])
    with pytest.raises(InvalidArgument, match=r"\(\*batch n t\)\.$"):
        shapes.bind(arguments)
