"""Messages of a client that has a session, which are right or nearly: what lies are made of."""

from __future__ import annotations

from random import Random
from typing import Any

import msgpack

from synjax_worker.protocol import (
    CANCEL,
    COMPILE,
    FETCH,
    FORGET,
    FREE,
    HELLO,
    LAUNCH,
    PING,
    SHARE,
    SHARED,
    UNSHARE,
)

from ..client import Body, encode, hash_of, nested, tuple_of

Header = list[Any]
Frames = list[bytes]

F32 = [1, "float32", [2], bytes(8)]

OWN_NAME, FOREIGN_NAME = "enemy's", "honest weights"


def _bodies() -> list[list[list]]:
    """Programs that are right, small, and compiled quickly. None has a loop whose length is a number."""

    def of(inputs: int, *equations: tuple[Any, ...], outputs: int = 1, **attributes: Any) -> list:
        body = Body(inputs)
        for op, *args in equations:
            body.add(op, *args, **(attributes if op == equations[-1][0] else {}))
        return body.returns(*range(len(equations) - outputs, len(equations)))

    square = of(1, ("test.multiply", -1, -1))
    return [
        [of(1, ("test.add", -1, [0, 1]))],
        [of(2, ("test.add", -1, -2), ("test.multiply", 0, -1), outputs=2)],
        [of(1, ("test.sum", -1), axis=[0, 0])],
        [of(1, ("test.reshape", -1), shape=tuple_of([0, 1], [0, 2]))],
        [of(1, ("size", -1), ("test.full",), shape=tuple_of([0, 2], [0, 3]), fill_value=[1, 1.5])],
        [of(1, ("test.astype", -1), dtype="int32")],
        [of(2, ("test.take", -1, -2))],
        [of(1, ("test.positive", -1))],
        [of(1, ("test.pair", -1), ("get", 0), k=[0, 1])],
        [square, of(1, ("vmap", nested(0), -1), ("get", 0), k=[0, 0])],
        [square, of(1, ("test.sum", -1), ("grad", nested(0), 0), ("get", 1), k=[0, 0])],
    ]


BODIES = _bodies()
PROGRAMS = [encode(*bodies) for bodies in BODIES]


def new_seq(rng: Random) -> int:
    return rng.randrange(1, 1 << 40)


def valid_launch(rng: Random, program: bytes | None = None, **changes: Any) -> tuple[Header, Frames]:
    program = program or rng.choice(PROGRAMS)
    *_, root = msgpack.unpackb(program, strict_map_key=False)[1]
    inputs = [rng.choice([F32, F32, [0, 1], [2, 0.5], rng.randrange(1, 50)]) for _ in range(root[0])]
    outputs = len(root[3])
    fields: dict[str, Any] = {
        "hash": hash_of(program),
        "has_body": 1,
        "inputs": inputs,
        "first": rng.randrange(1, 50),
        "outputs": outputs,
        "wants": rng.sample(range(outputs), rng.randint(0, outputs)),
        "donated": [0] if rng.random() < 0.1 and inputs else [],
        "frees": [rng.randrange(1, 50)] if rng.random() < 0.2 else [],
        "flags": rng.choice([0, 0, 0, 1, 2, 4, 8]),
    } | changes
    return [LAUNCH, new_seq(rng), *fields.values(), *_context(rng)], [program] if fields["has_body"] else []


def _context(rng: Random) -> list[dict[str, Any]]:
    """What may be said of a call, where something is."""
    if rng.random() < 0.7:
        return []
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    return [{"deadline": rng.choice([0, 3, 60_000]), "timed": rng.random() < 0.5, "traceparent": trace}]


def valid_message(rng: Random) -> tuple[Header, Frames]:
    """A message that is right, or nearly, of any kind but a goodbye."""
    kind = rng.choice(
        [LAUNCH] * 6 + [FETCH, PING, FORGET, FREE, CANCEL, COMPILE, SHARE, SHARED, UNSHARE, HELLO]
    )
    if kind == LAUNCH:
        return valid_launch(rng)
    if kind == COMPILE:
        program = rng.choice(PROGRAMS[:4])
        types = [[1, "float32", [2], False]] * msgpack.unpackb(program)[1][-1][0]
        return [COMPILE, new_seq(rng), hash_of(program), 1, types, [], 0, *_context(rng)], [program]
    rest: dict[int, list[Any]] = {
        FETCH: [[rng.randrange(1, 50)], [], *_context(rng)],
        PING: [],
        FORGET: [[hash_of(rng.choice(PROGRAMS))]],
        FREE: [[rng.randrange(1, 50) for _ in range(3)]],
        CANCEL: [[new_seq(rng)]],
        SHARE: [OWN_NAME, [[0, 2], rng.randrange(1, 50), None], True],
        SHARED: [rng.choice([OWN_NAME, FOREIGN_NAME]), rng.randrange(1, 50)],
        UNSHARE: [OWN_NAME],
        HELLO: [{"version": 1, "registry": "r", "token": "t"}],
    }
    return [kind, 0 if kind in (FORGET, FREE, CANCEL) else new_seq(rng), *rest[kind]], []
