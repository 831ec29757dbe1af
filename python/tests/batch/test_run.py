from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synjax_worker.batch.run import Summary, errors_path, score_file
from synjax_worker.batch.scorer import Argument, Scorer
from synjax_worker.errors import InvalidArgument

PYTHON = Path(__file__).parents[2]
X = Argument("x", np.dtype(np.float32), ("b", "n"))
ROWS = [None if i % 50 == 7 else [float(i % 7)] * (i % 17) for i in range(400)]  # 8 rows are null


def scorer() -> Scorer:
    return Scorer(lambda x: {"sum": x.sum(1), "twice": 2 * x}, [X], largest=16)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"x": pa.array(ROWS, pa.list_(pa.float32()))}), path, row_group_size=33)
    return path


def check_whole(target: Path) -> None:
    good = [i for i, row in enumerate(ROWS) if row is not None]
    found = pq.read_table(target).to_pydict()
    assert found["row"] == good
    assert found["sum"] == [sum(ROWS[i]) for i in good]
    assert found["twice"] == [[2 * x for x in ROWS[i]] for i in good]
    errors = pq.read_table(errors_path(target)).to_pydict()
    assert errors["row"] == [i for i, row in enumerate(ROWS) if row is None]
    assert set(errors["reason"]) == {"x: expected a value, got null"}


def test_a_file_is_scored_and_rows_that_fail_are_set_aside(tmp_path: Path, source: Path) -> None:
    target = tmp_path / "out.parquet"
    heard: list[Summary] = []
    assert score_file(scorer(), source, target, run={}, rows=150, progress=heard.append) == (400, 8, True)
    assert [done.rows for done in heard] == [0, 150, 300, 400]
    check_whole(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "in.parquet",
        "out.errors.parquet",
        "out.parquet",
    ]


def test_errors_of_an_earlier_run_do_not_stay(tmp_path: Path, source: Path) -> None:
    errors_path(tmp_path / "out.parquet").write_text("old")
    pq.write_table(pq.read_table(source).slice(0, 5), source)
    assert score_file(scorer(), source, tmp_path / "out.parquet", run={}).failed == 0
    assert not errors_path(tmp_path / "out.parquet").exists()


def test_too_many_errors_stop_a_run_that_goes_on_when_more_are_allowed(tmp_path: Path, source: Path) -> None:
    target = tmp_path / "out.parquet"
    stopped = score_file(scorer(), source, target, run={}, rows=50, max_errors=2)
    assert stopped == (150, 3, False)
    assert not target.exists()
    heard: list[Summary] = []
    assert score_file(
        scorer(), source, target, run={}, rows=50, max_errors=8, progress=heard.append
    ).published
    assert [done.rows for done in heard[:2]] == [150, 200]
    check_whole(target)


def test_shards_have_all_rows_once(tmp_path: Path, source: Path) -> None:
    rows: list[int] = []
    for i in range(3):
        target = tmp_path / f"out-{i}.parquet"
        score_file(scorer(), source, target, run={}, rows=30, shard=(i, 3))
        rows += pq.read_table(target)["row"].to_pylist()
    assert sorted(rows) == [i for i, row in enumerate(ROWS) if row is not None]
    with pytest.raises(InvalidArgument, match="`shard`: expected i/n"):
        score_file(scorer(), source, tmp_path / "out.parquet", run={}, shard=(3, 3))


@pytest.mark.parametrize("change", [{"rows": 60}, {"run": {"program": "b"}}, {"shard": (1, 2)}])
def test_another_run_does_not_go_on(tmp_path: Path, source: Path, change: dict[str, Any]) -> None:
    given: dict[str, Any] = {"run": {"program": "a"}, "rows": 50, "max_errors": 0}
    score_file(scorer(), source, tmp_path / "out.parquet", **given)
    with pytest.raises(InvalidArgument, match="no parts of another run"):
        score_file(scorer(), source, tmp_path / "out.parquet", **(given | change))


def test_a_column_or_a_file_that_is_missing(tmp_path: Path, source: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"expected a readable file, got none\.parquet"):
        score_file(scorer(), tmp_path / "none.parquet", tmp_path / "out.parquet", run={})
    other = Scorer(lambda x: x, [X], {"x": "y"})
    with pytest.raises(InvalidArgument, match="expected one column 'y'"):
        score_file(other, source, tmp_path / "out.parquet", run={})


def run_killed(source: Path, target: Path, after: int) -> bool:
    """Runs it and kills it when it has said so many lines. Whether it came to its end before."""
    command = [sys.executable, "-m", "tests.batch.killed", str(source), str(target)]
    with subprocess.Popen(command, cwd=PYTHON, stdout=subprocess.PIPE, text=True) as process:
        said = 0
        for line in process.stdout:
            said += 1
            if line.startswith("published"):
                return process.wait() == 0
            if said > after:
                process.kill()
                break
    return False


def test_killed_at_any_moment_and_started_again_it_gives_the_same(tmp_path: Path, source: Path) -> None:
    target = tmp_path / "out.parquet"
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    kills = 20 if os.environ.get("SYNJAX_TEST_FULL") else 2
    for _ in range(kills):
        if run_killed(source, target, moments.randrange(1, 22)):
            break
    else:
        assert run_killed(source, target, 10**9), seed
    check_whole(target)
