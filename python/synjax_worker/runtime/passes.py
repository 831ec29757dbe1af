"""Passes that several queries of one distribution share while a program is traced.

XLA does not merge a forward pass with the same pass inside a gradient, so the interpreter does. It opens a frame for
the program and for every call of a nested program. A pass is looked up from the innermost frame outwards and stored in
the innermost, because a value computed inside a loop must not be used outside of it.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
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


# What is known of objects outside of frames, for as long as they live.
_living: dict[tuple[int, str], tuple[weakref.ref, Any]] = {}


def known(obj: Any, name: str, value: Any) -> None:
    """Stores a value for `recall`: until the frame ends, or outside of frames as long as the object lives. So the value
    must not hold the object.
    """
    key = (id(obj), name)
    if _stack.frames:
        _stack.frames[-1][key] = (obj, value)
    else:
        _living[key] = (weakref.ref(obj, lambda _: _living.pop(key, None)), value)


def recall(obj: Any, name: str) -> Any | None:
    """The value that is known for an object and name; None if there is none."""
    key = (id(obj), name)
    for entries in reversed(_stack.frames):
        if key in entries:
            return entries[key][1]
    of, value = _living.get(key, (None, None))
    return value if of is not None and of() is obj else None
