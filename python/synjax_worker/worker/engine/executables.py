"""Executables: programs compiled for inputs of known types. The most recently used are kept."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import math
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import jax
import numpy as np

from ...errors import SynjaxError
from ...limits import Limits
from ...protocol import FIND_NANS, LENIENT, UNCHECKED
from ...runtime import compiler
from ...runtime.checks import Site
from ...runtime.extent import Extent, TooLarge, extent_of
from ...runtime.interpreter import Interpretation, interpret
from ...runtime.nans import Watch
from ...runtime.program import Program
from ..codec import Compile, Launch, aval_of
from .forwards import FORWARDS, forward
from .handles import signature_of
from .jobs import Resolved
from .lanes import lanes_of
from .stored import Stored, is_known_by_words

_QUICK_WORK = 1e7  # elements: what takes some ten milliseconds
_MOST_REFUSED = 8  # equations of a lenient launch that are too large; each is found by tracing once more
_NONE: Mapping[int, SynjaxError] = MappingProxyType({})
_SHALLOW = 1_000  # equations of which each waits for the one before
_REFUSED_OFTEN = 2  # types of inputs for which a program was refused: it is careful at once for others
_TIMING_WEIGHT = 0.25  # of the latest call in the running average


Compiled = Callable[[Program, tuple, bool], None]  # program, key of the executable, whether it is careful


@dataclasses.dataclass(slots=True)
class Executable:
    """A compiled program for inputs of known types."""

    call: Callable[..., tuple[list[Any], Any]]
    x64: bool
    certified: bool  # an optimistic program: its status may refuse it
    sites: list[Site]
    status_rows: list[int]  # empty: the program has no status
    positions: list[int]  # the program's results that are computed
    failures: dict[int, SynjaxError]  # the other results: what failed while tracing
    varies: bool  # a call may take much longer than the one before: that depends on its data
    bytes: int  # of memory that a call takes
    has_effects: bool  # it calls this process
    may_not_end: bool  # it has a loop that goes on for as long as its values say
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


# What is stored beside the compiled program.
_ABOUT = tuple(
    field.name
    for field in dataclasses.fields(Executable)
    if field.default is field.default_factory is dataclasses.MISSING and field.name != "call"
)


class Executables:
    """The executables of a worker, by program, flags, donations and types of inputs."""

    def __init__(
        self,
        ops: dict[str, Any],
        limits: Limits,
        stored: Stored | None = None,
        compiled: Compiled | None = None,
    ):
        """`compiled` is told of each executable that was not there before."""
        self._ops = ops
        self._of_plugins = frozenset(name for name, op in ops.items() if op.plugin is not None)
        self._limits = limits
        self._stored = stored
        self._compiled = compiled
        self._table: collections.OrderedDict[tuple, Executable] = collections.OrderedDict()
        self._forwards: collections.OrderedDict[tuple, Executable] = (
            collections.OrderedDict()
        )  # nothing compiled
        self._lock = threading.RLock()  # two threads compile
        self._refused: collections.Counter[Any] = collections.Counter()  # types of inputs, by program
        self.compiles = 0
        self._compiling: tuple[bytes, float] | None = None  # the program, and when it began

    def __len__(self) -> int:
        return len(self._table)

    def find(self, key: tuple) -> Executable | None:
        """The executable, if it is compiled. Does not count as a use."""
        return self._table.get(key) or self._forwards.get(key)

    def compiling(self) -> tuple[bytes, float] | None:
        """The program that is being compiled, and for how many seconds."""
        running = self._compiling
        return running and (running[0], time.perf_counter() - running[1])

    def get(self, resolved: Resolved, launch: Launch | Compile) -> tuple[Executable, float | None]:
        """The executable, and the seconds in which it was compiled if it had to be."""
        return self._get(resolved, launch, careful=False)

    def careful(self, resolved: Resolved, launch: Launch | Compile) -> tuple[Executable, float | None]:
        """The same of the careful program, from now on for all launches of its kind."""
        return self._get(resolved, launch, careful=True)

    def _get(
        self, resolved: Resolved, launch: Launch | Compile, careful: bool
    ) -> tuple[Executable, float | None]:
        if FORWARDS in resolved.key:
            return self._forwarding(resolved), None
        executable = self._table.get(resolved.key)
        if executable is not None and not (careful and executable.certified):
            with contextlib.suppress(KeyError):  # another thread has dropped it
                self._table.move_to_end(resolved.key)
            return executable, None
        with self._lock:
            executable = self._table.get(resolved.key)
            if executable is not None and not (careful and executable.certified):
                self._table.move_to_end(resolved.key)
                return executable, None
            # What overwrites its inputs could not run again.
            optimistic = not (careful or resolved.donated or launch.flags & (UNCHECKED | FIND_NANS))
            program = resolved.key[0]
            if careful and executable is not None:
                if len(self._refused) > self._limits.executables:
                    self._refused.clear()
                self._refused[program] += 1
            optimistic &= self._refused[program] < _REFUSED_OFTEN
            started = time.perf_counter()
            self._compiling = (program, started)
            try:
                executable = self._made(resolved, launch, optimistic and resolved.program.root.certified)
            finally:
                self._compiling = None
            seconds = time.perf_counter() - started
            self._table[resolved.key] = executable
            if self._compiled is not None:
                self._compiled(resolved.program, resolved.key, not optimistic)
            while len(self._table) > self._limits.executables:
                self._table.popitem(last=False)
            return executable, seconds

    def _forwarding(self, resolved: Resolved) -> Executable:
        found = self._forwards.get(resolved.key)
        if found is None:
            found = self._forwards[resolved.key] = _forwarding(resolved)
            while len(self._forwards) > self._limits.executables:
                self._forwards.popitem(last=False)
        return found

    def _made(self, resolved: Resolved, launch: Launch | Compile, optimistic: bool) -> Executable:
        """The executable, read or compiled."""
        stored, key = self._stored, (resolved.key, resolved.x64, optimistic)
        if stored is None or not _is_storable(resolved) or self._uses_plugins(resolved.program):
            return self._compile(resolved, launch, optimistic)
        found = stored.load(key)
        if found is not None:
            compiled, about = found
            return Executable(call=compiled, **about)
        executable = self._compile(resolved, launch, optimistic)
        if not executable.failures and not executable.has_effects:
            about = {name: getattr(executable, name) for name in _ABOUT}
            stored.save(key, executable.call, about)
        return executable

    def _uses_plugins(self, program: Program) -> bool:
        """Whether there is something in it of which only the signature is known."""
        return bool(self._of_plugins) and any(
            equation.op in self._of_plugins for body in program.bodies for equation in body.equations
        )

    def _compile(self, resolved: Resolved, launch: Launch | Compile, optimistic: bool) -> Executable:
        x64 = jax.enable_x64(True) if resolved.x64 else contextlib.nullcontext()
        with x64, warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Some donated buffers were not usable")
            interpretation, traced, extent = self._trace_within_limits(resolved, launch, optimistic)
            # The older emitter recurses along a chain.
            eager = bool(launch.flags & LENIENT) and extent.chain < _SHALLOW
            compiled = compiler.compiled(traced.lower(), eager=eager)
        self.compiles += 1
        failures = interpretation.failures
        return Executable(
            call=compiled,
            x64=resolved.x64,
            certified=any(site.certificate for site in interpretation.sites),
            sites=interpretation.sites,
            status_rows=interpretation.status_rows,
            positions=[k for k in range(len(resolved.program.root.outputs)) if k not in failures],
            failures={position: error.to_keep() for position, error in failures.items()},
            varies=extent.branches and extent.work > _QUICK_WORK,
            bytes=_bytes_of(compiled),
            has_effects=bool(traced.jaxpr.effects),
            may_not_end=math.isinf(extent.work),
        )

    def _trace_within_limits(
        self, resolved: Resolved, launch: Launch | Compile, optimistic: bool
    ) -> tuple[Interpretation, jax.stages.Traced, Extent]:
        """Traces a program. What is too large is traced once more, to name the equation at fault; a lenient launch goes
        on without it.
        """
        interpretation, traced = self._trace(resolved, launch, optimistic)
        try:
            return interpretation, traced, extent_of(traced.jaxpr, self._limits)
        except SynjaxError:
            refused: dict[int, SynjaxError] = {}
        while True:
            interpretation, traced = self._trace(resolved, launch, optimistic, scoped=True, refused=refused)
            try:
                return interpretation, traced, extent_of(traced.jaxpr, self._limits, resolved.program)
            except TooLarge as error:
                lenient = launch.flags & LENIENT and len(refused) < _MOST_REFUSED
                if not lenient or error.of_root is None or error.of_root in refused:
                    raise
                refused[error.of_root] = error

    def _trace(
        self,
        resolved: Resolved,
        launch: Launch | Compile,
        optimistic: bool,
        *,
        scoped: bool = False,
        refused: Mapping[int, SynjaxError] = _NONE,
    ) -> tuple[Interpretation, jax.stages.Traced]:
        interpretation = None

        def program(*inputs: Any) -> tuple[list[Any], Any]:
            nonlocal interpretation
            interpretation = interpret(
                resolved.program,
                inputs,
                self._ops,
                poisoned=frozenset(resolved.poisoned),
                lenient=bool(launch.flags & LENIENT),
                checks=not launch.flags & UNCHECKED,
                x64=resolved.x64,
                limits=self._limits,
                scoped=scoped,
                refused=refused,
                optimistic=optimistic,
            )
            return interpretation.outputs, interpretation.status

        whole = lanes_of(program, resolved.lanes) if resolved.lanes else program
        traced = jax.jit(whole, donate_argnums=resolved.donated).trace(*resolved.args)
        return interpretation, traced

    def watched(self, resolved: Resolved, launch: Launch) -> tuple[Watch, np.ndarray]:
        """Runs a program once more with each of its equations watched for NaNs: the watch, and what it saw."""
        watch = Watch(resolved.program)

        def program(*inputs: Any) -> Any:
            interpret(
                resolved.program,
                inputs,
                self._ops,
                poisoned=frozenset(resolved.poisoned),
                lenient=bool(launch.flags & LENIENT),
                checks=False,
                x64=resolved.x64,
                limits=self._limits,
                watch=watch,
            )
            return watch.flags

        with jax.enable_x64(True) if resolved.x64 else contextlib.nullcontext():
            call = compiler.compiled(jax.jit(program).trace(*resolved.args).lower(), eager=True)
            return watch, np.asarray(call(*resolved.args))


def _forwarding(resolved: Resolved) -> Executable:
    return Executable(
        call=forward,
        x64=resolved.x64,
        certified=False,
        sites=[],
        status_rows=[],
        positions=list(range(len(resolved.program.root.outputs))),
        failures={},
        varies=False,
        bytes=0,
        has_effects=False,
        may_not_end=False,
    )


def _is_storable(resolved: Resolved) -> bool:
    """Whether the key of an executable says in words what it is for."""
    objects = [each[0] for each in resolved.key[-1] if type(each) is not type and len(each) == 2]
    return not resolved.poisoned and all(map(is_known_by_words, objects))


def _bytes_of(compiled: jax.stages.Compiled) -> int:
    """The memory that a call takes: what it returns, and what it needs meanwhile."""
    found = compiled.memory_analysis() if jax.default_backend() == "cpu" else None
    if found is None:  # other devices have memory of their own, and say themselves when it runs out
        return 0
    return max(0, found.output_size_in_bytes + found.temp_size_in_bytes - found.alias_size_in_bytes)
