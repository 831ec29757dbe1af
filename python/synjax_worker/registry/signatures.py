"""Hashes of the signatures of operations and classes: whether a program of an earlier version means the same here.

`python -m synjax_worker.registry.signatures` prints all of them as JSON, for the client's generated file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .. import protocol
from . import Op, introspection

# Hashes that operations and classes had in earlier versions, by name, where what was allowed then means the same now:
# an option was added, a kind of argument was widened. A test with the files of earlier versions says when one belongs
# here.
EARLIER: dict[str, tuple[str, ...]] = {}

_LENGTH = 16  # hexadecimal digits: they guard against a change, not against an attack


def signature_hash(name: str, ops: Mapping[str, Op]) -> str | None:
    """The hash of the signature of an operation, a class, or an operation of the protocol; None if there is none."""
    text = _text(name, ops)
    return None if text is None else hashlib.sha256(f"{name} {text}".encode()).hexdigest()[:_LENGTH]


def accepted(name: str, ops: Mapping[str, Op]) -> tuple[str, ...]:
    """The hashes of a file that mean what `name` means here, the current one first. Empty where it is not there."""
    if name in ops and ops[name].plugin is not None:
        return (ops[name].hash,)
    now = signature_hash(name, ops)
    return () if now is None else (now, *EARLIER.get(name, ()))


def is_class(name: str, ops: Mapping[str, Op]) -> bool:
    """Whether an operation makes a distribution of a class of its own."""
    return name in ops and isinstance(ops[name].fn, type)


def plugin_hash(name: str, version: int, signature: str) -> str:
    """The hash of an operation of a plugin."""
    return hashlib.sha256(f"{name} {version} {signature}".encode()).hexdigest()[:_LENGTH]


def _text(name: str, ops: Mapping[str, Op]) -> str | None:
    if name in protocol.STRUCTURAL_OPS:
        return protocol.STRUCTURAL_OPS[name]
    if name in protocol.NESTED_OPS:
        return _canonical(protocol.NESTED_OPS[name]._asdict())
    if name not in ops:
        return None
    if is_class(name, ops):
        parameters = introspection.parameters(ops[name].fn)
        return _canonical([{k: v for k, v in each.items() if k != "doc"} for each in parameters])
    return ops[name].signature


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def to_text(ops: Mapping[str, Op]) -> str:
    """All of them, the operations and the classes apart: lists of the hashes that are accepted."""
    names = sorted({*ops, *protocol.STRUCTURAL_OPS, *protocol.NESTED_OPS})
    return json.dumps(
        {
            "ops": {name: accepted(name, ops) for name in names if not is_class(name, ops)},
            "classes": {name: accepted(name, ops) for name in names if is_class(name, ops)},
        }
    )


if __name__ == "__main__":
    from . import load

    print(to_text(load().ops))
