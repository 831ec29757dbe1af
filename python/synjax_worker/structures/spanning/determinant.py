"""All trees by one determinant, for optimistic programs: the matrix-tree theorem (Tutte 1948), with one root edge in
the form of Koo, Globerson, Carreras & Collins (2007).

Weights are divided by those of all heads of their dependent, so that the matrix is I - Q, where Q goes from a node to
one of its heads. Its inverse says how often such a walk comes by: the larger it is, the more a float loses, and the
certificate is how large it is. Floats have 64 bits whatever the potentials have.
"""

from __future__ import annotations

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
    dtype = potentials.log_potentials.dtype
    with jax.enable_x64(True):
        return _all_trees(_logs(potentials, lengths), lengths, single_root_edge, dtype)


def _logs(potentials: Potentials, lengths: Array) -> Array:
    logs = logs_of(potentials, lengths).astype(jnp.float64)
    return logs if potentials.lost is None else logs + jnp.where(jnp.isneginf(logs), 0, potentials.lost)


def _all_trees(logs: Array, lengths: Array, single: bool, dtype: jnp.dtype) -> Found:
    nodes = logs.shape[1]
    real = numeric.positions(nodes)[1:] < lengths[:, None]  # (B n-1)
    heads = logs[:, 1:, 1:] if single else logs[:, :, 1:]
    top = numeric.shift_of(heads, 1)
    weights = jnp.exp(heads - top[:, None])
    total = jnp.sum(weights, 1)
    has_heads = total > 0
    total = jnp.where(has_heads, total, 1)
    weights = weights / total[:, None]
    scale = top + jnp.log(total)
    within = weights if single else weights[:, 1:]
    matrix = jnp.where((~real | has_heads)[:, None] & jnp.eye(nodes - 1, dtype=bool), 1, -within)
    if single:
        root = logs[:, 0, 1:] - scale
        top = numeric.shift_of(root, 1)
        root = jnp.exp(root - top[:, None])
        matrix = matrix.at[:, 0].set(jnp.where((lengths > 1)[:, None], root, matrix[:, 0]))
    else:
        root, top = weights[:, 0], jnp.zeros_like(scale[:, 0])
    factors, _, order = lax.linalg.lu(matrix)
    pivots = jnp.abs(jnp.diagonal(factors, axis1=1, axis2=2))
    value = jnp.sum(scale, 1) + top + jnp.sum(jnp.log(pivots), 1)
    size = jnp.sum(jnp.abs(scale), 1) + jnp.abs(top)
    ones = jnp.ones_like(scale)[:, None]
    visits = jnp.max(jnp.abs(_solved(factors, ones, left=False)), (1, 2))
    eps = jnp.finfo(jnp.float64).eps
    tolerance = TOLERANCE * float(jnp.finfo(dtype).eps)
    certified = (visits * (nodes * eps) < tolerance) & (size < LARGEST_LOG)

    inverse = _solved(factors, jax.nn.one_hot(order, nodes - 1, dtype=matrix.dtype), left=True)
    itself = jnp.diagonal(inverse, axis1=1, axis2=2)
    of_head = jnp.swapaxes(inverse, 1, 2)
    if single:
        first = numeric.positions(nodes - 1) == 0
        ways = jnp.where(first, 0, itself)[:, None] - jnp.where(first[:, None], 0, of_head)
        of_root = root * inverse[:, :, 0]
    else:
        ways, of_root = itself[:, None] - of_head, root * itself
    largest = jnp.max(jnp.sum(jnp.abs(inverse), 1), 1)
    error = largest * largest * eps
    # What is no way at all comes out as a difference of rounding.
    within = jnp.where(ways > error[:, None, None], within * ways, 0)
    arcs = jnp.concatenate([of_root[:, None], within], 1)
    arcs = jnp.pad(jnp.where(real[:, None], arcs, 0), ((0, 0), (0, 0), (1, 0))).astype(dtype)

    empty = single & (lengths < 2)
    value = jnp.where(empty, -jnp.inf, value)
    return Found(numeric.sum_of_wide(value, dtype), certified, arcs, certified & (error < tolerance))


def _solved(factors: Array, right: Array, left: bool) -> Array:
    """Of an LU decomposition, `left`: U^-1 L^-1 right; otherwise right U^-1 L^-1."""
    solve = lax.linalg.triangular_solve
    lower = {"left_side": left, "lower": True, "unit_diagonal": True}
    upper = {"left_side": left, "lower": False}
    for side in (lower, upper) if left else (upper, lower):
        right = solve(factors, right, **side)
    return right
