"""Resolving a launch or compile: its program is looked up or decoded, its inputs become values."""

from __future__ import annotations

import collections
import dataclasses
import math
from typing import Any

import jax
import numpy as np

from ...errors import SynjaxError
from ...limits import Limits
from ...protocol import BATCHABLE, FIND_NANS, LENIENT, UNCHECKED
from ...runtime.decode import decode_program, program_hash
from ...runtime.program import Program
from ..codec import ArrayType, Compile, FileArray, HostArray, Launch, array_from, placeholder
from ..file_arrays import array_in_file, size_of
from .budget import Budget
from .failures import PoisonedInput, unknown_handle
from .forwards import FORWARDS, forwards
from .handles import ErrorMap, Handle, SharedHandle, drop, is_wide
from .jobs import Job, Resolved, Session
from .pending import Pending

_DECODED = 80  # times as many bytes does a program take when it is decoded, at most
_POISONED = ("poisoned", (), False)
# Of inputs that are kept until results are known to be right: donated ones, and those of what runs ahead.
KEPT_BYTES = 64 << 20


class Resolver:
    """Checks messages against the limits and the session that sent them."""

    def __init__(self, ops: dict[str, Any], limits: Limits, budget: Budget, keeps_encoded: bool = False):
        self._ops = ops
        self._limits = limits
        self._budget = budget
        self._keeps_encoded = keeps_encoded  # programs as they were sent, beside what they are decoded to

    def launch(self, job: Job, like: Resolved | None = None) -> Resolved:
        """Drops the handles that the launch frees, then resolves it. `like`: a launch of its kind that was resolved."""
        launch, session = job.message, job.session
        drop(session.handles, launch.frees)
        program = self.program(session, launch, job.buffers)
        if launch.outputs != len(program.root.outputs):
            raise SynjaxError(
                "BAD_MESSAGE", f"{launch.outputs} results of a program of {len(program.root.outputs)}"
            )
        if len(session.handles) + launch.outputs > session.limits.handles:
            raise SynjaxError(
                "LIMIT_HANDLES",
                f"{len(session.handles)} live results; at most {session.limits.handles}. Dispose of some",
            )
        found = None if like is None else self._like(like, job, launch, program)
        return found or self.inputs(job, launch, program)

    def _like(self, like: Resolved, job: Job, launch: Launch, program: Program) -> Resolved | None:
        """What `inputs` gives, from a launch of the same kind, whose data alone may be others. None where more is: a
        value on the device, or one that may still fail.
        """
        if job.buffers:
            return None
        args: list[Any] = []
        handles: list[Handle | None] = []
        for item, value in zip(launch.inputs, like.args, strict=True):
            handle = None
            if type(item) is int:
                handle = job.session.handles.get(item)
                if (
                    handle is None
                    or handle.value is not value
                    or handle.outcome.error is not None
                    or handle.outcome.open_pending() is not None
                ):
                    return None
            elif type(item) is HostArray:
                if item.data is None:
                    return None
                self._budget.take(len(item.data))
                value = array_from(item.dtype, item.shape, item.data, self._limits)
            args.append(value)
            handles.append(handle)
        return Resolved(program, args, handles, {}, like.key, like.x64)  # nothing of this kind is donated

    def program(
        self, session: Session, launch: Launch | Compile, buffers: list[bytes | memoryview]
    ) -> Program:
        """The program of a launch. One that comes with the launch is kept, even if the launch fails later."""
        if launch.has_body and not buffers:
            raise SynjaxError("BAD_MESSAGE", "the frame with the program is missing")
        known = session.programs.get(launch.hash)
        if launch.has_body and known is None:
            known = self._read_program(session, launch.hash, bytes(buffers[0]))
        if known is None:
            raise SynjaxError("UNKNOWN_PROGRAM", "no program with this hash was sent in this session")
        if isinstance(known, SynjaxError):
            raise known.to_keep()
        return known

    def _read_program(self, session: Session, hash_: bytes, encoded: bytes) -> Program | SynjaxError:
        if len(encoded) <= self._limits.body_bytes and program_hash(encoded) != hash_:
            raise SynjaxError("BAD_HASH", "the program does not have the hash it was sent with")
        if len(session.programs) >= session.limits.programs:
            raise SynjaxError(
                "LIMIT_PROGRAMS", f"{len(session.programs)} programs; at most {session.limits.programs}"
            )
        self._budget.take(_DECODED * len(encoded))
        try:
            program: Program | SynjaxError = decode_program(encoded, self._ops, self._limits)
            if self._keeps_encoded:
                program = dataclasses.replace(program, encoded=encoded)
        except SynjaxError as error:
            program = error.to_keep()  # the client sends a program once, so later launches get the same error
        session.programs[hash_] = program
        return program

    def inputs(self, job: Job, launch: Launch | Compile, program: Program) -> Resolved:
        """The values of the inputs, and the key of the executable that takes them."""
        expected = program.root.inputs + program.root.captures
        if len(launch.inputs) != expected:
            raise SynjaxError("BAD_MESSAGE", f"{len(launch.inputs)} inputs of a program of {expected}")
        args: list[Any] = []
        handles: list[Handle | None] = []
        signatures: list[Any] = []
        poisoned: dict[int, ErrorMap] = {}
        wide = program.root.x64
        donated = _overwritten(launch, program, job.session.handles)
        # What overwrites its inputs cannot run again, nor what tells of its results one by one.
        runs_ahead = isinstance(launch, Launch) and not donated and not launch.flags & (LENIENT | FIND_NANS)
        before: list[Pending] = []
        frames = iter(job.buffers[launch.has_body :])
        for position, item in enumerate(launch.inputs):
            handle = None
            if type(item) is int:
                handle = job.session.handles.get(item)
                if handle is None:
                    raise unknown_handle(item)
                pending = handle.outcome.open_pending()
                if pending is not None and runs_ahead and _bytes_of(handle) <= KEPT_BYTES:
                    pending.limit_ahead()
                    before.append(pending)
                else:
                    handle.outcome.settle()
                # A failing launch sets the error before it clears the value: read in the other order.
                value, error = handle.value, handle.outcome.error
                if error is not None:
                    if not launch.flags & LENIENT:
                        raise PoisonedInput(error)
                    poisoned[position] = error
                    value, signature = np.int8(0), _POISONED
                else:
                    signature = handle.signature
            elif type(item) is HostArray:
                data = item.data if item.data is not None else next(frames, None)
                if data is None:
                    raise SynjaxError("BAD_MESSAGE", "a buffer is missing")
                self._budget.take(len(data))  # it is copied
                value = array_from(item.dtype, item.shape, data, self._limits)
                signature = (item.dtype, item.shape, False)
            elif type(item) is FileArray:
                self._budget.take(size_of(item))
                value = array_in_file(item, self._limits)
                signature = (item.dtype, item.shape, False)
            elif type(item) is ArrayType:
                value, signature = placeholder(item, self._limits), tuple(item)
            else:
                value, signature = item.value, type(item.value)
            wide = wide or is_wide(signature)
            args.append(value)
            handles.append(handle)
            signatures.append(signature)
        if next(frames, None) is not None:
            raise SynjaxError("BAD_MESSAGE", "more buffers than inputs")
        check_donation(launch, job.session.handles)
        how = (launch.flags & ~BATCHABLE, donated)
        if not program.root.equations and forwards(launch, program):
            how += (FORWARDS,)
        key = (launch.hash, *how, tuple(signatures))
        return Resolved(program, args, handles, poisoned, key, wide, donated, tuple(before))


def _overwritten(launch: Launch | Compile, program: Program, handles: dict[int, Handle]) -> tuple[int, ...]:
    """The donated inputs whose memory is used again. Of an optimistic program that is not worth being careful at once,
    unless they are large.
    """
    if not launch.donated or launch.flags & FIND_NANS:
        return ()
    if not program.root.certified or launch.flags & UNCHECKED:
        return launch.donated
    given = [launch.inputs[position] for position in launch.donated]
    size = sum(_bytes_of(handles.get(item) if type(item) is int else item) for item in given)
    return launch.donated if size > KEPT_BYTES else ()


def _bytes_of(item: Any) -> int:
    """The bytes of an input, of which nothing may be known yet."""
    if isinstance(item, Handle):
        return sum(getattr(leaf, "nbytes", 0) for leaf in jax.tree.leaves(item.value))
    if isinstance(item, (ArrayType, FileArray, HostArray)):
        return math.prod(item.shape) * np.dtype(item.dtype).itemsize
    return 0


def check_donation(launch: Launch | Compile, handles: dict[int, Handle]) -> None:
    """Raises SynjaxError (INVALID_ARGUMENT) for a donated handle that is shared, or another input of the launch."""
    if not launch.donated:
        return
    uses = collections.Counter(item for item in launch.inputs if type(item) is int)
    for position in launch.donated:
        item = launch.inputs[position]
        if type(item) is int and uses[item] > 1:
            raise SynjaxError("INVALID_ARGUMENT", f"input {position} is donated and is another input too")
        if type(item) is int and isinstance(handles.get(item), SharedHandle):
            raise SynjaxError(
                "INVALID_ARGUMENT", f"input {position} is donated and is shared with other clients"
            )
