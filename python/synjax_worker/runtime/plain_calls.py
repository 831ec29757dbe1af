"""Queries called from plain Python, outside of any program: each is compiled once and not op by op at every call."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Hashable
from typing import Any

import jax
import numpy as np

from ..numerics import guard
from . import compiler, passes

# Compiled functions that are kept; each of them keeps a program per shapes and dtypes.
KEPT = 512


def compiled(
    method: Callable[..., Any], operands: Collection[str], refuse: Callable[[Any, dict[str, Any]], None]
) -> Callable[..., Any]:
    """The same method, compiled once for each value of its static arguments, and the shapes and dtypes of its operands.

    While something traces, or inside a frame of `passes`, the method itself runs, so that a program sees what is in it.

    Args:
      operands: the names of the arguments whose arrays and floats may differ from call to call; the others are static.
      refuse: given self and the arguments by name, raises for what is known to be wrong.
    """
    names = list(inspect.signature(method).parameters)[1:]

    @functools.wraps(method)
    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        given = dict(zip(names, arguments, strict=False)) | named
        whole = len(given) == len(arguments) + len(named)  # otherwise the method says what is wrong
        moving = self, {name: value for name, value in given.items() if name in operands}
        static = {name: value for name, value in given.items() if name not in operands}
        leaves, treedef = jax.tree.flatten(moving)
        if not whole or passes.is_open() or any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
            return method(self, *arguments, **named)
        refuse(self, given)
        fixed = _Static(tuple(None if _moves(leaf) else leaf for leaf in leaves), treedef)
        static_leaves, static_treedef = jax.tree.flatten(static)
        try:
            run = _program(method, fixed, _Static(tuple(static_leaves), static_treedef))
        except TypeError:  # something without a hash
            return method(self, *arguments, **named)
        return run([leaf if _moves(leaf) else None for leaf in leaves])

    return call


def _moves(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic | float)


class _Static:
    """The leaves of a tree, which are told apart by their types too: 1 is not True."""

    def __init__(self, leaves: tuple[Hashable, ...], treedef: Any):
        self.leaves, self.treedef = leaves, treedef
        self._key = (leaves, tuple(map(type, leaves)), treedef)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Static) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


class _Program:
    """A method with its static arguments: the optimistic program until something is refused, then the careful one."""

    def __init__(self, method: Callable[..., Any], fixed: _Static, static: _Static):
        def run(moving: list[Any]) -> Any:
            pairs = zip(moving, fixed.leaves, strict=True)
            leaves = [own if operand is None else operand for operand, own in pairs]
            self, operands = jax.tree.unflatten(fixed.treedef, leaves)
            with passes.frame():
                return method(self, **operands, **jax.tree.unflatten(static.treedef, static.leaves))

        def hopefully(moving: list[Any]) -> tuple[Any, Any]:
            with guard.optimistic() as refused:
                value = run(moving)
            return value, guard.any_refused(refused) if refused else None

        options = _options()
        self._optimistic = jax.jit(hopefully, compiler_options=options)
        self._careful = jax.jit(run, compiler_options=options)
        self._was_refused = False

    def __call__(self, moving: list[Any]) -> Any:
        if not self._was_refused:
            value, refused = self._optimistic(moving)
            if refused is None or not refused:
                return value
            self._was_refused = True
        return self._careful(moving)


@functools.cache
def _options() -> dict[str, Any]:
    return compiler.options(eager=True)


_program = functools.lru_cache(maxsize=KEPT)(_Program)
