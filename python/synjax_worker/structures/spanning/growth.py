"""Trees that grow from the root alone: nodes are put back in, node 1 first, each as an elimination tells.

When v is put back, some arcs i -> j of the tree become i -> v -> j. Cut those; v follows a node that the root still
reaches, and the ends of what was cut follow v. Whatever is chosen, that is a tree. Of the best choices it is the best
tree: its score is that of the tree before, at most, and the best way from what was reached. And of choices with the
probabilities of an elimination it has the right distribution: given what was cut, the trees before it weigh in total
what the root's part has of all heads of v (Cayley's sum over trees on parts).
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from .choices import Choices
from .elimination import Weights, best, eliminated

# Whether arcs to each node (S B n), from these heads (S B n), lead through a node, by what is given of it.
Through = Callable[[Array, Array, tuple], Array]
# One of the nodes, by logs (S B n) and what is given of the node.
Pick = Callable[[Array, tuple], Array]


def grown(heads: Array, draws: int, through: Through, pick: Pick, given: tuple) -> Array:
    """Heads (S B n), 0 of the root; `heads` (n-1 B n) are logs of how good each head is, `given` leads with nodes."""
    items, nodes = heads.shape[1:]
    number = numeric.positions(nodes)

    def step(tree: Array, inputs: tuple) -> tuple[Array, None]:
        node, heads, *given = inputs
        present = (number > 0) & (number < node)
        cut = present & through(node, tree, tuple(given))
        ways = jnp.where(cut, number, tree)
        twice = lambda _, ways: jnp.take_along_axis(ways, ways, -1)
        top = lax.fori_loop(0, nodes.bit_length(), twice, ways)
        reached = (top == 0) & (number < node)
        logs = jnp.where(reached, heads, -jnp.inf)
        # The root alone may be left where its arc has the small factor.
        chosen = jnp.where(jnp.any(logs > -jnp.inf, -1), pick(logs, tuple(given)), 0)
        tree = jnp.where(cut, node, tree)
        return jnp.where(number == node, chosen[..., None], tree), None

    start = jnp.zeros((draws, items, nodes), jnp.int32)
    return lax.scan(step, start, (number[1:], heads, *given))[0]


def best_tree(given: Weights) -> Array:
    """Heads (B n), 0 of the root. Of equals, what keeps an arc wins, and the first head."""

    def keep(last: Array, node: Array, gaps: Array) -> tuple[Array, tuple]:
        return jnp.where(gaps > 0, node, last), ()

    last = jnp.zeros(given.logs.high.shape, jnp.int32)
    found, last = eliminated(given, best, keep, last)
    through = lambda node, tree, _: _of_arcs(last, tree) == node
    first = lambda logs, _: topdown.first_largest(logs)
    return grown(found.heads, 1, through, first, ())[0]


def _of_arcs(table: Array, tree: Array) -> Array:
    """What stands in a table (B n n) at the arcs of trees (S B n)."""
    return jnp.take_along_axis(table[None], tree[:, :, None], 2)[:, :, 0]


def sample(key: Array, of: Choices, draws: int) -> Array:
    """Heads of independent trees (draws B n), 0 of the root.

    A float32 uniform has 24 bits: choices of probability below about 1e-7 are never drawn.
    """
    steps, items, nodes = of.heads.shape
    keys = jax.random.split(numeric.normal_key(key), items)
    draw = lambda key: jax.random.uniform(key, (steps, nodes + 1, draws), of.heads.dtype)
    uniform = jnp.moveaxis(jax.vmap(draw)(keys), (0, 1, 2, 3), (2, 0, 3, 1))  # (n-1 draws B n+1)

    def through(_: Array, tree: Array, given: tuple[Array, Array]) -> Array:
        gaps, uniform = given
        return uniform[..., 1:] < jax.nn.sigmoid(_of_arcs(gaps, tree))

    def pick(logs: Array, given: tuple[Array, Array]) -> Array:
        shares = jnp.exp(logs - numeric.shift_of(logs, -1, keepdims=True))
        return topdown.inverse_cdf(topdown.cumulate(shares), shares, given[1][..., 0])

    return grown(of.heads, draws, through, pick, (of.gaps, uniform))


def in_item(heads: Array, lengths: Array) -> Array:
    """Heads (S B n) without those of the root and of nodes beyond the item, which are -1."""
    number = numeric.positions(heads.shape[-1])
    return jnp.where((number > 0) & (number < lengths[:, None]), heads, -1)
