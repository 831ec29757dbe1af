"""Relaxed trees: of a smoothed recursion, and of walks whose choices are soft."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric, relaxed
from ...numerics.exact_log import ExactLog
from ..charts import layout
from ..structure import Choose
from .inside import Chart, Logs, at_root, inside, split_logs, splits
from .outside import pushed
from .potentials import Potentials, contract, logs_of, to_chart


def _recursion(potentials: Potentials, lengths: Array, choose: Choose) -> tuple[ExactLog, Chart]:
    """Logs of the labels (B n n t), and the chart: one choice for the label of a span, and one for how it is split.
    Plain code, with its true derivative.
    """

    def reduce(logs: Logs, axis: int) -> Logs:
        return logs.reduced(axis, lambda rest: relaxed.value_and_weights(choose, rest, axis)[0])

    logs = ExactLog.from_log(logs_of(potentials, lengths))
    return logs, inside(to_chart(reduce(logs, -1)), reduce)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def smoothed_max(potentials: Potentials, lengths: Array, choose: Choose) -> Array:
    """The recursion of the best score with every maximum replaced by `choose(candidates, axis)`, (B); -inf where there
    is no tree.

    Its gradient by the potentials is a relaxed tree (Corro & Titov 2019; Mensch & Blondel 2018), whose derivative is
    right again.
    """
    _, chart = _recursion(potentials, lengths, choose)
    return numeric.sum_value(at_root(chart, lengths).sum())


@smoothed_max.defjvp
def _smoothed_max_derivative(choose, primals, tangents):
    potentials, lengths = primals
    mass = relaxed_event(potentials, lengths, choose)
    return smoothed_max(potentials, lengths, choose), contract(mass, tangents[0])


def relaxed_event(potentials: Potentials, lengths: Array, choose: Choose) -> Array:
    """The relaxed tree as an event, (B n n t), zeros where an item has none. Differentiable by the potentials."""
    logs, chart = _recursion(potentials, lengths, choose)
    weights_of = lambda logs, axis: relaxed.value_and_weights(choose, logs.near_top(axis)[1], axis)[1]
    top = (at_root(chart, lengths).high > -jnp.inf).astype(logs.high.dtype)
    masses = pushed(lambda *sizes: weights_of(splits(chart, *sizes), 0), top, chart.words, lengths)
    return layout.table_of_chart(masses, 0.0)[..., None] * weights_of(logs, -1)


def relaxed_walk(
    key: Array,
    chart: Chart,
    labels: Array,
    lengths: Array,
    temperature: Array,
    draws: int,
    straight_through: bool,
) -> Array:
    """Events (draws B n n t) of walks from the whole sentence down (Gumbel-CRF; Fu et al. 2020).

    A choice is the softmax of local log-probabilities, perturbed by Gumbels and divided by `temperature` (B); there is
    one for how every span is split, and one for its label. With `straight_through` choices are indicators, and walks
    exact samples, with the derivative of softmax.
    """
    words, items = chart.words, chart.items
    keys = jax.random.split(numeric.normal_key(key), items)
    soften = relaxed.straight_through_softmax if straight_through else relaxed.softmax
    inverse = (1 / jnp.broadcast_to(temperature, (items,))).astype(labels.dtype)

    def soft(logs: Array, noise: Array, inverse: Array, axis: int) -> Array:
        possible = logs > -jnp.inf
        return soften(jnp.where(possible, (jnp.where(possible, logs, 0) + noise) * inverse, -jnp.inf), axis)

    def of_splits(width: Array, rows: int, starts: int) -> Array:
        """Of draws * B items."""
        logs = split_logs(chart, width, rows, starts).reshape(rows, starts, 1, items)
        shape = (starts, rows, draws)
        draw = lambda key: jax.random.gumbel(jax.random.fold_in(key, width), shape, logs.dtype)
        noise = jnp.swapaxes(jax.vmap(draw, out_axes=3)(keys), 0, 1)
        return soft(logs, noise, inverse, 0).reshape(rows, starts * draws * items)

    def of_labels(key: Array) -> Array:
        """Words lead the noise, so that more of them do not change it."""
        shape = (words, words, draws, labels.shape[-1])
        return jax.random.gumbel(jax.random.fold_in(key, 0), shape, labels.dtype)

    noise = jnp.moveaxis(jax.vmap(of_labels)(keys), 3, 0)  # (draws B n n t)
    by_label = soft(labels, noise, inverse[:, None, None, None], -1)
    top = jnp.tile(at_root(chart, lengths).high > -jnp.inf, draws).astype(labels.dtype)
    masses = pushed(of_splits, top, words, jnp.tile(lengths, draws))
    spans = layout.table_of_chart(masses, 0.0).reshape(draws, items, words, words)
    return spans[..., None] * by_label
