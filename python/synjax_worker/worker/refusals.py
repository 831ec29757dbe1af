"""The errors of what a user chose and what cannot be meant."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidArgument, unexpected


def bad_device(received: Any, expected: str, reason: str = "") -> InvalidArgument:
    """The error of a device that is not there."""
    return unexpected("device", expected, received, more=reason)


def wrong_setting(argument: str, expected: str, received: str) -> InvalidArgument:
    """The error of a setting."""
    return unexpected(argument, expected, received)
