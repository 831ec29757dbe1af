"""Strangers: connections over which nobody has said hello yet. What they may take of the worker is bounded.

ZeroMQ takes frames of any client up to one size, and gives no way to end one connection. So what has come over those of
strangers is asked of the system, and their sockets are shut down: ZeroMQ notices that as if the client had left.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import struct
import sys
import time

from .connections import Connection, Connections

log = logging.getLogger("synjax_worker")

HELLO_BYTES = 1 << 16  # of a header from whom nobody knows
MOST = 64  # connections of strangers
_MOST_MESSAGES = 16  # of one, each of which was answered
_MOST_BYTES = 2 * HELLO_BYTES  # of one, with what ZeroMQ itself says
_RESET = struct.pack("@ii", 1, 0)  # struct linger: linger for no time
_BYTES_RECEIVED = 128  # where Linux has them in its struct tcp_info


class Strangers:
    """Ends connections of strangers that take too much or too long."""

    def __init__(self, connections: Connections, seconds: float):
        self._connections = connections
        self._seconds = seconds  # until the hello

    def look(self, nothing_waits: bool) -> bool:
        """Ends what is beyond the bounds; True if there are strangers. `nothing_waits` says that every message that has
        come was read: only then it is their own fault that they are strangers.
        """
        strangers = self._connections.strangers()
        late = time.monotonic() - self._seconds
        for place, connection in enumerate(strangers):
            if nothing_waits and connection.accepted < late:
                _end(connection, "no hello in time")
            elif len(strangers) - place > MOST:
                _end(connection, "too many connections without a hello")
            elif connection.messages > _MOST_MESSAGES:
                _end(connection, "too many messages before a hello")
            elif _bytes_received(connection.descriptor) > _MOST_BYTES:
                _end(connection, "too many bytes before a hello")
        return bool(strangers)


def _end(connection: Connection, why: str) -> None:
    connection.turned_away = True
    log.info("a stranger is turned away", extra={"why": why})
    cut(connection)


def cut(connection: Connection) -> None:
    """Ends a connection; ZeroMQ takes it that the client has left."""
    with contextlib.suppress(OSError), _socket_of(connection.descriptor) as ours:
        # The close that follows is told as a reset. A stranger that is writing into a full window would not see an
        # orderly end, but wait until the system gives up.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        ours.shutdown(socket.SHUT_RDWR)


def _bytes_received(descriptor: int) -> int:
    """What has come over a connection, read or not; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0
    try:
        with _socket_of(descriptor) as ours:
            if ours.family not in (socket.AF_INET, socket.AF_INET6):
                return 0
            info = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_RECEIVED + 8)
    except OSError:  # it has just ended
        return 0
    return struct.unpack_from("@Q", info, _BYTES_RECEIVED)[0] if len(info) > _BYTES_RECEIVED else 0


def _socket_of(descriptor: int) -> socket.socket:
    """A socket of our own for the same connection."""
    copy = os.dup(descriptor)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
