"""Log lines of calls that belong to a trace: those that failed, were compiled for, or took long.

A client writes into the log this way, so lines are bounded in number.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ...protocol import ERROR
from .jobs import Job
from .times import Times

log = logging.getLogger("synjax_worker")

SLOW_SECONDS = 1.0  # of queue and run together
LINES_A_SECOND = 100


class CallLog:
    """Writes such lines, from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._second = 0  # of the clock, in which `_lines` were written
        self._lines = 0
        self._unwritten = 0  # since the last line

    def answered(self, job: Job, header: list, times: Times | None) -> None:
        """A call is being answered with this header."""
        event, more = _event(header, times)
        if event is None or job.session.is_cut or not self._has_room():
            return
        fields: dict[str, Any] = {"kind": type(job.message).__name__.lower(), "seq": job.seq}
        if (program := getattr(job.message, "hash", None)) is not None:
            fields["program"] = program.hex()
        if job.session.name is not None:
            fields["client"] = job.session.name
        fields |= more
        if times is not None:
            fields |= {f"{name}Seconds": round(seconds, 6) for name, seconds in times._asdict().items()}
        if self._unwritten:
            fields["unwritten"], self._unwritten = self._unwritten, 0
        log.info(event, extra=fields | {"traceparent": job.context.traceparent})

    def _has_room(self) -> bool:
        with self._lock:
            second = int(self._clock())
            if second != self._second:
                self._second, self._lines = second, 0
            self._lines += 1
            if self._lines <= LINES_A_SECOND:
                return True
            self._unwritten += 1
            return False


def _event(header: list, times: Times | None) -> tuple[str | None, dict[str, Any]]:
    """What is worth a line, and what the line has besides."""
    if header[1] == ERROR:
        return "a call failed", {"code": header[2].get("code"), "why": str(header[2].get("message"))[:200]}
    if times is not None and times.compile > 0:
        return "a program was compiled", {}
    if times is not None and times.queue + times.run >= SLOW_SECONDS:
        return "a call took long", {}
    return None, {}
