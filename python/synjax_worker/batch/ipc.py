"""Batches of Arrow IPC whose buffers are compressed: a few bytes may say that they are gigabytes. What a batch becomes
is read from its messages before anything is made of it.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

_MAGIC = b"ARROW1"
_ALWAYS_ALLOWED = 2**28  # bytes
_TIMES_ALLOWED = 32  # as large as what is in the file: numbers that are compressed save less
_PREFIX = struct.Struct("<q")
_LENGTH = struct.Struct("<i")
_BUFFER = struct.Struct("<qq")  # offset and length
_BLOCK = struct.Struct("<qi4xq")  # offset, bytes of metadata, bytes of the body
_DICTIONARY = 2  # a message's type
_UNCOMPRESSED = -1


class Opened(NamedTuple):
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def open_batches(path: Path) -> Opened:
    """The batches of an Arrow file or stream, each checked in full. Anybody may have written them.

    Raises:
      ArrowInvalid: for a file that is none, is cut, or has a batch that would become more than 256 MiB and more than 32
        times what it has in the file.
    """
    source = pa.OSFile(str(path))
    is_file = source.read(len(_MAGIC)) == _MAGIC
    source.seek(0)
    beside = pa.OSFile(str(path))
    if is_file:
        file = pa.ipc.open_file(source)
        return Opened(file.schema, _of_file(file, beside))
    stream = pa.ipc.open_stream(source)
    return Opened(stream.schema, _of_stream(stream, pa.ipc.MessageReader.open_stream(beside)))


def _of_stream(reader: pa.RecordBatchReader, messages: pa.ipc.MessageReader) -> Iterator[pa.RecordBatch]:
    while True:
        # The same bytes once more, up to the batch that comes next, as they are in the file
        for message in messages:
            if message.type != "schema":
                _check_size(memoryview(message.metadata), memoryview(message.body))
            if message.type == "record batch":
                break
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        batch.validate(full=True)
        yield batch


def _of_file(file: pa.RecordBatchFileReader, source: pa.NativeFile) -> Iterator[pa.RecordBatch]:
    """Reads what the end of the file points to: nothing else need be there, in JavaScript's files not even a schema."""
    footer = _footer(source)
    with _in_words():
        dictionaries, batches = (list(footer.structs(field, _BLOCK)) for field in (2, 3))
    for block in dictionaries:
        _check_block(source, block)
    for i in range(file.num_record_batches):
        _check_block(source, batches[i])
        batch = file.get_batch(i)
        batch.validate(full=True)
        yield batch


def _footer(source: pa.NativeFile) -> _Table:
    end = source.size() - len(_MAGIC) - _LENGTH.size
    source.seek(end)
    (length,) = _LENGTH.unpack(source.read(_LENGTH.size))
    source.seek(end - length)
    return _Table.root(memoryview(source.read(length)))


def _check_block(source: pa.NativeFile, block: tuple[int, ...]) -> None:
    offset, metadata, body = block
    if offset < 0 or metadata < 0 or body < 0 or offset + metadata + body > source.size():
        raise pa.ArrowInvalid("a batch that is not where the end of the file says")
    source.seek(offset)
    held = memoryview(source.read(metadata + body))
    # Old files have the length only, and nothing before it
    start = 8 if bytes(held[:4]) == b"\xff\xff\xff\xff" else 4
    _check_size(held[start:metadata], held[metadata:])


def _check_size(metadata: memoryview, body: memoryview) -> None:
    with _in_words():
        size = sum(_sizes(metadata, body))
    allowed = max(_ALWAYS_ALLOWED, _TIMES_ALLOWED * len(body))
    if size > allowed:
        raise pa.ArrowInvalid(
            f"a batch of {len(body)} compressed bytes that becomes {size}, more than {allowed}: write smaller batches"
        )


def _sizes(metadata: memoryview, body: memoryview) -> Iterator[int]:
    """What each buffer says that it becomes, in bytes; nothing for a batch that is not compressed.

    Flatbuffers, as Arrow's format has them: Message.header_type and .header, DictionaryBatch.data, RecordBatch.buffers
    and .compression.
    """
    message = _Table.root(metadata)
    batch = message.table(2)
    batch = batch.table(1) if metadata[message.at(1)] == _DICTIONARY else batch
    if not batch.at(3):
        return
    for offset, length in batch.structs(2, _BUFFER):
        if length:
            (size,) = _PREFIX.unpack_from(body, offset)
            if size < _UNCOMPRESSED:
                raise pa.ArrowInvalid(f"a buffer of {size} bytes")
            yield length if size == _UNCOMPRESSED else size


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (struct.error, IndexError) as error:
        raise pa.ArrowInvalid(f"a batch whose buffers are not where it says: {error}") from error


class _Table(NamedTuple):
    """A table of a flatbuffer. Raises struct.error outside of it."""

    data: memoryview
    place: int

    @classmethod
    def root(cls, data: memoryview) -> _Table:
        return cls(data, struct.unpack_from("<I", data)[0])

    def at(self, field: int) -> int:
        """Where a field is; 0 where the table has none."""
        back, slot = struct.unpack_from("<i", self.data, self.place)[0], 4 + 2 * field
        names = self.place - back
        (size,) = struct.unpack_from("<H", self.data, names)
        offset = struct.unpack_from("<H", self.data, names + slot)[0] if slot < size else 0
        return self.place + offset if offset else 0

    def table(self, field: int) -> _Table:
        return _Table(self.data, self._followed(field))

    def structs(self, field: int, form: struct.Struct) -> Iterator[tuple[int, ...]]:
        """A vector of structs."""
        if not self.at(field):
            return
        start = self._followed(field)
        (count,) = struct.unpack_from("<I", self.data, start)
        for i in range(count):
            yield form.unpack_from(self.data, start + 4 + form.size * i)

    def _followed(self, field: int) -> int:
        place = self.at(field)
        return place + struct.unpack_from("<I", self.data, place)[0]
