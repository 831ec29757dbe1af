"""`debug`: what a program shows while it runs."""

from __future__ import annotations

import functools
import logging
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ..registry import op

# Its records are lines of the worker's log, by which the client knows them.
LOGGER = "synjax_worker.print"

_LONGEST = 10_000  # characters of a value


def show(text: str, *values: Any) -> str:
    """`text` with a value in the place of each `{}`, and further values after it."""
    parts = text.split("{}")  # and no str.format, which reads attributes
    shown = [np.array2string(np.asarray(value), max_line_width=120)[:_LONGEST] for value in values]
    inside = min(len(parts) - 1, len(shown))
    woven = "".join(part + value for part, value in zip(parts, shown[:inside], strict=False))
    return " ".join([woven + "{}".join(parts[inside:]), *shown[inside:]])


def _log(text: str, *values: Any) -> None:
    logging.getLogger(LOGGER).info("%s", show(text, *values))


def _print(*values: Any, text: str) -> Array:
    jax.debug.callback(functools.partial(_log, text), *values)
    return jnp.zeros((), bool)  # an equation has a result


op(
    "debug.print",
    _print,
    "...values: num, { text: static string } -> bool",
    "Equivalent to `jax.debug.print`: shows values when the program runs, with `{}` in `text` for each.",
    differentiable=False,
)
