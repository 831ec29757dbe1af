"""Ops whose derivative is a program too: `custom_jvp` and `custom_vjp`.

JAX differentiates such a function by its operands only, so what its programs capture becomes an operand here. A rule
says nothing of the derivative by that, so it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import dtypes
from jax.custom_derivatives import SymbolicZero

from ..errors import InvalidArgument
from .checks import Code
from .closure import Closure, differentiable
from .precision import strong


class _Parts:
    """A tree as its arrays, which JAX may see, and the rest: sizes, which are part of the program."""

    def __init__(self, tree: Any):
        leaves, self._treedef = jax.tree.flatten(tree)
        is_array = lambda leaf: isinstance(leaf, (jax.Array, np.ndarray, np.generic))
        self._fixed = [None if is_array(leaf) else leaf for leaf in leaves]
        self.arrays = [leaf for leaf in leaves if is_array(leaf)]

    def filled(self, arrays: list[Any]) -> Any:
        """The tree with these arrays."""
        given = iter(arrays)
        return jax.tree.unflatten(self._treedef, [next(given) if x is None else x for x in self._fixed])


def _refused(function: str, rule: str) -> InvalidArgument:
    return InvalidArgument(
        f"is differentiated by a tensor that the function uses from outside, of which `{rule}` says nothing: make it "
        f"an argument of the function, or hold it with stopGradient",
        argument="f",
        expected=f"a derivative by the arguments of {function}'s function",
        received="one by a captured tensor",
    )


def _arrays(values: list[Any]) -> list[Any]:
    """Results as JAX takes them of a function with a rule of its own."""
    return [jax.tree.map(jnp.asarray, strong(value)) for value in values]


def _is_zero(tangent: Any) -> bool:
    return isinstance(tangent, SymbolicZero)


def _no_derivative(leaf: Any) -> np.ndarray:
    """The derivative of what has none, as JAX writes it."""
    return np.zeros(jnp.shape(leaf), dtypes.float0)


def _read(values: Any, derivatives: Any) -> Any:
    """Derivatives as a program takes them: zeros where there are none."""
    none = lambda d: _is_zero(d) or d.dtype == dtypes.float0
    return jax.tree.map(
        lambda x, d: jnp.zeros_like(x) if none(d) else d, values, derivatives, is_leaf=_is_zero
    )


def _written(values: Any, derivatives: Any) -> Any:
    """Derivatives as JAX takes them. That of a distribution may have None where it has none."""

    def write(x: Any, d: Any) -> Any:
        if not differentiable(x):
            return _no_derivative(x)
        return jnp.zeros_like(x) if d is None else d

    return jax.tree.map(write, values, derivatives)


def _require_like(fn: Closure, leaves: list[Any], values: list[Any], rule: str) -> None:
    """JAX does not ask whether a rule gives what the function gives: then derivatives would change values."""
    wanted = jax.tree.leaves(jax.eval_shape(lambda *leaves: _arrays(fn(*leaves)[0]), *leaves))
    came = jax.tree.leaves(values)
    shown = lambda x: f"{x.dtype}[{','.join(map(str, x.shape))}]"
    for x, like in zip(came, wanted, strict=True):
        if x.shape != like.shape or x.dtype != like.dtype:
            raise InvalidArgument(
                f"`{rule}` gives {shown(x)} where the function gives {shown(like)}",
                argument=rule,
                expected=shown(like),
                received=shown(x),
            )


def _closed(fn: Closure, checks: bool) -> Callable[..., tuple[list[Any], Code]]:
    """A program that always gives a code where any of its versions may."""

    def call(*leaves: Any) -> tuple[list[Any], Code]:
        results, code = fn(*leaves)
        return results, fn.blank if checks and code is None else code

    return call


def _flat(call: Callable[..., Any], captured: list[Any]) -> Callable[..., tuple[tuple, Code]]:
    """The function with its rule, as the rule itself may call it."""

    def again(*leaves: Any) -> tuple[tuple, Code]:
        results, code = call([strong(leaf) for leaf in leaves], captured)
        return tuple(results), code

    return again


def custom_jvp(fn: Closure, rule: Closure, *leaves: Any) -> tuple[tuple, Code]:
    """The rule takes points and directions, and gives values and derivatives."""
    fn, rule = fn.probed(None), rule.probed(None)
    captures = _Parts([fn.captured, rule.captured])
    checks, before = fn.checks or rule.checks, fn.sites

    @jax.custom_jvp
    def call(leaves: list[Any], captured: list[Any]) -> tuple[list[Any], Code]:
        own, _ = captures.filled(captured)
        results, code = _closed(fn.with_captured(own), checks)(*leaves)
        return _arrays(results), code

    def differentiate(primals: tuple, tangents: tuple) -> tuple:
        (leaves, captured), (directions, others) = primals, tangents
        if not all(map(_is_zero, others)):
            raise _refused("customJvp", "defjvp")
        plain, own = captures.filled(captured)
        itself = rule.with_captured(own).calling(_flat(call, captured))
        results, code = _closed(itself, checks)(*leaves, *_read(leaves, directions))
        results = _arrays(results)
        values, derivatives = results[: len(results) // 2], results[len(results) // 2 :]
        _require_like(fn.with_captured(plain), leaves, values, "defjvp")
        written = list(map(_written, values, derivatives))
        return (values, code), (written, None if code is None else _no_derivative(code))

    call.defjvp(differentiate, symbolic_zeros=True)
    results, code = call([strong(leaf) for leaf in leaves], captures.arrays)
    return tuple(results), code if fn.sites > before else None


def custom_vjp(
    fn: Closure, forward: Closure, backward: Closure, *leaves: Any, given: tuple[int, ...], n_out: int
) -> tuple[tuple, Code]:
    """`forward` gives the `n_out` results and then what it leaves to `backward`, which takes that and the cotangents
    of the results, and gives those of the operands that are `given`.
    """
    fn, forward, backward = fn.probed(None), forward.probed(None), backward.probed(None)
    backward = backward.unchecked("customVjp's `bwd`")
    captures = _Parts([fn.captured, forward.captured, backward.captured])
    checks, before = fn.checks or forward.checks, fn.sites
    left: list[_Parts] = []

    @jax.custom_vjp
    def call(leaves: list[Any], captured: list[Any]) -> tuple[list[Any], Code]:
        own, _, _ = captures.filled(captured)
        results, code = _closed(fn.with_captured(own), checks)(*leaves)
        return _arrays(results), code

    def go_forward(leaves: list[Any], captured: list[Any]) -> tuple[tuple[list[Any], Code], Any]:
        if any(leaf.perturbed for leaf in captured):
            raise _refused("customVjp", "bwd")
        is_primal = lambda x: hasattr(x, "perturbed")
        leaves, captured = jax.tree.map(lambda x: x.value, (leaves, captured), is_leaf=is_primal)
        plain, own, _ = captures.filled(captured)
        itself = forward.with_captured(own).calling(_flat(call, captured))
        results, code = _closed(itself, checks)(*leaves)
        values, parts = _arrays(results[:n_out]), _Parts(results[n_out:])
        _require_like(fn.with_captured(plain), leaves, values, "fwd")
        left[:] = [parts]
        return (values, code), (values, parts.arrays, leaves, captured)

    def go_backward(residuals: Any, cotangents: tuple[list[Any], Any]) -> tuple[list[Any], Any]:
        values, arrays, leaves, captured = residuals
        _, _, own = captures.filled(captured)
        operands = (*left[0].filled(arrays), *_read(values, cotangents[0]))
        itself = backward.with_captured(own).calling(_flat(call, captured))
        found = dict(zip(given, _arrays(itself(*operands)[0]), strict=True))
        written = [_written(x, found[k]) if k in found else None for k, x in enumerate(leaves)]
        return written, None

    call.defvjp(go_forward, go_backward, symbolic_zeros=True)
    results, code = call([strong(leaf) for leaf in leaves], captures.arrays)
    return tuple(results), code if fn.sites > before else None
