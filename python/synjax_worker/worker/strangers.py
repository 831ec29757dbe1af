"""Strangers: connections over which nobody has said hello yet. What they may take of the worker is bounded.

ZeroMQ takes frames of any client up to one size, and gives no way to end one connection. So what has come over those of
strangers is asked of the system, and their sockets are shut down: ZeroMQ notices that as if the client had left.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import socket
import struct
import sys
import time

from .connections import Connection, Connections, identity_of

log = logging.getLogger("synjax_worker")

HELLO_BYTES = 1 << 16  # of a header from whom nobody knows
MOST = 256  # connections of strangers; and of those who have said goodbye
_MOST_MESSAGES = 16  # of one, each of which was answered
_MOST_BYTES = 2 * HELLO_BYTES  # of one, with what ZeroMQ itself says
_TELL_SECONDS = 1  # between lines in the log
_RESET = struct.pack("@ii", 1, 0)  # struct linger: linger for no time
_BYTES_ACKED, _BYTES_RECEIVED = 120, 128  # where Linux has them in its struct tcp_info


class Strangers:
    """Ends connections of strangers that take too much or too long."""

    def __init__(self, connections: Connections, seconds: float):
        self._connections = connections
        self._seconds = seconds  # until the hello
        self._untold: collections.Counter[str] = collections.Counter()  # turned away, by why
        self._tell_after = 0.0

    def look(self, nothing_waits: bool) -> bool:
        """Ends what is beyond the bounds; True if there are strangers. `nothing_waits` says that every message that has
        come was read: only then it is their own fault that they are strangers.
        """
        strangers = self._connections.strangers()
        late = time.monotonic() - self._seconds
        for place, connection in enumerate(strangers):
            if nothing_waits and connection.accepted < late:
                self._end(connection, "no hello in time")
            elif len(strangers) - place > MOST:
                self._end(connection, "too many connections without a hello")
            elif connection.messages > _MOST_MESSAGES:
                self._end(connection, "too many messages before a hello")
            elif _bytes_received(connection) > _MOST_BYTES:
                self._end(connection, "too many bytes before a hello")
        self._look_at_departed()
        self._tell()
        return bool(strangers)

    def _look_at_departed(self) -> None:
        """Who has said goodbye may say hello again at any time, but connections are not kept for all who might."""
        departed = self._connections.departed()
        for place, connection in enumerate(departed):
            if len(departed) - place > MOST:
                self._end(connection, "too many connections after a goodbye")
            elif connection.messages > _MOST_MESSAGES:
                self._end(connection, "too many messages after a goodbye")

    def _end(self, connection: Connection, why: str) -> None:
        connection.turned_away = True
        self._untold[why] += 1
        cut(connection)

    def _tell(self) -> None:
        """Says in the log who was turned away, but not for each: then an enemy could fill the disk."""
        now = time.monotonic()
        if self._untold and now >= self._tell_after:
            for why, count in self._untold.items():
                log.info("strangers are turned away", extra={"why": why, "count": count})
            self._untold.clear()
            self._tell_after = now + _TELL_SECONDS


def cut(connection: Connection) -> None:
    """Ends a connection; ZeroMQ takes it that the client has left."""
    with contextlib.suppress(OSError), _socket_of(connection.descriptor) as ours:
        if identity_of(ours.fileno()) != connection.identity:
            return  # it has ended, and another one has its descriptor, of which we have not heard yet
        # The close that follows is told as a reset. A stranger that is writing into a full window would not see an
        # orderly end, but wait until the system gives up.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        ours.shutdown(socket.SHUT_RDWR)


def bytes_acknowledged(connection: Connection | None) -> int:
    """What the other end has taken of all that it was sent; 0 where the system does not say."""
    return 0 if connection is None else _tcp_info(connection, _BYTES_ACKED)


def _bytes_received(connection: Connection) -> int:
    """What has come over a connection, read or not; 0 where the system does not say."""
    return _tcp_info(connection, _BYTES_RECEIVED)


def _tcp_info(connection: Connection, offset: int) -> int:
    if sys.platform != "linux":
        return 0
    try:
        with _socket_of(connection.descriptor) as ours:
            if ours.family not in (socket.AF_INET, socket.AF_INET6):
                return 0
            info = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, offset + 8)
    except OSError:  # it has just ended
        return 0
    return struct.unpack_from("@Q", info, offset)[0] if len(info) >= offset + 8 else 0


def _socket_of(descriptor: int) -> socket.socket:
    """A socket of our own for the same connection."""
    copy = os.dup(descriptor)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
