"""What walks choose from by charts of logs: the symbols of the two parts, and then where they meet."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..charts import layout
from ..constituency.inside import Logs, Reduce
from .chart import split
from .inside import Inside, ways_by_split
from .walks import Outcome


class LogWays(NamedTuple):
    """Logs by item and span, so that what a choice is made of stands in one row. Their parts come last."""

    whole: Logs  # (B nt): the whole sentence
    rule: Array  # (B or 1 nt s*s parts)
    pairs: Array  # (B n n s*s parts): by the first word and the width, what all splits with these symbols add up to
    left: Array  # (B n s n parts): by the first word, the symbol and the width
    right: Array  # (B n s 2n parts): by the last word; splits of a span of width w start at n - w

    @property
    def nonterminals(self) -> int:
        return self.rule.shape[1]

    def root(self) -> Logs:
        return jax.tree.map(lambda x: x[:, None], self.whole)

    def first(self, start: Array, width: Array, label: Array) -> Logs:
        item = numeric.positions(len(start))[:, None]
        pairs = numeric.read(self.pairs, item, start, width)
        of_item = item if len(self.rule) == len(start) else jnp.zeros_like(item)
        return self._logs(pairs).times(self._logs(numeric.read(self.rule, of_item, label)))

    def second(self, start: Array, width: Array, label: Array, first: Array) -> Logs:
        item, words = numeric.positions(len(start))[:, None], self.left.shape[1]
        left, right = self._symbols(first)
        splits = numeric.positions(max(words - 1, 1))
        of_left = numeric.read(self.left, item, start, left)[:, :, : len(splits)]
        deep = lambda x: x[..., None]
        at = deep(words - width) + splits
        of_right = numeric.read(self.right, deep(item), deep(start + width), deep(right), at)
        return self._logs(of_left).times(self._logs(of_right))

    def outcome(self, width: Array, first: Array, second: Array) -> Outcome:
        return Outcome(self._symbols(first), second)

    def _symbols(self, pair: Array) -> tuple[Array, Array]:
        symbols = jnp.int32(self.left.shape[2])
        return lax.div(pair, symbols), lax.rem(pair, symbols)

    def _logs(self, parts: Array) -> Logs:
        return type(self.whole)(*jnp.moveaxis(parts, -1, 0))


def log_ways(of: Inside, reduce: Reduce, lengths: Array) -> LogWays:
    """O(n^2 s^2) numbers."""
    words, items, _, symbols = of.extents

    def fill(width: Array, pairs: Logs, rows: int, starts: int) -> Logs:
        found = reduce(ways_by_split(*split(of.chart, of.extents, (width, rows, starts))), -1)
        return layout.put(pairs, jax.tree.map(lambda x: x.reshape(x.size), found), width, 0)

    filled = lambda part: jnp.full((words, words * items * symbols**2), part, of.grammar.root.high.dtype)
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
    return LogWays(
        of.root(lengths),
        stacked(of.grammar.rule, lambda x: lax.collapse(x, 2)),
        stacked(pairs, by_span),
        stacked(of.chart.left, by_word),
        jnp.concatenate([right, beside], 3),
    )
