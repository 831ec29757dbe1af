"""`x[index]` and `x.at[index]`, the methods `slice` and `at` of a tensor.

An index is a tuple with an item per axis: an int, a slice `(start, stop, step)`, None for a new axis, "..." for all
axes without an item, or an integer array of positions. Positions out of range are refused: ints while tracing, arrays
on the device.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InvalidArgument, unexpected
from ..registry import Check, op
from .searching import out_of_range

Index = tuple[Any, ...]


def _refuse(where: str, expected: str, received: Any) -> InvalidArgument:
    return unexpected("index", expected, received, where=f"`index`{where}")


def _axes(rank: int, index: Sequence[Any]) -> list[int | None]:
    """The axis of each item of the index; None for a new axis and for `...`."""
    if sum(1 for item in index if _is_ellipsis(item)) > 1:
        raise _refuse("", "one '...'", "two")
    named = sum(1 for item in index if item is not None and not _is_ellipsis(item))
    if named > rank:
        hint = "a range of positions is one item, [start, stop]"
        raise _refuse("", f"at most {rank} items, one an axis ({hint})", named)
    axes, axis = [], 0
    for item in index:
        if item is None:
            axes.append(None)
        elif _is_ellipsis(item):
            axes.append(None)
            axis += rank - named
        else:
            axes.append(axis)
            axis += 1
    return axes


def _is_ellipsis(item: Any) -> bool:
    return isinstance(item, str) and item == "..."


def _item(item: Any, axis: int | None, size: int | None) -> Any:
    """An item in the form that `jax.numpy` takes."""
    if item is None:
        return None
    if isinstance(item, str):
        if item != "...":
            raise _refuse("", "'...'", repr(item))
        return Ellipsis
    if isinstance(item, (tuple, list)):
        return _slice(item, axis)
    if isinstance(item, (bool, float)):
        raise _refuse(f" on axis {axis}", "an integer", item)
    if isinstance(item, (int, np.integer)):
        if not -size <= item < size:
            raise _refuse(f" on axis {axis} of {size} elements", f"between {-size} and {size - 1}", item)
        return int(item)
    if not jnp.issubdtype(item.dtype, jnp.integer):
        hint = " (np.where chooses by a mask)" if item.dtype == bool else ""
        raise _refuse(f" on axis {axis}", f"an integer tensor{hint}", f"a tensor of dtype {item.dtype}")
    return item


def _slice(item: Sequence[Any], axis: int | None) -> slice:
    parts = (*item, *(None,) * (3 - len(item)))
    if len(parts) != 3 or any(part is not None and type(part) is not int for part in parts):
        raise _refuse(f" on axis {axis}", "a slice [start, stop, step], integers or null", list(item))
    if parts[2] == 0:
        raise _refuse(f" on axis {axis}", "a step other than 0", 0)
    return slice(*parts)


def _resolve(x: Any, index: Sequence[Any]) -> Index:
    shape = jnp.shape(x)
    axes = _axes(len(shape), index)
    return tuple(
        _item(item, axis, None if axis is None else shape[axis])
        for item, axis in zip(index, axes, strict=True)
    )


def getitem(x: jax.Array, *, index: Sequence[Any]) -> jax.Array:
    return jnp.asarray(x)[_resolve(x, index)]


def update(method: str) -> Callable[..., jax.Array]:
    """The method of `x.at[index]`, which keeps the dtype of `x`."""

    def updated(x: jax.Array, value: Any, *, index: Sequence[Any]) -> jax.Array:
        x = jnp.asarray(x)
        if jnp.result_type(x, value) != x.dtype:
            received = jnp.result_type(value).name
            raise InvalidArgument(
                f"`value` of dtype {received} does not fit into a tensor of dtype {x.dtype}; convert it with astype",
                argument="value",
                expected=x.dtype.name,
                received=received,
            )
        return getattr(x.at[_resolve(x, index)], method)(value)

    return updated


def _check_index(x: Any, *_: Any, index: Sequence[Any]) -> list[Check]:
    shape = jnp.shape(x)
    return [
        out_of_range(item, shape[axis], "index")
        for item, axis in zip(index, _axes(len(shape), index), strict=True)
        if axis is not None and hasattr(item, "dtype") and not isinstance(item, np.integer)
    ]


op(
    "getitem",
    getitem,
    "x: num A, index: static readonly unknown[] -> A",
    "Equivalent to `x[index]`. A position out of range is refused.",
    checks=_check_index,
)
op(
    "at.get",
    getitem,
    "x: num A, index: static readonly unknown[] -> A",
    "Equivalent to `x.at[index].get()`. A position out of range is refused.",
    checks=_check_index,
)
for name in ("set", "add", "multiply", "min", "max"):
    op(
        f"at.{name}",
        update(name),
        "x: num A, value: num, index: static readonly unknown[] -> A",
        f"Equivalent to `x.at[index].{name}(value)`. A position out of range is refused.",
        checks=_check_index,
    )
