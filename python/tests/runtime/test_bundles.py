"""Bundles: messages without buffers in one frame, and their answers."""

from __future__ import annotations

from pathlib import Path

import msgpack
import numpy as np
import pytest

from synjax_worker.protocol import BUNDLE, BUNDLE_BYTES, BUNDLE_MESSAGES, BUNDLED, FETCH, FREE, GOODBYE, PING
from tests.runtime.client import IDENTITY, Client, Handle, Worker, headers_in
from tests.runtime.test_wire import Gate


def put(client: Client, value: np.ndarray) -> Handle:
    """On the device, where the answer says that it is there."""
    call = client.launch(IDENTITY, value)
    call.reply()
    return call.handles[0]


def test_each_message_is_handled_as_if_it_had_come_alone(client: Client):
    handle = put(client, np.arange(3, dtype=np.float32))
    client.bundle([PING, 901], [FETCH, 902, [handle.id], []], [FETCH, 903, [12_345], []])
    assert client.result(901)["handles"] == 1
    assert client.receive(902)[0][3] == [np.arange(3, dtype=np.float32).tobytes()]
    assert client.receive(903)[0][2]["code"] == "HANDLE_UNKNOWN"


def test_whoever_sends_one_is_answered_in_one(client: Client):
    client.bundle(*([PING, 900 + k] for k in range(20)))
    frames = client.socket.recv_multipart()
    assert len(frames) == 1
    assert msgpack.unpackb(frames[0])[:2] == [0, BUNDLED]
    assert [header[0] for header in headers_in(frames[0])] == [900 + k for k in range(20)]


def test_whoever_sends_none_is_answered_in_none(client: Client):
    for k in range(20):
        client.send([PING, 900 + k])
    assert [msgpack.unpackb(client.socket.recv())[:2] for _ in range(20)] == [[900 + k, 0] for k in range(20)]


def test_answers_keep_their_order_around_one_with_buffers(client: Client):
    large = put(client, np.zeros(1_000, np.float32))
    client.bundle([PING, 901], [FETCH, 902, [large.id], []], [PING, 903], [FETCH, 904, [large.id], []])
    order = []
    while len(order) < 4:
        frames = client.socket.recv_multipart()
        order += [(header[0], len(frames)) for header in headers_in(frames[0])]
    assert [found for found in order if found[0] in (902, 904)] == [(902, 2), (904, 2)]
    assert sorted(seq for seq, _ in order) == [901, 902, 903, 904]


def test_what_cannot_be_read_spoils_nothing_else(client: Client):
    client.bundle([PING, 901], b"\xc1", [99, 902], [PING, 903])
    assert client.receive(0)[0][2]["code"] == "BAD_MESSAGE"
    assert client.receive(902)[0][2]["code"] == "BAD_MESSAGE"
    assert client.result(901) is not None
    assert client.result(903) is not None


@pytest.mark.parametrize(
    "parts",
    [
        None,
        [1],
        ["text"],
        [msgpack.packb([PING, 1])] * (BUNDLE_MESSAGES + 1),
        [bytes(BUNDLE_BYTES // 2 + 1)] * 2,
    ],
)
def test_a_bundle_that_is_none(client: Client, parts: list | None):
    client.send([BUNDLE, 0, parts])
    assert client.receive(0)[0][2]["code"] == "BAD_MESSAGE"
    client.send([BUNDLE, 0, []], b"a buffer")
    assert client.receive(0)[0][2]["code"] == "BAD_MESSAGE"
    assert client.ping()


def test_a_bundle_in_a_bundle(client: Client):
    inner = msgpack.packb([BUNDLE, 0, [msgpack.packb([PING, 901])]])
    for parts in ([inner], [inner, msgpack.packb([PING, 902])]):
        client.send([BUNDLE, 0, parts])
        assert client.receive(0)[0][2]["code"] == "BAD_MESSAGE"
    assert client.result(902) is not None


def test_none_before_a_hello(worker: Worker):
    client = Client(worker, hello=False)
    client.bundle([PING, 901])
    assert client.receive(0)[0][2]["code"] == "UNAUTHORIZED"
    client.close()


def test_nothing_is_handled_after_a_goodbye(worker: Worker):
    client = Client(worker)
    client.bundle([GOODBYE, 901, True], [PING, 902])
    client.result(901)
    client.hello()
    assert client.ping()
    assert 902 not in client.received
    client.close()


def test_the_calls_of_a_bundle_run_in_their_order(client: Client, tmp_path: Path):
    gate = Gate(client, tmp_path / "open")
    calls = [client.put(np.float32(k)) for k in range(3)]
    client.bundle(
        *([FETCH, 900 + k, [handle.id], []] for k, handle in enumerate(calls)), [FREE, 0, [calls[0].id]]
    )
    gate.open()
    for k in range(3):
        assert client.receive(900 + k)[0][3] == [np.float32(k).tobytes()]
    client.send([FETCH, 910, [calls[0].id], []])
    assert client.receive(910)[0][2]["code"] == "HANDLE_UNKNOWN"
