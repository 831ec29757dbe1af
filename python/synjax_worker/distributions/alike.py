"""Whether two distributions can be compared."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidArgument
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
                f"`other` has {option.name} {theirs!r}, expected {mine!r}.",
                argument="other",
                expected=f"{option.name} {mine!r}",
                received=repr(theirs),
            )
    for what in ("event_shape", "batch_shape"):
        mine, theirs = getattr(distribution, what), getattr(other, what)
        if mine != theirs:
            written = [show(x) if isinstance(x, tuple) else str(x) for x in (mine, theirs)]
            raise InvalidArgument(
                f"`other` has {what} {written[1]}, expected {written[0]}.",
                argument="other",
                expected=f"{what} {written[0]}",
                received=written[1],
            )
