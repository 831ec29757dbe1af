"""The line beside a worker's socket: who may take it, and what goes over it."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from synjax_worker.worker.line import Line


def message(data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + data


def dialled(line: Line) -> socket.socket:
    if "path" not in line.place:
        return socket.create_connection(("127.0.0.1", line.place["port"]), timeout=10)
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(line.place["path"])
    return client


@pytest.fixture(params=["private", "too long a name", "no directory", "tcp"])
def line(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    directory = Path(tempfile.mkdtemp()) if request.param == "private" else tmp_path / ("d" * 100)
    if request.param != "no directory":
        directory.mkdir(exist_ok=True)
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    line = Line("tcp://127.0.0.1:5555" if request.param == "tcp" else "ipc:///somewhere/w")
    assert ("path" in line.place) == (request.param == "private")
    yield line
    if directory.exists():
        directory.rmdir()  # it left nothing


def test_carries_messages_both_ways_to_who_knows_the_token(line: Line) -> None:
    opening = threading.Thread(target=line.open, daemon=True)
    opening.start()
    for said in (b"", b"another", b"x" * 65, line.place["token"].encode() + b"0"):
        with dialled(line) as stranger:
            stranger.sendall(message(said))
            assert stranger.recv(1) == b""
    with dialled(line) as stranger:
        stranger.sendall(b"\xff\xff\xff\xff")
        assert stranger.recv(1) == b""
    with dialled(line) as client:
        client.sendall(message(line.place["token"].encode()) + message(b"one") + message(b""))
        opening.join(10)
        assert not opening.is_alive()
        assert (line.read(), line.read()) == (b"one", b"")
        large = bytes(range(256)) * 40_000
        sending = threading.Thread(target=client.sendall, args=[message(large)])
        sending.start()
        assert line.read() == large
        sending.join()
        with line._writing:  # as where garbage is collected meanwhile that says so
            line.write(b"")
        assert client.recv(4) == message(b"")
        line.write(b"two")
        assert client.recv(7, socket.MSG_WAITALL) == message(b"two")
        with pytest.raises(OSError):
            dialled(line)
    with pytest.raises(EOFError):
        line.read()
    line.write(b"nobody hears it")
    line.close()


def test_one_that_nobody_has_taken_leaves_nothing(line: Line) -> None:
    line.close()
    with pytest.raises(OSError):
        dialled(line)
