"""Jobs: what a client asks of the engine, from its arrival to its reply."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

from ...errors import SynjaxError
from ...runtime.program import Program
from ..codec import Compile, Fetch, Launch
from .handles import ErrorMap, Handle


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
    """One message of a session, or a function that runs in its turn."""

    session: Session
    message: Launch | Compile | Fetch | Callable[[], Any]
    buffers: list[bytes | memoryview]
    bytes: int = 0
    seq: int = 0
    refused: Exception | None = None  # set: the job fails in its turn, without running
    counted: bool = False  # whether it is in its session's jobs and bytes in flight
    started: bool = False
    resolved: Resolved | None = None  # set where a launch was resolved before its turn


@dataclasses.dataclass(slots=True)
class Resolved:
    """A launch or compile with its program and the values of its inputs."""

    program: Program
    args: list[Any]
    handles: list[Handle | None]  # by input
    poisoned: dict[int, ErrorMap]  # the failed inputs of a lenient launch
    key: tuple  # names the executable
    x64: bool


class Step(NamedTuple):
    """The second half of a job: it waits for results and answers."""

    complete: Callable[[], None]
    reads: tuple[Handle, ...] = ()  # what `complete` copies to the host
    seconds: float | None = (
        None  # how long it may wait for the device, infinity where unknown; None: it does not wait
    )
