"""One process at a time works at an output."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

from ..errors import InvalidArgument

NAME = "lock"


class Lock:
    """Held by a process from here until `release`, or until it ends, however it ends.

    The system keeps it (`flock`), so that nothing is left of a process that was killed. Windows has none.

    Raises:
      InvalidArgument: where another process has it, named by its id and machine.
    """

    def __init__(self, directory: Path) -> None:
        self._file: int | None = None
        if os.name == "nt":
            return
        path = directory / NAME
        while True:
            directory.mkdir(exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                _take(file, directory)
            except BaseException:
                os.close(file)
                raise
            if _is_at(file, path):
                break
            os.close(file)  # whoever had it has removed the directory meanwhile
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode(), 0)
        self._file = file

    def release(self) -> None:
        """Gives it up. Again: nothing."""
        if self._file is not None:
            os.close(self._file)
        self._file = None

    def __del__(self) -> None:
        self.release()


def _take(file: int, directory: Path) -> None:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(file)
        raise InvalidArgument(
            f"`output`: expected that no other run works in {directory.name}, got {holder}: wait for it, or end it.",
            argument="output",
            expected="no other run",
            received=holder,
        ) from None


def _holder(file: int) -> str:
    try:
        found = json.loads(os.pread(file, 1_000, 0))
        return f"process {found['pid']} on {found['host']}"
    except (ValueError, KeyError, TypeError):
        return "another process"  # which has not written its name yet


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
