"""Relaxed trees: of a smoothed recursion, and of walks whose choices are soft."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric, relaxed
from ...numerics.exact_log import ExactLog
from ..arcs.potentials import Potentials, contract
from ..constituency.inside import Logs
from ..structure import Choose
from .chart import Chart, Sizes, at_root, to_arcs
from .inside import inside, log_probs, ways, weights_of
from .outside import pushed


def _recursion(potentials: Potentials, lengths: Array, choose: Choose, single_root_edge: bool) -> Chart:
    """One choice for how every span is made. Plain code, with its true derivative."""

    def reduce(logs: Logs, axis: int) -> Logs:
        return logs.reduced(axis, lambda rest: relaxed.value_and_weights(choose, rest, axis)[0])

    return inside(weights_of(ExactLog, potentials, lengths), single_root_edge, reduce)


@partial(jax.custom_jvp, nondiff_argnums=(2, 3))
def smoothed_max(potentials: Potentials, lengths: Array, choose: Choose, single_root_edge: bool) -> Array:
    """The recursion of the best score with every maximum replaced by `choose(candidates, axis)`, (B); -inf where there
    is no tree.

    Its gradient by the potentials is a relaxed tree (Corro & Titov 2019; Mensch & Blondel 2018), whose derivative is
    right again.
    """
    chart = _recursion(potentials, lengths, choose, single_root_edge)
    return numeric.sum_value(at_root(chart, lengths).sum())


@smoothed_max.defjvp
def _smoothed_max_derivative(choose, single_root_edge, primals, tangents):
    potentials, lengths = primals
    mass = relaxed_arcs(potentials, lengths, choose, single_root_edge)
    return smoothed_max(potentials, lengths, choose, single_root_edge), contract(mass, tangents[0])


def relaxed_arcs(potentials: Potentials, lengths: Array, choose: Choose, single_root_edge: bool) -> Array:
    """Arcs of the relaxed tree, (B n n), zeros where an item has none. Differentiable by the potentials."""
    chart = _recursion(potentials, lengths, choose, single_root_edge)

    def weights(kind: str, sizes: Sizes) -> Array:
        return relaxed.value_and_weights(choose, ways(chart, kind, sizes).near_top(0)[1], 0)[1]

    top = (at_root(chart, lengths).high > -jnp.inf).astype(chart.whole.low.dtype)
    return to_arcs(pushed(weights, top, chart.nodes, lengths), 0.0)


def relaxed_walk(
    key: Array, chart: Chart, lengths: Array, temperature: Array, draws: int, straight_through: bool
) -> Array:
    """Arcs (draws B n n) of walks from the whole tree down (Gumbel-CRF; Fu et al. 2020).

    A choice is the softmax of local log-probabilities, perturbed by Gumbels and divided by `temperature` (B). With
    `straight_through` choices are indicators, and walks exact samples, with the derivative of softmax.
    """
    items, dtype = chart.items, chart.whole.low.dtype
    keys = jax.random.split(numeric.normal_key(key), items)
    soften = relaxed.straight_through_softmax if straight_through else relaxed.softmax
    inverse = (1 / jnp.broadcast_to(temperature, (items,))).astype(dtype)

    def weights(kind: str, sizes: Sizes) -> Array:
        """Of draws * B items."""
        width, rows, _ = sizes
        logs = log_probs(ways(chart, kind, sizes))
        spans = logs.shape[1] // items
        logs = logs.reshape(rows, spans, 1, items)
        number = 2 * width + (1 if kind == "complete" else 0)
        draw = lambda key: jax.random.gumbel(jax.random.fold_in(key, number), (spans, rows, draws), dtype)
        noise = jnp.swapaxes(jax.vmap(draw, out_axes=3)(keys), 0, 1)
        possible = logs > -jnp.inf
        perturbed = jnp.where(possible, (jnp.where(possible, logs, 0) + noise) * inverse, -jnp.inf)
        return soften(perturbed, 0).reshape(rows, spans * draws * items)

    top = jnp.tile(at_root(chart, lengths).high > -jnp.inf, draws).astype(dtype)
    arcs = to_arcs(pushed(weights, top, chart.nodes, jnp.tile(lengths, draws)), 0.0)
    return arcs.reshape(draws, items, *arcs.shape[1:])
