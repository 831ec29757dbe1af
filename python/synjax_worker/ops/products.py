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
for name in ("vdot", "vecdot"):
    axis = "axis?: static number, " if name == "vecdot" else ""
    what = "the flattened arrays" if name == "vdot" else "vectors along the last axis, or along `axis`"
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"x1: num A, x2: num B, {{ {axis}{_PRECISION} }} -> promote(A, B)",
        f"Equivalent to `jax.numpy.{name}`: products of {what}. {_NOTE}",
    )
for name, shapes in (("matvec", "(… m n) and (… n)"), ("vecmat", "(… m) and (… m n)")):
    op(
        f"np.{name}",
        getattr(jnp, name),
        "x1: num A, x2: num B -> promote(A, B)",
        f"Equivalent to `jax.numpy.{name}`: {shapes}.",
    )
op(
    "np.cross",
    jnp.cross,
    "a: num A, b: num B, { axis?: static number } -> number(promote(A, B))",
    "Equivalent to `jax.numpy.cross`, of vectors along the last axis unless `axis` is given.",
)
op("np.kron", jnp.kron, "a: num A, b: num B -> number(promote(A, B))", "Equivalent to `jax.numpy.kron`.")
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
