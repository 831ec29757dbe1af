"""The command `score`: rows of a file through a saved function, by its arguments and its exit status."""

from __future__ import annotations

import io
import json
import random
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synjax_worker.files import load
from synjax_worker.score.command import main
from synjax_worker.score.progress import Progress
from tests.files.writing import metadata_of, packed, tagger_of_one, written

PYTHON = Path(__file__).parents[2]
MODEL = PYTHON.parent / "tests/golden/files/tagger-1.synjax"
RNG = np.random.default_rng(1)
ROWS: list[Any] = [RNG.normal(size=(n, 2)).astype(np.float32).tolist() for n in RNG.integers(1, 20, 300)]
ROWS[3], ROWS[5] = None, [[1.0]]
GOOD = [i for i in range(len(ROWS)) if i not in (3, 5)]
TYPE = pa.list_(pa.list_(pa.float32()))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"scores": pa.array(ROWS, TYPE), "id": range(len(ROWS))}), path)
    return path


def score(source: Path, target: Path, *more: str, function: str = "tag") -> int:
    return main(
        [
            "score",
            str(MODEL),
            str(source),
            str(target),
            "--function",
            function,
            "--map",
            "emission=scores",
            *more,
        ]
    )


def tags(path: Path) -> dict[int, list[int]]:
    found = pq.read_table(path).to_pydict()
    return dict(zip(found["row"], found["result"], strict=True))


@pytest.fixture(scope="module")
def expected() -> dict[int, list[int]]:
    """The function called on each row alone."""
    tag = load(MODEL).functions["tag"]
    found = {}
    for i in GOOD:
        emission = np.zeros((1, 32, 2), np.float32)
        emission[0, : len(ROWS[i])] = ROWS[i]
        lengths = np.int32([len(ROWS[i])])
        found[i] = np.asarray(tag(emission, lengths))[0, : lengths[0]].tolist()
    return found


def test_rows_are_scored_as_the_function_does_each(
    source: Path, tmp_path: Path, expected: dict, capfd: Any
) -> None:
    assert score(source, tmp_path / "out.parquet", "--batch-rows", "64") == 0
    assert tags(tmp_path / "out.parquet") == expected
    errors = pq.read_table(tmp_path / "out.errors.parquet").to_pydict()
    assert errors["row"] == [3, 5]
    assert errors["reason"][1] == "scores: expected 2 elements on axis 0, got 1"
    last = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert (last["rows"], last["failed"], last["total"], last["whole"]) == (300, 2, 300, True)


def test_other_formats_and_results_in_dicts(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps({"scores": row}) for row in ROWS[:20]))
    assert score(source, target, function="score") == 0
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [row["row"] for row in rows] == [i for i in GOOD if i < 20]
    model = load(MODEL).functions["score"]
    whole = model(np.float32([ROWS[0]]), np.int32([len(ROWS[0])]))
    np.testing.assert_allclose(rows[0]["logZ"], whole["logZ"][0], rtol=1e-6)
    np.testing.assert_allclose(rows[0]["marginals"], whole["marginals"][0], rtol=1e-5, atol=1e-6)


def test_lists_of_one_length_by_their_type_are_not_padded(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    data = RNG.normal(size=(6, 5, 2)).astype(np.float32)
    fixed = pa.list_(pa.list_(pa.float32(), 2), 5)
    pq.write_table(
        pa.table({"scores": pa.array(data.tolist(), fixed), "lengths": pa.array([5] * 6, pa.int32())}), path
    )
    assert score(path, tmp_path / "out.parquet", "--map", "emission=scores", "lengths=lengths") == 0
    found = np.array(pq.read_table(tmp_path / "out.parquet")["result"].to_pylist())
    np.testing.assert_array_equal(found, load(MODEL).functions["tag"](data, np.int32([5] * 6)))


def test_shards_are_a_partition(source: Path, tmp_path: Path, expected: dict) -> None:
    assert [score(source, tmp_path / "out.parquet", "--shard", f"{i}/2") for i in range(2)] == [0, 0]
    parts = [tags(tmp_path / f"out-0000{i}-of-00002.parquet") for i in range(2)]
    assert parts[0] | parts[1] == expected
    assert not parts[0].keys() & parts[1].keys()


def test_too_many_errors_end_it_and_a_run_that_allows_more_goes_on(
    source: Path, tmp_path: Path, expected: dict, capfd: Any
) -> None:
    target = tmp_path / "out.parquet"
    assert score(source, target, "--max-errors", "1") == 1
    assert not target.exists()
    assert "2 rows failed, more than --max-errors 1" in capfd.readouterr().err
    assert score(source, target, "--max-errors", "2") == 0
    assert tags(target) == expected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--batch-rows", "0"], "`--batch-rows`"),
        (["--max-errors", "-1"], "`--max-errors`"),
        (["--longest", "24"], "power of two"),
        (["--shard", "2/2"], "`--shard`"),
        (["--shard", "x"], "`--shard`"),
        (["--map", "emission"], "`--map`"),
        (["--map", "emission=scores", "emission=id"], "`--map`"),
        (["--map", "nothing=scores"], "emission"),
        (["--map", "emission=nowhere"], "nowhere"),
        (["--map", "emission=id"], "id"),
        (["--function", "nobody"], "tag, score"),
        (["--device", "abacus"], "abacus"),
        (["--ray", "local", "--ray-workers", "0"], "`--ray-workers`"),
        (["--ray", "local", "--ray-wait", "0"], "`--ray-wait`"),
        (["--ray-workers", "2"], "`--ray-workers`: expected --ray beside it"),
    ],
)
def test_what_cannot_be_meant(
    source: Path, tmp_path: Path, change: list[str], words: str, capfd: Any
) -> None:
    assert score(source, tmp_path / "out.parquet", *change) == 2
    assert words in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["in.parquet"]


def test_a_function_of_one_row(tmp_path: Path) -> None:
    """The rows that it refuses fail alone."""
    programs, functions, weights = tagger_of_one()
    model = written(tmp_path, packed(weights, metadata_of(programs, functions, weights)))
    rows, target = [ROWS[i] for i in GOOD], tmp_path / "out.jsonl"
    lengths = [len(row) + (99 if i % 50 == 7 else 0) for i, row in enumerate(rows)]
    source = tmp_path / "in.parquet"
    pq.write_table(
        pa.table({"emission": pa.array(rows, TYPE), "lengths": pa.array(lengths, pa.int32())}), source
    )
    command = ["score", str(model), str(source), str(target), "--function", "tag", "--vmap"]
    assert main([*command, "--map", "lengths=lengths"]) == 0
    found = {line["row"]: line["result"] for line in map(json.loads, target.read_text().splitlines())}
    tag = load(model).functions["tag"]
    good = [i for i in range(len(rows)) if i % 50 != 7]
    assert sorted(found) == good
    for i in good[:20]:
        padded = np.zeros((32, 2), np.float32)
        padded[: len(rows[i])] = rows[i]
        assert found[i] == np.asarray(tag(padded, np.int32(len(rows[i]))))[: len(rows[i])].tolist()
    errors = pq.read_table(tmp_path / "out.errors.parquet").to_pydict()
    assert errors["row"] == [i for i in range(len(rows)) if i % 50 == 7]
    assert all("lengths" in reason and reason.startswith("[CHECK_FAILED]") for reason in errors["reason"])


@pytest.mark.parametrize(
    ("module", "more", "words"), [("ray", ["--ray"], "setup --ray"), ("pyarrow", [], "setup --batch")]
)
def test_what_is_not_installed_is_told_with_the_command_for_it(
    source: Path,
    tmp_path: Path,
    module: str,
    more: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: Any,
) -> None:
    def missing(_: Any) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    if module == "ray":
        monkeypatch.setitem(sys.modules, "ray", None)
    else:
        monkeypatch.setattr("synjax_worker.score.command._score", missing)
    assert score(source, tmp_path / "out.parquet", *more) == 2
    assert re.match(rf"synjax: \[SETUP_REQUIRED\] .*`npx synjax {words}`", capfd.readouterr().err)
    assert not (tmp_path / "out.parquet").exists()


def test_a_function_of_one_row_that_refuses_every_row(tmp_path: Path) -> None:
    programs, functions, weights = tagger_of_one()
    model = written(tmp_path, packed(weights, metadata_of(programs, functions, weights)))
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    rows, lengths = [[[1.0, 2.0]], [[0.0, 1.0]] * 3], pa.array([99, 99], pa.int32())
    pq.write_table(pa.table({"emission": pa.array(rows, TYPE), "lengths": lengths}), source)
    command = ["score", str(model), str(source), str(target), "--function", "tag", "--vmap"]
    assert main([*command, "--map", "lengths=lengths"]) == 0
    assert pq.read_table(target).num_rows == 0
    assert pq.read_table(tmp_path / "out.errors.parquet").to_pydict()["row"] == [0, 1]


def test_files_that_are_none(source: Path, tmp_path: Path, capfd: Any) -> None:
    broken = tmp_path / "broken.synjax"
    broken.write_bytes(MODEL.read_bytes()[:-1])
    assert main(["score", str(broken), str(source), str(tmp_path / "out.parquet")]) == 2
    assert score(tmp_path / "nowhere.parquet", tmp_path / "out.parquet") == 2
    assert score(source, tmp_path / "out.docx") == 2
    assert capfd.readouterr().err.count("INVALID_ARGUMENT") == 3


def test_killed_at_any_moment_it_goes_on(tmp_path: Path, expected: dict) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    copies = 40
    pq.write_table(pa.table({"scores": pa.array(ROWS * copies, TYPE)}), source)
    command = [sys.executable, "-m", "synjax_worker", "score", MODEL, source, target]
    command += ["--function", "tag", "--map", "emission=scores"]
    begin = lambda: subprocess.Popen(command, cwd=PYTHON, stderr=subprocess.PIPE, text=True)
    wait, ended = random.Random(3), None
    for _ in range(5):
        process = begin()
        try:
            ended = process.wait(2 + 6 * wait.random())
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    if ended is None:
        process = begin()
        ended = process.wait(600)
    assert ended == 0, process.stderr.read()
    found = tags(target)
    assert found == {i + k * len(ROWS): expected[i] for k in range(copies) for i in GOOD}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "in.parquet",
        "out.errors.parquet",
        "out.parquet",
    ]


def test_a_line_that_changes_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    progress = Progress(1_000, terminal)
    progress.tell(200, 0)  # of an earlier run
    now = 102.0
    progress.tell(600, 1)
    assert terminal.getvalue().endswith(
        "[##############          ] 600 rows, 200 a second, 1 failed, 2 s left"
    )
    progress.end(1_000, 1)
    assert terminal.getvalue().endswith("1,000 rows, 400 a second, 1 failed\n")
