"""How a class of distributions declares itself: its parameters, the trees of its events, and what bounds what.

    @distribution
    class LinearChainCRF(Distribution):
        event = "n t t"
        compact = Indices("n", name="states", below="t")
        forms = (("log_potentials",), ("initial", "transition", "emission"))

        log_potentials: Float[Array, "*batch n t t"] | None = potential()
        lengths: Int[Array, "*batch"] | None = length("n")

A declaration is read once per class. The base class derives the constructor from it, the binding of named dims, the
checks and the indexing; the registry prints it, and the TypeScript class is made from that.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..registry import introspection
from ..shapes import names_of, size_of

_ROLE = "synjax"


class Indices(NamedTuple):
    """One leaf of a compact event: int32 by named dims, -1 where there is nothing."""

    dims: str
    name: str = "compact"  # what `encode` calls its argument, and error messages
    below: str | None = None  # the named dim that every index is smaller than


class Role(NamedTuple):
    """What a parameter is to its distribution."""

    kind: str  # "potential" | "length" | "data" | "option"
    bounds: str | None = None  # of a length: the named dim whose extent it cuts
    least: int = 0  # of a length: the smallest that has a structure
    below: str | None = None  # of data: the named dim that every value is smaller than
    keyword: bool = False  # given by name only
    required: bool = False  # of an option: whether it has no default

    def to_json(self) -> dict[str, Any]:
        fields = {"kind": self.kind, "bounds": self.bounds, "least": self.least, "below": self.below}
        return {name: value for name, value in fields.items() if value not in (None, 0)}


def _field(role: Role, **options: Any) -> Any:
    return dataclasses.field(metadata={_ROLE: role}, **({"default": None} | options))


def potential(keyword: bool = False) -> Any:
    """Log-potentials: float32 or float64, NaN and +inf refused. What a temperature divides and noise is added to."""
    return _field(Role("potential", keyword=keyword))


def length(bounds: str, least: int = 0, keyword: bool = False) -> Any:
    """How far each item goes along the named dim `bounds`: `least` to its extent, all of it where left out."""
    return _field(Role("length", bounds=bounds, least=least, keyword=keyword))


def data(below: str | None = None, keyword: bool = False) -> Any:
    """What is observed. Whole numbers may be bounded by a named dim: 0 to it less one."""
    return _field(Role("data", below=below, keyword=keyword))


_REQUIRED = object()


def option(default: Any = _REQUIRED, keyword: bool = True) -> Any:
    """A plain Python value: part of the program, not an input of it. Without a default it has to be given."""
    required = default is _REQUIRED
    return _field(Role("option", keyword=keyword, required=required), default=None if required else default)


def is_static(field: dataclasses.Field) -> bool:
    """Whether a field is part of a program and not an input of it."""
    return _ROLE in field.metadata and field.metadata[_ROLE].kind == "option"


@dataclasses.dataclass(frozen=True)
class Parameter:
    name: str
    role: Role
    optional: bool
    default: Any
    dims: str | None  # of a single array
    kind: str  # "float" | "int" | "bool" | "num" | "dist" | "static", or "any" where there are alternatives
    many: bool  # a sequence of arrays

    @property
    def own(self) -> list[str]:
        """The named dims without the batch."""
        return [dim for dim in (self.dims or "").split() if not dim.startswith("*")]


@dataclasses.dataclass(frozen=True)
class Declaration:
    """What a class says of itself."""

    parameters: tuple[Parameter, ...]
    forms: tuple[tuple[str, ...], ...]  # the sets of parameters of which exactly one is given, whole
    event: Any  # named dims, or a dict of them
    compact: Any  # Indices, or a dict of them
    comparable: tuple[str, ...]  # names of other classes that it may be compared with

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    def of_kind(self, kind: str) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if parameter.role.kind == kind)

    @functools.cached_property
    def potentials(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.of_kind("potential"))

    @functools.cached_property
    def lengths(self) -> tuple[Parameter, ...]:
        return self.of_kind("length")

    @functools.cached_property
    def arrays(self) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if parameter.role.kind != "option")

    @functools.cached_property
    def binding(self) -> tuple[str, ...]:
        """In which order arguments say what a named dim is: the last parameters first, since emissions and data come
        after what they are checked against; lengths follow what they measure.
        """
        measured = [parameter.name for parameter in reversed(self.arrays) if parameter.role.kind != "length"]
        return (*measured, *(parameter.name for parameter in self.lengths))

    def to_json(self) -> dict[str, Any]:
        """What the registry says beside the parameters' types and docs: events, forms, binding order and roles."""
        roles = {each.name: each.role.to_json() for each in self.parameters}
        return {
            "event": to_json(self.event),
            "compact": to_json(self.compact),
            "forms": [list(form) for form in self.forms],
            "binding": list(self.binding),
            "roles": roles,
            **({"comparable": list(self.comparable)} if self.comparable else {}),
        }

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
        ordered = sorted(self.parameters, key=lambda parameter: parameter.role.keyword)
        return inspect.Signature(
            [
                inspect.Parameter(
                    parameter.name,
                    kinds[parameter.role.keyword],
                    default=parameter.default if parameter.optional else inspect.Parameter.empty,
                )
                for parameter in ordered
            ]
        )


@functools.cache
def declaration(cls: type) -> Declaration:
    """The declaration of a class. Raises TypeError where a field of it does not say what it is."""
    hints = typing.get_type_hints(cls)
    found = []
    for field in dataclasses.fields(cls):
        role = field.metadata.get(_ROLE)
        if role is None:
            raise TypeError(
                f"{cls.__name__}.{field.name}: declare it by potential(), length(), data() or option()"
            )
        kinds = introspection.alternatives(hints[field.name], f"{cls.__name__}.{field.name}")
        single = kinds[0] if len(kinds) == 1 else {}
        found.append(
            Parameter(
                field.name,
                role,
                optional=(role.kind in ("length", "option") and not role.required)
                or introspection.is_optional(hints[field.name]),
                default=field.default,
                dims=single.get("dims"),
                kind=single.get("kind", "any"),
                many=bool(single.get("many")),
            )
        )
    return Declaration(tuple(found), tuple(map(tuple, cls.forms)), cls.event, cls.compact, cls.comparable)


# ----------------------------------------------------------------------------------------------------- trees of dims


def map_dims(function: Any, tree: Any, *rest: Any) -> Any:
    """`function(path, leaf, ...)` of every leaf of a declared tree; `path` is "" or ".name"."""
    if isinstance(tree, Mapping):
        return {
            name: function(f".{name}", leaf, *(each[name] for each in rest)) for name, leaf in tree.items()
        }
    return function("", tree, *rest)


def dims_of(leaf: str | Indices) -> list[str]:
    return (leaf if isinstance(leaf, str) else leaf.dims).split()


def shape_of(leaf: str | Indices, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(size_of(dim, sizes) for dim in dims_of(leaf))


def event_dims(event: Any) -> list[str]:
    """The named dims of an event, each once."""
    leaves = event.values() if isinstance(event, Mapping) else [event]
    return list(dict.fromkeys(name for leaf in leaves for dim in dims_of(leaf) for name in names_of(dim)))


def to_json(tree: Any) -> Any:
    """A declared tree as the registry shows it."""

    def leaf_to_json(_path: str, leaf: str | Indices) -> dict[str, Any]:
        if isinstance(leaf, str):
            return {"dims": leaf}
        fields = {"dims": leaf.dims, "name": leaf.name, "below": leaf.below}
        return {name: value for name, value in fields.items() if value is not None}

    return map_dims(leaf_to_json, tree)
