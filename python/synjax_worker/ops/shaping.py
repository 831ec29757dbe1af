"""`np`: functions that change the shape of an array or the order of its elements, not their values."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InvalidArgument
from ..registry import op

_MOST_TURNS = 100  # of a loop that JAX unrolls: as many equations, and the compiler takes them one by one


def pad(a, *, pad_width, mode="constant", **options):
    if mode in ("reflect", "symmetric", "wrap"):
        widest = max((int(width) for width in jax.tree.leaves(pad_width)), default=0)
        shortest = max(1, min(jnp.shape(a), default=1) - (mode == "reflect"))
        if widest > _MOST_TURNS * shortest:
            raise InvalidArgument(
                f"np.pad: `pad_width` has {widest}; mode {mode!r} repeats an axis at most {_MOST_TURNS} times, "
                f"and the shortest has {min(jnp.shape(a), default=1)}",
                argument="pad_width",
                expected=f"at most {_MOST_TURNS * shortest}",
                received=str(widest),
            )
    return jnp.pad(a, pad_width, mode, **options)


def diff(a, *, n=1, **options):
    if n > _MOST_TURNS:
        raise InvalidArgument(
            f"np.diff: `n` is {n}, expected at most {_MOST_TURNS}",
            argument="n",
            expected=f"at most {_MOST_TURNS}",
            received=str(n),
        )
    return jnp.diff(a, n, **options)


op(
    "np.reshape",
    jnp.reshape,
    "a: num A, shape: shape -> A",
    "Equivalent to `jax.numpy.reshape`; one length may be -1.",
)
op("np.ravel", jnp.ravel, "a: num A -> A", "Equivalent to `jax.numpy.ravel`.")
op(
    "np.transpose",
    jnp.transpose,
    "a: num A, { axes?: axis } -> A",
    "Equivalent to `jax.numpy.transpose`: reverses the axes, or permutes them.",
)
op(
    "np.swapaxes",
    jnp.swapaxes,
    "a: num A, axis1: static number, axis2: static number -> A",
    "Equivalent to `jax.numpy.swapaxes`.",
)
op(
    "np.moveaxis",
    jnp.moveaxis,
    "a: num A, source: axis, destination: axis -> A",
    "Equivalent to `jax.numpy.moveaxis`.",
)
op("np.expand_dims", jnp.expand_dims, "a: num A, axis: axis -> A", "Equivalent to `jax.numpy.expand_dims`.")
op("np.squeeze", jnp.squeeze, "a: num A, { axis?: axis } -> A", "Equivalent to `jax.numpy.squeeze`.")
op(
    "np.broadcast_to",
    jnp.broadcast_to,
    "array: num A, shape: shape -> A",
    "Equivalent to `jax.numpy.broadcast_to`.",
)
op(
    "np.concatenate",
    jnp.concatenate,
    "arrays: nums A, { axis?: static number } -> promote(A, A)",
    "Equivalent to `jax.numpy.concatenate`; along axis 0 unless `axis` is given.",
)
op(
    "np.stack",
    jnp.stack,
    "arrays: nums A, { axis?: static number } -> promote(A, A)",
    "Equivalent to `jax.numpy.stack`; along a new axis 0 unless `axis` is given.",
)
op(
    "np.repeat",
    jnp.repeat,
    "a: num A, repeats: size, { axis?: static number } -> A",
    "Equivalent to `jax.numpy.repeat`; every element as often.",
)
op("np.tile", jnp.tile, "a: num A, reps: shape -> A", "Equivalent to `jax.numpy.tile`.")
op("np.flip", jnp.flip, "m: num A, { axis?: axis } -> A", "Equivalent to `jax.numpy.flip`.")
op(
    "np.roll",
    jnp.roll,
    "a: num A, shift: num Int, { axis?: axis } -> A",
    "Equivalent to `jax.numpy.roll`; the shift may be traced.",
)
op(
    "np.pad",
    pad,
    "a: num A, pad_width: static Dim | readonly (readonly [before: Dim, after: Dim])[], "
    '{ mode?: static "constant" | "edge" | "reflect" | "symmetric" | "wrap", constant_values?: num } -> A',
    "Equivalent to `jax.numpy.pad`; by zeros unless `mode` or `constantValues` is given, by at most 100 repetitions.",
)
for name in ("tril", "triu"):
    op(
        f"np.{name}",
        getattr(jnp, name),
        "m: num A, { k?: static number } -> A",
        f"Equivalent to `jax.numpy.{name}`.",
    )
op(
    "np.diag",
    jnp.diag,
    "v: num A, { k?: static number } -> A",
    "Equivalent to `jax.numpy.diag`: a vector's diagonal matrix, or a matrix's diagonal.",
)
op(
    "np.diagonal",
    jnp.diagonal,
    "a: num A, { offset?: static number, axis1?: static number, axis2?: static number } -> A",
    "Equivalent to `jax.numpy.diagonal`.",
)
op(
    "np.trace",
    jnp.trace,
    "a: num A, { offset?: static number, axis1?: static number, axis2?: static number } -> sum(A)",
    "Equivalent to `jax.numpy.trace`.",
)
op(
    "np.diff",
    diff,
    "a: num A, { n?: static number, axis?: static number } -> A",
    "Equivalent to `jax.numpy.diff`; `n` is at most 100.",
)
for name in ("atleast_1d", "atleast_2d", "atleast_3d"):
    op(f"np.{name}", getattr(jnp, name), "x: num A -> A", f"Equivalent to `jax.numpy.{name}`.")
for name, axis in (("fliplr", 1), ("flipud", 0)):
    op(
        f"np.{name}",
        getattr(jnp, name),
        "m: num A -> A",
        f"Equivalent to `jax.numpy.{name}`: along axis {axis}.",
    )
op(
    "np.rot90",
    jnp.rot90,
    "m: num A, { k?: static number, axes?: axis } -> A",
    "Equivalent to `jax.numpy.rot90`: `k` quarters (1) from the first of `axes` (0, 1) towards the second.",
)
op(
    "np.matrix_transpose",
    jnp.matrix_transpose,
    "x: num A -> A",
    "Equivalent to `jax.numpy.matrix_transpose`: the last two axes exchanged.",
)
op(
    "np.diagflat",
    jnp.diagflat,
    "v: num A, { k?: static number } -> A",
    "Equivalent to `jax.numpy.diagflat`: a matrix with the flattened array as its `k`-th diagonal.",
)
op(
    "np.fill_diagonal",
    functools.partial(jnp.fill_diagonal, inplace=False),
    "a: num A, val: num, { wrap?: static boolean } -> A",
    "Equivalent to `jax.numpy.fill_diagonal(inplace=False)`.",
)
op(
    "np.delete",
    lambda arr, *, obj, axis=None: jnp.delete(arr, np.array(obj, int), axis),
    "arr: num A, obj: static number | readonly number[], { axis?: static number } -> A",
    "Equivalent to `jax.numpy.delete` of these positions; of the flattened array unless `axis` is given.",
)
