"""A plugin for the tests: operations that do as they say, and some that do not."""

import time
from typing import NamedTuple

import jax
import jax.numpy as jnp

from synjax_worker.plugin import op


@op("x: num A, { width?: size } -> float(A)")
def smooth(x, width=3):
    """A moving average over the last axis, of `width` items; beyond the ends are zeros."""
    kernel = jnp.ones(width, jnp.result_type(x, float)) / width
    return jnp.apply_along_axis(lambda row: jnp.convolve(row, kernel, mode="same"), -1, x)


@op("x: num float32[*batch n], weights: num float32[n m], { bias?: num float32[m] } -> float32[*batch m]")
def affine(x, weights, bias=None):
    """`x @ weights + bias`."""
    return x @ weights if bias is None else x @ weights + bias


class Halves(NamedTuple):
    low: jax.Array
    high: jax.Array


@op("x: num A[n] -> { low: A, high: A }")
def halves(x):
    """The first half of a vector, and the rest of it."""
    middle = x.shape[0] // 2
    return Halves(x[:middle], x[middle:])


@op('how: static "sum" | "max", ...rows: num A -> promote(A, A)', version=2)
def merge(*rows, how):
    """Arrays of one shape made one, item by item."""
    return sum(rows) if how == "sum" else jnp.max(jnp.stack(rows), axis=0)


@op("key: key, { shape: shape, dtype?: dtype D = float32 } -> D", differentiable=False)
def noise(key, shape, dtype="float32"):
    """Draws from a normal distribution."""
    return jax.random.normal(key, shape, dtype)


@op("xs: nums A, { times: static number } -> A per xs")
def scaled(xs, times):
    """Each of several arrays, multiplied."""
    return [x * jnp.asarray(times, x.dtype) for x in xs]


@op("x: num A -> A")
def raises(x):
    """Raises an exception."""
    raise LookupError("no such filter")


@op("x: num A -> A")
def raises_at_run_time(x):
    """Raises an exception where it runs."""

    def on_host(value):
        raise LookupError("the filter broke")

    return jax.pure_callback(on_host, jax.ShapeDtypeStruct(x.shape, x.dtype), x, vmap_method="expand_dims")


@op("x: num A -> A")
def sleeps(x):
    """Does not come back."""
    time.sleep(600)
    return x


@op("x: num A -> int32")
def wrong_dtype(x):
    """Gives floats where it promises integers."""
    return jnp.tanh(x)


@op("x: num A[n] -> A[n]")
def wrong_shape(x):
    """Gives one item more than it promises."""
    return jnp.append(x, x[0])


@op("x: num A -> { low: A, high: A }")
def wrong_tree(x):
    """Gives a list where it promises a struct."""
    return [x, x]


@op("x: num A -> A")
def nothing(x):
    """Gives nothing."""
