"""The files of every version so far, which the client's tests have too, and what the command says of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from synjax_worker import files
from synjax_worker.errors import InvalidArgument

GOLDEN = Path(__file__).parents[3] / "tests" / "golden" / "files"
EMISSION = np.array([[[2, 0], [0, 3], [1, 1.5]], [[0, 1], [0, 0], [0, 0]]], np.float32)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("tagger-*.synjax")), ids=lambda path: path.stem)
def test_a_file_of_an_earlier_version_does_what_it_did(path: Path) -> None:
    model = files.load(path)
    expected = json.loads(model.metadata["expected"])
    assert model.functions["tag"](EMISSION, [3, 1]).tolist() == [[0, 1, 1], [1, -1, -1]]
    score = model.functions["score"](emission=EMISSION, lengths=[3, 1])
    np.testing.assert_allclose(score["logZ"], expected["logZ"], rtol=1e-5)
    np.testing.assert_allclose(score["marginals"], expected["marginals"], atol=1e-5)


def test_there_is_one_of_each_format() -> None:
    assert {path.name for path in GOLDEN.iterdir()} >= {"tagger-1.synjax", "tagger-2.synjax"}


@pytest.mark.parametrize("at", [-100, -(1 << 20), -1_200_000])
def test_large_tensors_are_hashed_by_pieces_and_each_counts(at: int, tmp_path: Path) -> None:
    changed = bytearray((GOLDEN / "tagger-2.synjax").read_bytes())
    changed[at] ^= 1
    path = tmp_path / "changed.synjax"
    path.write_bytes(changed)
    with pytest.raises(InvalidArgument, match=r"`params\.spare` as it was written"):
        files.load(path)


def test_the_command_says_what_a_file_holds(tmp_path: Path) -> None:
    def inspected(path: Path) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "synjax_worker", "inspect", str(path)]
        return subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])

    path = GOLDEN / "tagger-1.synjax"
    lines = inspected(path).stdout.splitlines()
    assert lines[0].endswith(f"format 1, {path.stat().st_size:,} bytes, written by synjax-ts 0.1.0")
    assert "  tag(emission: float32[?, ?, ?], lengths: int32[?]) -> int32[?, ?]  program 0" in lines
    assert any(line.startswith("  params.transition  float32[2, 2]  sha256 8b105790") for line in lines)
    assert any(line.startswith("  LinearChainCRF.argmax  ") for line in lines)
    cut = tmp_path / "cut.synjax"
    cut.write_bytes(path.read_bytes()[:-1])
    found = inspected(cut)
    assert found.returncode == 2 and found.stdout == ""
    assert found.stderr.startswith("synjax: [INVALID_ARGUMENT] `FILE`: ")
