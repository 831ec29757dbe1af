"""Batches scored by actors of Ray, and given back in order.

Which actor scores a batch, and how often one is tried again, is decided here: Ray itself repeats nothing. So a batch
that ends every process that takes it is known by its place.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from ..batch.reader import RowBatch
from ..batch.run import Part
from ..batch.scorer import Scored
from ..errors import SynjaxError
from .actor import Answer, Task, to_buffer

_AT_ONCE = 2  # batches of an actor: one that it scores, one that waits there
_WINDOW = 2  # batches for each of those that may be ahead of the one that is written next
_TRIES = 3  # processes that a batch may end; and those that may end before any is ready
_TICK = 0.5  # seconds


class Job(NamedTuple):
    place: int  # among the batches of this run
    task: Task
    end: int
    deaths: int = 0  # processes that ended while they scored it


class _Member:
    """An actor and what it was given. `is_blamed`: its end has been put down to a batch."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.jobs: dict[Any, Job] = {}
        self.is_ready = self.is_gone = self.is_blamed = False


class Pool:
    """Actors that score.

    Args:
      ray: the module
      start: starts an actor, which has `start` and `score`
      actors: how many at once
      patience: seconds without any actor that runs, after which it is given up
      lacking: what to say then: of the CPUs that are missing
    """

    def __init__(
        self,
        ray: Any,
        start: Callable[[], Any],
        actors: int,
        patience: float,
        lacking: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ray, self._start, self._patience, self._lacking = ray, start, patience, lacking
        self._actors, self._clock = actors, clock
        self._members: list[_Member] = []
        self._starting: dict[Any, _Member] = {}
        self._again: deque[Job] = deque()
        self._done: dict[int, tuple[Job, Answer]] = {}
        self._early_deaths = 0
        self._alive_at = clock()

    def __call__(self, batches: Iterator[RowBatch]) -> Generator[Part, None, None]:
        """Scores batches.

        Raises:
          SynjaxError: WORKER_LOST where no actor can run, or a batch ended several; what an actor says of a batch.
        """
        given = written = 0
        rest: Iterator[RowBatch] | None = batches
        try:
            while True:
                while len(self._members) < self._actors:
                    self._begin()
                # The window is of batches, so that one that is tried again does not fill the memory with the others
                while (member := self._idle()) and (
                    self._again or (rest and given < written + _WINDOW * _AT_ONCE * self._actors)
                ):
                    if not self._again:
                        batch = next(rest, None)
                        if batch is None:
                            rest = None
                            continue
                        self._again.append(_job(given, batch))
                        given += 1
                    self._give(member, self._again.popleft())
                if written in self._done:
                    job, answer = self._done.pop(written)
                    written += 1
                    yield Part(job.end, _scored(answer))
                elif rest is None and written == given:
                    return
                else:
                    self._wait()
        finally:
            self._end()

    def _begin(self) -> None:
        member = _Member(self._start())
        self._members.append(member)
        self._starting[member.handle.start.remote()] = member

    def _idle(self) -> _Member | None:
        """The actor that is ready and has least to do, unless all have enough."""
        free = [each for each in self._members if each.is_ready and len(each.jobs) < _AT_ONCE]
        return min(free, key=lambda each: len(each.jobs), default=None)

    def _give(self, member: _Member, job: Job) -> None:
        member.jobs[member.handle.score.remote(job.task)] = job

    def _wait(self) -> None:
        running = {reference: member for member in self._members for reference in member.jobs}
        known = self._starting | running
        ready, _ = self._ray.wait(list(known), num_returns=1, timeout=_TICK)
        for reference in ready:
            member = known[reference]
            errors = self._ray.exceptions
            try:
                answer: Answer = self._ray.get(reference)
            except (
                errors.RayTaskError
            ) as error:  # actors raise nothing: what they were given could not be read there
                raise SynjaxError("RUN_FAILED", f"An actor of Ray failed: {error}") from error
            except errors.RayError as error:
                self._lost(member, reference, error, is_gone=not isinstance(error, errors.ObjectLostError))
                continue
            if reference in self._starting:
                del self._starting[reference]
                _check(answer)
                member.is_ready, self._early_deaths = True, 0
            else:
                job = member.jobs.pop(reference)
                self._done[job.place] = (job, answer)
        if any(each.is_ready for each in self._members):
            self._alive_at = self._clock()
        elif self._clock() - self._alive_at > self._patience:
            raise SynjaxError("WORKER_LOST", self._lacking())

    def _lost(self, member: _Member, reference: Any, error: Exception, is_gone: bool) -> None:
        """An actor is gone, or only what it had answered. What it had goes to others."""
        if is_gone and not member.is_gone:
            member.is_gone, member.is_ready = True, False
            self._members.remove(member)
            self._kill(member)  # it may only be out of reach
        if self._starting.pop(reference, None):
            self._early_deaths += 1
            if self._early_deaths >= _TRIES * self._actors:
                raise SynjaxError(
                    "WORKER_LOST", f"{self._early_deaths} actors ended before any was ready: {error}"
                ) from error
            return
        jobs = member.jobs if member.is_gone else {reference: member.jobs[reference]}
        for each in list(
            jobs
        ):  # in the order in which they were given: the first without an answer was being scored
            job = member.jobs.pop(each)
            if each != reference and (answer := self._late(each)) is not None:
                self._done[job.place] = (job, answer)
                continue
            if member.is_gone and not member.is_blamed:
                member.is_blamed = True
                job = job._replace(deaths=job.deaths + 1)
            if job.deaths >= _TRIES:
                raise _deadly(job)
            self._again.append(job)
        self._again = deque(sorted(self._again, key=lambda each: each.place))

    def _late(self, reference: Any) -> Answer | None:
        """What an actor had answered before it ended."""
        try:
            return self._ray.get(reference, timeout=5)
        except (self._ray.exceptions.RayError, TimeoutError):
            return None

    def _end(self) -> None:
        for member in self._members:
            self._kill(member)
        self._members = []

    def _kill(self, member: _Member) -> None:
        try:
            self._ray.kill(member.handle)
        except Exception as error:  # the cluster may be gone already: then so is the actor
            print(f"synjax: an actor was not ended: {error}", file=sys.stderr)


def _job(place: int, batch: RowBatch) -> Job:
    task = Task(batch.first, to_buffer(batch.data), dict(batch.failed))
    return Job(place, task, batch.first + batch.data.num_rows)


def _scored(answer: Answer) -> Scored:
    _check(answer)
    return Scored(pa.ipc.open_stream(answer.data).read_all(), answer.failed or {})


def _check(answer: Answer) -> None:
    if answer.error is not None:
        fields = dict(answer.error)
        raise SynjaxError(fields.pop("code"), fields.pop("message"), **fields)


def _deadly(job: Job) -> SynjaxError:
    rows = f"{job.task.first} to {job.end - 1}"
    return SynjaxError(
        "WORKER_LOST",
        f"Rows {rows} ended {job.deaths} processes that scored them: what came before is kept. If memory ran out, give "
        "the actors more, or less at once (--batch-rows).",
        argument="input",
        expected="rows that a process outlives",
        received=f"rows {rows}",
    )
