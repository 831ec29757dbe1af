"""A function of a file: compiled once for each types of its arguments, as a worker compiles it."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

import jax
import numpy as np

from ..dtypes import dtype_name
from ..errors import SynjaxError
from ..limits import Limits
from ..protocol import WIDE_DTYPES
from ..registry import Op
from ..runtime import compiler
from ..runtime.allocator import return_freed_memory
from ..runtime.checks import Refused, check_error
from ..runtime.extent import extent_of
from ..runtime.interpreter import Interpretation, interpret
from ..runtime.precision import is_weak
from ..runtime.program import Program
from . import schema
from .arguments import bound

_MOST_EXECUTABLES = 256
_REFUSED_OFTEN = 2  # types of arguments for which the fast passes did not do: then none begins with them


class _Executable(NamedTuple):
    call: Callable[..., tuple[list[Any], Any]]
    interpretation: Interpretation


class _Compiling:
    """An executable, as one thread makes it and others wait for it."""

    def __init__(self, careful: bool):
        self.careful = careful
        self.future: Future[_Executable] = Future()

    @property
    def is_known_to_be_optimistic(self) -> bool:
        is_there = self.future.done() and self.future.exception() is None
        return not self.careful and is_there and _is_optimistic(self.future.result())


class StoredFunction:
    """A function of arrays. Its weights are part of it; the results are JAX arrays in lists and dicts.

    The first call with other shapes compiles. Inside `jax.jit`, `jax.vmap` or `jax.grad` it is part of what is traced,
    and does not check values. Several threads may call it.
    """

    def __init__(
        self,
        of: schema.Function,
        program: Program,
        ops: Mapping[str, Op],
        limits: Limits,
        held: Callable[[str], Any],
        dtypes: Mapping[str, str],
    ):
        """`held` gives the tensors that are weights or constants, on the device; `dtypes` says what they are."""
        self.schema = of
        self.__name__ = of.name
        self._program = program
        self._ops = dict(ops)
        self._limits = limits
        self._held = held
        self._dtypes = dtypes
        self._executables: collections.OrderedDict[tuple, _Compiling] = collections.OrderedDict()
        self._x64 = program.root.x64 or any(
            (each.dtype if isinstance(each, schema.Leaf) else dtypes[each.tensor]) in WIDE_DTYPES
            for each in of.inputs
        )
        self.refused = 0  # how often the fast passes did not do
        self._lock = threading.Lock()
        self._tracing = threading.Lock()  # that is Python's; XLA compiles several programs at once

    def __repr__(self) -> str:
        names = ", ".join(argument.name for argument in self.schema.arguments)
        return f"<{self.schema.name}({names}) of a file>"

    def __call__(self, *args: Any, **named: Any) -> Any:
        """The results for these arguments, in order or by name.

        Raises:
          InvalidArgument: an argument is not what the schema says; it is named.
          SynjaxError: CHECK_FAILED, OP_FAILED and the like, as a session has them.
        """
        given = bound(self.schema, args, named)
        with jax.enable_x64(self._x64):
            inputs = [
                self._held(each.tensor) if isinstance(each, schema.Held) else given[place]
                for place, each in enumerate(self.schema.inputs)
            ]
            if any(isinstance(each, jax.core.Tracer) for each in inputs):
                values, _ = self._traced(checks=False)(*inputs)
            else:
                values = self._run(inputs)
        return schema.filled(self.schema.results, values.__getitem__)

    def _run(self, inputs: Sequence[Any]) -> list[Any]:
        key = tuple((dtype_name(each.dtype), np.shape(each), is_weak(each)) for each in inputs)
        executable = self._executable(key, inputs, careful=False)
        values, status = executable.call(*inputs)
        try:
            self._check(executable, values, status)
        except Refused:
            executable = self._executable(key, inputs, careful=True)
            values, status = executable.call(*inputs)
            self._check(executable, values, status)
        return values

    def _check(self, executable: _Executable, values: list[Any], status: Any) -> None:
        """Waits for a call that checks values. Raises SynjaxError (CHECK_FAILED), or Refused."""
        for row in () if status is None else np.asarray(status):
            error: SynjaxError | None = check_error(executable.interpretation.sites, row)
            if error is not None:
                raise error

    def _traced(self, notes: list[Interpretation] | None = None, **options: Any) -> Callable[..., Any]:
        """The program as JAX traces it: results and status. `notes` is told what there is to say of it."""

        def program(*values: Any) -> tuple[list[Any], Any]:
            found = interpret(self._program, values, self._ops, x64=self._x64, limits=self._limits, **options)
            if notes is not None:
                notes.append(found)
            return found.outputs, found.status

        return program

    def _executable(self, key: tuple, inputs: Sequence[Any], *, careful: bool) -> _Executable:
        """The executable for inputs of these types. Where it is careful, it has the exact passes too."""
        while True:
            with self._lock:
                found = self._executables.get(key)
                if found is None or (careful and found.is_known_to_be_optimistic):
                    if careful:
                        self.refused += 1
                    optimistic = (
                        not careful and self.refused < _REFUSED_OFTEN and self._program.root.certified
                    )
                    found = self._executables[key] = _Compiling(careful)
                    while len(self._executables) > _MOST_EXECUTABLES:
                        self._executables.popitem(last=False)
                    break
                self._executables.move_to_end(key)
            executable = found.future.result()
            if found.careful or not careful or not _is_optimistic(executable):
                return executable
        try:
            found.future.set_result(self._compiled(inputs, optimistic))
        except BaseException as error:
            found.future.set_exception(error)
            with self._lock:  # whoever calls next tries again
                if self._executables.get(key) is found:
                    del self._executables[key]
        return found.future.result()

    def _compiled(self, inputs: Sequence[Any], optimistic: bool) -> _Executable:
        notes: list[Interpretation] = []
        with self._tracing:
            traced = jax.jit(self._traced(notes, optimistic=optimistic)).trace(*inputs)
            try:
                extent_of(traced.jaxpr, self._limits)
            except SynjaxError:  # once more, to name the equation at fault
                scoped = self._traced(notes, optimistic=optimistic, scoped=True)
                extent_of(jax.jit(scoped).trace(*inputs).jaxpr, self._limits, self._program)
            lowered = traced.lower()
        executable = compiler.compiled(lowered, eager=False)
        return_freed_memory()  # what compiling took, a hundred megabytes of it
        return _Executable(executable, notes[0])


def _is_optimistic(executable: _Executable) -> bool:
    return any(site.certificate for site in executable.interpretation.sites)
