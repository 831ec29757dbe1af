"""Executables: programs compiled for inputs of known types. The most recently used are kept."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import math
import warnings
from collections.abc import Callable
from typing import Any

import jax

from ...errors import SynjaxError
from ...limits import Limits
from ...protocol import LENIENT, UNCHECKED
from ...runtime.checks import Site
from ...runtime.interpreter import interpret
from ..codec import Compile, Launch, aval_of
from .handles import signature_of
from .jobs import Resolved

_TIMING_WEIGHT = 0.25  # of the latest call in the running average


@dataclasses.dataclass(slots=True)
class Executable:
    """A compiled program for inputs of known types."""

    call: Callable[..., tuple[list[Any], Any]]
    x64: bool
    sites: list[Site]
    status_rows: list[int]  # empty: the program has no status
    positions: list[int]  # the program's results that are computed
    failures: dict[int, SynjaxError]  # the other results: what failed while tracing
    avals: list[list | None] | None = None  # by result, known after the first call
    signatures: list[Any] = dataclasses.field(default_factory=list)
    seconds: dict[bool, float] = dataclasses.field(
        default_factory=dict
    )  # per call, by whether it was awaited

    def run(self, args: list[Any]) -> tuple[list[Any], Any]:
        """Dispatches a call: the computed results and the status word."""
        if self.x64:
            with jax.enable_x64(True):
                values, status = self.call(*args)
        else:
            values, status = self.call(*args)
        if self.avals is None:
            avals: list[list | None] = [None] * (len(values) + len(self.failures))
            for position, value in zip(self.positions, values, strict=True):
                avals[position] = aval_of(value)
            self.signatures = [signature_of(value) for value in values]
            self.avals = avals
        return values, status

    def is_awaited(self, launch: Launch) -> bool:
        """Whether the reply to a launch has to wait until it has run."""
        return bool(launch.wants or self.status_rows)

    def expected_seconds(self, awaited: bool) -> float:
        """What a call takes, from earlier ones; infinity before the first."""
        return self.seconds.get(awaited, math.inf)

    def record_seconds(self, awaited: bool, seconds: float) -> None:
        """Adds the time of one call to the running average."""
        before = self.seconds.get(awaited, seconds)
        self.seconds[awaited] = before + _TIMING_WEIGHT * (seconds - before)


class Executables:
    """The executables of a worker, by program, flags, donations and types of inputs."""

    def __init__(self, ops: dict[str, Any], limits: Limits):
        self._ops = ops
        self._limits = limits
        self._table: collections.OrderedDict[tuple, Executable] = collections.OrderedDict()
        self.compiles = 0

    def __len__(self) -> int:
        return len(self._table)

    def find(self, key: tuple) -> Executable | None:
        """The executable, if it is compiled. Does not count as a use."""
        return self._table.get(key)

    def get(self, resolved: Resolved, launch: Launch | Compile) -> Executable:
        """The executable, compiled first if need be."""
        executable = self._table.get(resolved.key)
        if executable is not None:
            self._table.move_to_end(resolved.key)
            return executable
        executable = self._compile(resolved, launch)
        self._table[resolved.key] = executable
        while len(self._table) > self._limits.executables:
            self._table.popitem(last=False)
        return executable

    def _compile(self, resolved: Resolved, launch: Launch | Compile) -> Executable:
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

        x64 = jax.enable_x64(True) if resolved.x64 else contextlib.nullcontext()
        with x64, warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Some donated buffers were not usable")
            jitted = jax.jit(program, donate_argnums=launch.donated)
            compiled = jitted.lower(*resolved.args).compile()
        self.compiles += 1
        return Executable(
            call=compiled,
            x64=resolved.x64,
            sites=traced.sites,
            status_rows=traced.status_rows,
            positions=[k for k in range(len(resolved.program.root.outputs)) if k not in traced.failures],
            failures=traced.failures,
        )
