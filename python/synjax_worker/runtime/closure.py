"""What an op over nested programs gets: the programs as functions, and numbers as the arrays that JAX transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InvalidArgument
from ..simple import parts_of, whole
from .checks import Code
from .precision import dtype_of, strong


class Closure(Protocol):
    """A nested program with the values it captures: a function of flat operands."""

    checks: bool  # whether it may check something on the device
    captured: list[Any]
    blank: Code  # the code of a call in which nothing failed

    def __call__(self, *leaves: Any) -> tuple[list[Any], Code]:
        """Its results and its code."""

    def with_captured(self, captured: list[Any]) -> Closure:
        """The same program with other values in the place of those it captures."""

    def calling(self, function: Callable[..., tuple[tuple, Code]]) -> Closure:
        """The same program, as the rule of a function that it may call: `custom_self` is that function in it."""

    def as_branch(self) -> Closure:
        """The same program, which may not run: what it asks of a distribution is not computed before it."""

    def unchecked(self, why: str) -> Closure:
        """The same program where no code has a way out. Raises InvalidArgument, which says `why`, for what checks."""

    def quiet(self) -> Closure:
        """The same program without checks, for where a value that is not allowed is no mistake: a sampler tries it."""

    def new_probes(self) -> Any:
        """Zeros by which a watched program is differentiated too; an empty tree where none is watched: see `nans`."""

    def probed(self, probes: Any) -> Closure:
        """The same program, whose derivatives are noted in `probes`. None: of what JAX does not differentiate back."""

    def met_backward(self, derivative: Any) -> Code:
        """The code of a backward pass, from the derivative by the probes."""

    @property
    def sites(self) -> int:
        """How many checks the whole tracing has met so far. A call that raises it has checks."""


def differentiable(leaf: Any) -> bool:
    return isinstance(leaf, (jax.Array, np.ndarray)) and jnp.issubdtype(leaf.dtype, jnp.inexact)


def partition(tree: Any) -> tuple[Any, Any]:
    """The leaves that have derivatives, and the others; None where a leaf is in the other tree."""
    moving = jax.tree.map(lambda leaf: leaf if differentiable(leaf) else None, tree)
    return moving, jax.tree.map(lambda leaf: None if differentiable(leaf) else leaf, tree)


def combine(moving: Any, held: Any) -> Any:
    """The tree that was partitioned; of parts that are all there, the distribution that they are of."""
    return whole(
        jax.tree.map(lambda a, b: b if a is None else a, moving, held, is_leaf=lambda leaf: leaf is None)
    )


def partition_operands(leaves: Sequence[Any], argnums: Sequence[int]) -> list[tuple[Any, Any]]:
    """The operands that are differentiated, in two parts each: of a distribution the floating-point parameters move."""
    parts = [partition(strong(parts_of(leaves[k]))) for k in argnums]
    for k, (moving, held) in zip(argnums, parts, strict=True):
        if not jax.tree.leaves(moving):
            received = ", ".join(dtype_of(leaf) for leaf in jax.tree.leaves(held))
            raise InvalidArgument(
                f"operand {k} is {received}: a derivative needs floating-point numbers. Make it floats with "
                f'np.astype(x, "float32"), or leave it out of what is differentiated',
                argument="argnums",
                expected="floating-point numbers",
                received=received,
            )
    return parts


def differentiated(results: Sequence[Any], count: int) -> list[Any]:
    """The first `count` results, as arrays. Raises InvalidArgument for what has no derivative."""
    values = [strong(parts_of(value)) for value in results[:count]]
    for k, value in enumerate(values):
        if not any(differentiable(leaf) for leaf in jax.tree.leaves(value)):
            received = ", ".join(dtype_of(leaf) for leaf in jax.tree.leaves(value))
            raise InvalidArgument(
                f"result {k} of the function is {received}, which has no derivative: return it as aux, with hasAux",
                argument="f",
                expected="floating-point numbers",
                received=received,
            )
    return values


def require_real(values: Sequence[Any], argument: str, what: str) -> None:
    """Refuses complex numbers where JAX has a derivative of, or by, real ones only; `what` says where one is."""
    for k, value in enumerate(values):
        received = next((dtype_of(leaf) for leaf in jax.tree.leaves(value) if jnp.iscomplexobj(leaf)), None)
        if received is not None:
            raise InvalidArgument(
                f"{what.format(k)} is {received}: this derivative is of real numbers. Take np.real, np.imag or np.abs; "
                f"vjp and jvp are of complex numbers, too",
                argument=argument,
                expected="real numbers",
                received=received,
            )
