"""LAPACK on a CPU: calls for many matrices are made for a few at a time.

A call for more work than some microseconds is divided among XLA's threads by jaxlib (0.10), and the thread that makes
it waits for the others. That thread may be one of them. Where all of them wait in this way, two calls on two cores, the
program never ends. For little work nothing is divided, so here no call has more: unless it is for one matrix.

On two cores this costs nothing that could be measured; with many, a decomposition of many large matrices was divided
among them before. A worker has OpenBLAS use one thread, too (OPENBLAS_NUM_THREADS=1): several calls at once, with
several threads each, take a hundred times as long. Set it where you use this package without a worker.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from jax import lax
from jax._src.interpreters import mlir  # there is no public way to the rule that is there already

# Floating-point operations from which on jaxlib divides a call.
_DIVIDED_FROM = 200_000


def _of_lu(m: int, n: int, *_: int) -> int:
    return m * n * min(m, n)


def _of_solve(_m: int, n: int, rows: int, cols: int) -> int:
    return rows * cols * n


def _of_others(*sizes: int) -> int:
    return 40 * max(sizes) ** 3  # more than jaxlib takes any for


# What jaxlib takes for the work of one matrix, or more, by the sizes of a primitive's matrices.
_WORK: dict[str, Callable[..., int]] = {
    "lu": _of_lu,
    "cholesky": _of_lu,
    "triangular_solve": _of_solve,
} | dict.fromkeys(
    (
        "eig",
        "eigh",
        "geqp3",
        "geqrf",
        "hessenberg",
        "householder_product",
        "schur",
        "svd",
        "tridiagonal",
        "tridiagonal_solve",
    ),
    _of_others,
)
_OF_VECTORS = ("tridiagonal_solve",)  # whose first operand is a vector for each matrix


@functools.cache
def call_for_few_matrices() -> None:
    """From now on JAX lowers calls of LAPACK in this way, in the whole process."""
    for primitive, entry in list(mlir._platform_specific_lowerings["cpu"].items()):
        if primitive.name in _WORK:
            mlir.register_lowering(primitive, _in_parts(primitive, entry.rule), platform="cpu")


def _in_parts(primitive: Any, rule: Callable[..., Any]) -> Callable[..., Any]:
    """The rule of a primitive, whose operands have the same batch shape before their own."""
    own = 1 if primitive.name in _OF_VECTORS else 2

    def lower(ctx: Any, *operands: Any, **params: Any) -> Any:
        batch = ctx.avals_in[0].shape[:-own]
        work = _WORK[primitive.name](*(size for aval in ctx.avals_in for size in aval.shape[len(batch) :]))
        if not all(type(size) is int for size in batch):  # exported for sizes that are not known
            return rule(ctx, *operands, **params)
        count, most = math.prod(batch), max(1, (_DIVIDED_FROM - 1) // max(1, work))
        if count <= most:
            return rule(ctx, *operands, **params)

        def part(items: tuple) -> Any:
            return primitive.bind(*items, **params)

        def whole(*values: Any) -> Any:
            flat = tuple(x.reshape(count, *x.shape[len(batch) :]) for x in values)
            results = lax.map(part, flat, batch_size=most)
            shaped = lambda x: x.reshape(*batch, *x.shape[1:])
            return [shaped(x) for x in results] if primitive.multiple_results else shaped(results)

        return mlir.lower_fun(whole, multiple_results=primitive.multiple_results)(ctx, *operands)

    return lower
