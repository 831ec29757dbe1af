"""Entropy and divergence of trees, by the chain rule over the choices of a walk from the whole sentence down: sums of
local terms, each >= 0, weighted by how likely a span is. No two large numbers are ever subtracted.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import information, numeric
from ..charts import layout
from .inside import Chart, split_logs


def _expected(local: Callable[..., Array], of_labels: Array, masses: Array, words: int) -> Array:
    """(B): the expected sum of what splits bring, `local(width, rows, starts)` by the ways to split a span, and labels,
    (B n n t), each given as its part of a mean.
    """
    items = masses.shape[1] // words
    found = jnp.zeros_like(masses)

    def step(width: Array, found: Array, rows: int, starts: int) -> Array:
        # Computed again for a derivative: what splits of all widths bring is larger than the charts.
        row = jax.checkpoint(lambda width: jnp.sum(local(width, rows, starts), 0))(width)
        return layout.put(found, row, width, 0)

    of_splits = numeric.masked_product(masses, layout.ascending(words, step, found))
    of_labels = numeric.masked_product(layout.table_of_chart(masses, 0.0), jnp.sum(of_labels, -1))
    return jnp.sum(of_splits.reshape(words * words, items), 0) + jnp.sum(of_labels, (1, 2))


def entropy(chart: Chart, labels: Array, masses: Array) -> Array:
    """(B), nats; 0 where there is no tree. `masses` are probabilities of spans, `labels` logs of those of labels."""
    surprise = lambda *sizes: information.surprise(split_logs(chart, *sizes))
    return _expected(surprise, information.surprise(labels), masses, chart.words)


def kl_divergence(p: Chart, q: Chart, labels_p: Array, labels_q: Array, masses: Array) -> Array:
    """KL(p || q), (B), nats, where q allows all that p does; 0 where p allows none."""
    divergence = lambda *sizes: information.divergence(split_logs(p, *sizes), split_logs(q, *sizes))
    return _expected(divergence, information.divergence(labels_p, labels_q), masses, p.words)
