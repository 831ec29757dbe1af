"""Connections: who came over which, and who has left.

A session belongs to the connection over which its hello came, not to its routing id, which anybody may choose. ZeroMQ
tells of the end of a connection before it lets another one have the same routing id, so whoever asks `ended` between
taking a message and handling it never takes the messages of one for those of another.
"""

from __future__ import annotations

import itertools
import os
import select
import struct
import time

import zmq

_EVENT = struct.Struct(
    "=Hi"
)  # ZeroMQ's, in the byte order of the machine: what has happened, and a descriptor
_numbers = itertools.count()


class Connection:
    """One connection of a client."""

    __slots__ = (
        "accepted",
        "alive",
        "client",
        "descriptor",
        "identity",
        "key",
        "left",
        "messages",
        "turned_away",
    )

    def __init__(self, descriptor: int):
        self.descriptor = descriptor
        self.identity = identity_of(descriptor)  # a descriptor may be another connection's by now
        self.accepted = time.monotonic()
        self.alive = True
        self.client: bytes | None = None  # who has said hello over it
        self.key: str | None = None  # the public key of who it is, where there are keys
        self.messages = 0  # that came before the hello, or after the goodbye
        self.left: float | None = None  # when a goodbye came that no hello has followed
        self.turned_away = False


def identity_of(descriptor: int) -> tuple[int, int] | None:
    """What tells an open descriptor from whatever else has its number at another time; None where it is closed."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Connections:
    """The connections of a socket that is not bound yet."""

    def __init__(self, socket: zmq.Socket):
        address = f"inproc://connections-{next(_numbers)}"
        socket.monitor(address, zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        self._monitor = zmq.Context.instance().socket(zmq.PAIR)
        self._monitor.set(zmq.RCVHWM, 0)  # ZeroMQ's thread would wait for whoever does not read
        self._monitor.connect(address)
        # Readable when something has happened, if nobody else asks the monitor for its events and it was asked once.
        self.descriptor: int = self._monitor.get(zmq.FD)
        self._monitor.get(zmq.EVENTS)
        self._news = select.poll()  # five times as quick as asking ZeroMQ
        self._news.register(self.descriptor, select.POLLIN)
        self._socket = socket
        self._open: dict[int, Connection] = {}  # by descriptor
        self.accepted = 0  # ever

    def ended(self) -> list[Connection]:
        """The connections that have ended since the last time."""
        found: list[Connection] = []
        if not self._news.poll(0):
            return found
        while self._monitor.get(zmq.EVENTS) & zmq.POLLIN:
            content, _address = self._monitor.recv_multipart()
            event, descriptor = _EVENT.unpack(content)
            ended = self._open.pop(descriptor, None)
            if ended is not None:
                ended.alive = False
                found.append(ended)
            if event == zmq.EVENT_ACCEPTED:
                self._open[descriptor] = Connection(descriptor)
                self.accepted += 1
        return found

    def of(self, client: bytes, descriptor: int) -> Connection | None:
        """The connection of a message that has just come; None if it is known to have ended. Ask for `ended` before.

        Where the descriptor is in use again, this may be the next connection. Then ZeroMQ knows that the client is gone
        as soon as it has done what waits (`settle`), and sends it nothing.
        """
        connection = self._open.get(descriptor)
        return connection if connection is not None and connection.client in (None, client) else None

    def settle(self) -> None:
        """Makes ZeroMQ notice which clients are gone."""
        self._socket.get(zmq.EVENTS)

    def strangers(self) -> list[Connection]:
        """The connections over which nobody has said hello, the oldest first."""
        return [
            connection
            for connection in self._open.values()
            if connection.client is None and not connection.turned_away
        ]

    def departed(self) -> list[Connection]:
        """The connections over which a goodbye came, and nothing that is allowed since; the oldest first."""
        found = [c for c in self._open.values() if c.left is not None and not c.turned_away]
        return sorted(found, key=lambda connection: connection.left)

    def close(self) -> None:
        """Stops listening to what happens."""
        self._socket.disable_monitor()
        self._monitor.close()
