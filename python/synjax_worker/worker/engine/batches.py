"""Batches: launches that run together under one `vmap`, each answered as if it had run alone.

Whatever goes wrong with a batch itself, its launches run alone; what goes wrong with one of them is its own error.
Nobody waits for the program of a batch to be compiled who could run alone: that happens on another thread.
"""

from __future__ import annotations

import collections
import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...errors import SynjaxError
from ...runtime.checks import Refused
from ..codec import HostArray, Launch
from .budget import Budget
from .executables import Executable, Executables
from .gather import Gatherer
from .handles import Handle, Outcome
from .jobs import Job, Resolved
from .lanes import Lane, LaneStatus, Results, type_of_lane
from .launch import Dispatched, Launcher, read_status
from .pending import Pending
from .replies import Replies
from .resolve import Resolver

log = logging.getLogger("synjax_worker")


WANTED_OFTEN = 4  # a size is compiled then, where a larger one serves


class _NotNow(Exception):
    """The program of a batch is being compiled on a thread of its own, or takes too long for this one."""


class NotQuick(Exception):
    """Launches run together, but not where they may take no more than a moment; or how long they take is not known."""


class Batch(NamedTuple):
    """Launches that were dispatched together."""

    jobs: list[Job]
    executable: Executable
    results: Results
    started: float
    compiled: float | None  # seconds, if its program was compiled for it

    @property
    def seconds(self) -> float:
        """How long it may take."""
        return self.executable.expected_seconds(True)


class Batches:
    """Dispatches batches."""

    def __init__(
        self,
        gatherer: Gatherer,
        resolver: Resolver,
        executables: Executables,
        budget: Budget,
        launcher: Launcher,
        replies: Replies,
    ):
        self._gatherer = gatherer
        self._resolver = resolver
        self._executables = executables
        self._budget = budget
        self._launcher = launcher
        self._replies = replies
        self._compiles = False  # on another thread
        self._wanted: collections.Counter[Hashable] = (
            collections.Counter()
        )  # sizes for which a larger one served
        self.batches = 0
        self.batched_launches = 0
        self.failed_batches = 0  # whose launches ran alone

    def launch(self, jobs: Sequence[Job], within: float = math.inf) -> tuple[Batch | None, list[Job]]:
        """Dispatches jobs that were gathered: those that run together, and those that have to run alone. Raises
        NotQuick, and dispatches nothing, where they are not known to take less than `within` seconds.
        """
        together, alone = self._resolved(jobs)
        if len(together) < 2:
            return None, [*together, *alone]
        try:
            batch = self._dispatch(together, within)
        except NotQuick:
            raise
        except _NotNow:
            return None, [*together, *alone]
        except Exception as error:
            self._refuse(together[0], error)
            return None, [*together, *alone]
        self.batches += 1
        self.batched_launches += len(together)
        return batch, alone

    def answer(self, batch: Batch) -> None:
        """Waits for a batch and answers its launches. No later launch may have been dispatched."""
        try:
            values, refused = batch.results.on_host(), batch.results.refused()
        except Exception:  # each is completed by itself, which finds out
            values, refused = [], range(len(batch.jobs))
        else:
            batch.executable.record_seconds(True, time.perf_counter() - batch.started)
        outcome, avals = Outcome(), batch.executable.avals
        for lane, job in enumerate(batch.jobs):
            if lane in refused:
                self.pending(batch, lane)()
                continue
            launch: Launch = job.message
            self._launcher.launches += 1
            handles = job.session.handles
            for position, signature in enumerate(batch.executable.signatures):
                id_ = launch.first_output + position
                handles[id_] = Lane(batch.results, lane, position, signature, outcome)
            compiled = batch.compiled if lane == 0 else None
            self._replies.results(
                job, avals, (), [values[position][lane, ...] for position in launch.wants], compiled
            )

    def pending(self, batch: Batch, lane: int) -> Callable[[], None]:
        """Makes handles of the results of one launch, as they would be had it run alone: later launches may use them.
        What waits for it, reads its status and answers.
        """
        job = batch.jobs[lane]
        launch: Launch = job.message
        executable, results = batch.executable, batch.results
        outcome = Outcome()
        outputs: list[Handle] = [
            Lane(results, lane, position, signature, outcome)
            for position, signature in enumerate(executable.signatures)
        ]
        status = LaneStatus(results, lane) if results.has_status else None
        compiled = batch.compiled if lane == 0 else None
        run = Dispatched(executable, outcome, outputs, status, batch.started, compiled)
        run.pending = outcome.pending = self._pending(job, run, results)
        job.session.handles.update(
            (launch.first_output + position, handle) for position, handle in enumerate(outputs)
        )
        self._launcher.launches += 1
        return lambda: self._launcher.complete(job, launch, job.resolved, run)

    def _resolved(self, jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
        """The jobs that agree with the first one also in what their messages do not say, and the others."""
        together: list[Job] = []
        alone: list[Job] = []
        for job in jobs:
            job.drop_if_late()
            if job.refused is None and not job.session.is_cut:
                try:
                    like = together[0].resolved if together else None
                    job.resolved = job.resolved or self._resolver.launch(job, like)
                except Exception as error:
                    job.refused = error.with_traceback(None)  # its frames hold the inputs
                else:
                    if not job.resolved.before and (like is None or job.resolved.key == like.key):
                        together.append(job)
                        continue
            alone.append(job)
        return together, alone

    def _dispatch(self, jobs: list[Job], within: float) -> Batch:
        first = jobs[0].resolved
        if first.x64:
            raise SynjaxError("INVALID_ARGUMENT", "programs with 64 bits run alone")
        least = size_of(len(jobs), self._gatherer.batching.max_batch)
        compiled = next((size for size in self._sizes(least) if self._compiled(jobs[0], size)), None)
        if compiled is None and self._executables.find(first.key) is not None:
            self._compile_behind(jobs, least)
            raise _NotNow  # its launches can run alone meanwhile
        size = compiled or least
        if within < math.inf and not self._is_quick(jobs[0], size, within):
            raise NotQuick
        if size > least:
            self._wanted[_key_of(jobs[0], least)] += 1
            if self._wanted[_key_of(jobs[0], least)] >= WANTED_OFTEN:
                self._compile_behind(jobs, least)
        whole = self._stacked(jobs, size)
        started = time.perf_counter()
        executable, seconds = self._executable(jobs[0], whole)
        self._budget.take(executable.bytes)
        values, status = executable.call(*whole.args)
        if executable.avals is None:
            executable.avals = [type_of_lane(value) for value in values]
            executable.signatures = [(dtype, tuple(shape), weak) for dtype, shape, weak in executable.avals]
        return Batch(jobs, executable, Results(values, status), started, seconds)

    def _sizes(self, least: int) -> Iterator[int]:
        """The sizes of batches that hold so many launches, the smallest first."""
        while least <= self._gatherer.batching.max_batch:
            yield least
            least *= 2

    def _is_careful(self, job: Job) -> bool:
        """Whether one of its kind was refused before, see `Executables.careful`."""
        alone = self._executables.find(job.resolved.key)
        return alone is not None and job.resolved.program.root.certified and not alone.certified

    def _compiled(self, job: Job, size: int) -> Executable | None:
        """The executable of batches of a size, of which this job is the first."""
        found = self._executables.find(_key_of(job, size))
        return None if found is not None and found.certified and self._is_careful(job) else found

    def _is_quick(self, job: Job, size: int, within: float) -> bool:
        compiled = self._compiled(job, size)
        return compiled is not None and not compiled.varies and compiled.expected_seconds(True) < within

    def _executable(self, job: Job, whole: Resolved) -> tuple[Executable, float | None]:
        """The executable of a batch of which `job` is the first, and the seconds in which it was compiled if it had to
        be.
        """
        get = self._executables.careful if self._is_careful(job) else self._executables.get
        executable, seconds = get(whole, job.message)
        if executable.has_effects:
            raise SynjaxError("INVALID_ARGUMENT", "what calls this process runs alone")
        return executable, seconds

    def _compile_behind(self, jobs: list[Job], size: int) -> None:
        """Compiles batches of a size on another thread, unless one is being compiled. These jobs are not changed."""
        if self._compiles:
            return
        self._compiles = True
        job, whole = jobs[0], self._stacked(jobs, size)

        def behind() -> None:
            try:
                self._executable(job, whole)
            except Exception as error:
                self._refuse(job, error)
            self._wanted.pop(whole.key, None)
            self._compiles = False

        threading.Thread(target=behind, name="batch compiler", daemon=True).start()

    def _stacked(self, jobs: list[Job], size: int) -> Resolved:
        """The batch as one launch. The first is repeated where it is larger than there are launches."""
        first, launch = jobs[0].resolved, jobs[0].message
        items = [job.resolved.args for job in jobs] + [first.args] * (size - len(jobs))
        axes = _axes(launch)
        args: list[Any] = []
        for position, axis in enumerate(axes):
            if axis is None:
                args.append(first.args[position])
                continue
            values = [item[position] for item in items]
            self._budget.take(size * values[0].nbytes)
            host = isinstance(values[0], np.ndarray)
            args.append(np.stack(values) if host else jnp.stack(values))
        return Resolved(first.program, args, [], {}, _key_of(jobs[0], size), False, lanes=axes)

    def _pending(self, job: Job, run: Dispatched, results: Results) -> Pending:
        launch, resolved = job.message, job.resolved

        def is_refused() -> bool:
            try:
                results.on_host()
            except Exception as error:
                self._refuse(job, error)
                return True
            try:
                if run.status is not None:
                    read_status(run, launch.seq)
            except Refused:
                return True
            return False

        def run_alone() -> None:
            self._launcher.run_again(resolved, run, lambda: self._executables.careful(resolved, launch))

        return Pending(is_refused, run_alone, run_alone)

    def _refuse(self, job: Job, error: Exception) -> None:
        """No more batches of this kind. The launches of this one run alone."""
        if self._gatherer.refuse(job.kind):
            self.failed_batches += 1
            why = f"{type(error).__name__}: {error}"[:200]
            log.info(
                "calls of a program are not batched", extra={"program": job.message.hash.hex(), "why": why}
            )


def batch_of_types(single: Resolved, size: int, stacked: Collection[int]) -> Resolved:
    """A batch to compile, of launches of which only the types of inputs are known. Those are stacked whose positions
    are given. Raises SynjaxError (INVALID_ARGUMENT) where such launches run alone.
    """
    if single.x64:
        raise SynjaxError("INVALID_ARGUMENT", "programs with 64 bits run alone")
    axes = tuple(0 if position in stacked else None for position in range(len(single.args)))
    args = list(single.args)
    for position in stacked:
        of = args[position]
        if not isinstance(of, jax.ShapeDtypeStruct):
            raise SynjaxError("INVALID_ARGUMENT", f"input {position} is a number, which is not stacked")
        args[position] = jax.ShapeDtypeStruct((size, *of.shape), of.dtype, weak_type=of.weak_type)
    return Resolved(single.program, args, [], {}, _key(single.key, size, axes), False, lanes=axes)


def size_of(launches: int, most: int) -> int:
    """The size of the batch in which so many run: a power of two, so that few are compiled."""
    return min(1 << (launches - 1).bit_length(), most)


def _axes(launch: Launch) -> tuple[int | None, ...]:
    """By input: 0 where it is stacked, None where all share it."""
    return tuple(0 if type(item) is HostArray else None for item in launch.inputs)


def _key_of(job: Job, size: int) -> tuple:
    """The key of the executable of a batch of which this is the first."""
    return _key(job.resolved.key, size, _axes(job.message))


def _key(single: tuple, size: int, axes: tuple[int | None, ...]) -> tuple:
    *others, signatures = single
    return (*others, ("lanes", size, axes), signatures)
