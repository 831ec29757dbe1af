"""The files that say what to compile before a worker is ready: what they hold, and how they come to be."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import jax
import msgpack
import pytest

from synjax_worker.errors import InvalidArgument
from synjax_worker.limits import Limits
from synjax_worker.runtime.program import Program
from synjax_worker.worker import warm_file
from synjax_worker.worker.recorder import Recorder
from synjax_worker.worker.warm_file import FORMAT, MARK, read, write
from tests.runtime.client import hash_of
from tests.runtime.test_optimistic import ADD_ONE
from tests.runtime.test_serving import TWICE
from tests.runtime.test_warm import FLOATS, OPS, entry, gate


def test_a_file_has_all_that_was_written(tmp_path: Path) -> None:
    entries = [
        entry(),
        entry(ADD_ONE, (1, "float32", (2, 3), True), (0, 0), (2, 0.0), donated=(0,), flags=2, careful=True),
        entry(TWICE, FLOATS, FLOATS, batch=(8, (1,))),
    ]
    write(tmp_path / "warm", "abc", entries)
    assert read(tmp_path / "warm", "--warm", "abc", OPS, Limits()) == entries
    assert [path.name for path in tmp_path.iterdir()] == ["warm"]
    assert entries[1].message().inputs[0] == ("float32", (2, 3), True)


def packed(content: Any, form: int = FORMAT, mark: str = MARK) -> bytes:
    inner = content if isinstance(content, bytes) else msgpack.packb(content)
    return msgpack.packb([mark, form, inner, hashlib.sha256(inner).digest()])


def with_one(*fields: Any) -> bytes:
    return packed(["abc", [ADD_ONE], [list(fields)]])


GOOD = with_one(0, [FLOATS], [], 0, False, None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "another or a part of one"),
        (GOOD[:-1], "another or a part of one"),
        (GOOD.replace(b"float32", b"float16"), "one that was changed"),
        (packed(["abc", [], []], mark="synjax programs"), "got .*: another$"),
        (packed(["abc", [], []], form=FORMAT + 1), f"the format {FORMAT + 1}, of a newer worker"),
        (packed({"abc": 1}), "cannot be meant"),
        (packed(["abc", [ADD_ONE], [3]]), "cannot be meant"),
        (packed(["xyz", [ADD_ONE], []]), "those of the registry xyz$"),
        (packed(["xyz", [ADD_ONE, TWICE, b"?"], []]), "xyz$"),
        (packed(["xyz", [gate(Path("x"))], []]), "of which there are not here: test.gate"),
        (packed(["abc", [ADD_ONE], [[0, [FLOATS], [], 0, False, None]] * 4]), "the limit `executables`, got"),
        (with_one(1, [FLOATS], [], 0, False, None), "IndexError"),
        (with_one(-1, [FLOATS], [], 0, False, None), "cannot be meant"),
        (with_one(0, [5], [], 0, False, None), "an input a type"),
        (with_one(0, [[1, "float31", [3], False]], [], 0, False, None), "no dtype 'float31'"),
        (with_one(0, [FLOATS], [1], 0, False, None), "donated: 1 of 1"),
        (with_one(0, [FLOATS], [], 64, False, None), "flags are bits"),
        (with_one(0, [FLOATS], [], 0, 0, None), "cannot be meant"),
        (with_one(0, [FLOATS], [], 0, False, [0, [0]]), "a batch is"),
        (with_one(0, [FLOATS], [], 0, False, [2, [1]]), "a batch stacks some"),
        (with_one(0, [FLOATS], [], 0, False, [2, []]), "a batch stacks some"),
    ],
)
def test_a_file_that_cannot_be_meant_says_why(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "warm").write_bytes(GOOD)
    limits = Limits(executables=3)
    assert read(tmp_path / "warm", "--warm", "abc", OPS | {"np.multiply", "np.add"}, limits) == [entry()]
    (tmp_path / "warm").write_bytes(content)
    with pytest.raises(InvalidArgument, match=words) as found:
        read(tmp_path / "warm", "--warm", "abc", OPS, limits)
    assert found.value.argument == "--warm"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "warm").write_bytes(GOOD)
    monkeypatch.setattr(warm_file, "MOST_BYTES", len(GOOD) - 1)
    with pytest.raises(InvalidArgument, match=f"at most {len(GOOD) - 1} bytes, got .*: {len(GOOD)} bytes"):
        read(tmp_path / "warm", "--warm", "abc", OPS, Limits())


# ---------------------------------------------------------------------------------------------------------- recording


class Recording:
    """A recorder, and what is in its file."""

    def __init__(self, path: Path, most: int = 100):
        self.path = path
        self.recorder = Recorder(path, "abc", most)

    def compiled(self, size: int, *, encoded: bytes | None = ADD_ONE, careful: bool = False) -> None:
        key = (hash_of(ADD_ONE), 0, (), (("float32", (size,), False), int))
        self.recorder.compiled(Program((), encoded), key, careful)

    def sizes(self) -> list[tuple[int, bool]]:
        self.recorder.close()
        entries = read(self.path, "--record", "abc", OPS, Limits())
        return [(entry.inputs[0][2][0], entry.careful) for entry in entries]


def test_the_latest_are_kept_once_each(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "warm", most=3)
    assert recording.sizes() == [], "a file from the start"
    for size in (1, 2, 3, 1, 4):
        recording.compiled(size)
    recording.compiled(3, careful=True)
    assert recording.sizes() == [(1, False), (4, False), (3, True)]


def test_what_is_too_large_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synjax_worker.worker.recorder._MOST_PROGRAM_BYTES", 2 * len(ADD_ONE))
    recording = Recording(tmp_path / "warm")
    for size in (1, 2, 3):
        recording.compiled(size)
    for size in (4, 5):
        recording.compiled(size, encoded=ADD_ONE + bytes(len(ADD_ONE)))  # with ADD_ONE it is too much
    assert recording.sizes() == [(4, False), (5, False)]


def test_objects_and_failed_inputs_are_not_recorded(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "warm")
    structure = jax.tree.structure((1, 2))
    for signature in ((structure, (("float32", (), False),)), ("poisoned", (), False)):
        recording.recorder.compiled(Program((), ADD_ONE), (hash_of(ADD_ONE), 0, (), (signature,)), False)
    recording.compiled(1)
    assert recording.sizes() == [(1, False)]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="a file that can be written") as found:
        Recorder(tmp_path / "nowhere" / "warm", "abc", 3)
    assert found.value.argument == "--record"
