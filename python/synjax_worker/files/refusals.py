"""The errors of files that cannot be read, or are not what they say they are."""

from __future__ import annotations

from ..errors import InvalidArgument, unexpected


def wrong_file(path: object, expected: str, received: str, argument: str = "path") -> InvalidArgument:
    """The error of a file.

    Args:
      argument: what the user calls it: `path`, or `weights`.
    """
    return unexpected(argument, expected, received, where=f"`{argument}`: {path}")


def wrong_argument(function: str, argument: str, expected: str, received: str) -> InvalidArgument:
    """The error of what a function of a file is called with."""
    return unexpected(argument, expected, received, where=f"{function}: `{argument}`")
