"""Trees as events, 0/1 indicators of labelled spans (n n t), and compact, rows of start, end and label (2n-1 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.numeric import Sum
from .potentials import Potentials, inside_item


def _real(compact: Array, lengths: Any, labels: int) -> Array:
    """Which rows of trees (... 2n-1 3) are a part of an event, (... 2n-1)."""
    start, end, label = (compact[..., which] for which in range(3))
    return (start >= 0) & (start <= end) & (end < lengths) & (label >= 0) & (label < labels)


def event_of_compact(compact: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
    """Events (S B n n t) of trees (S B 2n-1 3); rows of -1 have no part, and what comes twice counts twice."""
    words, labels = (sizes[name] for name in ("n", "label"))
    start, end, label = (compact[..., which] for which in range(3))
    rows, parts = compact.shape[0] * compact.shape[1], words * words * labels
    part = (start * words + end) * labels + label
    index = jnp.where(_real(compact, words, labels), part, parts).reshape(rows, compact.shape[2])
    made = jnp.zeros((rows, parts), dtype).at[numeric.positions(rows)[:, None], index].add(1, mode="drop")
    return made.reshape(*compact.shape[:2], words, words, labels)


def score_of_event(potentials: Potentials, lengths: Array, event: Array) -> Sum:
    """Sum of the log-potentials of an event's parts (S B); linear in the event (S B n n t)."""
    inside = inside_item(potentials.words, lengths)[..., None]
    scores = jnp.where(inside, potentials.log_potentials, 0)
    terms = numeric.masked_product(jnp.where(inside, event, 0), scores)
    return numeric.exact_sum(lax.collapse(terms, 2), -1)


def score_of_compact(potentials: Potentials, lengths: Array, compact: Array) -> Sum:
    """The same of trees (S B 2n-1 3), by looking up their spans."""
    used = _real(compact, lengths[:, None], potentials.labels)
    start, end, label = (jnp.where(used, compact[..., which], 0) for which in range(3))
    item = numeric.positions(potentials.items)[:, None]
    return numeric.exact_sum(jnp.where(used, potentials.log_potentials[item, start, end, label], 0), -1)
