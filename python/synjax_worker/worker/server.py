"""The server: one socket, and the IO thread that serves it.

The IO thread (the main one) receives messages, checks them and answers those that need no computation, so that a ping
is answered while XLA compiles. Only this thread touches the socket.
"""

from __future__ import annotations

import collections
import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import zmq

from ..errors import SynjaxError
from ..limits import Limits
from ..protocol import ERROR
from .admission import Admission
from .asked import Asked
from .codec import pack_header
from .connections import Connection, Connections
from .curve import secure
from .engine import ALONE, Batching, Compiled, Engine, Job, Run, Session, Stored
from .inbox import Inbox
from .keys import Keys
from .last_words import farewell, last_words
from .observer import Observer
from .outbox import Outbox
from .reception import OBSTINATE, Reception
from .strangers import Strangers, bytes_acknowledged, cut
from .wake import Wake
from .warm_up import WarmUp

log = logging.getLogger("synjax_worker")

LINGER_MS = 1_000
FAREWELL_SECONDS = 0.5  # a client that sees the connection end before it reads takes it for a crash
TICK_MS = 1_000  # between looks at what happens without a message
STRANGER_TICK_MS = 50  # the same while there are connections without a hello
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
        self._reception = Reception(
            self._admission,
            limits,
            self._sessions,
            self._connections,
            self._engine,
            self._outbox,
            self._post,
            observer,
            self._asked,
            connected=connected,
            cut_off=self._cut_off,
            nothing_waits=lambda: not self._socket.get(zmq.EVENTS) & zmq.POLLIN,
            python=python,
            address=lambda: self.address,
        )
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
            self._engine.submit(Job(Session(b""), self._observer.ready, []))
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake.descriptor, zmq.POLLIN)
        poller.register(self._connections.descriptor, zmq.POLLIN)
        while self._late is None and not self._is_drained():
            idle = self._engine.idle
            self._outbox.send_all()
            # No other thread has a reply to post then, so a plain receive will do, which is quicker than a poll. It
            # does not see who comes and says nothing.
            if idle and not self._is_remote:
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
        self._engine.submit(Job(session, session.clear, []))

    # ------------------------------------------------------------------------------------------------------ receiving

    def _receive(self, flags: int) -> bool:
        """Takes one message and handles it; False if there is none."""
        message = self._inbox.receive(flags)
        if message is None:
            return False
        if self._observer is not None:
            self._observer.received(self._sessions.get(message.client), message.size)
        self._reception.handle(message)
        return True

    def _run_held(self) -> None:
        """Runs the launches that are held, with those that wait to be received and may run together with them."""
        held = self._engine.held
        if not held:
            return
        while held and not held.is_full and self._receive(zmq.NOBLOCK):
            pass
        held.release()
        self._outbox.send_all()
