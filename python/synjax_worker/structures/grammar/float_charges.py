"""What trees cost in expectation, by charts of floats: entropy and divergence of optimistic programs.

The charge of a span and nonterminal is what its trees cost, -log q + less * log p, with p and q taken as numbers of the
charts: so the numbers that a span shares are all that has to be taken off where it is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.split_log import SplitLog
from .chart import Sizes
from .floats import (
    FloatChart,
    Rules,
    ascending,
    beside_words,
    beyond,
    by_rule,
    last_of,
    left_slab,
    parts,
    relative,
    right_slab,
    row_of,
    rules_of,
    top_of_two,
    totals_of_two,
    with_row,
)
from .potentials import Potentials
from .semiring import SUMS


class Of(NamedTuple):
    """A distribution."""

    grammar: Potentials  # of logs
    chart: FloatChart


def cost(less: float, p: Array, q: Array) -> Array:
    """Of logs; 0 where either is -inf."""
    known = (p > -jnp.inf) & (q > -jnp.inf)
    return jnp.where(known, less * jnp.where(known, p, 0) - jnp.where(known, q, 0), 0)


class _Charged(NamedTuple):
    """Numbers times charges, of what does not depend on spans."""

    rules: Array  # (B nt nt nt)
    of_left_word: Array  # (B n nt s)
    of_right_word: Array  # (B n+ nt nt)
    words: Array  # (B n pt)


def _charged(p: Potentials, q: Potentials, rules: Rules, less: float) -> _Charged:
    tables = [(SplitLog(*(lax.collapse(x, 1) for x in of.rule)), of.preterminal) for of in (p, q)]
    of_rules, of_words = (cost(less, *(relative(x)[0] for x in both)) for both in zip(*tables, strict=True))
    numbers, nonterminals = rules.words.numbers, p.rule.high.shape[1]
    charged = rules.all * of_rules.reshape(*of_rules.shape[:1], *p.rule.high.shape[1:])
    words = numbers * of_words

    def given(spec: str, of: Callable[[Array], Array]) -> Array:
        return by_rule(SUMS, spec, of(rules.all), words) + by_rule(SUMS, spec, of(charged), numbers)

    left = given("biy,bayz->biaz", lambda x: x[:, :, nonterminals:])
    right = given("biz,bayz->biay", lambda x: x[:, :, :nonterminals, nonterminals:])
    right = jnp.pad(right, ((0, 0), (0, beyond(right.shape[1])), (0, 0), (0, 0)))
    return _Charged(charged[:, :, :nonterminals, :nonterminals], left, right, words)


def charges(p: Of, q: Of, less: float, lengths: Array) -> Array:
    """(B nt): what the trees of the whole sentence cost under p, given its nonterminal. O(n^3 nt^2), plain code."""
    items, words, nonterminals, _ = p.chart.left.numbers.shape
    rules, theirs = rules_of(SUMS, p.grammar), rules_of(SUMS, q.grammar)
    charged, product = _charged(p.grammar, q.grammar, rules, less), SUMS.contract
    zeros = lambda size: jnp.zeros((items, size, nonterminals, size), rules.all.dtype)

    def charge(total: Array, width: Array | int, top: Array, other: Array) -> Array:
        """(B starts nt): of what all ways cost together, at these whole numbers of p and of q."""
        row = lambda x: row_of(x, width, total.shape[1])
        mine = numeric.finite_or_zero(row(p.chart.left.top) - (top + rules.top))
        others = numeric.finite_or_zero(row(q.chart.left.top) - (other + theirs.top))
        sums = row(p.chart.left.numbers) * jnp.exp(mine)[..., None]
        return total * numeric.reciprocal(sums) + (others - less * mine)[..., None]

    state = zeros(words), zeros(rules.of_right_word.shape[1])
    if words > 1:
        total = totals_of_two(SUMS, rules._replace(words=rules.words._replace(numbers=charged.words)))
        total = total + totals_of_two(SUMS, rules._replace(of_left_word=charged.of_left_word))
        state = with_row(*state, charge(total, 1, top_of_two(rules), top_of_two(theirs)), 1)

    def step(width: Array, state: tuple[Array, Array], rows: int, starts: int) -> tuple[Array, Array]:
        # Computed again for a derivative: what stands between is larger than all that stays.
        @jax.checkpoint
        def of_width(left: Array, right: Array, width: Array) -> Array:
            sizes = width, rows, starts
            ways, others = parts(p.chart, sizes), parts(q.chart, sizes)
            of_split = cost(less, ways.scale, others.scale)[:, :, None]
            left, right = ways.left * (left + of_split), ways.right * right
            pairs = product("biyk,bizk->biyz", ways.left, ways.right)
            below = product("biyk,bizk->biyz", left, ways.right)
            below = below + product("biyk,bizk->biyz", ways.left, right)
            scale = jnp.exp(ways.scale[..., :1])
            beside = ways.right[..., 0] * scale
            beside_charged = right[..., 0] * scale + beside * of_split[..., 0]
            total = by_rule(SUMS, "biyz,bayz->bia", rules.of_spans, below)
            total = total + by_rule(SUMS, "biyz,bayz->bia", charged.rules, pairs)
            total = total + beside_words(SUMS, rules, last_of(left, width), beside_charged, width)
            total = total + beside_words(SUMS, charged, last_of(ways.left, width), beside, width)
            return charge(total, width, ways.top, others.top)

        sizes: Sizes = width, rows, starts
        row = of_width(left_slab(state[0], sizes), right_slab(state[1], words, sizes), width)
        return with_row(*state, row, width)

    left, _ = ascending(words, step, state)
    item, last = numeric.positions(items), jnp.maximum(lengths - 1, 0)
    of_sentence = lambda x: numeric.read(jnp.moveaxis(x[:, 0], -1, 1), item, last)
    logs = [SUMS.log(of_sentence(of.chart.left.numbers)) for of in (p, q)]
    return of_sentence(left) - cost(less, *logs)
