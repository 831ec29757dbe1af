"""`np`: elements by their positions, and positions by their elements."""

import functools

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


def _check_put_along_axis(arr, indices, values, *, axis):
    return [out_of_range(indices, jnp.shape(arr)[axis], "indices")]


def _as_int32(function, a, **options):
    return function(a, **options).astype(jnp.int32)


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
op(
    "np.digitize",
    lambda x, bins, **options: jnp.digitize(x, bins, **options).astype(jnp.int32),
    "x: num, bins: num, { right?: static boolean } -> int32",
    "Equivalent to `jax.numpy.digitize`, int32: the bin of each element; `bins` ascends or descends.",
    differentiable=False,
)
op(
    "np.partition",
    lambda a, *, kth, axis=-1: jnp.partition(a, kth, axis),
    "a: num A, kth: static number, { axis?: static number } -> A",
    "Equivalent to `jax.numpy.partition`: what is smaller than the `kth` element comes before it; along the last axis.",
)
op(
    "np.argpartition",
    lambda a, *, kth, axis=-1: jnp.argpartition(a, kth, axis).astype(jnp.int32),
    "a: num, kth: static number, { axis?: static number } -> int32",
    "Equivalent to `jax.numpy.argpartition`, int32; along the last axis.",
    differentiable=False,
)
op(
    "np.lexsort",
    lambda keys, **options: jnp.lexsort(keys, **options).astype(jnp.int32),
    "keys: nums, { axis?: static number } -> int32",
    "Equivalent to `jax.numpy.lexsort`, int32: an order by the last key, then by the one before it.",
    differentiable=False,
)
op(
    "np.unique",
    jnp.unique,
    "ar: num A, { size: size, fill_value?: num } -> A",
    "Equivalent to `jax.numpy.unique`: the `size` smallest different elements; where there are fewer, the smallest "
    "again or `fill_value`.",
)
for name in ("flatnonzero", "argwhere"):
    which = "of the flattened array" if name == "flatnonzero" else "one a row"
    op(
        f"np.{name}",
        functools.partial(_as_int32, getattr(jnp, name)),
        "a: num, { size: size, fill_value?: num Int } -> int32",
        f"Equivalent to `jax.numpy.{name}`, int32: the first `size` positions that are not 0, {which}; where there are "
        "fewer, 0 or `fill_value`.",
        differentiable=False,
    )
op(
    "np.put_along_axis",
    functools.partial(jnp.put_along_axis, inplace=False),
    "arr: num A, indices: num Int, values: num, axis: static number -> A",
    "Equivalent to `jax.numpy.put_along_axis(inplace=False)`. Negative positions count from the end; one out of range "
    "is a failed check.",
    checks=_check_put_along_axis,
)
