"""Trees that grow from the root alone: nodes are put back in, node 1 first, each as an elimination tells.

When v is put back, some arcs i -> j of the tree become i -> v -> j. Cut those; v follows a node that the root still
reaches, and the ends of what was cut follow v. Whatever is chosen, that is a tree. And of choices with the
probabilities of an elimination it has the right distribution: given what was cut, the trees before it weigh in total
what the root's part has of all heads of v (Cayley's sum over trees on parts).
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown


def sample(key: Array, heads: Array, arcs: Array, likely: Callable[[Array], Array], draws: int) -> Array:
    """Heads of independent trees (draws B n), 0 of the root. For each node from 1 on, logs of how good each head is
    (n-1 B n), and a table (n-1 B n n) of which `likely` says how likely each arc leads through the node.

    A float32 uniform has 24 bits: choices of probability below about 1e-7 are never drawn.
    """
    steps, items, nodes = heads.shape
    number = numeric.positions(nodes)
    keys = jax.random.split(numeric.normal_key(key), items)
    draw = lambda key: jax.random.uniform(key, (steps, nodes + 1, draws), heads.dtype)
    uniform = jnp.moveaxis(jax.vmap(draw)(keys), (0, 1, 2, 3), (2, 0, 3, 1))  # (n-1 draws B n+1)

    def step(tree: Array, inputs: tuple[Array, Array, Array, Array]) -> tuple[Array, None]:
        node, heads, arcs, uniform = inputs
        through = uniform[..., 1:] < likely(_of_arcs(arcs, tree))
        cut = through & (number > 0) & (number < node)
        ways = jnp.where(cut, number, tree)
        twice = lambda _, ways: jnp.take_along_axis(ways, ways, -1)
        top = lax.fori_loop(0, nodes.bit_length(), twice, ways)
        reached = (top == 0) & (number < node)
        logs = jnp.where(reached, heads, -jnp.inf)
        shares = jnp.exp(logs - numeric.shift_of(logs, -1, keepdims=True))
        chosen = topdown.inverse_cdf(topdown.cumulate(shares), shares, uniform[..., 0])
        # The root alone may be left where its arc has the small factor.
        chosen = jnp.where(jnp.any(logs > -jnp.inf, -1), chosen, 0)
        tree = jnp.where(cut, node, tree)
        return jnp.where(number == node, chosen[..., None], tree), None

    start = jnp.zeros((draws, items, nodes), jnp.int32)
    return lax.scan(step, start, (number[1:], heads, arcs, uniform))[0]


def _of_arcs(table: Array, tree: Array) -> Array:
    """What stands in a table (B n n) at the arcs of trees (S B n)."""
    return jnp.take_along_axis(table[None], tree[:, :, None], 2)[:, :, 0]


def in_item(heads: Array, lengths: Array) -> Array:
    """Heads (S B n) without those of the root and of nodes beyond the item, which are -1."""
    number = numeric.positions(heads.shape[-1])
    return jnp.where((number > 0) & (number < lengths[:, None]), heads, -1)
