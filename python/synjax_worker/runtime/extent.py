"""How large a program has become when JAX has traced it. Beyond the limits it is refused before XLA sees it: XLA
aborts the process where a size overflows, and recurses once for each equation that waits for another. What JAX refuses
after tracing only is refused here too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from ..errors import SynjaxError
from ..limits import Limits
from .program import Program

# What XLA compiles apart from the computation that it stands in.
_CONTROL_FLOW = ("scan", "while", "cond")
# As many other equations take about as long to compile as one of these.
_WEIGHTS = dict.fromkeys(_CONTROL_FLOW, 100) | {"random_gamma": 1_000}

# Those that draw until a draw is accepted, which JAX keeps as one equation.
_REJECTION = ("random_gamma",)
_BRANCHES = ("while", "cond", *_REJECTION)

_EQUATION_WORK = 500  # elements that could be read or written in the time that it takes to start an equation

# Those that take the longest axis of their operands for each element, at most.
_BY_AXIS = frozenset(
    "dot_general conv_general_dilated sort cholesky lu qr svd eigh eig schur geqrf householder_product hessenberg "
    "triangular_solve tridiagonal tridiagonal_solve".split()
)
# Those that sum a series for each element, and of how many terms.
_SERIES = frozenset(
    "igamma igammac igamma_grad_a random_gamma_grad regularized_incomplete_beta zeta polygamma".split()
)
_TERMS = 1_000

_FORWARDS = (
    "a function of `custom_vjp` has a derivative backwards only (`grad`, `vjp`, `jacrev`): use `custom_jvp`"
)

_SCOPE = re.compile(r"body(\d+)equation(\d+)")


def scope_name(body: int, equation: int) -> str:
    """The name by which JAX's equations tell of which equation of the program they are."""
    return f"body{body}equation{equation}"


class Extent(NamedTuple):
    equations: int  # those of nested programs included; loops and branches count as many
    chain: int  # the most equations of which each waits for the one before
    branches: bool  # whether what it does depends on its data
    work: float  # of a call, in elements, whichever branches it takes; infinity with a loop of unknown length


def check_shape(shape: tuple[int, ...], limits: Limits, of: str = "") -> None:
    """Raises SynjaxError (LIMIT_RANK, LIMIT_SHAPE, INVALID_ARGUMENT). Its message begins with what it is `of`."""
    if len(shape) > limits.rank:
        raise SynjaxError("LIMIT_RANK", f"{of}an array of rank {len(shape)}; at most {limits.rank}")
    _check_elements(shape, limits, of)


def _check_elements(shape: tuple[int, ...], limits: Limits, of: str = "") -> None:
    if shape and min(shape) < 0:
        raise SynjaxError(
            "INVALID_ARGUMENT",
            f"{of}an array of shape {_text(shape)}; sizes are 0 or more",
            expected="sizes of 0 or more",
            received=_text(shape),
        )
    # A 0 beside a size that overflows does not help XLA, so it does not count.
    elements = math.prod(max(1, size) for size in shape)
    if elements > limits.elements:
        raise SynjaxError(
            "LIMIT_SHAPE", f"{of}an array of shape {_text(shape)}; at most {limits.elements} elements"
        )


def _text(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"[:200]


def extent_of(jaxpr: ClosedJaxpr, limits: Limits, program: Program | None = None) -> Extent:
    """The extent of a traced program.

    Args:
      program: what was traced with scopes. An error names the equation of it that is at fault.

    Raises:
      SynjaxError: LIMIT_SHAPE, LIMIT_TRACE, INVALID_ARGUMENT or OP_FAILED.
    """
    walk = _Walk(limits)
    try:
        return walk.of(jaxpr.jaxpr)
    except SynjaxError as error:
        if program is None or not walk.places:
            raise
        body, equation = walk.places[0]
        op = program.bodies[body].equations[equation].op
        message = f"{op}: {error.message}"
        of_root = next((at for body, at in walk.places if body == len(program.bodies) - 1), None)
        raise TooLarge(of_root, error.code, message, op=op, body=body, equation=equation) from None


class TooLarge(SynjaxError):
    """The error of a program that is too large because of an equation of its own."""

    def __init__(self, of_root: int | None, code: str, message: str, **details: Any):
        super().__init__(code, message, **details)
        self.of_root = of_root  # the equation of the root body that it happens in


class _Walk:
    def __init__(self, limits: Limits):
        self.places: list[
            tuple[int, int]
        ] = []  # of what is too large: body and equation, the innermost first
        self._limits = limits
        self._known: dict[int, Extent] = {}  # JAX shares jaxprs: one that is used twice is walked once

    def of(self, jaxpr: Jaxpr) -> Extent:
        found = self._known.get(id(jaxpr))
        if found is None:
            found = self._known[id(jaxpr)] = self._walk(jaxpr)
        return found

    def _walk(self, jaxpr: Jaxpr) -> Extent:
        ends: dict[Any, int] = {}  # by variable, how many equations its value waits for
        equations, branches, work = 0, False, 0.0
        longest = chain = 0  # of the computations that are compiled apart, of this one
        for equation in jaxpr.eqns:
            try:
                name = equation.primitive.name
                if name == "custom_lin":  # what is left of a derivative that nobody takes backwards
                    raise SynjaxError("OP_FAILED", _FORWARDS)
                nested = [self.of(each) for each in _nested(equation.params)]
                equations += _WEIGHTS.get(name, 1) + sum(each.equations for each in nested)
                branches |= name in _BRANCHES or any(each.branches for each in nested)
                work += _work(equation, nested)
                below = max((each.chain for each in nested), default=0)
                if name in _CONTROL_FLOW:
                    longest, below = max(longest, below), 1
                start = max(
                    (ends.get(v, 0) for v in equation.invars if not isinstance(v, Literal)), default=0
                )
                end = start + max(1, below)
                chain = max(chain, end)
                for variable in equation.outvars:
                    ends[variable] = end
                    _check_elements(_shape(variable), self._limits)
                self._check(equations, chain)
            except SynjaxError:
                scopes = _SCOPE.findall(str(equation.source_info.name_stack))
                self.places += [(int(body), int(at)) for body, at in reversed(scopes)]
                raise
        return Extent(equations, max(longest, chain), branches, work)

    def _check(self, equations: int, chain: int) -> None:
        limits = self._limits
        if equations > limits.traced_equations:
            raise too_many_equations(limits)
        if chain > limits.chain:
            raise SynjaxError(
                "LIMIT_TRACE",
                f"more than {limits.chain} equations of which each waits for the one before: use `scan`",
            )


def too_many_equations(limits: Limits) -> SynjaxError:
    """The error of a program that becomes too large."""
    return SynjaxError(
        "LIMIT_TRACE",
        f"the program becomes more than {limits.traced_equations} equations when it is traced (a loop counts as "
        f"{_WEIGHTS['scan']}): use `scan` for repetitions, and nest fewer programs",
    )


def _work(equation: Any, nested: list[Extent]) -> float:
    """What an equation does, in elements that it reads or writes. Each has a cost of its own besides."""
    name, params = equation.primitive.name, equation.params
    inner = [each.work for each in nested]
    if name in _REJECTION:
        return math.inf
    if name == "while":
        return sum(inner) if _runs_once(params) else math.inf
    if name == "scan":
        return params["length"] * sum(inner)
    if nested:
        return max(inner) if name == "cond" else sum(inner)
    shapes = [_shape(variable) for variable in (*equation.invars, *equation.outvars)]
    elements = sum(map(math.prod, shapes))
    if name in _BY_AXIS:
        elements *= max((size for shape in shapes for size in shape), default=1)
    return _EQUATION_WORK + (elements * _TERMS if name in _SERIES else elements)


def _runs_once(params: dict[str, Any]) -> bool:
    """Whether a loop has at most one turn: what it tests is an item of its state, which the first turn makes false."""
    tested, *_ = params["cond_jaxpr"].jaxpr.outvars
    state = params["cond_jaxpr"].jaxpr.invars[params["cond_nconsts"] :]
    made = params["body_jaxpr"].jaxpr.outvars
    return any(
        tested is before and isinstance(after, Literal) and not after.val
        for before, after in zip(state, made, strict=True)
    )


def _shape(variable: Any) -> tuple[int, ...]:
    return getattr(variable.aval, "shape", ())


def _nested(params: dict[str, Any]) -> Iterator[Jaxpr]:
    for value in params.values():
        for each in value if isinstance(value, tuple | list) else (value,):
            if isinstance(each, ClosedJaxpr):
                yield each.jaxpr
            elif isinstance(each, Jaxpr):
                yield each
