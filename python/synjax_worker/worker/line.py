"""A line beside ZeroMQ's socket, for one client of this machine: the thread that waits for it is woken at once.

    message := [bytes of its text: 4, little end first] [its text]

Whoever dials sends the token of the line as the first message. Nobody else can take the line afterwards.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import shutil
import socket
import tempfile
import threading
from io import BufferedReader
from typing import Any

_PREFIX = 4  # bytes of a length
_TOKEN_SECONDS = 5.0  # for which a caller may take to say the token
_LONGEST_TOKEN = 64


class Line:
    """Opened for a worker that listens at a Unix socket, it is one too, in a directory that only this user can enter;
    otherwise, and where there can be none, a port of this machine.
    """

    def __init__(self, address: str):
        self._token = secrets.token_hex(16)
        self._directory: str | None = None  # to be removed
        self._listener = self._private() if address.startswith("ipc://") else None
        if self._listener is not None:
            self.place: dict[str, Any] = {"path": self._listener.getsockname(), "token": self._token}
        else:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.place = {"port": self._listener.getsockname()[1], "token": self._token}
        # Reentrant: garbage that is collected meanwhile may say so, on the same thread
        self._writing = threading.RLock()
        self._connection: socket.socket | None = None
        self._stream: BufferedReader | None = None

    def _private(self) -> socket.socket | None:
        if not hasattr(socket, "AF_UNIX"):
            return None
        listener = socket.socket(socket.AF_UNIX)
        try:
            self._directory = tempfile.mkdtemp(prefix="synjax-")
            listener.bind(os.path.join(self._directory, "p"))
            listener.listen()
        except OSError:  # no room for a directory, or too long a name
            listener.close()
            self._remove()
            return None
        return listener

    def _remove(self) -> None:
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

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
        self._remove()
        if "port" in self.place:
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

    def close(self) -> None:
        """Ends it, for the client too."""
        for each in (self._stream, self._connection, self._listener):
            if each is not None:
                each.close()
        self._remove()

    def write(self, data: bytes) -> None:
        """Sends a message. Any thread may; where nobody hears it any more nothing happens."""
        with self._writing, contextlib.suppress(OSError):
            self._connection.sendall(len(data).to_bytes(_PREFIX, "little") + data)
