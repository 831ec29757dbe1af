"""Trees that are given by the head of every node: what is refused."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from ..numerics import numeric
from ..registry import Check


def checks_of_heads(heads: Array, lengths: Array, *, single_root_edge: bool, projective: bool) -> list[Check]:
    """Of heads (*sample *batch n): one for every node of an item but the root, without a cycle; as the options say, one
    node whose head is the root, and no two arcs that cross.
    """
    nodes = heads.shape[-1]
    node = numeric.positions(nodes)
    used = jnp.broadcast_to((node > 0) & (node < lengths[..., None]), heads.shape)
    root = jnp.broadcast_to(node == 0, heads.shape)
    headed = used & (heads >= 0) & (heads < lengths[..., None]) & (heads != node)
    of_root = used & (heads == 0)
    found = [
        Check("heads", root & (heads != -1), heads, "-1 at the root"),
        Check("heads", used & ~headed, heads, "another node of the item"),
        Check(
            "heads", headed & ~_reach_root(jnp.where(headed, heads, 0)), heads, "heads that lead to the root"
        ),
    ]
    if single_root_edge:
        before = jnp.cumsum(of_root, -1, dtype=jnp.int32) - of_root
        last = node == jnp.maximum(lengths[..., None] - 1, 0)
        none = last & ~jnp.any(of_root, -1, keepdims=True)
        found.append(
            Check("heads", (of_root & (before > 0)) | none, heads, "the root as the head of one node")
        )
    if projective:
        low, high = jnp.minimum(heads, node), jnp.maximum(heads, node)
        first, second = low[..., :, None], high[..., :, None]
        other, beyond = low[..., None, :], high[..., None, :]
        crossing = (first < other) & (other < second) & (second < beyond)
        crossing = jnp.any(crossing & headed[..., :, None] & headed[..., None, :], -2)
        found.append(Check("heads", crossing, heads, "an arc that crosses no other"))
    return found


def _reach_root(heads: Array) -> Array:
    """(... n): whether the way from a node to its head, to that one's and so on ends at node 0, by squaring."""
    twice = lambda _, up: jnp.take_along_axis(up, up, -1)
    return lax.fori_loop(0, heads.shape[-1].bit_length(), twice, heads) == 0
