"""A line beside ZeroMQ's socket, for one client of this machine: the thread that waits for it is woken at once.

    message := [bytes of its text: 4, little end first] [its text]

Whoever dials sends the token of the line as the first message. Nobody else can take the line afterwards.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import socket
import threading
from typing import Any

_IPC = "ipc://"
_PREFIX = 4  # bytes of a length
_TOKEN_SECONDS = 5.0  # for which a caller may take to say the token
_LONGEST_TOKEN = 64


class Line:
    """Where a worker listens at `address`, this listens beside it; where that cannot be, on a port of this machine."""

    def __init__(self, address: str):
        self._token = secrets.token_hex(16)
        self._path = os.path.join(os.path.dirname(address.removeprefix(_IPC)), "p")
        self._listener = _beside(self._path) if address.startswith(_IPC) else None
        if self._listener is not None:
            self.place: dict[str, Any] = {"path": self._path, "token": self._token}
        else:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.place = {"port": self._listener.getsockname()[1], "token": self._token}
        self._writing = threading.Lock()

    def open(self) -> None:
        """Waits for the client."""
        while True:
            self._connection, _ = self._listener.accept()
            self._connection.settimeout(_TOKEN_SECONDS)
            self._stream = self._connection.makefile("rb", buffering=1 << 16)
            with contextlib.suppress(OSError, EOFError):
                said = self.read(_LONGEST_TOKEN)
                if hmac.compare_digest(said, self._token.encode()):
                    break
            self._stream.close()
            self._connection.close()
        self._listener.close()
        if "path" in self.place:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
        else:
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.settimeout(None)

    def read(self, most: int | None = None) -> bytes:
        """The next message. Raises EOFError where there is none any more, OSError where the line broke."""
        length = int.from_bytes(self._read(_PREFIX), "little")
        if most is not None and length > most:
            raise EOFError
        return self._read(length)

    def _read(self, length: int) -> bytes:
        data = self._stream.read(length)
        if len(data) < length:
            raise EOFError
        return data

    def write(self, data: bytes) -> None:
        """Sends a message. Any thread may; where nobody hears it any more nothing happens."""
        with self._writing, contextlib.suppress(OSError):
            self._connection.sendall(len(data).to_bytes(_PREFIX, "little") + data)


def _beside(path: str) -> socket.socket | None:
    if not hasattr(socket, "AF_UNIX"):
        return None
    listener = socket.socket(socket.AF_UNIX)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        listener.bind(path)
        listener.listen()
    except OSError:  # no such directory, or too long a name
        listener.close()
        return None
    return listener
