"""Gathering: which launches run together, and how long the first of them waits for others.

Together run launches of one program with inputs of the same types, from whichever session. An input that is on the
device has to be the same value for all of them. A launch overtakes what others have queued, but nothing of its own
session. Nobody waits for company that did not come last time.
"""

from __future__ import annotations

import collections
import queue
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ...protocol import BATCHABLE, FIND_NANS, LENIENT
from ..codec import HostArray, Launch
from .jobs import Job, Session

_MOST_KINDS = 1_024  # of which it is known how many came last time, or that they cannot run together
_BUSY_SECONDS = 0.0005  # between looks at whether the device still has work


class Batching(NamedTuple):
    """How launches are gathered."""

    max_batch: int = 1  # launches that run together at most; 1: none do
    max_wait: float = 2  # milliseconds that one waits for others at most


ALONE = Batching()


class Gatherer:
    """The queue of the compute thread, by batches."""

    def __init__(self, jobs: queue.SimpleQueue[Job], batching: Batching, is_busy: Callable[[], bool]):
        """
        Args:
          jobs: what is submitted.
          is_busy: whether the device works on launches that somebody waits for.
        """
        self._queue = jobs
        self.batching = batching
        self._is_busy = is_busy
        self._waiting: collections.deque[Job] = collections.deque()  # taken from the queue, in order
        self._callers: collections.OrderedDict[Hashable, int] = collections.OrderedDict()
        self._refused: collections.OrderedDict[Hashable, None] = collections.OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting) + self._queue.qsize()

    def get(self) -> list[Job]:
        """The next jobs, which may run together if there are several. Waits for the first."""
        self._drain()
        if not self._waiting:
            self._admit(self._queue.get())
            self._drain()
        first = self._waiting.popleft()
        together = _Together.of(first)
        if together is None:
            return [first]
        waiting, self._waiting = self._waiting, collections.deque()
        self._waiting += self._placed(waiting, together)
        self._wait(together, self.expected(together.kind))
        _note(self._callers, together.kind, len(together.jobs))
        return together.jobs

    def groups(self, jobs: Sequence[Job]) -> Iterator[list[Job]]:
        """Jobs whose kinds are known, by what runs together."""
        waiting = list(jobs)
        while waiting:
            first, *others = waiting
            together = _Together.of(first)
            if together is None:
                waiting = others
                yield [first]
            else:
                waiting = self._placed(others, together)
                _note(self._callers, together.kind, len(together.jobs))
                yield together.jobs

    def expected(self, kind: Hashable) -> int:
        """How many came together last time."""
        return self._callers.get(kind, 1)

    def refuse(self, kind: Hashable) -> bool:
        """Launches of this kind run alone from now on. False if they did before."""
        is_new = kind not in self._refused
        _note(self._refused, kind, None)
        return is_new

    def _wait(self, together: _Together, expected: int) -> None:
        deadline = time.monotonic() + self.batching.max_wait / 1_000
        jobs, most = together.jobs, self.batching.max_batch
        while len(jobs) < most:
            if len(jobs) < expected and (left := deadline - time.monotonic()) > 0:
                seconds = left
            elif not together.passed and self._is_busy():  # it would only queue up there
                seconds = _BUSY_SECONDS
            else:
                return
            try:
                job = self._queue.get(timeout=seconds)
            except queue.Empty:
                continue
            job.kind = self.kind_of(job)
            self._waiting += self._placed([job], together)

    def _placed(self, jobs: Iterable[Job], together: _Together) -> list[Job]:
        """Adds those of the jobs that may run with these. The others, in their order."""
        left = []
        for job in jobs:
            if len(together.jobs) >= self.batching.max_batch or not together.takes(job):
                together.passed.add(job.session)
                left.append(job)
        return left

    def _drain(self) -> None:
        while not self._queue.empty():  # only this thread takes from it
            self._admit(self._queue.get())

    def _admit(self, job: Job) -> None:
        job.kind = self.kind_of(job)
        self._waiting.append(job)

    def kind_of(self, job: Job) -> Hashable:
        """What the launches have in common that run together with this job; None if it runs alone."""
        kind = job.kind
        if kind is None and isinstance(job.message, Launch):
            kind = _kind_of(job.message)
        return None if kind in self._refused else kind


class _Together:
    """Jobs that run together."""

    def __init__(self, first: Job, values: tuple[int, ...]):
        self.kind = first.kind
        self.jobs = [first]
        self.passed: set[Session] = set()  # sessions of which something earlier stays behind
        self._values = values

    @classmethod
    def of(cls, first: Job) -> _Together | None:
        values = None if _is_off(first) else _values_on_device(first)
        return None if values is None else cls(first, values)

    def takes(self, job: Job) -> bool:
        """Adds a job, if it may run with these."""
        fits = (
            not _is_off(job)
            and job.kind == self.kind
            and job.session not in self.passed
            and _values_on_device(job) == self._values
        )
        if fits:
            self.jobs.append(job)
        return fits


def _is_off(job: Job) -> bool:
    job.drop_if_late()  # or it would take the place of one that somebody waits for
    return job.kind is None or job.refused is not None or job.session.is_cut


def _kind_of(launch: Launch) -> Hashable:
    """What launches that run together have in common, by their messages alone; None for one that runs alone."""
    if not launch.flags & BATCHABLE or launch.flags & (LENIENT | FIND_NANS) or launch.donated:
        return None
    if len(launch.wants) != launch.outputs:
        return None
    arrays = [item for item in launch.inputs if type(item) is HostArray]
    if not arrays:
        return None
    types = tuple(map(_type_of, launch.inputs))
    return launch.hash, launch.flags, types


def _type_of(item: object) -> Hashable:
    """The type of an array, nothing of a handle; a number itself, because it is no array that could be stacked."""
    if type(item) is HostArray:
        return item.dtype, item.shape
    return None if type(item) is int else repr(item)


def _values_on_device(job: Job) -> tuple[int, ...] | None:
    """Which values the handles among the inputs are; None where one is not known to be right yet, or failed."""
    found = []
    for item in job.message.inputs:
        if type(item) is int:
            handle = job.session.handles.get(item)
            if (
                handle is None
                or handle.outcome.error is not None
                or handle.outcome.open_pending() is not None
            ):
                return None
            found.append(id(handle.value))
    return tuple(found)


def _note(table: collections.OrderedDict, key: Hashable, value: object) -> None:
    """Keeps the latest."""
    table[key] = value
    table.move_to_end(key)
    if len(table) > _MOST_KINDS:
        table.popitem(last=False)
