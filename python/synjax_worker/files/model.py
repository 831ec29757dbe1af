"""Loading a file of programs: every size and hash is checked first, and nothing in it is code."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from ..dtypes import dtype_name
from ..limits import Limits
from ..protocol import WIDE_DTYPES
from ..registry import Op
from ..registry import load as load_registry
from ..runtime.program import Program
from . import stored as stored_file
from .container import Container
from .function import StoredFunction
from .schema import Schema
from .weights import Given, beside, weights_of


class Model:
    """The functions of a file, by name, and what it says of them.

    Attributes:
      functions: callables on arrays.
      schema: their arguments, results and weights.
      weights: arrays by their names, read-only views of the file; they are put on the device at the first call.
      metadata: what the one who saved it wrote.
      registry: the hash of the operations of the version that wrote it.
    """

    def __init__(
        self,
        stored: stored_file.Stored,
        programs: Sequence[Program],
        held: Mapping[str, Any],
        ops: dict[str, Op],
        limits: Limits,
    ):
        self.schema: Schema = stored.schema
        self.metadata = dict(stored.metadata)
        self.registry = stored.registry
        self.weights = {name: held[name] for name in stored.schema.weights}
        self._held = held
        self._device: dict[str, Any] = {}
        self._lock = threading.Lock()
        dtypes = {name: of.dtype for name, of in {**self.schema.weights, **self.schema.constants}.items()}
        self.functions: dict[str, StoredFunction] = {
            name: StoredFunction(of, programs[of.program], ops, limits, self._on_device, dtypes)
            for name, of in stored.schema.functions.items()
        }

    def __repr__(self) -> str:
        return f"<Model of {', '.join(self.functions)}>"

    def _on_device(self, name: str) -> Any:
        found = self._device.get(name)
        if found is None:
            with self._lock, jax.ensure_compile_time_eval():
                found = self._device.get(name)
                if found is None:
                    value = self._held[name]
                    with jax.enable_x64(dtype_name(value.dtype) in WIDE_DTYPES):
                        found = self._device[name] = jax.device_put(value)
        return found


def load(path: str | os.PathLike, weights: Given | None = None, plugins: Sequence[str] = ()) -> Model:
    """The functions of a `.synjax` file, as callables on arrays: `load("tagger.synjax").functions["tag"](emission)`.

    Args:
      weights: another file's weights instead of its own: safetensors, or `….safetensors.index.json` of several; or
        arrays by name. Of the same names (those of a file may leave out `params.`), dtypes and shapes.
      plugins: packages whose operations its programs use, by their names or paths.

    Raises:
      InvalidArgument: the file is cut, was changed, is of a newer format, or contradicts itself; weights are missing,
        or of another dtype or shape; a plugin cannot be imported.
      SynjaxError: UNKNOWN_OP with the names of operations that neither this version nor the plugins have; BAD_PROGRAM,
        LIMIT_*.
    """
    container = Container(Path(path))
    stored = stored_file.read(container)
    ops, limits = load_registry().ops, Limits()
    if plugins:
        from ..plugin.loading import load_plugins, ops_of

        ops = ops | ops_of(load_plugins(plugins, ops))
    programs = stored_file.decoded(stored, ops, limits)
    schema = stored.schema
    own = [*schema.constants]
    if weights is None and schema.weights_file is None:
        own += [name for name in schema.weights if name not in schema.constants]
        held = {}
    else:
        named = beside(container.path, schema.weights_file) if weights is None else weights
        held = weights_of(named, schema.weights)
    stored_file.check_tensors(stored, own)
    held |= {name: container.array(name) for name in own}
    return Model(stored, programs, held, ops, limits)
