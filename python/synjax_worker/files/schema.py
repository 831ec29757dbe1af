"""What a file says of its functions: their arguments by name, which inputs are weights, and what comes back.

schema   := {"functions": {name: function}, "weights": {name: type}, "weightsFile": string | null,
             "programs": [SHA-256 of each program, in hexadecimal]}
function := {"program": its place, "arguments": [{"name", "tree"}], "inputs": [input], "results": tree,
             "outputs": [{} | leaf], "flags": {"batchable"?: bool, "debugNans"?: bool}}
input    := {"weight": name} | {"constant": name} | leaf           in the order of the program's inputs
leaf     := {"dtype", "shape": [size | name of a free dim | null for one without a name], "example"?: shape}
tree     := place of a leaf | null | {"list": [tree]} | {"dict": {key: tree}}
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ..dtypes import ELEMENTS

Tree = Any  # as it stands in the JSON
Dim = int | str | None


class Malformed(Exception):
    """A schema that does not say what it should. What it should say, and what it says."""

    def __init__(self, expected: str, received: Any):
        super().__init__(expected, received)
        self.expected = expected
        self.received = f"{received!r:.100}"


class Type(NamedTuple):
    """A tensor that is there."""

    dtype: str
    shape: tuple[int, ...]


class Leaf(NamedTuple):
    """A tensor that a function takes or gives."""

    dtype: str
    shape: tuple[Dim, ...]
    example: tuple[int, ...] | None = None

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join('?' if dim is None else str(dim) for dim in self.shape)}]"


class Held(NamedTuple):
    """An input that the file has a tensor for."""

    tensor: str
    is_weight: bool  # otherwise it is a tensor that the function was closed over


class Argument(NamedTuple):
    name: str
    tree: Tree  # its leaves are places among the inputs


@dataclasses.dataclass(frozen=True, slots=True)
class Function:
    name: str
    program: int
    arguments: tuple[Argument, ...]
    inputs: tuple[Leaf | Held, ...]
    results: Tree  # its leaves are places among the outputs
    outputs: tuple[Leaf | None, ...]  # None where nobody has seen one
    flags: Mapping[str, bool]


@dataclasses.dataclass(frozen=True, slots=True)
class Schema:
    functions: Mapping[str, Function]
    weights: Mapping[str, Type]
    constants: Mapping[str, Type]
    weights_file: str | None
    programs: tuple[str, ...]  # their hashes


def parse(raw: Any, tensors: Mapping[str, Type]) -> Schema:
    """The schema that JSON says, in a file with these tensors. Raises Malformed."""
    fields = _record(raw, "a schema that is an object")
    programs = tuple(
        _text(each, "hashes of programs") for each in _list(fields.get("programs"), "`programs`")
    )
    weights = {name: _type(name, each) for name, each in _record(fields.get("weights"), "`weights`").items()}
    weights_file = fields.get("weightsFile")
    if weights_file is not None:
        _text(weights_file, "`weightsFile` that is a name")
    functions = {
        name: _function(name, each, len(programs))
        for name, each in _record(fields.get("functions"), "`functions`").items()
    }
    held = [each for of in functions.values() for each in of.inputs if isinstance(each, Held)]
    constants = {}
    for each in held:
        if each.is_weight and each.tensor not in weights:
            raise Malformed("each weight that is an input among the weights", each.tensor)
        if not each.is_weight:
            if each.tensor not in tensors:
                raise Malformed(f"a tensor `{each.tensor}`", ", ".join(tensors))
            constants[each.tensor] = tensors[each.tensor]
    unknown = sorted(set(tensors).difference(weights, constants))
    if unknown:
        raise Malformed("tensors that are weights or constants, and no others", unknown[0])
    return Schema(functions, weights, constants, weights_file, programs)


def leaves(tree: Tree) -> Iterator[int]:
    """The places of the leaves of a tree, in its order."""
    if type(tree) is int:
        yield tree
    elif tree is not None:
        inner = tree["list"] if "list" in tree else tree["dict"].values()
        for each in inner:
            yield from leaves(each)


def filled(tree: Tree, leaf_of: Callable[[int], Any]) -> Any:
    """The tree of lists and dicts; `leaf_of` makes its leaves."""
    if type(tree) is int:
        return leaf_of(tree)
    if tree is None:
        return None
    if "list" in tree:
        return [filled(each, leaf_of) for each in tree["list"]]
    return {key: filled(each, leaf_of) for key, each in tree["dict"].items()}


def _function(name: str, raw: Any, programs: int) -> Function:
    fields = _record(raw, f"`{name}` that is an object")
    program = fields.get("program")
    if type(program) is not int or not 0 <= program < programs:
        raise Malformed(f"a program of `{name}` among {programs}", program)
    inputs = tuple(_input(name, each) for each in _list(fields.get("inputs"), f"`inputs` of `{name}`"))
    arguments = tuple(
        _argument(name, each) for each in _list(fields.get("arguments"), f"`arguments` of `{name}`")
    )
    free = [place for place, each in enumerate(inputs) if isinstance(each, Leaf)]
    if sorted(place for each in arguments for place in leaves(each.tree)) != free:
        raise Malformed(
            f"arguments of `{name}` that are its inputs, each once", [each.tree for each in arguments]
        )
    if len({each.name for each in arguments}) != len(arguments):
        raise Malformed(f"arguments of `{name}` with different names", [each.name for each in arguments])
    outputs = tuple(
        _leaf(name, each) if each else None for each in _list(fields.get("outputs"), f"`outputs` of `{name}`")
    )
    results = _tree(fields.get("results"), f"the results of `{name}`")
    if list(leaves(results)) != list(range(len(outputs))):
        raise Malformed(f"results of `{name}` that are its outputs, in order", results)
    flags = _record(fields.get("flags"), f"`flags` of `{name}`")
    if any(type(flag) is not bool for flag in flags.values()):
        raise Malformed(f"flags of `{name}` that are true or false", flags)
    return Function(name, program, arguments, inputs, results, outputs, flags)


def _argument(function: str, raw: Any) -> Argument:
    fields = _record(raw, f"an argument of `{function}` that is an object")
    name = _text(fields.get("name"), f"a name of an argument of `{function}`")
    return Argument(name, _tree(fields.get("tree"), f"`{name}` of `{function}`"))


def _input(function: str, raw: Any) -> Leaf | Held:
    fields = _record(raw, f"an input of `{function}` that is an object")
    for kind in ("weight", "constant"):
        if kind in fields:
            return Held(_text(fields[kind], f"the name of a tensor of `{function}`"), kind == "weight")
    return _leaf(function, fields)


def _leaf(function: str, raw: Any) -> Leaf:
    fields = _record(raw, f"a tensor of `{function}` that is an object")
    shape = _list(fields.get("shape"), f"a shape in `{function}`")
    if not all(each is None or type(each) is str or _is_size(each) for each in shape):
        raise Malformed(f"sizes and names as a shape in `{function}`", shape)
    example = fields.get("example")
    if example is not None and not (
        type(example) is list and len(example) == len(shape) and all(map(_is_size, example))
    ):
        raise Malformed(f"sizes as an example in `{function}`", example)
    return Leaf(_dtype(fields), tuple(shape), None if example is None else tuple(example))


def _type(name: str, raw: Any) -> Type:
    fields = _record(raw, f"the type of `{name}`")
    shape = _list(fields.get("shape"), f"the shape of `{name}`")
    if not all(map(_is_size, shape)):
        raise Malformed(f"sizes as the shape of `{name}`", shape)
    return Type(_dtype(fields), tuple(shape))


def _dtype(fields: dict[str, Any]) -> str:
    dtype = fields.get("dtype")
    if type(dtype) is not str or dtype not in ELEMENTS:
        raise Malformed(f"a dtype ({', '.join(ELEMENTS)})", dtype)
    return dtype


def _tree(raw: Any, what: str) -> Tree:
    if raw is None or (type(raw) is int and raw >= 0):
        return raw
    if type(raw) is dict and len(raw) == 1:
        if type(raw.get("list")) is list:
            return {"list": [_tree(each, what) for each in raw["list"]]}
        if type(raw.get("dict")) is dict:
            return {"dict": {key: _tree(each, what) for key, each in raw["dict"].items()}}
    raise Malformed(f"{what} as a tree", raw)


def _record(value: Any, what: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise Malformed(what, value)
    return value


def _list(value: Any, what: str) -> list:
    if type(value) is not list:
        raise Malformed(f"{what}, a list", value)
    return value


def _text(value: Any, what: str) -> str:
    if type(value) is not str:
        raise Malformed(what, value)
    return value


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 53
