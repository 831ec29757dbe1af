"""Who is at the other end: sessions belong to connections, clients that are gone are noticed, strangers get little."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import msgpack
import numpy as np
import pytest
import zmq

from synjax_worker.limits import Limits
from synjax_worker.protocol import FETCH, FREE, GOODBYE, HELLO, LAUNCH, PING
from synjax_worker.worker.connections import Connection
from synjax_worker.worker.server import Server
from synjax_worker.worker.strangers import MOST, cut
from tests.runtime.client import IDENTITY, Client, RemoteError, Worker, hash_of
from tests.runtime.test_wire import Gate, unary

LIMITS = {"sessionSeconds": 2, "helloSeconds": 1}


@pytest.fixture(scope="module")
def served() -> Iterator[Worker]:
    worker = Worker(address="tcp://127.0.0.1:*", token="secret", limits=LIMITS)
    yield worker
    worker.close()


@pytest.fixture
def honest(served: Worker) -> Iterator[Client]:
    client = Client(served, token="secret")
    yield client
    client.close()


def wait_for(what: str, holds) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


class Dealer:
    """A client that chooses its routing id."""

    def __init__(self, address: str, routing_id: bytes):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.ROUTING_ID, routing_id)
        self.socket.connect(address)

    def send(self, *header) -> None:
        self.socket.send(msgpack.packb(header))

    def answers(self, wait_ms: int = 500) -> list:
        found = []
        while self.socket.poll(wait_ms):
            found.append(msgpack.unpackb(self.socket.recv_multipart()[0]))
        return found

    def close(self) -> None:
        self.socket.close()


def hello_of(worker: Worker) -> dict:
    return {"version": 1, "registry": worker.ready["registry"], "token": "secret"}


LAUNCH_OF_SEVEN = [LAUNCH, 2, hash_of(IDENTITY), 1, [[0, 7]], 55, 1, [0], [], [], 0]


class TestSessions:
    def test_are_not_inherited_with_a_routing_id(self, served: Worker):
        first = Dealer(served.ready["address"], b"me")
        first.send(HELLO, 1, hello_of(served))
        first.socket.send_multipart([msgpack.packb(LAUNCH_OF_SEVEN), IDENTITY])
        wait_for("the value is put", lambda: any(answer[0] == 2 for answer in first.answers(10)))
        before = served.log().count("client gone")
        first.close()
        wait_for("it is gone", lambda: served.log().count("client gone") > before)
        second = Dealer(served.ready["address"], b"me")
        answers = []
        for seq in range(3, 9):
            second.send(FETCH, seq, [55], [])
            answers += second.answers(100)
        assert answers
        assert {answer[2]["code"] for answer in answers} == {"UNAUTHORIZED"}
        second.send(HELLO, 10, hello_of(served))
        second.send(FETCH, 11, [55], [])
        *_, hello, fetch = second.answers()
        assert (hello[:2], fetch[2]["code"]) == ([10, 0], "HANDLE_UNKNOWN")
        second.close()

    def test_are_not_taken_over_from_those_who_are_there(self, served: Worker):
        first = Dealer(served.ready["address"], b"busy")
        first.send(HELLO, 1, hello_of(served))
        first.socket.send_multipart([msgpack.packb(LAUNCH_OF_SEVEN), IDENTITY])
        wait_for("the value is put", lambda: any(answer[0] == 2 for answer in first.answers(10)))
        second = Dealer(served.ready["address"], b"busy")
        for seq in range(3, 9):
            second.send(FETCH, seq, [55], [])
        assert {answer[2]["code"] for answer in second.answers()} <= {"UNAUTHORIZED"}
        first.send(FETCH, 20, [55], [])
        assert [answer[:2] for answer in first.answers()] == [[20, 0]]
        second.close()
        first.close()

    def test_do_not_begin_for_those_who_have_left(self):
        """Everything is still unread when the one that said hello has left and another has come on its descriptor."""
        info = {"registry": "r"}
        server = Server("tcp://127.0.0.1:*", "secret", info, {}, Limits())

        def pump() -> None:
            for _ in range(20):
                time.sleep(0.01)
                while server._receive(zmq.NOBLOCK):
                    server._outbox.send_all()

        first = Dealer(server.address, b"me")
        first.send(HELLO, 1, {"version": 1, "registry": "r", "token": "secret"})
        first.send(PING, 2)
        time.sleep(0.2)
        first.close()
        time.sleep(0.2)
        second = Dealer(server.address, b"me")
        time.sleep(0.2)
        assert [c.descriptor for c in server._connections.strangers()] == []
        for seq in range(3, 9):
            second.send(PING, seq)
            pump()
        assert {answer[2]["code"] for answer in second.answers(100)} <= {"UNAUTHORIZED"}
        second.close()
        time.sleep(0.2)
        third = Dealer(server.address, b"me")
        time.sleep(0.2)
        third.send(PING, 9)
        pump()
        assert [answer[2]["code"] for answer in third.answers(100)] == ["UNAUTHORIZED"]
        assert not server._sessions
        third.close()
        server.close()


def _turned_away(worker: Worker, why: str) -> int:
    """How many a worker says that it has turned away."""
    lines = (json.loads(line) for line in worker.log().splitlines())
    return sum(line["count"] for line in lines if line.get("why") == why and "count" in line)


class ByHand:
    """A client that speaks ZeroMQ's protocol itself, and answers none of its heartbeats."""

    def __init__(self, worker: Worker):
        host, port = worker.ready["address"].removeprefix("tcp://").split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.settimeout(30)

    def greet(self) -> ByHand:
        self.say_ready()
        said = b""
        while (
            b"Socket-Type" not in said
        ):  # a message before the worker is ready would be a breach of the protocol
            said += self.socket.recv(1_000)
        return self

    def say_ready(self) -> None:
        greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
        ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
        self.socket.sendall(greeting + bytes([4, len(ready)]) + ready)

    def reset(self) -> None:
        """Ends the connection at once."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
        self.socket.close()

    def send(self, *frames: bytes | memoryview) -> None:
        for position, frame in enumerate(frames, 1):
            flags = 2 | (position < len(frames))
            size = memoryview(frame).nbytes
            self.socket.sendall(bytes([flags]) + struct.pack(">Q", size))
            self.socket.sendall(frame)

    def wait_for_end(self) -> float:
        """Seconds until the worker ends the connection."""
        started = time.monotonic()
        try:
            while self.socket.recv(65_536):
                pass
        except ConnectionResetError:
            pass
        return time.monotonic() - started


class TestSilence:
    def test_ends_a_session_and_drops_what_it_had(self, served: Worker, honest: Client, tmp_path: Path):
        gate = Gate(honest, tmp_path / "open")
        gate.wait_until_running()
        dead = ByHand(served).greet()
        dead.send(msgpack.packb([HELLO, 1, hello_of(served)]))
        program = unary("test.print")
        before = served.log().count("client gone")
        dead.send(msgpack.packb([LAUNCH, 2, hash_of(program), 1, [[2, 1.0]], 1, 1, [], [], [], 0]), program)
        wait_for("it is queued", lambda: honest.ping()["queued"] == 1)
        assert dead.wait_for_end() < 20
        wait_for("it is noticed", lambda: served.log().count("client gone") > before)
        gate.open()
        gate.call.reply()
        assert honest.run(IDENTITY, 1) == 1
        assert "printed by an op" not in served.log()

    def test_of_a_client_that_only_waits_ends_nothing(self, served: Worker, honest: Client):
        handle = honest.put(np.arange(3))
        time.sleep(5)
        assert honest.fetch(handle)[0].tolist() == [0, 1, 2]

    def test_of_a_client_that_sends_but_reads_nothing(self, served: Worker, honest: Client):
        before = served.log().count("it reads nothing of what it is sent")
        slow = ByHand(served).greet()
        slow.send(msgpack.packb([HELLO, 1, hello_of(served)]))
        large = np.zeros(4 << 20, np.float32)
        launch = [LAUNCH, 2, hash_of(IDENTITY), 1, [[1, "float32", [4 << 20]]], 1, 1, [], [], [], 0]
        slow.send(msgpack.packb(launch), IDENTITY, large.data)
        for seq in range(3, 8):
            slow.send(msgpack.packb([FETCH, seq, [1], []]))

        def is_cut_off() -> bool:
            with contextlib.suppress(OSError):  # a sign of life
                slow.send(msgpack.packb([FREE, 0, []]))
            return served.log().count("it reads nothing of what it is sent") > before

        wait_for("it is cut off", is_cut_off)
        slow.wait_for_end()
        assert honest.fetch(honest.put(large))[0].shape == large.shape

    def test_of_a_client_that_reads_slowly_ends_nothing(self, served: Worker):
        """It takes four times as long as one may be silent, for a single answer."""
        slow = ByHand(served).greet()
        slow.send(msgpack.packb([HELLO, 1, hello_of(served)]))
        size = 24 << 20
        launch = [LAUNCH, 2, hash_of(IDENTITY), 1, [[1, "uint8", [size]]], 1, 1, [0], [], [], 0]
        slow.send(msgpack.packb(launch), IDENTITY, bytes(size))
        read, started = 0, time.monotonic()
        while read < size:
            part = slow.socket.recv(1 << 20)
            assert part, "it was cut off"
            read += len(part)
            slow.send(msgpack.packb([FREE, 0, []]))
            time.sleep(max(0.0, started + 8 * read / size - time.monotonic()))

    def test_clients_that_leave_are_noticed_while_nobody_sends_anything(self, worker: Worker):
        before = worker.log().count("client gone")
        other = Client(worker)
        other.put(np.zeros(3))
        other.close()
        wait_for("it is noticed", lambda: worker.log().count("client gone") > before)


class TestStrangers:
    def test_must_say_hello_in_time(self, served: Worker):
        silent = ByHand(served)
        assert 0.5 < silent.wait_for_end() < 10
        unready = ByHand(served).greet()
        assert 0.5 < unready.wait_for_end() < 10

    def test_bring_one_frame(self, served: Worker):
        stranger = Client(served, hello=False)
        stranger.send([HELLO, 5, hello_of(served)], b"", b"")
        with pytest.raises(RemoteError, match=r"UNAUTHORIZED: .* it has one frame"):
            stranger.result(5)
        stranger.close()

    def test_bring_few_bytes_even_of_a_frame_that_never_ends(self, served: Worker):
        stranger = ByHand(served).greet()
        started = time.monotonic()
        with pytest.raises(OSError):
            stranger.socket.sendall(b"\x02" + struct.pack(">Q", 1 << 30))
            while time.monotonic() < started + 20:
                stranger.socket.sendall(bytes(1 << 16))
        assert time.monotonic() < started + 0.9, "before its time is over"

    def test_send_few_messages(self, served: Worker):
        stranger = ByHand(served).greet()
        for seq in range(1, 40):
            stranger.send(msgpack.packb([PING, seq]))
        assert stranger.wait_for_end() < 0.9, "before its time is over"

    def test_are_few(self, served: Worker):
        many = [ByHand(served).greet() for _ in range(MOST + 10)]
        client = Client(served, token="secret")
        assert client.run(IDENTITY, 1) == 1
        assert many[0].wait_for_end() < 0.9, "before its time is over"
        for stranger in many:
            stranger.socket.close()
        client.close()

    @pytest.mark.parametrize(
        "greeting", [b"\x01\0", b"\xff" + bytes(8) + b"\x01\x01\x05\0\0"], ids=["ZMTP 1", "ZMTP 2"]
    )
    def test_may_speak_an_older_protocol(self, served: Worker, honest: Client, greeting: bytes):
        """ZeroMQ takes their messages, but does not say over which connection they came."""
        old = ByHand(served)
        message = msgpack.packb([HELLO, 1, hello_of(served)])
        length = bytes([len(message) + 1, 0]) if greeting[0] == 1 else bytes([0, len(message)])
        old.socket.sendall(greeting + length + message)
        assert old.wait_for_end() < 60, "it gets no session"
        assert honest.run(IDENTITY, 1) == 1

    def test_come_by_the_thousand(self, served: Worker, honest: Client):
        """Each for a moment, so that descriptors are used again and again."""
        for _ in range(30):
            many = [ByHand(served) for _ in range(100)]
            assert honest.run(IDENTITY, 1) == 1
            for stranger in many:
                stranger.reset()
        descriptors = lambda: len(os.listdir(f"/proc/{served.process.pid}/fd"))
        wait_for("they are gone", lambda: descriptors() < 100)

    def test_are_not_taken_for_those_who_have_their_descriptor_now(self):
        gone, _peer = socket.socketpair()
        connection = Connection(gone.fileno())
        gone.close()
        here, other = socket.socketpair()
        assert here.fileno() == connection.descriptor
        cut(connection)
        here.sendall(b"still here")
        assert other.recv(100) == b"still here"
        cut(Connection(here.fileno()))
        assert other.recv(100) == b""
        for each in (here, other, _peer):
            each.close()

    def test_who_said_goodbye_are_few(self, served: Worker, honest: Client):
        departed = []
        for _ in range(MOST + 6):
            departed.append(Client(served, token="secret"))
            departed[-1].goodbye()
        wait_for(
            "some are turned away", lambda: _turned_away(served, "too many connections after a goodbye") >= 6
        )
        departed[-1].hello(token="secret")
        assert departed[-1].run(IDENTITY, 1, send_body=True) == 1
        for client in departed:
            client.close()

    def test_who_said_goodbye_send_few_messages(self, served: Worker):
        departed = ByHand(served).greet()
        departed.send(msgpack.packb([HELLO, 1, hello_of(served)]))
        departed.send(msgpack.packb([GOODBYE, 2, True]))
        for seq in range(3, 40):
            departed.send(msgpack.packb([PING, seq]))
        wait_for("it is turned away", lambda: "too many messages after a goodbye" in served.log())
        departed.wait_for_end()

    def test_that_said_hello_are_none(self, served: Worker, honest: Client):
        honest.goodbye()
        time.sleep(1.5)
        honest.hello(token="secret")
        assert honest.run(IDENTITY, np.zeros(100_000, np.float32), send_body=True).shape == (100_000,)
