"""The wire: messages as the engine takes them, buffers into arrays, arrays into buffers.

A message is a msgpack header (an array) and raw little-endian buffers, one per tensor. Dtypes are sent by name. The
elements of a `key` are the uint32 data of its PRNG keys, those of a bfloat16 its bits, those of a bool one byte, those
of a complex64 two floats.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import threading
from collections.abc import Iterable
from typing import Any, NamedTuple

import jax
import msgpack
import numpy as np

from ..dtypes import ELEMENTS, dtype_name
from ..errors import SynjaxError
from ..limits import Limits
from ..protocol import INLINE_BYTES, KEY_WORDS, WIDE_DTYPES
from ..runtime.extent import check_shape

SMALL_BYTES = (
    65_536  # smaller arrays are passed to the compiled call as NumPy arrays, larger ones put on the device
)
ZERO_COPY_BYTES = 1 << 19  # copying smaller buffers is quicker than keeping them until libzmq has sent them
ALIGNMENT = 64  # bytes; XLA uses a host buffer without a copy if it is aligned


class Weak(NamedTuple):
    """A number: it takes the dtype of the array that it meets."""

    value: int | float


class HostArray(NamedTuple):
    dtype: str
    shape: tuple[int, ...]
    data: bytes | None  # None: the data are in the next buffer frame


class FileArray(NamedTuple):
    """An array whose elements stand in a file of this machine, as they stand in buffers."""

    dtype: str
    shape: tuple[int, ...]
    path: str
    offset: int
    stamp: str  # of the file as the client has seen it, see `file_arrays`


class Context(NamedTuple):
    """What a client says of a call besides the call."""

    deadline: float | None = None  # seconds from its arrival
    timed: bool = False  # whether the answer says how long it took
    traceparent: str | None = None


class ArrayType(NamedTuple):
    """The type of an input of a compile."""

    dtype: str
    shape: tuple[int, ...]
    weak: bool


@dataclasses.dataclass(slots=True)
class Launch:
    seq: int
    hash: bytes
    has_body: bool
    inputs: list[int | Weak | HostArray | FileArray]
    first_output: int
    outputs: int
    wants: list[int]
    donated: tuple[int, ...]
    frees: list[int]
    flags: int


@dataclasses.dataclass(slots=True)
class Compile:
    """A launch without values: what a program is to be compiled for."""

    seq: int
    hash: bytes
    has_body: bool
    inputs: list[int | Weak | ArrayType]
    donated: tuple[int, ...]
    flags: int


@dataclasses.dataclass(slots=True)
class Fetch:
    seq: int
    handles: list[int]
    frees: list[int]


@dataclasses.dataclass(slots=True)
class Share:
    """A tree of handles and its name from now on."""

    seq: int
    name: str
    tree: list  # its nodes, the leaves by their places among the leaves
    handles: list[int]  # the leaves
    replace: bool


@dataclasses.dataclass(slots=True)
class Take:
    """The wish for a shared tree."""

    seq: int
    name: str
    first_handle: int


@dataclasses.dataclass(slots=True)
class Unshare:
    seq: int
    name: str


# ---------------------------------------------------------------------------------------------------------- arrays


def array_from(dtype: str, shape: tuple[int, ...], data: bytes | memoryview, limits: Limits) -> Any:
    """A host array as a compiled program takes it: a NumPy array where small, otherwise on the device.

    Raises SynjaxError: LIMIT_RANK, LIMIT_SHAPE, or BAD_MESSAGE where the bytes do not fill the shape.
    """
    full_shape = (*shape, KEY_WORDS) if dtype == "key" else shape
    element = ELEMENTS[dtype]
    if math.prod(full_shape) * element.itemsize != len(data):
        raise SynjaxError("BAD_MESSAGE", f"{len(data)} bytes for {dtype}{list(shape)}")
    check_shape(shape, limits)
    if not data:
        array = np.zeros(full_shape, element)
    elif len(data) < SMALL_BYTES:
        array = np.ndarray(full_shape, element, data)
    else:
        memory = aligned(len(data))
        memory[:] = np.frombuffer(data, np.uint8)
        array = memory.view(element).reshape(full_shape)
    return taken(dtype, array)


def taken(dtype: str, array: np.ndarray) -> Any:
    """Elements as a compiled program takes them. They must not change any more."""
    size = array.nbytes
    if dtype == "bool":
        array = np.not_equal(array.view(np.uint8), 0)  # XLA knows only 0 and 1 as booleans
    if dtype == "key":
        return jax.random.wrap_key_data(array)
    if size < SMALL_BYTES:
        return array
    with jax.enable_x64(dtype in WIDE_DTYPES):  # or it would be narrowed without a word
        return jax.device_put(array)


def placeholder(of: ArrayType, limits: Limits) -> jax.ShapeDtypeStruct:
    """A placeholder to compile a program with. Raises SynjaxError (LIMIT_RANK, LIMIT_SHAPE)."""
    check_shape(of.shape, limits)
    dtype = _dtype_of_keys() if of.dtype == "key" else ELEMENTS[of.dtype]
    return jax.ShapeDtypeStruct(of.shape, dtype, weak_type=of.weak)


@functools.cache
def _dtype_of_keys() -> Any:
    """Without making a key, for which JAX would compile a program."""
    return jax.eval_shape(lambda: jax.random.key(0)).dtype


def aligned(size: int) -> np.ndarray:
    """Memory that XLA can use without a copy. Do not write to it again: it belongs to the device array."""
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size]


def aval_of(value: Any) -> list:
    """The type of a result, for the client: [dtype, shape, weak], or ["object", class]."""
    if isinstance(value, jax.Array):
        return [dtype_name(value.dtype), list(value.shape), bool(value.aval.weak_type)]
    return ["object", type(value).__name__]


def host_value(array: jax.Array) -> np.ndarray:
    """The elements on the host; waits until they are computed. A view if they are on the host already.

    Raises what the computation failed with. NumPy must not meet an array that failed: JAX aborts the process then.
    """
    array.block_until_ready()
    if not isinstance(array.dtype, np.dtype):  # keys
        array = jax.random.key_data(array)
        array.block_until_ready()
    return np.ascontiguousarray(np.asarray(array))


def pack_data(values: Iterable[np.ndarray | None]) -> tuple[list[bytes | int | None], list[memoryview]]:
    """The `data` of a reply and its buffers. On a CPU device the buffers are views, not copies."""
    data: list[bytes | int | None] = []
    buffers: list[memoryview] = []
    for value in values:
        if value is None:
            data.append(None)
        elif value.nbytes <= INLINE_BYTES:
            data.append(value.tobytes())
        else:
            data.append(len(buffers))
            buffers.append(memoryview(value.reshape(-1).view(np.uint8)))
    return data, buffers


class _Packers(threading.local):
    """A packer for each thread: a new one takes a buffer of a megabyte, which costs more than most headers."""

    def __init__(self) -> None:
        self.pack = msgpack.Packer().pack


_packers = _Packers()


def pack_header(header: list) -> bytes:
    """The bytes of a header."""
    return _packers.pack(header)
