"""What a file holds, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping

from ..registry import Op, signatures
from . import schema
from .stored import Stored


def describe(stored: Stored, ops: Mapping[str, Op]) -> str:
    """Functions with their arguments and results, tensors, operations and hashes: lines of text."""
    of = stored.schema
    size = stored.container.size
    lines = [
        f"{stored.container.path}: format {stored.format}, {size:,} bytes, written by synjax-ts {stored.writer}",
        "",
        "Functions",
    ]
    lines += [f"  {_function(each)}" for each in of.functions.values()]
    lines += ["", "Programs"]
    for k, (encoded, digest) in enumerate(zip(stored.programs, of.programs, strict=True)):
        lines.append(f"  {k}  {len(encoded):,} bytes  sha256 {digest}")
    lines += ["", "Weights" + (f" (in {of.weights_file})" if of.weights_file else "")]
    lines += _tensors(of.weights, stored)
    if of.constants:
        lines += ["", "Constants", *_tensors(of.constants, stored)]
    for title, names in (("Operations", stored.ops), ("Classes", stored.classes)):
        if names:
            lines += ["", title, *(f"  {name}  {_state(name, names[name], ops)}" for name in sorted(names))]
    if stored.metadata:
        lines += ["", "Metadata", *(f"  {key}: {value}" for key, value in sorted(stored.metadata.items()))]
    lines += [
        "",
        f"registry {stored.registry}",
        f"sha256 of the header {stored.container.metadata['sha256']}",
    ]
    return "\n".join(lines)


def _function(of: schema.Function) -> str:
    arguments = ", ".join(f"{each.name}: {_tree(each.tree, of.inputs)}" for each in of.arguments)
    flags = "".join(f"  {name} = {str(flag).lower()}" for name, flag in of.flags.items())
    return f"{of.name}({arguments}) -> {_tree(of.results, of.outputs)}  program {of.program}{flags}"


def _tree(tree: schema.Tree, leaves: tuple) -> str:
    if type(tree) is int:
        return "?" if leaves[tree] is None else str(leaves[tree])
    if tree is None:
        return "null"
    if "list" in tree:
        return f"[{', '.join(_tree(each, leaves) for each in tree['list'])}]"
    return f"{{ {', '.join(f'{key}: {_tree(each, leaves)}' for key, each in tree['dict'].items())} }}"


def _tensors(types: Mapping[str, schema.Type], stored: Stored) -> list[str]:
    return [
        f"  {name}  {each.dtype}[{', '.join(map(str, each.shape))}]"
        + (f"  sha256 {stored.tensors[name]}" if name in stored.tensors else "")
        for name, each in types.items()
    ] or ["  none"]


def _state(name: str, hash_: str, ops: Mapping[str, Op]) -> str:
    accepted = signatures.accepted(name, ops)
    if not accepted:
        return f"{hash_}  not in this version"
    return hash_ if hash_ in accepted else f"{hash_}  another signature in this version"
