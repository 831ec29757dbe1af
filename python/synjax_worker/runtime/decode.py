"""Programs as they come from the client: decoded and validated in full before anything is traced.

    program := [1, [body, ...]]              the last body is the root; a body refers to earlier bodies only
    body    := [inputs, captures, [equation, ...], [output, ...]]
    equation:= [op, [arg, ...]] | [op, [arg, ...], [name, arg, name, arg, ...]]      names in ascending order
    op      := its name; of a plugin's also the hash of its signature: my_pkg.smooth@0123456789abcdef
    arg     := int                           a reference: an equation (>= 0), or input or capture -1-k
             | [0, int] | [1, float]         a number | string | bool | nil
             | [2, [arg, ...]]               a tuple
             | [3, [key, arg, ...]]          a dict
             | [4, body, [reference, ...]]   a nested program and what it captures
             | [5, decimal]                  a 64-bit integer

Whatever a program holds, decoding it ends in a `Program` or in a `SynjaxError`.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Mapping
from typing import Any, Protocol

import msgpack
import numpy as np

from ..errors import SynjaxError
from ..limits import Limits
from ..protocol import (
    ARGUMENT_DICT,
    ARGUMENT_FLOAT,
    ARGUMENT_INT,
    ARGUMENT_INT64,
    ARGUMENT_PROGRAM,
    ARGUMENT_TUPLE,
    HASH_BYTES,
    NAMED_FLOATS,
    NESTED_OPS,
    PROGRAM_FORMAT,
    STRUCTURAL_OPS,
    WEAK_INT_BITS,
    WIDE_DTYPES,
)
from .plugins import op_of_plugin
from .program import Body, Dict, Equation, Nested, Program, Reference, Tuple

_LOOPS = ("scan", "while_loop", "map")
# Of each op that differentiates, how many times it does.
_GRADIENTS = dict.fromkeys(("grad", "value_and_grad", "jvp", "vjp", "jacfwd", "jacrev"), 1) | {"hessian": 2}

_WEAK_INTS = range(-(1 << WEAK_INT_BITS - 1), 1 << WEAK_INT_BITS - 1)


class OpFacts(Protocol):
    """What validation needs to know of an op in the registry."""

    checks: Any
    certified: bool
    x64: bool
    plugin: str | None
    hash: str | None  # of the signature, of a plugin's
    names: frozenset[str] | None  # of its parameters; None where it says itself what it takes


def program_hash(encoded: bytes) -> bytes:
    """The hash by which client and worker name a program."""
    return hashlib.sha256(encoded).digest()[:HASH_BYTES]


def decode_program(encoded: bytes, ops: Mapping[str, OpFacts], limits: Limits) -> Program:
    """The program that `encoded` holds. Raises SynjaxError: BAD_PROGRAM, UNKNOWN_OP or a limit's code."""
    if len(encoded) > limits.body_bytes:
        raise SynjaxError("LIMIT_BODY", f"a program of {len(encoded)} bytes; at most {limits.body_bytes}")
    longest = max(limits.equations, 2 * limits.attribute_items, limits.results, limits.bodies)
    try:
        raw = msgpack.unpackb(encoded, strict_map_key=True, max_array_len=longest)
        return _Decoder(ops, limits).program(raw)
    except SynjaxError:
        raise
    except Exception as error:  # whatever decoding throws, the program is at fault
        # Found before the list is there: that would take long, and much memory.
        beyond = re.match(r"(\d+) exceeds max_array_len", str(error))
        if beyond and int(beyond[1]) <= len(encoded):
            raise SynjaxError("LIMIT_EQUATIONS", f"a list of {beyond[1]} items; at most {longest}") from None
        raise _bad(f"malformed: {type(error).__name__}: {str(error)[:200]}") from error


def _bad(message: str, **where: int) -> SynjaxError:
    return SynjaxError("BAD_PROGRAM", message, **where)


class _Decoder:
    def __init__(self, ops: Mapping[str, OpFacts], limits: Limits):
        self._ops = ops
        self._limits = limits
        self._bodies: list[Body] = []

    def program(self, raw: Any) -> Program:
        version, bodies = _fields(raw, 2, "a program")
        if version != PROGRAM_FORMAT:
            raise _bad(f"program format {version!r:.50}; this worker reads {PROGRAM_FORMAT}")
        if not _list(bodies, "the bodies"):
            raise _bad("a program without a body")
        if len(bodies) > self._limits.bodies:
            raise SynjaxError("LIMIT_BODIES", f"{len(bodies)} bodies; at most {self._limits.bodies}")
        for raw_body in bodies:
            self._bodies.append(_BodyDecoder(self._ops, self._limits, self._bodies).body(raw_body))
        results = len(self._bodies[-1].outputs)
        if results > self._limits.results:
            raise SynjaxError("LIMIT_RESULTS", f"{results} results; at most {self._limits.results}")
        return Program(tuple(self._bodies))


class _BodyDecoder:
    def __init__(self, ops: Mapping[str, OpFacts], limits: Limits, bodies: list[Body]):
        self._ops = ops
        self._limits = limits
        self._earlier = bodies
        self._index = len(bodies)
        self._equation = 0  # the one being read; references name earlier ones
        self._bound = 0  # inputs and captures
        self._nested: list[Body] = []
        self._x64 = False
        self._references: dict[int, Reference] = {}  # one of each: a program may name a value many times
        self._loops = self._gradients = 0  # in each other

    def body(self, raw: Any) -> Body:
        inputs, captures, raw_equations, raw_outputs = _fields(raw, 4, "a body")
        self._bound = _count(inputs, "inputs") + _count(captures, "captures")
        count = len(_list(raw_equations, "the equations"))
        if count > self._limits.equations:
            raise self._limit("LIMIT_EQUATIONS", f"{count} equations in a body", self._limits.equations)
        equations = []
        for position, raw_equation in enumerate(raw_equations):
            self._equation = position
            equations.append(self._read_equation(raw_equation))
        self._equation = count
        outputs = tuple(self._output(output) for output in _list(raw_outputs, "the outputs"))
        facts = [self._ops[equation.op] for equation in equations if equation.op in self._ops]
        parts = (*facts, *self._nested)
        # Of the function whose rule this is nothing is known here.
        calls_itself = any(equation.op == "custom_self" for equation in equations)
        body = Body(
            inputs=inputs,
            captures=captures,
            equations=tuple(equations),
            outputs=outputs,
            nesting=1 + max((nested.nesting for nested in self._nested), default=0),
            expanded=count + sum(nested.expanded for nested in self._nested),
            checks=calls_itself or any(part.checks for part in parts),
            certified=calls_itself or any(part.certified for part in parts),
            x64=self._x64 or any(part.x64 for part in parts),
            loops=self._loops,
            gradients=self._gradients,
        )
        if body.nesting > self._limits.nesting:
            raise self._limit("LIMIT_NESTING", f"{body.nesting} programs in each other", self._limits.nesting)
        for what, depth, most in (
            ("loops in", body.loops, self._limits.nested_loops),
            ("gradients of", body.gradients, self._limits.nested_gradients),
        ):
            if depth > most:
                raise self._limit("LIMIT_NESTING", f"{depth} {what} each other", most)
        if body.expanded > self._limits.expanded_equations:
            raise self._limit(
                "LIMIT_EQUATIONS",
                f"{body.expanded} equations with those of nested programs",
                self._limits.expanded_equations,
            )
        return body

    def _read_equation(self, raw: Any) -> Equation:
        if type(raw) is not list or len(raw) not in (2, 3):
            raise self._bad("an equation is [op, args] or [op, args, attributes]")
        op = raw[0]
        if type(op) is not str:
            raise self._bad(f"an op is a name; received {type(op).__name__}")
        if op not in self._ops and op not in STRUCTURAL_OPS and op not in NESTED_OPS:
            op = op_of_plugin(op, self._ops, body=self._index, equation=self._equation)
        args = self._arguments(op, _list(raw[1], "the arguments"))
        attributes = self._attributes(op, _list(raw[2], "the attributes")) if len(raw) == 3 else ()
        equation = Equation(op, args, attributes)
        if op in NESTED_OPS:
            self._check_nested(equation)
        return equation

    def _arguments(self, op: str, raw: list) -> tuple:
        nested = _places_of_programs(op, raw)
        if len(raw) < nested.stop:
            raise self._bad(f"{op} takes {len(nested)} nested programs")
        if len(raw) > self._limits.attribute_items:
            raise self._limit("LIMIT_ATTRIBUTE", f"{len(raw)} arguments", self._limits.attribute_items)
        return tuple(
            self._read_nested(item) if position in nested else self._argument(item)
            for position, item in enumerate(raw)
        )

    def _attributes(self, op: str, raw: list) -> tuple:
        if len(raw) % 2:
            raise self._bad("an attribute without a value")
        if len(raw) // 2 > self._limits.attribute_items:
            raise self._limit("LIMIT_ATTRIBUTE", f"{len(raw) // 2} attributes", self._limits.attribute_items)
        names = raw[::2]
        if any(type(name) is not str or not name.isidentifier() for name in names):
            raise self._bad("an attribute's name is an identifier")
        if any(name >= following for name, following in itertools.pairwise(names)):
            raise self._bad("the attributes are not in ascending order of their names")
        declared = self._ops[op].names if op in self._ops else None
        unknown = [name for name in names if declared is not None and name not in declared]
        if unknown:  # JAX's function may have it, but nobody has thought of what it would do here
            raise self._bad(f"{op} has no parameter {unknown[0][:100]!r}")
        return tuple((name, self._argument(value)) for name, value in zip(names, raw[1::2], strict=True))

    def _argument(self, raw: Any, depth: int = 0) -> Any:
        kind = type(raw)
        if kind is int:
            return self._reference(raw)
        if raw is None or kind is bool:
            return raw
        if kind is str:
            return self._string(raw)
        if kind is not list or len(raw) < 2:
            raise self._bad(f"an argument cannot be {kind.__name__}")
        if depth >= self._limits.nesting:
            raise self._limit("LIMIT_NESTING", "tuples in each other", self._limits.nesting)
        tag, value = raw[0], raw[1]
        if type(tag) is not int or len(raw) != 2:
            raise self._bad("an argument is [tag, value]; a nested program does not stand here")
        if tag == ARGUMENT_INT:
            return self._weak_int(value)
        if tag == ARGUMENT_FLOAT:
            return self._weak_float(value)
        if tag == ARGUMENT_TUPLE:
            return Tuple(tuple(self._argument(item, depth + 1) for item in self._items(value)))
        if tag == ARGUMENT_DICT:
            items = self._items(value)
            if len(items) % 2 or any(type(key) is not str for key in items[::2]):
                raise self._bad("a dict is [key, value, ...] with string keys")
            return Dict(
                tuple(
                    (self._string(key), self._argument(item, depth + 1))
                    for key, item in zip(items[::2], items[1::2], strict=True)
                )
            )
        if tag == ARGUMENT_INT64:
            return self._int64(value)
        raise self._bad(f"an argument cannot have the tag {tag}")

    def _read_nested(self, raw: Any) -> Nested:
        if type(raw) is not list or len(raw) != 3 or raw[0] != ARGUMENT_PROGRAM:
            raise self._bad("a nested program is [4, body, captures]")
        index, captures = raw[1], _list(raw[2], "the captures")
        if type(index) is not int or not 0 <= index < self._index:
            raise self._bad(f"nested program {index!r:.50} in body {self._index}: only earlier bodies")
        body = self._earlier[index]
        if len(captures) != body.captures:
            raise self._bad(f"body {index} captures {body.captures} values; {len(captures)} are given")
        self._nested.append(body)
        return Nested(index, tuple(self._reference(reference) for reference in captures))

    def _check_nested(self, equation: Equation) -> None:
        """Checks the numbers of operands and results of nested programs, and counts how deep they are."""
        nested = [self._earlier[arg.body] for arg in equation.args if isinstance(arg, Nested)]
        leaves = len(equation.args) - NESTED_OPS[equation.op].first - len(nested)
        loop, gradients = equation.op in _LOOPS, _GRADIENTS.get(equation.op, 0)
        self._loops = max(self._loops, loop + max((body.loops for body in nested), default=0))
        self._gradients = max(
            self._gradients, gradients + max((body.gradients for body in nested), default=0)
        )
        for body, inputs in zip(nested, _inputs_of_programs(equation.op, leaves, nested), strict=True):
            if body.inputs != inputs:
                raise self._bad(f"{equation.op}: {inputs} operands for a program of {body.inputs} inputs")
        results = [len(body.outputs) for body in nested]
        if equation.op in ("cond", "switch_case") and len(set(results)) > 1:
            raise self._bad(f"{equation.op}: branches of {' and '.join(map(str, results))} results")
        if equation.op == "while_loop" and results != [1, leaves]:
            raise self._bad(f"while_loop: {leaves} values, programs of {results[0]} and {results[1]} results")
        if gradients and results[0] < 1:
            raise self._bad(f"{equation.op}: a program without a result")
        if equation.op == "custom_jvp" and results[1] != 2 * results[0]:
            raise self._bad(f"custom_jvp: a rule of {results[1]} results for a function of {results[0]}")
        if equation.op == "associative_scan" and results[0] != leaves:
            raise self._bad(f"associative_scan: a program of {results[0]} results for {leaves} operands")

    def _output(self, raw: Any) -> Any:
        if type(raw) is list and (
            len(raw) != 2 or raw[0] not in (ARGUMENT_INT, ARGUMENT_FLOAT, ARGUMENT_INT64)
        ):
            raise self._bad("a result is a reference or a number")
        if type(raw) not in (int, list):
            raise self._bad(f"a result cannot be {type(raw).__name__}")
        return self._argument(raw)

    def _reference(self, raw: Any) -> Reference:
        if type(raw) is not int or not -self._bound <= raw < self._equation:
            raise self._bad(
                f"refers to {raw!r:.50}; there are {self._equation} equations before, {self._bound} inputs"
            )
        return self._references.setdefault(raw, Reference(raw))

    def _items(self, raw: Any) -> list:
        if len(_list(raw, "a tuple")) > self._limits.attribute_items:
            raise self._limit("LIMIT_ATTRIBUTE", f"{len(raw)} items", self._limits.attribute_items)
        return raw

    def _string(self, raw: str) -> str:
        if len(raw) > self._limits.attribute_bytes or len(raw.encode()) > self._limits.attribute_bytes:
            raise self._limit("LIMIT_ATTRIBUTE", "a string", self._limits.attribute_bytes)
        self._x64 |= raw in WIDE_DTYPES
        return raw

    def _weak_int(self, raw: Any) -> int:
        if type(raw) is not int or raw not in _WEAK_INTS:
            raise self._bad(f"a weak int is below 2**31; received {raw!r:.50}")
        return raw

    def _weak_float(self, raw: Any) -> float:
        if type(raw) not in (int, float) and raw not in NAMED_FLOATS:
            raise self._bad(f"a weak float cannot be {type(raw).__name__}")
        return float(raw)

    def _int64(self, raw: Any) -> np.int64:
        if type(raw) is not str or len(raw) > 20 or str(int(raw)) != raw or not -(2**63) <= int(raw) < 2**63:
            raise self._bad(f"a 64-bit integer is its decimal digits; received {raw!r:.50}")
        self._x64 = True
        return np.int64(int(raw))

    def _bad(self, message: str) -> SynjaxError:
        where = f"body {self._index}, equation {self._equation}: "
        return _bad(where + message, body=self._index, equation=self._equation)

    def _limit(self, code: str, what: str, most: int) -> SynjaxError:
        return SynjaxError(code, f"{what}; at most {most}", body=self._index, equation=self._equation)


def _places_of_programs(op: str, raw: list) -> range:
    """Which arguments of an op are nested programs."""
    if op not in NESTED_OPS:
        return range(0)
    programs, first = NESTED_OPS[op]
    if programs is None:
        is_program = lambda item: type(item) is list and item[:1] == [ARGUMENT_PROGRAM]
        programs = max(1, sum(1 for _ in itertools.takewhile(is_program, raw[first:])))
    return range(first, first + programs)


def _inputs_of_programs(op: str, leaves: int, nested: list[Body]) -> list[int]:
    """How many inputs each nested program of an op must have, beside so many operands."""
    if op == "jvp":  # points, and a direction for each
        return [leaves // 2 if leaves % 2 == 0 else -1]
    if op == "associative_scan":  # of two items
        return [2 * leaves]
    if op == "own_distribution":  # of a key; of a value
        return [1, 1]
    if op == "custom_jvp":
        return [leaves, 2 * leaves]
    if op == "custom_vjp":  # the last takes what the second leaves, and a cotangent for each result
        return [leaves, leaves, len(nested[1].outputs)]
    return [leaves] * len(nested)


def _fields(raw: Any, count: int, what: str) -> list:
    if type(raw) is not list or len(raw) != count:
        raise _bad(f"{what} is a list of {count}; received {type(raw).__name__}")
    return raw


def _list(raw: Any, what: str) -> list:
    if type(raw) is not list:
        raise _bad(f"{what} must be a list; received {type(raw).__name__}")
    return raw


def _count(raw: Any, what: str) -> int:
    if type(raw) is not int or not 0 <= raw < 2**31:
        raise _bad(f"the number of {what} must be a small integer; received {raw!r:.50}")
    return raw
