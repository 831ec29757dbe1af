"""The arguments of a distribution, taken as arrays of their kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InvalidArgument, wrong_value
from ..shapes import as_float, as_int
from .declared import Declaration, Parameter


def taken(parameter: Parameter, value: Any) -> Any:
    """An argument as an array of its kind."""
    if isinstance(parameter.default, bool):
        return as_flag(parameter.name, value)
    if value is None or parameter.role.kind == "option" or parameter.kind in ("any", "dist"):
        return value
    convert = {"float": as_float, "int": as_int}.get(parameter.kind, lambda _, x: jnp.asarray(x))
    if not parameter.many:
        return convert(parameter.name, value)
    if not isinstance(value, list | tuple):
        raise InvalidArgument(
            f"`{parameter.name}` is {type(value).__name__}, expected a list of arrays.",
            argument=parameter.name,
            expected="a list of arrays",
            received=type(value).__name__,
        )
    return tuple(convert(f"{parameter.name}[{i}]", each) for i, each in enumerate(value))


def as_flag(name: str, value: Any) -> bool:
    """A static choice of two."""
    if not isinstance(value, bool | np.bool_):
        raise wrong_value(name, value, "a boolean")
    return bool(value)


def is_array(value: Any) -> bool:
    """Whether a parameter is an array or a list of them, and no distribution."""
    return value is not None and all(
        isinstance(x, jax.Array) for x in (value if isinstance(value, tuple) else [value])
    )


def same_dtype_of_all(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays and lists of arrays, in the widest of their dtypes."""
    arrays = {name: value for name, value in given.items() if is_array(value)}
    dtype = jnp.result_type(*jax.tree.leaves(arrays))
    return jax.tree.map(lambda x: x.astype(dtype), arrays)


def require_given(declared: Declaration, given: Mapping[str, Any]) -> None:
    """What may not be left out may not be None."""
    for parameter in declared:
        if given[parameter.name] is None and not parameter.optional:
            raise InvalidArgument(f"`{parameter.name}` is missing.", argument=parameter.name, received="None")


def require_one_form(declared: Declaration, given: Mapping[str, Any]) -> None:
    """Exactly one of the forms is given, whole. A name with "?" may be left out of its form."""
    if not declared.forms:
        return
    expected = f"either {', or '.join(_spelled(form) for form in declared.forms)}"
    names = [tuple(name.removesuffix("?") for name in form) for form in declared.forms]
    present = [i for i, form in enumerate(names) if any(given[name] is not None for name in form)]
    chosen = next((i for i in present if not _missing(declared.forms[i], given)), None)
    if chosen is None:
        name = _missing(declared.forms[present[0] if present else -1], given)[0]
        raise InvalidArgument(f"`{name}` is missing: expected {expected}.", argument=name, expected=expected)
    beside = [
        name for i in present for name in names[i] if given[name] is not None and name not in names[chosen]
    ]
    if beside:
        raise InvalidArgument(
            f"`{beside[0]}` is given beside {_spelled(names[chosen])}: expected {expected}.",
            argument=beside[0],
            expected=expected,
        )


def _missing(form: tuple[str, ...], given: Mapping[str, Any]) -> list[str]:
    return [name for name in form if not name.endswith("?") and given[name] is None]


def _spelled(names: tuple[str, ...]) -> str:
    quoted = [f"`{name}`" for name in names if not name.endswith("?")]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
