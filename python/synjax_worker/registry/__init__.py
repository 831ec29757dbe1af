"""Every operation a program may use: its name, the function it is, its signature and its doc.

This is the source of truth for both languages. An array operation is one line in a module of `ops/`:

    op("np.sum", jnp.sum, "a: num A, { axis?: axis } -> sum(A)", "Equivalent to `jax.numpy.sum`.")

A distribution is a class marked `@distribution` in a module of `distributions/`, its methods marked
`@query(signature)`. `load()` finds both by importing every module of the two packages. `signature.py`
describes the language of the signatures. `synjax_worker.protocol` declares the wire. `python -m synjax_worker.registry`
prints all of it as JSON, from which the client's generated files are made.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib
import inspect
import json
import os
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from .. import protocol
from . import dtype_tables, introspection, signature
from .signature import Signature

VERSION = 1

MODULES = "SYNJAX_MODULES"  # the environment variable that names further modules of distributions

_ROOT = __name__.partition(".")[0]
_PACKAGES = ("ops", "distributions", "inference")
_QUERY = "__synjax_query__"


class Check(NamedTuple):
    """What is refused on the device: `argument` where `bad` is true. `value` has the shape of `bad`."""

    argument: str
    bad: Any
    value: Any
    expected: str


Checks = Callable[..., Sequence[Check]]


@dataclasses.dataclass(frozen=True)
class Op:
    """One operation. `fn` takes the operands in order, and everything else by name."""

    name: str
    fn: Callable[..., Any]
    signature: str
    doc: str
    differentiable: bool = True
    # A function of the same arguments, or "object": the checks() of the distribution that `fn` makes.
    checks: Checks | str | None = None
    # Computes in 64 bits inside: a program that uses it runs with x64 on.
    x64: bool = False
    # Has a fast computation that may be refused: see `numerics.guard`.
    certified: bool = False
    # `fn` takes the interpreter's frame first.
    needs_frame: bool = False
    # Of a plugin: its name, and the hash of the signature, by which programs name the operation too.
    plugin: str | None = None
    hash: str | None = None

    @functools.cached_property
    def parsed(self) -> Signature:
        return signature.parse(self.signature)

    @functools.cached_property
    def names(self) -> frozenset[str] | None:
        """The parameters that may be given by name. None for a constructor: the class says which it has."""
        if isinstance(self.fn, type):
            return None
        return frozenset(parameter.name for parameter in self.parsed.parameters)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "signature": self.signature,
            "doc": self.doc,
            "differentiable": self.differentiable,
            "checks": self.checks is not None,
            **self.parsed.to_json(),
        }


@dataclasses.dataclass(frozen=True)
class Registry:
    ops: dict[str, Op]
    document: dict[str, Any]

    @property
    def hash(self) -> str:
        return self.document["hash"]


Class = TypeVar("Class", bound=type)

_OPS: dict[str, Op] = {}
_DISTRIBUTIONS: dict[str, type] = {}


def op(name: str, fn: Callable[..., Any], signature_text: str, doc: str, **options: Any) -> Op:
    """Registers an operation. Where the caller names no dtype, `fn` gets the signature's default.

    Args:
      name: where it is found, e.g. `np.sum`: the Python spelling.
      fn: takes the signature's operands in order, and everything else by name.
      signature_text: see `signature.py`.
      doc: one or two sentences; they become the TypeScript doc comment.
      **options: the further fields of `Op`.
    """
    if name in _OPS:
        raise ValueError(f"op {name!r} is registered twice")
    parsed = signature.parse(signature_text)
    defaults = {
        p.name: p.default for p in parsed.options if p.kind == "dtype" and p.default in signature.DTYPES
    }
    made = Op(name, functools.partial(fn, **defaults) if defaults else fn, signature_text, doc, **options)
    _OPS[name] = made
    return made


def distribution(cls: Class) -> Class:
    """Class decorator: makes a distribution known under its own name, with a constructor that shows its parameters.

    Raises TypeError where a field of the class does not say what it is.
    """
    known = _DISTRIBUTIONS.get(cls.__name__, cls)
    if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise ValueError(f"two distributions are called {cls.__name__!r}")
    own = cls.__init__

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:
        own(self, *arguments, **named)

    signature = cls.declaration().signature
    self_parameter = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    __init__.__signature__ = signature.replace(parameters=[self_parameter, *signature.parameters.values()])
    cls.__init__ = __init__
    _DISTRIBUTIONS[cls.__name__] = cls
    return cls


def is_registered(value: Any) -> bool:
    """Whether a value is a class marked `@distribution`."""
    return isinstance(value, type) and _DISTRIBUTIONS.get(value.__name__) is value


class _Query(NamedTuple):
    signature: str
    options: dict[str, Any]


def query(signature_text: str, **options: Any) -> Callable[[Callable], Callable]:
    """Method decorator: makes a method a query, the op `<Class>.<method>`. The signature leaves `self` out.

    A subclass that overrides a query keeps its signature without a decorator of its own.
    """
    signature.parse(signature_text)

    def mark(method: Callable) -> Callable:
        setattr(method, _QUERY, _Query(signature_text, options))
        return method

    return mark


def queries(cls: type) -> list[Op]:
    """The queries of a class, its own and those it inherits, by name."""
    found = []
    for name in sorted(dir(cls)):
        marks = (getattr(vars(base).get(name), _QUERY, None) for base in cls.__mro__)
        mark = next((mark for mark in marks if mark), None)
        if mark:
            method = getattr(cls, name)
            doc = inspect.getdoc(method) or _inherited_doc(cls, name)
            op = Op(f"{cls.__name__}.{name}", method, mark.signature, doc, certified=True, **mark.options)
            found.append(op)
    return found


def operands_of_queries(cls: type) -> dict[str, set[str]]:
    """Of each query that a class has a method of its own for, the arguments that are values of the program."""
    static = ("size", "shape", "static")
    return {
        name: {each.name for each in (*of.positional, *of.options) if each.kind not in static}
        for name, of in ((found.name.rpartition(".")[2], found.parsed) for found in queries(cls))
        if name in vars(cls)
    }


def _inherited_doc(cls: type, name: str) -> str:
    docs = (inspect.getdoc(vars(base)[name]) for base in cls.__mro__ if name in vars(base))
    return next((doc for doc in docs if doc), "")


def describe(cls: type) -> dict[str, Any]:
    """A distribution class as the registry shows it."""
    doc, _ = introspection.split_doc(cls)
    described = [_describe_query(cls, found) for found in queries(cls)]
    return {
        "name": cls.__name__,
        "doc": doc,
        "params": introspection.parameters(cls),
        **cls.declaration().to_json(),
        "queries": described,
    }


def _describe_query(cls: type, found: Op) -> dict[str, Any]:
    """A query as the registry shows it. An inherited one has signature and doc of a base class."""
    name = found.name.partition(".")[2]
    doc, docs = introspection.split_text(found.doc)
    described = {**found.to_json(), "name": name, "doc": doc}
    for parameter in (*described["positional"], *described["options"]):
        if parameter["name"] in docs:
            parameter["doc"] = docs[parameter["name"]]
    own = vars(cls).get(name)
    described["inherited"] = own is None or not (hasattr(own, _QUERY) or own.__doc__)
    return described


def constructor(cls: type) -> Op:
    return Op(cls.__name__, cls, "-> dist", inspect.getdoc(cls) or "", checks="object")


@functools.cache
def load() -> Registry:
    """The registry of everything in `ops/` and `distributions/`.

    For tests and experiments the environment variable SYNJAX_MODULES names further modules, with commas between them:
    their distributions join. They are no part of the document, and so not of the hash: client and worker still meet.
    """
    for package in _PACKAGES:
        module = importlib.import_module(f"{_ROOT}.{package}")
        for found in pkgutil.iter_modules(module.__path__):
            importlib.import_module(f"{module.__name__}.{found.name}")
    made = build(_OPS.values(), [cls for cls in _DISTRIBUTIONS.values() if _is_ours(cls)])
    further = [name.strip() for name in os.environ.get(MODULES, "").split(",") if name.strip()]
    return Registry(made.ops | _ops_of(distributions_of(further)), made.document)


def _is_ours(cls: type) -> bool:
    return cls.__module__.startswith(f"{_ROOT}.")


def distributions_of(modules: Iterable[str]) -> list[type]:
    """The distributions that modules define, which are imported for it."""
    names = [importlib.import_module(name).__name__ for name in modules]
    return [cls for cls in _DISTRIBUTIONS.values() if cls.__module__ in names]


def _ops_of(distributions: Iterable[type]) -> dict[str, Op]:
    return {each.name: each for cls in distributions for each in (constructor(cls), *queries(cls))}


def build(ops: Iterable[Op], distributions: Iterable[type]) -> Registry:
    """A registry of the operations and classes given; the same in any order."""
    ops = sorted(ops, key=lambda each: each.name)
    distributions = sorted(distributions, key=lambda cls: cls.__name__)
    content = {
        "version": VERSION,
        "protocol": protocol.document(),
        "types": dtype_tables.tables(),
        "ops": [each.to_json() for each in ops],
        "distributions": [describe(cls) for cls in distributions],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:16]
    return Registry({each.name: each for each in ops} | _ops_of(distributions), {"hash": digest, **content})


def to_text(document: dict[str, Any]) -> str:
    """The document as JSON, one op, parameter table or dtype a line, so that a change is a line of a diff."""
    lines = []
    for name, value in document.items():
        if isinstance(value, list):
            items = [f"  {_line(item)}" for item in value]
            lines.append(
                f" {_line(name)}: [\n" + ",\n".join(items) + "\n ]" if items else f" {_line(name)}: []"
            )
        elif isinstance(value, dict):
            items = [f"  {_line(key)}: {_line(item)}" for key, item in value.items()]
            lines.append(f" {_line(name)}: {{\n" + ",\n".join(items) + "\n }")
        else:
            lines.append(f" {_line(name)}: {_line(value)}")
    return "{\n" + ",\n".join(lines) + "\n}"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
