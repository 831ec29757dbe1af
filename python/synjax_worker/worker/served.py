"""What a served worker has that an embedded one has not: keys, a warm-up, a record, signs of life."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..limits import Limits
from ..registry import Registry
from .engine import Compiled
from .heartbeat import Heartbeat
from .keys import Keys
from .ports import HeldPort
from .recorder import Recorder
from .warm_file import read
from .warm_up import WarmUp


class Served(NamedTuple):
    """What a served worker was asked for, beside its configuration."""

    drain_seconds: float
    keys: str | None = None  # a directory
    warm: str | None = None  # a file that says what to compile before it is ready
    record: str | None = None  # a file in which it says what it compiled
    hang_after: float | None = None  # seconds
    heartbeat: int | None = None  # the descriptor of a pipe that a supervisor reads


class Prepared:
    """The same, made ready step by step while the worker starts."""

    def __init__(self, served: Served):
        self._served = served
        self.keys: Keys | None = None
        self.held: HeldPort | None = None
        self.warm_up: WarmUp | None = None
        self.recorder: Recorder | None = None
        self.beat: Callable[[], None] | None = None
        if served.hang_after is not None or served.heartbeat is not None:
            self.beat = Heartbeat(served.hang_after, served.heartbeat).beat

    def before_start(self, address: str, limits: Limits) -> str:
        """What takes no time, so that what is wrong is told at once. The address to listen at.

        Raises:
          InvalidArgument: the keys are wrong.
          SynjaxError: (WORKER_START) somebody listens there.
        """
        if self._served.keys is not None:
            self.keys = Keys(self._served.keys, limits)
        if self._served.warm is None:
            return address
        self.held = HeldPort(address)
        return self.held.address

    def loaded(self, registry: Registry, limits: Limits) -> None:
        """Reads and writes the files, now that the operations are known. Raises InvalidArgument."""
        warm, record = (
            None if name is None else Path(name) for name in (self._served.warm, self._served.record)
        )
        is_one = (
            warm is not None and record is not None and os.path.realpath(warm) == os.path.realpath(record)
        )
        known = []
        if record is not None and record.exists():
            known = read(record, "--record", registry.hash, registry.ops, limits)
        if warm is not None:
            asked = known
            if not is_one or record.exists():
                asked = read(warm, "--warm", registry.hash, registry.ops, limits)
            self.warm_up = WarmUp(asked)
        if record is not None:
            self.recorder = Recorder(record, registry.hash, limits.executables, known)

    @property
    def compiled(self) -> Compiled | None:
        """Who is told of executables."""
        return self.recorder and self.recorder.compiled
