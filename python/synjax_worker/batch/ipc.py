"""Batches of Arrow IPC whose buffers are compressed: a few bytes may say that they are gigabytes. What a batch becomes
is read from its messages before anything is made of it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

_MAGIC = b"ARROW1"
_MAGIC_BYTES = 8  # with their padding; what follows is the same as in a stream
_ALWAYS_ALLOWED = 2**28  # bytes
_TIMES_ALLOWED = 32  # as large as what is in the file: numbers that are compressed save less
_PREFIX = struct.Struct("<q")
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
    count = (
        pa.ipc.open_file(source).num_record_batches if is_file else None
    )  # its end tells whether it is whole
    start = _MAGIC_BYTES if is_file else 0
    source.seek(start)
    beside = pa.OSFile(str(path))
    beside.seek(start)
    reader = pa.ipc.open_stream(source)
    return Opened(reader.schema, _checked(reader, pa.ipc.MessageReader.open_stream(beside), count))


def _checked(
    reader: pa.RecordBatchReader, messages: pa.ipc.MessageReader, count: int | None
) -> Iterator[pa.RecordBatch]:
    found = 0
    while True:
        # The same bytes once more, up to the batch that comes next, as they are in the file
        for message in messages:
            if message.type != "schema":
                _check_size(message)
            if message.type == "record batch":
                break
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            break
        batch.validate(full=True)
        found += 1
        yield batch
    if count not in (None, found):
        raise pa.ArrowInvalid(f"{found} batches, where the end of the file names {count}")


def _check_size(message: pa.ipc.Message) -> None:
    body = memoryview(message.body)
    size = sum(_sizes(memoryview(message.metadata), message.type == "dictionary", body))
    allowed = max(_ALWAYS_ALLOWED, _TIMES_ALLOWED * len(body))
    if size > allowed:
        raise pa.ArrowInvalid(
            f"a batch of {len(body)} compressed bytes that becomes {size}, more than {allowed}: write smaller batches"
        )


def _sizes(metadata: memoryview, is_dictionary: bool, body: memoryview) -> Iterator[int]:
    """What each buffer says that it becomes, in bytes; nothing for a batch that is not compressed.

    Flatbuffers, as Arrow's format has them: Message.header, DictionaryBatch.data, RecordBatch.buffers and .compression.
    """
    try:
        batch = _Table.root(metadata).table(2)
        batch = batch.table(1) if is_dictionary else batch
        if not batch.at(3):
            return
        for offset, length in batch.pairs(2):
            if length:
                (size,) = _PREFIX.unpack_from(body, offset)
                yield length if size == _UNCOMPRESSED else size
                if size < _UNCOMPRESSED:
                    raise pa.ArrowInvalid(f"a buffer of {size} bytes")
    except struct.error as error:
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

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """A vector of two 64-bit integers each."""
        if not self.at(field):
            return
        start = self._followed(field)
        (count,) = struct.unpack_from("<I", self.data, start)
        for i in range(count):
            yield struct.unpack_from("<qq", self.data, start + 4 + 16 * i)

    def _followed(self, field: int) -> int:
        place = self.at(field)
        return place + struct.unpack_from("<I", self.data, place)[0]
