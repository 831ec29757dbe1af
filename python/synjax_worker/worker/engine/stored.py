"""Executables that workers of one user leave to those that follow.

JAX has such a cache too, but it knows a program by what tracing and lowering make of it, which takes several times as
long as reading an executable. Here a program is known by what was sent, and by all else that its executable depends on.
"""

from __future__ import annotations

import contextlib
import copyreg
import functools
import hashlib
import logging
import os
import pickle
import platform
import tempfile
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax._src.random import prng  # there is no public way to what a key's dtype holds
from jax.experimental import serialize_executable
from jaxlib import lapack

from ...limits import Limits

_PACKAGE = Path(__file__).parents[2]
_log = logging.getLogger("synjax_worker")


def _kind_of_key(name: str) -> prng.PRNGImpl:
    return prng.prngs[name]


# A kind of key is read as the object that JAX knows: some of its functions, `random.poisson` for one, ask for that very
# object, and what has the same fields takes its place in JAX's caches.
copyreg.pickle(prng.PRNGImpl, lambda kind: (_kind_of_key, (kind.name,)))


class Stored:
    """Executables in a directory that nobody else can write: what is read from it is run."""

    def __init__(self, directory: Path, limits: Limits):
        self._directory = directory
        self._limits = limits

    def load(self, key: Hashable) -> tuple[jax.stages.Compiled, dict[str, Any]] | None:
        """An executable and what was said of it, if it is there and can be read."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        try:
            payload, skeletons, about = pickle.loads(content)
            if b"lapack_" in payload:
                _find_lapack()
            trees = map(jax.tree.structure, skeletons)
            compiled = serialize_executable.deserialize_and_load(payload, *trees)
        except Exception as error:  # whatever is wrong with it, it can be compiled
            _log.warning("a compiled program could not be read", extra={"why": str(error)[:200]})
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # the oldest are forgotten
        return compiled, about

    def save(self, key: Hashable, compiled: jax.stages.Compiled, about: dict[str, Any]) -> None:
        """Keeps an executable that has just been compiled, and `about` it. What cannot be kept is compiled anew."""
        # What JAX has read from its own cache cannot be written again.
        if jax.config.jax_compilation_cache_dir is not None:
            return
        try:
            payload, *trees = serialize_executable.serialize(compiled)
            if not all(map(_has_one_order, trees)):
                return
            # The structure of arguments and results cannot be pickled where there are distributions, but these can.
            skeletons = [tree.unflatten([0] * tree.num_leaves) for tree in trees]
            self._write(self._path(key), pickle.dumps((payload, skeletons, about)))
        except Exception as error:
            _log.info("a compiled program is not kept", extra={"why": str(error)[:200]})

    def _write(self, path: Path, content: bytes) -> None:
        """At once, because others may read it."""
        descriptor, name = tempfile.mkstemp(dir=self._directory)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
            os.replace(name, path)
        except OSError:
            os.unlink(name)
            raise

    def _path(self, key: Hashable) -> Path:
        known_by = repr((key, self._limits, _surroundings()))
        return self._directory / f"{hashlib.sha256(known_by.encode()).hexdigest()}.executable"


def is_known_by_words(structure: Any) -> bool:
    """Whether what the structure of an object shows of itself is all that there is: of our own classes it is."""
    found = structure.node_data()
    kind = None if found is None else found[0]
    known = kind in (None, type(None), tuple, list, dict) or kind.__module__.startswith(f"{_PACKAGE.name}.")
    return known and all(map(is_known_by_words, structure.children()))


def _has_one_order(structure: Any) -> bool:
    """Whether the leaves are in the same order in every process. Those of NumPyro's distributions are not: their fields
    are ordered by the hashes of their names.
    """
    found = structure.node_data()
    return not (found and found[0].__module__.startswith("numpyro.distributions")) and all(
        map(_has_one_order, structure.children())
    )


@functools.cache
def _find_lapack() -> None:
    """An executable that calls LAPACK ends the process where nothing has told jaxlib where its functions are, which
    lowering a program does. It imports a part of SciPy, so that only those wait for it that need it.
    """
    lapack.prepare_lapack_call("getrf", np.float32)


@functools.cache
def _surroundings() -> tuple[Hashable, ...]:
    """What executables depend on besides their programs: versions, our own source, the machine, options."""
    device = jax.devices()[0]
    sources = sorted(_PACKAGE.rglob("*.py"))
    return (
        jax.__version__,
        jax.lib.__version__,
        tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in sources),
        (device.client.platform, device.client.platform_version, device.device_kind, device.id),
        len(jax.devices()),
        _processor(),
        tuple(
            sorted((name, value) for name, value in os.environ.items() if name.startswith(("JAX_", "XLA_")))
        ),
    )


def _processor() -> str:
    """What the processor can do: code for another one may not run."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return f"{platform.machine()} {platform.processor()}"
