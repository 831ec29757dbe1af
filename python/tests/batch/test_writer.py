from __future__ import annotations

import errno
import json
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synjax_worker.batch.reader import read_batches
from synjax_worker.batch.writer import PartsWriter
from synjax_worker.errors import InvalidArgument

SCHEMA = pa.schema({"i": pa.int64(), "rows": pa.list_(pa.float32())})
RUN = {"input": "in.parquet", "rows": 2}


def part(first: int, end: int) -> pa.Table:
    rows = [{"i": i, "rows": [0.5] * i} for i in range(first, end)]
    return pa.Table.from_pylist(rows, SCHEMA)


def write_all(target: Path, ends: list[int], start: int = 0) -> PartsWriter:
    writer = PartsWriter(target, RUN)
    for end in ends:
        writer.write(part(start, end), start, end)
        start = end
    return writer


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("name", ["out.parquet", "out.arrow", "out.arrows", "out.jsonl"])
def test_parts_become_one_file(tmp_path: Path, name: str) -> None:
    write_all(tmp_path / name, [2, 3, 3, 5]).publish(SCHEMA)
    (whole,) = read_batches(tmp_path / name, 100)
    assert whole.data.to_pydict() == part(0, 5).to_pydict()
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("name", ["out.parquet", "out.arrow", "out.arrows", "out.jsonl"])
def test_no_parts_are_a_file_without_rows(tmp_path: Path, name: str) -> None:
    PartsWriter(tmp_path / name, RUN).publish(SCHEMA)
    assert not list(read_batches(tmp_path / name, 100))


def test_json_writes_what_it_has_no_name_for_as_text(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    writer = PartsWriter(target, RUN)
    writer.write(pa.table({"x": [np.nan, np.inf, -np.inf, 1.5], "y": [[np.nan], [], [1.0], None]}), 0, 4)
    writer.publish(pa.schema({"x": pa.float64(), "y": pa.list_(pa.float64())}))
    found = [json.loads(line) for line in target.read_text().splitlines()]
    assert [row["x"] for row in found] == ["NaN", "Infinity", "-Infinity", 1.5]
    assert [row["y"] for row in found] == [["NaN"], [], [1.0], None]


def test_a_run_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    write_all(target, [2, 4])
    parts = tmp_path / "out.parquet.parts"
    # What a process leaves that is killed in the middle of a part, of a line of the journal, of anything
    (parts / "00000002.arrow").write_bytes(b"half")
    with (parts / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"part": "00000002.ar')
    writer = PartsWriter(target, RUN)
    assert writer.rows_read == 4
    assert names(parts) == ["00000000.arrow", "00000001.arrow", "journal.jsonl", "lock"]
    writer.write(part(4, 5), 4, 5)
    writer.publish(SCHEMA)
    assert pq.read_table(target)["i"].to_pylist() == [0, 1, 2, 3, 4]


def test_a_part_that_does_not_follow_the_last_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rows from 4 on, where 2 were written"):
        write_all(tmp_path / "out.parquet", [2]).write(part(4, 5), 4, 5)


def test_parts_of_another_run_are_refused(tmp_path: Path) -> None:
    write_all(tmp_path / "out.parquet", [2])
    with pytest.raises(InvalidArgument, match=r"no parts of another run in out\.parquet\.parts"):
        PartsWriter(tmp_path / "out.parquet", RUN | {"rows": 3})


def test_a_part_that_was_changed_is_refused(tmp_path: Path) -> None:
    write_all(tmp_path / "out.parquet", [2])
    path = tmp_path / "out.parquet.parts" / "00000000.arrow"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(InvalidArgument, match=r"expected 00000000\.arrow .* as it was written"):
        PartsWriter(tmp_path / "out.parquet", RUN)


def test_a_run_that_is_killed_before_its_journal_is_there_begins_again(tmp_path: Path) -> None:
    parts = tmp_path / "out.parquet.parts"
    parts.mkdir()
    (parts / "journal.jsonl.writing").write_bytes(b"{")
    assert PartsWriter(tmp_path / "out.parquet", RUN).rows_read == 0
    assert names(parts) == ["journal.jsonl", "lock"]


@pytest.fixture
def little_space() -> Iterator[None]:
    """Files of this process end at 100 kB, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("little_space")
@pytest.mark.parametrize("name", ["out.parquet", "out.arrow", "out.jsonl"])
def test_a_disk_that_is_full_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    target.write_bytes(b"the old output")
    noise = np.random.default_rng(0).random(8_000)
    writer = PartsWriter(target, RUN)
    for i in range(2):
        writer.write(pa.table({"x": noise}), i, i + 1)
    with pytest.raises(OSError) as of_the_part:
        writer.write(pa.table({"x": np.concatenate([noise, noise])}), 2, 3)
    with pytest.raises(OSError) as of_the_whole:
        writer.publish(pa.schema({"x": pa.float64()}))
    assert {of_the_part.value.errno, of_the_whole.value.errno} == {errno.EFBIG}
    assert target.read_bytes() == b"the old output"
    assert names(tmp_path) == [name, f"{name}.parts"]
    writer.close()
    assert PartsWriter(target, RUN).rows_read == 2
