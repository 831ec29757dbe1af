"""The errors of what a user chose and what cannot be meant."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidArgument


def bad_device(received: Any, expected: str, reason: str = "") -> InvalidArgument:
    """The error of a device that is not there."""
    return InvalidArgument(
        f"`device`: expected {expected}, got {received}{reason}",
        argument="device",
        expected=expected,
        received=str(received),
    )


def wrong_setting(argument: str, expected: str, received: str) -> InvalidArgument:
    """The error of a setting."""
    return InvalidArgument(
        f"`{argument}`: expected {expected}, got {received}",
        argument=argument,
        expected=expected,
        received=received,
    )
