"""The elimination in plain floats of 64 bits, for optimistic programs: nothing is subtracted, so that all that may be
wrong is what is too small for such floats, and the certificate says that the trees that need it are too few to show.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..arcs.potentials import Potentials, logs_of
from .determinant import solved

# Of the log of the product of what is left of the in-weights of all nodes, which are 1 at first. Its inverse bounds by
# how much the trees with an arc outweigh the arc, and floats go down to -708.
LOWEST_PRODUCT = -250.0


class Shares(NamedTuple):
    """Of each node from 1 on, how it is put back in."""

    heads: Array  # (n-1 B n): logs of the probabilities of heads, where no arc brings one
    through: Array  # (n-1 B n n): how likely each arc leads through the node
    certified: Array  # (B)


def shares(potentials: Potentials, lengths: Array, single: bool) -> Shares:
    """O(n^3), of constants."""
    logs, dtype = logs_of(potentials, lengths), potentials.log_potentials.dtype
    with jax.enable_x64(True):
        weights = solved(logs, potentials.lost, lengths, single).weights
        number = numeric.positions(potentials.nodes)
        beyond = (number >= lengths[:, None]) & (number > 0)
        weights = jnp.pad(weights, ((0, 0), (0, 0), (1, 0)))
        weights = weights.at[:, 0].set(jnp.where(beyond, 1, weights[:, 0]))
        heads, through, product = _taken_out(weights, (number > 0) & ~beyond if single else None)
        return Shares(heads.astype(dtype), through.astype(dtype), product > LOWEST_PRODUCT)


class _Cut(NamedTuple):
    """As `elimination.Cut`, in weights."""

    into: Array
    out_of: Array
    total: Array
    counted: Array
    in_vain: Array | None


def _taken_out(weights: Array, dear: Array | None) -> tuple[Array, Array, Array]:
    nodes = weights.shape[1]
    number = numeric.positions(nodes)

    def cut(weights: Array, dear: Array | None, node: Array) -> _Cut:
        at = lambda x, axis: lax.dynamic_index_in_dim(x, node, axis, keepdims=False)
        into, out_of = (jnp.where(number < node, at(weights, axis), 0) for axis in (2, 1))
        counted, in_vain = into, None
        if dear is not None:
            in_vain = at(dear, 1) & (jnp.max(into[:, 1:], 1) > 0)
            counted = jnp.where(in_vain[:, None] & (number == 0), 0, into)
        total = jnp.sum(counted, 1)
        return _Cut(into, out_of * jnp.where(total > 0, 1 / total, 0)[:, None], total, counted, in_vain)

    def step(state: tuple, node: Array) -> tuple:
        weights, dear, of, product = state
        way = of.into[:, :, None] * of.out_of[:, None]
        if dear is not None:
            arc, way_of_root = weights[:, 0], way[:, 0]
            in_vain = of.in_vain[:, None]
            cheap = ((arc > 0) & ~dear) | ((way_of_root > 0) & ~in_vain)
            weights = weights.at[:, 0].set(jnp.where(dear & cheap, 0, arc))
            way = way.at[:, 0].set(jnp.where(in_vain & cheap, 0, way_of_root))
            dear = ~cheap
        made = weights + way
        through = jnp.where(made > 0, way / made, 0).astype(jnp.float32)
        log_total = numeric.safe_log(of.total)
        heads = numeric.safe_log(of.counted) - numeric.finite_or_zero(log_total)[:, None]
        return (made, dear, cut(made, dear, node - 1), product + log_total), (heads, through)

    start = weights, dear, cut(weights, dear, number[-1]), jnp.zeros_like(weights[:, 0, 0])
    (*_, product), (heads, through) = lax.scan(step, start, number[1:], reverse=True)
    return heads, through, product
