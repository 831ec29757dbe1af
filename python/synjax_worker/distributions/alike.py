"""Whether two distributions can be compared."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from ..errors import InvalidArgument, spoken
from ..shapes import show


def alike(distribution: Any, other: Any) -> tuple[Any, Any]:
    """The two in the batch that they have together. Refuses an `other` of another kind or shape than `distribution`."""
    classes = (type(distribution).__name__, *distribution.comparable)
    if type(other).__name__ not in classes:
        raise _refused("is {}", type(other).__name__, " or ".join(classes))
    if type(other) is type(distribution):
        _require_same_options(distribution, other)
    mine, theirs = distribution.event_shape, other.event_shape
    if mine != theirs:
        raise _refused("has `event_shape` {}", _written(theirs), _written(mine), of="`event_shape` ")
    try:
        batch = jnp.broadcast_shapes(distribution.batch_shape, other.batch_shape)
    except ValueError:
        mine, theirs = _written(distribution.batch_shape), _written(other.batch_shape)
        raise _refused("has `batch_shape` {}", theirs, mine, of="`batch_shape` ") from None
    if type(other) is type(distribution):
        _require_same_arrays(distribution, other)
    return distribution.with_batch(batch), other.with_batch(batch)


def _refused(what: str, received: str, expected: str, of: str = "") -> InvalidArgument:
    return InvalidArgument(
        f"`other` {what.format(received)}, expected {expected}.",
        argument="other",
        expected=f"{of}{expected}",
        received=received,
    )


def _written(shape: Any) -> str:
    return show(shape) if isinstance(shape, tuple) else str(shape)


def _require_same_options(distribution: Any, other: Any) -> None:
    for option in distribution.declaration().of_kind("option"):
        mine, theirs = getattr(distribution, option.name), getattr(other, option.name)
        if mine != theirs:
            name = f"`{option.name}` "
            raise _refused(f"has {name}{{}}", spoken(theirs), spoken(mine), of=name)


def _require_same_arrays(distribution: Any, other: Any) -> None:
    """As many arrays in every list, and the same optional ones, where these are not forms of the same."""
    declared = distribution.declaration()
    in_forms = {name.rstrip("?") for form in declared.forms for name in form}
    for name in declared.potentials:
        mine, theirs = (_count(getattr(each, name)) for each in (distribution, other))
        if mine != theirs and name not in in_forms:
            raise InvalidArgument(
                f"`other` has {theirs} of `{name}`, expected {mine}.",
                argument="other",
                expected=f"{mine} of `{name}`",
                received=str(theirs),
            )


def _count(arrays: Any) -> int:
    if arrays is None:
        return 0
    return len(arrays) if isinstance(arrays, tuple | list) else 1
