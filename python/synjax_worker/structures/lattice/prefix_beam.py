"""Likely label sequences of frames, over all their alignments: a beam of prefixes."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.topdown import largest


class _Prefixes(NamedTuple):
    """K prefixes and the logs of the weights of the frames that give them."""

    labels: Array  # (K n), -1 past the end
    size: Array  # (K)
    in_blank: Array  # (K): of frames that end in the blank
    in_label: Array  # (K): of those that end in the prefix's last label


def prefix_beam(logs: Array, frames: Array, blank: int, k: int) -> tuple[Array, Array]:
    """Label sequences (k n), -1 past the end, and the logs of their weights (k), best first; -inf past those found.

    Of each prefix the weight of all its alignments is kept, and of all prefixes the k that weigh most. What is dropped
    is lost, so this is a beam: exact where k holds every prefix.

    Args:
      logs: of the symbols of n frames, (n v).
      frames: how many of them there are, ().
    """
    count, symbols = logs.shape
    place, symbol = numeric.positions(count), numeric.positions(symbols)
    nothing = jnp.full(k, -jnp.inf, logs.dtype)
    start = _Prefixes(
        jnp.full((k, count), -1, jnp.int32), jnp.zeros(k, jnp.int32), nothing.at[0].set(0.0), nothing
    )

    def step(beam: _Prefixes, inputs: tuple[Array, Array]) -> tuple[_Prefixes, None]:
        index, logs = inputs
        labels, size, in_blank, in_label = beam
        whole = jnp.logaddexp(in_blank, in_label)
        last = jnp.where(
            size > 0, jnp.take_along_axis(labels, jnp.maximum(size - 1, 0)[:, None], 1)[:, 0], -1
        )
        known = jnp.maximum(last, 0)
        stays_blank = whole + logs[blank]
        stays_label = jnp.where(size > 0, in_label + logs[known], -jnp.inf)
        # A label again is another one only after a blank.
        longer = jnp.where(symbol == last[:, None], in_blank[:, None], whole[:, None]) + logs
        longer = jnp.where(symbol == blank, -jnp.inf, longer)
        # A longer prefix may be in the beam already: there its weight is added.
        without_last = jnp.where(place == size[:, None] - 1, -1, labels)
        alive = whole > -jnp.inf
        same = jnp.all(without_last[None] == labels[:, None], -1) & (size == size[:, None] + 1)
        same &= alive[:, None] & alive
        stays_label = jnp.logaddexp(
            stays_label, numeric.logsumexp(jnp.where(same, longer[:, known], -jnp.inf), 0)
        )
        merged = jnp.any(same[:, :, None] & (last[:, None] == symbol), 1)
        longer = jnp.where(merged, -jnp.inf, longer)

        candidates = jnp.concatenate([jnp.logaddexp(stays_blank, stays_label)[:, None], longer], 1)
        weight, chosen = largest(lax.collapse(candidates, 0), k)
        parent = lax.div(chosen.astype(jnp.int32), jnp.int32(symbols + 1))
        added = lax.rem(chosen.astype(jnp.int32), jnp.int32(symbols + 1)) - 1  # -1 where the prefix stays
        grows = added >= 0
        at_end = grows[:, None] & (place == size[parent][:, None])
        found = _Prefixes(
            jnp.where(at_end, added[:, None], labels[parent]),
            size[parent] + grows.astype(jnp.int32),
            jnp.where(grows, -jnp.inf, stays_blank[parent]),
            jnp.where(grows, weight, stays_label[parent]),
        )
        dead = jnp.isneginf(weight)
        found = jax.tree.map(lambda x, none: jnp.where(_spread(dead, x), none, x), found, _none(start))
        return jax.tree.map(lambda new, old: jnp.where(index < frames, new, old), found, beam), None

    beam, _ = lax.scan(step, start, (place, logs))
    weight = jnp.logaddexp(beam.in_blank, beam.in_label)
    order = jnp.argsort(-weight, stable=True)
    return beam.labels[order], weight[order]


def _none(start: _Prefixes) -> _Prefixes:
    return start._replace(in_blank=start.in_label)


def _spread(x: Array, like: Array) -> Array:
    return x.reshape(x.shape + (1,) * (like.ndim - 1))
