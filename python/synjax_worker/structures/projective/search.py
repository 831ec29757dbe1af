"""The best tree, the k best, and draws with and without replacement: walks from the whole tree down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from ...numerics.beam import KBest, Search, WithoutReplacement
from ...numerics.split_log import SplitLog
from ...runtime import passes
from ..arcs.events import score_of_heads
from ..arcs.potentials import Potentials, logs_of
from ..charts import layout
from ..constituency.inside import best, kind_of_logs, refuse_large
from ..constituency.walks import NONE, divided, started, walk
from .chart import Chart, at_root
from .inside import inside, weights_of
from .walks import half_nodes, heads, left_width, splits_of, tables


class _Best(NamedTuple):
    """The pass over the best trees."""

    chart: Chart
    possible: Array  # (B)


def _best(potentials: Potentials, lengths: Array, single_root_edge: bool) -> _Best:
    """Once for all queries of a frame."""

    def compute() -> _Best:
        fixed = jax.tree.map(lax.stop_gradient, potentials)
        refuse_large(logs_of(fixed, lengths))
        of_best = layout.folded(lambda arcs: inside(arcs, single_root_edge, best))
        chart = of_best(weights_of(kind_of_logs(), fixed, lengths))
        return _Best(chart, _possible(chart, lengths))

    return passes.shared(potentials, "best", compute)


def _possible(chart: Chart, lengths: Array) -> Array:
    return at_root(chart, lengths).high > -jnp.inf


def _walked(chart: Chart, real: Array, lengths: Array, choose: Callable[[Array, Array], Array]) -> Array:
    """Heads (k B n) of walks, real ones (B k); `choose(step, logs)` of the ways to make a span (B k p)."""
    read, nodes = tables(chart), chart.nodes

    def chosen(step: Array, span: Array) -> Array:
        choice = choose(step, splits_of(read, span).near_top(-1)[1]).astype(jnp.int32)
        return left_width(span, choice, nodes)

    return heads(walk(chosen, started(real, half_nodes(lengths), half_nodes(nodes))))


def argmax(potentials: Potentials, lengths: Array, single_root_edge: bool) -> tuple[Array, Array]:
    """Heads of the best tree (B n), and whether there is one (B). Deterministic among equals."""
    return _first_of(_best(potentials, lengths, single_root_edge), lengths)


def argmax_of_shares(potentials: Potentials, lengths: Array, single_root_edge: bool) -> tuple[Array, Array]:
    """The same of numbers of ordinary size, as marginals are: what rounds in short logs does not matter."""
    chart = inside(weights_of(SplitLog, potentials, lengths), single_root_edge, best)
    return _first_of(_Best(chart, _possible(chart, lengths)), lengths)


def _first_of(found: _Best, lengths: Array) -> tuple[Array, Array]:
    first = lambda _, logs: topdown.first_largest(logs)
    return _walked(found.chart, found.possible[:, None], lengths, first)[0], found.possible


def _beam(chart: Chart, possible: Array, lengths: Array, k: int, search: Search) -> tuple[Array, Any]:
    """Heads (k B n) of the k walks that a search keeps, and what it says of them."""
    read, nodes = tables(chart), chart.nodes
    first = (numeric.positions(k) == 0) & possible[:, None]
    continued = lambda x, parent: jnp.take_along_axis(x, parent[None], 2)

    def split(step: Array, state: tuple[Any, Array]) -> tuple[Any, Array]:
        beam, agenda = state
        span = lax.dynamic_index_in_dim(agenda, step, 0, keepdims=False)
        beam, parent, choice = search.extended(beam, step, span != NONE, splits_of(read, span))
        agenda = continued(agenda, parent)
        span = jnp.take_along_axis(span, parent, 1)
        return beam, divided(agenda, step, left_width(span, choice, nodes))

    agenda = started(first, half_nodes(lengths), half_nodes(nodes))
    state = search.started(first, chart.whole), agenda
    beam, agenda = lax.fori_loop(jnp.int32(0), jnp.int32(half_nodes(nodes) - 1), split, state)
    return heads(agenda), beam


def top_k(potentials: Potentials, lengths: Array, k: int, single_root_edge: bool) -> tuple[Array, Array]:
    """Heads of the k best trees (k B n), best first, and which are real (k B): O(k n) a step, after one pass.

    A walk is kept for its exact best completion: one that is dropped has k better ones elsewhere.
    """
    found = _best(potentials, lengths, single_root_edge)
    search = KBest(k)
    trees, beam = _beam(found.chart, found.possible, lengths, k, search)
    search.refuse_far(beam)
    real = search.real(beam).T
    score = numeric.sum_value(score_of_heads(potentials, lengths, trees))
    order = jnp.argsort(jnp.where(real, -score, jnp.inf), 0, stable=True)  # summing may exchange near ties
    return jnp.take_along_axis(trees, order[..., None], 0), jnp.take_along_axis(real, order, 0)


def sample_without_replacement(key: Array, chart: Chart, lengths: Array, k: int) -> tuple[Array, Array]:
    """Heads of k distinct trees (k B n) in the order they are drawn; their log-probabilities (k B), -inf past the
    support (Kool, van Hoof & Welling 2019).
    """
    search = WithoutReplacement(key, chart.items, k)
    trees, beam = _beam(chart, _possible(chart, lengths), lengths, k, search)
    return trees, search.logs(beam).T


def sample(key: Array, chart: Chart, lengths: Array, draws: int) -> Array:
    """Heads of independent trees (draws B n). One uniform number a choice.

    A float32 uniform has 24 bits: choices of probability below about 1e-7 are never drawn.
    """
    dtype, steps = chart.whole.high.dtype, half_nodes(chart.nodes) - 1
    keys = jax.random.split(numeric.normal_key(key), chart.items)
    draw = lambda key: jax.random.uniform(key, (max(steps, 1), draws), dtype)
    uniform = jax.vmap(draw, out_axes=1)(keys)

    def choose(step: Array, logs: Array) -> Array:
        weights = jnp.exp(logs - numeric.shift_of(logs, -1, keepdims=True))
        return topdown.inverse_cdf(topdown.cumulate(weights), weights, uniform[step])

    real = jnp.broadcast_to(_possible(chart, lengths)[:, None], (chart.items, draws))
    return _walked(chart, real, lengths, choose)
