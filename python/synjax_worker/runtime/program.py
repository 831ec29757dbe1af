"""Programs as the interpreter runs them: decoded and valid."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Reference(NamedTuple):
    """The value of an equation of the same body (index >= 0), or of its input or capture k (index -1-k)."""

    index: int


class Tuple(NamedTuple):
    """A tuple of arguments."""

    items: tuple


class Dict(NamedTuple):
    """A dict of arguments with string keys."""

    items: tuple  # of (key, arg)


class Nested(NamedTuple):
    """A nested program, by the index of its body, and the references it captures."""

    body: int
    captures: tuple[Reference, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Equation:
    op: str
    args: tuple
    attributes: tuple  # of (name, arg)


@dataclasses.dataclass(frozen=True, slots=True)
class Body:
    inputs: int
    captures: int
    equations: tuple[Equation, ...]
    outputs: tuple
    nesting: int  # 1 if no program is nested in it
    expanded: int  # number of equations, counting those of nested programs each time they are used
    checks: bool  # whether it or a program nested in it checks arguments on the device
    certified: bool  # whether it or a nested program has fast computations that may be refused
    x64: bool  # whether it or a nested program computes in 64 bits
    loops: int  # in each other
    gradients: int  # of each other


@dataclasses.dataclass(frozen=True, slots=True)
class Program:
    bodies: tuple[Body, ...]
    encoded: bytes | None = None  # as it was sent, where that is kept

    @property
    def root(self) -> Body:
        return self.bodies[-1]


def affected_outputs(body: Body, *, equations: Mapping[int, T], inputs: Mapping[int, T]) -> dict[int, T]:
    """The results of a body that depend on the given equations and inputs, each with the value of the first one."""
    reached = dict(equations)

    def source(arg: Any) -> T | None:
        for index in references_of(arg):
            found = reached.get(index) if index >= 0 else inputs.get(-1 - index)
            if found is not None:
                return found
        return None

    for position, equation in enumerate(body.equations):
        if position not in reached:
            sources = map(source, (*equation.args, *(value for _, value in equation.attributes)))
            found = next((item for item in sources if item is not None), None)
            if found is not None:
                reached[position] = found
    outputs = {position: source(output) for position, output in enumerate(body.outputs)}
    return {position: found for position, found in outputs.items() if found is not None}


def references_of(arg: Any) -> Iterator[int]:
    """The indices that an argument refers to, those that a nested program captures included."""
    if isinstance(arg, Reference):
        yield arg.index
    elif isinstance(arg, Tuple):
        for item in arg.items:
            yield from references_of(item)
    elif isinstance(arg, Dict):
        for _, item in arg.items:
            yield from references_of(item)
    elif isinstance(arg, Nested):
        for item in arg.captures:
            yield item.index
