"""Segmentations as events, 0/1 indicators of parts (n m t t), and compact, rows of start, end and label (n 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.numeric import Sum
from .potentials import Potentials, counts, transition_of_items


def _labels_before(label: Array) -> Array:
    """(... n): the label of the segment before, 0 before the first."""
    return jnp.concatenate([jnp.zeros_like(label[..., :1]), label[..., :-1]], -1)


def _real(compact: Array, count: Any, longest: int, labels: int) -> Array:
    """Which rows of segments (... n 3) are a part of an event with `count` positions, (... n). Each continues the row
    before.
    """
    start, end, label = (compact[..., which] for which in range(3))
    size, before = end - start, _labels_before(label)
    end_before = jnp.concatenate([jnp.full_like(end[..., :1], -1), end[..., :-1]], -1)
    real = (label >= 0) & (label < labels) & (before >= 0) & (before < labels) & (start == end_before + 1)
    return real & (end >= 0) & (end < count) & (size >= 0) & (size < longest)


def event_of_compact(compact: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
    """Events (S B n m t t) of segments (S B n 3); rows of -1 have no part."""
    count, longest, labels = (sizes[name] for name in "nmt")
    start, end, label = (compact[..., which] for which in range(3))
    size, before = end - start, _labels_before(label)
    real = _real(compact, count, longest, labels)
    part = ((end * longest + size) * labels + before) * labels + label
    rows = compact.shape[0] * compact.shape[1]
    parts = count * longest * labels * labels
    index = jnp.where(real, part, parts).reshape(rows, compact.shape[2])
    made = jnp.zeros((rows, parts), dtype).at[numeric.positions(rows)[:, None], index].set(1, mode="drop")
    return made.reshape(*compact.shape[:2], count, longest, labels, labels)


def labels_of_positions(event: Array, lengths: Array) -> Array:
    """Of each position the labels of the segments that cover it, (S B n t), of events (S B n m t t) or sums of them."""
    count, longest = event.shape[2:4]
    end, before = numeric.positions(count), numeric.positions(longest)
    inside = (end < lengths[:, None])[..., None, None]
    ending = jnp.where(inside, jnp.sum(event, -2), 0)  # (S B n m t)
    at_least = lax.cumsum(ending, 3, reverse=True)  # [i, j]: that end at i and have more than j positions
    covering = end[:, None] + before  # the ends of those that cover a position, (n m)
    found = at_least[:, :, jnp.minimum(covering, count - 1), before]
    return jnp.sum(jnp.where((covering < count)[..., None], found, 0), 3)


def score_of_event(potentials: Potentials, lengths: Array, event: Array) -> Sum:
    """Sum of the log-potentials of an event's parts, a pair (S B); linear in the event (S B n m t t)."""
    general = potentials._replace(segment=event[0], transition=None, initial=None)
    event = jnp.where(counts(general, lengths), event, 0)
    segment = jnp.where(counts(potentials, lengths), potentials.segment, 0)
    if not potentials.factored:
        terms = jnp.sum(numeric.masked_product(event, segment), (-3, -2, -1))
        return numeric.exact_sum(terms, -1)
    segments = jnp.sum(numeric.masked_product(jnp.sum(event, -2), segment), (-2, -1))
    first = numeric.positions(potentials.longest) == numeric.positions(potentials.positions)[:, None]
    edges = jnp.sum(jnp.where(first[..., None, None], 0, event), -3)  # (S B n t t)
    transition = transition_of_items(potentials)[:, None]
    transitions = jnp.sum(numeric.masked_product(edges, transition), (-2, -1))
    opening = jnp.sum(jnp.where(first[..., None, None], event, 0), (-4, -3, -2))  # (S B t)
    openings = numeric.masked_product(opening, potentials.initial)
    return numeric.exact_sum(jnp.concatenate([segments, transitions, openings], -1), -1)


def score_of_compact(potentials: Potentials, lengths: Array, compact: Array) -> Sum:
    """The same of segments (S B n 3), by looking up their parts; rows without a part in an event count 0."""
    start, end, label = (compact[..., which] for which in range(3))
    used = _real(compact, lengths[:, None], potentials.longest, potentials.labels)
    size, before = (jnp.where(used, x, 0) for x in (end - start, _labels_before(label)))
    end, label = (jnp.where(used, x, 0) for x in (end, label))
    item = numeric.positions(potentials.items)[:, None]
    if not potentials.factored:
        return numeric.exact_sum(jnp.where(used, potentials.segment[item, end, size, before, label], 0), -1)
    segments = jnp.where(used, potentials.segment[item, end, size, label], 0)
    shared = potentials.transition.ndim == 2
    edges = potentials.transition[before, label] if shared else potentials.transition[item, before, label]
    edges = jnp.where(start == 0, potentials.initial[item, label], edges)
    return numeric.exact_sum(jnp.concatenate([segments, jnp.where(used, edges, 0)], -1), -1)
