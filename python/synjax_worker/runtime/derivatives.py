"""Ops that differentiate nested programs. Each takes closures and flat operands, and returns a value and a code.

Results and operands are lists of arrays and distributions. Of a distribution only the floating-point parameters are
differentiated; its derivative has None in the place of the others. That of a distribution of NumPyro's is `Parts`: its
numbers are no parameters of a distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from ..errors import InvalidArgument
from ..simple import parts_of
from .checks import Code, join
from .closure import Closure, combine, differentiated, partition, partition_operands, require_real
from .precision import strong


def _as_argnums(argnums: tuple[int, ...] | int, leaves: tuple[Any, ...]) -> tuple[int, ...]:
    argnums = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if not argnums or not all(0 <= k < len(leaves) for k in argnums) or len(set(argnums)) < len(argnums):
        raise InvalidArgument(f"argnums {argnums} of {len(leaves)} operands", argument="argnums")
    return argnums


def _function_of(
    fn: Closure, leaves: tuple[Any, ...], argnums: tuple[int, ...]
) -> tuple[list[Any], Callable[..., tuple[list[Any], Code]]]:
    """What moves of the operands `argnums`, and the program as a function of that and of probes."""
    parts = partition_operands(leaves, argnums)

    def call(moving: list[Any], probes: Any = None) -> tuple[list[Any], Code]:
        operands = list(leaves)
        for k, part, (_, held) in zip(argnums, moving, parts, strict=True):
            operands[k] = combine(part, held)
        return fn.probed(probes)(*operands)

    return [part for part, _ in parts], call


# ------------------------------------------------------------------------------------------------------- gradients


def _value_and_grad(
    fn: Closure, *leaves: Any, argnums: tuple[int, ...] = (0,), has_aux: bool = False
) -> tuple[tuple[Any, tuple, tuple], Code]:
    moving, call = _function_of(fn, leaves, _as_argnums(argnums, leaves))

    def scalar(moving: list[Any], probes: Any) -> tuple[Any, tuple[list[Any], Code]]:
        results, code = call(moving, probes)
        if not has_aux and len(results) != 1:
            raise InvalidArgument(f"a gradient of {len(results)} results; it needs one", argument="fn")
        (value,) = differentiated(results, 1)
        require_real([value], "f", "result {} of the function")
        return value, (results[1:], code)

    differentiate = jax.value_and_grad(scalar, argnums=(0, 1), has_aux=True)
    (value, (aux, code)), (gradients, met) = differentiate(moving, fn.new_probes())
    return (value, tuple(gradients), tuple(aux)), join(code, fn.met_backward(met))


def grad(fn: Closure, *leaves: Any, **options: Any) -> tuple[tuple, Code]:
    (_, gradients, aux), code = _value_and_grad(fn, *leaves, **options)
    return (*gradients, *aux), code


def value_and_grad(fn: Closure, *leaves: Any, **options: Any) -> tuple[tuple, Code]:
    (value, gradients, aux), code = _value_and_grad(fn, *leaves, **options)
    return (value, *gradients, *aux), code


# ------------------------------------------------------------------------------------------------------- Jacobians


def _jacobian(transform: Callable[..., Any]) -> Callable[..., tuple[tuple, Code]]:
    """The op of one of JAX's transformations. Its results: for each of the first `n_out` results of the program all
    that `transform` gives of it, in a row; then the program's other results.
    """

    def op(fn: Closure, *leaves: Any, argnums: tuple[int, ...] = (0,), n_out: int = 1) -> tuple[tuple, Code]:
        argnums = _as_argnums(argnums, leaves)
        moving, call = _function_of(fn, leaves, argnums)
        if transform is not jax.jacrev:
            require_real(moving, "argnums", "argument {}")

        def several(*moving: Any) -> tuple[list[Any], tuple[list[Any], Code]]:
            results, code = call(list(moving))
            values = differentiated(results, n_out)
            if transform is not jax.jacfwd:
                require_real(values, "f", "result {} of the function")
            return values, (results[n_out:], code)

        derivatives, (aux, code) = transform(several, argnums=tuple(range(len(moving))), has_aux=True)(
            *moving
        )
        found = jax.tree.leaves(derivatives, is_leaf=lambda node: not isinstance(node, (list, tuple)))
        return (*found, *aux), code

    return op


jacfwd, jacrev, hessian = map(_jacobian, (jax.jacfwd, jax.jacrev, jax.hessian))


# --------------------------------------------------------------------------------------- along one direction at a time


def jvp(fn: Closure, *leaves: Any, n_out: int = 1) -> tuple[tuple, Code]:
    """The operands are points, then as many directions. The results are values, then derivatives, then aux."""
    count = len(leaves) // 2
    moving, call = _function_of(fn, leaves[:count], tuple(range(count)))
    directions = [
        _like(point, strong(parts_of(leaf))) for point, leaf in zip(moving, leaves[count:], strict=True)
    ]

    def several(moving: list[Any]) -> tuple[list[Any], tuple[list[Any], list[Any], Code]]:
        results, code = call(moving)
        parts = [partition(value) for value in differentiated(results, n_out)]
        return [part for part, _ in parts], ([held for _, held in parts], results[n_out:], code)

    values, derivatives, (held, aux, code) = jax.jvp(several, (moving,), (directions,), has_aux=True)
    return (*map(combine, values, held), *derivatives, *aux), code


def _like(moving: Any, tree: Any) -> Any:
    """The part of a tree that corresponds to what moves of another one."""
    return jax.tree.map(
        lambda here, there: None if here is None else there, moving, tree, is_leaf=lambda leaf: leaf is None
    )


def vjp(fn: Closure, *leaves: Any, n_out: int = 1) -> tuple[tuple, Code]:
    """The results are values, then aux, then what `pullback` takes."""
    moving, call = _function_of(fn, leaves, tuple(range(len(leaves))))

    def several(moving: list[Any], probes: Any) -> tuple[list[Any], tuple[list[Any], list[Any], Code]]:
        results, code = call(moving, probes)
        parts = [partition(value) for value in differentiated(results, n_out)]
        return [part for part, _ in parts], ([held for _, held in parts], results[n_out:], code)

    values, pull, (held, aux, code) = jax.vjp(several, moving, fn.new_probes(), has_aux=True)
    return (*map(combine, values, held), *aux, _Pullback(values, pull, fn.met_backward)), code


class _Pullback:
    """What a `vjp` leaves behind. It does not leave its program."""

    def __init__(self, values: list[Any], pull: Callable[..., tuple], met: Callable[[Any], Code]):
        self.values, self.pull, self.met = values, pull, met


def pullback(of: tuple[Any, ...], *cotangents: Any) -> tuple[tuple, Code]:
    """The derivatives by the operands of a `vjp`, of its results weighted by cotangents."""
    made = of[-1] if isinstance(of, tuple) and of else None
    if not isinstance(made, _Pullback) or len(cotangents) != len(made.values):
        raise InvalidArgument("a pullback takes what `vjp` gives, and a cotangent for each result")
    given = [
        _like(value, strong(parts_of(leaf))) for value, leaf in zip(made.values, cotangents, strict=True)
    ]
    derivatives, met = made.pull(given)
    return tuple(derivatives), made.met(met)
