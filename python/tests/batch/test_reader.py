from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synjax_worker.batch.reader import RowBatch, count_rows, read_batches
from synjax_worker.errors import InvalidArgument

TABLE = pa.table(
    {"i": list(range(10)), "rows": [[float(i)] * (i % 3) for i in range(10)], "text": ["é"] * 10}
)


def written(directory: Path, name: str, table: pa.Table = TABLE, piece: int = 4) -> Path:
    path = directory / name
    if name.endswith(".parquet"):
        pq.write_table(table, path, row_group_size=piece)
    elif name.endswith(".jsonl"):
        path.write_text(
            "".join(f'{{"i": {row["i"]}, "rows": {row["rows"]}, "text": "é"}}\n' for row in table.to_pylist())
        )
    else:
        opened = pa.ipc.new_stream if name.endswith(".arrows") else pa.ipc.new_file
        with path.open("wb") as file, opened(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=piece)
    return path


def rows_of(batches: list[RowBatch]) -> list[tuple[int, list[int]]]:
    return [(batch.first, batch.data["i"].to_pylist()) for batch in batches]


FORMATS = ["x.parquet", "x.arrow", "x.arrows", "x.jsonl"]


@pytest.mark.parametrize("name", FORMATS)
def test_batches_do_not_depend_on_how_the_file_is_cut(tmp_path: Path, name: str) -> None:
    for piece in (1, 4, 100):
        path = written(tmp_path, name, piece=piece)
        assert rows_of(list(read_batches(path, 3))) == [
            (0, [0, 1, 2]),
            (3, [3, 4, 5]),
            (6, [6, 7, 8]),
            (9, [9]),
        ]
        assert rows_of(list(read_batches(path, 3, start=6))) == [(6, [6, 7, 8]), (9, [9])]
        assert rows_of(list(read_batches(path, 100, start=9))) == [(9, [9])]
        assert not list(read_batches(path, 3, start=10))
        (whole,) = read_batches(path, 100)
        assert whole.data.to_pydict() == TABLE.to_pydict()
        assert not whole.failed


@pytest.mark.parametrize("name", FORMATS)
def test_only_the_columns_wanted(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name)
    (whole,) = read_batches(path, 100, columns=["text", "i"])
    assert whole.data.schema.names == ["text", "i"]
    with pytest.raises(
        InvalidArgument, match=r"expected one column 'none' in x\.\w+, got none \(it has i, rows"
    ):
        list(read_batches(path, 3, columns=["none"]))


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_without_rows(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name, TABLE.slice(0, 0))
    assert not list(read_batches(path, 3))
    assert count_rows(path) == (0 if name == "x.parquet" else None)


def test_rows_are_counted(tmp_path: Path) -> None:
    assert count_rows(written(tmp_path, "x.parquet")) == 10


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow", "x.arrows"])
def test_a_file_that_is_cut_is_refused_wherever_it_is(tmp_path: Path, name: str) -> None:
    whole = written(tmp_path, name).read_bytes()
    # A stream that is cut between two messages is one: nothing says that more was to come
    for length in range(0, len(whole) - 8, 41):
        (tmp_path / name).write_bytes(whole[:length])
        try:
            found = sum(batch.data.num_rows for batch in read_batches(tmp_path / name, 3))
        except InvalidArgument as error:
            assert error.argument == "input"
        else:
            assert name == "x.arrows" and found < 10


def test_bytes_that_are_changed_crash_nothing(tmp_path: Path) -> None:
    whole = written(tmp_path, "x.arrows").read_bytes()
    refused = 0
    for place in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        (tmp_path / "x.arrows").write_bytes(changed)
        try:
            list(read_batches(tmp_path / "x.arrows", 3))
        except InvalidArgument:
            refused += 1
    assert refused > 10


def test_what_is_no_file_of_its_kind(tmp_path: Path) -> None:
    for name in ("x.parquet", "x.arrow"):
        (tmp_path / name).write_text("no table")
        with pytest.raises(InvalidArgument, match=f"readable file of {name[2:]}, got {name}"):
            list(read_batches(tmp_path / name, 3))
    with pytest.raises(InvalidArgument, match=r"got none\.parquet: No such file"):
        list(read_batches(tmp_path / "none.parquet", 3))
    with pytest.raises(InvalidArgument, match=r"expected a file of \.parquet"):
        list(read_batches(tmp_path / "x.csv", 3))


SCHEMA = pa.schema({"i": pa.int64()})


def test_lines_of_json_that_are_wrong_fail_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"i": 1}\n\n{"i": "no"}\n[3]\n{"i": 4}\n{"i": 5} {"i": 6}\n{"i": 7}')
    batches = list(read_batches(path, 3, columns=["i"], schema=SCHEMA))
    assert rows_of(batches) == [(0, [1, None, None]), (3, [4, None, 7])]
    assert [sorted(batch.failed) for batch in batches] == [[1, 2], [1]]
    assert "expected one JSON object" in batches[1].failed[1]


def test_a_batch_of_json_in_which_every_line_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("{\n}\nnull\n")
    (batch,) = read_batches(path, 3, columns=["i"], schema=SCHEMA)
    assert (sorted(batch.failed), batch.data["i"].to_pylist()) == ([0, 1, 2], [None, None, None])


def test_lines_of_json_say_their_types_by_their_first_value(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"i": 1, "x": [1, 2.5]}\n{"i": "two"}\n{"x": [], "i": 3}\n{"i": 99999999999999999999}\n')
    (batch,) = read_batches(path, 9)
    assert batch.data.to_pydict() == {"i": [1, None, 3, None], "x": [[1, 2.5], None, [], None]}
    assert sorted(batch.failed) == [1, 3]


@pytest.mark.parametrize("line", [b"[" * 100_000, b"\xff\xfe", b"{", b'{"a": 1,}', b"nul", b"{}{}"])
def test_lines_that_are_no_json_fail_alone(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(line + b'\n{"i": 1}\n')
    (batch,) = read_batches(path, 9, columns=["i"])
    assert (list(batch.failed), batch.data["i"].to_pylist()) == ([0], [None, 1])
