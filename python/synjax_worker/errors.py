"""The errors that a program can end with. Each has a `code` of the closed set that the client knows."""

from __future__ import annotations

import json
from typing import Any


def spoken(value: Any) -> str:
    """A value as a message shows it: text in double quotes, and an array by its dtype and shape, since what a program
    computes has no value yet.
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{value.dtype}[{','.join(map(str, value.shape))}]"
    return repr(value)


class SynjaxError(Exception):
    """An error with a code and, if an argument is at fault, its name, what was expected and what was received.

    The interpreter adds where it happened: the op, the body of the program and the equation in it.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        argument: str | None = None,
        expected: str | None = None,
        received: str | None = None,
        **details: Any,
    ):
        super().__init__(message)
        self.code = code
        self.message = message
        self.argument = argument
        self.expected = expected
        self.received = received
        self.details = details

    def to_wire(self) -> dict[str, Any]:
        """The error as a map for the client; absent fields are left out."""
        fields = {
            "code": self.code,
            "message": self.message,
            "argument": self.argument,
            "expected": self.expected,
            "received": self.received,
            **self.details,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def to_keep(self) -> SynjaxError:
        """The same error without the frames that raised it, which would hold all that was in them. Also to raise one
        that is kept: each time that an error is raised it gets more frames.
        """
        named = {"argument": self.argument, "expected": self.expected, "received": self.received}
        return SynjaxError(self.code, self.message, **named, **self.details)


class RowsFailed(SynjaxError):
    """Some of many rows that were computed together failed, each for its own reason: `failed`, by row. `results` are
    those of all rows; what they are of those that failed means nothing.
    """

    def __init__(self, failed: dict[int, SynjaxError], results: Any):
        first = min(failed)
        error = failed[first]
        super().__init__(error.code, f"{len(failed)} rows failed; row {first}: {error}")
        self.failed = failed
        self.results = results


class InvalidArgument(SynjaxError, ValueError):
    """An argument that a function does not take. Names it and says what was expected and what was received."""

    def __init__(
        self,
        message: str,
        *,
        argument: str | None = None,
        expected: str | None = None,
        received: str | None = None,
    ):
        super().__init__("INVALID_ARGUMENT", message, argument=argument, expected=expected, received=received)


def unexpected(
    argument: str, expected: str, received: object, *, where: str | None = None, more: str = ""
) -> InvalidArgument:
    """The error of something else than was expected.

    Args:
      where: what the message begins with; by default the argument.
      more: what it ends with.
    """
    message = f"{where or f'`{argument}`'}: expected {expected}, got {received}{more}"
    return InvalidArgument(message, argument=argument, expected=expected, received=str(received))


def wrong_value(argument: str, value: Any, expected: str) -> InvalidArgument:
    """The error of an argument that is another value than expected."""
    message = f"`{argument}` is {spoken(value)}, expected {expected}."
    return InvalidArgument(message, argument=argument, expected=expected, received=spoken(value))
