"""`np`: arrays from shapes and numbers. Without a dtype they have the default of the signature."""

import jax.numpy as jnp

from ..registry import op

op(
    "np.zeros",
    jnp.zeros,
    "shape: shape, { dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.zeros`.",
)
op("np.ones", jnp.ones, "shape: shape, { dtype?: dtype D = float32 } -> D", "Equivalent to `jax.numpy.ones`.")
op(
    "np.full",
    lambda fill_value, *, shape, dtype: jnp.full(shape, fill_value, dtype),
    "shape: shape, fill_value: num, { dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.full`, but float32 unless a dtype is given: `np.full([3], 0)` too.",
)
op(
    "np.zeros_like",
    jnp.zeros_like,
    "a: num A, { dtype?: dtype D = A } -> D",
    "Equivalent to `jax.numpy.zeros_like`.",
)
op(
    "np.ones_like",
    jnp.ones_like,
    "a: num A, { dtype?: dtype D = A } -> D",
    "Equivalent to `jax.numpy.ones_like`.",
)
op(
    "np.full_like",
    jnp.full_like,
    "a: num A, fill_value: num, { dtype?: dtype D = A } -> D",
    "Equivalent to `jax.numpy.full_like`.",
)
op(
    "np.arange",
    lambda *, stop, start=0, step=1, dtype: jnp.arange(start, stop, step, dtype),
    "stop: size, { start?: size, step?: size, dtype?: dtype D = int32 } -> D",
    "Equivalent to `jax.numpy.arange(start, stop, step)`: from `start` (0) up to `stop`, exclusive.",
)
op(
    "np.linspace",
    jnp.linspace,
    "start: num, stop: num, { num?: size, endpoint?: static boolean, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.linspace`; 50 points unless `num` is given.",
)
op(
    "np.eye",
    lambda *, n, m=None, k=0, dtype: jnp.eye(n, m, k, dtype),
    "n: size, { m?: size, k?: static number, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.eye`: ones on the `k`-th diagonal of an (n m) matrix, m = n unless given.",
)
