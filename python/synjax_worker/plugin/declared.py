"""What packages declare: functions of arrays with signatures in the registry's language."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from ..registry import signature
from ..registry.signature import Result, Signature, SignatureError
from .dims import parse_dims

_KINDS = ("num", "nums", "any", "key", "size", "shape", "axis", "dtype", "static")
_RESULTS = ("array", "key", "struct", "list")
_NAME = re.compile(r"[a-z]\w*", re.ASCII)
_OWN_TYPES = ("F", "V")  # those of a distribution

Function = TypeVar("Function", bound=Callable[..., Any])


class Declared(NamedTuple):
    """A function that a module declares to be an operation."""

    module: str
    name: str
    fn: Callable[..., Any]
    signature: str
    doc: str
    version: int
    options: dict[str, Any]


# In the order in which they were declared. Modules stay imported, and so do these.
DECLARED: list[Declared] = []


def op(
    signature_text: str,
    *,
    name: str | None = None,
    version: int = 1,
    differentiable: bool = True,
    x64: bool = False,
) -> Callable[[Function], Function]:
    """Function decorator: makes a function of JAX arrays an operation of its package.

    Operands are given in order, everything else by name, as to the functions of `ops/`. What comes in and goes out is
    compared with the signature while a program is traced.

    Args:
      signature_text: parameters and result, as `registry/signature.py` writes them: of tensors, keys, sizes, shapes,
        axes, dtypes and static values.
      name: what it is called, if not by the function's own name.
      version: counted up when what it computes changes: programs that were recorded before are then refused.
      differentiable: for the doc comment only.
      x64: whether it computes in 64 bits inside.

    Raises SignatureError where the signature cannot be read, or the function does not take what it says.
    """
    if not isinstance(signature_text, str):
        raise SignatureError(f'a signature is text: @op("x: num A -> A"), got {signature_text!r:.50}')

    def declare(fn: Function) -> Function:
        own = fn.__name__ if name is None else name
        declare_function(
            fn.__module__,
            own,
            fn,
            signature_text,
            inspect.getdoc(fn) or "",
            version=version,
            differentiable=differentiable,
            x64=x64,
        )
        return fn

    return declare


def declare_function(
    module: str, name: str, fn: Callable[..., Any], text: str, doc: str, *, version: int, **options: Any
) -> None:
    """Declares it. Raises SignatureError."""
    if not _NAME.fullmatch(name):
        raise SignatureError(f"an operation's name is snake_case, got {name!r}")
    if type(version) is not int or version < 1:
        raise SignatureError(f"{name!r}: a version is a whole number from 1 on, got {version!r}")
    parsed = signature.parse(text)
    _check_kinds(name, parsed)
    _check_parameters(name, fn, parsed)
    if any((each.module, each.name) == (module, name) for each in DECLARED):
        raise SignatureError(f"{name!r} is declared twice in {module}")
    DECLARED.append(Declared(module, name, fn, text, doc, version, options))


def _check_kinds(name: str, parsed: Signature) -> None:
    """Raises SignatureError for what only the package's own operations have."""
    for parameter in parsed.parameters:
        if parameter.kind not in _KINDS or (parameter.rest and parameter.kind != "num"):
            raise SignatureError(f"{name!r}: a plugin takes no {parameter.kind}, as `{parameter.name}` is")
        if parameter.type in _OWN_TYPES:
            raise SignatureError(f"{name!r}: `{parameter.name}` is of {parameter.type}, of no distribution")
        parse_dims(parameter.dims)
    if parsed.options and parsed.positional and parsed.positional[-1].rest:
        rest = parsed.positional[-1].name
        raise SignatureError(
            f"{name!r}: nothing stands after '...{rest}': what is not optional stands before it"
        )
    _check_result(name, parsed.result, "its result")


def _check_result(name: str, result: Result, what: str) -> None:
    if result.kind not in _RESULTS or result.name is not None:
        raise SignatureError(f"{name!r}: a plugin gives no {result.name or result.kind}, as {what} is")
    if _mentions(result.type, _OWN_TYPES):
        raise SignatureError(f"{name!r}: {what} is of F or V, of no distribution")
    parse_dims(result.dims)
    for field, inner in result.fields:
        if inner.kind not in ("array", "key"):
            raise SignatureError(
                f"{name!r}: `{field}` of its result is a {inner.kind}, not a tensor or a key"
            )
        _check_result(name, inner, f"`{field}` of its result")


def _mentions(found: Any, names: tuple[str, ...]) -> bool:
    return any(_mentions(each, names) for each in found) if isinstance(found, tuple) else found in names


def _check_parameters(name: str, fn: Callable[..., Any], parsed: Signature) -> None:
    """Raises SignatureError where a function cannot be called as its signature says."""
    operands = [parameter for parameter in parsed.positional if parameter.is_operand]
    named = [parameter for parameter in parsed.parameters if parameter not in operands]
    for left_out in (False, True):
        given = [parameter.name for parameter in named if not (left_out and parameter.optional)]
        try:
            inspect.signature(fn).bind(*operands, **dict.fromkeys(given))
        except TypeError as error:
            shown = ", ".join([*(each.name for each in operands), *(f"{each}=…" for each in given)])
            raise SignatureError(f"{name!r} cannot be called as {name}({shown}): {error}") from None
