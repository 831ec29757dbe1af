"""Files of tensors in the safetensors format, read through a memory map: what is not used is not read.

    file   := [length of the header: 8 bytes, little end first] [header: JSON] [the elements of all tensors]
    header := {name: {"dtype", "shape", "data_offsets": [begin, end]}, ..., "__metadata__"?: {string: string}}

Nothing is allocated before every size has been compared with that of the file.
https://github.com/huggingface/safetensors
"""

from __future__ import annotations

import dataclasses
import json
import math
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..dtypes import ELEMENTS
from .refusals import wrong_file

NAMES = {
    "BOOL": "bool",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "U8": "uint8",
    "U16": "uint16",
    "U32": "uint32",
    "U64": "uint64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
}
METADATA = "__metadata__"
LONGEST_HEADER = 100_000_000  # bytes, as the format's own library has it
_PREFIX = 8  # bytes of the length of the header
_MOST_AXES = 64  # NumPy has no more


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor stands, in bytes from the end of the header."""

    dtype: str  # by its name on the wire
    shape: tuple[int, ...]
    begin: int
    end: int


class Container:
    """A file of tensors, with its sizes checked. Its elements are read when they are asked for."""

    def __init__(self, path: Path, argument: str = "path"):
        """Raises InvalidArgument where the file is none of this format, cut, or lies about a size."""
        self.path = path
        self.argument = argument
        try:
            with open(path, "rb", opener=_at_once) as file:
                self.size = os.fstat(file.fileno()).st_size
                if self.size < _PREFIX:
                    raise self.wrong("a safetensors file", f"{self.size} bytes")
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise self.wrong("a file that can be read", error.strerror or str(error)) from None
        length = int.from_bytes(self._bytes[:_PREFIX], "little")
        if length > min(LONGEST_HEADER, self.size - _PREFIX):
            raise self.wrong("a safetensors file", f"a header of {length} bytes in a file of {self.size}")
        self._start = _PREFIX + length
        self.header = self._bytes[: self._start]  # as it stands in the file, its length included
        fields = self._fields()
        self.metadata = self._metadata(fields.pop(METADATA, {}))
        self.entries = {name: self._entry(name, field) for name, field in fields.items()}
        self._check_places()

    def wrong(self, expected: str, received: str) -> Exception:
        return wrong_file(self.path, expected, received, self.argument)

    def bytes_of(self, name: str) -> memoryview:
        """The bytes of a tensor: a view of the file."""
        entry = self.entries[name]
        return memoryview(self._bytes)[self._start + entry.begin : self._start + entry.end]

    def array(self, name: str) -> np.ndarray:
        """A tensor, read-only: a view of the file, not a copy.

        Raises InvalidArgument for booleans that are neither 0 nor 1.
        """
        entry = self.entries[name]
        element = ELEMENTS[entry.dtype]
        data = np.frombuffer(self.bytes_of(name), np.uint8)
        if entry.dtype == "bool" and data.size and data.max() > 1:
            raise self.wrong(f"bytes of 0 and 1 in `{name}`", "another")
        if entry.begin % element.itemsize or self._start % element.itemsize:
            data = data.copy()  # another writer did not align it
        return data.view(element).reshape(entry.shape)

    def _fields(self) -> dict[str, Any]:
        try:
            fields = json.loads(self.header[_PREFIX:].decode())
        except (ValueError, RecursionError) as error:
            raise self.wrong("a header of JSON", str(error)[:200]) from None
        if type(fields) is not dict:
            raise self.wrong("a header that is an object", type(fields).__name__)
        return fields

    def _metadata(self, found: Any) -> dict[str, str]:
        if type(found) is not dict or any(type(value) is not str for value in found.values()):
            raise self.wrong(f"`{METADATA}` of strings", "another")
        return found

    def _entry(self, name: str, field: Any) -> Entry:
        field = field if type(field) is dict else {}
        dtype, shape, offsets = field.get("dtype"), field.get("shape"), field.get("data_offsets")
        if type(dtype) is not str or dtype not in NAMES:
            raise self.wrong(f"a dtype of `{name}` among {', '.join(NAMES)}", f"{dtype!r:.50}")
        if type(shape) is not list or len(shape) > _MOST_AXES or not all(map(_is_length, shape)):
            raise self.wrong(f"a shape of `{name}`", f"{shape!r:.100}")
        if type(offsets) is not list or len(offsets) != 2 or not all(map(_is_length, offsets)):
            raise self.wrong(f"two data_offsets of `{name}`", f"{offsets!r:.100}")
        known = NAMES[dtype]
        size, (begin, end) = math.prod(shape) * ELEMENTS[known].itemsize, offsets
        if end - begin != size:
            raise self.wrong(f"{size} bytes for `{name}`, of {known}{shape}", str(end - begin))
        return Entry(known, tuple(shape), begin, end)

    def _check_places(self) -> None:
        """Raises InvalidArgument where tensors overlap, have gaps between them, or do not fill the file."""
        end = 0
        for name, entry in sorted(self.entries.items(), key=lambda item: (item[1].begin, item[1].end)):
            if entry.begin != end:
                raise self.wrong(
                    f"`{name}` to begin where the one before it ends, at {end}", str(entry.begin)
                )
            end = entry.end
        if end != self.size - self._start:
            raise self.wrong(f"{end} bytes of elements", str(self.size - self._start))


def _at_once(path: str, flags: int) -> int:
    """Opens a file. A pipe without a writer would be waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _is_length(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 53
