"""The best segmentation, the k best, and draws with and without replacement: walks from the end.

Walks stand side by side, k for each of B items, and every step is a segment of each: there are no more steps than the
longest walk has segments. A walk that is done stands at end -1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from ...numerics.beam import KBest, Search, WithoutReplacement
from ...numerics.guard import is_optimistic
from .best import best_messages
from .choices import log_choices, probabilities
from .events import score_of_compact
from .forward import Messages, log_messages
from .potentials import Potentials
from .walks import choice_logs, label_logs, last_logs, segment_logs


class _Walks(NamedTuple):
    """One number says where a walk stands: the last position that is not explained yet, times t, plus the label of the
    segment that ends there.
    """

    place: Array  # (B k), below 0 when it is done
    places: Array  # (n B k): where it stood before each step, the last segment first


def _started(end: Array, label: Array, potentials: Potentials) -> _Walks:
    place = (end * potentials.labels + label).astype(jnp.int32)
    return _Walks(place, jnp.full((potentials.positions, *place.shape), -1, jnp.int32))


def _end_and_label(place: Array, labels: int) -> tuple[Array, Array]:
    """Those of position 0 where the walk is done."""
    place = jnp.maximum(place, 0)
    return lax.div(place, jnp.int32(labels)), lax.rem(place, jnp.int32(labels))


def _moved(walks: _Walks, step: Array, size: Array, before: Array, labels: int) -> _Walks:
    """After a segment of length `size` + 1, with label `before` on what ends before it."""
    places = lax.dynamic_update_index_in_dim(walks.places, walks.place, step, 0)
    end = lax.div(walks.place, jnp.int32(labels)) - size - 1
    place = jnp.where((walks.place < 0) | (end < 0), -1, end * labels + before)
    return _Walks(place.astype(jnp.int32), places)


def _until_done(positions: int, state: tuple, step: Callable) -> tuple:
    """`step(index, *state)` until all of its walks, which come first, are done."""

    def running(carry):
        index, walks, *_ = carry
        return (index < positions) & jnp.any(walks.place >= 0)

    body = lambda carry: (carry[0] + 1, *step(*carry))
    return lax.while_loop(running, body, (jnp.int32(0), *state))[1:]


def _in_order(places: Array, labels: int) -> Array:
    """Segments (k B n 3), the first one first, of the places of walks (n B k), the last segment first."""
    count = jnp.sum(places >= 0, 0, dtype=jnp.int32)
    index = count - 1 - numeric.positions(places.shape[0])[:, None, None]
    end, label = _end_and_label(jnp.take_along_axis(places, jnp.maximum(index, 0), 0), labels)
    start = jnp.concatenate([jnp.zeros_like(end[:1]), end[:-1] + 1])
    segments = jnp.where(index[..., None] >= 0, jnp.stack([start, end, label], -1), -1)
    return jnp.transpose(segments, (2, 1, 0, 3))


def _last_ends(real: Array, lengths: Array) -> Array:
    """(B k): where walks start; those that are not real are done."""
    return jnp.where(real, lengths[:, None] - 1, -1).astype(jnp.int32)


# ---------------------------------------------------------------------------------------------------------- the best


def argmax(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    """The best segmentation (B n 3), and whether there is one (B). Of equals, the shortest last segment wins, then the
    first label before it.
    """
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    messages = best_messages(potentials, lengths)
    logs = last_logs(messages, lengths)
    possible = jnp.any(logs > -jnp.inf, -1)
    last = topdown.first_largest(logs)[:, None]
    labels = potentials.labels
    walks = _started(_last_ends(possible[:, None], lengths), last, potentials)

    def step(index: Array, walks: _Walks) -> tuple[_Walks]:
        end, label = _end_and_label(walks.place, labels)
        logs = segment_logs(potentials, messages, end, label)
        if potentials.factored:
            size = topdown.first_largest(logs)
            before = topdown.first_largest(label_logs(potentials, messages, end, size, label))
        else:
            chosen = topdown.first_largest(lax.collapse(logs, 2))
            size, before = lax.div(chosen, jnp.int32(labels)), lax.rem(chosen, jnp.int32(labels))
        return (_moved(walks, index, size, before, labels),)

    (walks,) = _until_done(potentials.positions, (walks,), step)
    return _in_order(walks.places, labels)[0], possible


# -------------------------------------------------------------------------------------------------------- k at once


def _beam(
    potentials: Potentials, lengths: Array, messages: Messages, k: int, search: Search, in_parts: bool
) -> tuple[Array, Any]:
    """Segments (k B n 3) of the k walks that a search keeps, and what it says of them."""
    labels, count = potentials.labels, potentials.positions
    choices = potentials.longest * labels
    take = lambda x, index: jnp.take_along_axis(x, index, 1)
    one = jnp.ones((potentials.items, 1), bool)
    logs = jax.tree.map(lambda x: x[:, None], last_logs(messages, lengths, in_parts))
    state, _, label = search.extended(search.started(one, logs), jnp.int32(0), one, logs)
    end = _last_ends(search.real(state), lengths)
    walks = _started(end, jnp.minimum(label, labels - 1), potentials)
    slots = jnp.broadcast_to(numeric.positions(k), (count, *end.shape))

    def step(index: Array, walks: _Walks, state: Any, parents: Array) -> tuple:
        end, label = _end_and_label(walks.place, labels)
        local = choice_logs(potentials, messages, end, label, in_parts)
        local = jax.tree.map(lambda x: x.reshape(*end.shape, choices), local)
        state, parent, choice = search.extended(state, index + 1, walks.place >= 0, local)
        continued = walks._replace(place=take(walks.place, parent))
        size, before = lax.div(choice, jnp.int32(labels)), lax.rem(choice, jnp.int32(labels))
        walks = _moved(continued, index, size, before, labels)
        walks = walks._replace(place=jnp.where(search.real(state), walks.place, -1))
        return walks, state, lax.dynamic_update_index_in_dim(parents, parent, index, 0)

    walks, state, parents = _until_done(count, (walks, state, slots), step)

    def back(slot: Array, chosen: tuple[Array, Array]) -> tuple[Array, Array]:
        parent, place = chosen
        return take(parent, slot), take(place, slot)

    _, places = lax.scan(back, slots[0], (parents, walks.places), reverse=True)
    return _in_order(jnp.where(search.real(state), places, -1), labels), state


def top_k(potentials: Potentials, lengths: Array, k: int) -> tuple[Array, Array]:
    """The k best segmentations (k B n 3), best first, and which are real (k B): O(k m t) a step, after one pass.

    A walk is kept for its exact best completion: one that is dropped has k better ones elsewhere.
    """
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    messages, search = best_messages(potentials, lengths), KBest(k)
    segments, state = _beam(potentials, lengths, messages, k, search, in_parts=not is_optimistic())
    search.refuse_far(state)
    real = search.real(state).T
    score = numeric.sum_value(score_of_compact(potentials, lengths, segments))
    order = jnp.argsort(jnp.where(real, -score, jnp.inf), 0, stable=True)  # summing may exchange near ties
    return jnp.take_along_axis(segments, order[..., None, None], 0), jnp.take_along_axis(real, order, 0)


def sample_without_replacement(
    key: Array, potentials: Potentials, lengths: Array, k: int
) -> tuple[Array, Array]:
    """k distinct segmentations (k B n 3) in the order they are drawn; their log-probabilities (k B), -inf past the
    support (Kool, van Hoof & Welling 2019).
    """
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    messages, search = log_messages(potentials, lengths), WithoutReplacement(key, potentials.items, k)
    segments, state = _beam(potentials, lengths, messages, k, search, in_parts=False)
    return segments, search.logs(state).T


# ---------------------------------------------------------------------------------------------------------- samples


def sample(key: Array, potentials: Potentials, lengths: Array, messages: Messages, draws: int) -> Array:
    """Independent segmentations (draws B n 3). Two uniform numbers a segment: its length, the label before it.

    A float32 uniform has 24 bits: choices of probability below about 1e-7 are never drawn.
    """
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    count, labels, longest = potentials.positions, potentials.labels, potentials.longest
    keys = jax.random.split(numeric.normal_key(key), potentials.items)
    dtype = potentials.segment.dtype
    uniforms = jax.vmap(lambda key: jax.random.uniform(key, (count + 1, 2, draws), dtype))(keys)
    uniforms = jnp.moveaxis(uniforms, 0, 2)  # (n+1 2 B draws)

    def choose(logs: Array, uniform: Array) -> Array:
        return choose_weighted(jnp.exp(logs - numeric.shift_of(logs, -1, keepdims=True)), uniform)

    def choose_weighted(weights: Array, uniform: Array) -> Array:
        return topdown.inverse_cdf(topdown.cumulate(weights), weights, uniform)

    many = not potentials.factored and draws >= labels
    if many:  # one table of lengths for all of them: (n B m t)
        chosen = probabilities(log_choices(potentials, lengths, messages)).segment
        table = jnp.sum(chosen.reshape(count, potentials.items, longest, labels, labels), 3)
    logs = last_logs(messages, lengths)
    rows = (*logs.shape[:1], draws, labels)
    last = choose(jnp.broadcast_to(logs[:, None], rows), uniforms[0, 0])
    possible = jnp.any(logs > -jnp.inf, -1, keepdims=True)
    walks = _started(_last_ends(jnp.broadcast_to(possible, last.shape), lengths), last, potentials)
    item = numeric.positions(potentials.items)[:, None]

    def step(index: Array, walks: _Walks) -> tuple[_Walks]:
        end, label = _end_and_label(walks.place, labels)
        of_size, of_label = uniforms[index + 1]
        if many:
            size = choose_weighted(table[end, item, :, label], of_size)
        else:
            logs = segment_logs(potentials, messages, end, label)
            if potentials.factored:
                size = choose(logs, of_size)
            else:
                size = choose_weighted(jnp.sum(jnp.exp(logs), -1), of_size)
        before = choose(label_logs(potentials, messages, end, size, label), of_label)
        return (_moved(walks, index, size, before, labels),)

    (walks,) = _until_done(count, (walks,), step)
    return _in_order(walks.places, labels)
