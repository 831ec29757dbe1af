"""Handles: results that stay on the device until a client fetches or frees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from ...protocol import WIDE_DTYPES
from ..codec import aval_of
from .pending import Pending

ErrorMap = dict[str, Any]  # an error as it crosses the wire


class Outcome:
    """The launch's error, or None, and whether its results still have to be settled; shared by its results."""

    __slots__ = ("error", "pending")

    def __init__(self, error: ErrorMap | None = None):
        self.error = error
        self.pending: Pending | None = None

    def open_pending(self) -> Pending | None:
        """What is still open about the launch."""
        pending = self.pending
        return pending if pending is not None and pending.is_open else None

    def settle(self) -> None:
        """Waits until the results are known to be right or failed, if they are not."""
        pending = self.pending
        if pending is not None:
            pending.settle()
            self.pending = None


class Handle:
    """A result on the device, or the error of the launch that should have computed it."""

    __slots__ = ("outcome", "reads", "signature", "value")
    is_on_device = True

    def __init__(self, value: Any, signature: Any, outcome: Outcome):
        self.value = value
        self.signature = signature
        self.outcome = outcome
        self.reads = 0  # completions that have yet to copy it to the host


class SharedHandle(Handle):
    """A handle of an array that other clients have too. Nobody may overwrite it."""

    __slots__ = ()

    @classmethod
    def of(cls, handle: Handle) -> SharedHandle:
        """Another handle of the same array, which is known to be right."""
        return cls(handle.value, handle.signature, Outcome())


def drop(handles: dict[int, Handle], ids: Sequence[int]) -> None:
    """Removes handles. An id that is not there is no error: a free may arrive twice."""
    for id_ in ids:
        handles.pop(id_, None)


def bytes_held(handles: dict[int, Handle]) -> int:
    """Bytes on the device in the handles of one session."""
    values = [handle.value for handle in list(handles.values()) if handle.is_on_device]
    leaves = [leaf for value in values for leaf in jax.tree.leaves(value)]
    return sum(leaf.nbytes for leaf in leaves if isinstance(leaf, jax.Array) and not leaf.is_deleted())


def signature_of(value: Any) -> Any:
    """What a program is compiled for: the type of an array, or an object's structure and the types of its arrays."""
    if isinstance(value, jax.Array):
        dtype, shape, weak = aval_of(value)
        return dtype, tuple(shape), weak
    leaves, structure = jax.tree.flatten(value)
    return structure, tuple(signature_of(leaf) for leaf in leaves)


def is_wide(signature: Any) -> bool:
    """Whether a value with this signature has 64-bit numbers."""
    if type(signature) is type:
        return False
    if len(signature) == 2:
        return any(is_wide(leaf) for leaf in signature[1])
    return signature[0] in WIDE_DTYPES


def is_ready(value: Any) -> bool:
    """Whether reading the value would not wait for the device."""
    if not isinstance(value, jax.Array) or not hasattr(value, "is_ready"):  # PRNG keys have no `is_ready`
        return True
    return value.is_deleted() or value.is_ready()
