"""Tables written in parts, which are joined at the end. What is at the target stays until all of the new is there.

Parts stand in `<target>.parts/`, each an Arrow file, and a journal says which of them are whole. A process that is
killed at any moment leaves whole parts and at most one that the journal does not name; the next one goes on behind
them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InvalidArgument
from .formats import format_of
from .lock import NAME as LOCK
from .lock import Lock

_JOURNAL = "journal.jsonl"
_CHUNK = 2**20
_FAILED = b"failed"  # in the metadata of a part


class PartsWriter:
    """Parts of an output, in the order in which they are written. Nobody else writes any until `close`.

    Args:
      run: what the parts are made of and how, in JSON: input, program, options. Parts of another run are refused.

    Raises:
      InvalidArgument: where parts of another run are there, where another process writes some, or the output's suffix
        says no format.
    """

    def __init__(self, target: Path, run: dict[str, Any]) -> None:
        self._target = target
        self._format = format_of(target, "output")
        self._directory = target.with_name(target.name + ".parts")
        self._journal = self._directory / _JOURNAL
        self._run = json.loads(json.dumps(run))
        self._lock = Lock(self._directory)
        try:
            self._directory.mkdir(exist_ok=True)
            self.parts: list[dict[str, Any]] = self._recovered()
        except BaseException:
            self._lock.release()
            raise

    def close(self) -> None:
        """Lets others go on, where parts are left."""
        self._lock.release()

    @property
    def rows_read(self) -> int:
        """How many rows of the input are in whole parts: where to go on."""
        return self.parts[-1]["end"] if self.parts else 0

    @property
    def failures(self) -> int:
        """How many rows of the input failed in whole parts."""
        return sum(part["failed"] for part in self.parts)

    def write(self, table: pa.Table, first: int, end: int, failed: Mapping[int, str] | None = None) -> None:
        """The output of rows `first` to `end` of the input; it may have fewer rows. When this returns it is kept.

        Args:
          failed: rows of the input that have none, and why; kept in the same part, so that neither is without the other
        """
        failed = failed or {}
        table = table.replace_schema_metadata({_FAILED: json.dumps(list(failed.items()))})
        if first != self.rows_read:
            raise ValueError(f"rows from {first} on, where {self.rows_read} were written")
        path = self._directory / f"{len(self.parts):08}.arrow"
        try:
            with path.open("wb") as file:
                with pa.ipc.new_file(file, table.schema) as writer:
                    writer.write_table(table)
                _sync(file)
            digest = _digest(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        _sync_directory(self._directory)
        self._append(
            {
                "part": path.name,
                "first": first,
                "end": end,
                "rows": table.num_rows,
                "failed": len(failed),
                "sha256": digest,
            }
        )

    def tables(self) -> Iterator[pa.Table]:
        """The parts, one after another."""
        for part in self.parts:
            with pa.OSFile(str(self._directory / part["part"])) as source:
                yield pa.ipc.open_file(source).read_all()

    def failed(self) -> Iterator[tuple[int, str]]:
        """The rows of the input that failed, and why."""
        for table in self.tables():
            yield from map(tuple, json.loads(table.schema.metadata[_FAILED]))

    def publish(self, schema: pa.Schema) -> None:
        """Joins the parts at the target and removes them.

        Args:
          schema: of all parts; the target has it where there are none
        """
        temporary = self._target.with_name(f".{self._target.name}.writing")
        try:
            with temporary.open("wb") as file:
                _write(self._format, file, self.tables(), schema)
                _sync(file)
            temporary.replace(self._target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_directory(self._target.parent)
        self.discard()

    def discard(self) -> None:
        """Removes the parts."""
        # The journal first: parts without one are nobody's, and a run that is killed here begins again
        self._journal.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._remove_but({LOCK})
            (self._directory / LOCK).unlink(
                missing_ok=True
            )  # from here on the directory may be another run's
            self._directory.rmdir()

    def _append(self, part: dict[str, Any]) -> None:
        with self._journal.open("ab") as file:
            start = file.tell()
            try:
                file.write(json.dumps(part).encode() + b"\n")
                _sync(file)
            except BaseException:
                with contextlib.suppress(OSError):
                    file.truncate(start)
                raise
        self.parts.append(part)

    def _recovered(self) -> list[dict[str, Any]]:
        """The whole parts of an earlier run. What is behind them was being written when it ended, and goes."""
        lines = self._journal.read_bytes().split(b"\n") if self._journal.exists() else []
        entries = [
            json.loads(line) for line in lines[:-1]
        ]  # behind the last end of a line is one that was cut
        if not entries:
            self._remove_but({LOCK})
            self._begin()
            return []
        if entries[0] != {"run": self._run}:
            raise InvalidArgument(
                f"`output`: expected no parts of another run in {self._directory.name}, got some of "
                f"{json.dumps(entries[0].get('run'))}: remove it to begin again.",
                argument="output",
                expected="no parts of another run",
                received=self._directory.name,
            )
        parts = entries[1:]
        for i, part in enumerate(parts):
            path = self._directory / part["part"]
            if not path.exists() or _digest(path) != part["sha256"]:
                raise InvalidArgument(
                    f"`output`: expected {path.name} in {self._directory.name} as it was written, got another file: "
                    "remove the folder to begin again.",
                    argument="output",
                    expected=f"part {i} as it was written",
                    received="a part that was changed, or none",
                )
        self._rewrite(entries)
        self._remove_but({LOCK, _JOURNAL, *(part["part"] for part in parts)})
        return parts

    def _remove_but(self, known: set[str]) -> None:
        for path in self._directory.iterdir():
            if path.name not in known:
                path.unlink()

    def _begin(self) -> None:
        self._rewrite([{"run": self._run}])

    def _rewrite(self, entries: list[dict[str, Any]]) -> None:
        temporary = self._directory / f"{_JOURNAL}.writing"
        with temporary.open("wb") as file:
            file.writelines(json.dumps(entry).encode() + b"\n" for entry in entries)
            _sync(file)
        temporary.replace(self._journal)
        _sync_directory(self._directory)


def _write(kind: str, file: Any, tables: Iterator[pa.Table], schema: pa.Schema) -> None:
    if kind == "parquet":
        with pq.ParquetWriter(file, schema) as writer:
            for table in tables:
                writer.write_table(table.cast(schema))
    elif kind == "arrow":
        is_stream = str(file.name).endswith(".arrows.writing")
        opened = pa.ipc.new_stream(file, schema) if is_stream else pa.ipc.new_file(file, schema)
        with opened as writer:
            for table in tables:
                writer.write_table(table.cast(schema))
    else:
        for table in tables:
            for batch in table.to_batches(max_chunksize=1024):
                file.writelines(_line(row) for row in batch.to_pylist())


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(_spelled(row), ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _spelled(value: Any) -> Any:
    """JSON has no name for NaN and the infinities: they are written as the package writes them elsewhere, as text."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {name: _spelled(item) for name, item in value.items()}
    return [_spelled(item) for item in value] if isinstance(value, list) else value


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    if os.name == "nt":  # which has no descriptors of directories
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
