"""`lax`: functions that only `jax.lax` has."""

from typing import Any, NamedTuple

from jax import lax

from ..registry import op


class TopK(NamedTuple):
    values: Any
    indices: Any


def top_k(operand, *, k):
    return TopK(*lax.top_k(operand, k))


op(
    "lax.stop_gradient",
    lax.stop_gradient,
    "x: num A -> A",
    "Equivalent to `jax.lax.stop_gradient`: the value, a constant to derivatives.",
)
op(
    "lax.top_k",
    top_k,
    "operand: num A, k: size -> { values: A, indices: int32 }",
    "Equivalent to `jax.lax.top_k`: the `k` largest of the last axis, descending, and their positions.",
)
op("lax.rsqrt", lax.rsqrt, "x: num A -> A", "Equivalent to `jax.lax.rsqrt`: 1/√x of floats.")
for name in ("cummax", "cummin"):
    op(
        f"lax.{name}",
        getattr(lax, name),
        "operand: num A, { axis?: static number, reverse?: static boolean } -> A",
        f"Equivalent to `jax.lax.{name}`; along axis 0 unless `axis` is given.",
    )
op(
    "lax.cumlogsumexp",
    lax.cumlogsumexp,
    "operand: num A, { axis?: static number, reverse?: static boolean } -> A",
    "Equivalent to `jax.lax.cumlogsumexp` of floats; along axis 0 unless `axis` is given.",
)
