"""The interpreter: walks a program once, while JAX traces, and calls the registry's functions.

**Values** are Python values: arrays, keys, distributions, tuples, and ints where a program computes with sizes.
A nested program becomes a Python closure over what it captures, so JAX sees ordinary closed-over tracers.

**Checks on the device** are a status code of our own: 0 is fine, otherwise the first check that failed. Every
body returns its code beside its results, `None` where nothing in it can fail, and the nested-program ops thread
it: a loop carries it, a branch returns it, a gradient has it as an auxiliary result, a map takes the first that
is set. So a check in a branch that is not taken does not fire, and one in a loop under a gradient is not lost.
Checks of the root frame also record the item and its value; in nested frames that would make loops slow.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable, Collection, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..errors import InvalidArgument, SynjaxError
from ..protocol import NESTED_OPS, STRUCTURAL_OPS, WIDE_DTYPES
from ..worker.codec import dtype_name
from .program import (
    Body,
    Dict,
    Equation,
    Nested,
    Program,
    Reference,
    Tuple,
)

MESSAGE_LENGTH = 2_000  # characters kept of an error that JAX raised

_NARROW = {"int64": np.int32, "uint64": np.uint32, "float64": np.float32}
_LARGEST_SIZE = 2**63 - 1
_WHOLE = -1  # the one row of a status that is about the whole program

Code = Any  # an int32 scalar, or None where nothing can fail


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """One check of one equation; its code is its position in the list of sites, from 1."""

    op: str
    body: int
    equation: int
    argument: str
    expected: str
    shape: tuple[int, ...]  # of the mask
    dtype: np.dtype  # of the value
    recorded: bool  # in the root frame: the item and its value are known


@dataclasses.dataclass(slots=True)
class Interpretation:
    """What tracing a program gives: results and status word to compile, and what the host keeps to read them.

    In a lenient interpretation a result that failed is absent from `outputs` and stands in `failures`.
    """

    outputs: list[Any]
    status: Any  # int32[rows, 4]: code, flat index, value (two words); None where nothing can fail
    status_rows: list[int]  # the equation each row is about; one row for all of them where not lenient
    sites: list[Site]
    failures: dict[int, SynjaxError]  # by position among the program's results


class _Failed:
    """Stands for the value of an equation that failed in a lenient interpretation."""

    def __init__(self, error: SynjaxError):
        self.error = error


class _FailedInput(Exception):
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
    rank: int = 32,
) -> Interpretation:
    """Runs `program` on `inputs` (tracers under `jax.jit`).

    A lenient interpretation goes on without what fails and without the inputs that are `poisoned`.

    Raises SynjaxError, which says which equation of which body failed.
    """
    from . import passes

    tracing = _Tracing(program, ops, lenient, checks, x64, rank)
    values = list(inputs)
    for position in poisoned:
        values[position] = _Failed(SynjaxError("POISONED", "the input had failed", input=position))
    with passes.frame():
        values, _ = tracing.run(len(program.bodies) - 1, values, root=True)
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


def check_error(sites: Sequence[Site], status: np.ndarray) -> SynjaxError | None:
    """The error that a row of the status stands for; None where it is 0."""
    if status[0] == 0:
        return None
    site = sites[int(status[0]) - 1]
    expected = site.expected if site.expected.startswith("must ") else f"must be {site.expected}"
    message, came = f"{site.op}: `{site.argument}` {expected}", None
    if site.recorded:
        came = _format_value(status[2:], site.dtype)
        message += f"; {_format_item(int(status[1]), site.shape)} is {came}."
    else:
        message += " (in a nested program)."
    return SynjaxError(
        "CHECK_FAILED",
        message,
        argument=site.argument,
        expected=site.expected,
        came=came,
        op=site.op,
        body=site.body,
        equation=site.equation,
    )


def _format_item(index: int, shape: tuple[int, ...]) -> str:
    if not shape:
        return "it"
    position = tuple(int(i) for i in np.unravel_index(index, shape))
    return f"item {position[0]}" if len(position) == 1 else f"item {position}"


def _format_value(words: np.ndarray, dtype: np.dtype) -> str:
    kind = np.dtype(dtype)
    if kind == np.bool_:
        return str(bool(words[0])).lower()
    if kind.itemsize == 8:
        return str(np.ascontiguousarray(words).view(kind)[0])
    if jnp.issubdtype(kind, np.floating):
        return f"{words[:1].view(np.float32)[0]:g}"
    return str(words[:1].view(np.uint32 if kind == np.uint32 else np.int32)[0])


# ---------------------------------------------------------------------------------------------------- one tracing


class _Tracing:
    def __init__(
        self, program: Program, ops: dict[str, Any], lenient: bool, checks: bool, x64: bool, rank: int
    ):
        self.program = program
        self.ops = ops
        self.lenient = lenient
        self.checks = checks
        self.x64 = x64
        self.rank = rank
        self.sites: list[Site] = []
        self.status: dict[int, jax.Array] = {}  # rows of the root frame, by equation

    def run(self, index: int, inputs: list[Any], *, root: bool = False) -> tuple[list[Any], Code]:
        """The results of a body on its inputs and captures, and its code."""
        body = self.program.bodies[index]
        if len(inputs) != body.inputs + body.captures:
            raise SynjaxError(
                "BAD_PROGRAM", f"{len(inputs)} inputs for a program of {body.inputs + body.captures}"
            )
        frame = _Frame(self, index, body, inputs, root)
        for equation in range(len(body.equations)):
            frame.step(equation)
        return [frame.output(output) for output in body.outputs], frame.code

    def closure(self, nested: Nested, captured: list[Any]) -> Closure:
        return Closure(self, nested.body, captured)


class Closure:
    """A nested program with what it captures: a function of flat leaves to (list of results, code)."""

    def __init__(self, tracing: _Tracing, index: int, captured: list[Any]):
        self._tracing = tracing
        self._index = index
        self._captured = captured
        self.checks = tracing.checks and tracing.program.bodies[index].checks

    def __call__(self, *leaves: Any) -> tuple[list[Any], Code]:
        from . import passes

        with passes.frame():
            return self._tracing.run(self._index, [*leaves, *self._captured])

    @property
    def sites(self) -> int:
        """How many sites the whole tracing has seen: what tells whether a call really checked something."""
        return len(self._tracing.sites)


class _Frame:
    """One walk through one body."""

    def __init__(self, tracing: _Tracing, index: int, body: Body, inputs: list[Any], root: bool):
        self._tracing = tracing
        self._index = index
        self._body = body
        self._inputs = inputs
        self._root = root
        self._values: list[Any] = []
        self.code: Code = None

    def step(self, position: int) -> None:
        equation = self._body.equations[position]
        try:
            value, code, record = self._call(equation, position)
            self._check_rank(value)
        except _FailedInput as failed:
            self._values.append(_Failed(failed.error))
            return
        except Exception as error:
            located = self._locate(error, equation.op, position)
            if not (self._root and self._tracing.lenient):
                raise located from error
            value, code, record = _Failed(located), None, None
        self._values.append(value)
        if code is not None:
            self.code = join(self.code, code)
            if self._root:
                self._add_status(position, code, record)

    def _add_status(self, position: int, code: jax.Array, record: Any) -> None:
        """In the root frame: the code with its record. A lenient program has a row for each equation."""
        row = jnp.concatenate([code[None], jnp.zeros(3, jnp.int32) if record is None else record])
        status = self._tracing.status
        if self._tracing.lenient:
            status[position] = row
        else:
            status[_WHOLE] = join_rows(status.get(_WHOLE), row)

    def output(self, arg: Any) -> Any:
        try:
            return self._value(arg)
        except _FailedInput as failed:
            return _Failed(failed.error)

    def _call(self, equation: Equation, position: int) -> tuple[Any, Code, Any]:
        """The value of an equation, its code, and in the root frame what its first failed check found."""
        args = [self._value(arg) for arg in equation.args]
        attributes = {name: self._value(arg) for name, arg in equation.attributes}
        if equation.op in STRUCTURAL_OPS:
            return _STRUCTURAL[equation.op](*args, **attributes), None, None
        if equation.op in NESTED_OPS:
            return *_NESTED[equation.op](*args, **attributes), None
        op = self._tracing.ops[equation.op]
        value = op.fn(*args, **attributes)
        code = record = None
        if op.checks and self._tracing.checks:
            checks = value.checks() if op.checks == "object" else op.checks(*args, **attributes)
            code, record = self._check(checks, equation.op, position)
        if self._tracing.x64 and not _has_wide(args, attributes):
            value = jax.tree.map(_narrowed, value)
        return value, code, record

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
            return self._tracing.closure(arg, [self._value(reference) for reference in arg.captures])
        return arg

    def _check(self, checks: Sequence[Any], op: str, position: int) -> tuple[Code, Any]:
        """The code and the record of the first of an equation's checks that fails."""
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
                found = _record(bad, value)
                record = found if code is None else jnp.where(code != 0, record, found)
            code = join(code, own)
        return code, record

    def _check_rank(self, value: Any) -> None:
        for leaf in jax.tree.leaves(value):
            if getattr(leaf, "ndim", 0) > self._tracing.rank:
                raise SynjaxError("LIMIT_RANK", f"an array of rank {leaf.ndim}; at most {self._tracing.rank}")

    def _locate(self, error: Exception, op: str, position: int) -> SynjaxError:
        """The error with the equation it happened in; the innermost equation wins."""
        if not isinstance(error, SynjaxError):
            text = f"{type(error).__name__}: {error}"
            error = SynjaxError("OP_FAILED", f"{op}: {text[:MESSAGE_LENGTH]}")
        if "op" not in error.details:
            error.details.update(op=op, body=self._index, equation=position)
        return error


def _record(bad: jax.Array, value: jax.Array) -> jax.Array:
    """int32[3]: the flat index of the first bad item, and its value in two words."""
    index = jnp.argmax(bad.reshape(-1)).astype(jnp.int32)
    item = jnp.broadcast_to(value, bad.shape).reshape(-1)[index]
    if item.dtype.itemsize == 8:
        words = lax.bitcast_convert_type(item, jnp.int32)
    elif jnp.issubdtype(item.dtype, jnp.floating):
        words = jnp.stack([lax.bitcast_convert_type(item.astype(jnp.float32), jnp.int32), np.int32(0)])
    elif item.dtype == jnp.uint32:
        words = jnp.stack([lax.bitcast_convert_type(item, jnp.int32), np.int32(0)])
    else:
        words = jnp.stack([item.astype(jnp.int32), np.int32(0)])
    return jnp.concatenate([index[None], words])


def join(first: Code, second: Code) -> Code:
    """The first code that is set; `None` is the code of what cannot fail."""
    if first is None or second is None:
        return second if first is None else first
    return jnp.where(first != 0, first, second)


def join_rows(first: Any, second: jax.Array) -> jax.Array:
    return second if first is None else jnp.where(first[0] != 0, first, second)


# --------------------------------------------------------------------------------------------------------- results


def _as_result(value: Any) -> Any:
    """A result as `jax.jit` can return it."""
    if type(value) is _Failed:
        raise value.error
    if value is None:
        raise InvalidArgument("a program cannot return None")
    try:
        return jax.tree.map(_result_leaf, value)
    except SynjaxError:
        raise
    except Exception as error:
        raise SynjaxError("OP_FAILED", f"a result of the program: {type(error).__name__}: {error}") from error


def _result_leaf(leaf: Any) -> jax.Array:
    if not isinstance(leaf, (int, float, np.generic, np.ndarray, jax.Array)):
        raise InvalidArgument(f"a program cannot return a {type(leaf).__name__}")
    array = jnp.asarray(leaf)
    if dtype_name(array.dtype) is None:
        raise InvalidArgument(f"a program cannot return {array.dtype}; only real numbers, booleans and keys")
    return _without_wide_weak(array)


def _dtype_name(value: Any) -> str:
    return str(getattr(value, "dtype", ""))


def _is_weak(value: Any) -> bool:
    return getattr(getattr(value, "aval", None), "weak_type", False)


def _has_wide(args: list[Any], attributes: dict[str, Any]) -> bool:
    """Whether an argument is 64-bit. Weak numbers do not count: they take the other operand's type."""
    return any(
        leaf in WIDE_DTYPES
        if isinstance(leaf, str)
        else _dtype_name(leaf) in WIDE_DTYPES and not _is_weak(leaf)
        for leaf in jax.tree.leaves((args, attributes))
    )


def _narrowed(leaf: Any) -> Any:
    """What an op without a 64-bit argument returns is what it returns with x64 off."""
    narrow = _NARROW.get(_dtype_name(leaf))
    return leaf if narrow is None or _is_weak(leaf) else jnp.asarray(leaf).astype(narrow)


def _without_wide_weak(leaf: jax.Array) -> jax.Array:
    """Outside a program a weak number is 32-bit, as without x64; inside, it keeps its precision."""
    narrow = _NARROW.get(_dtype_name(leaf))
    if narrow is None or not _is_weak(leaf):
        return leaf
    return lax.convert_element_type_p.bind(leaf, new_dtype=np.dtype(narrow), weak_type=True, sharding=None)


# ----------------------------------------------------------------------------------------------- structural ops


def _sized(function: Callable[..., int]) -> Callable[..., int]:
    @functools.wraps(function)
    def bounded(*args: int) -> int:
        value = function(*(operator.index(arg) for arg in args))
        if abs(value) > _LARGEST_SIZE:
            raise InvalidArgument(f"a size of {value.bit_length()} bits")
        return value

    return bounded


def _shape(value: Any) -> tuple[int, ...]:
    if isinstance(value, (int, float)):
        return ()
    return tuple(value.shape)


def _shape_concat(*parts: Any) -> tuple[int, ...]:
    shape = tuple(
        operator.index(size) for part in parts for size in (part if isinstance(part, tuple) else (part,))
    )
    if len(shape) > 1024:
        raise InvalidArgument(f"a shape of {len(shape)} dimensions")
    return shape


def _shape_product(shape: tuple[int, ...]) -> int:
    return functools.reduce(_sized(operator.mul), shape, 1)


def _shape_slice(
    shape: tuple[int, ...], start: int | None = None, stop: int | None = None
) -> tuple[int, ...]:
    return tuple(shape)[start:stop]


def _get(value: Any, k: int | str) -> Any:
    """An item of a tuple, or a field of a dict, named tuple or distribution."""
    if isinstance(k, int) and isinstance(value, (tuple, list)):
        return value[k]
    if isinstance(value, dict) and k in value:
        return value[k]
    if isinstance(k, str) and (k in _field_names(value) or _is_public_property(value, k)):
        return getattr(value, k)
    raise InvalidArgument(f"a {type(value).__name__} has no {k!r}", argument="k")


def _field_names(value: Any) -> Sequence[str]:
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value)]
    return getattr(value, "_fields", ())


def _is_public_property(value: Any, name: str) -> bool:
    """Whether a named tuple or a distribution declares it: `count` of a top-k, `batch_shape`."""
    is_ours = dataclasses.is_dataclass(value) or hasattr(value, "_fields")
    return is_ours and not name.startswith("_") and isinstance(getattr(type(value), name, None), property)


_STRUCTURAL: dict[str, Callable[..., Any]] = {
    "size": lambda x, i: _shape(x)[operator.index(i)],
    "shape": _shape,
    "rank": lambda x: len(_shape(x)),
    "size.add": _sized(operator.add),
    "size.sub": _sized(operator.sub),
    "size.mul": _sized(operator.mul),
    "size.floordiv": _sized(operator.floordiv),
    "size.mod": _sized(operator.mod),
    "size.max": _sized(max),
    "size.min": _sized(min),
    "shape.slice": _shape_slice,
    "shape.concat": _shape_concat,
    "shape.product": _shape_product,
    "shape.get": lambda s, i: s[operator.index(i)],
    "get": _get,
}


# ------------------------------------------------------------------------------------------- nested-program ops
# Each takes closures and flat leaves, and returns (value, code).


def _strong(value: Any) -> Any:
    """A number that a program carries or differentiates by is a float32."""
    if isinstance(value, (bool, np.generic)):
        return value
    if isinstance(value, (int, float)):
        return jnp.float32(value)
    return value.astype(jnp.float32) if _is_weak(value) and value.ndim == 0 else value


def _value_and_grad(
    fn: Closure, *leaves: Any, argnums: tuple[int, ...] = (0,), has_aux: bool = False
) -> tuple[tuple[Any, tuple, tuple], Code]:
    argnums = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if not argnums or not all(0 <= k < len(leaves) for k in argnums) or len(set(argnums)) < len(argnums):
        raise InvalidArgument(f"argnums {argnums} of {len(leaves)} operands", argument="argnums")
    # Of a distribution only the floating-point parameters are differentiated; the others are held.
    parts = [eqx.partition(_strong(leaves[k]), _differentiable) for k in argnums]
    for k, (moving, held) in zip(argnums, parts, strict=True):
        if not jax.tree.leaves(moving):
            came = ", ".join(_dtype_name(leaf) for leaf in jax.tree.leaves(held))
            raise InvalidArgument(
                f"operand {k} is {came}: a gradient needs floating-point numbers", argument="argnums"
            )

    def scalar(moving: list[Any]) -> tuple[Any, tuple[list[Any], Code]]:
        operands = list(leaves)
        for k, part, (_, held) in zip(argnums, moving, parts, strict=True):
            operands[k] = eqx.combine(part, held)
        results, code = fn(*operands)
        if not has_aux and len(results) != 1:
            raise InvalidArgument(f"a gradient of {len(results)} results; it needs one", argument="fn")
        return results[0], (results[1:], code)

    moving = [part for part, _ in parts]
    (value, (aux, code)), gradients = jax.value_and_grad(scalar, has_aux=True)(moving)
    return (value, tuple(gradients), tuple(aux)), code


def _differentiable(leaf: Any) -> bool:
    return isinstance(leaf, (jax.Array, np.ndarray)) and jnp.issubdtype(leaf.dtype, jnp.inexact)


def _grad(fn: Closure, *leaves: Any, **options: Any) -> tuple[tuple, Code]:
    (_, gradients, aux), code = _value_and_grad(fn, *leaves, **options)
    return (*gradients, *aux), code


def _value_and_grad_op(fn: Closure, *leaves: Any, **options: Any) -> tuple[tuple, Code]:
    (value, gradients, aux), code = _value_and_grad(fn, *leaves, **options)
    return (value, *gradients, *aux), code


def _vmap(
    fn: Closure,
    *leaves: Any,
    in_axes: tuple[int | None, ...],
    out_axes: tuple[int, ...] | int = 0,
    axis_size: int | None = None,
) -> tuple[tuple, Code]:
    out_axes = list(out_axes) if isinstance(out_axes, tuple) else out_axes
    mapped = jax.vmap(fn, in_axes=tuple(in_axes), out_axes=(out_axes, 0), axis_size=axis_size)
    results, codes = mapped(*leaves)
    return tuple(results), None if codes is None else _first(codes)


def _first(codes: jax.Array) -> jax.Array:
    """The first code that is set, or 0."""
    if codes.size == 0:
        return jnp.int32(0)
    return codes[jnp.argmax(codes != 0)]


def _scan(
    fn: Closure, *leaves: Any, n_carry: int, length: int | None = None, reverse: bool = False
) -> tuple[tuple, Code]:
    init, xs = [_strong(leaf) for leaf in leaves[:n_carry]], list(leaves[n_carry:])
    before = fn.sites

    def step(state: tuple[list[Any], Code], x: list[Any]) -> tuple[tuple[list[Any], Code], list[Any]]:
        carry, code = state
        results, own = fn(*carry, *x)
        return (results[:n_carry], join(code, own)), results[n_carry:]

    start = (init, np.int32(0) if fn.checks else None)
    (carry, code), ys = lax.scan(step, start, xs, length=length, reverse=reverse)
    return (*carry, *ys), code if fn.sites > before else None


def _cond(pred: Any, on_true: Closure, on_false: Closure, *operands: Any) -> tuple[tuple, Code]:
    checks = on_true.checks or on_false.checks
    before = on_true.sites

    def branch(fn: Closure) -> Callable[..., tuple[list[Any], Code]]:
        def call(*leaves: Any) -> tuple[list[Any], Code]:
            results, code = fn(*leaves)
            return results, np.int32(0) if checks and code is None else code

        return call

    results, code = lax.cond(pred, branch(on_true), branch(on_false), *operands)
    return tuple(results), code if on_true.sites > before else None


def _while_loop(condition: Closure, step: Closure, *init: Any) -> tuple[tuple, Code]:
    checks = condition.checks or step.checks
    before = step.sites

    def proceed(values: list[Any], code: Code) -> tuple[Any, Code]:
        """Whether to go on. A loop stops when its code is set: its values may be what never ends."""
        (go_on,), own = condition(*values)
        code = join(code, own)
        return go_on if code is None else jnp.logical_and(go_on, code == 0), code

    def turn(state: tuple[list[Any], Any, Code]) -> tuple[list[Any], Any, Code]:
        values, _, code = state
        values, own = step(*values)
        return values, *proceed(values, join(code, own))

    values = [_strong(value) for value in init]
    if not checks:
        # Without checks the condition is where XLA expects it.
        loop = lax.while_loop(lambda state: condition(*state)[0][0], lambda state: step(*state)[0], values)
        return tuple(loop), None
    start = (values, *proceed(values, np.int32(0)))
    values, _, code = lax.while_loop(lambda state: state[1], turn, start)
    return tuple(values), code if step.sites > before else None


def _checkpoint(fn: Closure, *leaves: Any) -> tuple[tuple, Code]:
    results, code = jax.checkpoint(fn)(*leaves)
    return tuple(results), code


_NESTED: dict[str, Callable[..., tuple[Any, Code]]] = {
    "grad": _grad,
    "value_and_grad": _value_and_grad_op,
    "vmap": _vmap,
    "scan": _scan,
    "cond": _cond,
    "while_loop": _while_loop,
    "checkpoint": _checkpoint,
}
