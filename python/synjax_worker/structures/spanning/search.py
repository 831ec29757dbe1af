"""Heads of one node after the other, by what all trees with the heads chosen so far weigh: the k best, draws without
replacement, and the logs of the probabilities of arcs.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from ..arcs.events import score_of_heads
from ..arcs.potentials import Potentials
from ..charts.beam import Beam, Prioritize, extended, losses
from .elimination import Reduce, Weights, best, only, summed, without


def heads_of(given: Weights, node: Array, reduce: Reduce) -> Array:
    """Logs (B n) of what the trees weigh in which a node follows each other, relative to their largest: O(n^3).

    All nodes but this and the root are taken out. What leads into the node stands in columns by itself, a column for
    each head, so that in the end the root's row tells them apart.
    """
    logs = given.logs
    nodes = logs.high.shape[1]
    number = numeric.positions(nodes)
    into = jax.tree.map(lambda x: lax.dynamic_index_in_dim(x, node, 2), logs)
    apart = only(
        number[:, None] == number, jax.tree.map(lambda x: jnp.broadcast_to(x, logs.high.shape), into)
    )
    wide = jax.tree.map(lambda a, b: jnp.concatenate([a, b], 2), logs, apart)
    dear = None
    if given.dear is not None:
        of_root = lax.dynamic_index_in_dim(given.dear, node, 1)
        dear = jnp.concatenate([given.dear, (number > 0) | of_root], 1)

    def step(t: Array, left: Weights) -> Weights:
        taken = nodes - 1 - t
        remain = ((number < taken) | (number == node)) & (taken != node)
        return without(left, taken, remain, reduce)[0]

    found = lax.fori_loop(jnp.int32(0), jnp.int32(nodes - 1), step, Weights(wide, dear))
    root = jax.tree.map(lambda x: x[:, 0, nodes:], found.logs)
    if found.dear is not None:
        of_heads = found.dear[:, nodes:]
        cheap = jnp.any((root.high > -jnp.inf) & ~of_heads, 1, keepdims=True)
        root = only(~(of_heads & cheap), root)
    return root.near_top(1)[1]


def log_marginals(given: Weights) -> Array:
    """(B n n): the logs of the probabilities of arcs, O(n^4)."""
    nodes = given.logs.high.shape[1]
    of = lambda node: numeric.log_normalize(heads_of(given, node, summed))
    logs = jax.vmap(of, out_axes=2)(numeric.positions(nodes)[1:])
    return jnp.pad(logs, ((0, 0), (0, 0), (1, 0)), constant_values=-jnp.inf)


def _beam(
    given: Weights,
    possible: Array,
    k: int,
    prioritize: Prioritize,
    local: Callable[[Array], Array],
    reduce: Reduce,
) -> tuple[Array, Beam]:
    """Heads (B k n) of the k trees of highest priority; priorities are -inf past the support. O(k n^4)."""
    items, nodes = given.logs.high.shape[:2]
    number = numeric.positions(nodes)
    tiled = jax.tree.map(lambda x: jnp.repeat(x, k, 0), given)
    first = (numeric.positions(k) == 0) & possible[:, None]
    alone = jnp.where(first, 0.0, -jnp.inf).astype(given.logs.high.dtype)

    def choose(step: Array, state: tuple[Beam, Array]) -> tuple[Beam, Array]:
        beam, heads = state
        node = step + 1
        fixed = lax.collapse(heads, 0, 2)[:, None]
        keep = (number >= node) | (fixed == number[:, None])
        logs = heads_of(tiled._replace(logs=only(keep, tiled.logs)), node, reduce)
        logs = local(logs).reshape(items, k, nodes)
        beam, parent, chosen = extended(beam, step, jnp.ones((items, k), bool), logs, prioritize)
        heads = jnp.take_along_axis(heads, parent[..., None], 1)
        return beam, jnp.where(number == node, chosen[..., None], heads)

    start = Beam(alone, alone), jnp.zeros((items, k, nodes), jnp.int32)
    beam, heads = lax.fori_loop(jnp.int32(0), jnp.int32(nodes - 1), choose, start)
    return heads, beam


def top_k(
    potentials: Potentials, lengths: Array, given: Weights, possible: Array, k: int
) -> tuple[Array, Array]:
    """Heads of the k best trees (k B n), best first, and which are real (k B).

    The heads of some nodes are kept for the best tree that has them: those that are dropped have k better ones.
    """
    prioritize = lambda step, parents, logs: logs
    heads, beam = _beam(given, possible, k, prioritize, losses, best)
    heads, real = jnp.swapaxes(heads, 0, 1), (beam.priority > -jnp.inf).T
    score = numeric.sum_value(score_of_heads(potentials, lengths, heads))
    order = jnp.argsort(jnp.where(real, -score, jnp.inf), 0, stable=True)  # summing may exchange near ties
    return jnp.take_along_axis(heads, order[..., None], 0), jnp.take_along_axis(real, order, 0)


def sample_without_replacement(key: Array, given: Weights, possible: Array, k: int) -> tuple[Array, Array]:
    """Heads of k distinct trees (k B n) in the order they are drawn; their log-probabilities (k B), -inf past the
    support (Kool, van Hoof & Welling 2019).
    """
    keys = jax.random.split(numeric.normal_key(key), given.logs.high.shape[0])
    prioritize = topdown.gumbel_priorities(keys)
    heads, beam = _beam(given, possible, k, prioritize, numeric.log_normalize, summed)
    return jnp.swapaxes(heads, 0, 1), jnp.where(beam.priority > -jnp.inf, beam.log, -jnp.inf).T
