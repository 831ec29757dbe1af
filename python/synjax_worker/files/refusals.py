"""The errors of files that cannot be read, or are not what they say they are."""

from __future__ import annotations

from ..errors import InvalidArgument


def wrong_file(path: object, expected: str, received: str, argument: str = "path") -> InvalidArgument:
    """The error of a file.

    Args:
      argument: what the user calls it: `path`, or `weights`.
    """
    return InvalidArgument(
        f"`{argument}`: {path}: expected {expected}, got {received}",
        argument=argument,
        expected=expected,
        received=received,
    )


def wrong_argument(function: str, argument: str, expected: str, received: str) -> InvalidArgument:
    """The error of what a function of a file is called with."""
    return InvalidArgument(
        f"{function}: `{argument}`: expected {expected}, got {received}",
        argument=argument,
        expected=expected,
        received=received,
    )
