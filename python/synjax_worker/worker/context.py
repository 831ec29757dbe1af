"""The context of a call: the map that may follow the fields of its header."""

from __future__ import annotations

import re
from typing import Any

from ..errors import SynjaxError
from ..protocol import CONTEXT, LARGEST_ID, MESSAGES
from .codec import Context

_LENGTHS = {message.number: 1 + len(message.fields) for message in MESSAGES if message.context}
# Version 00 of the W3C's Trace Context, and what later ones begin with. Ids of zeros name nothing, version ff is none.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def take_context(header: list) -> Context | None:
    """Takes the context off a header. None where there is none. Raises SynjaxError (BAD_MESSAGE)."""
    length = _LENGTHS.get(header[0])
    if length is None or len(header) != length + 1:
        return None  # a header of any other length is refused as such
    said = header.pop()
    if type(said) is not dict or not CONTEXT.keys() >= said.keys():
        raise _bad(f"a context is a map of {', '.join(CONTEXT)}")
    return Context(
        _seconds(said.get("deadline")), _flag(said.get("timed", False)), _traceparent(said.get("traceparent"))
    )


def _seconds(milliseconds: Any) -> float | None:
    if milliseconds is None:
        return None
    if type(milliseconds) not in (int, float) or not 0 <= milliseconds < LARGEST_ID:
        raise _bad(f"a deadline is milliseconds, 0 or more; received {milliseconds!s:.50}")
    return milliseconds / 1_000


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise _bad("timed is a bool")
    return value


def _traceparent(value: Any) -> str | None:
    if value is not None and not (type(value) is str and _TRACEPARENT.fullmatch(value)):
        raise _bad("a traceparent is 00-<trace id>-<parent id>-<flags>, in hexadecimal")
    return value


def _bad(message: str) -> SynjaxError:
    return SynjaxError("BAD_MESSAGE", message)
