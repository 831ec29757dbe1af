"""All trees by one determinant, for optimistic programs: the matrix-tree theorem (Tutte 1948), with one root edge in
the form of Koo, Globerson, Carreras & Collins (2007).

Where the weights of all heads of a node are shares, the matrix is I - Q, and Q goes from a node to one of its heads.
The inverse says how often such a walk comes by: the larger it is, the more a float loses, and the certificate is how
large it is. Floats have 64 bits whatever the potentials have.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import is_optimistic
from ...numerics.numeric import Sum
from ..arcs.potentials import Potentials, logs_of

# What a log-partition and a probability may be wrong by, in units of the last place of what is asked for.
TOLERANCE = 8.0
# Logs whose sum is below this have as many digits after the point as any float that is asked for shows.
LARGEST_LOG = 2.0**24


class Found(NamedTuple):
    """Constants. What nobody reads costs nothing."""

    log_partition: Sum  # (B)
    certified: Array  # (B): whether it is right
    arcs: Array  # (B n n): their probabilities, from head to dependent
    arcs_certified: Array  # (B)


def applies(potentials: Potentials) -> bool:
    """A TPU has no such determinants."""
    return is_optimistic() and potentials.nodes > 1 and jax.default_backend() != "tpu"


def all_trees(potentials: Potentials, lengths: Array, single_root_edge: bool) -> Found:
    """O(n^3)."""
    logs = logs_of(potentials, lengths)
    with jax.enable_x64(True):
        return _all_trees(logs, potentials.lost, lengths, single_root_edge)


def _all_trees(logs: Array, lost: Array | None, lengths: Array, single: bool) -> Found:
    dtype, nodes = logs.dtype, logs.shape[1]
    wide = lambda x: x.astype(jnp.float64)
    real = numeric.positions(nodes)[1:] < lengths[:, None]  # (B n-1)
    heads = slice(1 if single else 0, None)
    top = numeric.shift_of(logs[:, heads, 1:], 1)
    relative = wide(logs[:, :, 1:]) - top[:, None]
    if lost is not None:
        relative = relative + jnp.where(relative > -jnp.inf, lost[:, :, 1:], 0)
    weights = jnp.exp(relative[:, heads])
    total = jnp.sum(weights, 1)
    has_heads = total > 0
    total = jnp.where(has_heads, total, 1)
    weights = weights * (1 / total)[:, None]
    scale = wide(top) + jnp.log(total)
    within = weights if single else weights[:, 1:]
    diagonal = (has_heads | ~real)[:, None] & jnp.eye(nodes - 1, dtype=bool)
    matrix = jnp.where(diagonal, 1, -within)
    above = jnp.zeros_like(total[:, 0])
    root = weights[:, 0]
    if single:
        of_root = relative[:, 0] - jnp.log(total)
        above = numeric.shift_of(of_root, 1)
        root = jnp.exp(of_root - above[:, None])
        matrix = matrix.at[:, 0].set(jnp.where((lengths > 1)[:, None], root, matrix[:, 0]))
    # Of the transpose, whose columns lie in memory as LAPACK wants them.
    factors, _, order = lax.linalg.lu(jnp.swapaxes(matrix, 1, 2))
    pivots = jnp.abs(jnp.diagonal(factors, axis1=1, axis2=2))
    value = jnp.sum(scale, 1) + above + jnp.sum(jnp.log(pivots), 1)
    size = jnp.sum(jnp.abs(scale), 1) + jnp.abs(above)
    eps = jnp.finfo(jnp.float64).eps
    tolerance = TOLERANCE * float(jnp.finfo(dtype).eps)
    certified = (_size_of_inverse(factors) * (nodes * eps) < tolerance) & (size < LARGEST_LOG)

    inverse = _solved(factors, jax.nn.one_hot(order, nodes - 1, dtype=matrix.dtype))  # of the transpose
    itself = jnp.diagonal(inverse, axis1=1, axis2=2)
    if single:
        first = numeric.positions(nodes - 1) == 0
        ways = jnp.where(first, 0, itself)[:, None] - jnp.where(first[:, None], 0, inverse)
        of_root = root * inverse[:, 0]
    else:
        ways, of_root = itself[:, None] - inverse, root * itself
    largest = jnp.max(jnp.sum(jnp.abs(inverse), 2), 1)
    error = largest * largest * eps
    # What is no way at all comes out as a difference of rounding.
    within = jnp.where(ways > error[:, None, None], within * ways, 0)
    arcs = jnp.concatenate([of_root[:, None], within], 1)
    arcs = jnp.pad(jnp.where(real[:, None], arcs, 0), ((0, 0), (0, 0), (1, 0))).astype(dtype)

    empty = single & (lengths < 2)
    value = jnp.where(empty, -jnp.inf, value)
    return Found(numeric.sum_of_wide(value, dtype), certified, arcs, certified & (error < tolerance))


def _size_of_inverse(factors: Array) -> Array:
    """(B): how large sums of rows of the inverse are, also where numbers of both signs would cancel, by a few signs."""
    number = numeric.positions(factors.shape[-1])
    signs = jnp.stack([jnp.ones_like(number), 1 - 2 * (number % 2), 1 - 2 * (number * number // 3 % 2)], 1)
    right = jnp.broadcast_to(signs.astype(factors.dtype), (*factors.shape[:2], signs.shape[1]))
    return jnp.max(jnp.abs(_solved(factors, right, transposed=True)), (1, 2))


def _solved(factors: Array, right: Array, transposed: bool = False) -> Array:
    """U^-1 L^-1 right, of an LU decomposition; or (L^-1)' (U^-1)' right."""
    solve = functools.partial(lax.linalg.triangular_solve, factors, left_side=True, transpose_a=transposed)
    lower, upper = {"lower": True, "unit_diagonal": True}, {"lower": False}
    for side in (upper, lower) if transposed else (lower, upper):
        right = solve(right, **side)
    return right
