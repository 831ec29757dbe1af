"""Ports that are held for a worker."""

from __future__ import annotations

import socket

import pytest

from synjax_worker.errors import SynjaxError
from synjax_worker.worker.ports import HeldPort


def test_a_port_is_held_while_nobody_listens() -> None:
    held = HeldPort("tcp://127.0.0.1:*")
    host, port = held.address.removeprefix("tcp://").split(":")
    assert (host, port != "0") == ("127.0.0.1", True)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))
    with pytest.raises(OSError):
        socket.socket().bind((host, int(port)))
    held.make_way()
    with socket.create_server((host, int(port))):
        with pytest.raises(
            SynjaxError, match=f"nothing can listen at {held.address}: Address already in use"
        ):
            HeldPort(held.address)
    held.release()
    for address in ("ipc:///a", "tcp://eth7:*"):
        assert HeldPort(address).address == address
