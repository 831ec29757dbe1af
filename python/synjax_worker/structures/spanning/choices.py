"""The local choices that make a tree, and how often each is made.

When nodes are put back in, node 1 first, every arc i -> j of the tree so far becomes the way i -> v -> j with a
probability of its own, and node v gets a head. How likely arcs are follows from node to node: with m[i, j] before v is
put back and s[i, j] of them through v, v -> j has the sum of m s over i, and i -> v has the sum of m s over j and its
share of the head that no arc through v brought. What is known of these choices is small numbers at any scale of the
potentials, and so are their derivatives.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from .elimination import Eliminated


class Choices(NamedTuple):
    """Of each node from 1 on, (n-1 ...), with derivatives of any order by the log-weights."""

    heads: Array  # (n-1 B n): logs of the probabilities of heads, where no arc brings one
    gaps: Array  # (n-1 B n n): of the way through the node and the arc, the difference of the logs
    total: Array  # (B): 0, with the derivative of the log of the sum of all trees


def choices(logs: Array, found: Eliminated) -> Choices:
    """Of log-weights (B n n) whose elimination is known."""
    return _choices(logs, Choices(found.heads, found.gaps, jnp.zeros_like(logs[:, 0, 0])))


@jax.custom_jvp
def _choices(logs: Array, known: Choices) -> Choices:
    return known


@_choices.defjvp
def _choices_derivative(primals, tangents):
    """The derivative of a log is the expected derivative of what it sums over."""
    found = _choices(*primals)
    moved = jnp.where(primals[0] > -jnp.inf, tangents[0], 0)

    def step(moved: Array, inputs: tuple[Array, Array, Array]) -> tuple:
        node, heads, gaps = inputs
        into = lax.dynamic_index_in_dim(moved, node, 2, keepdims=False)
        out_of = lax.dynamic_index_in_dim(moved, node, 1, keepdims=False)
        total = jnp.sum(jnp.exp(heads) * into, 1)
        of_heads = into - total[:, None]
        of_gaps = (of_heads[:, :, None] + out_of[:, None]) - moved
        moved = moved + jax.nn.sigmoid(gaps) * of_gaps
        of_heads = jnp.where(heads > -jnp.inf, of_heads, 0)
        return moved, (of_heads, jnp.where(jnp.isfinite(gaps), of_gaps, 0), total)

    inputs = numeric.positions(moved.shape[1])[1:], found.heads, found.gaps
    _, (heads, gaps, totals) = lax.scan(step, moved, inputs, reverse=True)
    return found, Choices(heads, gaps, jnp.sum(totals, 0))


class Visits(NamedTuple):
    """How often each choice is made."""

    arcs: Array  # (B n n): the probability of each arc
    heads: Array  # (n-1 B): how often a head is chosen; below 0 where several arcs bring the same
    gaps: Array  # (n-1 B n n): how likely each arc is before the node is put back in


def visits(of: Choices) -> Visits:
    """O(n^3). Plain code."""
    _, items, nodes, _ = of.gaps.shape
    start = jnp.zeros((items, nodes, nodes), of.gaps.dtype)

    def step(arcs: Array, inputs: tuple[Array, Array, Array]) -> tuple:
        node, heads, gaps = inputs
        through = arcs * jax.nn.sigmoid(gaps)
        brought = jnp.sum(through, 2)
        chosen = 1 - jnp.sum(brought, 1)
        into = brought + jnp.exp(heads) * chosen[:, None]
        left = arcs * jax.nn.sigmoid(-gaps)
        made = lax.dynamic_update_index_in_dim(left, jnp.sum(through, 1), node, 1)
        made = lax.dynamic_update_index_in_dim(made, jnp.where(into > 0, into, 0), node, 2)
        return made, (chosen, arcs)

    arcs, (heads, gaps) = lax.scan(step, start, (numeric.positions(nodes)[1:], of.heads, of.gaps))
    return Visits(arcs, heads, gaps)


def expected(made: Visits, of_heads: Array, of_gaps: Array) -> Array:
    """(B): the mean over trees of a sum of terms, one of each choice of a head (n-1 B) and of each arc (n-1 B n n)."""
    return jnp.sum(made.heads * of_heads, 0) + jnp.sum(made.gaps * of_gaps, (0, 2, 3))
