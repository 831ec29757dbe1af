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
    MESSAGES,
    OK,
    PING,
    VERSION,
)
from .codec import ZERO_COPY_BYTES, pack_header
from .engine import RETRY_AFTER_MS, Engine, Job, Session
from .headers import (
    parse_compile,
    parse_fetch,
    parse_hashes,
    parse_ids,
    parse_launch,
    seq_of,
    unpack_header,
)
from .inbox import Buffer, Inbox
from .wake import Wake

log = logging.getLogger("synjax_worker")

ANSWERED = frozenset(message.number for message in MESSAGES if message.answered)

HELLO_BYTES = 1 << 16  # of a header from whom nobody knows
MESSAGE_BYTES = 1 << 10  # what a message takes besides its own bytes
UNREAD_REPLIES = 8  # as many as a client may have messages in flight; then it counts as gone


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
        self._socket.set(zmq.SNDHWM, UNREAD_REPLIES * limits.in_flight_messages)
        self._socket.set(zmq.RCVHWM, 0)  # the clients' credit bounds what is in flight
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.ROUTER_MANDATORY, 1)
        # Above this size libzmq drops the connection silently. It is twice the limit, so that excess gets an answer.
        self._socket.set(zmq.MAXMSGSIZE, max(2 * limits.frame_bytes, 64 << 20))
        self._inbox = Inbox(self._socket, limits, self._sessions, self._forget_client)
        self._socket.bind(address)
        self.address = self._socket.get_string(zmq.LAST_ENDPOINT)

    def serve(self) -> None:
        """Runs for ever."""
        self._engine.start()
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake.descriptor, zmq.POLLIN)
        poller.register(self._inbox.monitor, zmq.POLLIN)
        while True:
            idle = self._engine.idle
            self._send_replies()
            if idle:  # no other thread has a reply to post, so a plain receive will do, which is quicker than a poll
                self._receive(0)
                continue
            poller.poll()
            self._wake.clear()
            self._inbox.look_who_left()
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
                if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                    raise
                self._forget_client(client)

    def _send(self, client: bytes, header: bytes, buffers: Sequence[Any]) -> None:
        send, more = self._socket.send, zmq.SNDMORE | zmq.NOBLOCK
        send(client, more)
        send(header, more if buffers else zmq.NOBLOCK)
        for position, buffer in enumerate(buffers, 1):
            last = position == len(buffers)
            flags = zmq.NOBLOCK if last else more
            if buffer.nbytes < ZERO_COPY_BYTES:
                send(buffer, flags)
            else:
                self._note(client, send(buffer, flags, copy=False, track=True), buffer.nbytes)

    def _note(self, client: bytes, sending: zmq.MessageTracker, size: int) -> None:
        session = self._sessions.get(client)
        if session is not None:
            session.unread.sent(sending, size)

    def _forget_client(self, client: bytes) -> None:
        session = self._sessions.pop(client, None)
        if session is not None:
            log.info("client gone", extra={"handles": len(session.handles)})
            self._submit(Job(session, lambda: _clear(session), []))

    # ------------------------------------------------------------------------------------------------------ receiving

    def _receive(self, flags: int) -> bool:
        """Takes one message and handles it; False if there is none."""
        message = self._inbox.receive(flags)
        if message is None:
            return False
        self._handle(*message)
        return True

    def _handle(
        self, client: bytes, frame: bytes, buffers: list[Buffer], size: int, excess: SynjaxError | None
    ) -> None:
        seq = 0
        try:
            session = self._sessions.get(client)
            most = HELLO_BYTES if session is None else self._limits.header_bytes
            if len(frame) > most:
                seq = seq_of(frame)
                raise SynjaxError("LIMIT_BYTES", f"a header of {len(frame)} bytes; at most {most}")
            header = unpack_header(frame)
            if session is not None and header[1] in session.jobs:
                raise SynjaxError("BAD_MESSAGE", f"the call {header[1]} is in flight: a seq names one call")
            seq = header[1]
            if seq == 0 and header[0] in ANSWERED:
                raise SynjaxError("BAD_MESSAGE", "a call has a seq above 0")
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
        size += MESSAGE_BYTES
        if kind == HELLO:
            return self._hello(client, header)
        session = self._sessions.get(client)
        if session is None:
            raise SynjaxError("UNAUTHORIZED", "say hello first")
        if kind == LAUNCH:
            launch = parse_launch(header)
            if launch.outputs > self._limits.results:
                raise SynjaxError("BAD_MESSAGE", f"{launch.outputs} results; at most {self._limits.results}")
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
            self._notice(Job(session, lambda: _remove(session.programs, hashes), [], size, seq, notice=True))
        elif kind == FREE:
            ids = parse_ids(header, "a free")
            self._notice(Job(session, lambda: _remove(session.handles, ids), [], size, seq, notice=True))
        elif kind == CANCEL:
            self._engine.cancel(session, parse_ids(header, "a cancel"))
        elif kind == GOODBYE:
            self._goodbye(client, session, header)
        else:
            raise SynjaxError("BAD_MESSAGE", f"no message of type {kind}")

    def _notice(self, job: Job) -> None:
        if self._engine.is_flooded(job.session, job.bytes):
            raise SynjaxError("OVERLOADED", "more waits to be freed than the worker notes")
        self._run(job)

    def _run(self, job: Job) -> None:
        if job.refused is None and not job.notice and self._engine.is_overloaded(job.session, job.bytes):
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
