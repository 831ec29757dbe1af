"""The interpreter: walks a program once, while JAX traces, and calls the registry's functions.

Values are Python values: arrays, keys, distributions, tuples, and ints where a program computes with sizes. A nested
program becomes a Python closure over the values it captures, so JAX sees ordinary closed-over tracers. Checks on the
device are codes: see `checks`.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..errors import InvalidArgument, SynjaxError
from ..limits import Limits
from ..numerics import guard
from ..protocol import NESTED_OPS, STRUCTURAL_OPS
from . import passes
from .checks import Code, Site, join, join_rows, record_of
from .extent import check_shape, scope_name, too_many_equations
from .nans import Seen, Watch
from .nested import NESTED
from .plugins import plugin_trace
from .precision import as_result_leaf, has_wide, narrowed, with_whole_literals
from .program import Body, Dict, Equation, Nested, Program, Reference, Tuple
from .structural import STRUCTURAL
from .wording import refusal

MESSAGE_LENGTH = 2_000  # characters kept of an error that JAX raised

_LIMITS = Limits()
_NONE: Mapping[int, SynjaxError] = MappingProxyType({})
Rules = tuple[
    Callable[..., tuple[tuple, Code]], ...
]  # functions whose rules a body stands in, the innermost last

_WHOLE = -1  # the row of a status that is about the whole program


@dataclasses.dataclass(slots=True)
class Interpretation:
    """The result of tracing a program: results and a status word to compile, and what the host needs to read them.

    In a lenient interpretation a result that failed is in `failures` and not in `outputs`.
    """

    outputs: list[Any]
    status: Any  # int32[rows, 4]: code, flat index, value (two words); None where nothing can fail
    status_rows: list[int]  # the equation of each row; a single row for all of them unless lenient
    sites: list[Site]
    failures: dict[int, SynjaxError]  # by position among the program's results


class _Failed:
    """The value of an equation that failed in a lenient interpretation."""

    def __init__(self, error: SynjaxError):
        self.error = error


class _FailedInput(Exception):
    """An argument of an equation is the value of one that failed."""

    def __init__(self, error: SynjaxError):
        self.error = error


def interpret(
    program: Program,
    inputs: Sequence[Any],
    ops: dict[str, Any],
    *,
    poisoned: Collection[int] = (),
    lenient: bool = False,
    checks: bool = True,
    x64: bool = False,
    limits: Limits = _LIMITS,
    scoped: bool = False,
    refused: Mapping[int, SynjaxError] = _NONE,
    optimistic: bool = False,
    watch: Watch | None = None,
) -> Interpretation:
    """Runs `program` on `inputs` (tracers under `jax.jit`).

    A lenient interpretation goes on without the equations that fail and without the inputs that are `poisoned`. In a
    `scoped` one JAX's equations tell of which equation of the program they are, which makes tracing slower. Equations
    of the root body that are `refused` fail with the error given. An `optimistic` one has no exact computations: its
    status says where they were needed (`guard`). One with a `watch` leaves in it where the program had NaNs.

    Raises:
      SynjaxError: with the equation and the body that failed.
    """
    tracing = _Tracing(program, ops, lenient, checks, x64, limits, scoped, refused, optimistic, watch)
    values = list(inputs)
    for position in poisoned:
        values[position] = _Failed(SynjaxError("POISONED", "the input had failed", input=position))
    with passes.frame():
        values, code = tracing.run(len(program.bodies) - 1, values, root=True)
    if watch is not None and code is not None:
        watch.flags = code
    outputs, failures = [], {}
    for position, value in enumerate(values):
        try:
            outputs.append(_as_result(value))
        except SynjaxError as error:
            if not lenient:
                raise
            failures[position] = error
    status = jnp.stack(list(tracing.status.values())) if tracing.status else None
    return Interpretation(outputs, status, list(tracing.status), tracing.sites, failures)


# ---------------------------------------------------------------------------------------------------- one tracing


class _Tracing:
    """One walk through a program: what all its bodies share."""

    def __init__(
        self,
        program: Program,
        ops: dict[str, Any],
        lenient: bool,
        checks: bool,
        x64: bool,
        limits: Limits,
        scoped: bool,
        refused: Mapping[int, SynjaxError],
        optimistic: bool,
        watch: Watch | None,
    ):
        self.program = program
        self.ops = ops
        self.lenient = lenient
        self.checks = checks
        self.x64 = x64
        self.limits = limits
        self.scoped = scoped
        self.refused = refused
        self.optimistic = optimistic
        self.watch = watch
        self.refuse_checks: str | None = None  # why nothing may be checked here
        self.sites: list[Site] = []
        self.status: dict[int, jax.Array] = {}  # rows of the root frame, by equation
        self._rules_deep = 0  # calls of functions in their own rules, in each other
        self._equations = 0  # traced so far: a body counts each time that it runs
        self._deadline = time.monotonic() + limits.trace_seconds

    def count_equation(self) -> None:
        """Raises SynjaxError (LIMIT_TRACE) where tracing has gone too far."""
        self._equations += 1
        if self._equations > self.limits.traced_equations:
            raise too_many_equations(self.limits)
        if time.monotonic() > self._deadline:
            raise SynjaxError("LIMIT_TRACE", f"tracing took longer than {self.limits.trace_seconds} seconds")

    def run(
        self, index: int, inputs: list[Any], *, root: bool = False, rules: Rules = ()
    ) -> tuple[list[Any], Code]:
        """The results of a body on its inputs and captures, and its code."""
        body = self.program.bodies[index]
        if len(inputs) != body.inputs + body.captures:
            raise SynjaxError(
                "BAD_PROGRAM", f"{len(inputs)} inputs for a program of {body.inputs + body.captures}"
            )
        frame = _Frame(self, index, body, inputs, root, rules)
        for value in inputs:
            _belongs_here(value)
        for equation in range(len(body.equations)):
            frame.step(equation)
        return [frame.output(output) for output in body.outputs], frame.whole_code()

    @contextlib.contextmanager
    def one_rule_deeper(self) -> Iterator[None]:
        """Inside, a rule calls its function. Raises SynjaxError (LIMIT_NESTING) where it does in every derivative."""
        self._rules_deep += 1
        try:
            if self._rules_deep > self.limits.nested_gradients:
                raise SynjaxError(
                    "LIMIT_NESTING", f"a rule that needs itself; at most {self.limits.nested_gradients} deep"
                )
            yield
        finally:
            self._rules_deep -= 1

    @contextlib.contextmanager
    def where_checks_are(self, refused: str | None, *, left_out: bool = False) -> Iterator[None]:
        """Inside, ops that check are refused where it says why, or do not check; computations are exact at once."""
        before = self.refuse_checks, self.optimistic, self.checks, self.watch
        if refused is not None:
            self.refuse_checks, self.optimistic = refused, False
        if left_out:
            self.optimistic, self.checks, self.watch = False, False, None
        try:
            yield
        finally:
            self.refuse_checks, self.optimistic, self.checks, self.watch = before


class _Closure:
    """A nested program with the values it captures: see `nested.Closure`."""

    def __init__(self, tracing: _Tracing, index: int, captured: list[Any], rules: Rules):
        self._tracing = tracing
        self._rules = rules
        self._index = index
        self.captured = captured
        body = tracing.program.bodies[index]
        self.checks = (
            (tracing.checks and body.checks)
            or (tracing.optimistic and body.certified)
            or tracing.watch is not None
        )
        self.blank = np.int32(0) if tracing.watch is None else tracing.watch.blank
        self._unchecked: str | None = None
        self._is_quiet = False
        self._is_branch = False
        self._probing = False
        self._probes: Any = None

    def __call__(self, *leaves: Any) -> tuple[list[Any], Code]:
        checks = self._tracing.where_checks_are(self._unchecked, left_out=self._is_quiet)
        with passes.frame(is_branch=self._is_branch), checks:
            with self._tracing.watch.probing(self._probes) if self._probing else contextlib.nullcontext():
                return self._tracing.run(self._index, [*leaves, *self.captured], rules=self._rules)

    def with_captured(self, captured: list[Any]) -> _Closure:
        other = copy.copy(self)
        other.captured = captured
        return other

    def calling(self, function: Callable[..., tuple[tuple, Code]]) -> _Closure:
        other = copy.copy(self)
        other._rules = (*self._rules, function)
        return other

    def as_branch(self) -> _Closure:
        other = copy.copy(self)
        other._is_branch = True
        return other

    def unchecked(self, why: str) -> _Closure:
        other = copy.copy(self)
        other.checks, other._unchecked = False, why
        return other

    def quiet(self) -> _Closure:
        other = copy.copy(self)
        other.checks, other._is_quiet = False, True
        return other

    def new_probes(self) -> Any:
        return () if self._tracing.watch is None else self._tracing.watch.new_probes()

    def probed(self, probes: Any) -> _Closure:
        if self._tracing.watch is None:
            return self
        other = copy.copy(self)
        other._probing, other._probes = True, probes
        return other

    def met_backward(self, derivative: Any) -> Code:
        return None if self._tracing.watch is None else self._tracing.watch.met_backward(derivative)

    @property
    def sites(self) -> int:
        watch = self._tracing.watch
        return len(self._tracing.sites) + (0 if watch is None else watch.watched)


class _Frame:
    """One walk through one body."""

    def __init__(
        self, tracing: _Tracing, index: int, body: Body, inputs: list[Any], root: bool, rules: Rules
    ):
        self._tracing = tracing
        self._index = index
        self._body = body
        self._inputs = inputs
        self._root = root
        self._rules = rules
        self._values: list[Any] = []
        self._seen = None if tracing.watch is None else Seen(tracing.watch, index, inputs)
        self.code: Code = None

    def step(self, position: int) -> None:
        equation = self._body.equations[position]
        try:
            self._tracing.count_equation()
            if self._root and position in self._tracing.refused:
                raise self._tracing.refused[position].to_keep()
            if self._tracing.scoped:
                with jax.named_scope(scope_name(self._index, position)):
                    value, code, record = self._call(equation, position)
            else:
                value, code, record = self._call(equation, position)
            self._check_shapes(value, equation.op)
            if equation.op in NESTED_OPS:  # may have had passes computed here
                code = join(code, self._certificate(passes.take_refused(), equation.op, position))
        except _FailedInput as failed:
            self._values.append(_Failed(failed.error))
            return
        except Exception as error:
            located = self._locate(error, equation, position)
            if not (self._root and self._tracing.lenient):
                if (
                    located is error
                ):  # an error that is its own cause would make JAX look for the first one for ever
                    raise
                raise located from error
            value, code, record = _Failed(located), None, None
        self._values.append(value)
        _belongs_here(value)
        if code is not None:
            self.code = join(self.code, code)
            if self._root and self._tracing.watch is None:
                self._add_status(position, code, record)

    def whole_code(self) -> Code:
        """The code of the walk, when it is over."""
        return self.code if self._seen is None else join(self.code, self._seen.code())

    def _add_status(self, position: int, code: jax.Array, record: Any) -> None:
        """Adds the code of an equation of the root body and its record to the status."""
        row = jnp.concatenate([code[None], jnp.zeros(3, jnp.int32) if record is None else record])
        status = self._tracing.status
        if self._tracing.lenient:
            status[position] = row
        else:
            status[_WHOLE] = join_rows(status.get(_WHOLE), row)

    def output(self, arg: Any) -> Any:
        """A result of the body."""
        try:
            return self._value(arg)
        except _FailedInput as failed:
            return _Failed(failed.error)

    def _call(self, equation: Equation, position: int) -> tuple[Any, Code, Any]:
        """The value of an equation, its code, and in the root body the record of its first failed check."""
        args = [self._value(arg) for arg in equation.args]
        attributes = {name: self._value(arg) for name, arg in equation.attributes}
        watch = self._tracing.watch
        if watch is None:
            return self._called(equation, position, args, attributes)
        return self._watched(watch, equation, position, args, attributes)

    def _watched(
        self, watch: Watch, equation: Equation, position: int, args: list[Any], attributes: dict[str, Any]
    ) -> tuple[Any, Code, Any]:
        """The same, where what an equation takes and gives is watched for NaNs."""
        captured = [arg.captured if isinstance(arg, _Closure) else [] for arg in args]
        plain = [None if isinstance(arg, _Closure) else arg for arg in args]
        plain, attributes, captured = watch.arguments(self._index, position, (plain, attributes, captured))
        for value in jax.tree.leaves((plain, captured), is_leaf=dataclasses.is_dataclass):
            _belongs_here(value)
        args = [
            arg.with_captured(own) if isinstance(arg, _Closure) else given
            for arg, given, own in zip(args, plain, captured, strict=True)
        ]
        value, code, record = self._called(equation, position, args, attributes)
        value = watch.value(self._index, position, value)
        self._seen.add(position, equation, value)
        return value, code, record

    def _called(
        self, equation: Equation, position: int, args: list[Any], attributes: dict[str, Any]
    ) -> tuple[Any, Code, Any]:
        if equation.op in STRUCTURAL_OPS:
            return STRUCTURAL[equation.op](*args, **attributes), None, None
        if equation.op == "custom_self":
            return *self._call_self(*args, **attributes), None
        if equation.op in NESTED_OPS:
            return *NESTED[equation.op](*args, **attributes), None
        op = self._tracing.ops[equation.op]
        args, attributes = with_whole_literals(args, attributes)
        code = record = None
        if self._tracing.optimistic and op.certified:
            with guard.optimistic() as refused:
                value = _answer(op, equation.op, args, attributes)
            code = self._certificate(refused, equation.op, position)
        else:
            value = _answer(op, equation.op, args, attributes)
        if op.checks and self._tracing.checks:
            if self._tracing.refuse_checks is not None:
                raise _cannot_check(self._tracing.refuse_checks)
            checks = value.checks() if op.checks == "object" else op.checks(*args, **attributes)
            own, record = self._check(checks, equation.op, position)
            code = join(code, own)
        if self._tracing.x64 and not has_wide(args, attributes):
            value = jax.tree.map(narrowed, value)
        return value, code, record

    def _call_self(self, *leaves: Any, level: int) -> tuple[tuple, Code]:
        """A function with a rule of its own, called in that rule: the innermost one at level 0."""
        if not 0 <= level < len(self._rules):
            raise SynjaxError("BAD_PROGRAM", f"a rule of level {level} of {len(self._rules)}")
        with self._tracing.one_rule_deeper():
            return self._rules[-1 - level](*leaves)

    def _value(self, arg: Any) -> Any:
        if isinstance(arg, Reference):
            value = self._values[arg.index] if arg.index >= 0 else self._inputs[-1 - arg.index]
            if type(value) is _Failed:
                raise _FailedInput(value.error)
            return value
        if isinstance(arg, Tuple):
            return tuple(self._value(item) for item in arg.items)
        if isinstance(arg, Dict):
            return {key: self._value(item) for key, item in arg.items}
        if isinstance(arg, Nested):
            captured = [self._value(reference) for reference in arg.captures]
            return _Closure(self._tracing, arg.body, captured, self._rules)
        return arg

    def _check(self, checks: Sequence[Any], op: str, position: int) -> tuple[Code, Any]:
        """The code and the record of the first check of an equation that fails."""
        code = record = None
        sites = self._tracing.sites
        for check in checks:
            bad = lax.stop_gradient(jnp.asarray(check.bad))
            value = lax.stop_gradient(jnp.asarray(check.value))
            if bad.size == 0:
                continue
            sites.append(
                Site(
                    op,
                    self._index,
                    position,
                    check.argument,
                    check.expected,
                    bad.shape,
                    value.dtype,
                    self._root,
                )
            )
            own = jnp.where(bad.any(), np.int32(len(sites)), np.int32(0))
            if self._root:
                found = record_of(bad, value)
                record = found if code is None else jnp.where(code != 0, record, found)
            code = join(code, own)
        return code, record

    def _certificate(self, refused: list[Any], op: str, position: int) -> Code:
        """The code of an equation whose fast computation was refused."""
        if not refused:
            return None
        sites = self._tracing.sites
        sites.append(Site(op, self._index, position, "", "", (), np.dtype(bool), False, certificate=True))
        return jnp.where(guard.any_refused(refused), np.int32(len(sites)), np.int32(0))

    def _check_shapes(self, value: Any, op: str) -> None:
        for leaf in jax.tree.leaves(value):
            shape = getattr(leaf, "shape", ())
            if shape:
                check_shape(shape, self._tracing.limits, f"{op}: ")

    def _locate(self, error: Exception, equation: Equation, position: int) -> SynjaxError:
        """The error with the equation in which it happened, the innermost if several enclose it."""
        op = equation.op
        if not isinstance(error, SynjaxError):
            text = refusal(error, [self._value(arg) for arg in equation.args])
            trace = plugin_trace(error) if op in self._tracing.ops and self._tracing.ops[op].plugin else None
            error = SynjaxError("OP_FAILED", f"{op}: {text[:MESSAGE_LENGTH]}", trace=trace)
        if "op" not in error.details:
            error.details.update(op=op, body=self._index, equation=position)
        return error


def _answer(op: Any, name: str, args: list[Any], attributes: dict[str, Any]) -> Any:
    """The value of an op. What is asked of a distribution alone is the same in every turn of a loop."""
    if len(args) == 1 and not attributes and dataclasses.is_dataclass(args[0]):
        of = args[0]
        return passes.hoisted(of, name, lambda: op.fn(of))
    return op.fn(*args, **attributes)


def _belongs_here(value: Any) -> None:
    """Passes over a distribution belong to the frame in which it was made."""
    if dataclasses.is_dataclass(value):
        passes.made(value)


def _cannot_check(where: str) -> InvalidArgument:
    return InvalidArgument(
        f"checks its arguments while the program runs, and {where} has no way to tell of it: compute it in `fwd`, and "
        f"return it among the residuals",
    )


# --------------------------------------------------------------------------------------------------------- results


def _as_result(value: Any) -> Any:
    """A result that `jax.jit` can return."""
    if type(value) is _Failed:
        raise value.error
    if value is None:
        raise InvalidArgument("a program cannot return None")
    try:
        return jax.tree.map(as_result_leaf, value)
    except SynjaxError:
        raise
    except Exception as error:
        raise SynjaxError("OP_FAILED", f"a result of the program: {type(error).__name__}: {error}") from error
