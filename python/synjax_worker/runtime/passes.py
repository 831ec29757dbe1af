"""Passes that several queries of one distribution share while a program is traced.

XLA does not merge a forward pass with the same pass inside a gradient, so the interpreter does. It opens a frame for
the program and for every call of a nested program. A pass is looked up from the innermost frame outwards. It is
computed and stored where its object was made: of a distribution that a loop captures the pass stands before the loop,
once. Of what no frame has made it is stored in the innermost, because a value computed inside a loop must not be used
outside of it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from ..numerics import guard
from . import outer_trace


@dataclasses.dataclass(slots=True)
class _Frame:
    trace: Any  # JAX's, in which its body runs
    is_branch: bool  # its body may not run, so what it asks for stays in it
    entries: dict[tuple[int, str], tuple[Any, Any]] = dataclasses.field(default_factory=dict)
    made: dict[int, Any] = dataclasses.field(default_factory=dict)  # objects by id
    refused: list[Any] = dataclasses.field(default_factory=list)  # by passes that inner frames asked for


class _Stack(threading.local):
    def __init__(self) -> None:
        self.frames: list[_Frame] = []


_stack = _Stack()


@contextlib.contextmanager
def frame(*, is_branch: bool = False) -> Iterator[None]:
    """A frame in which passes are shared. Its passes are forgotten when it ends. Those of a branch do not leave it."""
    _stack.frames.append(_Frame(outer_trace.current(), is_branch))
    try:
        yield
    finally:
        _stack.frames.pop()


def is_open() -> bool:
    """Whether a frame is open."""
    return bool(_stack.frames)


def made(obj: Any) -> None:
    """Says that an object belongs to the innermost frame, unless it came from one around it."""
    if _stack.frames and _owner(obj) is None:
        _stack.frames[-1].made[id(obj)] = obj  # keeps it alive, so that no other object gets its id


def take_refused() -> list[Any]:
    """The flags of optimistic passes that inner frames have had computed in this one, since it was asked last."""
    found, _stack.frames[-1].refused = _stack.frames[-1].refused, []
    return found


def _owner(obj: Any) -> int | None:
    """The position of the frame that an object belongs to."""
    positions = range(len(_stack.frames) - 1, -1, -1)
    return next((at for at in positions if id(obj) in _stack.frames[at].made), None)


def shared(obj: Any, name: str, compute: Callable[[], Any]) -> Any:
    """`compute()`, once per object and name in this frame and those around it. Outside of frames, every time.

    What it computes must depend on the object alone.
    """
    key = (id(obj), name)
    for each in reversed(_stack.frames):
        if key in each.entries:
            return each.entries[key][1]
    if not _stack.frames:
        return compute()
    return _stored(key, obj, compute)


def hoisted(obj: Any, name: str, compute: Callable[[], Any]) -> Any:
    """`compute()`; once where the object was made, if that is in a frame further out."""
    key, inner = (id(obj), name), len(_stack.frames) - 1
    for each in reversed(_stack.frames[:inner]):
        if key in each.entries:
            return each.entries[key][1]
    return _stored(key, obj, compute)


def _stored(key: tuple[int, str], obj: Any, compute: Callable[[], Any]) -> Any:
    """`compute()`, computed and stored in the frame to which the object belongs."""
    inner = len(_stack.frames) - 1
    at = _owner(obj)
    if at is not None and at < inner:
        at = next((k for k in range(inner, at, -1) if _stack.frames[k].is_branch), at)
    if at is None or at == inner or not _can_run_in(at, compute):
        at, value = inner, compute()
    else:
        value = _computed_in(at, compute)
    _stack.frames[at].entries[key] = (obj, value)
    _stack.frames[at].made[id(value)] = value
    return value


def _can_run_in(at: int, compute: Callable[[], Any]) -> bool:
    """Whether all that a function uses is there in an outer frame too."""
    traces = [each.trace for each in _stack.frames[: at + 1]]
    return outer_trace.uses_only(compute, traces)


def _computed_in(at: int, compute: Callable[[], Any]) -> Any:
    """`compute()`, as if the outer frame had asked for it."""
    frames, owner = _stack.frames, _stack.frames[at]
    _stack.frames = frames[: at + 1]
    try:
        with outer_trace.set_current(owner.trace):
            if not guard.is_optimistic():
                return compute()
            with guard.optimistic() as refused:
                value = compute()
            owner.refused += refused
            return value
    finally:
        _stack.frames = frames


# What is known of objects outside of frames, for as long as they live.
_living: dict[tuple[int, str], tuple[weakref.ref, Any]] = {}


def known(obj: Any, name: str, value: Any) -> None:
    """Stores a value for `recall`: until the frame ends, or outside of frames as long as the object lives. So the value
    must not hold the object.
    """
    key = (id(obj), name)
    if _stack.frames:
        _stack.frames[-1].entries[key] = (obj, value)
    else:
        _living[key] = (weakref.ref(obj, lambda _: _living.pop(key, None)), value)


def recall(obj: Any, name: str) -> Any | None:
    """The value that is known for an object and name; None if there is none."""
    key = (id(obj), name)
    for each in reversed(_stack.frames):
        if key in each.entries:
            return each.entries[key][1]
    of, value = _living.get(key, (None, None))
    return value if of is not None and of() is obj else None
