"""Arrays that a worker reads from files of its client's."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from synjax_worker.limits import Limits
from synjax_worker.protocol import INPUT_FILE
from synjax_worker.worker import file_arrays
from synjax_worker.worker.codec import FileArray
from tests.runtime.client import Client, Worker
from tests.runtime.test_forwards import ADD, PUT

OFFSET = 12


@pytest.fixture(scope="module")
def own() -> Iterator[Client]:
    """Of a worker that its client has started, and may have read files."""
    worker = Worker(python=True)
    client = Client(worker)
    for program in (PUT, ADD):  # a client sends each once
        client.run(program, np.float32([1]))
    yield client
    client.close()
    worker.close()


def stamp_of(path: Path) -> str:
    found = path.stat()
    return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"


def written(file: Path, value: np.ndarray, **changes: object) -> list:
    """A file with an array, and that array as an input of a launch."""
    file.write_bytes(bytes(OFFSET) + value.tobytes() + b"more")
    of = {"dtype": str(value.dtype), "shape": list(value.shape), "path": str(file), "offset": OFFSET}
    return [INPUT_FILE, *(of | {"stamp": stamp_of(file)} | changes).values()]


@pytest.mark.parametrize("dtype", ["float32", "int8", "float64", "uint64"])
@pytest.mark.parametrize(
    "shape", [(), (0, 3), (7,), (3, file_arrays._PIECE // 8), (9 << 20,)]
)  # the last: pages of its own
def test_an_array_is_read(own: Client, tmp_path: Path, dtype: str, shape: tuple) -> None:
    value = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    at = written(tmp_path / "weights", value)
    found = own.run(PUT, at)
    assert found.dtype == value.dtype
    np.testing.assert_array_equal(found, value)
    if value.size:
        np.testing.assert_array_equal(own.run(ADD, at), value + value.dtype.type(1))


def test_what_has_been_read_stays(own: Client, tmp_path: Path) -> None:
    path, value = tmp_path / "weights", np.arange(100_000, dtype=np.float32)
    handle = own.put(written(path, value))
    own.fetch(handle)
    path.write_bytes(b"")
    np.testing.assert_array_equal(own.fetch(handle)[0], value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"stamp": "1-2-3"}, "as it was when it was loaded"),
        ({"offset": OFFSET + 8}, "a whole file"),
        ({"path": "/nowhere"}, "a file that can be read"),
        ({"shape": [1 << 45]}, "OUT_OF_MEMORY"),
    ],
)
def test_a_file_that_is_not_what_the_client_says(
    own: Client, tmp_path: Path, changes: dict, expected: str
) -> None:
    error = own.launch(
        PUT, written(tmp_path / "weights", np.arange(100_000, dtype=np.float32), **changes)
    ).error()
    assert expected in f"{error['code']} {error['message']}"
    assert own.run(PUT, np.float32([1])).tolist() == [1]


def test_a_file_that_was_changed_since(own: Client, tmp_path: Path) -> None:
    path, value = tmp_path / "weights", np.arange(3, dtype=np.float32)
    at = written(path, value)
    os.utime(path, ns=(1, 1))
    assert own.launch(PUT, at).error()["code"] == "INVALID_ARGUMENT"
    assert own.run(PUT, np.float32([1])).tolist() == [1]


def test_what_cannot_be_meant_is_no_message(own: Client, tmp_path: Path) -> None:
    path, value = tmp_path / "weights", np.arange(3, dtype=np.float32)
    for changes in [
        {"path": 1},
        {"path": "a\0b"},
        {"path": "a" * 5_000},
        {"stamp": None},
        {"offset": -1},
        {"dtype": "key"},
    ]:
        assert own.launch(PUT, written(path, value, **changes)).error()["code"] == "BAD_MESSAGE"
    assert own.launch(PUT, written(path, value)[:-1]).error()["code"] == "BAD_MESSAGE"


def test_no_other_worker_reads_files(client: Client, tmp_path: Path) -> None:
    error = client.launch(PUT, written(tmp_path / "weights", np.float32([1]))).error()
    assert error["code"] == "BAD_MESSAGE"


class _Pages(mmap.mmap):
    """Of a system without huge pages."""

    def madvise(self, *_: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileArray:
    monkeypatch.setattr(file_arrays, "_LARGE", 1)
    value = np.arange(1000, dtype=np.float32)
    _, dtype, shape, *place = written(tmp_path / "weights", value)
    return FileArray(dtype, tuple(shape), *place)


def test_huge_pages_are_nothing_that_must_be(large: FileArray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_arrays.mmap, "mmap", _Pages)
    found = file_arrays.array_in_file(large, Limits())
    np.testing.assert_array_equal(found, np.arange(1000, dtype=np.float32))


def test_no_memory_is_said_as_that(large: FileArray, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(file_arrays.mmap, "mmap", full)
    with pytest.raises(MemoryError):
        file_arrays.array_in_file(large, Limits())
