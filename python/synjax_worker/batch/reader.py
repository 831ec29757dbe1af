"""Rows of files in batches of one size, in the order of the file, whatever pieces the file is written in."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InvalidArgument, SynjaxError
from .formats import format_of
from .ipc import open_batches
from .json_lines import json_batch

_LONGEST_LINE = 2**28  # bytes: a line of JSON that never ends is not to fill the memory


@dataclasses.dataclass(frozen=True)
class RowBatch:
    """Rows that follow each other in a file."""

    first: int  # the place of the first row in the file
    data: pa.RecordBatch
    # Rows that could not be read, by their place in `data`, where they are null, and why.
    failed: Mapping[int, str] = dataclasses.field(default_factory=dict)


def read_batches(
    path: Path,
    rows: int,
    *,
    columns: Sequence[str] | None = None,
    start: int = 0,
    schema: pa.Schema | None = None,
) -> Iterator[RowBatch]:
    """The rows of a file from `start` on, `rows` at a time (fewer at the end).

    The batches of a file are the same whatever its row groups are, so that `start` may be where an earlier run ended.

    Args:
      columns: those wanted; all where it is left out.
      schema: types of the columns of JSON Lines; what is not in it is inferred from the rows of each batch.

    Raises:
      InvalidArgument: for a file that is none, is cut or changed, or has no such column.
    """
    kind = format_of(path, "input")
    if kind == "jsonl":
        yield from _json_batches(path, rows, columns, start, schema)
        return
    pieces = _parquet(path, rows, columns, start) if kind == "parquet" else _ipc(path, columns, start)
    first = start
    for data in _rebatched(pieces, rows):
        yield RowBatch(first, data)
        first += data.num_rows


def count_rows(path: Path) -> int | None:
    """How many rows a file has, where that is known without reading them: of Parquet."""
    if format_of(path, "input") != "parquet":
        return None
    with _refusing(path), pq.ParquetFile(path) as file:
        return file.metadata.num_rows


def _rebatched(pieces: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Batches of `rows` rows of pieces of any size. One piece and one batch are held at most."""
    held: list[pa.RecordBatch] = []
    count = 0
    for piece in pieces:
        while count + piece.num_rows >= rows:
            taken = rows - count
            yield _joined([*held, piece.slice(0, taken)])
            held, count, piece = [], 0, piece.slice(taken)
        if piece.num_rows:
            held.append(piece)
            count += piece.num_rows
    if held:
        yield _joined(held)


def _joined(pieces: list[pa.RecordBatch]) -> pa.RecordBatch:
    return pieces[0] if len(pieces) == 1 else pa.concat_batches(pieces)


def _parquet(path: Path, rows: int, columns: Sequence[str] | None, start: int) -> Iterator[pa.RecordBatch]:
    with _refusing(path), pq.ParquetFile(path, pre_buffer=False) as file:
        _check_columns(path, file.schema_arrow.names, columns)
        groups, skipped = [], 0
        for group in range(file.num_row_groups):
            size = file.metadata.row_group(group).num_rows
            if not groups and skipped + size <= start:
                skipped += size  # a whole group that was read before is not read again
            else:
                groups.append(group)
        batches = file.iter_batches(
            rows, row_groups=groups, columns=list(columns) if columns is not None else None
        )
        yield from _after(batches, start - skipped)


def _ipc(path: Path, columns: Sequence[str] | None, start: int) -> Iterator[pa.RecordBatch]:
    with _refusing(path):
        schema, batches = open_batches(path)
        _check_columns(path, schema.names, columns)
        chosen = batches if columns is None else (batch.select(list(columns)) for batch in batches)
        yield from _after(chosen, start)


def _after(batches: Iterator[pa.RecordBatch], skip: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if skip < batch.num_rows:
            yield batch.slice(skip)
        skip = max(0, skip - batch.num_rows)


def _json_batches(
    path: Path, rows: int, columns: Sequence[str] | None, start: int, schema: pa.Schema | None
) -> Iterator[RowBatch]:
    with _refusing(path), path.open("rb") as file:
        lines = itertools.islice(_lines(file), start, None)
        first = start
        while some := list(itertools.islice(lines, rows)):
            batch = json_batch(some, columns, schema)
            if first == 0:
                _check_columns(path, batch.named, columns)
            yield RowBatch(first, batch.data, batch.failed)
            first += len(some)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines that are not blank."""
    while line := file.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise pa.ArrowInvalid(f"a line of more than {_LONGEST_LINE} bytes")
        if line.strip():
            yield line


def _check_columns(path: Path, names: Sequence[str], columns: Sequence[str] | None) -> None:
    for name in columns or ():
        if list(names).count(name) != 1:
            received = "none" if name not in names else "several"
            raise InvalidArgument(
                f"`input`: expected one column {name!r} in {path.name}, got {received} (it has {', '.join(names)}).",
                argument="input",
                expected=f"one column {name!r}",
                received=received,
            )


class _refusing:
    """What pyarrow finds wrong with a file is the caller's mistake, in this package's words."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        try:
            self._path.open("rb").close()
        except OSError as error:
            raise self._refusal(error.strerror or str(error)) from error

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SynjaxError):
            return
        # pyarrow says of a cut file that it is an OSError, without a number; and a name may be no text
        is_wrong = isinstance(error, pa.ArrowException | ValueError)
        if is_wrong or (isinstance(error, OSError) and error.errno is None):
            raise self._refusal(str(error)) from error

    def _refusal(self, reason: str) -> InvalidArgument:
        kind_of = format_of(self._path, "input")
        return InvalidArgument(
            f"`input`: expected a readable file of {kind_of}, got {self._path.name}: {reason}",
            argument="input",
            expected=f"a readable file of {kind_of}",
            received=self._path.name,
        )
