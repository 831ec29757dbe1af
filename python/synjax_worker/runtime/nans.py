"""Which operation made the first NaN: a program is traced once more, with every equation watched.

A watched program returns, for each equation of each of its bodies, whether its value ever had a NaN, whether it made
one out of arguments without any, and whether its derivative did in a backward pass. These are its code (see `checks`),
so they come out of loops, branches and gradients as codes do: a vector of flags takes the place of a number. What a
backward pass meets cannot be among its results, so it is counted in the derivative by a vector of zeros, the probes:
each equation adds up how often the derivative by its value and by its arguments had a NaN.

From the results that have a NaN the host then follows those flags back through the program, along values that have
NaNs. A NaN that a `where` left out is on no such way, and is not blamed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..errors import SynjaxError
from .closure import combine, differentiable, partition
from .program import Equation, Nested, Program, references_of

_HAD, _MADE, _MADE_BACKWARD = range(3)  # rows of the flags
_BY_ARGUMENTS, _BY_VALUE = range(2)  # probes of an equation


def has_nan(tree: Any) -> Any:
    """bool[]: whether an array of a tree has a NaN. False where it has no arrays of floats."""
    found = [
        jnp.isnan(lax.stop_gradient(leaf)).any() for leaf in jax.tree.leaves(tree) if differentiable(leaf)
    ]
    return _any(found)


def _any(flags: Sequence[Any]) -> Any:
    flags = [flag for flag in flags if flag is not False]
    return functools.reduce(jnp.logical_or, flags) if flags else False


class Watch:
    """What a tracing notes of the equations of a program."""

    def __init__(self, program: Program):
        sizes = [len(body.equations) for body in program.bodies]
        self._first = np.cumsum([0, *sizes])
        self._size = int(self._first[-1])
        self.watched = 0  # equations traced so far
        self.flags: Any = self.blank  # of the whole program, when it has been traced
        self._probes: Any = None

    @property
    def blank(self) -> np.ndarray:
        """The code of a program that did not meet a NaN."""
        return np.zeros((3, self._size), np.int32)

    def new_probes(self) -> Any:
        """Zeros to differentiate by, for a backward pass."""
        return [(jnp.float32(0), jnp.float32(0)) for _ in range(self._size)]

    @contextlib.contextmanager
    def probing(self, probes: Any) -> Iterator[None]:
        """Inside, derivatives by values are noted in `probes`; None: they are not."""
        before, self._probes = self._probes, probes
        try:
            yield
        finally:
            self._probes = before

    def arguments(self, body: int, equation: int, values: Any) -> Any:
        """The arguments of an equation, with which it is computed."""
        return self._probed(values, self._site(body, equation), _BY_ARGUMENTS)

    def value(self, body: int, equation: int, value: Any) -> Any:
        """The value of an equation, from which the program goes on."""
        return self._probed(value, self._site(body, equation), _BY_VALUE)

    def met_backward(self, derivative: Any) -> jax.Array:
        """The flags of a backward pass, from the derivative by its probes.

        In a loop a NaN is passed on from turn to turn: what made it has had it in its arguments' derivative more often
        than in its value's.
        """
        counts = lax.stop_gradient(jnp.stack([jnp.stack(each) for each in derivative]))
        made = counts[:, _BY_ARGUMENTS] > counts[:, _BY_VALUE]
        return jnp.zeros_like(self.blank).at[_MADE_BACKWARD].set(made.astype(jnp.int32))

    def of_body(self, body: int, seen: dict[int, tuple[Any, Any]]) -> Any:
        """The flags of one call of a body, from those of its equations: whether each had and made a NaN."""
        rows = [
            [seen.get(k, (False, False))[row] for k in range(self._length(body))] for row in (_HAD, _MADE)
        ]
        if all(flag is False for row in rows for flag in row):
            return None
        own = jnp.stack([jnp.stack([jnp.asarray(flag) for flag in row]) for row in rows]).astype(jnp.int32)
        before = int(self._first[body])
        return jnp.pad(own, ((0, 1), (before, self._size - before - own.shape[1])))

    def flag(self, flags: np.ndarray, row: int, body: int, equation: int) -> bool:
        """A flag of a program that has run."""
        return bool(flags[row, self._site(body, equation)])

    def _length(self, body: int) -> int:
        return int(self._first[body + 1] - self._first[body])

    def _site(self, body: int, equation: int) -> int:
        return int(self._first[body]) + equation

    def _probed(self, tree: Any, site: int, which: int) -> Any:
        moving, held = partition(tree)
        if self._probes is None or not jax.tree.leaves(moving):
            return tree
        return combine(_note(moving, self._probes[site][which]), held)


class Seen:
    """The flags of one walk through a body."""

    def __init__(self, watch: Watch, body: int, inputs: Sequence[Any]):
        self._watch = watch
        self._body = body
        self._inputs = inputs
        self._had: dict[int, Any] = {}  # by reference: whether a value has a NaN
        self._equations: dict[int, tuple[Any, Any]] = {}

    def add(self, position: int, equation: Equation, value: Any) -> None:
        """Notes an equation's value."""
        self._watch.watched += 1
        had = self._had[position] = has_nan(value)
        before = _any([self._of(k) for k in dict.fromkeys(_uses(equation))])
        made = had if had is False or before is False else jnp.logical_and(had, jnp.logical_not(before))
        self._equations[position] = had, made

    def code(self) -> Any:
        """The flags of the walk."""
        return self._watch.of_body(self._body, self._equations)

    def _of(self, reference: int) -> Any:
        if reference not in self._had:  # the value of an equation that failed has none
            self._had[reference] = False if reference >= 0 else has_nan(self._inputs[-1 - reference])
        return self._had[reference]


@jax.custom_vjp
def _note(moving: Any, probe: jax.Array) -> Any:
    """What moves, unchanged. The derivative by `probe` is how often what moves had a NaN in its derivative."""
    return moving


def _note_forward(moving: Any, probe: jax.Array) -> tuple[Any, None]:
    return moving, None


def _note_backward(_: None, derivative: Any) -> tuple[Any, jax.Array]:
    return derivative, jnp.asarray(has_nan(derivative)).astype(jnp.float32)


_note.defvjp(_note_forward, _note_backward)


# --------------------------------------------------------------------------------------------------------- blaming


@dataclasses.dataclass(frozen=True, slots=True)
class Blame:
    """What made the NaN of a result: an equation, or its derivative; or an input had it already."""

    program: Program
    body: int = -1
    equation: int = -1
    backward: bool = False
    input: int | None = None

    def error(self) -> SynjaxError:
        if self.input is not None:
            return SynjaxError("NAN_FOUND", "an input has a NaN already", input=self.input)
        op = self.program.bodies[self.body].equations[self.equation].op
        if self.backward:
            text = (
                f"{op}: its derivative made the first NaN, in a backward pass. A `where` on its result does not keep "
                f"that away: choose its argument instead, so that the derivative is finite"
            )
        else:
            text = f"{op}: made the first NaN, of arguments without one"
        return SynjaxError("NAN_FOUND", text, op=op, body=self.body, equation=self.equation)


def blame(
    program: Program, watch: Watch, flags: np.ndarray, result: int, inputs: Callable[[int], bool]
) -> Blame | None:
    """What made the NaN of a result of the program; None where it was not seen again.

    `flags` is what the watched program gave, and `inputs` says which of the program's inputs have a NaN.
    """
    trail = _Trail(program, watch, flags)
    root = len(program.bodies) - 1
    made, reached = trail.follow(root, [program.root.outputs[result]])
    first = next((k for k in reached if inputs(k)), None)
    if first is not None:
        return Blame(program, input=first)
    return trail.innermost(root, made[0]) if made else None


class _Trail:
    """The way back from values with NaNs."""

    def __init__(self, program: Program, watch: Watch, flags: np.ndarray):
        self._program = program
        self._watch = watch
        self._flags = flags

    def follow(self, index: int, outputs: Sequence[Any]) -> tuple[list[int], list[int]]:
        """The equations of a body that made NaNs on which results of it depend, in order; and its inputs that do."""
        body = self._program.bodies[index]
        made: set[int] = set()
        met: set[int] = set()
        waiting = [k for output in outputs for k in references_of(output)]
        while waiting:
            at = waiting.pop()
            if at in met:
                continue
            met.add(at)
            if at < 0 or not self._has(_HAD, index, at):
                continue
            if self._has(_MADE, index, at):
                made.add(at)
            waiting += _uses(body.equations[at])
        return sorted(made), sorted(-1 - at for at in met if at < 0)

    def innermost(self, index: int, equation: int) -> Blame:
        """The equation that made a NaN, or the one in its nested programs that did."""
        nested = self._taken(index, equation)
        for body in nested:
            made, _ = self.follow(body, self._program.bodies[body].outputs)
            if made:
                return self.innermost(body, made[0])
        return self._backward(nested) or Blame(self._program, index, equation)

    def _backward(self, bodies: Sequence[int]) -> Blame | None:
        """The equation whose derivative made the first NaN: a backward pass begins at the end of a program."""
        for index in bodies:
            for equation in reversed(range(len(self._program.bodies[index].equations))):
                inner = self._backward(self._taken(index, equation))
                if inner is not None:
                    return inner
                if self._has(_MADE_BACKWARD, index, equation):
                    return Blame(self._program, index, equation, backward=True)
        return None

    def _taken(self, index: int, equation: int) -> list[int]:
        """The bodies that an equation takes; of a `pullback` those of its `vjp`, which it goes back through."""
        body = self._program.bodies[index]
        found = body.equations[equation]
        of = [body.equations[k] for k in _uses(found) if k >= 0] if found.op == "pullback" else []
        return [nested for each in (found, *of) for nested in _nested(each)]

    def _has(self, row: int, body: int, equation: int) -> bool:
        return self._watch.flag(self._flags, row, body, equation)


def _uses(equation: Equation) -> list[int]:
    """The references among the arguments of an equation."""
    values = (*equation.args, *(value for _, value in equation.attributes))
    return [k for value in values for k in references_of(value)]


def _nested(equation: Equation) -> list[int]:
    """The bodies that an equation takes."""
    return [value.body for value in equation.args if isinstance(value, Nested)]
