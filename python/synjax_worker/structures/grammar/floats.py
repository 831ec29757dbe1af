"""Charts of optimistic programs: floats, with one whole number for every span, so that steps are matrix products.

The symbols of a span are moved by one whole number to be floats of one scale. A sum that may have lost something to
underflow is NaN, and so is all that reads it: whoever reads the chart refuses that. Words stand apart from the chart,
as rules that have a word as their left or right part: so every step is over pairs of nonterminals alone.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.split_log import SplitLog
from ..charts import layout
from .chart import Sizes
from .potentials import Potentials
from .semiring import MAXIMA, SUMS, Semiring

# Loops over the widths of more than two words. A third would save a tenth of the time at most, and take half as long
# again to compile.
ascending = partial(layout.ascending, first=2, most=2)
descending = partial(layout.descending, 2, most=2)
beyond = partial(layout.longest_run, 2, most=2)  # by how much slabs may reach beyond the chart


class Aligned(NamedTuple):
    """What spans have by nonterminal; positions come after items, and widths last."""

    numbers: Array  # (B n nt n): less the whole number
    top: Array  # (B n n): whole numbers, words' too; NaN is refused
    bottom: Array  # (B n n): the log of the smallest number, +inf where there is none


class FloatChart(NamedTuple):
    """Of sums."""

    left: Aligned  # by the first word and the width
    right: Aligned  # by the last word and n - 1 - width, with nothing beyond
    lossless: Array  # (B): whether no product at all was too small for a float

    @classmethod
    def semiring(cls) -> Semiring:
        return SUMS


class BestChart(FloatChart):
    """Of the best trees: its numbers are logs."""

    __slots__ = ()

    @classmethod
    def semiring(cls) -> Semiring:
        return MAXIMA


class Rules(NamedTuple):
    """Numbers of rules, of which each item has its own or all share one table (1 ...)."""

    all: Array  # (B nt s s)
    of_left_word: Array  # (B n nt s): given the word at the left
    of_right_word: Array  # (B n+ nt nt): given the word at the right, and a nonterminal at the left
    words: Aligned  # of preterminals, (B n pt), (B n) and (B n)
    top: Array  # (B 1): the whole number of all rules
    bottom: Array  # (B 1): the log of the smallest, less that

    @property
    def of_spans(self) -> Array:
        nonterminals = self.all.shape[1]
        return self.all[:, :, :nonterminals, :nonterminals]


class Parts(NamedTuple):
    """How the spans of a width can be split, by the width of the left part. Words have nothing."""

    left: Array  # (B starts nt rows): in the scale of the span
    right: Array  # (B starts nt rows): in its own
    scale: Array  # (B starts rows): of what a split consists of in the scale of the span, as a log
    top: Array  # (B starts): the whole number of the span


def shared(spec: str, rules: Array) -> str:
    """An einsum with rules as one factor, `bayz`, where items may share them."""
    return spec.replace("bayz", "ayz") if rules.shape[0] == 1 else spec


def by_rule(semiring: Semiring, spec: str, rules: Array, x: Array) -> Array:
    table = rules[0] if rules.shape[0] == 1 else rules
    return semiring.contract(shared(spec, rules), x, table)


def relative(logs: SplitLog) -> tuple[Array, Array]:
    """Logs moved by one whole number along the last axis, and that number; -inf where there are none."""
    top = jnp.max(logs.high, -1)
    return (logs.high - numeric.finite_or_zero(top)[..., None]) + logs.low, lax.stop_gradient(top)


def bottom_of(logs: Array, axes: int | tuple[int, ...]) -> Array:
    """The smallest log but -inf."""
    fixed = lax.stop_gradient(logs)
    return jnp.min(jnp.where(jnp.isneginf(fixed), jnp.inf, fixed), axes)


def rules_of(semiring: Semiring, grammar: Potentials) -> Rules:
    words, nonterminals = grammar.preterminal.high.shape[1], grammar.rule.high.shape[1]
    logs, top = relative(SplitLog(*(lax.collapse(x, 1) for x in grammar.rule)))
    rules = semiring.number(logs).reshape(grammar.rule.high.shape)
    of_words, top_of_words = relative(grammar.preterminal)
    numbers = semiring.number(of_words)
    left = by_rule(semiring, "biy,bayz->biaz", rules[:, :, nonterminals:], numbers)
    right = by_rule(semiring, "biz,bayz->biay", rules[:, :, :nonterminals, nonterminals:], numbers)
    right = jnp.pad(right, ((0, 0), (0, beyond(words)), (0, 0), (0, 0)), constant_values=semiring.zero)
    return Rules(
        rules,
        left,
        right,
        Aligned(numbers, top_of_words, numeric.finite_or_zero(top_of_words) + bottom_of(of_words, -1)),
        numeric.finite_or_zero(top)[:, None],
        bottom_of(logs, -1)[:, None],
    )


# --------------------------------------------------------------------------------------------------------------- slabs


def left_slab(x: Array, sizes: Sizes) -> Array:
    """Of (B n ... n), what may be the left part of the spans of a width, (B starts ... rows)."""
    _, rows, starts = sizes
    return x[:, :starts, ..., :rows]


def right_slab(x: Array, words: int, sizes: Sizes) -> Array:
    width, rows, starts = sizes
    return sliced(x, (width, words - width), (starts, rows))


def sliced(x: Array, at: tuple, sizes: tuple[int, int]) -> Array:
    """Of (B n ... n), a part along the positions and along the widths."""
    between = x.shape[2:-1]
    start = (0, at[0], *[0] * len(between), at[1])
    sizes = (x.shape[0], sizes[0], *between, sizes[1])
    return lax.dynamic_slice(x, list(map(jnp.int32, start)), sizes, allow_negative_indices=False)


def put(x: Array, row: Array, position: Array | int, width: Array) -> Array:
    """With what spans (B starts ...) of a width have."""
    start = (0, position, *[0] * (x.ndim - 3), width)
    return lax.dynamic_update_slice(
        x, row[..., None], list(map(jnp.int32, start)), allow_negative_indices=False
    )


def row_of(x: Array, width: Array, starts: int) -> Array:
    """(B starts ...): of a left-aligned chart, the spans of a width."""
    return sliced(x, (0, width), (starts, 1))[..., 0]


def with_row(left: Array, right: Array, row: Array, width: Array) -> tuple[Array, Array]:
    return put(left, row, 0, width), put(right, row, width, left.shape[-1] - 1 - width)


def parts(chart: FloatChart, sizes: Sizes) -> Parts:
    semiring, words = chart.semiring(), chart.left.top.shape[-1]
    tops = left_slab(chart.left.top, sizes) + right_slab(chart.right.top, words, sizes)
    top = numeric.shift_of(tops, -1)
    scale = tops - top[..., None]
    left = semiring.times(left_slab(chart.left.numbers, sizes), semiring.number(scale)[:, :, None])
    return Parts(left, right_slab(chart.right.numbers, words, sizes), scale, top)


def totals(semiring: Semiring, rules: Rules, ways: Parts, width: Array) -> Array:
    """(B starts nt): of all ways to make the spans of a width, of more than two words."""
    pairs = semiring.contract("biyk,bizk->biyz", ways.left, ways.right)
    wide = by_rule(semiring, "biyz,bayz->bia", rules.of_spans, pairs)
    beside = semiring.times(ways.right[..., 0], semiring.number(ways.scale[..., :1]))
    return semiring.plus(wide, beside_words(semiring, rules, last_of(ways.left, width), beside, width))


def last_of(left: Array, width: Array) -> Array:
    """(B starts nt): of the left parts (B starts nt rows), those that a word stands beside."""
    return lax.dynamic_index_in_dim(left, width - 1, 3, keepdims=False)


def beside_words(semiring: Semiring, rules: Any, left: Array, right: Array, width: Array) -> Array:
    """(B starts nt): of a part (B starts nt) and a word at its right, and of a word and a part at its right."""
    starts, nonterminals = left.shape[1:]
    of_left = rules.of_left_word[:, :starts, :, :nonterminals]
    of_right = lax.dynamic_slice_in_dim(rules.of_right_word, width, starts, 1)
    return semiring.plus(
        semiring.contract("biaz,biz->bia", of_left, right), semiring.contract("biay,biy->bia", of_right, left)
    )


def totals_of_two(semiring: Semiring, rules: Rules) -> Array:
    """(B n-1 nt): of spans of two words, in the scale of both."""
    nonterminals = rules.all.shape[1]
    left = rules.of_left_word[:, :-1, :, nonterminals:]
    return semiring.contract("biaz,biz->bia", left, rules.words.numbers[:, 1:])


def top_of_two(rules: Rules) -> Array:
    """(B n-1): the whole number of both."""
    return numeric.finite_or_zero(rules.words.top[:, :-1] + rules.words.top[:, 1:])
