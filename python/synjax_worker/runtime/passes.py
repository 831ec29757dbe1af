"""Passes that several queries of one distribution share while a program is traced.

XLA does not merge a forward pass with the same pass inside a gradient, so the interpreter does. It opens a frame for
the program and for every call of a nested program. A pass is looked up from the innermost frame outwards and stored in
the innermost, because a value computed inside a loop must not be used outside of it.
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
    """A frame in which passes are shared. Its passes are forgotten when it ends."""
    _stack.frames.append({})
    try:
        yield
    finally:
        _stack.frames.pop()


def is_open() -> bool:
    """Whether a frame is open."""
    return bool(_stack.frames)


def shared(obj: Any, name: str, compute: Callable[[], Any]) -> Any:
    """`compute()`, once per object and name in this frame and those around it. Outside of frames, every time."""
    key = (id(obj), name)
    for entries in reversed(_stack.frames):
        if key in entries:
            return entries[key][1]
    value = compute()
    if _stack.frames:
        _stack.frames[-1][key] = (obj, value)  # keeps the object alive, so that no other object gets its id
    return value


def known(obj: Any, name: str, value: Any) -> None:
    """Stores the value that `shared` would compute. Outside of frames nothing is stored."""
    if _stack.frames:
        _stack.frames[-1][(id(obj), name)] = (obj, value)


def recall(obj: Any, name: str) -> Any | None:
    """The value that this frame or one around it has for an object and name; None if there is none."""
    for entries in reversed(_stack.frames):
        if (id(obj), name) in entries:
            return entries[(id(obj), name)][1]
    return None
