"""Files that are cut, changed, of a newer format, or that contradict themselves: each is refused, by name."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgpack
import numpy as np
import pytest

from synjax_worker import files
from synjax_worker.errors import InvalidArgument, SynjaxError
from tests.files.writing import leaf, metadata_of, packed, program, tagger, written

PROGRAMS, FUNCTIONS, WEIGHTS = tagger()


def refused(tmp_path: Path, data: bytes) -> SynjaxError:
    path = written(tmp_path, data)
    with pytest.raises(SynjaxError) as caught:
        files.load(path)
    return caught.value


def whole(**changes: str) -> bytes:
    return packed(WEIGHTS, metadata_of(PROGRAMS, FUNCTIONS, WEIGHTS) | changes)


def with_schema(**changes: object) -> bytes:
    metadata = metadata_of(PROGRAMS, FUNCTIONS, WEIGHTS)
    return packed(WEIGHTS, metadata | {"schema": json.dumps(json.loads(metadata["schema"]) | changes)})


def with_function(**changes: object) -> bytes:
    return with_schema(functions={"tag": FUNCTIONS["tag"] | changes})


def test_a_change_in_any_byte_is_found(tmp_path: Path) -> None:
    data = whole()
    path = written(tmp_path, data)
    with open(path, "r+b", buffering=0) as file:
        for position, byte in enumerate(data):
            file.seek(position)
            file.write(bytes([byte ^ (1 << position % 8)]))
            with pytest.raises(SynjaxError) as caught:
                files.load(path)
            assert caught.value.code == "INVALID_ARGUMENT", position
            file.seek(position)
            file.write(bytes([byte]))
    assert list(files.load(path).functions) == ["tag", "score"]


def test_a_file_cut_anywhere_is_found_and_so_is_one_that_goes_on(tmp_path: Path) -> None:
    data = whole()
    for length in [*range(0, 16), *range(16, len(data), 61), *range(len(data) - 30, len(data))]:
        assert refused(tmp_path, data[:length]).code == "INVALID_ARGUMENT", length
    assert "bytes of elements" in refused(tmp_path, data + b"\0").message


def test_a_newer_format_is_refused_by_its_name_and_says_who_reads_it(tmp_path: Path) -> None:
    error = refused(tmp_path, whole(synjax="3", writer="7.1.0"))
    assert error.received == "the format 3: synjax-ts 7.1.0, which wrote it, or a later one reads it"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    unknown = program(1, 0, [["np.frobnicate", [-1]]], [0])
    of = {"arguments": [{"name": "x", "tree": 0}], "inputs": [leaf("float32")], "flags": {}}
    functions = {"f": {"program": 0, "results": 0, "outputs": [{}]} | of}
    metadata = metadata_of([unknown], functions, {}) | {"ops": '{"np.frobnicate":"0123456789abcdef"}'}
    error = refused(tmp_path, packed({}, metadata))
    assert error.code == "UNKNOWN_OP"
    assert "are not here: np.frobnicate. synjax-ts 0.1.0, which wrote it" in error.message
    error = refused(tmp_path, packed({}, metadata | {"ops": '{"np.sum":"0123456789abcdef"}'}))
    assert "have other signatures here: np.sum" in error.message
    classes = json.dumps({"LinearChainCRF": "0123456789abcdef", "LinearChainCrf2": "0"})
    assert "are not here: LinearChainCrf2" in refused(tmp_path, whole(classes=classes)).message


def test_an_operation_that_the_file_does_not_name_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, whole(ops="{}")).expected == "each operation that is used among `ops`"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inputs": [*FUNCTIONS["tag"]["inputs"], leaf("float32")]}, "arguments of `tag`"),
        ({"inputs": FUNCTIONS["tag"]["inputs"][1:]}, "arguments of `tag`"),
        (
            {
                "inputs": FUNCTIONS["tag"]["inputs"][1:],
                "arguments": [{"name": "e", "tree": 1}, {"name": "l", "tree": 2}],
            },
            "a program of 3 inputs and 1 results for `tag`",
        ),
        ({"outputs": [{}, {}], "results": {"list": [0, 1]}}, "a program of 4 inputs and 2 results"),
        ({"results": 1}, "results of `tag` that are its outputs"),
        ({"program": 2}, "a program of `tag` among 2"),
        ({"arguments": [{"name": "e", "tree": 2}, {"name": "e", "tree": 3}]}, "different names"),
        ({"flags": {"batchable": 1}}, "true or false"),
        ({"results": {"list": 0}}, "as a tree"),
    ],
)
def test_a_program_for_other_inputs_than_its_schema_says(
    tmp_path: Path, changes: dict, expected: str
) -> None:
    assert expected in (refused(tmp_path, with_function(**changes)).expected or "")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"weights": {}}, "among the weights"),
        ({"weights": {"params.initial": {"dtype": "float32", "shape": [3]}}}, "among the weights"),
        ({"programs": ["0" * 64, "0" * 64]}, "program 0 with the hash"),
        ({"functions": []}, "`functions`"),
        ({"weightsFile": "../other.safetensors"}, "in its own directory"),
        ({"weightsFile": "/etc/passwd"}, "in its own directory"),
    ],
)
def test_a_schema_that_contradicts_the_file(tmp_path: Path, changes: dict, expected: str) -> None:
    assert expected in (refused(tmp_path, with_schema(**changes)).expected or "")


def test_weights_of_other_shapes_than_the_schema_says(tmp_path: Path) -> None:
    metadata = metadata_of(PROGRAMS, FUNCTIONS, WEIGHTS)
    other = WEIGHTS | {"params.initial": np.zeros(3, np.float32)}
    hashes = metadata_of(PROGRAMS, FUNCTIONS, other)["tensors"]
    error = refused(tmp_path, packed(other, metadata | {"tensors": hashes}))
    assert error.expected == "`params.initial` of float32[2], as its schema says"


@pytest.mark.parametrize(
    "entry",
    [
        {"data_offsets": [0, 16]},
        {"data_offsets": [8, 16]},
        {"data_offsets": [-8, 0]},
        {"data_offsets": [0, 2**60]},
        {"shape": [2**40, 2**40], "data_offsets": [0, 8]},
        {"shape": [-2]},
        {"shape": [2.0]},
        {"shape": [1] * 100},
        {"dtype": "F8_E4M3"},
        {"dtype": 4},
    ],
)
def test_sizes_are_checked_before_anything_is_allocated(tmp_path: Path, entry: dict) -> None:
    right = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    entries = {"params.initial": right | entry}
    data = packed(WEIGHTS, metadata_of(PROGRAMS, FUNCTIONS, WEIGHTS), **entries)
    assert refused(tmp_path, data).code == "INVALID_ARGUMENT"


def test_other_files(tmp_path: Path) -> None:
    assert refused(tmp_path, packed(WEIGHTS, None)).received == "a safetensors file without programs"
    assert "100000001 bytes" in (refused(tmp_path, (100_000_001).to_bytes(8, "little")).received or "")
    deep = b"[" * 100_000
    assert refused(tmp_path, len(deep).to_bytes(8, "little") + deep).code == "INVALID_ARGUMENT"
    trees = '{"list":[' * 3_000 + "0" + "]}" * 3_000
    schema = metadata_of(PROGRAMS, FUNCTIONS, WEIGHTS)["schema"].replace(
        '"results": 0', f'"results": {trees}'
    )
    assert refused(tmp_path, whole(schema=schema)).code == "INVALID_ARGUMENT"
    with pytest.raises(SynjaxError, match="a file that can be read"):
        files.load(tmp_path / "nowhere.synjax")
    with pytest.raises(SynjaxError, match="a file that can be read"):
        files.load(tmp_path)


def test_a_program_beyond_a_limit_is_refused(tmp_path: Path) -> None:
    large = msgpack.packb([1, [[1, 0, [["np.negative", [-1]]] * 100_001, [0]]]])
    of = {"arguments": [{"name": "x", "tree": 0}], "inputs": [leaf("float32")], "flags": {}}
    functions = {"f": {"program": 0, "results": 0, "outputs": [{}]} | of}
    assert refused(tmp_path, packed({}, metadata_of([large], functions, {}))).code == "LIMIT_EQUATIONS"
    assert refused(tmp_path, packed({}, metadata_of([b"\x91\x01"], functions, {}))).code == "BAD_PROGRAM"


def test_what_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.index.json"
    os.mkfifo(pipe)
    with pytest.raises(InvalidArgument):
        files.load(pipe)
    programs, functions, weights = tagger()
    whole = written(tmp_path, packed(weights, metadata_of(programs, functions, weights)))
    with pytest.raises(InvalidArgument):
        files.load(whole, weights=pipe)
