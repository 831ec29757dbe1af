"""Trees from the whole sentence down: a walk chooses how to split each span that it comes to.

Walks stand side by side, k for each of B items. Step u of a walk splits its u-th span of more than one word, in the
order in which a span comes before its parts and the left part before the right: a tree over w + 1 words has w of them.
So where the parts of a span stand in that order is known when it is split, and nothing has to be sorted.

A span is one number, `start * n + width`; -1 is none.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from .inside import Chart, Logs

NONE = -1


class Tables(NamedTuple):
    """A chart by item and word, so that what a span is made of stands in one row of each. Parts of logs come last."""

    kind: type
    left: Array  # (B n n parts): by the first word of a span
    right: Array  # (B n 2n parts): by its last word; splits of a span of width w start at n - w, and end with zeros


def tables(chart: Chart) -> Tables:
    words, items = chart.words, chart.items
    rows = lambda x: x[:words, : words * items].reshape(words, words, items)
    by_word = lambda logs: jnp.transpose(jnp.stack([rows(x) for x in logs]), (3, 2, 1, 0))
    right = by_word(chart.right)
    nothing = jnp.zeros_like(right).at[..., 0].set(-jnp.inf)
    return Tables(type(chart.left), by_word(chart.left), jnp.concatenate([right, nothing], 2))


def splits_of(tables: Tables, span: Array) -> Logs:
    """(B k m): the weights of the ways to split spans (B k), by the width of the left part, below m."""
    words = tables.left.shape[1]
    item = numeric.positions(span.shape[0])[:, None]
    start, width = start_and_width(span, words)
    ways = numeric.positions(most_splits(words))
    of_left = numeric.read(tables.left, item, start)[:, :, : len(ways)]
    at = (words - width)[..., None] + ways
    of_right = numeric.read(tables.right, item[..., None], (start + width)[..., None], at)
    left, right = (tables.kind(*jnp.moveaxis(x, -1, 0)) for x in (of_left, of_right))
    return left.times(right)


def most_splits(words: int) -> int:
    return max(words - 1, 1)


def numbered(start: Array, width: Array, words: int) -> Array:
    """A span as one number."""
    return start * _stride(words) + width


def start_and_width(span: Array, words: int) -> tuple[Array, Array]:
    """0 and 0 where there is none."""
    span, stride = jnp.maximum(span, 0), jnp.int32(_stride(words))
    return lax.div(span, stride), lax.rem(span, stride)


def _stride(words: int) -> int:
    """Odd. By a power of two a remainder is a mask, and of a difference of that and a constant, as an index into what
    is gathered, XLA made an address that lies 2^32 elements too far (jaxlib 0.10.2, on a CPU, with 8 words).
    """
    return words | 1


def started(real: Array, lengths: Array, words: int) -> Array:
    """(n B k): of each walk the spans of more than one word that it is still to split, by step. Those that are not real
    have none.
    """
    last = (lengths - 1)[:, None]
    first = jnp.where(real & (last > 0), last, NONE).astype(jnp.int32)
    agenda = jnp.full((words, *first.shape), NONE, jnp.int32)
    return agenda.at[0].set(first)


def divided(agenda: Array, step: Array, choice: Array) -> Array:
    """After a step in which a span of each walk was split by the width of its left part (B k)."""
    words = agenda.shape[0]
    span = lax.dynamic_index_in_dim(agenda, step, 0, keepdims=False)
    start, width = start_and_width(span, words)
    item, walk = jnp.indices(span.shape, jnp.int32, sparse=True)
    # The left part comes next, and after all that it is split into the right part.
    starts, widths = jnp.stack([start, start + choice + 1]), jnp.stack([choice, width - choice - 1])
    places = step + 1 + jnp.stack([jnp.zeros_like(choice), choice])
    places = jnp.where((span != NONE) & (widths > 0), places, words)
    return agenda.at[places, item, walk].set(numbered(starts, widths, words), mode="drop")


def in_order(agenda: Array, real: Array, lengths: Array) -> Array:
    """All spans of the walks (2n-1 B k), those of one word among the others: each before its parts, the left part
    first.
    """
    words = agenda.shape[0]
    item, walk = jnp.indices(real.shape, jnp.int32, sparse=True)
    start, _ = start_and_width(agenda, words)
    some = agenda != NONE
    # Before a span stand the words on the left of it; before a word also the spans that start there or earlier.
    word = numeric.positions(words)[:, None, None]
    place = jnp.where(some, word + start, 2 * words)
    starting = jnp.zeros(agenda.shape, jnp.int32).at[start, item, walk].add(some.astype(jnp.int32))
    place_of_word = jnp.where(real & (word < lengths[:, None]), word + jnp.cumsum(starting, 0), 2 * words)
    found = jnp.full((2 * words - 1, *real.shape), NONE, jnp.int32)
    spans = jnp.concatenate(
        [agenda, jnp.broadcast_to(numbered(word, jnp.zeros_like(word), words), agenda.shape)]
    )
    return found.at[jnp.concatenate([place, place_of_word]), item, walk].set(spans, mode="drop")


def compact(spans: Array, labels: Array, words: int) -> Array:
    """(k B 2n-1 3): start, end (inclusive) and label of spans (2n-1 B k)."""
    start, width = start_and_width(spans, words)
    rows = jnp.stack([start, start + width, labels], -1)
    return jnp.transpose(jnp.where((spans != NONE)[..., None], rows, -1), (2, 1, 0, 3))


def labels_at(logs: Any, span: Array) -> Any:
    """(B k t): logs or floats (B n n t) of the labels of spans (B k)."""
    items, words = jax.tree.leaves(logs)[0].shape[:2]
    start, width = start_and_width(span, words)
    item = numeric.positions(items)[:, None]
    return jax.tree.map(lambda x: numeric.read(x, item, start, start + width), logs)


def walk(choose: Any, agenda: Array) -> Array:
    """The agenda after all steps; `choose(step, span)` splits spans (B k)."""

    def step(index: Array, agenda: Array) -> Array:
        span = lax.dynamic_index_in_dim(agenda, index, 0, keepdims=False)
        return divided(agenda, index, choose(index, span).astype(jnp.int32))

    words = agenda.shape[0]
    return lax.fori_loop(jnp.int32(0), jnp.int32(words - 1), step, agenda)


def labelled(choose: Any, spans: Array) -> Array:
    """Labels of spans (2n-1 B k), by `choose(row, span)`, one row after the other."""
    rows = numeric.positions(spans.shape[0])
    return lax.map(lambda x: choose(*x).astype(jnp.int32), (rows, spans))
