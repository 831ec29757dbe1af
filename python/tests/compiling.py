"""Most of what the tests take is compiling, and most of compiling is making code fast."""

from __future__ import annotations

import functools

import jax

# For what is right or wrong however it is compiled.
# Without XLA's newer emitter of fusions a program takes a fifth less CPU to compile.
UNOPTIMIZED = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
quick_jit = functools.partial(jax.jit, compiler_options=UNOPTIMIZED)
