"""The engine: owns JAX. Takes jobs in order, traces, compiles, dispatches, and answers in the same order.

Three threads meet here. The **IO thread** submits jobs; where nothing is queued and the executable is known to be
quick it runs the job itself, which saves two hand-offs. The **compute thread** takes what is queued. The
**completion thread** waits for results that take long, reads status words and brings data to the host, so that the
compute thread dispatches the next launch meanwhile. A job may be completed elsewhere only when nothing is waiting
for completion: then every launch before it is known to have succeeded or failed.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import math
import queue
import re
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from ..errors import SynjaxError
from ..protocol import ERROR, LENIENT, OK, UNCHECKED, WIDE_DTYPES
from ..runtime.interpreter import Site, check_error, interpret
from ..runtime.program import Program, affected_outputs, decode_program, program_hash
from .codec import (
    SMALL_BYTES,
    ArrayType,
    Compile,
    Fetch,
    HostArray,
    Launch,
    array_from,
    aval_of,
    host_value,
    pack_data,
    pack_header,
    placeholder,
)
from .limits import Limits

INSTANT_SECONDS = 0.0003  # so short that the IO thread runs it in any case
QUICK_SECONDS = 0.02  # the IO thread runs it when no other message is waiting
QUICK_FETCH_BYTES = 16 << 20  # a fetch of more takes another thread's time
TRACE_LENGTH = 4_000  # characters of a traceback in an error
RETRY_AFTER_MS = 50

_TIMING_WEIGHT = 0.25

ErrorMap = dict[str, Any]
Post = Callable[[bytes, bytes, Sequence[Any]], None]  # client, header, buffers


class Outcome:
    """What is known of a launch: None while nothing is wrong with it. Its results share it."""

    __slots__ = ("error",)

    def __init__(self, error: ErrorMap | None = None):
        self.error = error


class Handle:
    """A result that stays on the device, or the error of the launch that should have made it."""

    __slots__ = ("outcome", "reads", "signature", "value")

    def __init__(self, value: Any, signature: Any, outcome: Outcome):
        self.value = value
        self.signature = signature
        self.outcome = outcome
        self.reads = 0  # completions that have yet to bring it to the host


class Session:
    """One client: its handles and programs. Only jobs touch them, and jobs run one after the other."""

    def __init__(self, client: bytes):
        self.client = client
        self.handles: dict[int, Handle] = {}
        self.programs: dict[bytes, Program | SynjaxError] = {}
        self.jobs: dict[int, Job] = {}  # submitted and not answered, by seq
        self.bytes_in_flight = 0


@dataclasses.dataclass(slots=True)
class Job:
    session: Session
    message: Launch | Compile | Fetch | Callable[[], Any]
    buffers: list[bytes | memoryview]
    bytes: int = 0
    seq: int = 0
    refused: Exception | None = None  # it fails in its turn, without running
    counted: bool = False  # in its session's jobs and bytes in flight
    started: bool = False
    resolved: _Resolved | None = None


@dataclasses.dataclass(slots=True)
class _Resolved:
    """A launch whose inputs are found."""

    program: Program
    args: list[Any]
    handles: list[Handle | None]  # by input
    poisoned: dict[int, ErrorMap]  # inputs of a lenient launch that failed
    key: tuple
    x64: bool


@dataclasses.dataclass(slots=True)
class Executable:
    """A compiled program for inputs of known types."""

    call: Callable[..., tuple[list[Any], Any]]
    x64: bool
    sites: list[Site]
    status_rows: list[int]  # empty: it has no status
    positions: list[int]  # of the program's results, those that are computed
    failures: dict[int, SynjaxError]  # the others: what failed while tracing
    avals: list[list | None] | None = None  # known after the first call
    signatures: list[Any] = dataclasses.field(default_factory=list)
    seconds: dict[bool, float] = dataclasses.field(default_factory=dict)  # a call takes, waited for or not

    def time(self, awaited: bool, seconds: float) -> None:
        before = self.seconds.get(awaited, seconds)
        self.seconds[awaited] = before + _TIMING_WEIGHT * (seconds - before)


@dataclasses.dataclass(slots=True)
class _Ran:
    """A launch that was dispatched."""

    executable: Executable
    outcome: Outcome
    outputs: list[Handle]  # by position
    status: Any
    started: float


class Engine:
    def __init__(self, ops: dict[str, Any], limits: Limits, post: Post):
        self._ops = ops
        self._limits = limits
        self._post = post
        self._queue: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._completions: queue.SimpleQueue[tuple[Callable[[], None], list[Handle]]] = queue.SimpleQueue()
        self._executables: collections.OrderedDict[tuple, Executable] = collections.OrderedDict()
        self._unsettled: collections.deque[jax.Array] = collections.deque()  # dispatched, nobody waited for
        self._lock = threading.Condition()  # guards the counts below and the jobs of sessions
        self._submitted = 0
        self._finished = 0
        self._completing = 0
        self._compiles = 0
        self._launches = 0
        self._started_at = time.monotonic()

    def start(self) -> None:
        for loop in (self._compute_loop, self._completion_loop):
            threading.Thread(target=loop, name=loop.__name__.strip("_"), daemon=True).start()
        # The first compilation of a process takes longer; it runs while the client says hello.
        self.submit(Job(Session(b""), _warm_up, []))

    # ------------------------------------------------------------------------------------ called by the IO thread

    @property
    def idle(self) -> bool:
        """Nothing is queued, running or waiting for completion; every reply has been posted."""
        return self._submitted == self._finished

    def submit(self, job: Job) -> None:
        with self._lock:
            self._submitted += 1
            job.counted = True
            job.session.bytes_in_flight += job.bytes
            if job.seq:
                job.session.jobs[job.seq] = job
        self._queue.put(job)

    def run_if_quick(self, job: Job, alone: Callable[[], bool]) -> bool:
        """Runs the job on this thread if the engine is idle and the job is known to take little time.

        `alone()` says that no other message has arrived yet.
        """
        message = job.message
        if isinstance(message, Compile) or job.bytes >= SMALL_BYTES or not self.idle or not self._settled():
            return False
        if isinstance(message, Launch):
            if message.has_body or not self._is_quick(job, alone):
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

    def is_overloaded(self, session: Session, size: int) -> bool:
        return len(session.jobs) >= 2 * self._limits.in_flight_messages or (
            session.bytes_in_flight + size > 2 * self._limits.in_flight_bytes and session.bytes_in_flight > 0
        )

    def counters(self, session: Session) -> dict[str, int | float]:
        self._settled()
        queued = self._queue.qsize()
        return {
            "queued": queued,
            "running": max(0, self._submitted - self._finished - queued),
            "handles": len(session.handles),
            "programs": len(session.programs),
            "executables": len(self._executables),
            "compiles": self._compiles,
            "launches": self._launches,
            "uptime": time.monotonic() - self._started_at,
        }

    def _is_quick(self, job: Job, alone: Callable[[], bool]) -> bool:
        try:
            job.resolved = self._resolve(job)
        except Exception as error:
            job.refused = error
            return True
        executable = self._executables.get(job.resolved.key)
        # A loop without a bound may take any time, whatever it took last; pings must not wait for it.
        if executable is None or job.resolved.program.root.unbounded:
            return False
        seconds = executable.seconds.get(_is_awaited(job.message, executable), math.inf)
        return seconds < INSTANT_SECONDS or (seconds < QUICK_SECONDS and alone())

    def _settled(self) -> bool:
        """Whether the device has nothing left to do, as far as dispatched launches tell."""
        unsettled = self._unsettled
        if unsettled:
            with self._lock:
                while unsettled and _is_ready(unsettled[0]):
                    unsettled.popleft()
        return not unsettled

    # ------------------------------------------------------------------------------------------------- the threads

    def _compute_loop(self) -> None:
        while True:
            job = self._queue.get()
            job.started = True
            self._run(job, submitted=True)

    def _completion_loop(self) -> None:
        while True:
            step, reads = self._completions.get()
            step()
            with self._lock:
                for handle in reads:
                    handle.reads -= 1
                self._completing -= 1
                self._finished += 1
                self._lock.notify_all()

    def _run(self, job: Job, submitted: bool = False) -> None:
        """Runs a job up to its reply, or up to where the completion thread takes over."""
        message = job.message
        try:
            if isinstance(message, Launch):
                step, reads, wait = self._launch(job, message)
            elif isinstance(message, Fetch):
                step, reads, wait = self._fetch(job, message)
            elif isinstance(message, Compile):
                step, reads, wait = self._compile_ahead(job, message)
            else:
                step, reads, wait = self._order(job, message)
        except Exception as error:  # a mistake of ours; the worker goes on
            failure = _as_error(error, "INTERNAL").to_wire()
            step, reads, wait = (lambda: self._reply_error(job, failure)), [], False
        inline = self._completing == 0 and not (submitted and wait)
        if inline:
            self._guarded(job, step)()
            if submitted:
                with self._lock:
                    self._finished += 1
            return
        with self._lock:
            self._completing += 1
            for handle in reads:
                handle.reads += 1
        self._completions.put((self._guarded(job, step), reads))

    def _guarded(self, job: Job, step: Callable[[], None]) -> Callable[[], None]:
        def guarded() -> None:
            try:
                step()
            except Exception as error:
                self._reply_error(job, _as_error(error, "INTERNAL").to_wire())

        return guarded

    # ---------------------------------------------------------------------------------------------------- launches

    def _launch(self, job: Job, launch: Launch) -> tuple[Callable[[], None], list[Handle], bool]:
        """Dispatches a launch. Returns what completes it, what that reads, and whether it may have to wait."""
        handles = job.session.handles
        outcome = Outcome()
        self._launches += 1
        try:
            if job.refused is not None:
                if launch.has_body:
                    self._program(job.session, launch, job.buffers)
                raise job.refused
            resolved = job.resolved or self._resolve(job)
            executable = self._executable(resolved, launch)
            self._wait_for_readers(resolved, launch)
            ran = self._dispatch(executable, resolved, outcome)
        except Exception as error:
            self._drop(handles, launch.frees)
            outcome.error = _launch_error(error, launch.seq, handles)
            failed = Handle(None, None, outcome)
            if len(handles) + launch.outputs <= 2 * self._limits.handles:
                handles.update(
                    (id_, failed) for id_ in range(launch.first_output, launch.first_output + launch.outputs)
                )
            reply = outcome.error
            return (lambda: self._reply_error(job, reply)), [], False
        finally:
            for position in launch.donated:
                if isinstance(launch.inputs[position], int):
                    handles.pop(launch.inputs[position], None)
        for position, error in executable.failures.items():
            ran.outputs[position] = self._failed_result(error, resolved, launch.seq)
        handles.update(
            (launch.first_output + position, handle) for position, handle in enumerate(ran.outputs)
        )
        reads = [ran.outputs[position] for position in launch.wants]
        if _is_awaited(launch, executable):
            wait = executable.seconds.get(True, math.inf) > QUICK_SECONDS or not self._queue.empty()
        else:
            self._watch(ran)
            wait = False
        return (lambda: self._complete(job, launch, resolved, ran)), reads, wait

    def _resolve(self, job: Job) -> _Resolved:
        launch, session = job.message, job.session
        self._drop(session.handles, launch.frees)
        program = self._program(session, launch, job.buffers)
        if launch.outputs != len(program.root.outputs):
            raise SynjaxError(
                "BAD_MESSAGE", f"{launch.outputs} results of a program of {len(program.root.outputs)}"
            )
        if len(session.handles) + launch.outputs > self._limits.handles:
            raise SynjaxError(
                "LIMIT_HANDLES",
                f"{len(session.handles)} live results; at most {self._limits.handles}. Dispose of some",
            )
        return self._inputs(job, launch, program)

    def _compile_ahead(self, job: Job, message: Compile) -> tuple[Callable[[], None], list[Handle], bool]:
        """Compiles for launches to come, unless that is done already."""
        try:
            program = self._program(job.session, message, job.buffers)
            if job.refused is not None:
                raise job.refused
            self._executable(self._inputs(job, message, program), message)
        except Exception as error:
            failure = _root_error(error, message.seq)
            return (lambda: self._reply_error(job, failure)), [], False
        return (lambda: self._answer(job, [message.seq, OK, None])), [], False

    def _program(
        self, session: Session, launch: Launch | Compile, buffers: list[bytes | memoryview]
    ) -> Program:
        """The launch's program; one that comes with it is kept, whatever becomes of the launch."""
        if launch.has_body and not buffers:
            raise SynjaxError("BAD_MESSAGE", "the frame with the program is missing")
        known = session.programs.get(launch.hash)
        if launch.has_body and known is None:
            known = self._read_program(session, launch.hash, bytes(buffers[0]))
        if known is None:
            raise SynjaxError("UNKNOWN_PROGRAM", "no program with this hash was sent in this session")
        if isinstance(known, SynjaxError):
            raise known
        return known

    def _read_program(self, session: Session, hash_: bytes, encoded: bytes) -> Program | SynjaxError:
        if len(encoded) <= self._limits.body_bytes and program_hash(encoded) != hash_:
            raise SynjaxError("BAD_HASH", "the program does not have the hash it was sent with")
        if len(session.programs) >= self._limits.programs:
            raise SynjaxError(
                "LIMIT_PROGRAMS", f"{len(session.programs)} programs; at most {self._limits.programs}"
            )
        try:
            program: Program | SynjaxError = decode_program(encoded, self._ops, self._limits)
        except SynjaxError as error:
            program = error  # the client will not send it again: later launches hear the same
        session.programs[hash_] = program
        return program

    def _inputs(self, job: Job, launch: Launch | Compile, program: Program) -> _Resolved:
        expected = program.root.inputs + program.root.captures
        if len(launch.inputs) != expected:
            raise SynjaxError("BAD_MESSAGE", f"{len(launch.inputs)} inputs of a program of {expected}")
        args: list[Any] = []
        handles: list[Handle | None] = []
        signatures: list[Any] = []
        poisoned: dict[int, ErrorMap] = {}
        wide = program.root.x64
        frames = iter(job.buffers[launch.has_body :])
        for position, item in enumerate(launch.inputs):
            handle = None
            if type(item) is int:
                handle = job.session.handles.get(item)
                if handle is None:
                    raise _unknown_handle(item)
                value, error = handle.value, handle.outcome.error  # in this order: see _fail
                if error is not None:
                    if not launch.flags & LENIENT:
                        raise _Poisoned(error)
                    poisoned[position] = error
                    value, signature = np.int8(0), _POISONED
                else:
                    signature = handle.signature
            elif type(item) is HostArray:
                data = item.data if item.data is not None else next(frames, None)
                if data is None:
                    raise SynjaxError("BAD_MESSAGE", "a buffer is missing")
                value = array_from(item.dtype, item.shape, data, self._limits)
                signature = (item.dtype, item.shape, False)
            elif type(item) is ArrayType:
                value, signature = placeholder(item, self._limits), tuple(item)
            else:
                value, signature = item.value, type(item.value)
            wide = wide or _is_wide(signature)
            args.append(value)
            handles.append(handle)
            signatures.append(signature)
        if next(frames, None) is not None:
            raise SynjaxError("BAD_MESSAGE", "more buffers than inputs")
        self._check_donation(launch)
        key = (launch.hash, launch.flags, launch.donated, tuple(signatures))
        return _Resolved(program, args, handles, poisoned, key, wide)

    def _check_donation(self, launch: Launch | Compile) -> None:
        if not launch.donated:
            return
        uses = collections.Counter(item for item in launch.inputs if type(item) is int)
        for position in launch.donated:
            item = launch.inputs[position]
            if type(item) is int and uses[item] > 1:
                raise SynjaxError("INVALID_ARGUMENT", f"input {position} is donated and is another input too")

    def _executable(self, resolved: _Resolved, launch: Launch | Compile) -> Executable:
        executable = self._executables.get(resolved.key)
        if executable is not None:
            self._executables.move_to_end(resolved.key)
            return executable
        executable = self._compile(resolved, launch)
        self._executables[resolved.key] = executable
        while len(self._executables) > self._limits.executables:
            self._executables.popitem(last=False)
        return executable

    def _compile(self, resolved: _Resolved, launch: Launch | Compile) -> Executable:
        traced = None

        def program(*inputs: Any) -> tuple[list[Any], Any]:
            nonlocal traced
            traced = interpret(
                resolved.program,
                inputs,
                self._ops,
                poisoned=frozenset(resolved.poisoned),
                lenient=bool(launch.flags & LENIENT),
                checks=not launch.flags & UNCHECKED,
                x64=resolved.x64,
                rank=self._limits.rank,
            )
            return traced.outputs, traced.status

        with _x64(resolved.x64), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Some donated buffers were not usable")
            jitted = jax.jit(program, donate_argnums=launch.donated)
            compiled = jitted.lower(*resolved.args).compile()
        self._compiles += 1
        return Executable(
            call=compiled,
            x64=resolved.x64,
            sites=traced.sites,
            status_rows=traced.status_rows,
            positions=[k for k in range(len(resolved.program.root.outputs)) if k not in traced.failures],
            failures=traced.failures,
        )

    def _wait_for_readers(self, resolved: _Resolved, launch: Launch) -> None:
        """A buffer that is given away must first have reached those it was promised to."""
        donated = [resolved.handles[position] for position in launch.donated]
        donated = [handle for handle in donated if handle is not None]
        if donated and self._completing:
            with self._lock:
                self._lock.wait_for(lambda: not any(handle.reads for handle in donated))

    def _dispatch(self, executable: Executable, resolved: _Resolved, outcome: Outcome) -> _Ran:
        started = time.perf_counter()
        if executable.x64:
            with jax.enable_x64(True):
                values, status = executable.call(*resolved.args)
        else:
            values, status = executable.call(*resolved.args)
        if executable.avals is None:
            avals: list[list | None] = [None] * (len(values) + len(executable.failures))
            for position, value in zip(executable.positions, values, strict=True):
                avals[position] = aval_of(value)
            executable.signatures = [_signature(value) for value in values]
            executable.avals = avals
        outputs: list[Any] = [None] * len(executable.avals)
        for position, value, signature in zip(
            executable.positions, values, executable.signatures, strict=True
        ):
            outputs[position] = Handle(value, signature, outcome)
        return _Ran(executable, outcome, outputs, status, started)

    def _failed_result(self, error: SynjaxError, resolved: _Resolved, seq: int) -> Handle:
        """A result of a lenient launch that failed while tracing, or because of an input that had failed."""
        position = error.details.get("input")
        if position is None:
            return Handle(None, None, Outcome(_root_error(error, seq)))
        return Handle(None, None, Outcome(resolved.poisoned[position] | {"poisoned": True}))

    def _watch(self, ran: _Ran) -> None:
        self._settled()  # or what is done would stay in memory
        for handle in ran.outputs:
            for leaf in jax.tree.leaves(handle.value)[:1]:
                self._unsettled.append(leaf)
                return

    def _complete(self, job: Job, launch: Launch, resolved: _Resolved, ran: _Ran) -> None:
        """Waits for a launch, reads its status, and answers."""
        executable, lenient = ran.executable, launch.flags & LENIENT
        inputs_failed = {
            position: handle.outcome.error | {"poisoned": True}
            for position, handle in enumerate(resolved.handles)
            if handle is not None and handle.outcome.error is not None and position not in resolved.poisoned
        }
        if inputs_failed and not lenient:
            return self._fail(job, ran, next(iter(inputs_failed.values())))
        try:
            if ran.status is not None:
                checks_failed = self._read_status(ran, launch.seq)
                if checks_failed and not lenient:
                    return self._fail(job, ran, next(iter(checks_failed.values())))
            else:
                checks_failed = {}
            if inputs_failed or checks_failed:
                root = resolved.program.root
                sources = affected_outputs(root, equations=checks_failed, inputs=inputs_failed)
                for position, error in sources.items():
                    if ran.outputs[position].outcome is ran.outcome:
                        ran.outputs[position].outcome = Outcome(error)
                        ran.outputs[position].value = None
            wanted = [ran.outputs[position] for position in launch.wants]
            values = [None if h.outcome.error is not None else _host(h.value) for h in wanted]
        except Exception as error:
            return self._fail(job, ran, _launch_error(error, launch.seq, job.session.handles))
        executable.time(_is_awaited(launch, executable), time.perf_counter() - ran.started)
        self._reply_results(job, executable.avals, ran.outputs if lenient else (), values)

    def _read_status(self, ran: _Ran, seq: int) -> dict[int, ErrorMap]:
        """The errors of checks that failed, by equation of the root body, in order."""
        status = np.asarray(ran.status)
        if not status[:, 0].any():
            return {}
        failed = {}
        for equation, row in zip(ran.executable.status_rows, status, strict=True):
            error = check_error(ran.executable.sites, row)
            if error is not None:
                failed[equation] = _root_error(error, seq)
        return failed

    def _fail(self, job: Job, ran: _Ran, error: ErrorMap) -> None:
        ran.outcome.error = error
        for handle in ran.outputs:
            handle.value = None  # after the error is set: who reads the value first sees the error too
        self._reply_error(job, error)

    # ------------------------------------------------------------------------------------- fetches and other orders

    def _fetch(self, job: Job, fetch: Fetch) -> tuple[Callable[[], None], list[Handle], bool]:
        handles = job.session.handles
        found = [(id_, handles.get(id_)) for id_ in fetch.handles]
        values = [handle and handle.value for _, handle in found]
        self._drop(handles, fetch.frees)
        refused = job.refused

        def complete() -> None:
            if refused is not None:
                return self._reply_error(job, _root_error(refused, fetch.seq))
            for (id_, handle), value in zip(found, values, strict=True):
                error = _fetch_error(id_, handle, value)
                if error is not None:
                    return self._reply_error(job, error)
            try:
                data = [host_value(value) for value in values]
            except Exception as error:
                return self._reply_error(job, _root_error(error, fetch.seq))
            self._reply_results(job, [aval_of(value) for value in values], (), data)

        settled = all(_is_ready(value) for value in values)
        return complete, [handle for _, handle in found if handle is not None], not settled

    def _order(self, job: Job, order: Callable[[], Any]) -> tuple[Callable[[], None], list[Handle], bool]:
        """A free, a forget or a goodbye: done in its turn."""
        result = order()

        def complete() -> None:
            self._answer(job, [job.seq, OK, result])

        return complete, [], False

    @staticmethod
    def _drop(handles: dict[int, Handle], ids: Sequence[int]) -> None:
        for id_ in ids:
            handles.pop(id_, None)

    # ----------------------------------------------------------------------------------------------------- replies

    def _answer(self, job: Job, header: list, buffers: Sequence[Any] = ()) -> None:
        if job.counted:  # not in flight any more: the client may send as soon as it reads this
            with self._lock:
                job.counted = False
                job.session.bytes_in_flight -= job.bytes
                job.session.jobs.pop(job.seq, None)
        if job.seq:
            self._post(job.session.client, pack_header(header), buffers)

    def _reply_error(self, job: Job, error: ErrorMap) -> None:
        self._answer(job, [job.seq, ERROR, error])

    def _reply_results(self, job: Job, avals: list, outputs: Sequence[Handle], values: list) -> None:
        data, buffers = pack_data(values)
        errors = [
            [k, handle.outcome.error] for k, handle in enumerate(outputs) if handle.outcome.error is not None
        ]
        if errors:
            avals = list(avals)
            for position, _ in errors:
                avals[position] = None
            self._answer(job, [job.seq, OK, avals, data, errors], buffers)
        else:
            self._answer(job, [job.seq, OK, avals, data], buffers)


# -------------------------------------------------------------------------------------------------------- signatures

_POISONED = ("poisoned", (), False)


def _signature(value: Any) -> Any:
    """What an executable is specialised to: the type of an array, or the structure of an object and its arrays'."""
    if isinstance(value, jax.Array):
        dtype, shape, weak = aval_of(value)
        return dtype, tuple(shape), weak
    leaves, structure = jax.tree.flatten(value)
    return structure, tuple(_signature(leaf) for leaf in leaves)


def _is_wide(signature: Any) -> bool:
    if type(signature) is type:
        return False
    if len(signature) == 2:
        return any(_is_wide(leaf) for leaf in signature[1])
    return signature[0] in WIDE_DTYPES


def _is_awaited(launch: Launch, executable: Executable) -> bool:
    """Whether the reply has to wait until the launch has run."""
    return bool(launch.wants or executable.status_rows)


def _is_ready(value: Any) -> bool:
    if not isinstance(value, jax.Array) or not hasattr(value, "is_ready"):  # keys cannot say
        return True
    return value.is_deleted() or value.is_ready()


def _warm_up() -> None:
    np.asarray(jax.jit(lambda x: x + 1)(np.zeros(1, np.float32)))


def _held(handles: dict[int, Handle]) -> str:
    leaves = [leaf for handle in list(handles.values()) for leaf in jax.tree.leaves(handle.value)]
    size = sum(leaf.nbytes for leaf in leaves if isinstance(leaf, jax.Array) and not leaf.is_deleted())
    return f"this session holds {size} bytes in {len(handles)} results"


def _x64(on: bool) -> contextlib.AbstractContextManager:
    return jax.enable_x64(True) if on else contextlib.nullcontext()


def _host(value: Any) -> np.ndarray:
    if not isinstance(value, jax.Array):
        raise _not_a_tensor(value)
    return host_value(value)


# ------------------------------------------------------------------------------------------------------------ errors


class _Poisoned(Exception):
    def __init__(self, error: ErrorMap):
        self.error = error


def _unknown_handle(id_: int) -> SynjaxError:
    return SynjaxError("HANDLE_UNKNOWN", f"no handle {id_}: freed, donated or never made")


def _not_a_tensor(value: Any) -> SynjaxError:
    return SynjaxError("NOT_A_TENSOR", f"a {type(value).__name__} stays on the device; fetch a query of it")


def _fetch_error(id_: int, handle: Handle | None, value: Any) -> ErrorMap | None:
    """Why what a handle held when it was fetched cannot be sent; None where it can."""
    if handle is None:
        return _unknown_handle(id_).to_wire()
    if handle.outcome.error is not None:
        return handle.outcome.error | {"poisoned": True}
    return None if isinstance(value, jax.Array) else _not_a_tensor(value).to_wire()


def _root_error(error: Exception, seq: int) -> ErrorMap:
    """The error as the client reads it, with the launch it happened in, or happened in first."""
    if isinstance(error, _Poisoned):
        return error.error | {"poisoned": True}
    return {"launch": seq} | _as_error(error).to_wire()


def _launch_error(error: Exception, seq: int, handles: dict[int, Handle]) -> ErrorMap:
    """The same of a launch; where there was no memory, with what the session holds of it."""
    found = _root_error(error, seq)
    if found["code"] == "OUT_OF_MEMORY" and not found.get("poisoned"):
        found["message"] += f"; {_held(handles)}"
    return found


def _as_error(error: Exception, unforeseen: str = "RUN_FAILED") -> SynjaxError:
    if isinstance(error, SynjaxError):
        return error
    text = str(error)
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text:
        asked = re.search(r"allocating (\d+) bytes", text)
        what = f"{asked[1]} bytes were asked for" if asked else text[:300]
        return SynjaxError(
            "OUT_OF_MEMORY", f"out of device memory: {what}. Dispose of results that are no longer needed"
        )
    trace = "".join(traceback.format_exception(error))[-TRACE_LENGTH:]
    return SynjaxError(unforeseen, f"{type(error).__name__}: {text[:2_000]}", trace=trace)
