"""Launches: dispatching a program, and what is found when it has run."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from ...errors import SynjaxError
from ...limits import Limits
from ...protocol import FIND_NANS, LENIENT
from ...runtime.checks import Refused, check_error
from ...runtime.program import affected_outputs
from ..codec import Launch, host_value
from .budget import Budget
from .completions import Completions, Unawaited
from .executables import Executable, Executables
from .failures import launch_error, not_a_tensor, root_error
from .handles import ErrorMap, Handle, Outcome, drop
from .jobs import Job, Resolved, Step
from .lanes import Lane, LaneStatus
from .nans import errors_of, with_nans
from .pending import Pending
from .replies import Replies
from .resolve import Resolver

# The engine's own threads, by name.
THREADS = ("compute", "completion")


@dataclasses.dataclass(slots=True)
class Dispatched:
    """A launch that the device may still be running."""

    executable: Executable
    outcome: Outcome
    outputs: list[Handle]  # by position
    status: Any
    started: float
    compiled: float | None  # seconds, if it was compiled for this launch
    pending: Pending | None = None
    error: Exception | None = None  # of running it again


class Launcher:
    """Runs launches."""

    def __init__(
        self,
        limits: Limits,
        resolver: Resolver,
        executables: Executables,
        budget: Budget,
        completions: Completions,
        unawaited: Unawaited,
        replies: Replies,
        defer: Callable[[Callable[[], None]], None],
    ):
        """`defer` runs a function on the compute thread."""
        self._limits = limits
        self._resolver = resolver
        self._executables = executables
        self._budget = budget
        self._completions = completions
        self._unawaited = unawaited
        self._replies = replies
        self._defer = defer
        self.launches = 0

    def launch(self, job: Job, launch: Launch) -> Step:
        """Dispatches a launch; its results are handles from now on. Returns what completes it."""
        handles = job.session.handles
        outcome = Outcome()
        self.launches += 1
        try:
            if job.refused is not None:
                if launch.has_body:
                    self._resolver.program(job.session, launch, job.buffers)
                raise job.refused
            resolved = job.resolved or self._resolver.launch(job)
            executable, compiled = self._executables.get(resolved, launch)
            # Effects would be seen twice, and values that are not right might keep a loop going for ever.
            if executable.has_effects or executable.may_not_end:
                for pending in resolved.before:
                    pending.settle()
                resolved.refresh()
                resolved.before = ()
            self._wait_for_readers(resolved)
            self._budget.take(executable.bytes)
            run = _dispatch(executable, resolved, outcome, compiled)
            if executable.certified or resolved.before:
                run.pending = outcome.pending = self._pending(launch, resolved, run)
        except Exception as error:
            drop(handles, launch.frees)
            reply = launch_error(error, launch.seq, handles)
            outcome.error = {name: value for name, value in reply.items() if name != "trace"}  # it is long
            failed = Handle(None, None, outcome)
            if len(handles) + launch.outputs <= 2 * job.session.limits.handles:
                handles.update(
                    (id_, failed) for id_ in range(launch.first_output, launch.first_output + launch.outputs)
                )
            return Step(lambda: self._replies.error(job, reply))
        finally:
            for position in launch.donated:
                if isinstance(launch.inputs[position], int):
                    handles.pop(launch.inputs[position], None)
        for position, error in executable.failures.items():
            run.outputs[position] = _failed_result(error, resolved, launch.seq)
        handles.update(
            (launch.first_output + position, handle) for position, handle in enumerate(run.outputs)
        )
        if executable.is_awaited(launch) or resolved.before:
            seconds = executable.expected_seconds(executable.is_awaited(launch))
        else:
            job.run.result = self._unawaited.watch(run.outputs)
            seconds = None
        reads = tuple(run.outputs[position] for position in launch.wants)
        if run.pending is not None or launch.flags & FIND_NANS:  # it may run again
            reads += tuple(handle for handle in resolved.handles if handle is not None)
        return Step(lambda: self.complete(job, launch, resolved, run), reads, seconds)

    def _wait_for_readers(self, resolved: Resolved) -> None:
        """XLA reuses a donated buffer at once, so everything that is to be read of it must have been read."""
        donated = [resolved.handles[position] for position in resolved.donated]
        self._completions.wait_until_read([handle for handle in donated if handle is not None])

    def _pending(self, launch: Launch, resolved: Resolved, run: Dispatched) -> Pending:
        def is_refused() -> bool:
            if run.status is None:
                return False
            try:
                read_status(run, launch.seq)
            except Refused:
                return True
            except Exception:  # what went wrong is found when the launch is completed
                return False
            return False

        def run_carefully() -> None:
            self.run_again(resolved, run, lambda: self._executables.careful(resolved, launch))

        def repeat() -> None:
            resolved.refresh()
            self.run_again(resolved, run, lambda: (run.executable, None))

        return Pending(is_refused, run_carefully, repeat, resolved.before)

    def run_again(
        self, resolved: Resolved, run: Dispatched, get: Callable[[], tuple[Executable, float | None]]
    ) -> None:
        """Dispatches a launch once more, by the executable that `get` gives; its results take the place of those of
        the first time.
        """
        try:
            executable, compiled = get()
            self._budget.take(executable.bytes)
            again = _dispatch(executable, resolved, run.outcome, compiled)
        except Exception as error:
            run.status, run.error = None, error
            return
        run.executable, run.status = executable, again.status
        if compiled is not None:
            run.compiled = (run.compiled or 0) + compiled
        for handle, found in zip(run.outputs, again.outputs, strict=True):
            if found is not None:
                handle.value, handle.signature = found.value, found.signature

    def complete(self, job: Job, launch: Launch, resolved: Resolved, run: Dispatched) -> None:
        """Waits for a launch, reads its status, and answers."""
        # The thread that reads messages does not compile.
        own = threading.current_thread().name in THREADS
        if launch.flags & FIND_NANS and not own:
            return self._defer(lambda: self.complete(job, launch, resolved, run))
        if run.pending is not None:
            if not run.pending.settle(may_compile=own):
                return self._defer(lambda: self.complete(job, launch, resolved, run))
            run.outcome.pending = None
        if run.error is not None:
            return self._fail(job, run, launch_error(run.error, launch.seq, job.session.handles))
        executable, lenient = run.executable, launch.flags & LENIENT
        inputs_failed = {
            position: handle.outcome.error | {"poisoned": True}
            for position, handle in enumerate(resolved.handles)
            if handle is not None and handle.outcome.error is not None and position not in resolved.poisoned
        }
        if inputs_failed and not lenient:
            return self._fail(job, run, next(iter(inputs_failed.values())))
        try:
            if run.status is not None:
                checks_failed = read_status(run, launch.seq)
                if checks_failed and not lenient:
                    return self._fail(job, run, next(iter(checks_failed.values())))
            else:
                checks_failed = {}
            if inputs_failed or checks_failed:
                root = resolved.program.root
                sources = affected_outputs(root, equations=checks_failed, inputs=inputs_failed)
                for position, error in sources.items():
                    if run.outputs[position].outcome is run.outcome:
                        run.outputs[position].outcome = Outcome(error)
                        run.outputs[position].value = None
            if launch.flags & FIND_NANS:
                nans_found = self._nans_found(launch, resolved, run)
                if nans_found and not lenient:
                    return self._fail(job, run, next(iter(nans_found.values())))
                for position, error in nans_found.items():
                    run.outputs[position].outcome = Outcome(error)
                    run.outputs[position].value = None
            wanted = [run.outputs[position] for position in launch.wants]
            values = [None if h.outcome.error is not None else _on_host(h) for h in wanted]
        except Exception as error:
            return self._fail(job, run, launch_error(error, launch.seq, job.session.handles))
        executable.record_seconds(executable.is_awaited(launch), time.perf_counter() - run.started)
        self._replies.results(job, executable.avals, run.outputs if lenient else (), values, run.compiled)

    def _nans_found(self, launch: Launch, resolved: Resolved, run: Dispatched) -> dict[int, ErrorMap]:
        """The errors of results that have a NaN, by their positions."""
        values = [handle.value if handle.outcome is run.outcome else None for handle in run.outputs]
        results = with_nans(values, resolved.x64)
        if not results:
            return {}
        found = errors_of(self._executables, resolved, launch, results)
        return {position: root_error(error, launch.seq) for position, error in found.items()}

    def _fail(self, job: Job, run: Dispatched, error: ErrorMap) -> None:
        run.outcome.error = error
        for handle in run.outputs:
            handle.value = None  # after the error is set, so that whoever finds no value finds the error
        self._replies.error(job, error)


def _dispatch(
    executable: Executable, resolved: Resolved, outcome: Outcome, compiled: float | None
) -> Dispatched:
    started = time.perf_counter()
    values, status = executable.run(resolved.args)
    outputs: list[Any] = [None] * len(executable.avals)
    for position, value, signature in zip(executable.positions, values, executable.signatures, strict=True):
        outputs[position] = Handle(value, signature, outcome)
    return Dispatched(executable, outcome, outputs, status, started, compiled)


def _failed_result(error: SynjaxError, resolved: Resolved, seq: int) -> Handle:
    """A result of a lenient launch that failed while tracing, or because one of its inputs had failed."""
    position = error.details.get("input")
    if position is None:
        return Handle(None, None, Outcome(root_error(error, seq)))
    return Handle(None, None, Outcome(resolved.poisoned[position] | {"poisoned": True}))


def read_status(run: Dispatched, seq: int) -> dict[int, ErrorMap]:
    """The errors of checks that failed, by equation of the root body, in order."""
    status = run.status.on_host() if type(run.status) is LaneStatus else host_value(run.status)
    if not status[:, 0].any():
        return {}
    failed = {}
    for equation, row in zip(run.executable.status_rows, status, strict=True):
        error = check_error(run.executable.sites, row)
        if error is not None:
            failed[equation] = root_error(error, seq)
    return failed


def _on_host(handle: Handle) -> np.ndarray:
    data = handle.on_host() if type(handle) is Lane else None
    if data is not None:
        return data
    value = handle.value
    if not isinstance(value, jax.Array):
        raise not_a_tensor(value)
    return host_value(value)
