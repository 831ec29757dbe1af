"""`np`: products of vectors, matrices and tensors."""

import jax.numpy as jnp

from ..registry import op

_PRECISION = 'precision?: static "default" | "high" | "highest"'
_NOTE = (
    "On GPU and TPU the default precision multiplies in fewer bits than the dtype has; `highest` does not."
)


def einsum(*operands, subscripts, **options):
    return jnp.einsum(subscripts, *operands, **options)


for name in ("matmul", "dot", "inner"):
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"a: num A, b: num B, {{ {_PRECISION} }} -> promote(A, B)",
        f"Equivalent to `jax.numpy.{name}`. {_NOTE}",
    )
op("np.outer", jnp.outer, "a: num A, b: num B -> promote(A, B)", "Equivalent to `jax.numpy.outer`.")
op(
    "np.tensordot",
    jnp.tensordot,
    "a: num A, b: num B, { axes?: static number | readonly [a: readonly number[], b: readonly number[]], "
    f"{_PRECISION} }} -> promote(A, B)",
    f"Equivalent to `jax.numpy.tensordot`. {_NOTE}",
)
op(
    "np.einsum",
    einsum,
    "subscripts: static string, ...operands: num A -> promote(A, A)",
    'Equivalent to `jax.numpy.einsum`: `np.einsum("bij,bjk->bik", x, y)`.',
)
