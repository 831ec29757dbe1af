"""A function with its operands and results compared with its signature, while a program is traced."""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InvalidArgument, SynjaxError, unexpected
from ..registry.signature import CLASSES, DTYPES, VARIABLES, Parameter, Result, Signature
from ..runtime.precision import has_wide
from . import dims
from .types import allowed, name_of, type_of

_KINDS_OF_CLASS = {"Float": jnp.floating, "Int": jnp.integer, "Bool": jnp.bool_}


def checked(name: str, fn: Callable[..., Any], signature: Signature) -> Callable[..., Any]:
    """The same function, which refuses operands that its signature does not name, and results that it does not promise.

    Raises, when it is called:
      InvalidArgument: an operand is of another dtype or shape.
      SynjaxError: OP_FAILED, a result is; with what was expected and what was received.
    """

    @functools.wraps(fn)
    def call(*args: Any, **named: Any) -> Any:
        return _Call(name, signature, has_wide(list(args), named)).run(fn, args, named)

    return call


class _Call:
    """One call, while it is traced."""

    def __init__(self, name: str, signature: Signature, wide: bool):
        self._name = name
        self._signature = signature
        self._wide = wide
        self._sizes: dims.Sizes = {}
        self._bound: dict[str, list[jax.ShapeDtypeStruct]] = collections.defaultdict(list)

    def run(self, fn: Callable[..., Any], args: Sequence[Any], named: dict[str, Any]) -> Any:
        operands = [each for each in self._signature.positional if each.is_operand]
        rest = operands.pop() if operands and operands[-1].rest else None
        if len(args) < len(operands) or (rest is None and len(args) > len(operands)):
            raise SynjaxError("BAD_PROGRAM", f"{len(args)} operands of {len(operands)}")
        parameters = [*operands, *[rest] * (len(args) - len(operands))]
        given = [self._operand(*each) for each in zip(parameters, args, strict=True)]
        options = {each.name: each for each in self._signature.parameters}
        named = {key: self._named(options[key], value) for key, value in named.items()}
        counts = self._counts(operands, rest, given, named)
        return self._result(self._signature.result, fn(*given, **named), "its result", named, counts)

    def _named(self, parameter: Parameter, value: Any) -> Any:
        return self._operand(parameter, value) if parameter.is_operand and value is not None else value

    def _operand(self, parameter: Parameter, value: Any) -> Any:
        if parameter.kind == "nums":
            return [self._tensor(parameter, each) for each in value]
        if parameter.kind == "num":
            return self._tensor(parameter, value)
        if parameter.kind == "key" and not _is_key(value):
            raise self._refused(parameter.name, "a key", _described(value))
        return value

    def _tensor(self, parameter: Parameter, value: Any) -> jax.Array:
        """An operand as an array. A number in the place of one takes the dtype that is wanted."""
        if not isinstance(value, bool | int | float | np.generic | np.ndarray | jax.Array) or _is_key(value):
            raise self._refused(parameter.name, "a tensor", _described(value))
        wanted = parameter.type
        array = jnp.asarray(value)
        if wanted in DTYPES and type_of(array).weak_type and array.ndim == 0:
            array = array.astype(wanted)
        fits = True
        if wanted in CLASSES:
            fits = jnp.issubdtype(array.dtype, _KINDS_OF_CLASS[wanted])
        elif wanted in VARIABLES:
            self._bound[wanted].append(type_of(array))
        elif wanted is not None:
            fits = str(array.dtype) == wanted
        named = dims.parse_dims(parameter.dims)
        # What is expected is said with the sizes from before: this operand must not count
        before = dict(self._sizes)
        if not (fits and dims.fits(array.shape, named, self._sizes)):
            raise self._refused(
                parameter.name,
                dims.shown("any" if wanted is None or wanted in VARIABLES else wanted, named, before),
                _described(array),
            )
        return array

    def _refused(self, argument: str, expected: str, received: str) -> InvalidArgument:
        return unexpected(argument, expected, received, where=f"{self._name}: `{argument}`")

    def _counts(
        self, operands: Sequence[Parameter], rest: Parameter | None, given: Sequence[Any], named: Mapping
    ) -> dict[str, int]:
        """How many arrays a result has that is a list: as many as an argument has items, or asks for."""
        pairs = zip(operands, given, strict=False)
        counts = {each.name: len(value) for each, value in pairs if each.kind == "nums"}
        if rest is not None:
            counts[rest.name] = len(given) - len(operands)
        for key, value in named.items():
            if isinstance(value, tuple | list):
                counts[key] = len(value) + 1
            elif type(value) is int:
                counts[key] = value
        return counts

    def _result(self, of: Result, value: Any, what: str, named: Mapping[str, Any], counts: Mapping) -> Any:
        if of.kind == "struct":
            return self._struct(of, value, what, named, counts)
        if of.kind == "list":
            count = counts[of.per]
            if not isinstance(value, list | tuple) or len(value) != count:
                raise self._wrong(what, f"a list of {count} arrays", _described(value))
            one = Result("array", of.type)
            return [self._result(one, each, f"{what}[{k}]", named, counts) for k, each in enumerate(value)]
        if of.kind == "key":
            if not _is_key(value):
                raise self._wrong(what, "a key", _described(value))
            return value
        expected = self._types(of, named)
        if not isinstance(value, bool | int | float | np.generic | np.ndarray | jax.Array) or _is_key(value):
            raise self._wrong(what, f"an array of {' or '.join(expected)}", _described(value))
        array = jnp.asarray(value)
        named_dims = dims.parse_dims(of.dims)
        before = dict(self._sizes)
        if name_of(type_of(array), self._wide) not in expected or not dims.fits(
            array.shape, named_dims, self._sizes
        ):
            raise self._wrong(what, dims.shown(" or ".join(expected), named_dims, before), _described(array))
        return array

    def _struct(self, of: Result, value: Any, what: str, named: Mapping[str, Any], counts: Mapping) -> dict:
        found = value._asdict() if hasattr(value, "_asdict") else value
        names = [name for name, _ in of.fields]
        if not isinstance(found, Mapping) or set(found) != set(names):
            received = f"{', '.join(map(str, found))}" if isinstance(found, Mapping) else _described(value)
            raise self._wrong(what, f"a dict or named tuple of {', '.join(names)}", received)
        return {
            name: self._result(field, found[name], f"`{name}` of {what}", named, counts)
            for name, field in of.fields
        }

    def _types(self, of: Result, named: Mapping[str, Any]) -> list[str]:
        chosen = next((each for each in self._signature.parameters if each.kind == "dtype"), None)
        dtype = None if chosen is None else named.get(chosen.name, chosen.default)
        return allowed(of.type, self._bound, dtype, self._wide)

    def _wrong(self, what: str, expected: str, received: str) -> SynjaxError:
        return SynjaxError(
            "OP_FAILED",
            f"{self._name}: {what} is not what its signature says: expected {expected}, got {received}",
            expected=expected,
            received=received,
        )


def _is_key(value: Any) -> bool:
    return isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key)


def _described(value: Any) -> str:
    """A value by its type: an array's dtype and shape, how many items a list has."""
    if _is_key(value):
        return "a key"
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{value.dtype}[{', '.join(map(str, value.shape))}]"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    return "None" if value is None else f"a {type(value).__name__}"
