"""Recording what a worker compiles, so that the next one can compile it before it is ready."""

from __future__ import annotations

import collections
import logging
import threading
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import msgpack

from ..protocol import INPUT_ARRAY, INPUT_FLOAT, INPUT_INT
from ..runtime.program import Program
from .refusals import wrong_setting
from .warm_file import MOST_BYTES, Entry, write

log = logging.getLogger("synjax_worker")

_PAUSE_SECONDS = 0.5  # between a change and the file: what is compiled comes in bursts
_MOST_PROGRAM_BYTES = MOST_BYTES - (16 << 20)  # the rest is for the types of inputs


class Recorder:
    """Keeps the latest executables in a file, which a thread of its own writes."""

    def __init__(self, path: Path, registry: str, most: int, known: Iterable[Entry] = ()):
        """
        Args:
          most: executables that it keeps.
          known: what was recorded before.

        Raises:
          InvalidArgument: the file cannot be written.
        """
        self._path, self._registry, self._most = path, registry, most
        self._lock = threading.Lock()  # guards what there is
        self._writing = threading.Lock()
        self._changed = threading.Event()
        self._ends = threading.Event()
        self._entries: dict[bytes, Entry] = {}  # by all that they say, except whether they are careful
        self._uses: collections.Counter[bytes] = collections.Counter()  # entries, by program
        self._bytes = 0  # of these programs
        for entry in known:
            self._keep(entry)
        try:
            write(path, registry, self._entries.values())
        except OSError as error:
            why = f"{path}: {error.strerror or error}"
            raise wrong_setting("--record", "a file that can be written", why) from None

    def compiled(self, program: Program, key: tuple, careful: bool) -> None:
        """Notes an executable: see `Resolved.key`. Without effect where what it takes cannot be told in a file."""
        entry = _entry_of(program, key, careful)
        if entry is None:
            log.debug("a program that takes objects is not recorded", extra={"program": key[0].hex()})
            return
        with self._lock:
            self._keep(entry)
        self._changed.set()

    def start(self) -> None:
        """Writes from now on, whenever something has changed."""
        threading.Thread(target=self._loop, name="recorder", daemon=True).start()

    def close(self) -> None:
        """Writes what has changed since."""
        self._ends.set()
        self._write()

    def _loop(self) -> None:
        while not self._ends.is_set():
            self._changed.wait()
            self._ends.wait(_PAUSE_SECONDS)
            self._write()

    def _write(self) -> None:
        with self._writing:
            if not self._changed.is_set():
                return
            self._changed.clear()
            with self._lock:
                entries = list(self._entries.values())
            try:
                write(self._path, self._registry, entries)
            except OSError as error:  # the next change tries again
                log.error("what was compiled is not recorded", extra={"why": str(error)})

    def _keep(self, entry: Entry) -> None:
        """Adds an entry, as the latest; the oldest are forgotten beyond what may be kept."""
        name = msgpack.packb(entry._replace(careful=False))
        self._drop(name)
        self._entries[name] = entry
        self._uses[entry.program] += 1
        if self._uses[entry.program] == 1:
            self._bytes += len(entry.program)
        while len(self._entries) > self._most or (
            self._bytes > _MOST_PROGRAM_BYTES and len(self._entries) > 1
        ):
            self._drop(next(iter(self._entries)))

    def _drop(self, name: bytes) -> None:
        entry = self._entries.pop(name, None)
        if entry is None:
            return
        self._uses[entry.program] -= 1
        if not self._uses[entry.program]:
            del self._uses[entry.program]
            self._bytes -= len(entry.program)


def _entry_of(program: Program, key: tuple, careful: bool) -> Entry | None:
    """What is to be said of an executable; None where it takes objects, or inputs that have failed."""
    _, flags, donated, *batch, signatures = key
    inputs = [_input(signature) for signature in signatures]
    if program.encoded is None or None in inputs:
        return None
    together = None
    if batch:
        _, size, axes = batch[0]
        together = size, tuple(position for position, axis in enumerate(axes) if axis is not None)
    return Entry(program.encoded, tuple(inputs), tuple(donated), flags, careful, together)


def _input(signature: Hashable) -> tuple[Any, ...] | None:
    """A type of an input as a compile has it."""
    if type(signature) is type:
        return (INPUT_INT, 0) if signature is int else (INPUT_FLOAT, 0.0)
    if len(signature) != 3 or signature[0] == "poisoned":
        return None
    dtype, shape, weak = signature
    return INPUT_ARRAY, dtype, tuple(shape), weak
