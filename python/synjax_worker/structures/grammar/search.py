"""The best tree, the k best, and draws with and without replacement: walks from the whole sentence down."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from ...numerics.guard import refuse_where
from ...runtime import passes
from ..charts.beam import Beam, extended, extended_by_logs
from ..constituency.inside import Logs, Reduce, best, kind_of_logs, summed
from .events import score_of_compact
from .inside import Inside, certified, inside, refuse_large
from .marginals import possible
from .potentials import Potentials, logs_of
from .walks import Tables, compact, tables, walk

Trees = dict[str, Array]


def _best(potentials: Potentials, lengths: Array) -> Inside:
    """The pass over the best trees, once for all queries of a frame."""

    def compute() -> Inside:
        fixed = jax.tree.map(lax.stop_gradient, potentials)
        refuse_large(fixed, lengths)
        return certified(inside(logs_of(kind_of_logs(), fixed, lengths), best))

    return passes.shared(potentials, "best", compute)


def _tables(of: Inside, reduce: Reduce, lengths: Array) -> Tables:
    def compute() -> Tables:
        found = tables(of, reduce, lengths)
        refuse_where(jnp.any(jnp.isnan(found.pairs)))
        return found

    return passes.shared(of, "tables", compute)


def argmax(potentials: Potentials, lengths: Array) -> tuple[Trees, Array]:
    """The best tree (B ...), and whether there is one (B). Deterministic among equals."""

    def choose(state: None, number: Array, active: Array, logs: Logs) -> tuple[None, None, Array]:
        return state, None, topdown.first_largest(logs.near_top(-1)[1])

    found = _best(potentials, lengths)
    real = possible(found, lengths)
    _, walks = walk(_tables(found, best, lengths), choose, None, real[:, None], lengths)
    return jax.tree.map(lambda x: x[0], compact(walks)), real


# -------------------------------------------------------------------------------------------------------- k at once


def _started(of: Inside, lengths: Array, k: int) -> Array:
    """(B k): of k walks the first, where an item has a tree."""
    return (numeric.positions(k) == 0) & possible(of, lengths)[:, None]


def top_k(potentials: Potentials, lengths: Array, k: int) -> tuple[Trees, Array]:
    """The k best trees (k B ...), best first, and which are real (k B).

    A walk is kept for its exact best completion: one that is dropped has k better ones elsewhere.
    """
    of = _best(potentials, lengths)
    real = _started(of, lengths, k)
    beam = of.kind.from_log(jnp.where(real, 0.0, -jnp.inf).astype(of.chart.left.high.dtype))

    def choose(beam: Logs, number: Array, active: Array, logs: Logs) -> tuple[Logs, Array, Array]:
        return extended_by_logs(beam, active, logs)

    beam, walks = walk(_tables(of, best, lengths), choose, beam, real, lengths)
    trees, real = compact(walks), (beam.high > -jnp.inf).T
    score = numeric.sum_value(score_of_compact(potentials, lengths, trees))
    order = jnp.argsort(jnp.where(real, -score, jnp.inf), 0, stable=True)  # summing may exchange near ties
    sort = lambda x: jnp.take_along_axis(x, order.reshape(*order.shape, *[1] * (x.ndim - 2)), 0)
    return jax.tree.map(sort, trees), sort(real)


def sample_without_replacement(key: Array, of: Inside, lengths: Array, k: int) -> tuple[Trees, Array]:
    """k distinct trees (k B ...) in the order they are drawn; their log-probabilities (k B), -inf past the support
    (Kool, van Hoof & Welling 2019).
    """
    prioritize = topdown.gumbel_priorities(jax.random.split(numeric.normal_key(key), of.extents.items))

    def choose(beam: Beam, number: Array, active: Array, logs: Logs) -> tuple[Beam, Array, Array]:
        return extended(beam, number, active, numeric.log_normalize(logs.near_top(-1)[1]), prioritize)

    real = _started(of, lengths, k)
    alone = jnp.where(real, 0.0, -jnp.inf).astype(of.chart.left.high.dtype)
    beam, walks = walk(_tables(of, summed, lengths), choose, Beam(alone, alone), real, lengths)
    return compact(walks), jnp.where(beam.priority > -jnp.inf, beam.log, -jnp.inf).T


# ---------------------------------------------------------------------------------------------------------- samples


def sample(key: Array, of: Inside, lengths: Array, draws: int) -> Trees:
    """Independent trees (draws B ...). Two uniform numbers a choice.

    A float32 uniform has 24 bits: choices of probability below about 1e-7 are never drawn.
    """
    words, items, _, symbols = of.extents
    dtype = of.chart.left.high.dtype
    keys = jax.random.split(numeric.normal_key(key), items)
    draw = lambda key: jax.random.uniform(key, (2 * words, 2, draws), dtype)
    uniforms = jax.vmap(draw, out_axes=2)(keys)  # (choices 2 B draws)

    def choose(state: None, number: Array, active: Array, logs: Logs) -> tuple[None, None, Array]:
        uniform = lax.dynamic_index_in_dim(uniforms, number, 0, keepdims=False)
        return state, None, _drawn(jnp.exp(logs.near_top(-1)[1]), uniform, symbols).astype(jnp.int32)

    real = jnp.broadcast_to(possible(of, lengths)[:, None], (items, draws))
    _, walks = walk(_tables(of, summed, lengths), choose, None, real, lengths)
    return compact(walks)


def _drawn(weights: Array, uniform: Array, symbols: int) -> Array:
    """An index of weights (B k p), by two uniform numbers (2 B k). Of pairs of symbols the first, then the second:
    cumulative sums of all would take long.
    """
    if weights.shape[-1] != symbols**2:
        return topdown.inverse_cdf(topdown.cumulate(weights), weights, uniform[0])
    weights = weights.reshape(*weights.shape[:-1], symbols, symbols)
    totals = jnp.sum(weights, -1)
    first = topdown.inverse_cdf(topdown.cumulate(totals), totals, uniform[0])
    weights = jnp.take_along_axis(weights, first[..., None, None], -2)[..., 0, :]
    return first * symbols + topdown.inverse_cdf(topdown.cumulate(weights), weights, uniform[1])
