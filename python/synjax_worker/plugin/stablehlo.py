"""Programs that `jax.export` wrote, as functions with signatures.

What is in such a file is run: only who starts a process names one, never who sends it messages.
"""

from __future__ import annotations

import keyword
import logging
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.export

from ..errors import InvalidArgument, SynjaxError, unexpected
from ..protocol import NUMERIC_DTYPES, WIDE_DTYPES
from .declared import declare_function

log = logging.getLogger("synjax_worker")

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def exported(name: str, path: str | os.PathLike, *, doc: str | None = None, version: int = 1) -> None:
    """Declares a program that `jax.export` serialized to be an operation of the module that calls this.

    Its operands and results are the leaves of the arguments and of what it returns. Those of the first argument are
    `x0`, or `x0_w` for an item `w` of a dict; arguments by name have theirs. Several results are a struct, of the keys
    that a dict has or else `y0`, `y1`, ....

    Raises:
      InvalidArgument: the file cannot be read, or is not what `jax.export` writes.
      SynjaxError: SETUP_REQUIRED where the package flatbuffers is not installed.
    """
    declare_exported(sys._getframe(1).f_globals["__name__"], name, Path(path), doc=doc, version=version)


def declare_exported(module: str, name: str, path: Path, *, doc: str | None = None, version: int = 1) -> None:
    """The same for a module of that name."""
    found = _read(path)
    operands = _names(found.in_tree, "x")
    results = _names(found.out_tree, "y")
    for of, avals in (("takes", found.in_avals), ("gives", found.out_avals)):
        for aval in avals:
            if str(aval.dtype) not in NUMERIC_DTYPES:
                raise _wrong(path, "tensors of numbers", f"a program that {of} {aval.dtype}")
    takes = ", ".join(
        f"{each}: num {_type(aval)}" for each, aval in zip(operands, found.in_avals, strict=True)
    )
    types = [_type(aval) for aval in found.out_avals]
    fields = ", ".join(f"{each}: {type_}" for each, type_ in zip(results, types, strict=True))
    is_one = len(types) == 1 and jax.tree_util.treedef_is_leaf(found.out_tree)
    declare_function(
        module,
        name,
        _function(found, operands, None if is_one else results),
        f"{takes} -> {types[0] if is_one else f'{{ {fields} }}'}",
        doc or f"The program `{found.fun_name}` that jax.export wrote. No vmap{_without(found)}.",
        version=version,
        differentiable=found.has_vjp(),
        x64=any(str(aval.dtype) in WIDE_DTYPES for aval in (*found.in_avals, *found.out_avals)),
    )


def _read(path: Path) -> jax.export.Exported:
    try:
        content = bytearray(path.read_bytes())
    except OSError as error:
        raise _wrong(path, "a file that can be read", error.strerror or str(error)) from None
    try:
        found = jax.export.deserialize(content)
    except ImportError as error:
        raise SynjaxError(
            "SETUP_REQUIRED",
            f"files of jax.export need flatbuffers: {sys.executable} -m pip install flatbuffers",
        ) from error
    except Exception as error:  # whatever flatbuffers says of other bytes
        raise _wrong(
            path, "a file that jax.export wrote", f"{type(error).__name__}: {error}"[:200]
        ) from error
    backend = jax.default_backend()
    known = {"gpu": ("cuda", "rocm")}.get(backend, (backend,))
    if not set(known) & set(found.platforms):
        raise _wrong(path, f"a program for {' or '.join(known)}", f"one for {', '.join(found.platforms)}")
    if found.nr_devices != 1:
        raise _wrong(path, "a program for one device", f"one for {found.nr_devices}")
    # Bytes that were changed may end the process where they are read: then it is at the start
    log.info("reading the program of %s", path)
    try:
        found.mlir_module()
    except Exception as error:
        raise _wrong(path, "a program of StableHLO", f"{type(error).__name__}: {error}"[:200]) from error
    return found


def _function(
    found: jax.export.Exported, operands: Sequence[str], results: Sequence[str] | None
) -> Callable[..., Any]:
    def call(*leaves: jax.Array) -> Any:
        args, named = jax.tree.unflatten(found.in_tree, leaves)
        given = jax.tree.leaves(found.call(*args, **named))
        return given[0] if results is None else dict(zip(results, given, strict=True))

    call.__name__ = found.fun_name
    return call


def _names(tree: Any, letter: str) -> list[str]:
    """A name for each leaf: its keys, or letter and place where it has none. Raises nothing: odd keys become places."""
    whole = jax.tree.unflatten(tree, range(tree.num_leaves))
    paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(whole)[0]]
    if letter == "x":
        # A tree of arguments is (arguments, arguments by name)
        found = [_name(path[1:], letter if path[0].idx == 0 else "") for path in paths]
    else:
        found = [_name(path, letter if path and not _is_text(path[0]) else "") for path in paths]
    is_odd = len(set(found)) < len(found) or not all(map(_is_name, found))
    return [f"{letter}{place}" for place in range(len(found))] if is_odd else found


def _is_text(key: Any) -> bool:
    return isinstance(getattr(key, "key", getattr(key, "name", None)), str)


def _name(path: Sequence[Any], letter: str) -> str:
    keys = [str(getattr(key, "key", getattr(key, "idx", getattr(key, "name", "")))) for key in path]
    return letter + "_".join(keys)


def _is_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and name[0].islower() and not keyword.iskeyword(name)


def _type(aval: Any) -> str:
    """A dtype and its dims. One whose size is computed from others is left to JAX."""
    dims = [str(dim) for dim in aval.shape]
    is_simple = all(dim.isdecimal() or _NAME.fullmatch(dim) for dim in dims)
    return f"{aval.dtype}[{' '.join(dims)}]" if is_simple else str(aval.dtype)


def _without(found: jax.export.Exported) -> str:
    return "" if found.has_vjp() else ", and no gradient: it was exported without"


def _wrong(path: Path, expected: str, received: str) -> InvalidArgument:
    return unexpected("plugins", expected, received, where=f"`plugins`: {path}")
