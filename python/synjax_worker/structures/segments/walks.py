"""One choice of a walk from the end: how much each length, and each label before the segment, adds to its log.

With messages of sums these are log-probabilities; with those of the best they are what is lost against the best, 0 for
the best itself. Everything here is read off at the ends and labels where walks stand, (B k), as floats, or `in_parts`
as logs, which lose nothing at any scale.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.split_log import Parts
from .forward import Messages
from .potentials import Potentials, at_last


def last_logs(messages: Messages, lengths: Array, in_parts: bool = False) -> Any:
    """(B t), of the last label. An empty sequence has one choice, the first."""
    ends = at_last(messages.ends, lengths)
    whole = jax.tree.map(lambda x: x[:, None], messages.whole)
    logs = ends.over(whole) if in_parts else ends.ratio(whole)
    return _or_first((lengths == 0)[:, None], logs)


def _or_first(alone: Array, logs: Any) -> Any:
    """The first choice where it stands alone (... 1), of logs (... p)."""
    leaf = jax.tree.leaves(logs)[0]
    first = jnp.where(numeric.positions(leaf.shape[-1]) == 0, 0.0, -jnp.inf).astype(leaf.dtype)
    first = first if isinstance(logs, Array) else type(logs).from_log(first)
    return jax.tree.map(lambda one, x: jnp.where(alone, one, x), first, logs)


def _share(part: Parts, logs: Array, of: Parts, in_parts: bool) -> Any:
    """What a part with log-potentials is of a whole; 0 where these are no logs."""
    if not in_parts:
        return part.share(logs, of)
    made = part.times(type(part).from_log(logs)).over(of)
    return jax.tree.map(
        lambda x, nothing: jnp.where(jnp.isfinite(logs), x, nothing), made, type(made)(-jnp.inf, 0.0)
    )


def _item(end: Array) -> Array:
    return numeric.positions(end.shape[0])[:, None]


def _read(messages: Parts, *index: Array) -> Parts:
    return jax.tree.map(lambda x: x[index], messages)


def _split_before(messages: Messages, labels: int) -> Parts:
    """(n B m t)"""
    return jax.tree.map(lambda x: x.reshape(*x.shape[:2], x.shape[2] // labels, labels), messages.before)


def segment_logs(
    potentials: Potentials, messages: Messages, end: Array, label: Array, in_parts: bool = False
) -> Any:
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
    return _share(before, logs, ends, in_parts)


def label_logs(
    potentials: Potentials,
    messages: Messages,
    end: Array,
    size: Array,
    label: Array,
    in_parts: bool = False,
) -> Any:
    """Of the label before a segment of length `size` + 1, all (B k): (B k t).

    Factored: these alone. General: as they are in `segment_logs`.
    """
    item = _item(end)
    one = lambda x: jax.tree.map(lambda part: part[..., None], x)
    if not potentials.factored:
        before = _read(_split_before(messages, potentials.labels), end, item, size)
        logs = potentials.segment[item, end, size, :, label]
        return _share(before, logs, one(_read(messages.ends, end, item, label)), in_parts)
    earlier = jnp.maximum(end - size - 1, 0)
    ends = _read(messages.ends, earlier, item)
    transition = potentials.transition
    entering = transition.T[label] if transition.ndim == 2 else transition[item, :, label]
    starts = one(_read(messages.starts, earlier, item, label))
    return _or_first((end - size == 0)[..., None], _share(ends, entering, starts, in_parts))


def choice_logs(
    potentials: Potentials, messages: Messages, end: Array, label: Array, in_parts: bool = False
) -> Any:
    """Of the length and the label before, together, (B k m t)."""
    logs = segment_logs(potentials, messages, end, label, in_parts)
    if not potentials.factored:
        return logs
    shape = items, rows, longest = jax.tree.leaves(logs)[0].shape
    wide = lambda x: jnp.broadcast_to(x[..., None], shape).reshape(items, rows * longest)
    size = jnp.broadcast_to(numeric.positions(longest), shape).reshape(items, rows * longest)
    of_label = label_logs(potentials, messages, wide(end), size, wide(label), in_parts)
    logs = jax.tree.map(lambda x: x[..., None], logs)
    of_label = jax.tree.map(lambda x: x.reshape(items, rows, longest, x.shape[-1]), of_label)
    return logs.times(of_label) if in_parts else logs + of_label
