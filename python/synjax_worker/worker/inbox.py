"""The inbox: messages as they come over the socket, and the clients that leave without a goodbye."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import NamedTuple

import zmq

from ..errors import SynjaxError
from ..limits import Limits
from .codec import SMALL_BYTES
from .connections import Connections

LOOK_AFTER = 256  # messages after which to look for clients that left, where nobody waits for them

Buffer = bytes | memoryview


class Message(NamedTuple):
    client: bytes
    header: bytes
    buffers: list[Buffer]
    size: int  # bytes of all frames
    excess: SynjaxError | None  # the limit that it is beyond; its buffers are not there then


class Inbox:
    """Takes messages from a socket."""

    def __init__(
        self, socket: zmq.Socket, limits: Limits, sessions: Container[bytes], left: Callable[[bytes], None]
    ):
        self._socket = socket
        self._limits = limits
        self._sessions = sessions  # the clients that are known
        self._left = left  # called for each client that has left
        self._connections = Connections(socket)
        self._received = 0
        self.monitor = self._connections.monitor  # readable when clients have left

    def receive(self, flags: int) -> Message | None:
        """Takes one message; None if there is none."""
        socket = self._socket
        try:
            client = socket.recv(flags)
        except zmq.Again:
            return None
        self._received += 1
        if self._received % LOOK_AFTER == 0:
            self.look_who_left()
        header = self._receive_header(client) if socket.get(zmq.RCVMORE) else b""
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

    def look_who_left(self) -> None:
        """Tells of the clients that have left."""
        for client in self._connections.ended():
            self._left(client)

    def _receive_header(self, client: bytes) -> bytes:
        if client in self._sessions:
            return self._socket.recv()
        frame = self._socket.recv(copy=False)
        self.look_who_left()
        self._connections.add(client, frame)
        return frame.bytes

    def _excess(self, count: int, length: int, size: int) -> SynjaxError | None:
        limits = self._limits
        if count > limits.frames:
            return SynjaxError("LIMIT_FRAMES", f"more than {limits.frames} frames in a message")
        if length > limits.frame_bytes:
            return SynjaxError("LIMIT_BYTES", f"a frame of {length} bytes; at most {limits.frame_bytes}")
        if size > limits.message_bytes:
            return SynjaxError("LIMIT_BYTES", f"a message above {limits.message_bytes} bytes")
        return None
