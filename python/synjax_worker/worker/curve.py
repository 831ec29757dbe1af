"""CURVE: what clients and the worker say is encrypted, and each knows the other's key.

ZeroMQ asks a handler whether a key may connect. Whoever is refused there hears nothing at all, so all are let in, as
strangers, and the answer to the hello says whether their key is on the list.
"""

from __future__ import annotations

from typing import Any

import zmq
from zmq.auth.thread import ThreadAuthenticator

from .keys import Keys


class _Anybody:
    """Lets every key in; who it is the hello tells."""

    def callback(self, domain: str, key: bytes) -> bool:
        return True


def secure(socket: zmq.Socket, keys: Keys) -> ThreadAuthenticator:
    """Has a socket that is not bound yet take encrypted connections only. Messages then have their client's public key
    (`client_key`). The caller stops what is returned.
    """
    authenticator = ThreadAuthenticator(zmq.Context.instance())
    authenticator.start()
    authenticator.configure_curve_callback(domain="*", credentials_provider=_Anybody())
    socket.set(zmq.CURVE_SERVER, 1)
    socket.set_string(zmq.CURVE_SECRETKEY, keys.secret)
    return authenticator


def client_key(frame: Any) -> str | None:
    """The public key of who sent a frame; None over a connection without encryption."""
    try:
        return frame.get("User-Id") or None
    except zmq.ZMQError:
        return None
