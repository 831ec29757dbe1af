"""Mutations: bytes and trees that are nearly right, all drawn from a seeded generator."""

from __future__ import annotations

import copy
import math
from random import Random
from typing import Any

import msgpack

DEEP = 10_000  # lists in each other


class Raw:
    """Bytes that stand in a packed tree as they are."""

    def __init__(self, data: bytes):
        self.data = data


NESTED = Raw(b"\x91" * DEEP + b"\xc0")
NASTY: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    3,
    2**31 - 1,
    2**31,
    2**53 - 1,
    2**53,
    2**63,
    2**64 - 1,
    -(2**31) - 1,
    -(2**63),
    1.5,
    -0.0,
    math.nan,
    math.inf,
    "",
    "nan",
    "float32",
    "float7",
    "__class__",
    "é\0\ud7ff",
    "x" * 70_000,
    b"",
    bytes(16),
    [],
    {},
    [[]],
    Raw(b"\xdd" + (70_000).to_bytes(4, "big") + b"\xc0" * 70_000),
    {"a": 1},
    [1, "float32", [2**31, 2**31]],
    [2, [[0, 1]] * 3],
    [4, 0, []],
    msgpack.ExtType(1, b"x"),
    msgpack.Timestamp(1, 1),
    NESTED,
)


def pack(tree: Any) -> bytes:
    """The msgpack bytes of a tree, in which a `Raw` stands as it is."""
    mark, raws = b"\xc1a raw part\xc1", []

    def marked(raw: Raw) -> bytes:
        raws.append(raw.data)
        return mark

    packed = msgpack.packb(tree, default=marked, unicode_errors="surrogatepass")
    for raw in raws:
        packed = packed.replace(msgpack.packb(mark), raw, 1)
    return packed


def mutated_bytes(rng: Random, data: bytes) -> bytes:
    """Bytes with one to four changes."""
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(data) + 1), min(len(data), rng.randint(1, 8))
        how = rng.randrange(7)
        if how == 0 and at < len(data):
            data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        elif how == 1:
            data = data[:at] + rng.choice([b"\xff", b"\0", b"\xc1", b"\xdd\xff\xff\xff\xff"]) + data[at + 1 :]
        elif how == 2:
            data = data[:at] + rng.randbytes(length) + data[at:]
        elif how == 3:
            data = data[:at] + data[at + length :]
        elif how == 4:
            data = data[:at] + data[at : at + length] * rng.randint(2, 40) + data[at + length :]
        elif how == 5:
            data = data[:at]
        else:
            other = rng.randrange(len(data) + 1)
            data = data[:at] + data[other : other + length] + data[at:]
    return data


def mutated_tree(rng: Random, tree: Any, frozen: int = 0) -> Any:
    """A tree with one to three changes, none of them in the first `frozen` items of its root."""
    tree = copy.deepcopy(tree)
    for _ in range(rng.randint(1, 3)):
        places = _places(tree, frozen)
        if not places:
            return rng.choice(NASTY)
        holder, at = rng.choice(places)
        how = rng.randrange(8)
        if how <= 3:
            holder[at] = copy.deepcopy(rng.choice(NASTY))
        elif how == 4:
            other, where = rng.choice(places)
            holder[at] = copy.deepcopy(other[where])
        elif how == 5:
            holder[at] = [holder[at]]
        elif how == 6:
            holder.pop(at)
        elif type(holder) is list:
            holder[at:at] = [holder[at]] * rng.choice([1, 1, 2, 20])
    return tree


def _places(tree: Any, frozen: int) -> list[tuple[Any, Any]]:
    """All that can be changed: what holds it, and its place there."""
    found: list[tuple[Any, Any]] = []
    waiting = [(tree, frozen)]
    while waiting:
        node, first = waiting.pop()
        keys = range(first, len(node)) if type(node) is list else list(node) if type(node) is dict else ()
        for key in keys:
            found.append((node, key))
            waiting.append((node[key], 0))
        if len(found) > 2_000:
            break
    return found
