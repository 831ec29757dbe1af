"""All trees by one determinant, for optimistic programs: the matrix-tree theorem (Tutte 1948), with one root edge in
the form of Koo, Globerson, Carreras & Collins (2007).

The weights of all heads of a node are shares, so that the matrix is I - Q, and Q goes from a node to one of its heads.
The inverse says how often such a walk comes by: the larger it is, the more a float loses, and the certificate is how
large it is. Floats have 64 bits whatever the potentials have, and these functions are called where 64 bits are on.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.lapack import call_for_few_matrices

call_for_few_matrices()

# What a result may be wrong by, where the potentials have 32 and 64 bits.
TOLERANCE = {32: 1e-6, 64: 1e-11}
# Sums of logs below this keep, in 64 bits, the digits that the log-probability of a single tree shows.
LARGEST_LOG = 2.0**24


class Solved(NamedTuple):
    """Of graphs of n nodes. Logs are relative to what all trees have in common."""

    logs: Array  # (B n n-1): of the arcs from any node to each but the root
    weights: Array  # (B n n-1)
    log_determinant: Array  # (B): what all trees weigh, relative
    common: Array  # (B): the log of what they have in common
    size: Array  # (B): the sum of the absolute values of the logs that `common` is made of
    visits: Array  # (B): how large the inverse is, by a few of its sums
    inverse: Array  # (B n-1 n-1): of the transpose


def solved(logs: Array, lost: Array | None, lengths: Array, single: bool) -> Solved:
    """Of logs (B n n) of the item's arcs, and what they have lost by rounding. O(n^3)."""
    wide = lambda x: x.astype(jnp.float64)
    heads = slice(1 if single else 0, None)
    top = numeric.shift_of(logs[:, heads, 1:], 1)
    relative = wide(logs[:, :, 1:]) - top[:, None]
    if lost is not None:
        relative = relative + jnp.where(relative > -jnp.inf, lost[:, :, 1:], 0)
    weights = jnp.exp(relative[:, heads])
    total = jnp.sum(weights, 1)
    total = jnp.where(total > 0, total, 1)
    log_total = jnp.log(total)
    weights = weights * (1 / total)[:, None]
    common = wide(top) + log_total
    relative = relative - log_total[:, None]
    if single:
        above = numeric.shift_of(relative[:, :1], 2, keepdims=True)
        of_root = relative[:, :1] - above
        relative = jnp.concatenate([of_root, relative[:, 1:]], 1)
        weights = jnp.concatenate([jnp.exp(of_root), weights], 1)
        common = jnp.concatenate([common, above[:, 0]], 1)
    missing = numeric.positions(logs.shape[1])[1:] >= lengths[:, None]
    matrix = _laplacian(weights, single & (lengths > 1)) + jnp.where(
        missing[:, None], jnp.eye(weights.shape[2]), 0
    )
    # Of the transpose, whose columns lie in memory as LAPACK wants them.
    factors, _, order = lax.linalg.lu(jnp.swapaxes(matrix, 1, 2))
    pivots = jnp.abs(jnp.diagonal(factors, axis1=1, axis2=2))
    inverse = _divided(factors, jax.nn.one_hot(order, order.shape[1], dtype=factors.dtype))
    return Solved(
        relative,
        weights,
        jnp.sum(jnp.log(pivots), 1),
        jnp.sum(common, 1),
        jnp.sum(jnp.abs(common), 1),
        _size_of_inverse(factors),
        inverse,
    )


def _laplacian(weights: Array, one_root_edge: Any) -> Array:
    """(B n-1 n-1), linear in the weights (B n n-1). With one root edge, where that is so (B), its row is the first."""
    words = weights[:, 1:]
    one = jnp.broadcast_to(one_root_edge, weights.shape[:1])
    degrees = jnp.sum(words, 1) + jnp.where(one[:, None], 0, weights[:, 0])
    matrix = jnp.where(jnp.eye(words.shape[1], dtype=bool), degrees[:, None], -words)
    return matrix.at[:, 0].set(jnp.where(one[:, None], weights[:, 0], matrix[:, 0]))


def _ways(inverse: Array, single: bool) -> Array:
    """(B n n-1): by how much the log of the determinant grows with the weight of each arc. Linear in the inverse."""
    itself = jnp.diagonal(inverse, axis1=1, axis2=2)[:, None]
    if not single:
        return jnp.concatenate([itself, itself - inverse], 1)
    first = numeric.positions(inverse.shape[1]) == 0
    words = jnp.where(first, 0, itself) - jnp.where(first[:, None], 0, inverse)
    return jnp.concatenate([inverse[:, :1], words], 1)


def error_of(of: Solved) -> Array:
    """(B): what `_ways` may be wrong by."""
    largest = jnp.max(jnp.sum(jnp.abs(of.inverse), 2), 1)
    return largest * largest * jnp.finfo(of.inverse.dtype).eps


def arcs(of: Solved, single: bool) -> Array:
    """(B n n-1): the probabilities of arcs. What is no way at all comes out as a difference of rounding."""
    ways = _ways(of.inverse, single)
    return jnp.where(ways > error_of(of)[:, None, None], of.weights * ways, 0)


def change_of_arcs(of: Solved, direction: Array, lengths: Array, single: bool) -> Array:
    """(B n n-1): the derivative of `arcs` along a direction in the logs: covariances of arcs, times the direction."""
    moved = of.weights * direction
    matrix = jnp.swapaxes(_laplacian(moved, single & (lengths > 1)), 1, 2)
    product = functools.partial(jnp.matmul, precision=numeric.HIGHEST)
    inverse = -product(of.inverse, product(matrix, of.inverse))
    return moved * _ways(of.inverse, single) + of.weights * _ways(inverse, single)


def holds(of: Solved, error: Array, dtype: Any) -> Array:
    """(B): whether a result that may be wrong by so much is right, and the log-partition."""
    eps = jnp.finfo(of.inverse.dtype).eps
    tolerance = TOLERANCE[jnp.finfo(dtype).bits]
    rounded = of.visits * (of.inverse.shape[1] * eps)
    return (rounded < tolerance) & (of.size < LARGEST_LOG) & (error < tolerance)


def _size_of_inverse(factors: Array) -> Array:
    """(B): how large sums of rows of the inverse are, also where numbers of both signs would cancel, by a few signs."""
    number = numeric.positions(factors.shape[-1])
    signs = jnp.stack([jnp.ones_like(number), 1 - 2 * (number % 2), 1 - 2 * (number * number // 3 % 2)], 1)
    right = jnp.broadcast_to(signs.astype(factors.dtype), (*factors.shape[:2], signs.shape[1]))
    return jnp.max(jnp.abs(_divided(factors, right, transposed=True)), (1, 2))


def _divided(factors: Array, right: Array, transposed: bool = False) -> Array:
    """U^-1 L^-1 right, of an LU decomposition; or (L^-1)' (U^-1)' right."""
    solve = functools.partial(lax.linalg.triangular_solve, factors, left_side=True, transpose_a=transposed)
    lower, upper = {"lower": True, "unit_diagonal": True}, {"lower": False}
    for side in (upper, lower) if transposed else (lower, upper):
        right = solve(right, **side)
    return right
