"""The scheduler: which thread runs a job, and when.

Three threads meet here. The **IO thread** submits jobs. If nothing is queued and the executable is known to be quick,
it runs the job itself, which saves two hand-offs. The **compute thread** takes what is queued. The **completion
thread** waits for results that take long, reads status words and copies data to the host, so that the compute thread
can dispatch the next launch meanwhile. A job completes on another thread only when nothing is waiting for completion:
then every launch before it is known to have succeeded or failed.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from ...errors import SynjaxError
from ...limits import Limits
from ...runtime.allocator import return_freed_memory
from ..codec import SMALL_BYTES, Compile, Fetch, FileArray, Launch
from ..memory import memory_left
from ..warm_file import Entry
from .batches import Batch, Batches, NotQuick, batch_of_types, size_of
from .budget import Budget
from .completions import Completions, Unawaited
from .executables import Compiled, Executables
from .failures import as_error
from .gather import ALONE, Batching, Gatherer
from .held import Held, count
from .jobs import Job, Run, Session, Step
from .launch import THREADS, Launcher
from .replies import Answered, Post, Replies
from .resolve import Resolver
from .running import Running
from .shared import SharedTrees
from .steps import Steps
from .stored import Stored

INSTANT_SECONDS = 0.0003  # shorter jobs always run on the IO thread
QUICK_SECONDS = 0.02  # shorter jobs run on the IO thread if no other message is waiting
QUICK_FETCH_BYTES = 16 << 20  # larger fetches never run on the IO thread
MOST_NOTICE_BYTES = 64 << 20  # of frees and forgets that wait
SETTLE_SECONDS = 10


class Engine:
    """Runs the jobs of all sessions in the order in which they are submitted."""

    def __init__(
        self,
        ops: dict[str, Any],
        limits: Limits,
        post: Post,
        stored: Stored | None = None,
        batching: Batching = ALONE,
        answered: Answered | None = None,
        batched: Callable[[int], None] | None = None,
        compiled: Compiled | None = None,
    ):
        """`batched` is told how many launches run together; in a worker that batches, 1 where one runs alone."""
        self._limits = limits
        self._has_started = False
        self._queue: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._lock = threading.Condition()  # guards the counts below and the jobs of sessions
        self._submitted = 0
        self._finished = 0
        self._started_at = time.monotonic()
        self._completions = Completions(self._lock, self._count_finished)
        self._unawaited = Unawaited(self._lock)
        self._running = Running()
        self._replies = Replies(post, self._lock, answered)
        budget = Budget(lambda: memory_left(limits.memory_bytes), self._settle, return_freed_memory)
        self._resolver = Resolver(ops, limits, budget, keeps_encoded=compiled is not None)
        self._executables = Executables(ops, limits, stored, compiled)
        self.shared = SharedTrees(self._replies, self._completions.wait_until_done)
        self._launcher = Launcher(
            limits,
            self._resolver,
            self._executables,
            budget,
            self._completions,
            self._unawaited,
            self._replies,
            lambda work: self.submit(Job(Session(b""), work, [])),
        )
        self._steps = Steps(
            limits, self._launcher, self.shared, self._resolver, self._executables, self._replies
        )
        self._gatherer = Gatherer(self._queue, batching, lambda: self._completions.pending > 0)
        self._batching = batching.max_batch > 1  # if not, each launch runs alone
        self._batched = batched if self._batching else None
        self.batches = Batches(
            self._gatherer, self._resolver, self._executables, budget, self._launcher, self._replies
        )
        self.held = Held(self._gatherer, self._lock, self._is_free, self._run_held, self.submit)

    def start(self) -> None:
        """Starts the compute and completion threads, unless they run."""
        if self._has_started:
            return
        self._has_started = True
        compute = self._batching_loop if self._batching else self._compute_loop
        for name, loop in zip(THREADS, (compute, self._completions.loop), strict=True):
            threading.Thread(target=loop, name=name, daemon=True).start()
        # The first compilation of a process takes longer: it runs while the client says hello.
        self.submit(Job(Session(b""), _warm_up, []))

    # ------------------------------------------------------------------------------------ called by the IO thread

    @property
    def idle(self) -> bool:
        """Whether nothing is queued, running or waiting for completion: every reply has been posted."""
        return self._submitted == self._finished

    def submit(self, job: Job) -> None:
        """Queues a job for the compute thread."""
        with self._lock:
            self._submitted += 1
            count(job)
        self._queue.put(job)

    def hold(self, job: Job, alone: Callable[[], bool]) -> bool:
        """Holds a launch until `held.release()`, if it may run together with others on this thread.

        `alone()` says whether no other message has arrived yet.
        """
        return self._batching and job.bytes < SMALL_BYTES and self.held.take(job, alone)

    def run_if_quick(self, job: Job, alone: Callable[[], bool]) -> bool:
        """Runs the job on this thread if the engine is idle and the job is known to take little time.

        `alone()` says whether no other message has arrived yet.
        """
        message = job.message
        if isinstance(message, Compile) or job.bytes >= SMALL_BYTES:
            return False
        if not self._is_free():
            return False
        if isinstance(message, Launch):
            if message.has_body or any(type(item) is FileArray for item in message.inputs):
                return False
            if not self._is_quick(job, alone):
                return False
        elif isinstance(message, Fetch):
            found = [job.session.handles.get(id_) for id_ in message.handles]
            if sum(getattr(handle.value, "nbytes", 0) for handle in found if handle) > QUICK_FETCH_BYTES:
                return False
        self._run(job)
        return True

    def cancel(self, session: Session, seqs: Sequence[int]) -> None:
        """Refuses those of the session's jobs that have not started."""
        with self._lock:
            jobs = [session.jobs.get(seq) for seq in seqs]
        for job in jobs:
            if job is not None and not job.started and job.refused is None:
                job.refused = SynjaxError("ABORTED", "the call was aborted before it started")

    def drop(self, session: Session) -> None:
        """Frees what the calls brought of a client that is gone, as far as they have not started."""
        with self._lock:
            jobs = list(session.jobs.values())
        for job in jobs:
            if not job.started:
                job.buffers = []

    def overdue(self) -> Run | None:
        """A call that has run for longer than the limit, if there is one."""
        return self._running.overdue(self._limits.run_seconds)

    def is_overloaded(self, session: Session, size: int, times: int = 2) -> bool:
        """Whether a client has so much in flight, `times` what it may, that no message of `size` bytes can be taken."""
        limits = session.limits
        return len(session.jobs) >= times * limits.in_flight_messages or (
            session.bytes_in_flight + size > times * limits.in_flight_bytes and session.bytes_in_flight > 0
        )

    def is_flooded(self, session: Session, size: int) -> bool:
        """Whether a client's frees and forgets wait in such a number that one of `size` bytes must be refused."""
        return session.notice_bytes + size > MOST_NOTICE_BYTES

    def counters(self, session: Session) -> dict[str, int | float | tuple[bytes, float] | None]:
        """The answer to a ping."""
        self._unawaited.are_done()
        compiling = self._executables.compiling()
        queued = len(self._gatherer)
        return {
            "queued": queued + len(self.held),
            "running": max(0, self._submitted - self._finished - queued),
            "handles": len(session.handles),
            "programs": len(session.programs),
            "executables": len(self._executables),
            "compiles": self._executables.compiles,
            "compiling": compiling if compiling and compiling[0] in session.programs else None,
            "launches": self._launcher.launches,
            "uptime": time.monotonic() - self._started_at,
        }

    def _is_free(self) -> bool:
        """Whether nothing is queued or running."""
        return self._submitted == self._finished and self._unawaited.are_done()

    def _run_held(self, jobs: Sequence[Job]) -> None:
        """Runs jobs on the IO thread; queues those that are not known to take little time."""
        if len(jobs) > 1:
            try:
                batch, jobs = self.batches.launch(jobs, QUICK_SECONDS)
            except NotQuick:
                for job in jobs:
                    self.submit(job)
                return
            if batch is not None:
                if self._batched is not None:
                    self._batched(len(batch.jobs))
                self._answer(batch)
        for position, job in enumerate(jobs):
            is_last = position == len(jobs) - 1  # before others only what takes no time runs here: pings wait
            if not self._is_free() or not self._is_quick(job, lambda: is_last):  # noqa: B023
                for left in jobs[position:]:
                    self.submit(left)
                return
            job.started = True
            self._run(job)

    def _is_quick(self, job: Job, alone: Callable[[], bool]) -> bool:
        try:
            job.resolved = self._resolver.launch(job)
        except Exception as error:
            job.refused = error.with_traceback(None)  # its frames hold the inputs
            return True
        executable = self._executables.find(job.resolved.key)
        # Pings must not wait for it, so it must not be able to take longer than it took last.
        if executable is None or executable.varies:
            return False
        seconds = executable.expected_seconds(executable.is_awaited(job.message))
        return seconds < INSTANT_SECONDS or (seconds < QUICK_SECONDS and alone())

    # ---------------------------------------------------------------------------------------------- running a job

    def warm(self, entry: Entry) -> None:
        """Compiles what an entry of a warm-up says, on the compute thread. Raises what is wrong with it."""
        message, session = entry.message(), Session(b"")
        job = Job(session, message, [entry.program])
        resolved = self._resolver.inputs(job, message, self._resolver.program(session, message, job.buffers))
        if entry.batch is not None:
            launches, stacked = entry.batch
            most = self._gatherer.batching.max_batch
            if most == 1:
                return
            resolved = batch_of_types(resolved, size_of(launches, most), stacked)
        get = self._executables.careful if entry.careful else self._executables.get
        get(resolved, message)

    def _settle(self) -> None:
        """Waits for what runs, unless that takes long."""
        self._completions.wait_until_done(SETTLE_SECONDS)
        self._unawaited.wait_until_done(SETTLE_SECONDS)

    def _compute_loop(self) -> None:
        while True:
            job = self._queue.get()
            job.started = True
            self._run(job, submitted=True)

    def _batching_loop(self) -> None:
        while True:
            jobs = self._gatherer.get()
            for job in jobs:
                job.started = True
            for job in self._run_together(jobs) if len(jobs) > 1 else jobs:
                self._run(job, submitted=True)

    def _run_together(self, jobs: list[Job]) -> list[Job]:
        """Runs jobs that were gathered, as `_run` does; returns those that have to run alone."""
        for job in jobs:
            self._steps.note_unread(job)
        batch, alone = self.batches.launch(jobs)
        if batch is None:
            return alone
        if self._batched is not None:
            self._batched(len(batch.jobs))
        count = len(batch.jobs)
        if not self._completions.pending and batch.seconds < QUICK_SECONDS:
            self._answer(batch)
            with self._lock:
                self._finished += count
            return alone
        run = self._running.begin(batch.jobs[0])
        for job in batch.jobs:
            job.run = run
        steps = [self._guarded(job, self.batches.pending(batch, lane)) for lane, job in enumerate(batch.jobs)]

        def complete() -> None:
            for step in steps:
                step()
            with self._lock:
                self._finished += count - 1  # and one when this has returned

        reads = [handle for job in batch.jobs for handle in job.resolved.handles if handle is not None]
        self._completions.put(complete, reads)  # they may have to run again
        return alone

    def _answer(self, batch: Batch) -> None:
        """Waits for a batch that was dispatched on this thread, and answers its jobs."""
        run = self._running.begin(batch.jobs[0])
        for job in batch.jobs:
            job.started, job.run = True, run
        try:
            self.batches.answer(batch)
        except Exception as error:  # a mistake of the worker's own; it goes on
            failure = as_error(error, "INTERNAL").to_wire()
            for job in batch.jobs:
                self._replies.error(job, failure)
        run.is_over = True

    def _count_finished(self) -> None:
        self._finished += 1

    def _run(self, job: Job, submitted: bool = False) -> None:
        """Runs a job up to its reply, or up to where the completion thread takes over."""
        if job.due is not None:
            job.drop_if_late()
        if not callable(job.message):
            job.run = self._running.begin(job)
        if self._batched is not None and job.refused is None and isinstance(job.message, Launch):
            self._batched(1)
        try:
            step = self._steps.first_half(job)
        except Exception as error:  # a mistake of the worker's own; it goes on
            failure = as_error(error, "INTERNAL").to_wire()
            step = Step(lambda: self._replies.error(job, failure))
        waits = step.seconds is not None and (step.seconds > QUICK_SECONDS or len(self._gatherer) > 0)
        if self._completions.pending or (submitted and waits):
            self._completions.put(self._guarded(job, step.complete), step.reads)
            return
        self._guarded(job, step.complete)()
        if submitted:
            with self._lock:
                self._count_finished()

    def _guarded(self, job: Job, complete: Callable[[], None]) -> Callable[[], None]:
        def guarded() -> None:
            try:
                complete()
            except Exception as error:
                self._replies.error(job, as_error(error, "INTERNAL").to_wire())
            if job.run is not None:
                job.run.is_over = True

        return guarded


def _warm_up() -> None:
    np.asarray(jax.jit(lambda x: x + 1)(np.zeros(1, np.float32)))
