"""The life of the process: how it starts, and all the ways it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from synjax_worker.limits import Limits
from synjax_worker.worker.configuration import read_config
from tests.runtime.client import PYTHON, Body, Client, Worker, encode


def program(op: str, *args, **attributes) -> bytes:
    body = Body(1)
    return encode(body.returns(body.add(op, -1, *args, **attributes)))


def test_the_product_itself_starts_and_says_so_in_one_line():
    worker = Worker(real=True)
    client = Client(worker)
    assert set(worker.ready) == {"ready", "version", "registry", "address", "pid", "jax", "platform"}
    assert client.ping()["executables"] == 0
    client.close()
    worker.close()
    assert worker.process.returncode == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "Expecting value"),
        (b"{}", "address"),
        (b'{"address": "tcp://127.0.0.1:*"}', "token"),
        (b'{"address": "ipc:///x", "device": "abacus"}', "abacus"),
        (b'{"address": "ipc:///x", "colour": 1}', "colour"),
    ],
)
def test_a_configuration_is_checked(line, message):
    with pytest.raises(ValueError, match=message):
        read_config(line)


@pytest.mark.parametrize(("limits", "message"), [({"rnak": 3}, "rnak"), ({"rank": 0}, "positive")])
def test_limits_are_checked(limits, message):
    with pytest.raises(ValueError, match=message):
        Limits.from_config(limits)


def test_an_argument_that_is_wrong_is_named():
    for config, argument, expected in [
        ({"limits": {"rnak": 3}}, "limits.rnak", "one of equations"),
        ({"device": "tpu"}, "device", "one that the worker finds (cpu"),
    ]:
        worker = Worker(**config)
        said = worker.ready
        assert (said["ready"], said["code"], said["argument"]) == (False, "INVALID_ARGUMENT", argument)
        assert said["expected"].startswith(expected)
        worker.close()


def test_a_start_that_fails_is_one_line_and_exit_code_1():
    worker = Worker(address="ipc:///nowhere/at/all")
    assert (worker.ready["ready"], worker.ready["code"]) == (False, "WORKER_START")
    assert "nothing can listen at ipc:///nowhere/at/all" in worker.ready["message"]
    assert worker.process.wait(5) == 1
    for entry in worker.log().splitlines():
        json.loads(entry)
    worker.close()


def test_it_ends_with_its_stdin_also_while_it_computes():
    worker = Worker()
    client = Client(worker)
    client.launch(program("test.busy", turns=[0, 1_000_000]), np.eye(300, dtype=np.float32), wants=[0])
    while client.ping()["running"] == 0:
        pass
    worker.process.stdin.close()
    assert worker.process.wait(2) == 0
    client.close()


def test_an_interrupt_is_the_parents_affair():
    worker = Worker()
    client = Client(worker)
    worker.process.send_signal(signal.SIGINT)
    assert client.run(program("test.add", [0, 1]), 1) == 2
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(5) == 0
    client.close()


def test_it_dies_with_a_parent_that_was_killed(tmp_path):
    """The parent hands its stdin's writing end to nobody, and is killed: nothing says goodbye."""
    parent = textwrap.dedent(
        f"""
        import subprocess, sys, time
        worker = subprocess.Popen([sys.executable, "-m", "synjax_worker"], stdin=subprocess.PIPE)
        worker.stdin.write(b'{{"address": "ipc://{tmp_path}/socket"}}\\n')
        worker.stdin.flush()
        time.sleep(60)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(PYTHON)},
    )
    pid = json.loads(process.stdout.readline())["pid"]
    process.kill()
    process.wait()
    deadline = time.monotonic() + 600
    while os.path.exists(f"/proc/{pid}") and _state(pid) != "Z":
        assert time.monotonic() < deadline, "the worker outlived its parent"
    process.stdout.close()


@pytest.mark.parametrize("greeted", [False, True])
def test_a_private_directory_goes_with_it(tmp_path, greeted):
    """Once the client is connected nobody needs it, so nothing is left where both processes are killed."""
    directory = tmp_path / "private"
    directory.mkdir()
    worker = Worker(address=f"ipc://{directory}/socket", privateDirectory=True)
    client = Client(worker, hello=False)
    assert os.listdir(directory) == ["socket"]
    if greeted:
        client.hello()
        assert not directory.exists()
        assert client.run(program("test.add", [0, 1]), 1) == 2
        worker.process.kill()
    else:
        worker.process.stdin.close()
    worker.process.wait(5)
    assert not directory.exists()
    client.close()
    worker.close()


def test_a_directory_that_holds_more_than_the_socket_stays(tmp_path):
    (tmp_path / "mine").touch()
    worker = Worker(address=f"ipc://{tmp_path}/socket", privateDirectory=True)
    Client(worker).close()
    assert os.listdir(tmp_path) == ["mine"]
    worker.close()


def _state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


def test_what_is_printed_does_not_reach_stdout():
    worker = Worker()
    client = Client(worker)
    assert client.run(program("test.print"), 1) == 1
    client.close()
    log = worker.log()
    worker.process.stdin.close()
    worker.process.wait(5)
    assert worker.process.stdout.read() == b""
    assert "printed by an op" in log
    assert json.loads(log.splitlines()[0])["message"] == "ready"
