"""Passes that several queries of one distribution share while a program is traced.

XLA does not merge a forward pass with the same pass inside a gradient, so the interpreter does: it opens a frame
for the program and for every call of a nested one. A pass is looked up outward through the frames and stored in
the innermost, because a value made inside a loop must not outlive it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any


class _Stack(threading.local):
    def __init__(self) -> None:
        self.frames: list[dict[tuple[int, str], tuple[Any, Any]]] = []


_stack = _Stack()


@contextlib.contextmanager
def frame() -> Iterator[None]:
    """A frame in which passes are shared; what it holds is forgotten at its end."""
    _stack.frames.append({})
    try:
        yield
    finally:
        _stack.frames.pop()


def shared(obj: Any, name: str, compute: Callable[[], Any]) -> Any:
    """`compute()`, once per object and name in this frame and those around it; outside any frame, every time."""
    key = (id(obj), name)
    for entries in reversed(_stack.frames):
        if key in entries:
            return entries[key][1]
    value = compute()
    if _stack.frames:
        _stack.frames[-1][key] = (obj, value)  # the object is kept alive, so its id stays its own
    return value


def known(obj: Any, name: str, value: Any) -> None:
    """Tells this frame what `shared` would have to compute. Outside any frame nothing is kept."""
    if _stack.frames:
        _stack.frames[-1][(id(obj), name)] = (obj, value)


def recall(obj: Any, name: str) -> Any | None:
    """What this frame and those around it know of an object."""
    for entries in reversed(_stack.frames):
        if (id(obj), name) in entries:
            return entries[(id(obj), name)][1]
    return None
