"""Structural ops: computations with sizes, shapes and tuples, which run while a program is traced."""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import InvalidArgument, wrong_value
from ..simple import Parts, is_simple, parts_of

_LARGEST_SIZE = 2**63 - 1


def _sized(function: Callable[..., int]) -> Callable[..., int]:
    @functools.wraps(function)
    def bounded(*args: int) -> int:
        value = function(*(operator.index(arg) for arg in args))
        if abs(value) > _LARGEST_SIZE:
            raise InvalidArgument(f"a size of {value.bit_length()} bits")
        return value

    return bounded


def _shape(value: Any) -> tuple[int, ...]:
    if isinstance(value, (int, float)):
        return ()
    return tuple(value.shape)


def _shape_concat(*parts: Any) -> tuple[int, ...]:
    shape = tuple(
        operator.index(size) for part in parts for size in (part if isinstance(part, tuple) else (part,))
    )
    if len(shape) > 1024:
        raise InvalidArgument(f"a shape of {len(shape)} dimensions")
    return shape


def _shape_product(shape: tuple[int, ...]) -> int:
    return functools.reduce(_sized(operator.mul), shape, 1)


def _shape_slice(
    shape: tuple[int, ...], start: int | None = None, stop: int | None = None
) -> tuple[int, ...]:
    return tuple(shape)[start:stop]


def _get(value: Any, k: int | str) -> Any:
    """An item of a tuple, or a field of a dict, named tuple or distribution."""
    if isinstance(value, Parts):
        return _part(value, k)
    if isinstance(k, int) and isinstance(value, (tuple, list)):
        if not 0 <= k < len(value):
            raise wrong_value("index", k, f"0 to {len(value) - 1}, one of {len(value)} arrays")
        return value[k]
    if isinstance(value, dict) and k in value:
        return value[k]
    if isinstance(k, str) and (k in _field_names(value) or _is_public_property(value, k)):
        found = getattr(value, k)
        if found is None:
            raise InvalidArgument(f"this {type(value).__name__} was made without `{k}`", argument="name")
        return found
    own = ()
    if is_simple(value) and isinstance(k, str):
        if k in ("batch_shape", "event_shape"):
            return getattr(value, k)
        found = parts_of(value).parameter(k)
        own = _parameters(value)
        if found is None and k in own:
            found = getattr(value, k)
        if found is not None:
            return found
    known = f"; it has {', '.join(sorted(own))}" if own else ""
    raise InvalidArgument(f"a {type(value).__name__} has no {k!r}{known}", argument="name")


def _part(of: Parts, k: int | str) -> Any:
    """A parameter's part of a derivative by a distribution."""
    found = of.parameter(k) if isinstance(k, str) else None
    if found is None:
        raise InvalidArgument(f"the derivative by a {of.kind} has no {k!r}", argument="name")
    return found


def _parameters(of: Any) -> set[str]:
    """The names of a distribution's parameters, those of the distributions that it holds included."""
    held = [each for each in parts_of(of).values.values() if isinstance(each, Parts)]
    return set(of.arg_constraints).union(*(_parameters(each.whole()) for each in held))


def _field_names(value: Any) -> Sequence[str]:
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value)]
    return getattr(value, "_fields", ())


def _is_public_property(value: Any, name: str) -> bool:
    """Whether a named tuple or distribution has a public property of this name, as `batch_shape` is one."""
    is_ours = dataclasses.is_dataclass(value) or hasattr(value, "_fields")
    return is_ours and not name.startswith("_") and isinstance(getattr(type(value), name, None), property)


STRUCTURAL: dict[str, Callable[..., Any]] = {
    "size": lambda x, i: _shape(x)[operator.index(i)],
    "shape": _shape,
    "rank": lambda x: len(_shape(x)),
    "size.add": _sized(operator.add),
    "size.sub": _sized(operator.sub),
    "size.mul": _sized(operator.mul),
    "size.floordiv": _sized(operator.floordiv),
    "size.mod": _sized(operator.mod),
    "size.max": _sized(max),
    "size.min": _sized(min),
    "shape.slice": _shape_slice,
    "shape.concat": _shape_concat,
    "shape.product": _shape_product,
    "shape.get": lambda s, i: s[operator.index(i)],
    "get": _get,
}
