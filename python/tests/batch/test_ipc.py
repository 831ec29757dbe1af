"""Compressed batches of Arrow IPC: read as they are, refused where they would become too large."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from synjax_worker.batch.reader import read_batches
from synjax_worker.errors import InvalidArgument

ROWS = 3_000
TABLE = pa.table(
    {
        "lists": pa.array([[float(i)] * (i % 5) for i in range(ROWS)]),
        "words": pa.array(["abc"[i % 3] * 50 for i in range(ROWS)]).dictionary_encode(),
        "none": pa.array([None if i % 7 else i for i in range(ROWS)]),
    }
)


def write(path: Path, table: pa.Table, compression: str, rows: int = ROWS) -> Path:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    new = pa.ipc.new_stream if path.suffix == ".arrows" else pa.ipc.new_file
    with new(path, table.schema, options=options) as writer:
        writer.write_table(table, rows)
    return path


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
@pytest.mark.parametrize("name", ["x.arrow", "x.arrows"])
def test_what_is_compressed_is_read(tmp_path: Path, name: str, compression: str) -> None:
    path = write(tmp_path / name, TABLE, compression, 1_100)
    found = pa.Table.from_batches([batch.data for batch in read_batches(path, 700, start=500)])
    assert found.equals(TABLE.slice(500))


# 512 MiB of zeros: in a column, in the values of a dictionary
BIG = np.zeros(2**26)
COLUMN = pa.table({"i": BIG})
DICTIONARY = pa.table({"i": pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), pa.array(BIG))})


@pytest.mark.parametrize("table", [COLUMN, DICTIONARY], ids=["column", "dictionary"])
@pytest.mark.parametrize("name", ["x.arrow", "x.arrows"])
def test_what_would_fill_the_memory_is_refused(tmp_path: Path, name: str, table: pa.Table) -> None:
    path = write(tmp_path / name, table, "zstd", len(BIG))
    assert path.stat().st_size < 2**17
    before = pa.total_allocated_bytes()
    with pytest.raises(InvalidArgument, match="compressed bytes that becomes 53687"):
        list(read_batches(path, 1_000))
    assert pa.total_allocated_bytes() - before < 2**20


def test_as_much_in_batches_that_are_small_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "x.arrows", COLUMN, "zstd", 2**22)
    assert sum(batch.data.num_rows for batch in read_batches(path, 2**20)) == len(BIG)


def test_a_size_that_is_none_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.arrows", pa.table({"i": np.zeros(1_000)}), "zstd")
    held = path.read_bytes()
    size = struct.pack("<q", 8_000)
    assert held.count(size) == 1
    words = {-2: "a buffer of -2 bytes", 7_999: "ZSTD", 2**62: f"becomes {2**62}"}
    for wrong, reason in words.items():
        path.write_bytes(held.replace(size, struct.pack("<q", wrong)))
        with pytest.raises(InvalidArgument, match=reason):
            list(read_batches(path, 1_000))


def test_a_file_without_a_schema_at_its_beginning_is_read(tmp_path: Path) -> None:
    """As JavaScript's apache-arrow writes them."""
    path = write(tmp_path / "x.arrow", TABLE, "zstd", 1_100)
    held = bytearray(path.read_bytes())
    length = int.from_bytes(held[12:16], "little")
    held[8 : 16 + length] = bytes(8 + length)
    path.write_bytes(held)
    found = pa.Table.from_batches([batch.data for batch in read_batches(path, 700)])
    assert found.equals(TABLE)
