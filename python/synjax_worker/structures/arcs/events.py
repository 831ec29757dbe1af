"""Trees as events, 0/1 indicators of arcs (n n), and compact, the head of every node (n), -1 of the root.

The event of an undirected tree has both directions of every edge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.numeric import Sum
from .potentials import Potentials, inside_item


def both_directions(x: Array) -> Array:
    """Of arcs (... n n), of which a tree has one direction at most: of edges."""
    return x + jnp.swapaxes(x, -1, -2)


def event_of_heads(heads: Array, sizes: Mapping[str, int], dtype: Any, directed: bool) -> Array:
    """Events (S B n n) of heads (S B n); a head of -1 has no part, nor has one of the root."""
    nodes = numeric.positions(sizes["n"])
    arcs = ((heads[..., None, :] == nodes[:, None]) & (nodes > 0)).astype(dtype)
    return arcs if directed else both_directions(arcs)


def score_of_event(potentials: Potentials, lengths: Array, event: Array, directed: bool) -> Sum:
    """Sum of the log-potentials of an event's arcs (S B), linear in the event (S B n n); of edges, which an event has
    twice, half of that.
    """
    inside = inside_item(potentials.nodes, lengths)
    if not directed:
        inside |= jnp.swapaxes(inside, 1, 2)
    used = jnp.where(inside, event, 0)
    tables = [jnp.where(inside, x, 0) for x in jax.tree.leaves(potentials)]
    terms = [numeric.masked_product(used, x if directed else x / 2) for x in tables]
    return numeric.exact_sum(jnp.concatenate([lax.collapse(x, 2) for x in terms], -1), -1)


def score_of_heads(potentials: Potentials, lengths: Array, heads: Array) -> Sum:
    """The same of heads (S B n), by looking up their arcs."""
    node = numeric.positions(potentials.nodes)
    used = (
        (heads >= 0) & (heads < lengths[:, None]) & (node > 0) & (node < lengths[:, None]) & (heads != node)
    )
    item = numeric.positions(potentials.items)[:, None]
    found = [x[item, jnp.where(used, heads, 0), node] for x in jax.tree.leaves(potentials)]
    return numeric.exact_sum(jnp.concatenate([jnp.where(used, x, 0) for x in found], -1), -1)


def likeliest(structure: Any, event: Array, lengths: Array) -> Array:
    """Heads (S B n) of events (S B n n): of the tree whose arcs have the largest sum, which of an event is its own, and
    of marginals the one with the largest expected number of right arcs. Where an event is all 0 there are none.
    """
    samples, items = event.shape[:2]
    flat = lax.collapse(lax.stop_gradient(event), 0, 2)
    heads, _ = structure.argmax(Potentials(flat), jnp.tile(lengths, samples))
    heads = jnp.where(jnp.any(flat != 0, (1, 2))[:, None], heads, -1)
    return heads.reshape(samples, items, *heads.shape[1:])


def symmetric(log_potentials: Array) -> Potentials:
    """The mean of both directions (B n n), exactly: halves are added, since the sum of two may be more than a float
    holds, and what that rounds away is kept.
    """
    half = log_potentials / 2
    back = jnp.swapaxes(half, -1, -2)
    _, lost = numeric.safe_two_sum(half, back)
    return Potentials(half + back, lax.stop_gradient(lost))
