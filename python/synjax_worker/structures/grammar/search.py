"""The best tree, the k best, and draws with and without replacement: walks from the whole sentence down."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from ...numerics.beam import KBest, Search, WithoutReplacement
from ...numerics.guard import refuse_where
from ...runtime import passes
from ..constituency.inside import Reduce, best, kind_of_logs, summed
from .events import score_of_compact
from .float_ways import float_ways
from .inside import Inside, certified, inside, refuse_large
from .log_ways import log_ways
from .marginals import possible
from .potentials import Potentials, logs_of
from .walks import Ways, compact, walk

Trees = dict[str, Array]


def _best(potentials: Potentials, lengths: Array) -> Inside:
    """The pass over the best trees, once for all queries of a frame."""

    def compute() -> Inside:
        fixed = jax.tree.map(lax.stop_gradient, potentials)
        refuse_large(fixed, lengths)
        return certified(inside(logs_of(kind_of_logs(), fixed, lengths), best))

    return passes.shared(potentials, "best", compute)


def _ways(of: Inside, reduce: Reduce, lengths: Array) -> Ways:
    make = lambda: float_ways(of, lengths) if of.has_floats else log_ways(of, reduce, lengths)
    return passes.shared(of, "ways", make)


def _weights(ways: Any) -> Array:
    """Of candidates (B k p), floats or logs."""
    return ways if isinstance(ways, Array) else jnp.exp(ways.near_top(-1)[1])


def _logs(ways: Any) -> Array:
    return numeric.safe_log(ways) if isinstance(ways, Array) else ways.near_top(-1)[1]


def _lossless(of: Inside) -> Inside:
    """What is unlikely is chosen too, where k are: an optimistic program refuses where floats may have lost it."""
    if of.has_floats:
        refuse_where(~jnp.all(of.chart.lossless))
    return of


def argmax(potentials: Potentials, lengths: Array) -> tuple[Trees, Array]:
    """The best tree (B ...), and whether there is one (B). Deterministic among equals."""

    def choose(state: None, number: Array, active: Array, ways: Any) -> tuple[None, None, Array]:
        return state, None, topdown.first_largest(_logs(ways))

    found = _best(potentials, lengths)
    real = possible(found, lengths)
    _, walks = walk(_ways(found, best, lengths), choose, None, real[:, None], lengths, potentials.words)
    return jax.tree.map(lambda x: x[0], compact(walks)), real


# -------------------------------------------------------------------------------------------------------- k at once


def _started(of: Inside, lengths: Array, k: int) -> Array:
    """(B k): of k walks the first, where an item has a tree."""
    return (numeric.positions(k) == 0) & possible(of, lengths)[:, None]


def _kept(of: Inside, reduce: Reduce, lengths: Array, k: int, search: Search) -> tuple[Trees, Any]:
    """The k walks that a search keeps (k B ...), and what it says of them."""

    def choose(beam: Any, number: Array, active: Array, ways: Any) -> tuple[Any, Array, Array]:
        logs = numeric.safe_log(ways) if isinstance(ways, Array) else ways
        return search.extended(beam, number, active, logs)

    real = _started(of, lengths, k)
    beam = search.started(real, of.grammar.root)
    beam, walks = walk(_ways(of, reduce, lengths), choose, beam, real, lengths, of.extents.words)
    return compact(walks), beam


def top_k(potentials: Potentials, lengths: Array, k: int) -> tuple[Trees, Array]:
    """The k best trees (k B ...), best first, and which are real (k B).

    A walk is kept for its exact best completion: one that is dropped has k better ones elsewhere.
    """
    of, search = _lossless(_best(potentials, lengths)), KBest(k)
    trees, beam = _kept(of, best, lengths, k, search)
    search.refuse_far(beam)
    real = search.real(beam).T
    score = numeric.sum_value(score_of_compact(potentials, lengths, trees))
    order = jnp.argsort(jnp.where(real, -score, jnp.inf), 0, stable=True)  # summing may exchange near ties
    sort = lambda x: jnp.take_along_axis(x, order.reshape(*order.shape, *[1] * (x.ndim - 2)), 0)
    return jax.tree.map(sort, trees), sort(real)


def sample_without_replacement(key: Array, of: Inside, lengths: Array, k: int) -> tuple[Trees, Array]:
    """k distinct trees (k B ...) in the order they are drawn; their log-probabilities (k B), -inf past the support
    (Kool, van Hoof & Welling 2019).
    """
    search = WithoutReplacement(key, of.extents.items, k)
    trees, beam = _kept(_lossless(of), summed, lengths, k, search)
    return trees, search.logs(beam).T


# ---------------------------------------------------------------------------------------------------------- samples


def sample(key: Array, of: Inside, lengths: Array, draws: int) -> Trees:
    """Independent trees (draws B ...). Two uniform numbers a choice.

    A float32 uniform has 24 bits: choices of probability below about 1e-7 are never drawn.
    """
    words, items, _, _ = of.extents
    dtype = of.grammar.root.high.dtype
    keys = jax.random.split(numeric.normal_key(key), items)
    draw = lambda key: jax.random.uniform(key, (2 * words, 2, draws), dtype)
    uniforms = jax.vmap(draw, out_axes=2)(keys)  # (choices 2 B draws)

    def choose(state: None, number: Array, active: Array, ways: Any) -> tuple[None, None, Array]:
        uniform = lax.dynamic_index_in_dim(uniforms, number, 0, keepdims=False)
        return state, None, _drawn(_weights(ways), uniform)

    real = jnp.broadcast_to(possible(of, lengths)[:, None], (items, draws))
    _, walks = walk(_ways(of, summed, lengths), choose, None, real, lengths, words)
    return compact(walks)


def _drawn(weights: Array, uniform: Array) -> Array:
    """An index of weights (B k p), by two uniform numbers (2 B k). Of many first one of a few runs, then one of its
    own: cumulative sums of all would take long.
    """
    run, count = 32, weights.shape[-1]
    if count <= 2 * run:
        return topdown.inverse_cdf(topdown.cumulate(weights), weights, uniform[0])
    weights = jnp.pad(weights, ((0, 0), (0, 0), (0, -count % run)))
    weights = weights.reshape(*weights.shape[:-1], -1, run)
    totals = jnp.sum(weights, -1)
    first = topdown.inverse_cdf(topdown.cumulate(totals), totals, uniform[0])
    weights = jnp.take_along_axis(weights, first[..., None, None], -2)[..., 0, :]
    return first * run + topdown.inverse_cdf(topdown.cumulate(weights), weights, uniform[1])
