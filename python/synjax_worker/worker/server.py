"""The server: one socket, and the IO thread that serves it.

The IO thread (the main one) receives messages, checks them and answers those that need no computation, so that a ping
is answered while XLA compiles. Only this thread touches the socket.
"""

from __future__ import annotations

import collections
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import zmq

from ..errors import SynjaxError
from ..limits import Limits
from ..protocol import (
    BUNDLE,
    CANCEL,
    COMPILE,
    ERROR,
    FETCH,
    FORGET,
    FREE,
    GOODBYE,
    HELLO,
    LAUNCH,
    MESSAGES,
    OK,
    PING,
    PYTHON,
    SHARE,
    SHARED,
    UNLIMITED,
    UNSHARE,
)
from .admission import Admission
from .asked import Asked
from .codec import pack_header
from .connections import Connection, Connections
from .context import take_context
from .curve import secure
from .engine import ALONE, RETRY_AFTER_MS, Batching, Compiled, Engine, Job, Run, Session, Stored
from .headers import (
    parse_bundle,
    parse_compile,
    parse_fetch,
    parse_hashes,
    parse_ids,
    parse_launch,
    parse_python,
    parse_share,
    parse_take,
    parse_unshare,
    seq_of,
    unpack_header,
)
from .inbox import Inbox, Message
from .keys import Keys
from .last_words import farewell, last_words
from .observer import Observer
from .outbox import Outbox
from .strangers import HELLO_BYTES, Strangers, bytes_acknowledged, cut
from .wake import Wake
from .warm_up import WarmUp

if TYPE_CHECKING:
    from .pythonia import Pythonia

log = logging.getLogger("synjax_worker")

_ENDING = SynjaxError("OVERLOADED", "the worker is about to end", retryAfter=RETRY_AFTER_MS)
ANSWERED = frozenset(message.number for message in MESSAGES if message.answered)

MESSAGE_BYTES = 1 << 10  # what a message takes besides its own bytes
LINGER_MS = 1_000
FAREWELL_SECONDS = 0.5  # a client that sees the connection end before it reads takes it for a crash
TICK_MS = 1_000  # between looks at what happens without a message
STRANGER_TICK_MS = 50  # the same while there are connections without a hello
OBSTINATE = 8  # times as much in flight as a client may have is not taken note of any more: it is cut off
BUNDLE_SECONDS = 0.002  # for which answers wait, at most, for the rest of the bundle with their calls
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
        stored: Stored | None = None,
        keys: Keys | None = None,
        batching: Batching = ALONE,
        observer: Observer | None = None,
        compiled: Compiled | None = None,
        beat: Callable[[], None] | None = None,
        *,
        listens: bool = True,
        python: bool = False,
    ):
        """`compiled` is told of executables, `beat` is called while the IO thread goes on. One that does not listen yet
        does so after its warm-up. With `python` its client, which has started this worker, may ask for any module.
        """
        self._observer = observer
        self._beat = beat
        self._admission = Admission(info, limits, token, keys)
        self._python = python
        self._has_pythonia = False  # which answers when it likes
        self._connected = connected  # called whenever a hello was answered
        self._limits = limits
        self._sessions: dict[bytes, Session] = {}
        self._wake = Wake()
        self._socket = zmq.Context.instance().socket(zmq.ROUTER)
        self._socket.set(zmq.SNDHWM, UNREAD_REPLIES * limits.in_flight_messages)
        # The clients' credit bounds what is in flight. What others send waits with them when so much waits here.
        self._socket.set(zmq.RCVHWM, OBSTINATE * limits.in_flight_messages)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.ROUTER_MANDATORY, 1)
        # Above this size libzmq drops the connection silently. It is twice the limit, so that excess gets an answer.
        self._socket.set(zmq.MAXMSGSIZE, max(2 * limits.frame_bytes, 64 << 20))
        self._socket.set(zmq.RCVTIMEO, TICK_MS)
        self._is_remote = not address.startswith("ipc://")
        if self._is_remote:  # of other ends the system tells at once
            self._socket.set(zmq.HEARTBEAT_IVL, limits.session_seconds * 500)
            self._socket.set(zmq.HEARTBEAT_TIMEOUT, limits.session_seconds * 500)
        self._late: Run | None = None  # what has run for too long
        self._bundled = 0  # messages of a bundle that are not handled yet
        self._ending: collections.deque[tuple[float, Connection]] = collections.deque()  # when, and what
        self._authenticator = secure(self._socket, keys) if keys else None
        self._asked = Asked(self._wake.ring)
        self._connections = Connections(self._socket)
        self._strangers = Strangers(self._connections, limits.hello_seconds)
        self._tick_ms, self._next_tick, self._accepted = TICK_MS, 0.0, 0
        self._inbox = Inbox(self._socket, limits, self._sessions, self._connections, self._look_who_left)
        self._outbox = Outbox(self._socket, self._wake.ring, self._look_who_left, self._forget)
        self._post = self._outbox.post if observer is None else observer.posting(self._outbox.post)
        self._engine = Engine(
            ops,
            limits,
            self._post,
            stored,
            batching,
            observer and observer.answered,
            observer and observer.batched,
            compiled,
        )
        seconds = limits.deadline_seconds
        self._deadline = None if seconds == UNLIMITED else float(seconds)  # of calls that bring none
        if observer is not None:
            observer.watch(self._sessions, self._engine, info)
        self.address = address
        if listens:
            self.listen()

    def warm_up(self, warm_up: WarmUp, failed: Callable[[SynjaxError], None]) -> bool:
        """Compiles before anybody can call. False where it was told to end before that.

        `failed` is told why it will not be ready, and it goes on until it is told to end.
        """
        self._engine.start()
        warm_up.begin(self._engine, self._wake.ring)
        poller = zmq.Poller()
        poller.register(self._wake.descriptor, zmq.POLLIN)
        is_told = False
        while self._asked.ends_by is None:
            if warm_up.is_over and warm_up.error is None:
                return True
            is_over = warm_up.is_over
            if self._observer is not None:  # before others are told, who may ask at once
                self._observer.waits(warm_up.state)
            if is_over and not is_told:
                is_told = True
                failed(warm_up.error)
            poller.poll(self._tick_ms)
            self._wake.clear()
            self._tick(nothing_waits=True)
        self.close()
        return False

    def listen(self) -> None:
        """Lets clients come. Raises SynjaxError (WORKER_START) where they cannot come here."""
        try:
            self._socket.bind(self.address)
        except zmq.ZMQError as error:
            self.close()
            raise SynjaxError(
                "WORKER_START", f"nothing can listen at {self.address}: {error.strerror}"
            ) from error
        self.address = self._socket.get_string(zmq.LAST_ENDPOINT)

    def serve(self) -> None:
        """Runs until a call has run for too long, or until it was told to end and has answered what it took. Then all
        clients have been told, and this process must end.
        """
        self._engine.start()
        if self._observer is not None:  # told after what the engine does first
            self._submit(Job(Session(b""), self._observer.ready, []))
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake.descriptor, zmq.POLLIN)
        poller.register(self._connections.descriptor, zmq.POLLIN)
        while self._late is None and not self._is_drained():
            idle = self._engine.idle
            self._outbox.send_all()
            # No other thread has a reply to post then, so a plain receive will do, which is quicker than a poll. It
            # does not see who comes and says nothing.
            if idle and not self._is_remote and not self._has_pythonia:
                received = self._receive(0)
                self._run_held()
                self._tick(nothing_waits=not received)
                continue
            poller.poll(self._tick_ms)
            self._wake.clear()
            self._look_who_left()
            self._outbox.send_all()
            while self._late is None and not self._engine.held.is_full and self._receive(zmq.NOBLOCK):
                self._outbox.send_all()
                self._tick(nothing_waits=False)
            self._run_held()
            self._tick(nothing_waits=True)
        for session, header in self._last_words():
            self._post(session, pack_header(header), ())
        self._outbox.send_all()
        time.sleep(FAREWELL_SECONDS)
        self.close()

    def _last_words(self) -> Iterator[tuple[Session, list]]:
        sessions = list(self._sessions.values())
        if self._late is None:
            log.info("the worker ends, as it was told to")
            return farewell(sessions)
        log.error("a call ran for too long", extra={"seconds": self._limits.run_seconds})
        return last_words(sessions, self._late, self._limits.run_seconds)

    @property
    def has_failed(self) -> bool:
        """Whether it ended because a call ran for too long."""
        return self._late is not None

    def listen_to_signals(self, drain_seconds: float) -> None:
        """Has signals end the worker in order, and its list of clients reread: see `Asked`."""
        self._asked.listen(drain_seconds)

    def _is_drained(self) -> bool:
        """Whether the worker was told to end, and has answered what it took or has no more time for it."""
        if self._asked.ends_by is None:
            return False
        return self._asked.is_late or (self._engine.idle and not self._outbox.waits)

    def _reread_clients(self) -> None:
        """Takes the list of clients as it is by now. Who is not on it any more is told, and cut off."""
        if not self._admission.reread():
            return
        for session in list(self._sessions.values()):
            if self._admission.is_listed(session):
                continue
            self._cut_off(session, "it is not on the worker's list any more")

    def _cut_off(self, session: Session, why: str) -> None:
        """Ends the session and the connection of a client, and tells it so."""
        log.warning("a client is cut off", extra={"client": session.name, "why": why})
        failure = {"code": "WORKER_LOST", "message": f"this client was cut off: {why}"}
        self._post(session, pack_header([0, ERROR, failure]), ())
        self._outbox.send_all()
        self._forget(session)
        if session.connection is not None:
            self._ending.append((time.monotonic() + FAREWELL_SECONDS, session.connection))

    def _look_who_reads(self, now: float) -> None:
        """Cuts off the clients that are there, but read nothing of what they are sent."""
        for session in list(self._sessions.values()):
            acknowledged = partial(bytes_acknowledged, session.connection)
            if session.unread.waits_for(now, acknowledged) > self._limits.session_seconds:
                self._cut_off(session, "it reads nothing of what it is sent")

    def _tick(self, nothing_waits: bool) -> None:
        """Looks at what happens without a message, now and then."""
        now = time.monotonic()
        if self._asked.take_reread():
            self._reread_clients()
        while self._ending and self._ending[0][0] <= now:
            cut(self._ending.popleft()[1])
        if now < self._next_tick and self._accepted == self._connections.accepted:
            return
        if self._beat is not None:
            self._beat()
        if self._observer is not None:
            self._observer.alive(ends=self._asked.ends_by is not None)
        self._look_who_left()
        self._accepted = self._connections.accepted
        self._late = self._engine.overdue()
        if self._is_remote:
            self._look_who_reads(now)
        strangers = self._strangers.look(nothing_waits)
        self._tick_ms = STRANGER_TICK_MS if strangers else TICK_MS
        self._next_tick = now + self._tick_ms / 1_000

    def close(self) -> None:
        """Closes the socket, when what was sent has left, or after a moment."""
        if self._authenticator:
            self._authenticator.stop()
        self._connections.close()
        self._socket.close(linger=LINGER_MS)

    def _look_who_left(self) -> None:
        """Ends the sessions of the clients that have left."""
        for connection in self._connections.ended():
            session = self._sessions.get(connection.client or b"")
            if session is not None and session.connection is connection:
                self._forget(session)

    def _forget(self, session: Session) -> None:
        """Ends a session whose client is gone, or reads nothing."""
        session.is_ended = True
        if self._sessions.get(session.client) is not session:
            return
        del self._sessions[session.client]
        session.connection.client = None
        log.info("client gone", extra={"handles": len(session.handles), "client": session.name})
        self._engine.drop(session)
        self._submit(Job(session, lambda: _clear(session), []))

    # ------------------------------------------------------------------------------------------------------ receiving

    def _receive(self, flags: int) -> bool:
        """Takes one message and handles it; False if there is none."""
        message = self._inbox.receive(flags)
        if message is None:
            return False
        if self._observer is not None:
            self._observer.received(self._sessions.get(message.client), message.size)
        self._handle(message)
        return True

    def _handle(self, message: Message) -> None:
        seq, frame = 0, message.header
        session = self._sessions.get(message.client)
        try:
            if session is None and message.excess is not None:
                seq = seq_of(frame)
                raise message.excess
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
            if header[0] == HELLO:
                return self._hello(message.client, message.connection, header)
            if session is None:
                raise SynjaxError("UNAUTHORIZED", "say hello first")
            self._dispatch(session, header, message)
        except SynjaxError as error:
            if self._observer is not None:
                self._observer.refused(session, error.code)
            self._post(session or message.client, pack_header([seq, ERROR, error.to_wire()]), ())
        except Exception as error:  # no message may end the worker
            log.exception("a message was not handled")
            if self._observer is not None:
                self._observer.refused(session, "INTERNAL")
            failure = {"code": "INTERNAL", "message": f"{type(error).__name__}: {error}"[:2_000]}
            self._post(session or message.client, pack_header([seq, ERROR, failure]), ())

    def _unbundle(self, session: Session, frames: Sequence[bytes]) -> None:
        """Handles the messages of a bundle. Whoever sends one is answered in bundles."""
        session.takes_bundles = True
        sent = time.monotonic()
        try:
            for left, frame in zip(range(len(frames) - 1, -1, -1), frames, strict=True):
                if self._sessions.get(session.client) is not session:
                    break  # it has left, or was cut off
                self._bundled = left
                self._handle(Message(session.client, frame, [], len(frame), None, is_bundled=True))
                if self._outbox.waits and time.monotonic() - sent > BUNDLE_SECONDS:
                    self._outbox.send_all()
                    sent = time.monotonic()
        finally:
            self._bundled = 0

    def _dispatch(self, session: Session, header: list, message: Message) -> None:
        kind, seq = header[0], header[1]
        buffers, size, excess = message.buffers, message.size, message.excess
        size += MESSAGE_BYTES
        context = take_context(header)
        if kind == LAUNCH:
            launch = parse_launch(header, files=self._python)
            if launch.outputs > self._limits.results:
                raise SynjaxError("BAD_MESSAGE", f"{launch.outputs} results; at most {self._limits.results}")
            return self._call(Job(session, launch, buffers, size, seq, excess, context=context))
        if kind == COMPILE:
            compile_ = parse_compile(header)
            return self._call(Job(session, compile_, buffers, size, seq, excess, context=context))
        if buffers or excess is not None:
            raise excess or SynjaxError("BAD_MESSAGE", "only a launch and a compile have buffers")
        if kind == FETCH:
            self._call(Job(session, parse_fetch(header), [], size, seq, context=context))
        elif kind == SHARE:
            self._run(Job(session, parse_share(header, self._limits), [], size, seq))
        elif kind == SHARED:
            self._run(Job(session, parse_take(header), [], size, seq))
        elif kind == UNSHARE:
            self._run(Job(session, parse_unshare(header), [], size, seq))
        elif kind == PING:
            self._post(session, pack_header([seq, OK, self._engine.counters(session)]), ())
        elif kind == FORGET:
            hashes = parse_hashes(header)
            self._notice(Job(session, lambda: _remove(session.programs, hashes), [], size, seq, notice=True))
        elif kind == FREE:
            ids = parse_ids(header, "a free")
            self._notice(Job(session, lambda: _remove(session.handles, ids), [], size, seq, notice=True))
        elif kind == CANCEL:
            self._engine.cancel(session, parse_ids(header, "a cancel"))
        elif kind == GOODBYE:
            self._goodbye(session, header)
        elif kind == PYTHON and self._python:
            self._pythonia_of(session).take(parse_python(header))
        elif kind == BUNDLE and not message.is_bundled:
            self._unbundle(session, parse_bundle(header))
        else:
            raise SynjaxError("BAD_MESSAGE", f"no message of type {kind}")

    def _pythonia_of(self, session: Session) -> Pythonia:
        from .pythonia import Pythonia  # hardly anybody needs it

        if session.pythonia is None:
            session.pythonia = Pythonia(session, self._engine.submit, self._post)
            self._has_pythonia = True
        return session.pythonia

    def _call(self, job: Job) -> None:
        if job.context is not None or self._deadline is not None:
            job.arrive(self._deadline)
        self._run(job)

    def _notice(self, job: Job) -> None:
        if self._engine.is_flooded(job.session, job.bytes):
            raise SynjaxError("OVERLOADED", "more waits to be freed than the worker notes")
        self._run(job)

    def _run(self, job: Job) -> None:
        if self._observer is not None:
            self._observer.arrived(job)
        if job.refused is None and not job.notice and self._asked.ends_by is not None:
            job.refused = _ENDING
        if job.refused is None and not job.notice and self._engine.is_overloaded(job.session, job.bytes):
            if self._engine.is_overloaded(job.session, 0, times=OBSTINATE):
                return self._cut_off(job.session, "it goes on sending what the worker does not take")
            job.refused = SynjaxError(
                "OVERLOADED", "more calls in flight than the worker takes", retryAfter=RETRY_AFTER_MS
            )
        if job.refused is not None and job.buffers:
            del job.buffers[job.message.has_body :]  # it waits for its turn to fail, but for its program
        if self._engine.hold(job, self._is_quiet):
            return
        if self._engine.held.has_of(job.session):
            self._engine.held.release()
        if job.refused is not None or not self._engine.run_if_quick(job, self._is_quiet):
            self._submit(job)

    def _submit(self, job: Job) -> None:
        self._engine.submit(job)

    def _run_held(self) -> None:
        """Runs the launches that are held, with those that wait to be received and may run together with them."""
        held = self._engine.held
        if not held:
            return
        while held and not held.is_full and self._receive(zmq.NOBLOCK):
            pass
        held.release()
        self._outbox.send_all()

    def _is_quiet(self) -> bool:
        return not self._bundled and not self._socket.get(zmq.EVENTS) & zmq.POLLIN

    def _hello(self, client: bytes, connection: Connection | None, header: list) -> None:
        self._admission.check(header)
        if self._asked.ends_by is not None:
            raise _ENDING
        session = self._sessions.get(client)
        if session is None:
            if connection is None:
                return  # it has left
            session = self._admission.session(client, connection, self._sessions.values())
            connection.client, connection.left = client, None
            self._sessions[client] = session
            if session.name:
                log.info("hello", extra={"client": session.name})
            self._connections.settle()  # so that the answer, which is sent next, finds out whether it has left
        self._connected()
        self._post(session, pack_header([header[1], OK, self._admission.answer(session)]), ())

    def _goodbye(self, session: Session, header: list) -> None:
        if len(header) != 3 or type(header[2]) is not bool:
            raise SynjaxError("BAD_MESSAGE", "a goodbye is [type, seq, drain]")
        if not header[2]:
            self._engine.cancel(session, list(session.jobs))
        del self._sessions[session.client]
        session.connection.left, session.connection.messages = time.monotonic(), 0
        self._run(Job(session, lambda: _clear(session), [], seq=header[1]))


def _remove(table: dict, keys: Sequence[Any]) -> None:
    for key in keys:
        table.pop(key, None)


def _clear(session: Session) -> None:
    session.handles.clear()
    session.programs.clear()
