"""Files of programs with operations of plugins, in Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from synjax_worker import files
from synjax_worker.errors import SynjaxError
from synjax_worker.plugin.loading import load_plugins
from synjax_worker.registry import load
from tests.files.writing import leaf, metadata_of, packed, program, written

FILTERS = str(Path(__file__).with_name("filters.py"))
ROWS = np.float32([[3, 0, 3, 6], [0, 3, 3, 0]])


def smoothed(directory: Path, digest: str) -> Path:
    """A file whose one function smooths rows."""
    programs = [program(1, 0, [[f"filters.smooth@{digest}", [-1]]], [0])]
    of = {"program": 0, "results": 0, "outputs": [leaf("float32", None, None)], "flags": {}}
    of |= {"arguments": [{"name": "x", "tree": 0}], "inputs": [leaf("float32", "b", 4)]}
    metadata = metadata_of(programs, {"smoothed": of}, {}) | {"ops": json.dumps({"filters.smooth": digest})}
    return written(directory, packed({}, metadata), "smoothed.synjax")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return smoothed(tmp_path, load_plugins([FILTERS], load().ops)["filters"].hashes["smooth"])


def test_they_run_with_the_plugin(path: Path) -> None:
    found = files.load(path, plugins=[FILTERS]).functions["smoothed"](ROWS)
    np.testing.assert_allclose(found, [[1, 2, 3, 3], [1, 2, 2, 1]])


def test_they_name_it_without(path: Path, tmp_path: Path) -> None:
    with pytest.raises(
        SynjaxError, match=r"smoothed\.synjax: filters\.smooth is of the plugin filters"
    ) as caught:
        files.load(path)
    assert (caught.value.code, caught.value.details["op"]) == ("UNKNOWN_OP", "filters.smooth")
    with pytest.raises(SynjaxError, match=r"filters\.smooth has another signature or version here"):
        files.load(smoothed(tmp_path, "0123456789abcdef"), plugins=[FILTERS])


def test_their_rows_are_scored(path: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps({"x": row}) for row in ROWS.tolist()))
    command = [sys.executable, "-m", "synjax_worker", "score", str(path), str(source), str(target)]
    without = subprocess.run(command, capture_output=True, text=True)
    assert (without.returncode, "[UNKNOWN_OP]" in without.stderr) == (2, True)
    subprocess.run([*command, "--plugin", FILTERS], check=True, capture_output=True)
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    np.testing.assert_allclose([row["result"] for row in rows], [[1, 2, 3, 3], [1, 2, 2, 1]])
