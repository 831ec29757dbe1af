"""Ops that take nested programs: gradients, maps, loops, branches.

Each takes closures and flat operands, and returns a value and a code (see `checks`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..errors import InvalidArgument
from .checks import Code, first_code, join
from .precision import dtype_of, strong


class Closure(Protocol):
    """A nested program with the values it captures: a function of flat operands."""

    checks: bool  # whether it may check something on the device

    def __call__(self, *leaves: Any) -> tuple[list[Any], Code]:
        """Its results and its code."""

    @property
    def sites(self) -> int:
        """How many checks the whole tracing has met so far. A call that raises it has checks."""


def _value_and_grad(
    fn: Closure, *leaves: Any, argnums: tuple[int, ...] = (0,), has_aux: bool = False
) -> tuple[tuple[Any, tuple, tuple], Code]:
    argnums = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if not argnums or not all(0 <= k < len(leaves) for k in argnums) or len(set(argnums)) < len(argnums):
        raise InvalidArgument(f"argnums {argnums} of {len(leaves)} operands", argument="argnums")
    # Only the floating-point parameters of a distribution are differentiated.
    parts = [_partition(strong(leaves[k])) for k in argnums]
    for k, (moving, held) in zip(argnums, parts, strict=True):
        if not jax.tree.leaves(moving):
            received = ", ".join(dtype_of(leaf) for leaf in jax.tree.leaves(held))
            raise InvalidArgument(
                f"operand {k} is {received}: a gradient needs floating-point numbers", argument="argnums"
            )

    def scalar(moving: list[Any]) -> tuple[Any, tuple[list[Any], Code]]:
        operands = list(leaves)
        for k, part, (_, held) in zip(argnums, moving, parts, strict=True):
            operands[k] = _combine(part, held)
        results, code = fn(*operands)
        if not has_aux and len(results) != 1:
            raise InvalidArgument(f"a gradient of {len(results)} results; it needs one", argument="fn")
        return results[0], (results[1:], code)

    moving = [part for part, _ in parts]
    (value, (aux, code)), gradients = jax.value_and_grad(scalar, has_aux=True)(moving)
    return (value, tuple(gradients), tuple(aux)), code


def _partition(tree: Any) -> tuple[Any, Any]:
    """The leaves that have derivatives, and the others; None where a leaf is in the other tree."""
    moving = jax.tree.map(lambda leaf: leaf if _differentiable(leaf) else None, tree)
    return moving, jax.tree.map(lambda leaf: None if _differentiable(leaf) else leaf, tree)


def _combine(moving: Any, held: Any) -> Any:
    return jax.tree.map(lambda a, b: b if a is None else a, moving, held, is_leaf=lambda leaf: leaf is None)


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
    return tuple(results), None if codes is None else first_code(codes)


def _scan(
    fn: Closure, *leaves: Any, n_carry: int, length: int | None = None, reverse: bool = False
) -> tuple[tuple, Code]:
    init, xs = [strong(leaf) for leaf in leaves[:n_carry]], list(leaves[n_carry:])
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
        """Whether to go on. A loop stops when its code is set, because with bad values it might never end."""
        (go_on,), own = condition(*values)
        code = join(code, own)
        return go_on if code is None else jnp.logical_and(go_on, code == 0), code

    def turn(state: tuple[list[Any], Any, Code]) -> tuple[list[Any], Any, Code]:
        values, _, code = state
        values, own = step(*values)
        return values, *proceed(values, join(code, own))

    values = [strong(value) for value in init]
    if not checks:
        # Without checks the condition stays in the loop's condition, which XLA optimizes better.
        loop = lax.while_loop(lambda state: condition(*state)[0][0], lambda state: step(*state)[0], values)
        return tuple(loop), None
    start = (values, *proceed(values, np.int32(0)))
    values, _, code = lax.while_loop(lambda state: state[1], turn, start)
    return tuple(values), code if step.sites > before else None


def _checkpoint(fn: Closure, *leaves: Any) -> tuple[tuple, Code]:
    results, code = jax.checkpoint(fn)(*leaves)
    return tuple(results), code


NESTED: dict[str, Callable[..., tuple[Any, Code]]] = {
    "grad": _grad,
    "value_and_grad": _value_and_grad_op,
    "vmap": _vmap,
    "scan": _scan,
    "cond": _cond,
    "while_loop": _while_loop,
    "checkpoint": _checkpoint,
}
