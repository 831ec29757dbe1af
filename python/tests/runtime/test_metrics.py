"""What is going on in a worker, as those see it who ask over HTTP."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from synjax_worker.errors import InvalidArgument, SynjaxError
from synjax_worker.worker import http as http_listener
from synjax_worker.worker import metrics
from synjax_worker.worker.engine import Job, Session
from synjax_worker.worker.http import Answer, listen
from tests.runtime.client import PYTHON, Body, Client, RemoteError, Worker, encode
from tests.runtime.test_wire import ADD_ONE, Gate, unary

Sample = tuple[str, frozenset]


def ask(address: str, path: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request(method, path)
    response = connection.getresponse()
    found = response.status, response.read().decode()
    connection.close()
    return found


class Watched:
    """A worker that is watched, and a client of it."""

    def __init__(self, **config: Any) -> None:
        self.worker = Worker(metricsAddress="0", **config)
        self.address: str = self.worker.ready["metricsAddress"]
        self.client = Client(self.worker)

    def samples(self) -> dict[Sample, float]:
        status, text = ask(self.address, "/metrics")
        assert status == 200
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def close(self) -> None:
        self.client.close()
        self.worker.close()


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    watched.close()


def named(name: str, **labels: str) -> Sample:
    return f"synjax_{name}", frozenset({"client": "anonymous", **labels}.items())


class TestMetrics:
    def test_calls_are_counted_by_kind_and_outcome(self, watched: Watched):
        client = watched.client
        before = watched.samples()
        body = Body(1)
        failing = encode(body.returns(body.add("test.fail", -1)))
        client.launch(failing, 1).error()
        new = unary("test.add", [0, 4_711])
        for _ in range(3):
            client.run(new, 1)
        handle = client.put(np.zeros(1_000, np.float32))
        client.fetch(handle)
        client.share("w", [handle])
        client.take("w")
        with pytest.raises(RemoteError):
            client.take("v")
        after = watched.samples()

        def more(name: str, **labels: str) -> float:
            sample = named(name, **labels)
            return after[sample] - before.get(sample, 0)

        assert more("calls_total", kind="launch", code="OK") == 4
        assert more("calls_total", kind="launch", code="OP_FAILED") == 1
        assert more("calls_total", kind="fetch", code="OK") == 1
        assert more("calls_total", kind="share", code="OK") == 1
        assert more("calls_total", kind="shared", code="INVALID_ARGUMENT") == 1
        assert more("queue_seconds_count", kind="launch") == 5
        assert more("run_seconds_count", kind="launch") == 5
        assert more("compile_seconds_count") == 1, "the new one; what is put needs no program"
        assert 0 < more("compile_seconds_sum") < 600
        assert 4_000 < more("received_bytes_total") < 8_000
        assert 4_000 < more("sent_bytes_total") < 8_000
        client.unshare("w")

    def test_what_there_is_is_looked_at(self, watched: Watched):
        other = Client(watched.worker)
        other.run(ADD_ONE, 1)
        kept = other.put(np.zeros(256, np.float32))
        other.share("kept", [kept])
        found = watched.samples()
        assert found[named("sessions")] == 2
        assert found[named("handle_bytes")] >= 1_024
        assert found[named("handles")] >= 1
        plain = {name: value for (name, labels), value in found.items() if not labels}
        assert (plain["synjax_shared_trees"], plain["synjax_shared_bytes"]) == (1, 1_024)
        assert plain["synjax_executables"] >= 1 and plain["synjax_queued_calls"] == 0
        assert plain["synjax_batches_total"] == plain["synjax_batched_launches_total"] == 0
        assert plain["process_resident_memory_bytes"] > 10**7
        (info,) = (dict(labels) for name, labels in found if name == "synjax_worker_info")
        assert (info["registry"], info["platform"]) == (watched.worker.ready["registry"], "cpu")
        other.unshare("kept")
        other.close()

    def test_the_time_in_the_queue_is_not_that_of_running(self, watched: Watched, tmp_path: Path):
        before = watched.samples()
        gate = Gate(watched.client, tmp_path / "open")
        gate.wait_until_running()
        late = watched.client.launch(ADD_ONE, 1, wants=[0])
        watched.client.ping()
        time.sleep(0.2)
        gate.open()
        gate.call.reply()
        late.reply()
        after = watched.samples()
        queue, compiled = (
            after[sample] - before.get(sample, 0)
            for sample in (named("queue_seconds_sum", kind="launch"), named("compile_seconds_sum"))
        )
        assert queue >= 0.2, "the second waited for the first"
        assert compiled >= 0.2, "the first was traced for so long"

    def test_refused_messages_are_counted(self, watched: Watched):
        stranger = Client(watched.worker, hello=False)
        with pytest.raises(RemoteError, match="PROTOCOL_MISMATCH"):
            stranger.hello(version=7)
        assert watched.samples()[named("refused_messages_total", code="PROTOCOL_MISMATCH")] == 1
        stranger.close()


class TestHealth:
    def test_alive_and_ready(self, watched: Watched):
        watched.client.run(ADD_ONE, 1)
        assert ask(watched.address, "/healthz") == (200, "ok\n")
        assert ask(watched.address, "/readyz?x=1") == (200, "ok\n")
        assert ask(watched.address, "/readyz", "HEAD") == (200, "")
        assert ask(watched.address, "/")[0] == 404
        assert ask(watched.address, "/metrics", "POST")[0] == 501

    def test_not_ready_before_the_warm_up_and_not_alive_in_silence(self, monkeypatch: pytest.MonkeyPatch):
        observer = metrics.Metrics()
        assert observer.answer("/readyz", "") == Answer(
            503, "text/plain; charset=utf-8", b"the worker starts\n"
        )
        observer.ready()
        assert observer.answer("/readyz", "").status == 200
        now = time.monotonic()
        monkeypatch.setattr(metrics.time, "monotonic", lambda: now + 60)
        silent = observer.answer("/healthz", "")
        assert (silent.status, silent.body) == (503, b"the IO thread is silent for 60 s\n")
        observer.alive(ends=False)
        assert observer.answer("/healthz", "").status == 200
        assert observer.answer("/readyz", "").status == 200
        observer.alive(ends=True)
        assert observer.answer("/readyz", "").body == b"the worker is about to end\n"

    def test_a_worker_at_work_is_alive_and_answers(self, watched: Watched, tmp_path: Path):
        gate = Gate(watched.client, tmp_path / "open")
        gate.wait_until_running()
        assert ask(watched.address, "/healthz")[0] == 200
        assert watched.samples()[("synjax_running_calls", frozenset())] >= 1
        gate.open()
        gate.call.reply()


class TestNames:
    def test_a_client_is_called_by_its_key(self):
        observer = metrics.Metrics()
        session = Session(b"c", name="web-1")
        observer.received(session, 10)
        observer.answered(Job(session, lambda: None, []), [1, 0, None])
        text = observer.answer("/metrics", "").body.decode()
        assert 'synjax_received_bytes_total{client="web-1"} 10.0' in text
        assert "synjax_calls_total{" not in text, "work of the engine's own is no call"


class TestListening:
    @pytest.mark.parametrize(
        "address", ["", "host", "1.2.3.4", "a b:1", "host:port", "127.0.0.1:70000", 9100]
    )
    def test_what_is_no_address_is_refused(self, address):
        with pytest.raises(InvalidArgument) as caught:
            listen(address, lambda path, accept: None)
        assert caught.value.argument == "metricsAddress"

    def test_without_a_host_only_this_machine_reaches_it(self):
        for given in ("0", ":0"):
            assert listen(given, lambda path, accept: None).startswith("127.0.0.1:")

    def test_a_port_in_use_is_told(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            with pytest.raises(SynjaxError) as caught:
                listen(f"127.0.0.1:{taken.getsockname()[1]}", lambda path, accept: None)
        assert caught.value.code == "WORKER_START" and "in use" in caught.value.message

    def test_a_worker_says_so_and_does_not_start(self):
        worker = Worker(metricsAddress="nowhere")
        assert (worker.ready["code"], worker.ready["argument"]) == ("INVALID_ARGUMENT", "metricsAddress")
        worker.close()

    def test_half_a_request_and_garbage_keep_nobody_from_asking(self):
        address = listen("0", lambda path, accept: Answer(200, "text/plain", path.encode()))
        host, port = address.split(":")
        half = [socket.create_connection((host, int(port))) for _ in range(3)]
        for each in half:
            each.sendall(b"GET /metrics HT")
        with socket.create_connection((host, int(port))) as garbage:
            garbage.sendall(bytes(range(256)) * 300 + b"\r\n\r\n")
        assert ask(address, "/x?y") == (200, "/x")
        for each in half:
            each.close()

    def test_requests_that_come_byte_by_byte_keep_nobody_from_asking(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(http_listener, "_TIMEOUT_SECONDS", 1)
        address = listen("0", lambda path, accept: Answer(200, "text/plain", path.encode()))
        host, port = address.split(":")
        slow = [socket.create_connection((host, int(port))) for _ in range(8)]
        with ThreadPoolExecutor() as pool:
            asked = pool.submit(ask, address, "/x")
            deadline = time.monotonic() + 30
            while not asked.done() and time.monotonic() < deadline:
                for each in slow:
                    with suppress(OSError):  # it was sent away
                        each.sendall(b"G")
                time.sleep(0.05)
            for each in slow:
                each.close()
            assert time.monotonic() < deadline
            assert asked.result() == (200, "/x")

    def test_an_answer_that_fails_is_answered(self):
        def fail(path: str, accept: str) -> Answer:
            raise ValueError("no")

        assert ask(listen("0", fail), "/")[0] == 500


def test_nothing_is_imported_unless_it_is_asked_for():
    program = "import sys, synjax_worker.worker.process\nprint(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, cwd=PYTHON, text=True
    )
    loaded = set(found.stdout.split())
    assert "synjax_worker.worker.server" in loaded
    assert not loaded & {"prometheus_client", "synjax_worker.worker.metrics", "synjax_worker.worker.http"}
