"""`np`: elements by their positions, and positions by their elements."""

import jax.numpy as jnp

from ..registry import Check, op


def out_of_range(indices, size, argument):
    """The check that positions, counted from either end, lie in an axis of `size` elements."""
    indices = jnp.asarray(indices)
    bad = (indices < -size) | (indices >= size)
    return Check(argument, bad, indices, f"between {-size} and {size - 1}")


def _check_take(a, indices, *, axis=None):
    size = jnp.size(a) if axis is None else jnp.shape(a)[axis]
    return [out_of_range(indices, size, "indices")]


def _check_take_along_axis(arr, indices, *, axis):
    return [out_of_range(indices, jnp.shape(arr)[axis], "indices")]


def argsort(a, **options):
    return jnp.argsort(a, **options).astype(jnp.int32)


def searchsorted(a, v, **options):
    return jnp.searchsorted(a, v, **options).astype(jnp.int32)


_SORT = "axis?: static number, descending?: static boolean, stable?: static boolean"

op(
    "np.take",
    jnp.take,
    "a: num A, indices: num Int, { axis?: static number } -> A",
    "Equivalent to `jax.numpy.take`. Negative positions count from the end; one out of range is a failed check.",
    checks=_check_take,
)
op(
    "np.take_along_axis",
    jnp.take_along_axis,
    "arr: num A, indices: num Int, axis: static number -> A",
    "Equivalent to `jax.numpy.take_along_axis`. Negative positions count from the end; one out of range is a "
    "failed check.",
    checks=_check_take_along_axis,
)
op(
    "np.sort",
    jnp.sort,
    f"a: num A, {{ {_SORT} }} -> A",
    "Equivalent to `jax.numpy.sort`; along the last axis.",
)
op(
    "np.argsort",
    argsort,
    f"a: num, {{ {_SORT} }} -> int32",
    "Equivalent to `jax.numpy.argsort`, int32; along the last axis.",
    differentiable=False,
)
op(
    "np.searchsorted",
    searchsorted,
    'a: num, v: num, { side?: static "left" | "right" } -> int32',
    "Equivalent to `jax.numpy.searchsorted`, int32; `a` is sorted.",
    differentiable=False,
)
