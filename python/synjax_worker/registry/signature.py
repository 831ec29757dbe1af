"""The language in which an op's parameters and result are written, and its only parser.

    signature := [parameter, ...] [{ parameter, ... }] -> result
    parameter := name[?]: kind | ...name: num T      the rest of the arguments, last of the positional ones
    kind      := num [T][dims]      a tensor; T is a variable A B C, a dtype, Float Int Bool, or F
               | nums [T]           a list of tensors
               | any | key          a tensor of any kind, a PRNG key
               | dist [type]        of a query: a distribution of the same class; of another op: one of NumPyro's,
                                    whose values have that dtype, or V. dists is one, or a list of those
               | transforms         a list of NumPyro's transforms
               | event | compact    the tree of tensors that the class declares
               | struct <Name>      what a query of the class answers under that name
               | schedule           a number or a schedule of optax's; schedules is a list of those
               | transformation     an optimizer of optax's
               | mask               a tree of booleans like that of the parameters, as a tuple
               | size | shape | axis | dtype D [= default] | static <TypeScript type>
    result    := type[dims] | key | dist | transform | event | compact | parameter[dims] | [Name] { name: result, ... }
               | dist type             a distribution of NumPyro's whose values have that dtype
               | transformation | schedule
               | type per name         a list of arrays: as many as `name` has items, or as many parts as it asks for
    type      := A | F | D | V | float32 ... | promote(type, type) | number(type) | float(type) | sum(type) | real(type)

A field that is a `parameter` is what the class's parameter of that name is: an array or a distribution. What stands
between braces is given by name. A tensor, a key or a distribution is an operand: traced, and a number in its place is
traced too. Everything else is static. `F` is the distribution's own float dtype, `V` the dtype of the values of the
distribution that is given.
`[*batch n t]` names dims. The name of a struct is that of its type in TypeScript.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from ..protocol import NUMERIC_DTYPES

DTYPES = NUMERIC_DTYPES
VARIABLES = ("A", "B", "C")
CLASSES = ("Float", "Int", "Bool")
OPERAND_KINDS = (
    *("num", "nums", "any", "key", "dist", "event", "compact", "struct"),
    *("schedule", "schedules", "transformation", "dists", "transforms"),
)
STATIC_KINDS = ("size", "shape", "axis", "dtype", "mask", "static")
TYPE_FUNCTIONS = {"promote": 2, "number": 1, "float": 1, "sum": 1, "real": 1}

_PARAMETER = re.compile(
    r"(?P<rest>\.\.\.)?(?P<name>[a-z]\w*)(?P<optional>\?)?\s*:\s*(?P<kind>\w+)\s*(?P<of>.*)", re.DOTALL
)

_STRUCT_NAME = re.compile(r"[A-Z]\w*")

# A name, or a function of types: ("promote", "A", "B").
Type = Any


class SignatureError(ValueError):
    """A signature that cannot be read."""


@dataclasses.dataclass(frozen=True)
class Parameter:
    name: str
    kind: str
    optional: bool = False
    rest: bool = False
    # Of num: a variable, a class or a dtype; of static: TypeScript; of dtype: its variable; of struct: its name.
    type: str | None = None
    dims: str | None = None
    default: str | None = None  # of dtype

    @property
    def is_operand(self) -> bool:
        return self.kind in OPERAND_KINDS

    def to_json(self) -> dict[str, Any]:
        fields = dataclasses.asdict(self)
        return {name: value for name, value in fields.items() if value is not None and value is not False}


@dataclasses.dataclass(frozen=True)
class Result:
    kind: str  # "array" | "struct" | "list" | "parameter", or what it is called in a signature
    type: Type = None
    dims: str | None = None
    per: str | None = None  # of a list: the parameter that says how many
    name: str | None = None  # of a struct
    fields: tuple[tuple[str, Result], ...] = ()

    def to_json(self) -> dict[str, Any]:
        if self.kind == "struct":
            fields = [{"name": name, "result": result.to_json()} for name, result in self.fields]
            return {"kind": "struct", **({"name": self.name} if self.name else {}), "fields": fields}
        fields = {"kind": self.kind, "type": self.type, "dims": self.dims, "per": self.per}
        return {name: value for name, value in fields.items() if value is not None}


@dataclasses.dataclass(frozen=True)
class Signature:
    positional: tuple[Parameter, ...]
    options: tuple[Parameter, ...]
    result: Result

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return self.positional + self.options

    def to_json(self) -> dict[str, Any]:
        return {
            "positional": [parameter.to_json() for parameter in self.positional],
            "options": [parameter.to_json() for parameter in self.options],
            "result": self.result.to_json(),
        }


def parse(text: str) -> Signature:
    """The signature that `text` writes. Raises SignatureError saying what is wrong and where."""
    try:
        return _parse(text)
    except SignatureError as error:
        raise SignatureError(f"{error} in {text!r}") from None


def _parse(text: str) -> Signature:
    parameters, arrow, result = text.rpartition("->")
    if not arrow:
        raise SignatureError("no result: '->' is missing")
    positional, options = [], []
    for part in _split(parameters):
        if options:
            raise SignatureError(f"{part!r} after the options")
        if part.startswith("{"):
            options = [_parameter(option) for option in _split(_inside(part, "{}"))]
            continue
        parameter = _parameter(part)
        if parameter.optional:
            raise SignatureError(f"{parameter.name!r} is optional, so it must stand between braces")
        if positional and positional[-1].rest:
            raise SignatureError(f"{parameter.name!r} after '...{positional[-1].name}'")
        positional.append(parameter)
    signature = Signature(tuple(positional), tuple(options), _result(result.strip()))
    _check_names(signature)
    return signature


def _parameter(text: str) -> Parameter:
    match = _PARAMETER.fullmatch(text)
    if not match:
        raise SignatureError(f"{text!r} is not 'name: kind'")
    name, kind, of = match["name"], match["kind"], match["of"].strip()
    parameter = Parameter(name, kind, optional=bool(match["optional"]), rest=bool(match["rest"]))
    if parameter.rest and kind not in ("num", "transformation"):
        raise SignatureError(f"'...{name}' must be num")
    if kind in ("num", "nums"):
        type_name, dims = _type_and_dims(of)
        if type_name and type_name not in (*VARIABLES, *CLASSES, "F", *DTYPES):
            raise SignatureError(f"{name!r} has no known type {type_name!r}")
        return dataclasses.replace(parameter, type=type_name or None, dims=dims)
    if kind == "dist" and of:
        if of not in DTYPES:
            raise SignatureError(f"{name!r} is a distribution of no known type {of!r}")
        return dataclasses.replace(parameter, type=of)
    if kind == "static":
        if not of:
            raise SignatureError(f"{name!r} is static, of which TypeScript type?")
        return dataclasses.replace(parameter, type=of)
    if kind == "struct":
        if not _STRUCT_NAME.fullmatch(of):
            raise SignatureError(f"{name!r} is a struct, of which name?")
        return dataclasses.replace(parameter, type=of)
    if kind == "dtype":
        variable, _, default = (part.strip() for part in of.partition("="))
        if variable != "D" or (default and default not in (*DTYPES, *VARIABLES)):
            raise SignatureError(f"{name!r}: a dtype is 'dtype D' or 'dtype D = <dtype or variable>'")
        if parameter.optional != bool(default):
            raise SignatureError(f"{name!r}: an optional dtype has a default, another has none")
        return dataclasses.replace(parameter, type=variable, default=default or None)
    if kind not in (*OPERAND_KINDS, *STATIC_KINDS) or of:
        raise SignatureError(f"{name!r} has no known kind {(kind + ' ' + of).strip()!r}")
    return parameter


def _result(text: str) -> Result:
    name, brace, fields_text = text.partition("{")
    if brace and (not name.strip() or _STRUCT_NAME.fullmatch(name.strip())):
        fields, struct = [], name.strip() or None
        for part in _split(_inside(brace + fields_text, "{}")):
            name, colon, result = (piece.strip() for piece in part.partition(":"))
            if not colon or not re.fullmatch(r"[a-z]\w*", name):
                raise SignatureError(f"{part!r} is not 'name: result'")
            fields.append((name, _result(result)))
        return Result("struct", name=struct, fields=tuple(fields))
    if of_dtype := re.fullmatch(r"dist (\w+)", text):
        return Result("dist", _type(of_dtype[1]))
    if text in ("key", "dist", "transform", "event", "compact", "transformation", "schedule"):
        return Result(text)
    if listed := re.fullmatch(r"(.*\S) per (\w+)", text, re.S):
        return Result("list", _type(listed[1]), per=listed[2])
    type_text, dims = _type_and_dims(text)
    if type_text == "parameter":
        return Result("parameter", dims=dims)
    return Result("array", _type(type_text), dims)


def _type(text: str) -> Type:
    match = re.fullmatch(r"(\w+)\((.*)\)", text.strip(), re.S)
    if not match:
        if text.strip() not in (*VARIABLES, "F", "D", "V", *DTYPES):
            raise SignatureError(f"no known result type {text.strip()!r}")
        return text.strip()
    name, arguments = match[1], _split(match[2])
    if TYPE_FUNCTIONS.get(name) != len(arguments):
        raise SignatureError(f"no type function {name!r} of {len(arguments)} arguments")
    return (name, *(_type(argument) for argument in arguments))


def _type_and_dims(text: str) -> tuple[str, str | None]:
    match = re.fullmatch(r"([^\[\]]*?)\s*(?:\[([^\[\]]*)\])?", text)
    if not match:
        raise SignatureError(f"{text!r} is not 'type[dims]'")
    return match[1], match[2]


def _check_names(signature: Signature) -> None:
    names = [parameter.name for parameter in signature.parameters]
    for name in names:
        if names.count(name) > 1:
            raise SignatureError(f"two parameters are called {name!r}")
    if signature.result.per is not None and signature.result.per not in names:
        raise SignatureError(f"no parameter is called {signature.result.per!r}")
    declared = {parameter.type for parameter in signature.parameters}
    used = [*_variables(signature.result), *(p.default for p in signature.parameters if p.default)]
    for variable in used:
        if variable in (*VARIABLES, "D") and variable not in declared:
            raise SignatureError(f"no parameter has the type {variable!r}")


def _variables(result: Result | Type) -> Iterator[str]:
    if isinstance(result, Result):
        yield from _variables(result.type)
        for _, field in result.fields:
            yield from _variables(field)
    elif isinstance(result, tuple):
        for argument in result[1:]:
            yield from _variables(argument)
    elif result is not None:
        yield result


def _inside(text: str, brackets: str) -> str:
    if not text.endswith(brackets[1]):
        raise SignatureError(f"{text!r} lacks its {brackets[1]!r}")
    return text[1:-1]


def _split(text: str) -> list[str]:
    """The parts between the commas that stand outside brackets and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for i, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in "([{<":
            depth += 1
        elif character in ")]}" or (character == ">" and text[i - 1] != "="):
            depth -= 1
            if depth < 0:
                raise SignatureError(f"{character!r} closes nothing")
        elif character == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    if depth or quoted:
        raise SignatureError("a bracket or a quote is left open")
    parts.append(text[start:].strip())
    parts = parts if parts != [""] else []
    if "" in parts:
        raise SignatureError("a parameter is missing between two commas")
    return parts
