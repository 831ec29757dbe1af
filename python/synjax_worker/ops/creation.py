"""`np`: arrays from shapes and numbers. Without a dtype they have the default of the signature."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ..registry import op

MOST_FOLDED = 1 << 12  # elements


def made(fn: Callable[..., Array]) -> Callable[..., Array]:
    """The same, but of a large array XLA does not know what is in it: it would compute whatever depends on nothing else
    while it compiles, element by element. What it does not know are two numbers, so that the array itself still becomes
    part of what uses it, and takes no memory of its own.
    """

    @functools.wraps(fn)
    def make(*operands: Any, **named: Any) -> Array:
        made = fn(*operands, **named)
        if made.size <= MOST_FOLDED:
            return made
        known, other = lax.optimization_barrier((jnp.array(True), jnp.zeros((), made.dtype)))
        return jnp.where(known, made, other)

    return make


class Positions(NamedTuple):
    rows: Any
    columns: Any


def _triangle(fn: Callable[..., Any], *, n: int, k: int = 0, m: int | None = None) -> Positions:
    return Positions(*fn(n, k, m))


op(
    "np.zeros",
    made(jnp.zeros),
    "shape: shape, { dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.zeros`.",
)
op(
    "np.ones",
    made(jnp.ones),
    "shape: shape, { dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.ones`.",
)
op(
    "np.full",
    made(lambda fill_value, *, shape, dtype: jnp.full(shape, fill_value, dtype)),
    "shape: shape, fill_value: num, { dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.full`, but float32 unless a dtype is given: `np.full([3], 0)` too.",
)
op(
    "np.zeros_like",
    made(jnp.zeros_like),
    "a: num A, { dtype?: dtype D = A } -> D",
    "Equivalent to `jax.numpy.zeros_like`.",
)
op(
    "np.ones_like",
    made(jnp.ones_like),
    "a: num A, { dtype?: dtype D = A } -> D",
    "Equivalent to `jax.numpy.ones_like`.",
)
op(
    "np.full_like",
    made(jnp.full_like),
    "a: num A, fill_value: num, { dtype?: dtype D = A } -> D",
    "Equivalent to `jax.numpy.full_like`.",
)
op(
    "np.arange",
    made(lambda *, stop, start=0, step=1, dtype: jnp.arange(start, stop, step, dtype)),
    "stop: size, { start?: size, step?: size, dtype?: dtype D = int32 } -> D",
    "Equivalent to `jax.numpy.arange(start, stop, step)`: from `start` (0) up to `stop`, exclusive.",
)
op(
    "np.linspace",
    made(jnp.linspace),
    "start: num, stop: num, { num?: size, endpoint?: static boolean, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.linspace`; 50 points unless `num` is given.",
)
op(
    "np.eye",
    made(lambda *, n, m=None, k=0, dtype: jnp.eye(n, m, k, dtype)),
    "n: size, { m?: size, k?: static number, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.eye`: ones on the `k`-th diagonal of an (n m) matrix, m = n unless given.",
)
op(
    "np.identity",
    made(lambda *, n, dtype: jnp.identity(n, dtype)),
    "n: size, { dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.identity`: an (n n) matrix.",
)
op(
    "np.tri",
    made(lambda *, n, m=None, k=0, dtype: jnp.tri(n, m, k, dtype)),
    "n: size, { m?: size, k?: static number, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.tri`: ones on and below the `k`-th diagonal of an (n m) matrix, m = n unless given.",
)
for name, base in (("logspace", ", base?: num"), ("geomspace", "")):
    op(
        f"np.{name}",
        made(getattr(jnp, name)),
        f"start: num, stop: num, {{ num?: size, endpoint?: static boolean{base}, dtype?: dtype D = float32 }} -> D",
        f"Equivalent to `jax.numpy.{name}`; 50 points unless `num` is given.",
    )
op(
    "np.indices",
    made(lambda *, dimensions, dtype: jnp.indices(dimensions, dtype)),
    "dimensions: shape, { dtype?: dtype D = int32 } -> D",
    "Equivalent to `jax.numpy.indices`: the positions along each axis of an array of this shape, stacked.",
)
for name in ("tril_indices", "triu_indices"):
    op(
        f"np.{name}",
        functools.partial(_triangle, getattr(jnp, name)),
        "n: size, { k?: static number, m?: size } -> { rows: int32, columns: int32 }",
        f"Equivalent to `jax.numpy.{name}` of an (n m) matrix, m = n unless given.",
    )
