"""Files that say what a worker is to compile before it is ready. They are plain data, checked in full before use.

    file       := ["synjax warm-up", 1, content, SHA-256 of content]                              content is bytes
    content    := [hash of the registry, [encoded program, ...], [executable, ...]]
    executable := [program, inputs, donated, flags, careful, nil | [size of the batch, stacked inputs]]

All of it is msgpack. `program` and `stacked inputs` are positions; `inputs`, `donated` and `flags` are those of the
message `compile`, the values of numbers left out; `careful` says that the exact passes were compiled.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

import msgpack

from ..errors import InvalidArgument, SynjaxError
from ..limits import Limits
from ..protocol import COMPILE, FIELDS
from ..runtime.decode import program_hash
from .codec import Compile
from .headers import parse_compile
from .refusals import wrong_setting

MARK = "synjax warm-up"
FORMAT = 1
MOST_BYTES = 64 << 20
_MOST_NAMED = 8  # operations that are missing


class Entry(NamedTuple):
    """What one executable was compiled for."""

    program: bytes  # encoded
    inputs: tuple  # as a compile has them
    donated: tuple[int, ...]
    flags: int
    careful: bool
    batch: tuple[int, tuple[int, ...]] | None  # how many launches together, and which inputs are stacked

    @property
    def name(self) -> str:
        """The hash of the program, as logs have it."""
        return program_hash(self.program).hex()

    def message(self) -> Compile:
        """The message that would ask for it, without a batch. Raises SynjaxError (BAD_MESSAGE)."""
        fields = {
            "seq": 0,
            "hash": program_hash(self.program),
            "hasBody": 1,
            "inputs": [
                [list(part) if type(part) is tuple else part for part in item] for item in self.inputs
            ],
            "donated": list(self.donated),
            "flags": self.flags,
        }
        return parse_compile([COMPILE, *(fields.get(name) for name in FIELDS["compile"])])


def read(path: Path, argument: str, registry: str, ops: Collection[str], limits: Limits) -> list[Entry]:
    """What a file says.

    Args:
      argument: what the user calls the file.
      registry: the hash of the operations that there are, which are `ops` by name.

    Raises:
      InvalidArgument: it is missing, too large, cut, changed, of a newer format, or of other operations.
    """

    def wrong(expected: str, received: str) -> InvalidArgument:
        return wrong_setting(argument, expected, f"{path}: {received}")

    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise wrong(f"a file of at most {MOST_BYTES} bytes", f"{size} bytes")
        outer = path.read_bytes()
    except OSError as error:
        raise wrong("a file that can be read", error.strerror or str(error)) from None
    whole = "a whole file, as --record writes it"
    try:
        mark, form, content, digest = msgpack.unpackb(outer)
    except Exception:  # whatever msgpack says of it
        raise wrong(whole, "another or a part of one") from None
    if mark != MARK or type(form) is not int:
        raise wrong(whole, "another")
    if form > FORMAT:
        raise wrong(f"the format {FORMAT} at most", f"the format {form}, of a newer worker")
    if type(content) is not bytes or hashlib.sha256(content).digest() != digest:
        raise wrong(whole, "one that was changed")
    try:
        theirs, programs, executables = msgpack.unpackb(content)
        if theirs != registry:
            received = f"those of the registry {theirs!s:.80}{_missing(programs, ops)}"
            raise wrong(f"this worker's operations (registry {registry}): record it again", received)
        if len(executables) > limits.executables:
            raise wrong(
                f"{limits.executables} executables at most, the limit `executables`", str(len(executables))
            )
        return [_entry(programs, fields) for fields in executables]
    except InvalidArgument:
        raise
    except Exception as error:
        why = error.message if isinstance(error, SynjaxError) else type(error).__name__
        raise wrong(whole, f"one that cannot be meant ({why})") from None


def write(path: Path, registry: str, entries: Iterable[Entry]) -> int:
    """Writes a file in one step, so that it is always whole. Its size in bytes. Raises OSError."""
    programs: dict[bytes, int] = {}
    executables = [
        [
            programs.setdefault(entry.program, len(programs)),
            entry.inputs,
            entry.donated,
            entry.flags,
            entry.careful,
            entry.batch,
        ]
        for entry in entries
    ]
    content = msgpack.packb([registry, list(programs), executables])
    packed = msgpack.packb([MARK, FORMAT, content, hashlib.sha256(content).digest()])
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(packed)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)
        raise
    return len(packed)


def _entry(programs: list, fields: list) -> Entry:
    """An executable of a file. Raises whatever is wrong with it."""
    program, inputs, donated, flags, careful, batch = fields
    if type(program) is not int or program < 0 or type(careful) is not bool:
        raise SynjaxError("BAD_MESSAGE", "an executable is [program, inputs, donated, flags, careful, batch]")
    if batch is not None:
        size, stacked = batch
        if type(size) is not int or size < 1 or any(type(each) is not int for each in stacked):
            raise SynjaxError("BAD_MESSAGE", "a batch is [size, stacked inputs]")
        if not stacked or not set(stacked) <= set(range(len(inputs))):
            raise SynjaxError("BAD_MESSAGE", "a batch stacks some of the inputs")
        batch = size, tuple(stacked)
    if any(type(item) is not list for item in inputs) or type(programs[program]) is not bytes:
        raise SynjaxError("BAD_MESSAGE", "a program is bytes, an input a type")
    items = tuple(tuple(tuple(part) if type(part) is list else part for part in item) for item in inputs)
    entry = Entry(programs[program], items, tuple(donated), flags, careful, batch)
    entry.message()
    return entry


def _missing(programs: list, ops: Collection[str]) -> str:
    """Which operations are used that there are not here, in words. What is no program uses none."""
    used: set[str] = set()
    for encoded in programs:
        with contextlib.suppress(Exception):
            _, bodies = msgpack.unpackb(encoded)
            used.update(equation[0] for body in bodies for equation in body[2])
    found = sorted(str(name) for name in used.difference(ops))
    more = "…" if len(found) > _MOST_NAMED else ""
    return f", of which there are not here: {', '.join(found[:_MOST_NAMED])}{more}" if found else ""
