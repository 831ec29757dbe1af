"""Reception: what becomes of a message. Who sends it is checked, it is parsed, and the engine gets it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

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
    PYTHON_SAID,
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
from .engine import RETRY_AFTER_MS, Engine, Job, Session
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
from .inbox import Message
from .observer import Observer
from .outbox import Outbox
from .strangers import HELLO_BYTES

log = logging.getLogger("synjax_worker")

_ENDING = SynjaxError("OVERLOADED", "the worker is about to end", retryAfter=RETRY_AFTER_MS)
ANSWERED = frozenset(message.number for message in MESSAGES if message.answered)

MESSAGE_BYTES = 1 << 10  # what a message takes besides its own bytes
OBSTINATE = 8  # times as much in flight as a client may have is not taken note of any more: it is cut off
BUNDLE_SECONDS = 0.002  # for which answers wait, at most, for the rest of the bundle with their calls


class Reception:
    """Handles messages, on the IO thread."""

    def __init__(
        self,
        admission: Admission,
        limits: Limits,
        sessions: dict[bytes, Session],
        connections: Connections,
        engine: Engine,
        outbox: Outbox,
        post: Callable[[Session | bytes, bytes, Sequence[Any]], None],
        observer: Observer | None,
        asked: Asked,
        *,
        connected: Callable[[], None],
        cut_off: Callable[[Session, str], None],
        nothing_waits: Callable[[], bool],
        python: bool,
        address: Callable[[], str],
    ):
        """
        Args:
          address: where the worker listens.
          connected: called whenever a hello was answered.
          cut_off: ends a session, and says why.
          nothing_waits: whether no message waits to be received.
          python: whether its client, which has started this worker, may ask for any module.
        """
        self._admission = admission
        self._limits = limits
        self._sessions = sessions
        self._connections = connections
        self._engine = engine
        self._outbox = outbox
        self._post = post
        self._observer = observer
        self._asked = asked
        self._connected = connected
        self._cut_off = cut_off
        self._nothing_waits = nothing_waits
        self._python = python
        self._address = address
        self._bundled = 0  # messages of a bundle that are not handled yet
        seconds = limits.deadline_seconds
        self._deadline = None if seconds == UNLIMITED else float(seconds)  # of calls that bring none

    def handle(self, message: Message) -> None:
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
                self.handle(Message(session.client, frame, [], len(frame), None, is_bundled=True))
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
            self._ask_python(session, parse_python(header))
        elif kind == BUNDLE and not message.is_bundled:
            self._unbundle(session, parse_bundle(header))
        else:
            raise SynjaxError("BAD_MESSAGE", f"no message of type {kind}")

    def _ask_python(self, session: Session, text: str) -> None:
        if session.pythonia is not None:
            return session.pythonia.mark()
        from .pythonia import Pythonia  # hardly anybody needs it

        try:
            session.pythonia = Pythonia(session, self._engine.submit, text, self._address())
            said = session.pythonia.place
        except (OSError, RuntimeError) as error:  # no socket, or no thread
            said = {"error": str(error)}
        self._post(session, pack_header([0, PYTHON_SAID, said]), ())

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
            self._engine.submit(job)

    def _is_quiet(self) -> bool:
        return not self._bundled and self._nothing_waits()

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
        self._run(Job(session, session.clear, [], seq=header[1]))


def _remove(table: dict, keys: Sequence[Any]) -> None:
    for key in keys:
        table.pop(key, None)
