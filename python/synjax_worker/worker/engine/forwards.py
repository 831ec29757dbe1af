"""Programs that compute nothing: they bring what a client sends to the device, without a compilation or a copy."""

from __future__ import annotations

from typing import Any

import jax

from ...protocol import FIND_NANS, LENIENT
from ...runtime.program import Program, Reference
from ..codec import ArrayType, Compile, FileArray, HostArray, Launch

FORWARDS = "forwards"  # in the keys of their executables


def forwards(launch: Launch | Compile, program: Program) -> bool:
    """Whether each result of a launch is an array that comes with it. That of a handle is copied."""
    root = program.root
    return (
        not root.equations
        and not root.captures
        and not launch.flags & (FIND_NANS | LENIENT)
        and root.outputs == tuple(Reference(-1 - position) for position in range(root.inputs))
        and all(map(_comes_along, launch.inputs))
    )


def _comes_along(item: Any) -> bool:
    return type(item) in (HostArray, FileArray) or (type(item) is ArrayType and not item.weak)


def forward(*arrays: Any) -> tuple[list[Any], None]:
    """The arrays on the device, and no status, as an executable gives them."""
    return [jax.device_put(array) for array in arrays], None
