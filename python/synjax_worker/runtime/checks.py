"""Checks on the device: a status code of our own, and the errors that it stands for.

A code is 0 if nothing failed, otherwise it names the first check that failed: its position in the list of sites, from
1. Every body returns its code beside its results, and the nested-program ops thread it: a loop carries it, a branch
returns it, a gradient has it as an auxiliary result, a map takes the first that is set. So a check in a branch that is
not taken does not fire, and one in a loop under a gradient is not lost. Checks of the root body also record which item
failed and its value; in nested bodies that would make loops slow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..errors import SynjaxError

# An int32 scalar, or None where nothing can fail. Of a program that is watched for NaNs it is a matrix: see `nans`.
Code = Any


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """One check of one equation. Its code is its position in the list of sites, from 1."""

    op: str
    body: int
    equation: int
    argument: str
    expected: str
    shape: tuple[int, ...]  # of the mask
    dtype: np.dtype  # of the value
    recorded: bool  # whether the item that failed and its value are known: in the root body only
    certificate: bool = (
        False  # no argument is wrong: the fast computation does not serve, see `numerics.guard`
    )


class Refused(Exception):
    """The fast computation of an optimistic program was refused."""


def check_error(sites: Sequence[Site], status: np.ndarray) -> SynjaxError | None:
    """The error that a row of the status stands for; None if its code is 0.

    Raises:
      Refused: if it is that of a certificate.
    """
    if status[0] == 0:
        return None
    site = sites[int(status[0]) - 1]
    if site.certificate:
        raise Refused
    expected = site.expected if site.expected.startswith("must ") else f"must be {site.expected}"
    message, received = f"{site.op}: `{site.argument}` {expected}", None
    if site.recorded:
        received = _format_value(status[2:], site.dtype)
        message += f"; {_format_item(int(status[1]), site.shape)} is {received}."
    else:
        message += " (in a nested program)."
    return SynjaxError(
        "CHECK_FAILED",
        message,
        argument=site.argument,
        expected=site.expected,
        received=received,
        op=site.op,
        body=site.body,
        equation=site.equation,
    )


def _format_item(index: int, shape: tuple[int, ...]) -> str:
    if not shape:
        return "it"
    position = tuple(int(i) for i in np.unravel_index(index, shape))
    return f"item {position[0]}" if len(position) == 1 else f"item {position}"


def _format_value(words: np.ndarray, dtype: np.dtype) -> str:
    kind = np.dtype(dtype)
    if kind == np.bool_:
        return str(bool(words[0])).lower()
    if kind.itemsize == 8:
        return str(np.ascontiguousarray(words).view(kind)[0])
    if jnp.issubdtype(kind, np.floating):
        return f"{words[:1].view(np.float32)[0]:g}"
    return str(words[:1].view(np.uint32 if kind == np.uint32 else np.int32)[0])


def record_of(bad: jax.Array, value: jax.Array) -> jax.Array:
    """int32[3]: the flat index of the first bad item, and its value in two words."""
    index = jnp.argmax(bad.reshape(-1)).astype(jnp.int32)
    item = jnp.broadcast_to(value, bad.shape).reshape(-1)[index]
    if item.dtype.itemsize == 8:
        words = lax.bitcast_convert_type(item, jnp.int32)
    elif jnp.issubdtype(item.dtype, jnp.floating):
        words = jnp.stack([lax.bitcast_convert_type(item.astype(jnp.float32), jnp.int32), np.int32(0)])
    elif item.dtype == jnp.uint32:
        words = jnp.stack([lax.bitcast_convert_type(item, jnp.int32), np.int32(0)])
    else:
        words = jnp.stack([item.astype(jnp.int32), np.int32(0)])
    return jnp.concatenate([index[None], words])


def join(first: Code, second: Code) -> Code:
    """The first of two codes that is set. None is the code of what cannot fail."""
    if first is None or second is None:
        return second if first is None else first
    return jnp.where(first != 0, first, second)


def join_rows(first: Any, second: jax.Array) -> jax.Array:
    """The first of two rows of a status whose code is set."""
    return second if first is None else jnp.where(first[0] != 0, first, second)


def first_code(codes: jax.Array) -> jax.Array:
    """The first code that is set, or 0; of matrices, whatever is set in any."""
    if codes.ndim > 1:
        return codes.max(0, initial=0)
    if codes.size == 0:
        return jnp.int32(0)
    return codes[jnp.argmax(codes != 0)]
