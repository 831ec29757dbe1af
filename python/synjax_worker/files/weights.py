"""Weights: in the file of the programs, in another one, or in several that an index names."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..dtypes import dtype_name
from .container import Container
from .refusals import wrong_file
from .schema import Type

PREFIX = "params."
_INDEX = ".index.json"  # the end of the name of a file that says in which file each tensor is
_LONGEST_INDEX = 100_000_000  # bytes

Given = str | os.PathLike | Mapping[str, Any]


def weights_of(given: Given, wanted: Mapping[str, Type]) -> dict[str, Any]:
    """The tensors that programs want, by their names.

    Args:
      given: a safetensors file, an index of several, or arrays by name. Names may leave out `params.`.

    Raises:
      InvalidArgument: one is missing, or of another dtype or shape; a file is cut or lies about its sizes.
    """
    if isinstance(given, Mapping):
        label: object = "arrays by name"
        found = dict(given)
    else:
        label = Path(given)
        found = _in_files(label)
    names = {name: name for name in wanted}
    if not set(names) <= set(found):
        names = {name: name.removeprefix(PREFIX) for name in wanted}
    weights = {}
    for name, own in names.items():
        if own not in found:
            held = ", ".join(list(found)[:8])
            raise wrong_file(label, f"a tensor `{own}`", f"{held}{' …' if len(found) > 8 else ''}", "weights")
        holder = found[own]
        entry = holder.entries[own] if isinstance(holder, Container) else None
        value = None if entry else holder if hasattr(holder, "dtype") else np.asarray(holder)
        came = (
            Type(entry.dtype, entry.shape)
            if entry
            else Type(dtype_name(value.dtype) or str(value.dtype), tuple(value.shape))
        )
        if came != wanted[name]:
            dtype, shape = wanted[name]
            raise wrong_file(
                label, f"`{own}` of {dtype}{list(shape)}", f"{came.dtype}{list(came.shape)}", "weights"
            )
        weights[name] = holder.array(own) if entry else value
    return weights


def _in_files(path: Path) -> dict[str, Container]:
    """Which file has each tensor."""
    if not path.name.endswith(_INDEX):
        container = Container(path, "weights")
        return dict.fromkeys(container.entries, container)
    try:
        if not path.is_file():
            raise wrong_file(path, "a file that can be read", "none", "weights")
        if path.stat().st_size > _LONGEST_INDEX:
            raise wrong_file(path, f"an index of {_LONGEST_INDEX} bytes at most", "a larger one", "weights")
        places = json.loads(path.read_bytes())["weight_map"]
        files = {
            name: Container(path.parent / _plain(path, name), "weights") for name in set(places.values())
        }
    except OSError as error:
        raise wrong_file(path, "a file that can be read", error.strerror or str(error), "weights") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if hasattr(error, "argument"):
            raise
        raise wrong_file(
            path, "an index of files, with a `weight_map`", type(error).__name__, "weights"
        ) from None
    for name, file in places.items():
        if name not in files[file].entries:
            raise wrong_file(files[file].path, f"a tensor `{name}`, as {path.name} says", "none", "weights")
    return {name: files[file] for name, file in places.items()}


def _plain(path: Path, name: Any) -> str:
    """The name of a file in the same directory."""
    if type(name) is not str or name in ("", ".", "..") or {"/", "\\", "\0"} & set(name):
        raise wrong_file(path, "names of files beside it", f"{name!r:.100}", "weights")
    return name


def beside(path: Path, name: str) -> Path:
    """The file of weights that a file of programs names: in its directory, or in one below.

    Raises InvalidArgument where it is elsewhere: a file may not say what else is read.
    """
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts or not name or "\\" in name or "\0" in name:
        raise wrong_file(path, "weights in its own directory", f"{name!r:.100}")
    return path.parent / relative
