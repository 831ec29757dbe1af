"""Clients that mean no good, or are broken: each message has one answer, and nothing that they leave behind stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgpack
import numpy as np
import pytest
import zmq

from synjax_worker.errors import SynjaxError
from synjax_worker.limits import Limits
from synjax_worker.protocol import COMPILE, FETCH, FREE, GOODBYE, LAUNCH, PING, SHARED, UNSHARE
from synjax_worker.worker.engine.budget import SMALL_RESERVE, Budget
from synjax_worker.worker.engine.jobs import Session
from synjax_worker.worker.engine.resolve import Resolver
from tests.runtime.client import IDENTITY, PYTHON, Body, Client, RemoteError, Worker, encode, hash_of
from tests.runtime.test_wire import ADD_ONE, Gate

GB = 1 << 30


def resident(worker: Worker) -> int:
    return int(Path(f"/proc/{worker.process.pid}/statm").read_text().split()[1]) * 4_096


def wait_for(what: str, holds) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.fixture
def gate(client: Client, tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(client, tmp_path / "open")
    gate.wait_until_running()
    yield gate
    gate.open()
    gate.call.reply()


class TestOneAnswerEach:
    def answers(self, client: Client, count: int) -> list[tuple[int, str]]:
        """The next answers: seq, and code or "ok"."""
        found = []
        while len(found) < count:
            assert client.socket.poll(60_000), f"only {found}"
            seq, status, result, *_ = msgpack.unpackb(client.socket.recv_multipart()[0])
            found.append((seq, result["code"] if status else "ok"))
        assert not client.socket.poll(100), f"more than {found}"
        return found

    @pytest.mark.parametrize(
        "second",
        [
            [LAUNCH, 77, hash_of(ADD_ONE), 0, [[0, 1]], 9_001, 1, [0], [], [], 0],
            [COMPILE, 77, hash_of(ADD_ONE), 0, [[0, 1]], [], 0],
            [FETCH, 77, [], []],
            [PING, 77],
            [GOODBYE, 77, True],
            [SHARED, 77, "weights", 1],
            [UNSHARE, 77, "weights"],
        ],
        ids=["launch", "compile", "fetch", "ping", "goodbye", "shared", "unshare"],
    )
    def test_a_seq_in_flight_cannot_be_used_again(self, client: Client, gate: Gate, second: list):
        client.send([LAUNCH, 77, hash_of(ADD_ONE), 1, [[0, 1]], 9_000, 1, [0], [], [], 0], ADD_ONE)
        client.send(second)
        assert self.answers(client, 1) == [(0, "BAD_MESSAGE")]
        gate.open()
        assert self.answers(client, 2) == [(gate.call.seq, "ok"), (77, "ok")]
        gate.call.reply = lambda: None

    def test_what_is_answered_has_a_seq(self, client: Client):
        for header in (
            [LAUNCH, 0, hash_of(ADD_ONE), 0, [[0, 1]], 9_000, 1, [], [], [], 0],
            [FETCH, 0, [], []],
            [PING, 0],
        ):
            client.send(header)
            assert self.answers(client, 1) == [(0, "BAD_MESSAGE")]
        client.send([FREE, 0, []])
        assert client.ping()["queued"] == 0


class TestHeaders:
    @pytest.mark.parametrize("thing", [[], {}, [1], {"a": 1}, None, 1.5], ids=repr)
    def test_what_has_no_hash_is_no_name(self, client: Client, thing):
        for header in (
            [LAUNCH, 5_000, thing, 0, [], 1, 1, [], [], [], 0],
            [LAUNCH, 5_000, b"h" * 16, thing, [], 1, 1, [], [], [], 0],
            [LAUNCH, 5_000, b"h" * 16, 0, [[1, thing, [], b""]], 1, 1, [], [], [], 0],
            [LAUNCH, 5_000, b"h" * 16, 0, [[thing, 1]], 1, 1, [], [], [], 0],
            [LAUNCH, 5_000, b"h" * 16, 0, [[2, thing if thing != 1.5 else []]], 1, 1, [], [], [], 0],
            [COMPILE, 5_000, b"h" * 16, 0, [[1, thing, [2], False]], [], 0],
        ):
            client.send(header)
            with pytest.raises(RemoteError, match="BAD_MESSAGE"):
                client.result(5_000)

    @pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "bfloat16", "float32", "complex128", "key"])
    def test_an_array_is_as_many_bytes_as_its_type_says_and_nothing_else(self, client: Client, dtype: str):
        """No layout is read from the bytes themselves, as an Arrow IPC stream has one: they are elements or refused."""
        width = {"bool": 1, "int8": 1, "bfloat16": 2, "float32": 4, "complex128": 16}.get(dtype, 8)
        stream = b"\xff\xff\xff\xff\x78\0\0\0" + b"\x10\0\0\0" * 30  # how one begins: a schema of 120 bytes
        for seq, size in enumerate((0, 1, 127, 129, 4_096), 8_000):
            for inline in (True, False):
                data = stream[:size].ljust(size, b"\0")
                array = [1, dtype, [128 // width], *([data] if inline else [])]
                header = [LAUNCH, 10 * seq + inline, hash_of(IDENTITY), 1, [array], 1, 1, [0], [], [], 0]
                client.send(header, IDENTITY, *([] if inline else [data]))
                with pytest.raises(RemoteError, match=f"BAD_MESSAGE: {size} bytes for {dtype}"):
                    client.result(10 * seq + inline)
        right = [
            LAUNCH,
            9_999,
            hash_of(IDENTITY),
            1,
            [[1, dtype, [128 // width], stream]],
            1,
            1,
            [0],
            [],
            [],
            0,
        ]
        client.send(right, IDENTITY)
        header, _ = client.receive(9_999)
        (data,) = header[3]
        elements = bytes(byte != 0 for byte in stream) if dtype == "bool" else stream
        assert data == elements

    def test_no_worker_reads_arrow_streams(self):
        for file in (PYTHON / "synjax_worker").rglob("*.py"):
            if file.parent.name not in (
                "batch",
                "score",
            ):  # which no worker imports: they read files, and check them
                assert "pyarrow" not in file.read_text(), file

    def test_long_ones_are_refused_before_they_are_read(self, worker: Worker, client: Client):
        client.send(msgpack.packb([FREE, 6_000, [[]] * (5 << 20)]))
        with pytest.raises(RemoteError, match="LIMIT_BYTES"):
            client.result(6_000)
        stranger = Client(worker, hello=False)
        stranger.send([PING, 6_001, b"x" * 70_000])
        with pytest.raises(RemoteError, match="LIMIT_BYTES"):
            stranger.result(6_001)
        stranger.close()

    def test_a_result_is_wanted_once(self, client: Client):
        client.send([LAUNCH, 6_002, hash_of(ADD_ONE), 0, [[0, 1]], 1, 1, [0, 0], [], [], 0])
        with pytest.raises(RemoteError, match="BAD_MESSAGE"):
            client.result(6_002)

    def test_results_that_no_program_has_make_no_handles(self, client: Client):
        before = client.ping()["handles"]
        assert client.launch(ADD_ONE, 1, outputs=2_000_000).error()["code"] == "BAD_MESSAGE"
        assert client.ping()["handles"] == before


class TestWindow:
    def test_a_fetch_of_one_handle_again_and_again(self):
        worker = Worker(limits={"inFlightBytes": 100_000})
        client = Client(worker)
        handle = client.put(np.zeros(10_000, np.float32))
        assert len(client.fetch(handle, handle, handle)) == 3
        assert client.start_fetch(*[handle] * 10).error()["code"] == "LIMIT_BYTES"
        client.close()
        worker.close()

    def test_frees_that_wait_are_bounded(self, client: Client, gate: Gate):
        free = msgpack.packb([FREE, 0, []])
        for _ in range(70_000):
            client.send(free)
        with pytest.raises(RemoteError, match="OVERLOADED"):
            client.result(0)
        gate.open()
        wait_for("the frees are done", lambda: client.ping()["queued"] == 0)

    def test_what_is_refused_keeps_nothing_but_its_program(self, tmp_path: Path):
        worker = Worker(limits={"inFlightBytes": 32 << 20})
        client, honest = Client(worker), Client(worker)
        gate = Gate(honest, tmp_path / "open")
        gate.wait_until_running()
        before, large = resident(worker), np.zeros(15 << 18, np.float32)
        calls = [client.launch(IDENTITY, large) for _ in range(16)]
        wait_for("all have come", lambda: client.ping()["queued"] == 16)
        # Some came while others were still being read, and freed memory is kept for the next
        assert resident(worker) < before + 10 * large.nbytes
        gate.open()
        codes = [call.error()["code"] for call in calls[4:]]
        assert codes == ["OVERLOADED"] * 12
        for call in calls[:4]:
            call.reply()
        assert client.run(IDENTITY, 1) == 1
        gate.call.reply()
        client.close()
        honest.close()
        worker.close()

    def test_who_takes_no_notice_of_that_is_cut_off(self, tmp_path: Path):
        worker = Worker(limits={"inFlightMessages": 4})
        client, honest = Client(worker), Client(worker)
        gate = Gate(honest, tmp_path / "open")
        gate.wait_until_running()
        for _ in range(100):
            client.launch(ADD_ONE, 1, wants=[0])
        with pytest.raises(
            RemoteError, match=r"WORKER_LOST: .* it goes on sending what the worker does not take"
        ):
            client.result(0)
        deaf = Client(worker, hello=False)
        deaf.socket.close()
        deaf.socket = zmq.Context.instance().socket(zmq.DEALER)
        deaf.socket.set(zmq.RCVHWM, 1)
        deaf.socket.set(zmq.LINGER, 0)
        deaf.socket.connect(worker.ready["address"])
        deaf.hello()
        before = worker.log().count("client gone")

        def is_gone() -> bool:
            with suppress(zmq.Again):  # more answers than anybody keeps for somebody
                while True:
                    deaf.socket.send(msgpack.packb([PING, 1_000]), zmq.NOBLOCK)
            return worker.log().count("client gone") > before

        wait_for("its session is ended", is_gone)
        deaf.close()
        gate.open()
        gate.call.reply()
        assert honest.run(ADD_ONE, 1) == 2
        wait_for("nothing of it is left", lambda: honest.ping()["queued"] == 0)
        client.close()
        honest.close()
        worker.close()

    def test_replies_that_nobody_reads(self):
        worker = Worker(limits={"inFlightBytes": 4 << 20, "memoryBytes": GB})
        client = Client(worker, hello=False)
        client.socket.close()
        client.socket = zmq.Context.instance().socket(zmq.DEALER)
        client.socket.set(zmq.RCVHWM, 1)
        client.socket.set(zmq.LINGER, 0)
        client.socket.connect(worker.ready["address"])
        client.hello()
        put = client.launch(IDENTITY, np.zeros(5 << 20, np.float32))
        put.reply()
        (handle,) = put.handles
        fetches = [client.start_fetch(handle) for _ in range(100)]
        honest = Client(worker)
        wait_for("all are answered", lambda: honest.ping()["queued"] == 0)
        assert honest.run(ADD_ONE, 1) == 2
        honest.close()
        codes = set()
        for fetch in fetches:
            try:
                codes.add(len(fetch.reply().data))
            except RemoteError as error:
                codes.add(error.code)
        assert codes == {1, "OVERLOADED"}
        assert client.fetch(handle)[0].shape == (5 << 20,), "what was read counts no more"
        client.close()
        worker.close()


class TestNothingStays:
    def test_of_those_who_leave_without_a_goodbye(self, worker: Worker, client: Client):
        before = resident(worker)
        megabytes = np.zeros(80 << 18, np.float32)
        for _ in range(10):
            other = Client(worker)
            other.launch(IDENTITY, megabytes).reply()
            other.close()
        wait_for("they are gone", lambda: (client.ping(), worker.log().count("client gone"))[1] >= 10)
        client.run(ADD_ONE, 1)
        assert resident(worker) < before + 300 * 10**6, "800 MB were put"

    def test_of_bad_programs(self, worker: Worker, client: Client):
        before = resident(worker)
        for trial in range(40):
            body = Body(1)
            body.equations = [["test.add", [-1] * 60_000]]
            program = encode([*body.returns(trial - 100_000)])
            assert client.launch(program, 1, outputs=1).error()["code"] == "BAD_PROGRAM"
        assert resident(worker) < before + 100 * 10**6, "each takes 6 MB while it is read"

    def test_a_program_is_not_read_where_memory_is_short(self):
        resolver = Resolver({}, Limits(), Budget(lambda: SMALL_RESERVE, lambda: None, lambda: None))
        launch = type("", (), {"hash": hash_of(b"bad"), "has_body": True})()
        with pytest.raises(SynjaxError, match="out of memory"):
            resolver.program(Session(b""), launch, [b"bad"])

    def test_of_the_launches_of_a_bad_program(self):
        ops, limits = {}, Limits()
        resolver = Resolver(ops, limits, Budget(lambda: GB, lambda: None, lambda: None))
        session = Session(b"")
        launch = lambda: type("", (), {"hash": hash_of(b"bad"), "has_body": True})()

        def error() -> SynjaxError:
            with pytest.raises(SynjaxError) as caught:
                resolver.program(session, launch(), [b"bad"])
            return caught.value

        first, second = error(), error()
        kept = session.programs[hash_of(b"bad")]
        assert (first.code, second.code, kept.code) == ("BAD_PROGRAM",) * 3
        assert kept.__traceback__ is kept.__cause__ is kept.__context__ is None
        assert second.__cause__ is None
