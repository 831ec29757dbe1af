"""Trees from the whole sentence down: a walk chooses the nonterminal of the whole, and of every span that it comes to
the symbols of the two parts and then where they meet.

Walks stand side by side, k for each of B items. Step u of a walk splits its u-th span of more than one word, in the
order in which a span comes before its parts and the left part before the right, as in `constituency.walks`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.split_log import SplitLog
from ..charts import layout
from ..constituency.inside import Logs, Reduce, best
from ..constituency.walks import NONE, start_and_width
from . import fast
from .chart import split
from .inside import Inside, ways_by_split


class Tables(NamedTuple):
    """Logs by item and span, so that what a choice is made of stands in one row. Their parts come last."""

    kind: type
    root: Array  # (B nt parts)
    rule: Array  # (B or 1 nt s*s parts)
    pairs: Array  # (B n n s*s parts): by the first word and the width, what all splits with these symbols add up to
    left: Array  # (B n s n parts): by the first word, the symbol and the width
    right: Array  # (B n s 2n parts): by the last word; splits of a span of width w start at n - w


def tables(of: Inside, reduce: Reduce, lengths: Array) -> Tables:
    """O(n^2 s^2) numbers."""
    words, items, _, symbols = of.extents

    def fill(width: Array, pairs: Logs, rows: int, starts: int) -> Logs:
        found = _pairs(*split(of.chart, of.extents, (width, rows, starts)), of.extents.nonterminals, reduce)
        return layout.put(pairs, jax.tree.map(lambda x: x.reshape(x.size), found), width, 0)

    filled = lambda part: jnp.full((words, words * items * symbols**2), part, of.chart.left.high.dtype)
    nothing = of.kind(*[filled(-jnp.inf if name == "high" else 0.0) for name in of.kind._fields])
    pairs = layout.ascending(words, fill, nothing)
    stacked = lambda logs, change: jnp.stack([change(x) for x in logs], -1)

    def by_word(x: Array) -> Array:
        rows = x[:words, : words * of.extents.columns].reshape(words, words, items, symbols)
        return jnp.transpose(rows, (2, 1, 3, 0))

    def by_span(x: Array) -> Array:
        return jnp.transpose(x.reshape(words, words, items, symbols**2), (2, 1, 0, 3))

    right = stacked(of.chart.right, by_word)
    beside = jnp.zeros_like(right).at[..., 0].set(-jnp.inf)
    rule = lambda x: lax.collapse(x, 2)
    return Tables(
        of.kind,
        stacked(of.root(lengths), lambda x: x),
        stacked(of.grammar.rule, rule),
        stacked(pairs, by_span),
        stacked(of.chart.left, by_word),
        jnp.concatenate([right, beside], 3),
    )


def _pairs(left: Logs, right: Logs, nonterminals: int, reduce: Reduce) -> Logs:
    if isinstance(left, SplitLog):
        return fast.logs_of_pairs(fast.relative(left, right), nonterminals, largest=reduce is best)
    return reduce(ways_by_split(left, right), -1)


class Walks(NamedTuple):
    """Where walks have come to. By step, for each of them (B k): spans of more than one word, `start * n + width`, and
    their nonterminals; by word, preterminals. -1 is none.
    """

    spans: Array  # (n B k)
    labels: Array  # (n B k)
    tags: Array  # (n B k)


# `choose(state, number, active, logs)` of candidates (B k p): the state after it, which walks the k continue, or None
# where each continues itself, and what they chose, (B k).
Choose = Callable[[Any, Array, Array, Logs], tuple[Any, Array | None, Array]]


def walk(tables: Tables, choose: Choose, state: Any, real: Array, lengths: Array) -> tuple[Any, Walks]:
    """All choices of walks, of which those that are not real (B k) have none. Choices are numbered."""
    items, words, symbols, _ = tables.left.shape[:4]
    item = numeric.positions(items)[:, None]
    product = lambda *parts: product_of(tables.kind, *parts)
    of_item = lambda x: item if x.shape[0] == items else jnp.zeros_like(item)

    root = product(jnp.broadcast_to(tables.root[:, None], (*real.shape, *tables.root.shape[1:])))
    state, parent, label = choose(state, jnp.int32(0), real, root)
    some = _following(parent, real) & (lengths > 1)[:, None]
    none = jnp.full((words, *real.shape), NONE, jnp.int32)
    first = jnp.where(some, (lengths - 1)[:, None], NONE)
    walks = Walks(none.at[0].set(first), none.at[0].set(jnp.where(some, label, NONE)), none)

    def step(number: Array, carry: tuple[Any, Walks]) -> tuple[Any, Walks]:
        state, walks = carry
        span, label = (lax.dynamic_index_in_dim(x, number, 0, keepdims=False) for x in walks[:2])
        start, width = start_and_width(span, words)
        pairs = numeric.read(tables.pairs, item, start, width)
        rules = numeric.read(tables.rule, of_item(tables.rule), jnp.maximum(label, 0))
        state, parent, pair = choose(state, 2 * number + 1, span != NONE, product(pairs, rules))
        walks, span = _following(parent, (walks, span))
        start, width = start_and_width(span, words)
        both = lax.div(pair, jnp.int32(symbols)), lax.rem(pair, jnp.int32(symbols))
        ways = numeric.positions(max(words - 1, 1))
        of_left = numeric.read(tables.left, item, start, both[0])[:, :, : len(ways)]
        deep = lambda x: x[..., None]
        at = deep(words - width) + ways
        of_right = numeric.read(tables.right, deep(item), deep(start + width), deep(both[1]), at)
        state, parent, choice = choose(state, 2 * number + 2, span != NONE, product(of_left, of_right))
        walks, span, both = _following(parent, (walks, span, both))
        return state, divided(walks, number, span, both, choice, tables.root.shape[1])

    return lax.fori_loop(jnp.int32(0), jnp.int32(words - 1), step, (state, walks))


def _following(parent: Array | None, tree: Any) -> Any:
    """Of walks (... B k) those that are continued."""
    if parent is None:
        return tree
    continued = lambda x: jnp.take_along_axis(x, parent.reshape(*[1] * (x.ndim - 2), *parent.shape), -1)
    return jax.tree.map(continued, tree)


def product_of(kind: type, *factors: Array) -> Logs:
    """Of logs whose parts stand in the last axis."""
    return functools.reduce(kind.times, [kind(*jnp.moveaxis(x, -1, 0)) for x in factors])


def divided(
    walks: Walks, step: Array, span: Array, symbols: tuple[Array, Array], choice: Array, nonterminals: int
) -> Walks:
    """After a step in which a span of each walk (B k) was split into parts of these symbols, the left one of width
    `choice`.
    """
    words = walks.spans.shape[0]
    start, width = start_and_width(span, words)
    item, walk = jnp.indices(span.shape, jnp.int32, sparse=True)
    starts, widths = jnp.stack([start, start + choice + 1]), jnp.stack([choice, width - choice - 1])
    # The left part comes next, and after all that it is split into the right part.
    places = step + 1 + jnp.stack([jnp.zeros_like(choice), choice])
    places = jnp.where((span != NONE) & (widths > 0), places, words)
    word = jnp.where((span != NONE) & (widths == 0), starts, words)
    put = lambda x, at, values: x.at[at, item, walk].set(values, mode="drop")
    labels = jnp.stack(symbols)
    return Walks(
        put(walks.spans, places, starts * words + widths),
        put(walks.labels, places, labels),
        put(walks.tags, word, labels - nonterminals),
    )


def compact(walks: Walks) -> dict[str, Array]:
    """(k B n-1 3), (k B n)."""
    words = walks.spans.shape[0]
    spans, labels = walks.spans[: words - 1], walks.labels[: words - 1]
    start, width = start_and_width(spans, words)
    rows = jnp.stack([start, start + width, labels], -1)
    rows = jnp.where((spans != NONE)[..., None], rows, -1)
    return {"spans": jnp.transpose(rows, (2, 1, 0, 3)), "tags": jnp.transpose(walks.tags, (2, 1, 0))}
