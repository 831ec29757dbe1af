"""Results with a NaN, where a launch asked to be told what made it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from ...errors import SynjaxError
from ...runtime.nans import blame, has_nan
from ..codec import Launch
from .executables import Executables
from .failures import as_error
from .jobs import Resolved


def with_nans(values: Sequence[Any], x64: bool) -> list[int]:
    """The positions of the values that have a NaN. Waits for them."""
    with jax.enable_x64(True) if x64 else contextlib.nullcontext():
        found = [has_nan(value) for value in values]
        return [position for position, flag in enumerate(found) if flag is not False and np.asarray(flag)]


def errors_of(
    executables: Executables, resolved: Resolved, launch: Launch, results: Sequence[int]
) -> dict[int, SynjaxError]:
    """What made the NaN of each of these results. The launch runs once more to find it."""
    try:
        watch, flags = executables.watched(resolved, launch)
        inputs = frozenset(with_nans(resolved.args, resolved.x64))
        found = {k: blame(resolved.program, watch, flags, k, inputs.__contains__) for k in results}
    except Exception as error:  # then a NaN is told without what made it
        text = f"a result has a NaN; what made it was not found: {as_error(error).message}"
        return dict.fromkeys(results, SynjaxError("NAN_FOUND", text))
    unseen = SynjaxError("NAN_FOUND", "a result has a NaN, and has none when every operation is watched")
    return {k: unseen if each is None else each.error() for k, each in found.items()}
