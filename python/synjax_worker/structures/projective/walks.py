"""Projective trees from the whole down: a walk chooses how each span that it comes to is made.

Projective trees are binary trees over half nodes: each node but the root has a left half and a right half, and the root
its right half alone. What lies between two nodes goes from the right half of one to the left half of the other, what a
node has on its right from its right half to the right half of the last node there. So the agenda is that of
`constituency.walks`, over 2n - 1 half nodes: half node 2h is the right half of node h, the one before it its left half.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..constituency.inside import Logs
from ..constituency.walks import NONE, start_and_width
from .chart import Chart


class Tables(NamedTuple):
    """Parts by item, the kind of span that they make, and node, so that those of a span stand in one row of each. Parts
    of logs come last. Kinds are: between two nodes, to the right of a node, to the left of it.
    """

    logs: type
    left: Array  # (B 3 n n parts): by the first node of a span
    right: (
        Array  # (B 3 n 2n parts): by its last node; those of a span of width w start at n - w, or one before
    )


def half_nodes(nodes: Array | int) -> Array | int:
    return 2 * nodes - 1


def tables(chart: Chart) -> Tables:
    nodes, items = chart.nodes, chart.items

    def by_node(incomplete: Logs, complete: Logs) -> Array:
        def one(incomplete: Array, complete: Array) -> Array:
            single = incomplete[:nodes, : nodes * items].reshape(nodes, nodes, 1, items)
            double = complete[:nodes, : nodes * 2 * items].reshape(nodes, nodes, 2, items)
            return jnp.concatenate([single, double], 2)

        rows = jnp.stack([one(*x) for x in zip(incomplete, complete, strict=True)])
        return jnp.transpose(rows, (4, 3, 2, 1, 0))

    left, right = (by_node(*parts) for parts in zip(chart.incomplete, chart.complete, strict=True))
    # Beyond an arc over the whole width there is a node.
    right = right.at[:, 1, :, nodes - 1].set(0)
    nothing = jnp.zeros_like(right).at[..., 0].set(-jnp.inf)
    return Tables(type(chart.whole), left, jnp.concatenate([right, nothing], 3))


def _kind_start_width(span: Array, nodes: int) -> tuple[Array, Array, Array]:
    """Of a span of half nodes, in nodes."""
    start, width = start_and_width(span, half_nodes(nodes))
    odd = lambda x: lax.rem(x, jnp.int32(2))
    kind = jnp.where(odd(width) == 1, 0, 1 + odd(start))
    return kind, lax.div(start + 1, jnp.int32(2)), lax.div(width + 1, jnp.int32(2))


def splits_of(tables: Tables, span: Array) -> Logs:
    """(B k n): the weights of the ways to make spans (B k)."""
    nodes = tables.left.shape[2]
    item = numeric.positions(span.shape[0])[:, None]
    kind, start, width = _kind_start_width(span, nodes)
    of_left = numeric.read(tables.left, item, kind, start)
    at = (nodes - width - (kind > 0).astype(jnp.int32))[..., None] + numeric.positions(nodes)
    deep = lambda x: x[..., None]
    of_right = numeric.read(tables.right, deep(item), deep(kind), deep(start + width), at)
    left, right = (tables.logs(*jnp.moveaxis(x, -1, 0)) for x in (of_left, of_right))
    return left.times(right)


def left_width(span: Array, choice: Array, nodes: int) -> Array:
    """In half nodes, of the left part that is chosen: of what a node has on its right that is an arc."""
    kind, _, _ = _kind_start_width(span, nodes)
    return 2 * choice - (kind == 1).astype(jnp.int32)


def heads(agenda: Array) -> Array:
    """(k B n): of all spans of walks, (2n-1 B k). An arc leads to the right where it is a left part: then the span
    before it on the agenda is what it is a part of, and starts where it does.
    """
    halves, items, walks = agenda.shape
    nodes = (halves + 1) // 2
    item, walk = jnp.indices((items, walks), jnp.int32, sparse=True)
    start, width = start_and_width(agenda, halves)
    arc = (agenda != NONE) & (lax.rem(width, jnp.int32(2)) == 1)
    before = jnp.concatenate([jnp.full_like(start[:1], NONE), start[:-1]])
    first, last = lax.div(start, jnp.int32(2)), lax.div(start + width + 1, jnp.int32(2))
    rightward = start == before
    dependent = jnp.where(arc, jnp.where(rightward, last, first), nodes)
    found = jnp.full((nodes, items, walks), -1, jnp.int32)
    found = found.at[dependent, item, walk].set(jnp.where(rightward, first, last), mode="drop")
    return jnp.transpose(found, (2, 1, 0))
