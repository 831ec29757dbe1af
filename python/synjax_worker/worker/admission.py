"""Admission: what a hello must say, and whose session it opens."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Any

from ..errors import SynjaxError
from ..limits import Limits
from ..protocol import FIELDS, VERSION
from .connections import Connection
from .engine import RETRY_AFTER_MS, Session
from .keys import Client, Keys


class Admission:
    """Says who may open a session."""

    def __init__(self, info: dict[str, Any], limits: Limits, token: str | None, keys: Keys | None):
        self._info = info  # the answer to a hello
        self._limits = limits
        self._token = token
        self._keys = keys

    def check(self, header: list) -> None:
        """Raises BAD_MESSAGE, UNAUTHORIZED, PROTOCOL_MISMATCH."""
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

    def session(self, client: bytes, connection: Connection, others: Iterable[Session]) -> Session:
        """A session of whoever has the connection's key. Raises UNAUTHORIZED, OVERLOADED."""
        known = self._known(connection)
        if known is None:
            return Session(client, connection, self._limits)
        if sum(session.name == known.name for session in others) >= known.sessions:
            raise SynjaxError(
                "OVERLOADED",
                f"{known.name} has {known.sessions} sessions, as many as it may have",
                retryAfter=RETRY_AFTER_MS,
            )
        return Session(client, connection, known.limits, known.name)

    def answer(self, session: Session) -> dict[str, Any]:
        """What a hello is answered: the client's own limits, and what it is called here."""
        if session.name is None:
            return self._info
        return self._info | {"limits": session.limits.to_wire(), "client": session.name}

    def reread(self) -> bool:
        """Reads the list of clients again; False where there is none, or none that can be read."""
        return self._keys is not None and self._keys.reread()

    def is_listed(self, session: Session) -> bool:
        """Whether the client of a session is on the list as it is by now."""
        connection = session.connection
        if self._keys is None or connection is None:
            return True
        return self._keys.client_of(connection.key or "") is not None

    def _known(self, connection: Connection) -> Client | None:
        if self._keys is None:
            return None
        known = self._keys.client_of(connection.key or "")
        if known is None:
            raise SynjaxError("UNAUTHORIZED", "the key of this client is not on the worker's list")
        return known
