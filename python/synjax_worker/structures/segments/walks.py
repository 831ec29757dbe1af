"""One choice of a walk from the end: how much each length, and each label before the segment, adds to its log.

With messages of sums these are log-probabilities; with those of the best they are what is lost against the best, 0 for
the best itself. Everything here is read off at the ends and labels where walks stand, (B k).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.split_log import Parts
from .forward import Messages
from .potentials import Potentials, at_last


def last_logs(messages: Messages, lengths: Array) -> Array:
    """(B t), of the last label. An empty sequence has one choice, the first."""
    ends = at_last(messages.ends, lengths)
    alone = jnp.where(numeric.positions(ends.high.shape[-1]) == 0, 0.0, -jnp.inf)
    logs = ends.ratio(jax.tree.map(lambda x: x[:, None], messages.whole))
    return jnp.where((lengths == 0)[:, None], alone.astype(logs.dtype), logs)


def _item(end: Array) -> Array:
    return numeric.positions(end.shape[0])[:, None]


def _read(messages: Parts, *index: Array) -> Parts:
    return jax.tree.map(lambda x: x[index], messages)


def _split_before(messages: Messages, labels: int) -> Parts:
    """(n B m t)"""
    return jax.tree.map(lambda x: x.reshape(*x.shape[:2], x.shape[2] // labels, labels), messages.before)


def segment_logs(potentials: Potentials, messages: Messages, end: Array, label: Array) -> Array:
    """General: of the length and the label before (B k m t). Factored: of the length (B k m)."""
    item = _item(end)
    before = _split_before(messages, potentials.labels)
    ends = _read(messages.ends, end, item, label)
    if potentials.factored:
        logs = potentials.segment[item, end, :, label]
        before = jax.tree.map(lambda x: x[end, item, :, label], before)
    else:
        logs = potentials.segment[item, end, :, :, label]
        before = _read(before, end, item)
    ends = jax.tree.map(lambda x: x.reshape(*end.shape, *(1,) * (logs.ndim - 2)), ends)
    return before.share(logs, ends)


def label_logs(potentials: Potentials, messages: Messages, end: Array, size: Array, label: Array) -> Array:
    """Of the label before a segment of length `size` + 1, all (B k): (B k t).

    Factored: these alone. General: as they are in `segment_logs`.
    """
    item = _item(end)
    one = lambda x: jax.tree.map(lambda part: part[..., None], x)
    if not potentials.factored:
        before = _read(_split_before(messages, potentials.labels), end, item, size)
        logs = potentials.segment[item, end, size, :, label]
        return before.share(logs, one(_read(messages.ends, end, item, label)))
    earlier = jnp.maximum(end - size - 1, 0)
    ends = _read(messages.ends, earlier, item)
    transition = potentials.transition
    entering = transition.T[label] if transition.ndim == 2 else transition[item, :, label]
    starts = one(_read(messages.starts, earlier, item, label))
    logs = ends.share(entering, starts)
    alone = jnp.where(numeric.positions(potentials.labels) == 0, 0.0, -jnp.inf).astype(logs.dtype)
    return jnp.where((end - size == 0)[..., None], alone, logs)


def choice_logs(potentials: Potentials, messages: Messages, end: Array, label: Array) -> Array:
    """Of the length and the label before, together, (B k m t)."""
    logs = segment_logs(potentials, messages, end, label)
    if not potentials.factored:
        return logs
    items, rows, longest = logs.shape
    wide = lambda x: jnp.broadcast_to(x[..., None], logs.shape).reshape(items, rows * longest)
    size = jnp.broadcast_to(numeric.positions(longest), logs.shape).reshape(items, rows * longest)
    of_label = label_logs(potentials, messages, wide(end), size, wide(label))
    return logs[..., None] + of_label.reshape(items, rows, longest, of_label.shape[-1])
