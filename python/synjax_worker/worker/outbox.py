"""The outbox: replies that wait until the IO thread sends them."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable, Sequence
from typing import Any

import zmq

from ..protocol import BUNDLE_BYTES, BUNDLE_MESSAGES, BUNDLED
from .codec import ZERO_COPY_BYTES, pack_header
from .engine import Session

_TRACKED_BYTES = (
    1 << 20
)  # of small frames, after which one is tracked: then it is known whether they were read


class _Gathered:
    """The headers of replies that leave in one bundle."""

    def __init__(self, header: bytes):
        self.headers = [header]
        self._bytes = len(header)

    def takes(self, header: bytes) -> bool:
        return len(self.headers) < BUNDLE_MESSAGES and self._bytes + len(header) <= BUNDLE_BYTES

    def add(self, header: bytes) -> None:
        self.headers.append(header)
        self._bytes += len(header)


class Outbox:
    """Sends replies over a socket, in the order in which they were posted.

    Any thread may post. Only the thread that made the outbox sends, and is woken for it.
    """

    def __init__(
        self,
        socket: zmq.Socket,
        wake: Callable[[], None],
        look_who_left: Callable[[], None],
        gone: Callable[[Session], None],
    ):
        self._socket = socket
        self._wake = wake
        self._look_who_left = look_who_left
        self._gone = gone  # called with sessions whose client is gone, or reads nothing
        self._thread = threading.get_ident()
        self._replies: collections.deque[tuple[Session | bytes, bytes, Sequence[Any]]] = collections.deque()

    def post(self, to: Session | bytes, header: bytes, buffers: Sequence[Any]) -> None:
        """Queues a reply, to a session or to a client that has none."""
        self._replies.append((to, header, buffers))
        if threading.get_ident() != self._thread:
            self._wake()

    @property
    def waits(self) -> bool:
        """Whether there is a reply that was not sent yet."""
        return bool(self._replies)

    def send_all(self) -> None:
        """Sends what was posted: of one client's replies, those without buffers in bundles."""
        gathered: dict[Session, _Gathered] = {}
        while self._replies:
            to, header, buffers = self._replies.popleft()
            if isinstance(to, bytes):
                self._try(to, None, header, buffers)
                continue
            others = gathered.get(to)
            if others is not None and (buffers or not others.takes(header)):
                self._send_bundle(to, gathered.pop(to))
                others = None
            if buffers or not to.takes_bundles:
                self._try(to.client, to, header, buffers)
            elif others is None:
                gathered[to] = _Gathered(header)
            else:
                others.add(header)
        for session, headers in gathered.items():
            self._send_bundle(session, headers)

    def _send_bundle(self, session: Session, gathered: _Gathered) -> None:
        headers = gathered.headers
        header = headers[0] if len(headers) == 1 else pack_header([0, BUNDLED, headers])
        self._try(session.client, session, header, ())

    def _try(self, client: bytes, session: Session | None, header: bytes, buffers: Sequence[Any]) -> None:
        try:
            self._send(client, session, header, buffers)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise
            if session is not None:
                self._gone(session)

    def _send(self, client: bytes, session: Session | None, header: bytes, buffers: Sequence[Any]) -> None:
        if session is not None and session.is_cut:
            return
        send, more = self._socket.send, zmq.SNDMORE | zmq.NOBLOCK
        send(client, more)
        if session is not None:
            # Where the client has left, another one with its routing id may be who the message goes to by now.
            self._look_who_left()
            if session.is_cut:
                send(b"", zmq.NOBLOCK)
                return
            session.unread.untracked += len(header)
            if session.unread.untracked > _TRACKED_BYTES:
                header = zmq.Frame(header, track=True, copy=False)
                session.unread.untracked = 0
                session.unread.sent(header.tracker, 0)
        send(header, more if buffers else zmq.NOBLOCK, copy=type(header) is bytes)
        for position, buffer in enumerate(buffers, 1):
            last = position == len(buffers)
            flags = zmq.NOBLOCK if last else more
            if buffer.nbytes < ZERO_COPY_BYTES:
                send(buffer, flags)
                if session is not None:
                    session.unread.untracked += buffer.nbytes
            else:
                sending = send(buffer, flags, copy=False, track=True)
                if session is not None:
                    session.unread.sent(sending, buffer.nbytes)
