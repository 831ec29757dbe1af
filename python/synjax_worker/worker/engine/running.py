"""What runs, and for how long. XLA cannot be interrupted, so a worker that has a limit ends with what goes beyond."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable

from ..codec import Launch
from .jobs import Job, Run


class Running:
    """The jobs that were started and are not done, in the order of their starts.

    Only the first of them is timed: any other may be waiting for it. It has run since its start, or since all before it
    were done.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._runs: collections.deque[Run] = collections.deque()
        self._progress = 0.0  # when one was last seen to be done

    def begin(self, job: Job) -> Run:
        """Notes that a job is started."""
        message, outputs = job.message, range(0)
        if isinstance(message, Launch):
            outputs = range(message.first_output, message.first_output + message.outputs)
        run = Run(job.session, job.seq or getattr(message, "seq", 0), outputs, self._clock())
        with self._lock:
            self._forget_done()
            self._runs.append(run)
        return run

    def overdue(self, seconds: float) -> Run | None:
        """The job that has run for longer, if there is one."""
        with self._lock:
            self._forget_done()
            if self._runs:
                first = self._runs[0]
                if self._clock() - max(first.started, self._progress) > seconds:
                    return first
        return None

    def _forget_done(self) -> None:
        runs = self._runs
        while runs and runs[0].is_done:
            runs.popleft()
            self._progress = self._clock()
