"""What maps and loops take apart along an axis, and put together: arrays by any axis, distributions by their batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self, runtime_checkable

import jax
import jax.numpy as jnp

from ..errors import InvalidArgument
from ..simple import parts_of, whole
from .closure import combine


@runtime_checkable
class Batched(Protocol):
    """A distribution: which of its arrays have batch axes it knows itself."""

    batch_shape: tuple[int, ...]

    def along(self, axis: int) -> tuple[Self, Self]:
        """Two of it: the arrays with batch axes, that of `axis` first, and those without; None elsewhere."""

    def stackable(self) -> Self:
        """The same, in which a new first axis of all its arrays is a batch axis."""

    def with_first_axis_at(self, axis: int) -> Self:
        """The same with the first batch axis elsewhere."""


DEFAULT = "default"  # axis 0 of what is batched: not of numbers, nor of distributions without a batch


class Rows:
    """Operands as they are mapped over: what moves along the axis, which comes first, and what is the same for all."""

    def __init__(self, leaves: Sequence[Any], axes: Sequence[Any]):
        parts = [_parts(leaf, axis, k) for k, (leaf, axis) in enumerate(zip(leaves, axes, strict=True))]
        self.moving = [moving for moving, _ in parts]
        self._held = [held for _, held in parts]

    def row(self, moving: Sequence[Any]) -> list[Any]:
        """The operands of one row, given what moves."""
        return list(map(combine, moving, self._held))


def _parts(leaf: Any, axis: Any, position: int) -> tuple[Any, Any]:
    leaf = parts_of(leaf)
    if axis == DEFAULT:
        axis = 0 if _is_batched(leaf) else None
    if axis is None:
        return jax.tree.map(lambda _: None, leaf), leaf
    if isinstance(leaf, Batched):
        _require_axis(
            axis, len(leaf.batch_shape), f"operand {position}, a distribution with batch", leaf.batch_shape
        )
        return leaf.along(axis)
    for each in jax.tree.leaves(leaf):
        _require_axis(axis, jnp.ndim(each), f"operand {position} of shape", jnp.shape(each))
    moved = jax.tree.map(lambda x: jnp.moveaxis(x, axis, 0) if axis else x, leaf)
    return moved, jax.tree.map(lambda _: None, leaf)


def _is_batched(leaf: Any) -> bool:
    if isinstance(leaf, Batched):
        return len(leaf.batch_shape) > 0
    return all(jnp.ndim(each) > 0 for each in jax.tree.leaves(leaf))


def _require_axis(axis: int, rank: int, what: str, shape: tuple[int, ...]) -> None:
    if -rank <= axis < rank:
        return
    shown = f"({', '.join(map(str, shape))})"
    raise InvalidArgument(
        f"{what} {shown} has no axis {axis} to map over",
        argument="in_axes",
        expected=f"an array with an axis {axis}",
        received=f"shape {shown}",
    )


def stackable(result: Any) -> Any:
    """A result of one row, which is going to get a new first axis."""
    result = parts_of(result)
    return result.stackable() if isinstance(result, Batched) else result


def with_first_axis_at(result: Any, axis: int | None) -> Any:
    """Stacked results with the new axis where it is wanted."""
    if not axis:
        return whole(result)
    if isinstance(result, Batched):
        return whole(result.with_first_axis_at(axis))
    return jax.tree.map(lambda x: jnp.moveaxis(x, 0, axis), result)
