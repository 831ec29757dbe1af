"""Small functions that structured models need.

Names and arguments are those of `synjax.special`.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import gammaln
from numpy.lib.array_utils import normalize_axis_tuple

from .numerics import numeric, relaxed

safe_log = numeric.safe_log


def log_comb(n: Array, k: Array) -> Array:
    """Log of the number of ways to choose k out of n."""
    n, k = jnp.asarray(n), jnp.asarray(k)
    return gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)


def log_catalan(n: Array) -> Array:
    """Log of the n-th Catalan number: binary trees over n + 1 leaves."""
    n = jnp.asarray(n)
    return log_comb(2 * n, n) - jnp.log1p(n)


def log_delannoy(m: Array, n: Array, *, max_input_value: int) -> Array:
    """Log of the Delannoy number: paths over an m by n grid by steps right, up and both; NaN where one of them is
    above `max_input_value`.
    """
    m, n = jnp.asarray(m)[..., None], jnp.asarray(n)[..., None]
    diagonal = jnp.arange(max_input_value + 1, dtype=jnp.result_type(m, n))
    possible = diagonal <= jnp.minimum(m, n)
    safe = jnp.where(possible, diagonal, 0)
    terms = log_comb(m, safe) + log_comb(n, safe) + safe * jnp.log(2.0)
    beyond = jnp.squeeze(jnp.maximum(m, n), -1) > max_input_value
    return jnp.where(beyond, jnp.nan, numeric.logsumexp(jnp.where(possible, terms, -jnp.inf), -1))


def max_one_hot(x: Array, axis: int | tuple[int, ...] = -1, *, straight_through: bool = False) -> Array:
    """The indicator of the maximum along the axes; of equal maxima, of the first."""
    axes = normalize_axis_tuple(axis, x.ndim)
    flat = _flatten_last(x, axes)
    hit = jax.nn.one_hot(jnp.argmax(flat, -1), flat.shape[-1], dtype=x.dtype)
    hit = _unflatten_last(hit, x, axes)
    return straight_through_replace(x, hit) if straight_through else hit


def sample_one_hot(
    log_potential: Array, *, key: Array, axis: int | tuple[int, ...] = -1, temperature: float = 1.0
) -> Array:
    """The indicator of a draw in proportion to exp(log_potential / temperature) along the axes; zeros where nothing is
    allowed.
    """
    noise = jax.random.gumbel(key, log_potential.shape, log_potential.dtype)
    drawn = max_one_hot(log_potential / temperature + noise, axis)
    return jnp.where(jnp.isneginf(log_potential), 0, drawn)


def sparsemax(x: Array, axis: int | tuple[int, ...] = -1) -> Array:
    """The nearest point of the probability simplex (Martins & Astudillo 2016, Algorithm 1); zeros where all is -inf."""
    axes = normalize_axis_tuple(axis, x.ndim)
    return _unflatten_last(relaxed.sparsemax(_flatten_last(x, axes)), x, axes)


@jax.custom_jvp
def straight_through_replace(differentiable_input: Array, non_differentiable_output: Array) -> Array:
    """The second argument, with the derivative of the first."""
    return non_differentiable_output


@straight_through_replace.defjvp
def _straight_through(primals, tangents):
    return straight_through_replace(*primals), tangents[0]


def _flatten_last(x: Array, axes: tuple[int, ...]) -> Array:
    moved = jnp.moveaxis(x, axes, range(x.ndim - len(axes), x.ndim))
    return moved.reshape(*moved.shape[: x.ndim - len(axes)], -1)


def _unflatten_last(flat: Array, like: Array, axes: tuple[int, ...]) -> Array:
    shape = (*flat.shape[:-1], *(like.shape[each] for each in axes))
    return jnp.moveaxis(flat.reshape(shape), range(like.ndim - len(axes), like.ndim), axes)
