"""Relaxed trees: they grow as hard ones do, with soft choices.

An arc is a number from 0 to 1, of which a part is led through the node that is put back in, and what is left of the way
from a node to the root says how much the root still reaches it. The node's head is chosen among those that are reached
to some degree, for every degree. So the heads of a node add up to 1, and where all choices are hard the tree is one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, relaxed
from ...numerics.exact_log import ExactLog
from ..arcs.potentials import Potentials, contract
from ..structure import Choose
from .choices import Choices
from .elimination import Eliminated, eliminated, weights
from .graph import Graph, graph_of, logs_in
from .marginals import of_arcs

# Logs, of the two ways of arcs (2 S B n n) or of heads (S B n), by what is given of the node.
Perturb = Callable[[Array, tuple], Array]
Weigh = Callable[[Array, int], Array]


def _grown(
    heads: Array,
    gaps: Array,
    draws: int,
    perturb: Perturb,
    weigh: Weigh,
    given: tuple,
    single_root_edge: bool,
) -> Array:
    """Arcs (S B n n), of `Choices`; O(n^4 log n). Plain code, with its true derivative."""
    items, nodes = heads.shape[1:]
    number = numeric.positions(nodes)

    def step(arcs: Array, inputs: tuple) -> tuple[Array, None]:
        node, heads, gaps, *noise = inputs
        ways = jnp.stack([jnp.minimum(-gaps, 0), jnp.minimum(gaps, 0)])[:, None]
        kept, led = weigh(perturb(ways, tuple(noise)), 0)
        through, arcs = arcs * led, arcs * kept
        logs = jnp.broadcast_to(perturb(heads, tuple(noise)), arcs.shape[:-1])
        into = _chosen(logs, _reached(arcs), weigh)
        if single_root_edge:
            of_root = jnp.sum(through[..., 0, :], -1)[..., None]
            into = jnp.where(number == 0, of_root, 0) + (1 - of_root) * into
        arcs = lax.dynamic_update_index_in_dim(arcs, jnp.sum(through, -2), node, 2)
        return lax.dynamic_update_index_in_dim(arcs, into, node, 3), None

    start = jnp.zeros((draws, items, nodes, nodes), heads.dtype)
    return lax.scan(step, start, (number[1:], heads, gaps, *given))[0]


def _chosen(logs: Array, reached: Array, weigh: Weigh) -> Array:
    """Shares of heads (S B n), the mean over all degrees of what `weigh` gives to those that are reached so much."""
    order = jnp.argsort(-lax.stop_gradient(reached), -1)
    degrees = jnp.take_along_axis(reached, order, -1)
    below = jnp.concatenate([degrees[..., 1:], jnp.zeros_like(degrees[..., :1])], -1)
    candidates = jnp.take_along_axis(logs, order, -1)
    index = numeric.positions(logs.shape[-1])
    shares = weigh(jnp.where(index <= index[:, None], candidates[..., None, :], -jnp.inf), -1)
    shares = numeric.normalize(jnp.sum((degrees - below)[..., None] * shares, -2))
    return jnp.take_along_axis(shares, jnp.argsort(order, -1), -1)


def _reached(arcs: Array) -> Array:
    """(S B n): how much of each node's way from head to head ends at the root, by squaring."""
    nodes = arcs.shape[-1]
    number = numeric.positions(nodes)
    stay = ((number == 0) & (number[:, None] == 0)).astype(arcs.dtype)
    twice = lambda ways, _: (jnp.matmul(ways, ways, precision=numeric.HIGHEST), None)
    return lax.scan(twice, arcs + stay, None, length=nodes.bit_length())[0][..., 0, :]


def _recursion(
    potentials: Potentials, lengths: Array, choose: Choose, single_root_edge: bool
) -> tuple[Eliminated, Graph]:
    """The elimination with every maximum replaced. Plain code, with its true derivative."""
    graph = graph_of(potentials, lengths, single_root_edge)
    logs = logs_in(ExactLog, potentials, graph)
    reduce = lambda rest, axis: relaxed.value_and_weights(choose, rest, axis)[0]
    return eliminated(weights(logs, graph, single_root_edge), reduce), graph


@partial(jax.custom_jvp, nondiff_argnums=(2, 3))
def smoothed_max(potentials: Potentials, lengths: Array, choose: Choose, single_root_edge: bool) -> Array:
    """The elimination for the best score with every maximum replaced by `choose(candidates, axis)`, (B); -inf where
    there is no tree.

    Its declared gradient by the potentials is the relaxed tree, whose derivative is the true one.
    """
    found, graph = _recursion(potentials, lengths, choose, single_root_edge)
    return jnp.where(graph.possible, numeric.sum_value(found.total.sum()), -jnp.inf)


@smoothed_max.defjvp
def _smoothed_max_derivative(choose, single_root_edge, primals, tangents):
    potentials, lengths = primals
    arcs = relaxed_arcs(potentials, lengths, choose, single_root_edge)
    return smoothed_max(potentials, lengths, choose, single_root_edge), contract(arcs, tangents[0])


def relaxed_arcs(potentials: Potentials, lengths: Array, choose: Choose, single_root_edge: bool) -> Array:
    """Arcs of the relaxed tree, (B n n), zeros where an item has none. Differentiable by the potentials."""
    found, graph = _recursion(potentials, lengths, choose, single_root_edge)
    weigh = lambda logs, axis: relaxed.value_and_weights(choose, logs, axis)[1]
    as_it_is = lambda logs, _: logs
    arcs = _grown(found.heads, found.gaps, 1, as_it_is, weigh, (), single_root_edge)[0]
    return of_arcs(arcs, graph)


def relaxed_walk(
    key: Array,
    of: Choices,
    temperature: Array,
    draws: int,
    straight_through: bool,
    single_root_edge: bool,
) -> Array:
    """Arcs (draws B n n) of trees that grow (Gumbel-CRF; Fu et al. 2020).

    A choice is the softmax of local log-probabilities, perturbed by Gumbels and divided by `temperature` (B). With
    `straight_through` choices are indicators, and trees exact samples, with the derivative of softmax.
    """
    steps, items, nodes = of.heads.shape
    keys = jax.random.split(numeric.normal_key(key), items)
    draw = lambda key: jax.random.gumbel(key, (steps, 3, nodes, draws), of.heads.dtype)
    noise = jnp.moveaxis(jax.vmap(draw)(keys), (1, 2, 4), (0, 1, 2))  # (n-1 3 draws B n)
    weigh = relaxed.straight_through_softmax if straight_through else relaxed.softmax
    inverse = (1 / jnp.broadcast_to(temperature, (items,))).astype(of.heads.dtype)

    def perturb(logs: Array, given: tuple[Array]) -> Array:
        of_arcs = logs.ndim == 5
        own = given[0][1:, :, :, None] if of_arcs else given[0][0]
        scale = inverse.reshape(items, *[1] * (2 if of_arcs else 1))
        possible = logs > -jnp.inf
        return jnp.where(possible, (jnp.where(possible, logs, 0) + own) * scale, -jnp.inf)

    return _grown(of.heads, of.gaps, draws, perturb, weigh, (noise,), single_root_edge)
