"""A supervisor starts the next worker where one ends as it should not, and leaves nobody behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from synjax_worker.limits import Limits
from synjax_worker.worker.keys import write_client
from synjax_worker.worker.server import Server
from tests.runtime.client import PYTHON, TIMEOUT_MS
from tests.runtime.test_serving import TWICE, Served, curve_client

READY = "print(json.dumps({'ready': True, 'pid': os.getpid()}), flush=True)\n"
SLEEP = "time.sleep(600)\n"


class Supervised:
    """A supervisor of children that are no workers."""

    def __init__(self, directory: Path, code: str, hang_after: float = 0, most: int = 3):
        self._stderr = (directory / "stderr").open("w+")
        self.process = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).with_name("supervised.py")),
                str(hang_after),
                str(most),
                code,
            ],
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=os.environ | {"PYTHONPATH": str(PYTHON)},
            cwd=directory,
            text=True,
        )

    def status(self) -> tuple[int, list[str], str]:
        """How it ended: its status, the rest of its stdout by lines, its log."""
        stdout, _ = self.process.communicate(timeout=120)
        self._stderr.seek(0)
        return self.process.returncode, stdout.splitlines(), self._stderr.read()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()
        self._stderr.close()


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator:
    open_ones: list[Supervised] = []

    def start(*arguments, **options) -> Supervised:
        open_ones.append(Supervised(tmp_path, *arguments, **options))
        return open_ones[-1]

    yield start
    for each in open_ones:
        each.close()


def until_ended(pid: int) -> None:
    end = time.monotonic() + TIMEOUT_MS / 1_000
    while True:
        assert time.monotonic() < end, f"{pid} runs on"
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z":
                return  # nobody waits for it here, but it runs no more
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.01)


def test_crashes_are_followed_by_a_start_until_there_are_too_many(supervised) -> None:
    status, lines, log = supervised(READY + "os.kill(os.getpid(), signal.SIGKILL)", most=2).status()
    assert (status, len(lines)) == (128 + signal.SIGKILL, 3), "two restarts, each told on stdout"
    assert '"pause": 0.1' in log and '"pause": 0.2' in log
    assert "workers end too often" in log


def test_what_never_was_ready_is_not_started_again(supervised) -> None:
    status, lines, _ = supervised("print(json.dumps({'ready': False, 'code': 'X'})); sys.exit(1)").status()
    assert (status, lines) == (1, ['{"ready": false, "code": "X"}'])


def test_one_that_did_not_become_ready_after_others_is_tried_again(supervised) -> None:
    code = "if turn == 1: sys.exit(1)\n" + READY + "sys.exit(0 if turn == 2 else 75)"
    status, lines, _ = supervised(code).status()
    assert (status, len(lines)) == (0, 2)


def test_signals_are_handed_on_and_one_ends_both_in_order(supervised) -> None:
    code = "signal.signal(signal.SIGHUP, lambda *_: print('HUP', flush=True))\n"
    code += "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n" + READY + SLEEP
    one = supervised(code)
    one.process.stdout.readline()
    one.process.send_signal(signal.SIGHUP)
    assert one.process.stdout.readline() == "HUP\n"
    one.process.send_signal(signal.SIGTERM)
    assert one.status()[:2] == (7, []), "no restart"


def test_a_second_signal_ends_both_at_once(supervised) -> None:
    code = "signal.signal(signal.SIGTERM, lambda *_: print('TERM', flush=True))\n" + READY
    one = supervised(code + "while True: time.sleep(600)")
    pid = int(one.process.stdout.readline().split()[-1].rstrip("}"))
    one.process.send_signal(signal.SIGTERM)
    assert one.process.stdout.readline() == "TERM\n"
    one.process.send_signal(signal.SIGTERM)
    assert one.status()[0] == 128 + signal.SIGTERM
    until_ended(pid)


def test_a_signal_between_two_workers_ends_it(supervised, tmp_path: Path) -> None:
    one = supervised(READY + "sys.exit(3)", most=50)
    while '"pause": 1.6' not in (tmp_path / "stderr").read_text():  # seconds in which there is none
        time.sleep(0.01)
    one.process.send_signal(signal.SIGTERM)
    status, lines, _ = one.status()
    assert (status, len(lines)) == (3, 5)


def test_a_silent_worker_is_killed_one_that_beats_is_not(supervised) -> None:
    beating = "for _ in range(50 * turn): os.write(beats, b'.'); time.sleep(0.05)\n"
    ends = "if turn: sys.exit(0)\n"
    status, lines, log = supervised(READY + beating + ends + SLEEP, hang_after=0.5).status()
    assert (status, len(lines)) == (0, 2)
    assert log.count("the worker hangs and is killed") == 1


def test_without_a_supervisor_a_silent_thread_ends_the_process() -> None:
    program = (
        "import time\nfrom synjax_worker.worker.heartbeat import Heartbeat\n"
        "heart = Heartbeat(0.2)\nheart.beat()\ndef where_it_hangs(): time.sleep(600)\nwhere_it_hangs()"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, cwd=PYTHON, text=True, timeout=120
    )
    assert found.returncode == 1
    assert "where_it_hangs" in found.stderr


def test_a_worker_that_hangs_is_replaced_at_its_port_and_ends_with_its_supervisor(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    write_client(keys, "web")
    served = Served(keys, "--restart", "--hang-after", "5")
    try:
        first = served.ready
        client = curve_client(served, keys / "web.json")
        np.testing.assert_array_equal(client.run(TWICE, np.float32([1, 2])), [2, 4])
        client.close()
        os.kill(first["pid"], signal.SIGSTOP)
        second = served.said()
        assert second["address"] == first["address"] and second["pid"] != first["pid"]
        assert "the worker hangs and is killed" in served.log()
        client = curve_client(served, keys / "web.json")
        np.testing.assert_array_equal(client.run(TWICE, np.float32([1, 2])), [2, 4])
        client.close()
        served.process.send_signal(signal.SIGKILL)
        until_ended(second["pid"])
    finally:
        served.close()


def test_the_thread_that_reads_messages_gives_the_signs_of_life(tmp_path: Path) -> None:
    beats: list[threading.Thread] = []

    def end() -> None:
        server._asked.ends_by = 0.0

    def beat() -> None:
        beats.append(threading.current_thread())
        if len(beats) == 2:
            end()

    server = Server(f"ipc://{tmp_path}/socket", None, {}, {}, Limits(), beat=beat)
    timer = threading.Timer(TIMEOUT_MS / 1_000, end)
    timer.daemon = True
    timer.start()
    server.serve()
    timer.cancel()
    assert beats == [threading.current_thread()] * 2
