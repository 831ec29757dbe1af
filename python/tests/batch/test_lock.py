"""Two runs at one output: the second is refused, by the name of the first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from synjax_worker.batch import lock
from synjax_worker.batch.lock import Lock
from synjax_worker.batch.writer import PartsWriter
from synjax_worker.errors import InvalidArgument

PYTHON = Path(__file__).parents[2]
HOLDS = """
import sys, pathlib
from synjax_worker.batch.writer import PartsWriter
writer = PartsWriter(pathlib.Path(sys.argv[1]), {})
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_the_second_run_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    command = [sys.executable, "-c", HOLDS, str(target)]
    with subprocess.Popen(
        command, cwd=PYTHON, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout.readline() == "held\n"
        with pytest.raises(InvalidArgument, match=rf"no other run works in .*, got process {first.pid} on "):
            PartsWriter(target, {})
        first.send_signal(signal.SIGKILL)
        first.wait()
    PartsWriter(target, {}).close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_whoever_had_it_removes_the_directory_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock on a file that was removed keeps nobody away: it must not count."""
    directory, taken = tmp_path / "parts", []

    def take(file: int, where: Path, take: Any = lock._take) -> None:
        if not taken:
            (where / "lock").unlink()
            where.rmdir()
        taken.append(file)
        take(file, where)

    monkeypatch.setattr(lock, "_take", take)
    held = Lock(directory)
    with pytest.raises(InvalidArgument, match=f"process {os.getpid()} on"):
        Lock(directory)
    held.release()
    Lock(directory).release()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_whoever_is_refused_because_of_the_parts_holds_nothing(tmp_path: Path) -> None:
    PartsWriter(tmp_path / "out.parquet", {"a": 1}).close()
    with pytest.raises(InvalidArgument, match="another run") as refused:
        PartsWriter(tmp_path / "out.parquet", {"a": 2})
    assert refused.value.argument == "output"
    PartsWriter(tmp_path / "out.parquet", {"a": 1}).close()
