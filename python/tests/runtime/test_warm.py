"""What a served worker has compiled it records; what it is told to, it compiles before it is ready."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest

from synjax_worker.limits import Limits
from synjax_worker.protocol import BATCHABLE, LENIENT
from synjax_worker.worker.keys import write_client
from synjax_worker.worker.warm_file import Entry, read, write
from tests.runtime.client import Body, Key, Worker, encode, hash_of
from tests.runtime.test_metrics import ask
from tests.runtime.test_optimistic import ADD_ONE, EASY, HARD, LOG_PARTITION
from tests.runtime.test_serving import TWICE, Served, curve_client

FLOATS = (1, "float32", (3,), False)
OPS = {"np.add"}


def entry(program: bytes = ADD_ONE, *inputs: tuple, **changes: Any) -> Entry:
    return Entry(program, inputs or (FLOATS,), (), 0, False, None)._replace(**changes)


def gate(path: Path) -> bytes:
    body = Body(1)
    return encode(body.returns(body.add("test.gate", -1, path=str(path))))


def recorded(path: Path) -> int:
    """How many executables a file names."""
    _, _, content, _ = msgpack.unpackb(path.read_bytes())
    return len(msgpack.unpackb(content)[2])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    for name in ("web", "other"):
        write_client(tmp_path / "keys", name)
    return tmp_path / "keys"


# ------------------------------------------------------------------------------------------------------ real workers


class Calls:
    """What is asked of a worker before and after it was warmed up."""

    def __init__(self, served: Served, keys: Path, gates: Path):
        self.web, self.other = (curve_client(served, keys / f"{name}.json") for name in ("web", "other"))
        self._gates = gates

    def answers(self) -> list[np.ndarray]:
        """Of a query that is refused and runs carefully, wide numbers, a number, keys, failing results, donated
        inputs, a distribution.
        """
        web = self.web
        draw, plus, fails, make, use = Body(1), Body(2), Body(1), Body(1), Body(1)
        draw = encode(draw.returns(draw.add("test.normal", -1)))
        plus = encode(plus.returns(plus.add("test.add", -1, -2)))
        fails = encode(fails.returns(fails.add("np.add", -1, [0, 1]), fails.add("np.matmul", -1, -1)))
        make = encode(make.returns(make.add("LinearChainCRF", log_potentials=-1)))
        use = encode(use.returns(use.add("LinearChainCRF.log_partition", -1)))
        large = web.put(np.zeros((5000, 4000), np.float32))
        made = web.launch(make, EASY)
        return [
            web.run(LOG_PARTITION, EASY),
            web.run(LOG_PARTITION, HARD),
            web.run(ADD_ONE, np.arange(3.0)),
            web.run(plus, np.float32([1, 2]), 7),
            web.run(plus, np.float32([1, 2]), 0.5),
            web.run(draw, Key(np.array([1, 2], np.uint32))),
            np.frombuffer(web.launch(fails, np.float32([1, 2]), wants=[0], flags=LENIENT).reply().data[0]),
            web.launch(TWICE, large, donated=[0], wants=[0]).values()[0][:1],
            web.launch(use, made.handles[0], wants=[0]).values()[0],
        ]

    def together(self, name: str) -> list[np.ndarray]:
        """Answers of three launches that run together, with one input that is the same for all."""
        shared = self.web.put(np.float32([10, 20]))
        self.web.share(name, [shared])
        _, (theirs,) = self.other.take(name)
        body = Body(3)
        scaled = encode(body.returns(body.add("test.add", body.add("test.multiply", -1, -2), -3)))
        path = self._gates / name
        held = self.web.launch(gate(path), np.float32(0))
        while not path.with_name(f"{name}.reached").exists():
            time.sleep(0.002)
        calls = [
            client.launch(scaled, np.float32([k, 1]), handle, 3, wants=[0], flags=BATCHABLE)
            for k, (client, handle) in enumerate(
                [(self.web, shared), (self.other, theirs), (self.other, theirs)]
            )
        ]
        while self.web.ping()["queued"] < 3:
            time.sleep(0.002)
        path.touch()
        held.reply()
        return [call.values()[0] for call in calls]


def test_the_next_worker_is_ready_when_it_has_compiled_what_was_recorded(keys: Path, tmp_path: Path) -> None:
    listed = tmp_path / "warm"
    port, metrics = free_port(), f"127.0.0.1:{free_port()}"
    arguments = ("--warm", str(listed), "--record", str(listed), "--listen", f"tcp://127.0.0.1:{port}")
    first = Served(keys, *arguments)
    try:
        calls = Calls(first, keys, tmp_path)
        want = calls.answers()
        together = calls.together("one")
        # All but what takes a distribution, without waiting for the end of the worker.
        while recorded(listed) < calls.web.ping()["executables"] - 1:
            time.sleep(0.01)
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(30) == 0
    finally:
        first.close()

    second = Served(keys, *arguments, "--metrics", metrics, waits=False)
    try:
        reached = tmp_path / "one.reached"
        reached.unlink()
        while not reached.exists():
            assert second.process.poll() is None, second.log()
            time.sleep(0.01)
        status, text = ask(metrics, "/readyz")
        assert status == 503 and text.startswith("warming up, ") and " of " in text
        assert ask(metrics, "/healthz")[0] == 200
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        (tmp_path / "one").touch()
        assert second.said()["address"] == f"tcp://127.0.0.1:{port}"
        calls = Calls(second, keys, tmp_path)
        compiles = calls.web.ping()["compiles"]
        for one, other in zip(calls.answers(), want, strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(calls.together("two"), together)
        assert calls.web.ping()["compiles"] == compiles + 2, "what takes a distribution, and the gate"
        _, metrics_text = ask(metrics, "/metrics")
        assert "synjax_batched_launches_total 3.0" in metrics_text
        assert ask(metrics, "/readyz")[0] == 200
    finally:
        second.close()


def test_a_program_that_does_not_compile_keeps_it_from_being_ready(
    keys: Path, tmp_path: Path, worker: Worker
) -> None:
    fails, unknown = Body(1), Body(1)
    fails = encode(fails.returns(fails.add("test.fail", -1, message="it cannot")))
    unknown = encode(unknown.returns(unknown.add("test.gone", -1)))
    listed, metrics = tmp_path / "warm", f"127.0.0.1:{free_port()}"
    registry = worker.ready["registry"]
    entries = [entry(), entry(fails), entry(unknown), entry(TWICE)]
    write(listed, registry, entries)
    served = Served(keys, "--warm", str(listed), "--record", str(listed), "--metrics", metrics)
    try:
        hash_, where = hash_of(fails).hex(), "does not compile"
        why = f"program 2 of 4 of the warm-up {where}: {hash_}: [OP_FAILED] test.fail: it cannot"
        assert (served.ready["ready"], served.ready["code"]) == (False, "WORKER_START")
        assert served.ready["message"].startswith(why)
        assert "op test.fail, body 0, equation 0" in served.ready["message"]
        assert served.ready["message"].endswith("and 1 more, which the log names")
        assert f"program 3 of 4 of the warm-up does not compile: {hash_of(unknown).hex()}" in served.log()
        assert ask(metrics, "/readyz") == (503, f"{served.ready['message']}\n")
        assert ask(metrics, "/healthz")[0] == 200
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(30) == 0
        assert set(read(listed, "--warm", registry, OPS, Limits())) == set(entries), (
            "what did not compile is still recorded"
        )
    finally:
        served.close()


def test_a_file_that_cannot_be_meant_is_told_at_the_start(keys: Path, tmp_path: Path) -> None:
    served = Served(keys, "--warm", str(tmp_path / "nowhere"))
    try:
        assert served.process.wait(60) == 1
        assert (served.ready["ready"], served.ready["code"]) == (False, "INVALID_ARGUMENT")
        assert (served.ready["argument"], served.ready["expected"]) == ("--warm", "a file that can be read")
        assert str(tmp_path / "nowhere") in served.ready["received"]
    finally:
        served.close()
