"""Arrays in files of this machine: read by several threads into the memory where they stay, and not sent.

The client has opened the file and checked what stands there. A stamp says that it is the same by now: the number of its
inode, its size, and when it was changed last, in nanoseconds, with `-` between them.
"""

from __future__ import annotations

import contextlib
import functools
import math
import mmap
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ..dtypes import ELEMENTS
from ..errors import InvalidArgument, unexpected
from ..limits import Limits
from ..runtime.extent import check_shape
from .codec import FileArray, aligned, taken

_PIECE = 16 << 20  # bytes that one thread reads at a time
_MOST_THREADS = 4
_LARGE = 64 << 20  # bytes: smaller arrays get memory that the process has kept


def size_of(item: FileArray) -> int:
    """Bytes of an array."""
    return math.prod(item.shape) * ELEMENTS[item.dtype].itemsize


def array_in_file(item: FileArray, limits: Limits) -> Any:
    """The array, as a compiled program takes it.

    Raises:
      InvalidArgument: the file cannot be read, or is another than the client has seen.
      SynjaxError: LIMIT_RANK, LIMIT_SHAPE
    """
    check_shape(item.shape, limits)
    memory, pages = _memory(size_of(item))
    try:
        descriptor = os.open(item.path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would be waited for
    except OSError as error:
        raise _wrong(item, "a file that can be read", error.strerror or str(error)) from None
    try:
        _check(item, descriptor)
        view = memoryview(memory)
        pieces = range(0, len(memory), _PIECE)
        list(_threads().map(lambda at: _read(item, descriptor, view[at : at + _PIECE], at), pieces))
        _check(item, descriptor)
        if pages is not None:
            with contextlib.suppress(OSError):  # a system that has none
                pages.madvise(mmap.MADV_HUGEPAGE)  # it joins them when it has time
    except OSError as error:
        raise _wrong(item, "a file that can be read", error.strerror or str(error)) from None
    finally:
        os.close(descriptor)
    return taken(item.dtype, memory.view(ELEMENTS[item.dtype]).reshape(item.shape))


def _memory(size: int) -> tuple[np.ndarray, mmap.mmap | None]:
    """Memory for an array that XLA can use without a copy, and its pages where they are its own.

    What is large is read into pages of the usual size. NumPy asks for huge ones, which take four times as long where a
    virtual machine's host has to find the memory for them first, and save a fifth of a second a gigabyte elsewhere.
    """
    if size < _LARGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return aligned(size), None
    try:
        pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise MemoryError(str(error)) from None
    return np.frombuffer(pages, np.uint8), pages


def _read(item: FileArray, descriptor: int, into: memoryview, at: int) -> None:
    while into:
        count = os.preadv(descriptor, [into], item.offset + at)
        if count == 0:
            raise _wrong(item, "a whole file", "one that is shorter")
        into, at = into[count:], at + count


def _check(item: FileArray, descriptor: int) -> None:
    found = os.fstat(descriptor)
    if f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}" != item.stamp:
        raise _wrong(item, "the file as it was when it was loaded", "one that was changed since")


def _wrong(item: FileArray, expected: str, received: str) -> InvalidArgument:
    return unexpected("path", expected, received, where=f"`{item.path}`", more=".")


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1), "files")
