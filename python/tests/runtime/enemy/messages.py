"""Hostile messages of a client that has a session. Each is drawn by a generator of its own, of a seed and a number."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import msgpack

from synjax_worker.protocol import (
    BUNDLE,
    BUNDLE_BYTES,
    BUNDLE_MESSAGES,
    CANCEL,
    FETCH,
    FORGET,
    FREE,
    GOODBYE,
    LAUNCH,
    PING,
    SHARE,
    SHARED,
    UNSHARE,
)

from ..client import Body, encode, hash_of, nested, tuple_of
from .mutations import NASTY, NESTED, Raw, mutated_bytes, mutated_tree, pack
from .valid import (
    BODIES,
    F32,
    FOREIGN_NAME,
    OWN_NAME,
    PROGRAMS,
    Frames,
    Header,
    new_seq,
    valid_launch,
    valid_message,
)


class Case(NamedTuple):
    """Messages that belong together. Nothing of them depends on what was sent before."""

    kind: str
    messages: list[Frames]


def case_of(seed: int, number: int) -> Case:
    """The case of a number: always the same."""
    rng = Random(f"{seed} {number}")
    (kind,) = rng.choices(list(KINDS), [weight for weight, _ in KINDS.values()])
    return Case(kind, KINDS[kind][1](rng))


def answers_of(frames: Frames) -> tuple[int, int]:
    """How many answers a message of somebody with a session has, at least and at most. Every message has one, but for
    those that want none: they have one if they are wrong.
    """
    header = read(frames)
    bundled = _bundled(frames)
    if bundled is not None:  # where none is in another
        owed = [(1, 1) if _bundled([part]) is not None else answers_of([part]) for part in bundled]
        return sum(low for low, _ in owed), sum(high for _, high in owed)
    return (0, 1) if header is not None and header[0] in (FREE, FORGET, CANCEL) else (1, 1)


def said(frames: Frames) -> list[Header]:
    """The headers of a message that say of what type they are and have a seq; several in a bundle."""
    found = [read([part]) for part in _bundled(frames) or [frames[0]]]
    return [header for header in found if header is not None]


def _bundled(frames: Frames) -> list[bytes] | None:
    """The parts of a message that the worker takes for a bundle."""
    header = read(frames)
    if header is None or header[0] != BUNDLE or len(header) != 3 or len(frames) > 1:
        return None
    parts = header[2]
    if type(parts) is not list or not all(type(part) is bytes for part in parts):
        return None
    return parts if len(parts) <= BUNDLE_MESSAGES and sum(map(len, parts)) <= BUNDLE_BYTES else None


def read(frames: Frames) -> Header | None:
    """A message's header, where it says of what type it is and has a seq."""
    try:
        header = msgpack.unpackb(frames[0])
    except Exception:  # that is what it is for
        return None
    if type(header) is not list or len(header) < 2 or type(header[0]) is not int:
        return None
    return header if type(header[1]) is int and 0 <= header[1] < 2**53 else None


def ends_session(frames: Frames) -> bool:
    """Whether it is a goodbye that the worker takes for one."""
    header = read(frames)
    return bool(
        header and header[0] == GOODBYE and header[1] and len(header) == 3 and type(header[2]) is bool
    )


# -------------------------------------------------------------------------------------------------- and those that lie


def _one(header: Any, frames: Frames) -> list[Frames]:
    return [[header if isinstance(header, bytes) else pack(header), *frames]]


def header_bytes(rng: Random) -> list[Frames]:
    header, frames = valid_message(rng)
    return _one(mutated_bytes(rng, pack(header)), frames)


def header_structure(rng: Random) -> list[Frames]:
    header, frames = valid_message(rng)
    # Mostly the type and the seq stay, so that the rest is read.
    return _one(mutated_tree(rng, header, frozen=rng.choice([0, 2, 2, 2])), frames)


def _with_program(rng: Random, program: bytes, hash_: bytes | None = None) -> list[Frames]:
    hash_ = hash_ or hash_of(program)
    outputs = rng.choice([1, 1, 1, 2])
    inputs = [F32] * rng.choice([0, 1, 1, 2])
    header = [LAUNCH, new_seq(rng), hash_, 1, inputs, 60, outputs, [0], [], [60, 61], 0]
    return [[pack(header), program], [pack([FORGET, 0, [hash_]])]]


def program_bytes(rng: Random) -> list[Frames]:
    return _with_program(rng, mutated_bytes(rng, rng.choice(PROGRAMS)))


def program_structure(rng: Random) -> list[Frames]:
    return _with_program(rng, pack(mutated_tree(rng, [1, rng.choice(BODIES)], frozen=1)))


def program_references(rng: Random) -> list[Frames]:
    """References to nothing, to itself, forwards and in a circle; nested programs of itself and of later bodies."""
    body = Body(1)
    for position in range(4):
        to = rng.choice([position, position + 1, 3, -2, -(2**31), 2**31, 2**53])
        body.add("test.add", to, rng.choice([-1, to, position]))
    if rng.random() < 0.5:
        body.add("vmap", nested(rng.choice([0, 1, 2, -1, 2**31])), -1)
    return _with_program(rng, encode(body.returns(rng.choice([0, 3, 4, 99, -2, 2**40]))))


def unknown_ops(rng: Random) -> list[Frames]:
    op = rng.choice(["os.system", "__import__", "np.no_such", "np.add\0", "", "é" * 300, "x" * 70_000, "jit"])
    body = Body(1)
    return _with_program(rng, encode(body.returns(body.add(op, -1))))


def wrong_hashes(rng: Random) -> list[Frames]:
    right = hash_of(rng.choice(PROGRAMS))
    wrong = rng.choice(
        [bytes(16), right[::-1], hash_of(PROGRAMS[0]), rng.randbytes(16), right[:15], right * 2]
    )
    return _with_program(rng, rng.choice([*PROGRAMS, b"", rng.randbytes(40)]), wrong)


def lying_counts(rng: Random) -> list[Frames]:
    some = [0, 1, 2, 9, -1, 2**31, 2**53 - 1, 2**53, True, 1.0]
    lie: dict[str, Any] = rng.choice(
        [
            {"outputs": rng.choice(some)},
            {"first": rng.choice(some)},
            {"wants": [rng.choice(some)]},
            {"wants": [0, 0]},
            {"donated": [rng.choice(some)] * rng.randint(1, 3)},
            {"has_body": rng.choice(some)},
            {"flags": rng.choice([*some, 15, 16, 255])},
            {"inputs": [F32] * rng.choice([0, 3, 1_000])},
            {"frees": [rng.choice(some)] * rng.choice([1, 5_000])},
        ]
    )
    return _one(*valid_launch(rng, **lie))


def lying_arrays(rng: Random) -> list[Frames]:
    """Shapes, dtypes and bytes that do not belong together, in the header and in frames."""
    dtype = rng.choice(["float32", "bool", "key", "bfloat16", "complex128", "int64", "float7", 3])
    shape = rng.choice([[2], [], [0], [2**31, 2**31], [2**52, 0], [1] * 40, [-1], [2.0], [2**53], "2", [[2]]])
    data = rng.randbytes(rng.choice([0, 1, 4, 8, 16, 32, 4_000]))
    header, frames = valid_launch(rng, PROGRAMS[0])
    if rng.random() < 0.5:
        header[4] = [[1, dtype, shape, data]]
    else:
        header[4] = [[1, dtype, shape]]
        frames += [data] * rng.choice([0, 1, 1, 2])
    return _one(header, frames)


def odd_frames(rng: Random) -> list[Frames]:
    header, frames = valid_message(rng)
    extra = rng.choice(
        [[b""], [b"", b""], [rng.randbytes(70_000)], [bytes(3_000_000)], [b""] * 5_000, [b"x"] * 3]
    )
    return _one(header, rng.choice([extra, [*extra, *frames], [*frames, *extra], []]))


def long_headers(rng: Random) -> list[Frames]:
    seq = new_seq(rng)
    return _one(
        rng.choice(
            [
                pack([FREE, seq, [[]] * 200_000]),
                pack([PING, seq, bytes(1_200_000)]),
                b"",
                bytes(rng.choice([1, 70_000, 1_100_000])),
                b"\xdd\xff\xff\xff\xff",
                b"\xdc\xff\xff" + pack(seq),
            ]
        ),
        [],
    )


def nestings(rng: Random) -> list[Frames]:
    if rng.random() < 0.5:
        header, frames = valid_launch(rng)
        header[rng.randrange(2, len(header))] = NESTED
        return _one(header, frames)
    tuples = Raw(b"\x92\x02\x91" * rng.choice([60, 70, 500]) + b"\xff")
    body = Body(1)
    body.equations.append(["test.add", [-1, rng.choice([NESTED, tuples])]])
    return _with_program(rng, pack([1, [body.returns(0)]]))


def long_chains(rng: Random) -> list[Frames]:
    """So many nested programs, loops and gradients in each other, or equations, that a limit must say no."""
    how = rng.randrange(3)
    if how == 0:
        equations = b"\xdd" + (200_000).to_bytes(4, "big") + pack(["test.add", [-1, -1]]) * 200_000
        return _with_program(rng, b"\x92\x01\x91\x94\x01\x00" + equations + b"\x91\x00")
    depth = rng.choice([70, 300, 1_100])
    bodies = [Body(1).returns(-1)]
    for level in range(depth):
        body = Body(1)
        body.add(rng.choice(["vmap", "checkpoint", "grad"]), nested(level), -1)
        bodies.append(body.returns(body.add("get", 0, k=[0, 0])))
    return _with_program(rng, encode(*bodies))


def million_equations(rng: Random) -> list[Frames]:
    equations = b"\xdd" + (1_000_000).to_bytes(4, "big") + pack(["test.add", [-1, -1]]) * 1_000_000
    return _with_program(rng, b"\x92\x01\x91\x94\x01\x00" + equations + b"\x91\x00")


def replays(rng: Random) -> list[Frames]:
    """The same message several times, at once: the same seq, the same handles."""
    return _one(*(valid_message(rng) if rng.random() < 0.5 else valid_launch(rng))) * rng.randint(2, 5)


def foreign(rng: Random) -> list[Frames]:
    """Handles that are another session's, and the shared names of others."""
    theirs = rng.choice([1_000_001, 1, 2**52, rng.randrange(1, 2_000_000)])
    header: Header = rng.choice(
        [
            [FETCH, new_seq(rng), [theirs] * rng.choice([1, 2, 300]), []],
            [FREE, 0, [theirs]],
            [SHARE, new_seq(rng), FOREIGN_NAME, [theirs], True],
            [UNSHARE, new_seq(rng), FOREIGN_NAME],
            [SHARED, new_seq(rng), rng.choice(["", "x" * 201, "no\nname", FOREIGN_NAME, "nobody's"]), theirs],
            [CANCEL, 0, [rng.randrange(1, 100) for _ in range(50)]],
        ]
    )
    return _one(header, [])


def refused_sizes(rng: Random) -> list[Frames]:
    """Small programs of large results."""
    sizes = [[0, rng.choice([2**31 - 1, 2**20, 0, 2**16])] for _ in range(rng.randint(1, 4))]
    sizes.append([0, 2**21])
    body = Body(1)
    return _with_program(
        rng, encode(body.returns(body.add("test.full", shape=tuple_of(*sizes), fill_value=[0, 1])))
    )


def trees(rng: Random) -> list[Frames]:
    """Shared trees that are none."""
    nodes = rng.choice(
        [
            [],
            [[0, 2], None],
            [None, None],
            [[0, 2**40], 1],
            [[1, "a", "a"], 1, 2],
            [[0, 1]] * 100,
            [[7]],
            [[0]],
        ]
    )
    return _one(
        [SHARE, new_seq(rng), rng.choice([OWN_NAME, *NASTY[:6]]), nodes, rng.choice([True, False, 1])], []
    )


def bundles(rng: Random) -> list[Frames]:
    """Messages in one frame, some of which are bent, or are bundles."""
    parts: list[Any] = []
    while len(parts) < rng.randint(1, 8):
        header, frames = valid_message(rng)
        part = pack(header)
        bent = mutated_bytes(rng, part) if rng.random() < 0.3 else part
        if not frames and not ends_session([bent]):
            parts.append(bent)
    if rng.random() < 0.2:
        parts.append(pack([BUNDLE, 0, parts]))
    if rng.random() < 0.1:
        parts.append(rng.choice([1, None, "text", [], {}]))
    if rng.random() < 0.02:
        parts *= 100
    return _one([BUNDLE, 0, parts], [b"more"] if rng.random() < 0.05 else [])


# By name: how often, and what. What is large or is compiled is rare: the others wait for it.
KINDS: dict[str, tuple[float, Callable[[Random], list[Frames]]]] = {
    "header bytes": (30, header_bytes),
    "header structure": (30, header_structure),
    "program bytes": (8, program_bytes),
    "program structure": (6, program_structure),
    "references": (5, program_references),
    "unknown ops": (3, unknown_ops),
    "wrong hashes": (5, wrong_hashes),
    "lying counts": (10, lying_counts),
    "lying arrays": (10, lying_arrays),
    "odd frames": (1, odd_frames),
    "long headers": (0.5, long_headers),
    "nestings": (1, nestings),
    "long chains": (0.02, long_chains),
    "replays": (6, replays),
    "foreign": (8, foreign),
    "refused sizes": (1, refused_sizes),
    "shared trees": (5, trees),
    "bundles": (10, bundles),
}
