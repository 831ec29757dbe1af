"""Held launches: the IO thread holds launches back until no other message waits, so that it can run them together.

That saves two hand-offs a call, as running a quick call alone on the IO thread does. Nobody waits for others here:
while calls run, others arrive. What takes long, or has to be compiled, is queued for the compute thread, which gathers
too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from .gather import Gatherer
from .jobs import Job, Session


class Held:
    """The launches that are held, in the order in which they came."""

    def __init__(
        self,
        gatherer: Gatherer,
        lock: threading.Condition,
        is_free: Callable[[], bool],
        run: Callable[[Sequence[Job]], None],
        submit: Callable[[Job], None],
    ):
        """
        Args:
          is_free: whether nothing runs or is queued.
          run: runs jobs on this thread, together if there are several; queues those that may take long.
          submit: queues a job.
        """
        self._gatherer = gatherer
        self._lock = lock  # guards the jobs of sessions
        self._is_free = is_free
        self._run = run
        self._submit = submit
        self._jobs: list[Job] = []
        self._last = 0  # how many were held together

    def __len__(self) -> int:
        return len(self._jobs)

    def take(self, job: Job, alone: Callable[[], bool]) -> bool:
        """Holds a job, if others may run together with it: several were held last time, or a message is waiting to be
        received, which `alone()` denies.
        """
        if job.refused is not None or not self._is_free():
            return False
        if not self._jobs and self._last <= 1 and alone():  # of one caller nothing more is asked
            return False
        job.kind = kind = self._gatherer.kind_of(job)
        if kind is None:
            return False
        with self._lock:
            count(job)
        self._jobs.append(job)
        return True

    def has_of(self, session: Session) -> bool:
        """Whether one of the session's is held."""
        return any(job.session is session for job in self._jobs)

    @property
    def is_full(self) -> bool:
        """Whether no more can run together."""
        return len(self._jobs) >= self._gatherer.batching.max_batch

    def release(self) -> None:
        """Runs them or queues them."""
        jobs, self._jobs = self._jobs, []
        self._last = len(jobs)
        for group in self._gatherer.groups(jobs):
            if self._is_free():
                self._run(group)
            else:
                for job in group:
                    self._submit(job)


def count(job: Job) -> None:
    """Counts a job to its session's. Call it under the lock."""
    if job.counted:
        return
    job.counted = True
    if job.notice:
        job.session.notice_bytes += job.bytes
    else:
        job.session.bytes_in_flight += job.bytes
    if job.seq:
        job.session.jobs[job.seq] = job
