"""How failures become the errors that a client reads."""

from __future__ import annotations

import re
import traceback
from typing import Any

import jax

from ...errors import SynjaxError
from .handles import ErrorMap, Handle, bytes_held

# What XLA says where an allocation failed: the second, where it happened as the pieces of a program were started.
OUT_OF_MEMORY = r"RESOURCE_EXHAUSTED|Out of memory allocating \d+ bytes"
# What an executable says of a function of Python's that it called: where it came from, and in the end what it raised.
_CALLBACK = r"Callback error calling callback: Traceback .*\n  [^\n]*\n(?=\S)(.+)"
TRACE_LENGTH = 4_000  # characters of a traceback in an error


class PoisonedInput(Exception):
    """An input of a launch is the result of a launch that failed."""

    def __init__(self, error: ErrorMap):
        self.error = error


def unknown_handle(id_: int) -> SynjaxError:
    """The error of an id that names no handle."""
    return SynjaxError("HANDLE_UNKNOWN", f"no handle {id_}: freed, donated or never made")


def not_a_tensor(value: Any) -> SynjaxError:
    """The error of a fetch of an object."""
    return SynjaxError("NOT_A_TENSOR", f"a {type(value).__name__} stays on the device; fetch a query of it")


def fetch_error(id_: int, handle: Handle | None, value: Any) -> ErrorMap | None:
    """Why the value that a handle had when it was fetched cannot be sent; None if it can."""
    if handle is None:
        return unknown_handle(id_).to_wire()
    if handle.outcome.error is not None:
        return handle.outcome.error | {"poisoned": True}
    return None if isinstance(value, jax.Array) else not_a_tensor(value).to_wire()


def root_error(error: Exception, seq: int) -> ErrorMap:
    """The error for the client, with the launch in which it happened first."""
    if isinstance(error, PoisonedInput):
        return error.error | {"poisoned": True}
    return {"launch": seq} | as_error(error).to_wire()


def launch_error(error: Exception, seq: int, handles: dict[int, Handle]) -> ErrorMap:
    """`root_error` of a launch. If memory ran out, it says how much the session holds."""
    found = root_error(error, seq)
    if found["code"] == "OUT_OF_MEMORY" and not found.get("poisoned"):
        found["message"] += f"; this session holds {bytes_held(handles)} bytes in {len(handles)} results"
    return found


def as_error(error: Exception, unforeseen: str = "RUN_FAILED") -> SynjaxError:
    """Any exception as a SynjaxError; `unforeseen` is the code of those that are not recognized."""
    if isinstance(error, SynjaxError):
        return error
    text = str(error)
    if isinstance(error, MemoryError) or re.search(OUT_OF_MEMORY, text):
        asked = re.search(r"allocating (\d+) bytes", text)
        what = f"{asked[1]} bytes were asked for" if asked else text[:300]
        return SynjaxError(
            "OUT_OF_MEMORY", f"out of device memory: {what}. Dispose of results that are no longer needed"
        )
    trace = "".join(traceback.format_exception(error))[-TRACE_LENGTH:]
    said = f"{type(error).__name__}: {text}"
    if raised := re.search(_CALLBACK, text, re.DOTALL):
        said = f"a callback raised {raised[1]}"
    return SynjaxError(unforeseen, said[:2_000], trace=trace)
