"""`np`: arrays from shapes and numbers. Without a dtype they have the default of the signature."""

import functools
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from ..registry import op

MOST_FOLDED = 1 << 12  # elements


def _made(fn: Callable[..., Array]) -> Callable[..., Array]:
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


op(
    "np.zeros",
    _made(jnp.zeros),
    "shape: shape, { dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.zeros`.",
)
op(
    "np.ones",
    _made(jnp.ones),
    "shape: shape, { dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.ones`.",
)
op(
    "np.full",
    _made(lambda fill_value, *, shape, dtype: jnp.full(shape, fill_value, dtype)),
    "shape: shape, fill_value: num, { dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.full`, but float32 unless a dtype is given: `np.full([3], 0)` too.",
)
op(
    "np.zeros_like",
    _made(jnp.zeros_like),
    "a: num A, { dtype?: dtype D = A } -> D",
    "Equivalent to `jax.numpy.zeros_like`.",
)
op(
    "np.ones_like",
    _made(jnp.ones_like),
    "a: num A, { dtype?: dtype D = A } -> D",
    "Equivalent to `jax.numpy.ones_like`.",
)
op(
    "np.full_like",
    _made(jnp.full_like),
    "a: num A, fill_value: num, { dtype?: dtype D = A } -> D",
    "Equivalent to `jax.numpy.full_like`.",
)
op(
    "np.arange",
    _made(lambda *, stop, start=0, step=1, dtype: jnp.arange(start, stop, step, dtype)),
    "stop: size, { start?: size, step?: size, dtype?: dtype D = int32 } -> D",
    "Equivalent to `jax.numpy.arange(start, stop, step)`: from `start` (0) up to `stop`, exclusive.",
)
op(
    "np.linspace",
    _made(jnp.linspace),
    "start: num, stop: num, { num?: size, endpoint?: static boolean, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.linspace`; 50 points unless `num` is given.",
)
op(
    "np.eye",
    _made(lambda *, n, m=None, k=0, dtype: jnp.eye(n, m, k, dtype)),
    "n: size, { m?: size, k?: static number, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.eye`: ones on the `k`-th diagonal of an (n m) matrix, m = n unless given.",
)
