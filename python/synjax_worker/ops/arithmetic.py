"""`np`: elementwise arithmetic."""

import jax.numpy as jnp

from ..registry import op

op("np.add", jnp.add, "x1: num A, x2: num B -> promote(A, B)", "Equivalent to `jax.numpy.add`.")
op("np.exp", jnp.exp, "x: num A -> float(A)", "Equivalent to `jax.numpy.exp`.")
op(
    "np.sum",
    jnp.sum,
    "a: num A, { axis?: axis, keepdims?: static boolean } -> sum(A)",
    "Equivalent to `jax.numpy.sum`.",
)
op(
    "np.zeros",
    jnp.zeros,
    "shape: shape, { dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.numpy.zeros`.",
)
