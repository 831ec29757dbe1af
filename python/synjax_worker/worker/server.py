"""The server: one socket, and the IO thread that serves it.

The IO thread (the main one) receives messages, checks them and answers those that need no computation, so that a ping
is answered while XLA compiles. Only this thread touches the socket: other threads post replies and wake it.
"""

from __future__ import annotations

import collections
import hmac
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import zmq

from ..errors import SynjaxError
from ..limits import Limits
from ..protocol import (
    CANCEL,
    COMPILE,
    ERROR,
    FETCH,
    FIELDS,
    FORGET,
    FREE,
    GOODBYE,
    HELLO,
    LAUNCH,
    OK,
    PING,
    VERSION,
)
from .codec import SMALL_BYTES, pack_header
from .engine import RETRY_AFTER_MS, Engine, Job, Session
from .headers import (
    parse_compile,
    parse_fetch,
    parse_hashes,
    parse_ids,
    parse_launch,
    unpack_header,
)
from .wake import Wake

log = logging.getLogger("synjax_worker")

Buffer = bytes | memoryview

ZERO_COPY_BYTES = 1 << 19  # copying smaller buffers is quicker than keeping them until libzmq has sent them


class Server:
    """Serves clients on one ROUTER socket."""

    def __init__(
        self,
        address: str,
        token: str | None,
        info: dict[str, Any],
        ops: dict[str, Any],
        limits: Limits,
        connected: Callable[[], None] = lambda: None,
    ):
        self._token = token
        self._connected = connected  # called whenever a hello was answered
        self._info = info  # the answer to a hello
        self._limits = limits
        self._sessions: dict[bytes, Session] = {}
        self._outbox: collections.deque[tuple[bytes, bytes, Sequence[Any]]] = collections.deque()
        self._wake = Wake()
        self._thread = threading.get_ident()
        self._engine = Engine(ops, limits, self._post)
        self._socket = zmq.Context.instance().socket(zmq.ROUTER)
        self._socket.set(zmq.SNDHWM, 0)  # the clients' credit bounds what is in flight
        self._socket.set(zmq.RCVHWM, 0)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.ROUTER_MANDATORY, 1)
        # Above this size libzmq drops the connection silently. It is twice the limit, so that excess gets an answer.
        self._socket.set(zmq.MAXMSGSIZE, max(2 * limits.frame_bytes, 64 << 20))
        self._socket.bind(address)
        self.address = self._socket.get_string(zmq.LAST_ENDPOINT)

    def serve(self) -> None:
        """Runs for ever."""
        self._engine.start()
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake.descriptor, zmq.POLLIN)
        while True:
            idle = self._engine.idle
            self._send_replies()
            if idle:  # no other thread has a reply to post, so a plain receive will do, which is quicker than a poll
                self._receive(0)
                continue
            poller.poll()
            self._wake.clear()
            self._send_replies()
            while self._receive(zmq.NOBLOCK):
                self._send_replies()

    # -------------------------------------------------------------------------------------------------------- sending

    def _post(self, client: bytes, header: bytes, buffers: Sequence[Any]) -> None:
        """Queues a reply. Any thread may call it."""
        self._outbox.append((client, header, buffers))
        if threading.get_ident() != self._thread:
            self._wake.ring()

    def _send_replies(self) -> None:
        while self._outbox:
            client, header, buffers = self._outbox.popleft()
            try:
                self._send(client, header, buffers)
            except zmq.ZMQError as error:
                if error.errno != zmq.EHOSTUNREACH:
                    raise
                self._forget_client(client)

    def _send(self, client: bytes, header: bytes, buffers: Sequence[Any]) -> None:
        send, more = self._socket.send, zmq.SNDMORE | zmq.NOBLOCK
        send(client, more)
        send(header, more if buffers else zmq.NOBLOCK)
        for position, buffer in enumerate(buffers, 1):
            last = position == len(buffers)
            send(buffer, zmq.NOBLOCK if last else more, copy=buffer.nbytes < ZERO_COPY_BYTES)

    def _forget_client(self, client: bytes) -> None:
        session = self._sessions.pop(client, None)
        if session is not None:
            log.info("client gone", extra={"handles": len(session.handles)})
            self._submit(Job(session, lambda: _clear(session), []))

    # ------------------------------------------------------------------------------------------------------ receiving

    def _receive(self, flags: int) -> bool:
        """Takes one message and handles it; False if there is none."""
        socket = self._socket
        try:
            client = socket.recv(flags)
        except zmq.Again:
            return False
        frame = socket.recv() if socket.get(zmq.RCVMORE) else b""
        buffers: list[Buffer] = []
        size, count = len(frame), 1
        excess = self._excess(count, size, size)
        while socket.get(zmq.RCVMORE):
            message = socket.recv(copy=False)
            length = len(message)
            count, size = count + 1, size + length
            excess = excess or self._excess(count, length, size)
            if excess is None:
                buffers.append(message.bytes if length < SMALL_BYTES else message.buffer)
        self._handle(client, frame, buffers, size, excess)
        return True

    def _excess(self, count: int, length: int, size: int) -> SynjaxError | None:
        limits = self._limits
        if count > limits.frames:
            return SynjaxError("LIMIT_FRAMES", f"more than {limits.frames} frames in a message")
        if length > limits.frame_bytes:
            return SynjaxError("LIMIT_BYTES", f"a frame of {length} bytes; at most {limits.frame_bytes}")
        if size > limits.message_bytes:
            return SynjaxError("LIMIT_BYTES", f"a message above {limits.message_bytes} bytes")
        return None

    def _handle(
        self, client: bytes, frame: bytes, buffers: list[Buffer], size: int, excess: SynjaxError | None
    ) -> None:
        seq = 0
        try:
            header = unpack_header(frame)
            seq = header[1]
            self._dispatch(client, header, buffers, size, excess)
        except SynjaxError as error:
            self._post(client, pack_header([seq, ERROR, error.to_wire()]), ())
        except Exception as error:  # no message may end the worker
            log.exception("a message was not handled")
            failure = {"code": "INTERNAL", "message": f"{type(error).__name__}: {error}"[:2_000]}
            self._post(client, pack_header([seq, ERROR, failure]), ())

    def _dispatch(
        self, client: bytes, header: list, buffers: list[Buffer], size: int, excess: SynjaxError | None
    ) -> None:
        kind, seq = header[0], header[1]
        if kind == HELLO:
            return self._hello(client, header)
        session = self._sessions.get(client)
        if session is None:
            raise SynjaxError("UNAUTHORIZED", "say hello first")
        if kind == LAUNCH:
            launch = parse_launch(header)
            return self._run(Job(session, launch, buffers, size, seq, refused=excess))
        if kind == COMPILE:
            return self._run(Job(session, parse_compile(header), buffers, size, seq, refused=excess))
        if buffers or excess is not None:
            raise excess or SynjaxError("BAD_MESSAGE", "only a launch and a compile have buffers")
        if kind == FETCH:
            self._run(Job(session, parse_fetch(header), [], size, seq))
        elif kind == PING:
            self._post(client, pack_header([seq, OK, self._engine.counters(session)]), ())
        elif kind == FORGET:
            hashes = parse_hashes(header)
            self._run(Job(session, lambda: _remove(session.programs, hashes), [], seq=seq))
        elif kind == FREE:
            ids = parse_ids(header, "a free")
            self._run(Job(session, lambda: _remove(session.handles, ids), [], seq=seq))
        elif kind == CANCEL:
            self._engine.cancel(session, parse_ids(header, "a cancel"))
        elif kind == GOODBYE:
            self._goodbye(client, session, header)
        else:
            raise SynjaxError("BAD_MESSAGE", f"no message of type {kind}")

    def _run(self, job: Job) -> None:
        if job.refused is None and self._engine.is_overloaded(job.session, job.bytes):
            job.refused = SynjaxError(
                "OVERLOADED", "more calls in flight than the worker takes", retryAfter=RETRY_AFTER_MS
            )
        if job.refused is not None or not self._engine.run_if_quick(job, self._is_quiet):
            self._submit(job)

    def _submit(self, job: Job) -> None:
        self._engine.submit(job)

    def _is_quiet(self) -> bool:
        return not self._socket.get(zmq.EVENTS) & zmq.POLLIN

    def _hello(self, client: bytes, header: list) -> None:
        wish = header[2] if len(header) == 1 + len(FIELDS["hello"]) else None
        if type(wish) is not dict or set(wish) - {"version", "registry", "token"}:
            raise SynjaxError("BAD_MESSAGE", "a hello has version, registry and token")
        token = wish.get("token")
        if self._token is not None and not (
            type(token) is str and hmac.compare_digest(token.encode(), self._token.encode())
        ):
            raise SynjaxError("UNAUTHORIZED", "the token is not this worker's")
        for name, ours in (("version", VERSION), ("registry", self._info["registry"])):
            theirs = wish.get(name)
            if theirs != ours:
                raise SynjaxError(
                    "PROTOCOL_MISMATCH",
                    f"{name}: the client has {theirs!r:.80}, the worker has {ours!r}",
                    argument=name,
                    expected=str(ours),
                    received=str(theirs)[:80],
                )
        self._sessions.setdefault(client, Session(client))
        self._connected()
        self._post(client, pack_header([header[1], OK, self._info]), ())

    def _goodbye(self, client: bytes, session: Session, header: list) -> None:
        if len(header) != 3 or type(header[2]) is not bool:
            raise SynjaxError("BAD_MESSAGE", "a goodbye is [type, seq, drain]")
        if not header[2]:
            self._engine.cancel(session, list(session.jobs))
        del self._sessions[client]
        self._run(Job(session, lambda: _clear(session), [], seq=header[1]))


def _remove(table: dict, keys: Sequence[Any]) -> None:
    for key in keys:
        table.pop(key, None)


def _clear(session: Session) -> None:
    session.handles.clear()
    session.programs.clear()
