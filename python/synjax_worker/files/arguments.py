"""What a function of a file is called with: as its schema says, or an error that names the argument."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from ..dtypes import ELEMENTS, dtype_name
from ..errors import InvalidArgument
from ..protocol import KEY_WORDS
from .refusals import wrong_argument
from .schema import Argument, Function, Leaf, Tree


def bound(function: Function, args: tuple, named: dict[str, Any]) -> dict[int, Any]:
    """The inputs of a program by their places: arrays.

    Arguments come in order or by name. Lists of numbers become arrays of the dtype that the schema says; an array of
    another dtype is refused, as is another rank, or another size where the schema names one.

    Raises InvalidArgument with the argument's name.
    """
    names = [argument.name for argument in function.arguments]
    if len(args) > len(names):
        raise wrong_argument(
            function.name, "arguments", f"at most {len(names)} ({', '.join(names)})", str(len(args))
        )
    given = dict(zip(names, args, strict=False))
    for name, value in named.items():
        if name not in names or name in given:
            expected = f"one of {', '.join(names)}, once" if names else "no argument"
            raise wrong_argument(function.name, name, expected, "another" if name not in names else "two")
        given[name] = value
    found: dict[int, Any] = {}
    sizes: dict[str, tuple[int, str]] = {}
    for argument in function.arguments:
        if argument.name not in given and argument.tree is not None:
            raise wrong_argument(function.name, argument.name, _described(function, argument), "nothing")
        _place(function, argument.tree, given.get(argument.name), argument.name, found)
    for place, (path, value) in found.items():
        _check_shape(function, function.inputs[place], value, path, sizes)
    return {place: value for place, (_, value) in found.items()}


def _place(function: Function, tree: Tree, value: Any, path: str, found: dict[int, Any]) -> None:
    """Puts the leaves of an argument at their places, with the path of each."""
    if type(tree) is int:
        found[tree] = path, _array(function, function.inputs[tree], value, path)
    elif tree is None:
        if value is not None:
            raise wrong_argument(function.name, path, "None", type(value).__name__)
    elif "list" in tree:
        if not isinstance(value, list | tuple) or len(value) != len(tree["list"]):
            received = f"{len(value)}" if isinstance(value, list | tuple) else type(value).__name__
            raise wrong_argument(function.name, path, f"a list of {len(tree['list'])}", received)
        for k, (each, item) in enumerate(zip(tree["list"], value, strict=True)):
            _place(function, each, item, f"{path}[{k}]", found)
    else:
        keys = tree["dict"]
        wanted = {key for key, each in keys.items() if each is not None}
        if not isinstance(value, dict) or not wanted <= set(value) <= set(keys):
            received = (
                f"one with {', '.join(map(str, value))}" if isinstance(value, dict) else type(value).__name__
            )
            raise wrong_argument(function.name, path, f"a dict with {', '.join(keys)}", received)
        for key, each in keys.items():
            _place(function, each, value.get(key), f"{path}.{key}", found)


def _array(function: Function, leaf: Leaf, value: Any, path: str) -> Any:
    """An array of the leaf's dtype."""
    if leaf.dtype == "key":
        return _key(function, leaf, value, path)
    if isinstance(value, bool | int | float | complex | list | tuple):
        return _numbers(function, leaf, value, path)
    if not isinstance(value, jax.Array | np.ndarray | np.generic):
        raise wrong_argument(function.name, path, str(leaf), type(value).__name__)
    if dtype_name(value.dtype) != leaf.dtype:
        raise wrong_argument(
            function.name, path, f"{leaf}: convert it yourself", f"{value.dtype}{list(value.shape)}"
        )
    return value


def _numbers(function: Function, leaf: Leaf, value: Any, path: str) -> np.ndarray:
    """Numbers of Python. Whole ones become floats, but no float is cut off."""
    try:
        array = np.asarray(value)
        if array.size == 0:
            return array.astype(ELEMENTS[leaf.dtype])
        converted = array.astype(ELEMENTS[leaf.dtype], casting="unsafe")
        is_float = not np.issubdtype(array.dtype, np.integer) and array.dtype != bool
        is_bool = (array.dtype == bool) == (leaf.dtype == "bool")
        if not is_bool or (
            array.dtype.kind in "iu" and leaf.dtype.startswith(("int", "uint")) and (converted != array).any()
        ):
            raise ValueError
        if is_float and leaf.dtype.startswith(("int", "uint")):
            raise ValueError
        if array.dtype.kind not in "biufc" or (array.dtype.kind == "c" and "complex" not in leaf.dtype):
            raise ValueError
    except (ValueError, TypeError, OverflowError) as error:
        if isinstance(error, InvalidArgument):
            raise
        raise wrong_argument(
            function.name, path, f"numbers that are {leaf}", "others, or rows of other lengths"
        ) from None
    return converted


def _key(function: Function, leaf: Leaf, value: Any, path: str) -> Any:
    """PRNG keys: as JAX has them, or their words."""
    if isinstance(value, jax.Array) and dtype_name(value.dtype) == "key":
        return value
    if (
        isinstance(value, jax.Array | np.ndarray)
        and value.dtype == np.uint32
        and value.shape[-1:] == (KEY_WORDS,)
    ):
        return jax.random.wrap_key_data(value)
    raise wrong_argument(function.name, path, "a key of jax.random.key", type(value).__name__)


def _check_shape(
    function: Function, leaf: Leaf, value: Any, path: str, sizes: dict[str, tuple[int, str]]
) -> None:
    """Raises InvalidArgument where a shape is not that of the schema, or a named dim has two sizes."""
    shape = np.shape(value)
    wrong = wrong_argument(function.name, path, str(leaf), f"{leaf.dtype}{list(shape)}")
    if len(shape) != len(leaf.shape):
        raise wrong
    for size, dim in zip(shape, leaf.shape, strict=True):
        if isinstance(dim, str):
            known, where = sizes.setdefault(dim, (size, path))
            if known != size:
                raise wrong_argument(function.name, path, f"{dim} = {known}, as in `{where}`", str(size))
        elif dim is not None and dim != size:
            raise wrong


def _described(function: Function, argument: Argument) -> str:
    if type(argument.tree) is int:
        return str(function.inputs[argument.tree])
    return "a list" if "list" in argument.tree else "a dict"
