"""The errors a program can end with. Every one carries a `code` of the closed set the client knows."""

from __future__ import annotations

from typing import Any


class SynjaxError(Exception):
    """An error with a code, and where it applies the argument at fault, what was expected and what came.

    The interpreter adds where it happened: the op, the body of the program and the equation in it.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        argument: str | None = None,
        expected: str | None = None,
        came: str | None = None,
        **details: Any,
    ):
        super().__init__(message)
        self.code = code
        self.message = message
        self.argument = argument
        self.expected = expected
        self.came = came
        self.details = details

    def to_wire(self) -> dict[str, Any]:
        """The error as a map for the client; absent fields are left out."""
        fields = {
            "code": self.code,
            "message": self.message,
            "argument": self.argument,
            "expected": self.expected,
            "came": self.came,
            **self.details,
        }
        return {name: value for name, value in fields.items() if value is not None}


class InvalidArgument(SynjaxError, ValueError):
    """An argument that the mathematics does not allow. Name it, and say what was expected and what came."""

    def __init__(
        self,
        message: str,
        *,
        argument: str | None = None,
        expected: str | None = None,
        came: str | None = None,
    ):
        super().__init__("INVALID_ARGUMENT", message, argument=argument, expected=expected, came=came)
