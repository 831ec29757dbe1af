"""Most of what the tests take is compiling, and most of compiling is making code fast.

So everything here is compiled without optimization, unless a test asks for what a worker runs: where it looks at the
compiled program, or where rounding in float32 depends on it. `npm run test:full` optimizes everything.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable

import jax

from synjax_worker.runtime import passes

# Without XLA's newer emitter of fusions a program takes a fifth less CPU to compile, and a tenth less in one piece:
# several cores are not free here, each has tests of its own. What tells optimizers which memory is apart takes a
# twentieth, and so does checking XLA's own work. `vitest.config.ts` has the same.
_METADATA = ("alias_scope", "noalias", "invariant_load")
_QUICK = (
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false "
    "--xla_cpu_parallel_codegen_split_count=1 --xla_cpu_emitter_verification_level=0 "
) + " ".join(f"--xla_llvm_enable_{kind}_metadata=false" for kind in _METADATA)

# As a worker compiles functions of `jit`, and as it does eager queries.
OPTIMIZED = {
    "xla_backend_optimization_level": 1,
    "xla_cpu_use_fusion_emitters": True,
    **{f"xla_llvm_enable_{kind}_metadata": True for kind in _METADATA},
}
EAGER = OPTIMIZED | {"xla_cpu_use_fusion_emitters": False}
optimized_jit = functools.partial(jax.jit, compiler_options=OPTIMIZED)


def program(function: Callable) -> Callable:
    """`jax.jit` in a frame, as a recorded program has one: queries of a distribution share their passes."""
    return jax.jit(passes.frame()(function))


def compile_quickly() -> None:
    """From now on, in this process and those it starts. Before the first computation."""
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_QUICK}".strip()
    jax.config.update(
        "jax_traceback_in_locations_limit", 0
    )  # nobody reads in which line an instruction was made
