"""Ops that take nested programs: maps, loops, branches, and those that differentiate.

Each takes closures and flat operands, and returns a value and a code (see `checks`).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..errors import InvalidArgument
from ..simple import whole
from . import batches, custom_rules, derivatives
from .checks import Code, first_code, join
from .closure import Closure
from .precision import strong


def _vmap(
    fn: Closure,
    *leaves: Any,
    in_axes: tuple[int | None, ...] | None = None,
    out_axes: tuple[int | None, ...] | int = 0,
    axis_size: int | None = None,
) -> tuple[tuple, Code]:
    rows = batches.Rows(leaves, [batches.DEFAULT] * len(leaves) if in_axes is None else in_axes)
    wanted = list(out_axes) if isinstance(out_axes, tuple) else [out_axes]

    def one(moving: list[Any]) -> tuple[list[Any], Code]:
        results, code = fn(*rows.row(moving))
        return [batches.stackable(result) for result in results], code

    # JAX's results come stacked along axis 0, or not at all
    stacked = (
        0 if len(wanted) == 1 and wanted[0] is not None else [None if axis is None else 0 for axis in wanted]
    )
    results, codes = jax.vmap(one, out_axes=(stacked, 0), axis_size=axis_size)(rows.moving)
    if len(wanted) == 1:
        wanted *= len(results)
    results = tuple(map(batches.with_first_axis_at, results, wanted))
    return results, None if codes is None else first_code(codes)


def _rows(xs: tuple[Any, ...]) -> batches.Rows:
    return batches.Rows(xs, [0] * len(xs))


def _scan(
    fn: Closure,
    *leaves: Any,
    n_carry: int,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[tuple, Code]:
    init, xs = [strong(leaf) for leaf in leaves[:n_carry]], _rows(leaves[n_carry:])
    before = fn.sites

    def step(state: tuple[list[Any], Code], x: list[Any]) -> tuple[tuple[list[Any], Code], list[Any]]:
        carry, code = state
        results, own = fn(*carry, *xs.row(x))
        ys = [batches.stackable(y) for y in results[n_carry:]]
        return (results[:n_carry], join(code, own)), ys

    start = (init, fn.blank if fn.checks else None)
    (carry, code), ys = lax.scan(step, start, xs.moving, length=length, reverse=reverse, unroll=unroll)
    return (*carry, *map(whole, ys)), code if fn.sites > before else None


def _map(fn: Closure, *leaves: Any, batch_size: int | None = None) -> tuple[tuple, Code]:
    xs = _rows(leaves)
    before = fn.sites

    def one(x: list[Any]) -> tuple[list[Any], Code]:
        results, code = fn(*xs.row(x))
        return [batches.stackable(y) for y in results], code

    results, codes = lax.map(one, xs.moving, batch_size=batch_size)
    return tuple(map(whole, results)), first_code(codes) if fn.sites > before else None


def _associative_scan(fn: Closure, *leaves: Any, reverse: bool = False, axis: int = 0) -> tuple[tuple, Code]:
    codes: list[Code] = []  # JAX calls the function a few times, and never inside a trace of its own

    def combine(a: list[Any], b: list[Any]) -> list[Any]:
        results, code = fn(*a, *b)
        codes.append(code)
        for came, like in zip(jax.tree.leaves(results), jax.tree.leaves(a), strict=True):
            if jnp.shape(came) != jnp.shape(like):
                raise InvalidArgument(
                    f"the function returns shape {jnp.shape(came)} for items of shape {jnp.shape(like)}: it joins them "
                    f"elementwise along the axis",
                    argument="f",
                )
        return results

    results = lax.associative_scan(combine, [strong(leaf) for leaf in leaves], reverse=reverse, axis=axis)
    return tuple(results), functools.reduce(join, codes, None)


def _branches(functions: tuple[Closure, ...]) -> list[Callable[..., tuple[list[Any], Code]]]:
    """Functions that all give a code where one of them may."""
    checks = any(fn.checks for fn in functions)

    def branch(fn: Closure) -> Callable[..., tuple[list[Any], Code]]:
        def call(*leaves: Any) -> tuple[list[Any], Code]:
            results, code = fn(*leaves)
            return results, fn.blank if checks and code is None else code

        return call

    return [branch(fn.as_branch()) for fn in functions]


def _cond(pred: Any, on_true: Closure, on_false: Closure, *operands: Any) -> tuple[tuple, Code]:
    before = on_true.sites
    results, code = lax.cond(pred, *_branches((on_true, on_false)), *operands)
    return tuple(results), code if on_true.sites > before else None


def _switch_case(index: Any, *branches_and_operands: Any) -> tuple[tuple, Code]:
    branches = tuple(itertools.takewhile(callable, branches_and_operands))
    operands = branches_and_operands[len(branches) :]
    before = branches[0].sites
    results, code = lax.switch(index, _branches(branches), *operands)
    return tuple(results), code if branches[0].sites > before else None


def _while_loop(condition: Closure, step: Closure, *init: Any) -> tuple[tuple, Code]:
    condition, step = condition.probed(None), step.probed(None)
    checks = condition.checks or step.checks
    before = step.sites

    def proceed(values: list[Any], code: Code) -> tuple[Any, Code]:
        """Whether to go on. A loop stops when its code is set, because with bad values it might never end."""
        (go_on,), own = condition(*values)
        code = join(code, own)
        if code is None or jnp.ndim(code) > 0:  # a NaN ends nothing
            return go_on, code
        return jnp.logical_and(go_on, code == 0), code

    def turn(state: tuple[list[Any], Any, Code]) -> tuple[list[Any], Any, Code]:
        values, _, code = state
        values, own = step(*values)
        return values, *proceed(values, join(code, own))

    values = [strong(value) for value in init]
    if not checks:
        # Without checks the condition stays in the loop's condition, which XLA optimizes better.
        loop = lax.while_loop(lambda state: condition(*state)[0][0], lambda state: step(*state)[0], values)
        return tuple(loop), None
    start = (values, *proceed(values, step.blank))
    values, _, code = lax.while_loop(lambda state: state[1], turn, start)
    return tuple(values), code if step.sites > before else None


def _checkpoint(fn: Closure, *leaves: Any) -> tuple[tuple, Code]:
    results, code = jax.checkpoint(fn)(*leaves)
    return tuple(results), code


NESTED: dict[str, Callable[..., tuple[Any, Code]]] = {
    "grad": derivatives.grad,
    "value_and_grad": derivatives.value_and_grad,
    "jvp": derivatives.jvp,
    "vjp": derivatives.vjp,
    "pullback": derivatives.pullback,
    "jacfwd": derivatives.jacfwd,
    "jacrev": derivatives.jacrev,
    "hessian": derivatives.hessian,
    "custom_jvp": custom_rules.custom_jvp,
    "custom_vjp": custom_rules.custom_vjp,
    "vmap": _vmap,
    "map": _map,
    "scan": _scan,
    "associative_scan": _associative_scan,
    "cond": _cond,
    "switch_case": _switch_case,
    "while_loop": _while_loop,
    "checkpoint": _checkpoint,
}


def nested(name: str) -> Callable[[Callable[..., tuple[Any, Code]]], Callable[..., tuple[Any, Code]]]:
    """Decorator: makes a function the op `name`, which `protocol.NESTED_OPS` declares."""

    def add(function: Callable[..., tuple[Any, Code]]) -> Callable[..., tuple[Any, Code]]:
        NESTED[name] = function
        return function

    return add
