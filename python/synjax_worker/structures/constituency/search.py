"""The best tree, the k best, and draws with and without replacement: walks from the whole sentence down."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from ...numerics.beam import KBest, Search, WithoutReplacement
from ...numerics.split_log import SplitLog
from ...runtime import passes
from ..charts import layout
from .events import score_of_compact
from .inside import Chart, Logs, at_root, best, inside, kind_of_logs, refuse_large
from .potentials import Potentials, logs_of, to_chart
from .walks import (
    NONE,
    compact,
    divided,
    in_order,
    labelled,
    labels_at,
    most_splits,
    splits_of,
    start_and_width,
    started,
    tables,
    walk,
)


class _Best(NamedTuple):
    """The pass over the best trees."""

    chart: Chart
    labels: Logs  # (B n n t)
    possible: Array  # (B)


def _best(potentials: Potentials, lengths: Array) -> _Best:
    """Once for all queries of a frame."""

    def compute() -> _Best:
        scores = lax.stop_gradient(logs_of(potentials, lengths))
        refuse_large(scores)
        logs = kind_of_logs().from_log(scores)
        chart = layout.folded(lambda spans: inside(spans, best))(to_chart(best(logs, -1)))
        return _Best(chart, logs, at_root(chart, lengths).high > -jnp.inf)

    return passes.shared(potentials, "best", compute)


def argmax(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    """The best tree (B 2n-1 3), and whether there is one (B). Of equals, the shortest left part wins, and the first
    label.
    """
    found = _best(potentials, lengths)
    read = tables(found.chart)
    choose = lambda _, span: topdown.first_largest(splits_of(read, span).near_top(-1)[1])
    real = found.possible[:, None]
    spans = in_order(walk(choose, started(real, lengths, potentials.words)), real, lengths)
    logs = found.labels.near_top(-1)[1]
    labels = labelled(lambda _, span: topdown.first_largest(labels_at(logs, span)), spans)
    return compact(spans, labels, potentials.words)[0], found.possible


def likeliest(shares: Array, lengths: Array) -> Array:
    """The tree whose spans have the largest sum, (B 2n-1 3), of numbers of ordinary size (B n n t), as marginals are:
    what rounds in short logs does not matter.
    """
    potentials = Potentials(shares)
    logs = logs_of(potentials, lengths)
    chart = inside(to_chart(best(SplitLog.from_log(logs), -1)), best)
    read = tables(chart)
    choose = lambda _, span: topdown.first_largest(splits_of(read, span).near_top(-1)[1])
    real = (at_root(chart, lengths).high > -jnp.inf)[:, None]
    spans = in_order(walk(choose, started(real, lengths, potentials.words)), real, lengths)
    start, width = start_and_width(spans, potentials.words)
    item = numeric.positions(potentials.items)[:, None]
    labels = numeric.read(topdown.first_largest(logs), item, start, start + width)
    return compact(spans, labels, potentials.words)[0]


# -------------------------------------------------------------------------------------------------------- k at once


def _beam(
    chart: Chart, labels: Any, possible: Array, lengths: Array, k: int, search: Search
) -> tuple[Array, Any]:
    """The k walks that a search keeps, compact (k B 2n-1 3), and what it says of them. First all splits are chosen,
    then all labels, of logs or floats (B n n t).
    """
    words, items = chart.words, chart.items
    read = tables(chart)
    first = (numeric.positions(k) == 0) & possible[:, None]
    continued = lambda x, parent: jnp.take_along_axis(x, parent[None], 2)

    def split(step: Array, state: tuple[Any, Array]) -> tuple[Any, Array]:
        beam, agenda = state
        span = lax.dynamic_index_in_dim(agenda, step, 0, keepdims=False)
        beam, parent, choice = search.extended(beam, step, span != NONE, splits_of(read, span))
        return beam, divided(continued(agenda, parent), step, choice)

    agenda = started(first, lengths, words)
    state = search.started(first, chart.left), agenda
    beam, agenda = lax.fori_loop(jnp.int32(0), jnp.int32(words - 1), split, state)
    spans = in_order(agenda, search.real(beam), lengths)

    def label(row: Array, state: tuple[Any, Array, Array]) -> tuple[Any, Array, Array]:
        beam, chosen, slot = state
        span = lax.dynamic_index_in_dim(spans, row, 0, keepdims=False)
        span = jnp.take_along_axis(span, slot, 1)
        beam, parent, choice = search.extended(beam, words - 1 + row, span != NONE, labels_at(labels, span))
        chosen = lax.dynamic_update_index_in_dim(continued(chosen, parent), choice, row, 0)
        return beam, chosen, jnp.take_along_axis(slot, parent, 1)

    slots = jnp.broadcast_to(numeric.positions(k), (items, k))
    state = beam, jnp.zeros_like(spans), slots
    beam, chosen, slot = lax.fori_loop(jnp.int32(0), jnp.int32(2 * words - 1), label, state)
    return compact(continued(spans, slot), chosen, words), beam


def top_k(potentials: Potentials, lengths: Array, k: int) -> tuple[Array, Array]:
    """The k best trees (k B 2n-1 3), best first, and which are real (k B): O(k n) a step, after one pass.

    A walk is kept for its exact best completion: one that is dropped has k better ones elsewhere.
    """
    found = _best(potentials, lengths)
    search = KBest(k)
    trees, beam = _beam(found.chart, found.labels, found.possible, lengths, k, search)
    search.refuse_far(beam)
    real = search.real(beam).T
    score = numeric.sum_value(score_of_compact(potentials, lengths, trees))
    order = jnp.argsort(jnp.where(real, -score, jnp.inf), 0, stable=True)  # summing may exchange near ties
    return jnp.take_along_axis(trees, order[..., None, None], 0), jnp.take_along_axis(real, order, 0)


def sample_without_replacement(
    key: Array, chart: Chart, labels: Array, lengths: Array, k: int
) -> tuple[Array, Array]:
    """k distinct trees (k B 2n-1 3) in the order they are drawn; their log-probabilities (k B), -inf past the support
    (Kool, van Hoof & Welling 2019).
    """
    possible = at_root(chart, lengths).high > -jnp.inf
    search = WithoutReplacement(key, chart.items, k)
    trees, beam = _beam(chart, labels, possible, lengths, k, search)
    return trees, search.logs(beam).T


# ---------------------------------------------------------------------------------------------------------- samples


def sample(key: Array, chart: Chart, labels: Array, lengths: Array, draws: int) -> Array:
    """Independent trees (draws B 2n-1 3). One uniform number a choice.

    A float32 uniform has 24 bits: choices of probability below about 1e-7 are never drawn.
    """
    words, items = chart.words, chart.items
    keys = jax.random.split(numeric.normal_key(key), items)

    def uniforms(which: int, count: int) -> Array:
        draw = lambda key: jax.random.uniform(jax.random.fold_in(key, which), (count, draws), labels.dtype)
        return jax.vmap(draw, out_axes=1)(keys)

    def choose(logs: Array, uniform: Array) -> Array:
        weights = jnp.exp(logs - numeric.shift_of(logs, -1, keepdims=True))
        return topdown.inverse_cdf(topdown.cumulate(weights), weights, uniform)

    read, of_splits, of_labels = tables(chart), uniforms(0, most_splits(words)), uniforms(1, 2 * words - 1)
    real = jnp.broadcast_to((at_root(chart, lengths).high > -jnp.inf)[:, None], (items, draws))
    agenda = walk(
        lambda step, span: choose(splits_of(read, span).near_top(-1)[1], of_splits[step]),
        started(real, lengths, words),
    )
    spans = in_order(agenda, real, lengths)
    chosen = labelled(lambda row, span: choose(labels_at(labels, span), of_labels[row]), spans)
    return compact(spans, chosen, words)
