"""Weights that live apart from the programs: another file, several, or arrays."""

from __future__ import annotations

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker import files
from synjax_worker.errors import InvalidArgument
from tests.files.writing import metadata_of, packed, program, written

DOUBLE = program(2, 0, [["np.add", [-1, -2]]], [0])
FUNCTIONS = {
    "add": {
        "program": 0,
        "arguments": [{"name": "x", "tree": 1}],
        "inputs": [{"weight": "params.w"}, {"dtype": "float32", "shape": [2]}],
        "results": 0,
        "outputs": [{}],
        "flags": {},
    }
}
TYPES = {"params.w": {"dtype": "float32", "shape": [2]}}
W = np.array([1, 2], np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    data = packed({}, metadata_of([DOUBLE], FUNCTIONS, {}, weights=TYPES, weightsFile="other.safetensors"))
    return written(tmp_path, data)


def added(path: Path, weights: object = None) -> list[float]:
    return files.load(path, weights).functions["add"]([10, 10]).tolist()


def test_they_come_from_the_file_that_is_named_or_given(path: Path) -> None:
    written(path.parent, packed({"w": W}, None), "other.safetensors")
    assert added(path) == [11, 12]
    further = written(
        path.parent, packed({"x": W, "params.w": W + 1}, {"format": "pt"}), "further.safetensors"
    )
    assert added(path, further) == [12, 13]
    assert added(path, {"w": jnp.array([5.0, 6.0])}) == [15, 16]


def test_they_may_be_in_several_files(path: Path) -> None:
    written(path.parent, packed({"other": W}, None), "a.safetensors")
    written(path.parent, packed({"w": W}, None), "b.safetensors")
    index = path.parent / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"other": "a.safetensors", "w": "b.safetensors"}}))
    assert added(path, index) == [11, 12]
    for wrong in (
        '{"weight_map":{"w":"../b.safetensors"}}',
        '{"weight_map":{"w":"a.safetensors"}}',
        "{}",
        "[",
    ):
        index.write_text(wrong)
        with pytest.raises(InvalidArgument) as caught:
            files.load(path, index)
        assert caught.value.argument == "weights"


@pytest.mark.parametrize(
    ("tensors", "expected", "received"),
    [
        ({"v": W}, "a tensor `w`", "v"),
        ({"w": W.astype(np.float64)}, "`w` of float32[2]", "float64[2]"),
        ({"w": np.zeros(3, np.float32)}, "`w` of float32[2]", "float32[3]"),
    ],
)
def test_others_are_refused(path: Path, tensors: dict, expected: str, received: str) -> None:
    other = written(path.parent, packed(tensors, None), "other.safetensors")
    for given in (None, other, tensors):
        with pytest.raises(InvalidArgument) as caught:
            files.load(path, given)
        found = caught.value
        assert (found.argument, found.expected, found.received) == ("weights", expected, received)


def test_a_file_that_is_missing_or_cut(path: Path) -> None:
    with pytest.raises(InvalidArgument, match="a file that can be read"):
        files.load(path)
    written(path.parent, packed({"w": W}, None)[:-1], "other.safetensors")
    with pytest.raises(InvalidArgument, match="8 bytes of elements"):
        files.load(path)


def test_weights_are_views_of_the_file(tmp_path: Path) -> None:
    data = packed({"params.w": W}, metadata_of([DOUBLE], FUNCTIONS, {"params.w": W}))
    weights = files.load(written(tmp_path, data)).weights["params.w"]
    assert not weights.flags.owndata and not weights.flags.writeable
