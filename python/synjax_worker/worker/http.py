"""A small HTTP listener for those who watch a worker. It answers GET and HEAD, and knows nothing of what it answers."""

from __future__ import annotations

import io
import logging
import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

from ..errors import InvalidArgument, SynjaxError

log = logging.getLogger("synjax_worker")

_THREADS = 4  # answer at a time: somebody who sends half a request keeps one for a while
_TIMEOUT_SECONDS = 5  # for the whole of a request, and for the whole of its answer
_STACK_BYTES = 1 << 20  # of these threads; those that trace programs have much larger ones
_BACKLOG = 32
_ADDRESS = re.compile(r"(?:(\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]*):)?([0-9]{1,5})")


class Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes


Answers = Callable[[str, str], Answer | None]  # path, what is accepted; None: there is nothing there


def listen(address: str, answers: Answers) -> str:
    """Answers in threads of its own from now on. The address, `host:port`, with the port where 0 was asked for.

    Raises:
      InvalidArgument: the address is none.
      SynjaxError: (WORKER_START) it cannot be listened on.
    """
    host, port = _host_and_port(address)
    try:
        listener = _Listener(host, port, answers)
    except OSError as error:
        raise SynjaxError(
            "WORKER_START", f"`metricsAddress`: cannot listen on {address}: {error.strerror or error}"
        ) from None
    before = threading.stack_size(_STACK_BYTES)
    for _ in range(_THREADS):
        threading.Thread(target=listener.loop, name="http", daemon=True).start()
    threading.stack_size(before)
    bound, port = listener.server_address[:2]
    return f"[{bound}]:{port}" if ":" in bound else f"{bound}:{port}"


def _host_and_port(address: str) -> tuple[str, int]:
    """Only who names another host is reached from there."""
    found = _ADDRESS.fullmatch(address) if type(address) is str else None
    if found is None or int(found[2]) > 65_535:
        raise InvalidArgument(
            f"`metricsAddress`: expected host:port, got {address!r}",
            argument="metricsAddress",
            expected="host:port",
            received=repr(address),
        )
    return (found[1] or "127.0.0.1").strip("[]"), int(found[2])


class _Listener(socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = _BACKLOG

    def __init__(self, host: str, port: int, answers: Answers):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.answers = answers
        super().__init__((host, port), _Handler)

    def loop(self) -> None:
        """What each of the threads runs, for ever."""
        while True:
            try:
                request, client = self.get_request()
            except OSError:  # whoever came has left
                continue
            try:
                self.process_request(request, client)
            except Exception:
                self.shutdown_request(request)
                log.debug("a request was not answered", exc_info=True)


class _Request(io.RawIOBase):
    """What comes over a connection, until its time is over: byte by byte a request would take for ever."""

    def __init__(self, connection: socket.socket):
        self._connection = connection
        self._ends = time.monotonic() + _TIMEOUT_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("half a request")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    server_version = "synjax"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(_Request(self.connection))

    def do_GET(self) -> None:
        self.connection.settimeout(_TIMEOUT_SECONDS)
        try:
            answer = self.server.answers(self.path.partition("?")[0], self.headers.get("Accept", ""))
        except Exception:
            log.exception("a request was not answered")
            answer = Answer(500, "text/plain", b"failed; the log says why\n")
        answer = answer or Answer(404, "text/plain", b"nothing is here\n")
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_HEAD = do_GET

    def log_message(self, form: str, *args: object) -> None:
        log.debug("http", extra={"request": form % args})
