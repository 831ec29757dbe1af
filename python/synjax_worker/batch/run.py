"""Scoring a file: read, scored, written in parts, published. Killed at any moment and started again, it goes on."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InvalidArgument
from .reader import RowBatch, read_batches
from .scorer import ROW, Scored, Scorer
from .writer import PartsWriter

_ERRORS = pa.schema([pa.field(ROW, pa.int64()), pa.field("reason", pa.string())])
_ERRORS_AT_ONCE = 10_000


class Summary(NamedTuple):
    """What has been done, of this run and those before it."""

    rows: int  # of the input that are done, those of other shards included
    failed: int
    published: (
        bool  # false where more rows failed than may: the parts stay, and a run that allows more goes on
    )


class Part(NamedTuple):
    """A batch that was scored."""

    end: int  # the place behind its last row in the input
    scored: Scored


Scoring = Callable[[Iterator[RowBatch]], Generator[Part, None, None]]  # batches to parts, in the same order


def one_after_another(scorer: Scorer) -> Scoring:
    """Scores batches here."""

    def parts(batches: Iterator[RowBatch]) -> Generator[Part, None, None]:
        for batch in batches:
            yield Part(batch.first + batch.data.num_rows, scorer(batch))

    return parts


def read_ahead(batches: Iterator[RowBatch]) -> Generator[RowBatch, None, None]:
    """The same batches. While one is scored, a thread reads the next."""
    with ThreadPoolExecutor(1, thread_name_prefix="reader") as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def score_file(
    scorer: Scorer,
    source: Path,
    target: Path,
    *,
    run: dict[str, Any],
    rows: int = 16_384,
    max_errors: int | None = None,
    shard: tuple[int, int] = (0, 1),
    scoring: Scoring | None = None,
    progress: Callable[[Summary], None] = lambda _: None,
) -> Summary:
    """Scores the rows of a file into another, with the rows that failed in `<target>.errors.parquet` beside it.

    Args:
      run: what else decides the output: the program's hash, the function. A run that differs in it does not go on.
      rows: of the input that are in memory at once, and in a part
      max_errors: how many rows may fail
      shard: its place and how many there are: shard i of n has every n-th batch, and a target of its own
      scoring: how batches are scored; here and one after another where it is left out
      progress: told at the beginning, of what earlier runs did, and after each part

    Raises:
      InvalidArgument: for files that cannot be read or written so, for parts of another run, and where another process
        scores into the same target.
      OSError: where the disk is full: what was at the target stays, and the run goes on when there is room.
    """
    place, shards = shard
    if not 0 <= place < shards:
        raise InvalidArgument(
            f"`shard`: expected i/n with i from 0 to n - 1, got {place}/{shards}.",
            argument="shard",
            expected="i/n with i from 0 to n - 1",
            received=f"{place}/{shards}",
        )
    of_run = {"input": _identity(source), "rows": rows, "shard": list(shard)} | run
    with contextlib.closing(PartsWriter(target, of_run)) as writer:
        batches = read_batches(source, rows, columns=scorer.columns, start=writer.rows_read)
        ours = (batch for batch in batches if (batch.first // rows) % shards == place)
        ahead = read_ahead(ours)
        with (
            contextlib.closing(ahead),
            contextlib.closing((scoring or one_after_another(scorer))(ahead)) as parts,
        ):
            done = _written(parts, writer, max_errors, progress)
        if max_errors is not None and done.failed > max_errors:
            return done
        # First: where the output is, it is known what is not in it
        _publish_errors(errors_path(target), writer.failed() if done.failed else None)
        writer.publish(scorer.schema)
    return done._replace(published=True)


def _written(
    parts: Iterator[Part], writer: PartsWriter, max_errors: int | None, progress: Callable[[Summary], None]
) -> Summary:
    """Writes parts until there are no more, or more rows have failed than may."""
    while True:
        done = Summary(writer.rows_read, writer.failures, published=False)
        progress(done)
        if max_errors is not None and done.failed > max_errors:
            return done
        part = next(parts, None)
        if part is None:
            return done
        writer.write(part.scored.data, writer.rows_read, part.end, part.scored.failed)


def errors_path(target: Path) -> Path:
    """Where the rows stand that failed: `out.errors.parquet` beside `out.parquet`."""
    return target.with_name(f"{target.stem}.errors.parquet")


def _identity(source: Path) -> dict[str, Any]:
    """What tells a file from one that was written in its place."""
    try:
        found = source.stat()
    except OSError as error:
        raise InvalidArgument(
            f"`input`: expected a readable file, got {source.name}: {error.strerror}",
            argument="input",
            expected="a readable file",
            received=source.name,
        ) from error
    return {"name": source.name, "size": found.st_size, "changed": found.st_mtime_ns}


def _publish_errors(path: Path, failed: Iterator[tuple[int, str]] | None) -> None:
    if failed is None:
        path.unlink(missing_ok=True)  # of an earlier run: this one has none
        return
    temporary = path.with_name(f".{path.name}.writing")
    try:
        with temporary.open("wb") as file:
            with pq.ParquetWriter(file, _ERRORS) as writer:
                while some := list(itertools.islice(failed, _ERRORS_AT_ONCE)):
                    rows, reasons = zip(*some, strict=True)
                    writer.write_table(pa.table([rows, reasons], schema=_ERRORS))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
