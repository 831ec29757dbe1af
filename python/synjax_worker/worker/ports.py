"""Ports that are held for a worker while nobody listens there."""

from __future__ import annotations

import re
import socket
import sys

from ..errors import SynjaxError

_TCP = re.compile(r"tcp://(\[.+\]|[^:]+):(\d+|\*)")


class HeldPort:
    """A port that nobody else gets, though nobody listens on it: clients that call it are refused, and call again.

    While it is held Linux lets a worker listen on it; other systems have it released before.
    """

    def __init__(self, address: str):
        """Holds the port of a `tcp://` address, one that is chosen where it says `*`.

        Raises SynjaxError (WORKER_START) where somebody listens on it.
        """
        self.address = address
        self._socket: socket.socket | None = None
        found = _TCP.fullmatch(address)
        if found is None:
            return
        host, port = found[1].strip("[]"), 0 if found[2] == "*" else int(found[2])
        family = socket.AF_INET6 if ":" in host else socket.AF_INET  # as ZeroMQ takes names
        try:
            *_, place = socket.getaddrinfo(
                None if host == "*" else host, port, family, socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
        except OSError:  # the name of a network interface, which only ZeroMQ knows
            return
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as ZeroMQ does
        try:
            self._socket.bind(place)
        except OSError as error:
            self.release()
            raise SynjaxError("WORKER_START", f"nothing can listen at {address}: {error.strerror}") from None
        self.address = f"tcp://{found[1]}:{self._socket.getsockname()[1]}"

    def make_way(self) -> None:
        """Lets a worker of this machine listen on it."""
        if sys.platform != "linux":
            self.release()

    def release(self) -> None:
        """Lets anybody have it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
