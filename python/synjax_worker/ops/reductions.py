"""`np`: reductions and cumulative sums."""

import jax.numpy as jnp

from ..registry import op


def argmax(a, **options):
    return jnp.argmax(a, **options).astype(jnp.int32)


def argmin(a, **options):
    return jnp.argmin(a, **options).astype(jnp.int32)


def count_nonzero(a, **options):
    return jnp.count_nonzero(a, **options).astype(jnp.int32)


_AXIS = "axis?: axis, keepdims?: static boolean"

for name in ("sum", "prod"):
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"a: num A, {{ {_AXIS}, initial?: num, where?: num bool }} -> sum(A)",
        f"Equivalent to `jax.numpy.{name}`. Over all axes unless `axis` is given.",
    )
op(
    "np.mean",
    jnp.mean,
    f"a: num A, {{ {_AXIS}, where?: num bool }} -> float(A)",
    "Equivalent to `jax.numpy.mean`.",
)
for name in ("var", "std"):
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"a: num A, {{ {_AXIS}, ddof?: static number, where?: num bool }} -> real(float(A))",
        f"Equivalent to `jax.numpy.{name}`; divides by the count minus `ddof` (0).",
    )
op("np.median", jnp.median, f"a: num A, {{ {_AXIS} }} -> float(A)", "Equivalent to `jax.numpy.median`.")
for name in ("max", "min"):
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"a: num A, {{ {_AXIS}, initial?: num, where?: num bool }} -> A",
        f"Equivalent to `jax.numpy.{name}`; `where` needs `initial`, what there is where it holds nowhere.",
    )
for name, fn in (("argmax", argmax), ("argmin", argmin)):
    op(
        f"np.{name}",
        fn,
        "a: num, { axis?: static number, keepdims?: static boolean } -> int32",
        f"Equivalent to `jax.numpy.{name}`: the first position where several are equal, int32. "
        "Without an axis, of the flattened array.",
        differentiable=False,
    )
for name in ("any", "all"):
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"a: num, {{ {_AXIS}, where?: num bool }} -> bool",
        f"Equivalent to `jax.numpy.{name}`.",
        differentiable=False,
    )
op(
    "np.count_nonzero",
    count_nonzero,
    f"a: num, {{ {_AXIS} }} -> int32",
    "Equivalent to `jax.numpy.count_nonzero`, int32.",
    differentiable=False,
)
for name in ("cumsum", "cumprod"):
    op(
        f"np.{name}",
        getattr(jnp, name),
        "a: num A, { axis?: static number } -> number(A)",
        f"Equivalent to `jax.numpy.{name}`. Without an axis, of the flattened array.",
    )
for name, result in (("cumulative_sum", "sum"), ("cumulative_prod", "number")):
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"x: num A, {{ axis?: static number, include_initial?: static boolean }} -> {result}(A)",
        f"Equivalent to `jax.numpy.{name}`: of a vector unless `axis` is given.",
    )
