"""With which of XLA's options programs are compiled.

On a CPU with the first level of LLVM's optimizations instead of the third. It compiles in two thirds of the time, and
what it makes of these programs is faster, not slower: of a loop over small arrays the third level unrolls what is never
repeated, and it takes apart exponentials that are selected afterwards.

What is asked eagerly, once, is compiled without XLA's newer emitter of fusions too. That takes a quarter off again;
divergences run up to one and a half times as long, most others as before. `benchmarks/compile.py` measures it.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import jax

from ..numerics.lapack import call_for_few_matrices

call_for_few_matrices()

_CPU = {"xla_backend_optimization_level": 1}
_EAGER = {"xla_cpu_use_fusion_emitters": False}


# Options that turned out to be unknown to this version of XLA.
_unknown: set[str] = set()


def compiled(lowered: jax.stages.Lowered, *, eager: bool) -> jax.stages.Compiled:
    """The executable of a program for the default device."""
    chosen = _chosen(eager)
    try:
        return lowered.compile(chosen)
    except jax.errors.JaxRuntimeError as error:
        unknown = [name for name in chosen if name in str(error)]
        if not unknown:
            raise
        _unknown.update(unknown)
    return compiled(lowered, eager=eager)


def options(*, eager: bool) -> dict[str, Any]:
    """The options for the default device, for `jax.jit`: tried on a program of nothing first."""
    compiled(_nothing(), eager=eager)
    return _chosen(eager)


def _chosen(eager: bool) -> dict[str, Any]:
    """What XLA_FLAGS names is the user's choice and stays it."""
    if jax.default_backend() != "cpu":
        return {}
    flags = os.environ.get("XLA_FLAGS", "")
    ours = _CPU | (_EAGER if eager else {})
    return {name: value for name, value in ours.items() if f"--{name}" not in flags and name not in _unknown}


@functools.cache
def _nothing() -> jax.stages.Lowered:
    return jax.jit(lambda: 0).lower()
