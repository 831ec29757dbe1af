"""Hostile connections: of peers that never say a right hello, by hand on the worker's port."""

from __future__ import annotations

import collections
import contextlib
import select
import socket
import struct
import time
from collections.abc import Callable
from random import Random

import msgpack

from synjax_worker.protocol import ERROR, HELLO

from .mutations import NASTY, mutated_bytes, mutated_tree, pack
from .valid import valid_message

_RESET = struct.pack("@ii", 1, 0)
_GREETING_BYTES = 64
_LINGERING = 150  # connections that are left open, more than the worker bears
_ENDS_SECONDS = 120  # ends what hangs


class Breach(AssertionError):
    """The worker has done what it must not do."""


class Peer:
    """One connection."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.socket.settimeout(60)

    def say(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # it may have been cut off by now
            self.socket.sendall(data)

    def greet(self, mechanism: bytes = b"NULL") -> None:
        """Says what ZeroMQ says first; with NULL, up to where messages may come."""
        self.say(_greeting(mechanism))
        if mechanism != b"NULL":
            return
        ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
        self.say(bytes([4, len(ready)]) + ready)
        heard = b""
        while b"Socket-Type" not in heard:
            heard += (part := self._hear())
            if not part:
                return

    def frame(self, data: bytes, more: bool = False) -> bytes:
        return bytes([2 | more]) + struct.pack(">Q", len(data)) + data

    def answer(self) -> list | None:
        """The header of the next message; None where the connection has ended."""
        heard = self._exactly(2)
        if heard and heard[0] & 2:
            heard += self._exactly(7)
        size = int.from_bytes(heard[1:], "big") if len(heard) > 1 else 0
        data = self._exactly(size)
        return msgpack.unpackb(data) if len(data) == size > 0 else None

    def _exactly(self, size: int) -> bytes:
        heard = b""
        while len(heard) < size and (part := self._hear(size - len(heard))):
            heard += part
        return heard

    def _hear(self, size: int = 4_096) -> bytes:
        try:
            return self.socket.recv(size)
        except ConnectionError:
            return b""

    def reset(self) -> None:
        """Ends it so that no port stays in use."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.socket.close()


class Strangers:
    """Opens hostile connections to a worker that has a token, or keys."""

    def __init__(self, port: int, registry: str):
        self._port = port
        self._registry = registry
        self._lingering: collections.deque[Peer] = collections.deque()

    def play(self, kind: str, rng: Random) -> None:
        """Plays the connection of one case. Raises Breach."""
        peer = Peer(self._port)
        if CONNECTIONS[kind][1](self, peer, rng):
            self._lingering.append(peer)
        else:
            peer.reset()
        if len(self._lingering) > _LINGERING:
            self._must_end(self._lingering.popleft())

    def end(self) -> None:
        """Waits until the worker has ended the connections that were left open. Raises Breach."""
        while self._lingering:
            self._must_end(self._lingering.popleft())

    def _must_end(self, peer: Peer) -> None:
        deadline = time.monotonic() + _ENDS_SECONDS
        while True:
            ready, _, _ = select.select([peer.socket], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise Breach("a connection without a hello was not ended")
            if not peer._hear():
                return peer.reset()

    # ------------------------------------------------------------------------- True: the connection is left open

    def garbage(self, peer: Peer, rng: Random) -> bool:
        peer.say(rng.randbytes(rng.choice([1, 9, 64, 65, 1_000, 5_000])))
        return rng.random() < 0.05

    def bent_greeting(self, peer: Peer, rng: Random) -> bool:
        peer.say(mutated_bytes(rng, _greeting(rng.choice([b"NULL", b"CURVE", b"PLAIN", b"GSSAPI"]))))
        peer.say(rng.randbytes(rng.choice([0, 10, 300])))
        return rng.random() < 0.05

    def silence(self, peer: Peer, rng: Random) -> bool:
        peer.say(_greeting(b"NULL")[: rng.choice([0, 1, 10, 11, 63, 64])])
        return True

    def other_mechanism(self, peer: Peer, rng: Random) -> bool:
        peer.greet(rng.choice([b"CURVE", b"PLAIN", b"", b"CURVECURVECURVECURVE"]))
        hello = b"\x05HELLO" + rng.randbytes(rng.choice([0, 10, 194, 400]))
        peer.say(bytes([4, len(hello) & 255]) + hello)
        return rng.random() < 0.05

    def commands(self, peer: Peer, rng: Random) -> bool:
        peer.greet()
        name = rng.choice([b"PING", b"PONG", b"ERROR", b"SUBSCRIBE", b"READY", b"", b"X" * 255])
        command = bytes([len(name)]) + name + rng.randbytes(rng.choice([0, 1, 2, 18, 100]))
        peer.say((bytes([4, len(command) & 255]) + command) * rng.randint(1, 5))
        return rng.random() < 0.05

    def giant_frame(self, peer: Peer, rng: Random) -> bool:
        peer.greet()
        size = rng.choice([2**63, 2**64 - 1, 2**40, 2**31, 2**26, 70_000])
        peer.say(bytes([2]) + struct.pack(">Q", size) + bytes(rng.choice([0, 1, 60_000])))
        return True

    def many_frames(self, peer: Peer, rng: Random) -> bool:
        peer.greet()
        peer.say(peer.frame(b"", more=True) * rng.choice([10, 1_000, 20_000]))
        return rng.random() < 0.05

    def no_hello(self, peer: Peer, rng: Random) -> bool:
        """Messages of somebody who has not said hello: none may be answered but by an error."""
        peer.greet()
        header, frames = valid_message(rng)
        parts = [pack(mutated_tree(rng, header, frozen=2)), *frames]
        message = b"".join(
            peer.frame(part, more=position < len(parts)) for position, part in enumerate(parts, 1)
        )
        peer.say(message * rng.choice([1, 1, 1, 40]))
        return self._refused(peer)

    def wrong_hello(self, peer: Peer, rng: Random) -> bool:
        peer.greet()
        hello = [
            HELLO,
            rng.randrange(1, 1 << 40),
            {"version": 1, "registry": self._registry, "token": "guess"},
        ]
        how = rng.randrange(3)
        if how == 0:
            hello[2]["token"] = rng.choice([*NASTY[:-1], "secre", "secret\0", "SECRET"])
        elif how == 1:
            hello = mutated_tree(rng, hello, frozen=2)
        packed = pack(hello)
        peer.say(peer.frame(mutated_bytes(rng, packed) if how == 2 else packed))
        return self._refused(peer)

    def _refused(self, peer: Peer) -> bool:
        header = peer.answer()
        if header is not None and header[1] != ERROR:
            raise Breach(f"a stranger was answered {header!r:.200}")
        if header is not None and header[2]["code"] == "INTERNAL":
            raise Breach(f"a mistake of the worker's own: {header!r:.200}")
        return False


def _greeting(mechanism: bytes) -> bytes:
    said = b"\xff" + bytes(8) + b"\x7f\x03\x00" + mechanism.ljust(20, b"\0")
    return said.ljust(_GREETING_BYTES, b"\0")


# By name: how often, and what.
CONNECTIONS: dict[str, tuple[float, Callable[[Strangers, Peer, Random], bool]]] = {
    "raw garbage": (4, Strangers.garbage),
    "bent greetings": (4, Strangers.bent_greeting),
    "half-open": (1, Strangers.silence),
    "other mechanisms": (2, Strangers.other_mechanism),
    "commands": (3, Strangers.commands),
    "giant frames": (1, Strangers.giant_frame),
    "many frames": (1, Strangers.many_frames),
    "no hello": (5, Strangers.no_hello),
    "wrong hellos": (5, Strangers.wrong_hello),
}


def connection_of(seed: int, number: int) -> tuple[str, Random]:
    """The connection of a number: always the same."""
    rng = Random(f"{seed} connection {number}")
    (kind,) = rng.choices(list(CONNECTIONS), [weight for weight, _ in CONNECTIONS.values()])
    return kind, rng
