"""Connections: a client that leaves without a goodbye is noticed by the end of its connection."""

from __future__ import annotations

from collections.abc import Iterator

import zmq
from zmq.utils.monitor import recv_monitor_message


class Connections:
    """The connections of a socket: which client came over which."""

    def __init__(self, socket: zmq.Socket):
        self.monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)  # readable when some have ended
        self._clients: dict[int, bytes] = {}  # by the descriptor of the connection

    def add(self, client: bytes, frame: zmq.Frame) -> None:
        """Notes the connection over which a client's frame came. Ask for `ended` before: descriptors are used again."""
        self._clients[frame.get(zmq.SRCFD)] = client

    def ended(self) -> Iterator[bytes]:
        """The clients whose connections have ended since the last time."""
        while self.monitor.get(zmq.EVENTS) & zmq.POLLIN:
            client = self._clients.pop(int(recv_monitor_message(self.monitor)["value"]), None)
            if client is not None:
                yield client
