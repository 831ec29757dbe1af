"""Most of what the tests take is compiling, and most of compiling is making code fast."""

from __future__ import annotations

import functools

import jax

# For what is right or wrong however it is compiled.
UNOPTIMIZED = {"xla_backend_optimization_level": 0}
quick_jit = functools.partial(jax.jit, compiler_options=UNOPTIMIZED)
