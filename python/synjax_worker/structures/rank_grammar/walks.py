"""Samples through the ranks: a walk chooses the nonterminal of the whole sentence, and of every span that it comes to a
rank, where it is split, and then the symbols of both parts.

The symbols of a rank's parts are independent of each other, so a choice is among symbols, ranks or words alone. Walks
are kept as those of `grammar.walks`.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from ..charts import layout
from ..constituency.inside import Logs
from ..constituency.walks import NONE, start_and_width
from ..grammar.chart import split
from ..grammar.walks import Outcome, Walks, compact, divided
from .inside import Inside


class Tables(NamedTuple):
    """Logs by item and span, so that what a choice is made of stands in one row. Their parts come last."""

    kind: type
    root: Array  # (B nt parts)
    to_rank: Array  # (B or 1 nt r parts)
    to_left: Array  # (B or 1 r s parts)
    to_right: Array  # (B or 1 r s parts)
    ranks: Array  # (B n n r parts): by the first word and the width, what all splits add up to
    symbols: Array  # (B n n s parts): by the first word and the width
    left: Array  # (B n r n parts): by the first word, the rank and the width
    right: Array  # (B n r 2n parts): by the last word; splits of a span of width w start at n - w


def tables(of: Inside, lengths: Array) -> Tables:
    """O(n^2 (r + s)) numbers."""
    words, items, nonterminals, ranks = of.extents
    preterminals = of.grammar.preterminal.high.shape[-1]

    def fill(width: Array, found: Logs, rows: int, starts: int) -> Logs:
        left, right = split(of.chart, of.extents, (width, rows, starts))
        sums = left.times(right).total(-1)
        return layout.put(found, jax.tree.map(lambda x: x.reshape(x.size), sums), width, 0)

    stacked = lambda logs: jnp.stack(list(logs), -1)
    parts = len(of.kind._fields)
    by_span = lambda chart, own: jnp.swapaxes(stacked(chart).reshape(words, words, items, own, parts), 0, 2)
    filled = layout.ascending(words, fill, of.chart.left)
    wide = by_span(of.chart.spans, nonterminals)  # (B start width nt parts)
    nothing = jnp.zeros_like(wide[..., :1, :]).at[..., 0].set(-jnp.inf)
    alone = jnp.broadcast_to(nothing, (items, words, words, preterminals, parts))
    alone = alone.at[:, :, 0].set(stacked(of.grammar.preterminal))
    left = jnp.swapaxes(by_span(of.chart.left, ranks), 2, 3)
    inside = lambda x: x[:words, : words * of.extents.columns]
    right = jnp.swapaxes(by_span(jax.tree.map(inside, of.chart.right), ranks), 2, 3)
    beside = jnp.zeros_like(right).at[..., 0].set(-jnp.inf)
    return Tables(
        of.kind,
        stacked(of.root(lengths)),
        *map(stacked, of.grammar[1:4]),
        by_span(filled, ranks),
        jnp.concatenate([wide, alone], 3),
        left,
        jnp.concatenate([right, beside], 3),
    )


def sample(key: Array, of: Inside, tables: Tables, lengths: Array, draws: int) -> dict[str, Array]:
    """Independent trees (draws B ...), four uniform numbers a span.

    A float32 uniform has 24 bits: choices of probability below about 1e-7 are never drawn.
    """
    words, items, nonterminals, _ = of.extents
    keys = jax.random.split(numeric.normal_key(key), items)
    draw = lambda key: jax.random.uniform(key, (words, 4, draws), of.chart.left.low.dtype)
    uniforms = jax.vmap(draw, out_axes=2)(keys)  # (n 4 B draws)

    item, ways = numeric.positions(items)[:, None], numeric.positions(max(words - 1, 1))
    of_item = lambda x: item if x.shape[0] == items else jnp.zeros_like(item)
    read = lambda x, *at: numeric.read(x, of_item(x), *at)
    deep = lambda x: x[..., None]

    def chosen(uniform: Array, *factors: Array) -> Array:
        """(B draws), of products (B draws p) of logs."""
        logs = functools.reduce(tables.kind.times, [tables.kind(*jnp.moveaxis(x, -1, 0)) for x in factors])
        weights = jnp.exp(logs.near_top(-1)[1])
        return topdown.inverse_cdf(topdown.cumulate(weights), weights, uniform).astype(jnp.int32)

    root = jnp.broadcast_to(tables.root[:, None], (items, draws, *tables.root.shape[1:]))
    label = chosen(uniforms[-1, 0], root)
    some = jnp.any(tables.root[..., 0] > -jnp.inf, -1)[:, None] & (lengths > 1)[:, None]
    none = jnp.full((words, items, draws), NONE, jnp.int32)
    first = jnp.where(some, (lengths - 1)[:, None], NONE)
    walks = Walks(none.at[0].set(first), none.at[0].set(jnp.where(some, label, NONE)), none)

    def step(number: Array, walks: Walks) -> Walks:
        span, label, uniform = (
            lax.dynamic_index_in_dim(x, number, 0, keepdims=False) for x in (*walks[:2], uniforms)
        )
        start, width = start_and_width(span, words)
        rank = chosen(
            uniform[0], read(tables.ranks, start, width), read(tables.to_rank, jnp.maximum(label, 0))
        )
        at = deep(words - width) + ways
        of_right = numeric.read(tables.right, deep(item), deep(start + width), deep(rank), at)
        where = chosen(uniform[1], read(tables.left, start, rank)[:, :, : len(ways)], of_right)
        where = jnp.minimum(where, jnp.maximum(width - 1, 0))  # of walks that have come to their end
        left = read(tables.symbols, start, where)
        right = read(
            tables.symbols, jnp.minimum(start + where + 1, words - 1), jnp.maximum(width - where - 1, 0)
        )
        symbols = (
            chosen(uniform[2], left, read(tables.to_left, rank)),
            chosen(uniform[3], right, read(tables.to_right, rank)),
        )
        return divided(walks, number, span, Outcome(symbols, where), nonterminals)

    return compact(lax.fori_loop(jnp.int32(0), jnp.int32(words - 1), step, walks))
