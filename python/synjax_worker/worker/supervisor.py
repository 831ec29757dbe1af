"""A supervisor: it has a worker as its child, and starts the next one where that one ends as it should not.

It knows nothing of what the worker does: it hears its signs of life through a pipe, passes on the line with which each
worker says that it is ready, and the signals that come.
"""

from __future__ import annotations

import collections
import contextlib
import json
import logging
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any

from .ports import HeldPort

log = logging.getLogger("synjax_worker")

ENDED_BY_SIGNAL = 128  # and the number of the signal: the status of a process that a shell sees
GRACE_SECONDS = 1.0  # for a silent worker to say where its threads are and to end by itself
_MINUTE = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds before a restart; each is twice the one before
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))


class Supervisor:
    """Runs one worker at a time."""

    def __init__(
        self,
        command: Callable[[int], Sequence[str]],
        *,
        hang_after: float | None = None,
        most_restarts: int,
        held: HeldPort | None = None,
    ):
        """
        Args:
          command: what to run, given the descriptor to which a worker writes its signs of life.
          hang_after: seconds without a sign of life, after the first one, until a worker is killed; None: never.
          most_restarts: in a minute. Beyond them the supervisor ends with the status of the last worker.
          held: the port of the workers.
        """
        self._command = command
        self._hang_after = hang_after
        self._most_restarts = most_restarts
        self._held = held
        self._restarts: collections.deque[float] = collections.deque()  # when
        self._wake, self._ring = os.pipe()
        for end in (self._wake, self._ring):
            os.set_blocking(end, False)
        self._came: collections.deque[int] = collections.deque()  # signals
        self._is_told_to_end = False
        self._was_ready = False  # any worker

    def run(self) -> int:
        """Runs workers until one ends in order, or too many end otherwise. The status to end with."""
        for number in _SIGNALS:
            signal.signal(number, self._note)
        while True:
            child = _Child(self._command, self._wake, self._held)
            status = self._watch(child)
            if self._is_told_to_end or status == 0:
                return status
            if not self._was_ready:  # its line says why, and it would be the same again
                return status
            pause = self._pause()
            if pause is None:
                log.error("workers end too often", extra={"restartsAMinute": self._most_restarts})
                return status
            log.warning("the worker ended: the next one is started", extra={"status": status, "pause": pause})
            if self._is_told_within(pause):
                return status

    def _watch(self, child: _Child) -> int:
        """Waits until a worker has ended. Its status, as a shell has it."""
        beaten: float | None = None
        while True:
            heard = child.listen(self._timeout(beaten))
            self._hand_on(child)
            if heard.beats:
                beaten = time.monotonic()
            for line in heard.lines:
                if _says_ready(line):
                    self._was_ready, beaten = True, time.monotonic()
                with contextlib.suppress(OSError):  # nobody reads it any more
                    os.write(1, line)
            if heard.has_ended:
                return child.status()
            if not heard.beats and self._is_silent(beaten):
                log.error(
                    "the worker hangs and is killed", extra={"pid": child.pid, "after": self._hang_after}
                )
                child.signal(signal.SIGKILL)
                beaten = None

    def _is_silent(self, beaten: float | None) -> bool:
        limit = self._hang_after
        return limit is not None and beaten is not None and time.monotonic() - beaten > limit + GRACE_SECONDS

    def _timeout(self, beaten: float | None) -> float | None:
        if self._hang_after is None or beaten is None:
            return None
        return max(0.0, beaten + self._hang_after + GRACE_SECONDS - time.monotonic()) + 0.01

    def _pause(self) -> float | None:
        """Seconds to wait before the next start; None where there were too many."""
        now = time.monotonic()
        while self._restarts and now - self._restarts[0] > _MINUTE:
            self._restarts.popleft()
        if len(self._restarts) >= self._most_restarts:
            return None
        self._restarts.append(now)
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (len(self._restarts) - 1))

    def _is_told_within(self, seconds: float) -> bool:
        """Waits between two workers; whether it was told to end meanwhile."""
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake, selectors.EVENT_READ)
            while not self._is_told_to_end and (left := end - time.monotonic()) > 0:
                selector.select(left)
                self._hand_on(None)
        return self._is_told_to_end

    def _note(self, number: int, _: Any) -> None:
        self._came.append(number)
        with contextlib.suppress(BlockingIOError):
            os.write(self._ring, b".")

    def _hand_on(self, child: _Child | None) -> None:
        """Gives the worker the signals that have come. The second one that ends ends both at once."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 4_096)
        while self._came:
            number = self._came.popleft()
            if number not in (signal.SIGTERM, signal.SIGINT):
                if child is not None:
                    child.signal(number)
                continue
            if self._is_told_to_end:
                if child is not None:
                    child.signal(signal.SIGKILL)
                    child.status()
                os._exit(ENDED_BY_SIGNAL + number)
            self._is_told_to_end = True
            if child is not None:
                child.signal(number)


class _Heard:
    """What has come of a worker."""

    def __init__(self) -> None:
        self.beats = False
        self.lines: list[bytes] = []
        self.has_ended = False


class _Child:
    """One worker process. Its stderr is ours; a signal of the terminal reaches only us, who hand it on once."""

    def __init__(self, command: Callable[[int], Sequence[str]], wake: int, held: HeldPort | None):
        if held is not None:
            held.make_way()
        self._beats, beats = os.pipe()
        try:
            self._process = subprocess.Popen(
                command(beats),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=(beats,),
                process_group=0,
            )
        finally:
            os.close(beats)
        self.pid = self._process.pid
        self._text = b""
        self._selector = selectors.DefaultSelector()
        for source in (self._process.stdout.fileno(), self._beats, wake):
            self._selector.register(source, selectors.EVENT_READ)

    def listen(self, timeout: float | None) -> _Heard:
        """Waits for news, for `timeout` seconds at most."""
        heard = _Heard()
        stdout = self._process.stdout.fileno()
        for key, _ in self._selector.select(timeout):
            if key.fd == self._beats:
                heard.beats = bool(os.read(self._beats, 4_096))
                heard.has_ended = not heard.beats  # nobody has the other end any more
            elif key.fd == stdout:
                found = os.read(stdout, 65_536)
                self._text += found
                *lines, self._text = self._text.split(b"\n")
                heard.lines += [line + b"\n" for line in lines]
                if not found:  # it says one line, then closes it
                    self._selector.unregister(stdout)
        return heard

    def signal(self, number: int) -> None:
        """Sends a signal, unless it has ended."""
        self._process.send_signal(number)

    def status(self) -> int:
        """Waits for its end, if it has not come: its status, as a shell has it."""
        status = self._process.wait()
        self._selector.close()
        self._process.stdout.close()
        os.close(self._beats)
        return status if status >= 0 else ENDED_BY_SIGNAL - status


def _says_ready(line: bytes) -> bool:
    with contextlib.suppress(ValueError):
        said = json.loads(line)
        return isinstance(said, dict) and said.get("ready") is True
    return False
