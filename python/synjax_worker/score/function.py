"""A function of a file as the scorer takes it: of arrays by flat names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..batch.reader import read_batches
from ..batch.scorer import LENGTHS, Argument
from ..dtypes import ELEMENTS
from ..errors import InvalidArgument
from ..files.function import StoredFunction
from ..files.model import Model
from ..files.schema import Leaf, Tree, filled

_SAMPLE = 256  # rows among which one is looked for that is not empty
_WIDTH = 8  # bytes in which a file of programs says how long its header is


def chosen(model: Model, name: str | None) -> StoredFunction:
    """The function of this name; the only one where none is named. Raises InvalidArgument."""
    names = ", ".join(model.functions)
    if name is None and len(model.functions) == 1:
        return next(iter(model.functions.values()))
    if name in model.functions:
        return model.functions[name]
    raise InvalidArgument(
        f"`--function`: expected one of {names}, got {name or 'none'}.",
        argument="--function",
        expected=f"one of {names}",
        received=name or "none",
    )


def threads_of(plugins: Sequence[str]) -> int:
    """How many threads call a function at once. What a plugin does in Python may be made for one."""
    return 1 if plugins else 2


def flat(function: StoredFunction) -> tuple[Callable[..., Any], list[Argument]]:
    """The function of arrays by names such as `emission` or `sentence.words`, and what these are.

    Raises:
      InvalidArgument: where it takes keys or 16-bit floats, which no column holds.
    """
    of = function.schema
    arguments: list[Argument] = []
    trees: list[tuple[str, Callable[[dict[str, Any]], Any]]] = []
    for argument in of.arguments:
        names = dict(_names(argument.tree, argument.name))
        for place, name in names.items():
            leaf = of.inputs[place]
            if isinstance(leaf, Leaf):
                arguments.append(Argument(name, _element(name, leaf), leaf.shape))
        trees.append((argument.name, _maker(argument.tree, names)))

    def call(**given: Any) -> Any:
        return function(**{name: make(given) for name, make in trees})

    return call, arguments


def sized(arguments: Sequence[Argument], source: Path, columns: Mapping[str, str]) -> list[Argument]:
    """The arguments with the sizes that a file does not say and the rows do: of lists that are all of one length by
    their type, and of what stands in lists, as the first row has it. Only how long a row's lists are stays free.
    """
    named = {argument.name: columns.get(argument.name, argument.name) for argument in arguments}
    named = {name: column for name, column in named.items() if name != LENGTHS or name in columns}
    batch = next(iter(read_batches(source, _SAMPLE, columns=list(named.values()))), None)
    if batch is None:
        return list(arguments)
    return [
        _with_sizes(argument, named[argument.name], batch.data[named[argument.name]])
        if argument.name in named
        else argument
        for argument in arguments
    ]


def _with_sizes(argument: Argument, name: str, column: pa.Array) -> Argument:
    found = argument._replace(shape=_sized(argument.shape, column))
    if all(isinstance(size, int) for size in found.item):
        return found
    dims = ", ".join("?" if size is None else str(size) for size in argument.shape)
    expected = f"lists for {argument.name}: {argument.dtype}[{dims}]"
    raise InvalidArgument(
        f"`{name}`: expected {expected}, got {column.type}.",
        argument=name,
        expected=expected,
        received=str(column.type),
    )


def _sized(shape: tuple[Any, ...], column: pa.Array) -> tuple[Any, ...]:
    found, of = list(shape), column.type
    first = next((row for row in column.to_pylist() if row), None)
    for axis in range(1, len(shape)):
        is_fixed = pa.types.is_fixed_size_list(of)
        if not isinstance(shape[axis], int) and is_fixed:
            found[axis] = of.list_size
        elif not isinstance(shape[axis], int) and axis > 1 and isinstance(first, list):
            found[axis] = len(first)
        of = of.value_type if is_fixed or pa.types.is_list(of) or pa.types.is_large_list(of) else of
        first = first[0] if isinstance(first, list) and first else None
    return tuple(found)


def identity_of(path: Path) -> str:
    """What tells a file of programs from others: the hash of its header, which has those of all that follows."""
    with path.open("rb") as file:
        begins = file.read(_WIDTH)
        return hashlib.sha256(begins + file.read(int.from_bytes(begins, "little"))).hexdigest()


def _names(tree: Tree, at: str) -> list[tuple[int, str]]:
    if type(tree) is int:
        return [(tree, at)]
    if tree is None:
        return []
    inner = enumerate(tree["list"]) if "list" in tree else tree["dict"].items()
    return [found for key, each in inner for found in _names(each, f"{at}.{key}")]


def _maker(tree: Tree, names: dict[int, str]) -> Callable[[dict[str, Any]], Any]:
    return lambda given: filled(tree, lambda place: given[names[place]])


def _element(name: str, leaf: Leaf) -> np.dtype:
    if leaf.dtype not in ELEMENTS or leaf.dtype in ("key", "bfloat16"):
        raise InvalidArgument(
            f"`{name}`: expected numbers that a column holds, got {leaf.dtype}.",
            argument=name,
            expected="numbers that a column holds",
            received=leaf.dtype,
        )
    return np.dtype(ELEMENTS[leaf.dtype])
