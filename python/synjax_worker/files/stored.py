"""The .synjax format: a safetensors file whose metadata are programs, what they take, and hashes of everything.

    synjax        the version of the format
    writer        the version of the package that wrote it
    registry      the hash of that version's operations, for information
    schema        JSON: see `schema`
    program.<k>   a program, as a launch carries it, in base64
    ops, classes  JSON: the operations and classes that the programs use, each with the hash of its signature
    tensors       JSON: the SHA-256 of each tensor's bytes, in hexadecimal; in format 2, where they are more than one
                  piece, that of the hashes (32 bytes each) of its pieces
    sha256        that of the header: of all bytes before the tensors, with zeros in the place of these 64 digits

All other keys are the user's. Whatever byte of a file is changed, a hash says so.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..errors import SynjaxError
from ..limits import Limits
from ..registry import Op, signatures
from ..runtime.decode import decode_program
from ..runtime.plugins import op_of_plugin
from ..runtime.program import Program
from .container import Container
from .schema import Held, Malformed, Schema, Type, parse

FORMAT = 2  # the newest, in which large tensors are hashed by pieces
_PIECE = 1 << 20  # bytes
_OURS = ("synjax", "writer", "registry", "schema", "ops", "classes", "tensors", "sha256")
_PROGRAM = "program."
_MOST_NAMED = 8  # operations that are missing


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """What the metadata of a file say, checked against each other and against its tensors."""

    container: Container
    format: int
    writer: str
    registry: str
    schema: Schema
    programs: tuple[bytes, ...]  # encoded
    ops: Mapping[str, str]  # hashes of signatures, by name
    classes: Mapping[str, str]
    tensors: Mapping[str, str]  # SHA-256, by name
    metadata: Mapping[str, str]  # the user's


def read(container: Container) -> Stored:
    """The metadata of a file.

    Raises InvalidArgument: it has no program, is of a newer format, was changed, or contradicts itself.
    """
    found = container.metadata
    version, writer = found.get("synjax"), found.get("writer", "")
    if version is None:
        raise container.wrong("a .synjax file", "a safetensors file without programs")
    if not version.isdecimal() or not version.isascii():
        raise container.wrong("a format that is a number", version[:50])
    if int(version[:20]) > FORMAT:
        raise container.wrong(
            f"the format {FORMAT} at most",
            f"the format {version[:20]}: synjax-ts {writer[:50]}, which wrote it, or a later one reads it",
        )
    _check_header(container, found.get("sha256", ""))
    try:
        tensors = _texts(found, "tensors")
        if set(tensors) != set(container.entries):
            raise Malformed("a hash of each tensor", sorted(set(tensors) ^ set(container.entries))[:1])
        types = {name: Type(each.dtype, each.shape) for name, each in container.entries.items()}
        schema = parse(_json(found, "schema"), types)
        for name, each in schema.weights.items():
            if schema.weights_file is None and types.get(name) != each:
                raise Malformed(
                    f"`{name}` of {each.dtype}{list(each.shape)}, as its schema says", types.get(name)
                )
        programs = tuple(_program(found, k, digest) for k, digest in enumerate(schema.programs))
        ops, classes = _texts(found, "ops"), _texts(found, "classes")
    except Malformed as error:
        raise container.wrong(error.expected, error.received) from None
    except RecursionError:
        raise container.wrong("a schema that is not nested so deep", "one that is") from None
    known = {*_OURS, *(f"{_PROGRAM}{k}" for k in range(len(programs)))}
    own = {key: value for key, value in found.items() if key not in known}
    return Stored(
        container,
        int(version),
        writer,
        found.get("registry", ""),
        schema,
        programs,
        ops,
        classes,
        tensors,
        own,
    )


def decoded(stored: Stored, ops: Mapping[str, Op], limits: Limits) -> tuple[Program, ...]:
    """The programs of a file, valid by this version's operations.

    Raises SynjaxError: UNKNOWN_OP with the names of those that are not here, or are another; BAD_PROGRAM or a limit's
    code; INVALID_ARGUMENT where a program is for other inputs than its schema says.
    """
    _check_plugins(stored, ops)
    for kind, names in (("operations", stored.ops), ("classes", stored.classes)):
        missing = sorted(name for name in names if not signatures.accepted(name, ops))
        changed = sorted(name for name in names if names[name] not in signatures.accepted(name, ops))
        if changed:
            what = "are not here" if missing else "have other signatures here"
            raise SynjaxError(
                "UNKNOWN_OP",
                f"{stored.container.path}: it needs {kind} that {what}: {_listed(missing or changed)}. "
                f"synjax-ts {stored.writer[:50]}, which wrote it, has them",
                op=(missing or changed)[0][:100],
            )
    programs = tuple(decode_program(each, ops, limits) for each in stored.programs)
    declared = {*stored.ops, *stored.classes}
    for program in programs:
        used = {equation.op for body in program.bodies for equation in body.equations}
        if not used <= declared:
            raise stored.container.wrong(
                "each operation that is used among `ops`", _listed(sorted(used - declared))
            )
    for each in stored.schema.functions.values():
        root = programs[each.program].root
        takes = len(each.inputs), sum(isinstance(of, Held) and not of.is_weight for of in each.inputs)
        if takes != (root.inputs + root.captures, root.captures) or len(each.outputs) != len(root.outputs):
            raise stored.container.wrong(
                f"a program of {takes[0]} inputs and {len(each.outputs)} results for `{each.name}`, as its schema says",
                f"one of {root.inputs + root.captures} inputs and {len(root.outputs)} results",
            )
    return programs


def _check_plugins(stored: Stored, ops: Mapping[str, Op]) -> None:
    """Raises SynjaxError (UNKNOWN_OP) for an operation of a plugin that is not here, or is another."""
    for name, digest in sorted(stored.ops.items()):
        # Only programs say of which operations: by the hashes beside their names
        named = f"{name}@{digest}"
        if any(named.encode() in each for each in stored.programs):
            try:
                op_of_plugin(named, ops)
            except SynjaxError as error:
                raise SynjaxError(
                    error.code, f"{stored.container.path}: {error.message}", **error.details
                ) from None


def check_tensors(stored: Stored, names: Iterable[str]) -> None:
    """Raises InvalidArgument where the bytes of a tensor are not those that were written. Uses all cores."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        hashes = [(name, pool.map(_hash, _pieces(stored, name))) for name in names]
        for name, of in hashes:
            first, *others = of
            digest = _hash(b"".join([first, *others])) if others else first
            if digest.hex() != stored.tensors[name]:
                raise stored.container.wrong(f"`{name}` as it was written", "other bytes")


def _hash(data: bytes | memoryview) -> bytes:
    return hashlib.sha256(data).digest()


def _pieces(stored: Stored, name: str) -> list[memoryview]:
    """What of a tensor has hashes of its own."""
    data = stored.container.bytes_of(name)
    if stored.format < 2 or len(data) <= _PIECE:
        return [data]
    return [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)]


def _check_header(container: Container, digest: str) -> None:
    """Raises InvalidArgument where a byte of the header was changed, its length and the blanks at its end included."""
    own = f'"sha256":"{digest}"'.encode()
    zeros = b'"sha256":"' + b"0" * len(digest) + b'"'
    is_whole = (
        len(digest) == 64
        and container.header.count(own) == 1
        and hashlib.sha256(container.header.replace(own, zeros)).hexdigest() == digest
    )
    if not is_whole:
        raise container.wrong("a header as it was written", "one that was changed")


def _program(found: Mapping[str, str], k: int, digest: str) -> bytes:
    text = found.get(f"{_PROGRAM}{k}")
    try:
        encoded = base64.b64decode(text or "", validate=True)
    except binascii.Error:
        raise Malformed(f"program {k} in base64", text) from None
    if not text or hashlib.sha256(encoded).hexdigest() != digest:
        raise Malformed(f"program {k} with the hash that the schema says", "another" if text else None)
    return encoded


def _texts(found: Mapping[str, str], name: str) -> dict[str, str]:
    values = _json(found, name)
    if type(values) is not dict or any(type(value) is not str for value in values.values()):
        raise Malformed(f"`{name}`: an object of strings", values)
    return values


def _json(found: Mapping[str, str], name: str) -> Any:
    try:
        return json.loads(found[name])
    except (KeyError, ValueError):
        raise Malformed(f"`{name}` as JSON", found.get(name)) from None


def _listed(names: list[str]) -> str:
    return ", ".join(name[:100] for name in names[:_MOST_NAMED]) + ("…" if len(names) > _MOST_NAMED else "")
