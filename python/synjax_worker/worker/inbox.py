"""The inbox: messages as they come over the socket, and the clients that leave without a goodbye."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import NamedTuple

import zmq

from ..errors import SynjaxError
from ..limits import Limits
from .codec import SMALL_BYTES
from .connections import Connection, Connections
from .curve import client_key
from .strangers import HELLO_BYTES

_BEGINNING = 64  # bytes of a header that is too long: its type and seq

Buffer = bytes | memoryview


class Message(NamedTuple):
    client: bytes
    header: bytes
    buffers: list[Buffer]
    size: int  # bytes of all frames
    excess: SynjaxError | None  # the limit that it is beyond; its buffers are not there then
    connection: Connection | None = None  # of a client that is not known
    is_bundled: bool = False  # it came in a bundle


class Inbox:
    """Takes messages from a socket."""

    def __init__(
        self,
        socket: zmq.Socket,
        limits: Limits,
        sessions: Container[bytes],
        connections: Connections,
        look_who_left: Callable[[], None],
    ):
        self._socket = socket
        self._limits = limits
        self._sessions = sessions  # the clients that are known
        self._connections = connections
        self._look_who_left = look_who_left

    def receive(self, flags: int) -> Message | None:
        """Takes one message; None if there is none. Whoever is known then is known by its hello on this connection."""
        try:
            client = self._socket.recv(flags)
        except zmq.Again:
            return None
        self._look_who_left()
        return self._of_known(client) if client in self._sessions else self._of_stranger(client)

    def _of_known(self, client: bytes) -> Message:
        socket = self._socket
        header = socket.recv() if socket.get(zmq.RCVMORE) else b""
        buffers: list[Buffer] = []
        size, count = len(header), 1
        excess = self._excess(count, size, size)
        while socket.get(zmq.RCVMORE):
            frame = socket.recv(copy=False)
            length = len(frame)
            count, size = count + 1, size + length
            excess = excess or self._excess(count, length, size)
            if excess is None:
                buffers.append(frame.bytes if length < SMALL_BYTES else frame.buffer)
        return Message(client, header, buffers, size, excess)

    def _of_stranger(self, client: bytes) -> Message:
        """One frame, and no long one: of any other only the beginning is kept."""
        socket, connection, key, header, size, excess = self._socket, None, None, b"", 0, None
        if socket.get(zmq.RCVMORE):
            frame = socket.recv(copy=False)
            size = len(frame)
            descriptor = _descriptor(frame)
            connection = None if descriptor is None else self._connections.of(client, descriptor)
            key = client_key(frame)
            header = frame.bytes if size <= HELLO_BYTES else bytes(frame.buffer[:_BEGINNING])
        if size > HELLO_BYTES:
            excess = SynjaxError(
                "LIMIT_BYTES", f"a header of {size} bytes; at most {HELLO_BYTES} before a hello"
            )
        if socket.get(zmq.RCVMORE):
            # A client that does not know yet that this is another worker: it must be told to connect again.
            excess = excess or SynjaxError("UNAUTHORIZED", "say hello first; it has one frame")
            while socket.get(zmq.RCVMORE):
                socket.recv()
        if connection is not None:
            connection.messages += 1
            connection.key = key
        return Message(client, header, [], size, excess, connection)

    def _excess(self, count: int, length: int, size: int) -> SynjaxError | None:
        limits = self._limits
        if count > limits.frames:
            return SynjaxError("LIMIT_FRAMES", f"more than {limits.frames} frames in a message")
        if length > limits.frame_bytes:
            return SynjaxError("LIMIT_BYTES", f"a frame of {length} bytes; at most {limits.frame_bytes}")
        if size > limits.message_bytes:
            return SynjaxError("LIMIT_BYTES", f"a message above {limits.message_bytes} bytes")
        return None


def _descriptor(frame: zmq.Frame) -> int | None:
    """Of the connection over which a frame came; None for peers of ZMTP 1 and 2, of whom ZeroMQ tells nothing."""
    try:
        return frame.get(zmq.SRCFD)
    except zmq.ZMQError:
        return None
