"""What the worker makes of messages: hello, orders, limits, and what is no message at all."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import msgpack
import numpy as np
import pytest

from synjax_worker.protocol import (
    CANCEL,
    COMPILE,
    FETCH,
    FORGET,
    FREE,
    GOODBYE,
    HELLO,
    LAUNCH,
    PING,
    SHARE,
    SHARED,
    UNSHARE,
)
from tests.runtime.client import IDENTITY, Body, Client, RemoteError, Worker, encode, hash_of


def unary(op: str, *args, **attributes) -> bytes:
    body = Body(1)
    return encode(body.returns(body.add(op, -1, *args, **attributes)))


class Gate:
    """A launch that stays in the compute thread until it is opened."""

    def __init__(self, client: Client, path: Path):
        self._client, self._path = client, path
        self.call = client.launch(unary("test.gate", path=str(path)), 1.0, wants=[0])

    def wait_until_running(self) -> dict:
        # The counters say so a moment before: when it is taken from the queue, and can still be cancelled.
        reached = self._path.with_name(f"{self._path.name}.reached")
        deadline = time.monotonic() + 600
        while not reached.exists():
            assert time.monotonic() < deadline, "the gate was not reached"
            time.sleep(0.001)
        return self._client.ping()

    def open(self) -> None:
        self._path.touch()


@pytest.fixture
def gate_path(tmp_path: Path) -> Path:
    return tmp_path / "open"


ADD_ONE = unary("test.add", [0, 1])


@pytest.fixture
def stranger(worker: Worker) -> Iterator[Client]:
    client = Client(worker, hello=False)
    yield client
    client.close()


@pytest.fixture(scope="module")
def small_worker() -> Iterator[Worker]:
    """A worker whose limits are easy to reach."""
    limits = {
        "frames": 8,
        "frameBytes": 100_000,
        "messageBytes": 150_000,
        "handles": 20,
        "programs": 3,
        "executables": 2,
        "inFlightMessages": 4,
        "inFlightBytes": 80_000,
        "rank": 4,
    }
    worker = Worker(limits=limits)
    yield worker
    worker.close()


@pytest.fixture
def small(small_worker: Worker) -> Iterator[Client]:
    client = Client(small_worker)
    yield client
    client.goodbye(drain=False)
    client.close()


class TestHello:
    def test_says_who_is_there(self, worker: Worker, stranger: Client):
        info = stranger.hello()
        assert info["registry"] == worker.ready["registry"]
        assert (info["version"], info["pid"], info["platform"]) == (1, worker.process.pid, "cpu")
        assert info["limits"]["equations"] == 100_000
        assert len(info["devices"]) == 1

    @pytest.mark.parametrize(("field", "value"), [("version", 2), ("registry", "0123")])
    def test_refuses_another_version_or_registry(self, worker: Worker, stranger: Client, field, value):
        with pytest.raises(RemoteError) as caught:
            stranger.hello(**{field: value})
        error = caught.value.error
        ours = str(worker.ready[field])
        assert (error["code"], error["received"], error["expected"]) == (
            "PROTOCOL_MISMATCH",
            str(value),
            ours,
        )

    def test_comes_first(self, stranger: Client):
        for header in ([PING, 1], [LAUNCH, 2], [FETCH, 3, [], []], [GOODBYE, 4, True]):
            stranger.send(header)
            with pytest.raises(RemoteError, match="UNAUTHORIZED"):
                stranger.result(header[1])

    def test_needs_the_token(self):
        worker = Worker(address="tcp://127.0.0.1:*", token="secret")
        assert worker.ready["address"].startswith("tcp://127.0.0.1:")
        for token in (None, "", "secre", "secret2", 7):
            client = Client(worker, hello=False)
            with pytest.raises(RemoteError, match="UNAUTHORIZED"):
                client.hello(token=token)
            client.close()
        client = Client(worker, token="secret")
        assert client.run(ADD_ONE, 1) == 2
        client.close()
        worker.close()


BAD_HEADERS = [
    b"",
    b"\xc1",
    b"\x92\x01",
    msgpack.packb({}),
    msgpack.packb([]),
    msgpack.packb([1]),
    msgpack.packb(["launch", 1]),
    msgpack.packb([1, -1]),
    msgpack.packb([1, "x"]),
]
BAD_MESSAGES = [
    [LAUNCH, 7],
    [LAUNCH, 7, b"short", 0, [], 1, 1, [], [], [], 0],
    [LAUNCH, 7, b"h" * 16, 2, [], 1, 1, [], [], [], 0],
    [LAUNCH, 7, b"h" * 16, 0, [[1, "int7", [], b""]], 1, 1, [], [], [], 0],
    [LAUNCH, 7, b"h" * 16, 0, [[1, "int8", [-1], b""]], 1, 1, [], [], [], 0],
    [LAUNCH, 7, b"h" * 16, 0, [[0, 2**31]], 1, 1, [], [], [], 0],
    [LAUNCH, 7, b"h" * 16, 0, [None], 1, 1, [], [], [], 0],
    [LAUNCH, 7, b"h" * 16, 0, [], -1, 1, [], [], [], 0],
    [LAUNCH, 7, b"h" * 16, 0, [], 1, 1, [1], [], [], 0],
    [LAUNCH, 7, b"h" * 16, 0, [], 1, 1, [], [0], [], 0],
    [LAUNCH, 7, b"h" * 16, 0, [], 1, 1, [], [], ["x"], 0],
    [LAUNCH, 7, b"h" * 16, 0, [], 1, 1, [], [], [], 16],
    [LAUNCH, 7, b"h" * 16, 0, [], 1, 1, [], [], [], 0, "more"],
    [COMPILE, 7, b"h" * 16, 0, [], []],
    [COMPILE, 7, b"h" * 15, 0, [], [], 0],
    [COMPILE, 7, b"h" * 16, 0, [], [], 16],
    [COMPILE, 7, b"h" * 16, 0, [], [0], 0],
    [COMPILE, 7, b"h" * 16, 0, [[1, "float32", [2]]], [], 0],
    [COMPILE, 7, b"h" * 16, 0, [[1, "float32", [2], b"12345678"]], [], 0],
    [COMPILE, 7, b"h" * 16, 0, [[1, "float8", [2], False]], [], 0],
    [COMPILE, 7, b"h" * 16, 0, [[1, "float32", [-2], False]], [], 0],
    [FETCH, 7, [1]],
    [FETCH, 7, ["x"], []],
    [FREE, 7, 1],
    [FORGET, 7, ["x"]],
    [CANCEL, 7, None],
    [GOODBYE, 7, 1],
    [HELLO, 7, {"version": 1, "more": 2}],
    [SHARE, 7, "w", [1]],
    [SHARE, 7, "w", [1], 1],
    [SHARE, 7, b"w", [1], False],
    [SHARE, 7, "", [1], False],
    [SHARE, 7, "w" * 201, [1], False],
    [SHARE, 7, "a\nb", [1], False],
    [SHARE, 7, "a\x85b", [1], False],
    [SHARE, 7, "w", 1, False],
    [SHARE, 7, "w", [], False],
    [SHARE, 7, "w", [1, 2], False],
    [SHARE, 7, "w", [-1], False],
    [SHARE, 7, "w", [True], False],
    [SHARE, 7, "w", [[]], False],
    [SHARE, 7, "w", [[0, -1]], False],
    [SHARE, 7, "w", [[0, 2], 1], False],
    [SHARE, 7, "w", [[0, 1], 1, 2], False],
    [SHARE, 7, "w", [[0, 2**52], 1], False],
    [SHARE, 7, "w", [[0, 1, 1], 1], False],
    [SHARE, 7, "w", [[1, "a", "a"], 1, 2], False],
    [SHARE, 7, "w", [[1, 3], 1], False],
    [SHARE, 7, "w", [[2, "a"], 1], False],
    [SHARE, 7, "w", [[False, 1], 1], False],
    [SHARE, 7, "w", [[0, 1]] * 65 + [1], False],
    [SHARE, 7, "w", [[0, 10_001], *range(10_001)], False],
    [SHARED, 7, "w"],
    [SHARED, 7, "w", -1],
    [SHARED, 7, None, 1],
    [UNSHARE, 7],
    [UNSHARE, 7, 3],
    [99, 7],
]


class TestMalformed:
    @pytest.mark.parametrize("header", BAD_HEADERS)
    def test_headers_are_answered(self, client: Client, header):
        client.send(header)
        with pytest.raises(RemoteError, match="BAD_MESSAGE"):
            client.result(0)
        assert client.run(ADD_ONE, 1) == 2

    @pytest.mark.parametrize("header", BAD_MESSAGES)
    def test_messages_are_answered(self, client: Client, header):
        header = [*header]
        header[1] = 1_000_000
        client.send(header)
        with pytest.raises(RemoteError, match="BAD_MESSAGE"):
            client.result(1_000_000)
        assert client.ping()["queued"] == 0

    def test_buffers_must_fill_their_shapes_and_no_more(self, client: Client):
        hash_ = hash_of(ADD_ONE)
        client.run(ADD_ONE, 1)
        x = np.zeros(200, np.float32).tobytes()
        cases = [
            ([[1, "float32", [200]]], []),
            ([[1, "float32", [200]]], [x, x]),
            ([[1, "float32", [201]]], [x]),
            ([[1, "float32", [2**40, 2**40]]], [x]),
            ([[1, "float32", [2], b"1234567"]], []),
            ([[0, 1], [0, 1]], []),
        ]
        for trial, (inputs, buffers) in enumerate(cases):
            seq, first = 2_000 + trial, 3_000 + trial
            client.send([LAUNCH, seq, hash_, 0, inputs, first, 1, [], [], [], 0], *buffers)
            with pytest.raises(RemoteError, match="BAD_MESSAGE"):
                client.result(seq)
            client.send([FETCH, 4_000 + trial, [first], []])
            with pytest.raises(RemoteError, match="BAD_MESSAGE") as caught:
                client.result(4_000 + trial)
            assert caught.value.error["launch"] == seq

    def test_a_body_must_have_its_hash(self, client: Client):
        client.send([LAUNCH, 50, hash_of(b"other"), 1, [[0, 1]], 1, 1, [], [], [], 0], ADD_ONE)
        with pytest.raises(RemoteError, match="BAD_HASH"):
            client.result(50)

    def test_a_number_of_results_that_is_not_the_programs(self, client: Client):
        assert client.launch(ADD_ONE, 1, outputs=2).error()["code"] == "BAD_MESSAGE"

    def test_random_messages_leave_the_worker_alive(self, worker: Worker, client: Client):
        seed = 11
        rng = random.Random(seed)
        noise = Client(worker)
        valid = [LAUNCH, 0, hash_of(ADD_ONE), 1, [[1, "float32", [2], b"12345678"]], 1, 1, [0], [], [], 0]
        for _ in range(400):
            header = list(valid)
            for _ in range(rng.randint(1, 2)):
                header[rng.randrange(len(header))] = rng.choice(
                    [None, -1, 0, 1, 2**60, 1.5, "x", b"", [], [[]], [1], {"a": 1}, True]
                )
            frames = [msgpack.packb(header), ADD_ONE, b"extra"][: rng.randint(1, 3)]
            noise.send(*frames)
        assert noise.ping()["uptime"] > 0, seed
        assert client.run(ADD_ONE, 1) == 2
        noise.close()


class TestLimits:
    def test_frames(self, small: Client):
        assert small.run(ADD_ONE, 1) == 2
        small.send([LAUNCH, 70, hash_of(ADD_ONE), 0, [[0, 1]], 1_000, 1, [], [], [], 0], *[b"x"] * 8)
        with pytest.raises(RemoteError, match="LIMIT_FRAMES"):
            small.result(70)

    def test_bytes_of_a_frame_and_of_a_message(self, small: Client):
        assert small.launch(ADD_ONE, np.zeros(100_001, np.uint8)).error()["code"] == "LIMIT_BYTES"
        body = Body(2)
        program = encode(body.returns(body.add("test.add", -1, -2)))
        x = np.zeros(80_000, np.uint8)
        call = small.launch(program, x, x)
        assert call.error()["code"] == "LIMIT_BYTES"
        assert small.start_fetch(call.handles[0]).error()["launch"] == call.seq

    def test_handles(self, small: Client):
        handles = []
        for _ in range(20):
            call = small.launch(IDENTITY, 1.5)
            call.reply()
            handles += call.handles
        error = small.launch(ADD_ONE, handles[0]).error()
        assert (error["code"], "20" in error["message"]) == ("LIMIT_HANDLES", True)
        small.free(*handles[1:])
        assert small.launch(ADD_ONE, handles[0], wants=[0]).values() == [2.5]

    def test_programs_and_forget(self, small: Client):
        programs = [unary("test.add", [0, k]) for k in range(4)]
        for k in range(3):
            assert small.run(programs[k], 1) == k + 1
        assert small.launch(programs[3], 1).error()["code"] == "LIMIT_PROGRAMS"
        small.send([FORGET, 0, [hash_of(programs[0])]])
        assert small.run(programs[3], 1, send_body=True) == 4
        assert small.launch(programs[0], 1, send_body=False).error()["code"] == "UNKNOWN_PROGRAM"
        assert small.ping()["programs"] == 3

    def test_executables_are_dropped_and_compiled_again(self, small: Client):
        for length in (1, 2, 3):
            small.run(ADD_ONE, np.zeros(length, np.float32))
        counters = small.ping()
        assert counters["executables"] == 2
        small.run(ADD_ONE, np.zeros(3, np.float32))
        assert small.ping()["compiles"] == counters["compiles"]
        small.run(ADD_ONE, np.zeros(1, np.float32))
        assert small.ping()["compiles"] == counters["compiles"] + 1

    def test_calls_in_flight(self, small: Client, gate_path: Path):
        gate = Gate(small, gate_path)
        gate.wait_until_running()
        calls = [small.launch(ADD_ONE, 1, wants=[0]) for _ in range(10)]
        small.ping()
        gate.open()
        codes = []
        for call in calls:
            try:
                codes.append(call.values()[0])
            except RemoteError as error:
                assert error.error["retryAfter"] > 0
                codes.append(error.code)
        assert codes == [2] * 7 + ["OVERLOADED"] * 3
        assert small.start_fetch(calls[-1].handles[0]).error()["launch"] == calls[-1].seq
        assert small.run(ADD_ONE, 1) == 2

    def test_bytes_in_flight(self, small: Client, gate_path: Path):
        gate = Gate(small, gate_path)
        gate.wait_until_running()
        x = np.zeros(20_000, np.float32)
        calls = [small.launch(IDENTITY, x) for _ in range(4)]
        small.ping()
        gate.open()
        calls[0].reply()
        assert calls[3].error()["code"] == "OVERLOADED"


class TestOrders:
    def test_two_clients_have_their_own_handles_and_programs(self, worker: Worker, client: Client):
        other = Client(worker)
        handle = client.put(7)
        assert other.start_fetch(handle).error()["code"] == "HANDLE_UNKNOWN"
        client.run(ADD_ONE, 1)
        assert other.launch(ADD_ONE, 1, send_body=False).error()["code"] == "UNKNOWN_PROGRAM"
        compiles = other.ping()["compiles"]
        assert other.run(ADD_ONE, 1, send_body=True) == 2
        assert other.ping()["compiles"] == compiles, "what is compiled serves both"
        other.goodbye()
        assert client.fetch(handle)[0] == 7
        with pytest.raises(RemoteError, match="UNAUTHORIZED"):
            other.ping()
        assert other.hello()["pid"] == worker.process.pid
        assert other.ping()["handles"] == 0
        other.close()

    def test_what_is_cancelled_before_it_starts_does_not_run(self, client: Client, gate_path: Path):
        gate = Gate(client, gate_path)
        first = client.launch(ADD_ONE, 1)
        second = client.launch(ADD_ONE, first.handles[0])
        fetch = client.start_fetch(second.handles[0])
        other = client.launch(ADD_ONE, 1, wants=[0])
        gate.wait_until_running()
        client.cancel(first, fetch, gate.call)
        client.ping()
        gate.open()
        assert gate.call.values() == [1], "what has started is not cancelled"
        assert first.error()["code"] == "ABORTED"
        error = second.error()
        assert (error["code"], error["poisoned"], error["launch"]) == ("ABORTED", True, first.seq)
        assert fetch.error()["code"] == "ABORTED"
        assert other.values() == [2], "the program that arrived with a cancelled launch is known"

    def test_a_bad_program_is_bad_again_without_its_body(self, client: Client):
        program = unary("no.such.op")
        assert client.launch(program, 1).error()["code"] == "UNKNOWN_OP"
        assert client.launch(program, 1).error()["code"] == "UNKNOWN_OP"

    def test_goodbye_without_draining_drops_what_waits(self, worker: Worker, gate_path: Path):
        client = Client(worker)
        gate = Gate(client, gate_path)
        waiting = client.launch(ADD_ONE, 1)
        gate.wait_until_running()
        client.send([GOODBYE, 9_000, False])
        with pytest.raises(RemoteError, match="UNAUTHORIZED"):
            client.ping()
        gate.open()
        gate.call.reply()
        assert waiting.error()["code"] == "ABORTED"
        client.result(9_000)
        client.close()

    def test_goodbye_with_draining_answers_first(self, worker: Worker, gate_path: Path):
        client = Client(worker)
        gate = Gate(client, gate_path)
        calls = [client.launch(ADD_ONE, k, wants=[0]) for k in range(3)]
        client.send([GOODBYE, 9_000, True])
        gate.open()
        assert [call.values()[0] for call in calls] == [1, 2, 3]
        client.result(9_000)
        client.close()

    def test_a_ping_is_answered_while_the_worker_traces(self, client: Client, gate_path: Path):
        gate = Gate(client, gate_path)
        call = client.launch(ADD_ONE, 1)
        counters = gate.wait_until_running()
        assert (counters["running"], counters["queued"]) == (1, 1)
        gate.open()
        call.reply()

    def test_replies_come_in_the_order_of_the_calls(self, client: Client):
        busy = unary("test.busy", turns=[0, 200])
        x = client.put(np.eye(100, dtype=np.float32))
        seqs = []
        for k in range(30):
            call = client.launch(busy if k % 5 == 0 else ADD_ONE, x, wants=[0] if k % 3 else [])
            seqs.append(call.seq)
        received = []
        while len(received) < len(seqs):
            assert client.socket.poll(20_000), f"no more replies after {received}"
            header = msgpack.unpackb(client.socket.recv_multipart()[0])
            if header[0] in seqs:
                received.append(header[0])
        assert received == seqs

    def test_a_client_that_went_away_does_no_harm(self, worker: Worker, client: Client, gate_path: Path):
        other = Client(worker)
        gate = Gate(other, gate_path)
        gate.wait_until_running()
        other.close()
        gate.open()
        assert client.run(ADD_ONE, 1) == 2
