"""Whether two distributions can be compared."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidArgument, spoken
from ..shapes import show


def require_alike(distribution: Any, other: Any) -> None:
    """Refuses an `other` that is of another kind or shape than `distribution`."""
    if type(other) is not type(distribution):
        raise InvalidArgument(
            f"`other` is {type(other).__name__}, expected {type(distribution).__name__}.",
            argument="other",
            expected=type(distribution).__name__,
            received=type(other).__name__,
        )
    for option in distribution.declaration().of_kind("option"):
        mine, theirs = getattr(distribution, option.name), getattr(other, option.name)
        if mine != theirs:
            raise InvalidArgument(
                f"`other` has `{option.name}` {spoken(theirs)}, expected {spoken(mine)}.",
                argument="other",
                expected=f"`{option.name}` {spoken(mine)}",
                received=spoken(theirs),
            )
    for what in ("event_shape", "batch_shape"):
        mine, theirs = getattr(distribution, what), getattr(other, what)
        if mine != theirs:
            written = [show(x) if isinstance(x, tuple) else str(x) for x in (mine, theirs)]
            raise InvalidArgument(
                f"`other` has `{what}` {written[1]}, expected {written[0]}.",
                argument="other",
                expected=f"`{what}` {written[0]}",
                received=written[1],
            )
    _require_same_arrays(distribution, other)


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
