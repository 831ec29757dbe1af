"""What walks choose from by charts of floats: first two nonterminals that parts have, or a word and the symbol beside
it; then where the two meet, or the word's preterminal.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.split_log import SplitLog
from .floats import BestChart, FloatChart, Rules, rules_of
from .inside import Inside
from .semiring import Semiring
from .walks import Outcome


class FloatWays(NamedTuple):
    chart: FloatChart  # with nothing at the right of n - 1
    rules: Rules
    whole: SplitLog  # (B nt): the whole sentence

    @property
    def nonterminals(self) -> int:
        return self.whole.high.shape[1]

    @property
    def _semiring(self) -> Semiring:
        return self.chart.semiring()

    def root(self) -> Any:
        logs = self.whole.near_top(-1)[1][:, None]
        return self._candidates(self._semiring.number(logs))

    def first(self, start: Array, width: Array, label: Array) -> Any:
        """nt * nt, then s beside a word at the left, then nt beside one at the right."""
        ring, item = self._semiring, numeric.positions(len(start))[:, None]
        left, right, scale = self._parts(start, width)
        pairs = ring.contract("bkyw,bkzw->bkyz", ring.times(left, scale[:, :, None]), right)
        wide = lax.collapse(ring.times(pairs, self._of_rules(self.rules.of_spans, label)), 2)
        of_words = numeric.read(self.rules.words.numbers, item, start + width)
        of_words = jnp.where((width == 1)[..., None], of_words, ring.zero)
        beside = ring.times(jnp.concatenate([right[..., 0], of_words], -1), scale[..., :1])
        of_left = ring.times(numeric.read(self.rules.of_left_word, item, start, label), beside)
        at = jnp.maximum(width - 1, 0)[..., None, None]
        last = jnp.take_along_axis(ring.times(left, scale[:, :, None]), at, 3)[..., 0]
        of_right = ring.times(numeric.read(self.rules.of_right_word, item, start + width, label), last)
        return self._candidates(jnp.concatenate([wide, of_left, of_right], -1))

    def second(self, start: Array, width: Array, label: Array, first: Array) -> Any:
        ring, item = self._semiring, numeric.positions(len(start))[:, None]
        which = self._which(first)
        left, right, scale = self._parts(start, width, which.symbols)
        splits = ring.times(ring.times(left, right), scale)[..., : max(scale.shape[2] - 1, 1)]
        tag = self.nonterminals + numeric.positions(self.rules.words.numbers.shape[2])
        deep = lambda x: x[..., None]
        left_tag = jnp.where(deep(which.at_left), tag, deep(which.symbols[0]))
        right_tag = jnp.where(deep(which.at_left), deep(which.symbols[1]), tag)
        of_item = item if len(self.rules.all) == len(start) else jnp.zeros_like(item)
        of_rules = numeric.read(self.rules.all, deep(of_item), deep(label), left_tag, right_tag)
        word = jnp.where(which.at_left, start, start + width)
        tags = ring.times(of_rules, numeric.read(self.rules.words.numbers, item, word))
        size = max(splits.shape[2], tags.shape[2])
        padded = lambda x: jnp.pad(x, ((0, 0), (0, 0), (0, size - x.shape[2])), constant_values=ring.zero)
        return self._candidates(jnp.where(deep(which.wide), padded(splits), padded(tags)))

    def outcome(self, width: Array, first: Array, second: Array) -> Outcome:
        which, tag = self._which(first), self.nonterminals + second
        left = jnp.where(which.wide | ~which.at_left, which.symbols[0], tag)
        right = jnp.where(which.wide | which.at_left, which.symbols[1], tag)
        at = jnp.where(which.at_left, 0, width - 1)
        return Outcome((left, right), jnp.where(which.wide, second, at))

    def _which(self, first: Array) -> _First:
        count, symbols = jnp.int32(self.nonterminals), self.rules.all.shape[2]
        beside = first - count * count
        wide, at_left = beside < 0, beside < symbols
        of_pair = lax.div(first, count), lax.rem(first, count)
        left = jnp.where(wide, of_pair[0], jnp.where(at_left, 0, beside - symbols))
        right = jnp.where(wide, of_pair[1], jnp.where(at_left, beside, 0))
        return _First(wide, at_left, (left, right))

    def _of_rules(self, table: Array, label: Array) -> Array:
        item = numeric.positions(len(label))[:, None]
        return numeric.read(table, item if len(table) == len(label) else jnp.zeros_like(item), label)

    def _parts(self, start: Array, width: Array, symbols: Any = None) -> tuple[Array, Array, Array]:
        """Of the parts of spans (B k), (B k nt n) or of some symbols (B k n); and the scales of splits (B k n)."""
        (left, right, _), words = self.chart, self.chart.left.top.shape[-1]
        item = numeric.positions(len(start))[:, None]
        end, splits = start + width, numeric.positions(words)
        deep = lambda x: x[..., None]
        at = deep(words - width) + splits
        tops = numeric.read(left.top, item, start) + numeric.read(right.top, deep(item), deep(end), at)
        scale = self._semiring.number(tops - numeric.shift_of(tops, -1, keepdims=True))
        if symbols is None:
            every = numeric.positions(self.nonterminals)[:, None]
            deeper = lambda x: x[..., None, None]
            of_right = numeric.read(right.numbers, deeper(item), deeper(end), every, at[:, :, None])
            return numeric.read(left.numbers, item, start), of_right, scale
        of_left = numeric.read(left.numbers, item, start, jnp.minimum(symbols[0], self.nonterminals - 1))
        which = jnp.minimum(symbols[1], self.nonterminals - 1)
        return of_left, numeric.read(right.numbers, deep(item), deep(end), deep(which), at), scale

    def _candidates(self, numbers: Array) -> Any:
        """Logs where trees are compared."""
        if not isinstance(self.chart, BestChart):
            return numbers
        return SplitLog.above(jnp.zeros(1, numbers.dtype), numbers, -1)


class _First(NamedTuple):
    """What was chosen first, (B k)."""

    wide: Array  # whether no part is a word
    at_left: Array  # whether the left one is, where one is
    symbols: tuple[Array, Array]  # of the parts; 0 for a word


def float_ways(of: Inside, lengths: Array) -> FloatWays:
    words, ring = of.extents.words, of.chart.semiring()
    right, filler = of.chart.right, of.chart.right._replace(numbers=ring.zero, top=-jnp.inf, bottom=jnp.inf)

    def widened(x: Array, filler: float) -> Array:
        more = max(2 * words - x.shape[-1], 0)
        return jnp.pad(x, [*[(0, 0)] * (x.ndim - 1), (0, more)], constant_values=filler)

    chart = of.chart._replace(right=jax.tree.map(widened, right, filler))
    return FloatWays(chart, rules_of(ring, of.grammar), of.root(lengths))
