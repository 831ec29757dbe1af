"""What a distribution class says about itself: its constructor's parameters, their named dims and docs."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Sequence
from typing import Any

_STATIC_TYPES = {bool: "boolean", int: "number", float: "number", str: "string"}


def parameters(cls: type) -> list[dict[str, Any]]:
    """The constructor's parameters: name, kind, named dims, whether it may be left out, and its doc.

    Kinds: `float` `int` `bool` `num` (an array, from its jaxtyping annotation), `dist` (a distribution), `static` (a
    plain Python value; `type` is its TypeScript type). `many` marks a sequence of them. A parameter of several kinds
    has `alternatives`; its own fields repeat the first.
    """
    _, docs = split_doc(cls)
    hints = typing.get_type_hints(cls)
    described = []
    for parameter in cls.declaration():
        found = alternatives(hints[parameter.name], f"{cls.__name__}.{parameter.name}")
        entry = {"name": parameter.name, **found[0]}
        if len(found) > 1:
            entry["alternatives"] = found
        entry["optional"] = parameter.optional
        entry["doc"] = docs.get(parameter.name, "")
        described.append(entry)
    return described


def is_optional(annotation: Any) -> bool:
    return type(None) in typing.get_args(annotation)


def alternatives(annotation: Any, where: str) -> list[dict[str, Any]]:
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        members = [member for member in typing.get_args(annotation) if member is not type(None)]
    else:
        members = [annotation]
    return [_kind(member, where) for member in members]


def _kind(annotation: Any, where: str) -> dict[str, Any]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if hasattr(annotation, "dim_str"):
        return {"kind": _array_kind(annotation.dtypes), "dims": annotation.dim_str}
    if origin is typing.Literal:
        return {"kind": "static", "type": " | ".join(f'"{value}"' for value in arguments)}
    if annotation in _STATIC_TYPES:
        return {"kind": "static", "type": _STATIC_TYPES[annotation]}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return {**_kind(arguments[0], where), "many": True}
    if isinstance(annotation, type):
        return {"kind": "dist", "type": annotation.__name__}
    raise TypeError(f"{where}: an annotation that has no meaning in TypeScript: {annotation!r}")


def _array_kind(dtypes: Sequence[str]) -> str:
    stems = {re.match(r"[a-z]+", name)[0].removeprefix("u").removeprefix("b") for name in dtypes}
    names = {frozenset({"float"}): "float", frozenset({"int"}): "int", frozenset({"ool"}): "bool"}
    return names.get(frozenset(stem for stem in stems if stem), "num")


def split_doc(of: Any) -> tuple[str, dict[str, str]]:
    """The docstring of an object without its `Args:` block, and what that block says of each argument."""
    return split_text(inspect.getdoc(of) or "")


def split_text(doc: str) -> tuple[str, dict[str, str]]:
    prose, docs, section, name = [], {}, "", None
    for line in doc.splitlines():
        heading = re.fullmatch(r"([A-Z]\w+):", line)
        if heading or (line and not line.startswith(" ")):
            section = heading[1] if heading else ""
        if section != "Args":
            prose.append(line)
            continue
        entry = re.fullmatch(r" {2,4}(\w+):\s*(.*)", line)
        if entry:
            name = entry[1]
            docs[name] = entry[2]
        elif name and line.strip():
            docs[name] += " " + line.strip()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(prose)).strip(), docs
