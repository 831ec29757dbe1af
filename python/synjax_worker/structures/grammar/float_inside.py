"""The inside pass of optimistic programs, over charts of floats (Baker 1979)."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.split_log import SplitLog
from .floats import (
    Aligned,
    FloatChart,
    ascending,
    beyond,
    bottom_of,
    left_slab,
    parts,
    relative,
    right_slab,
    rules_of,
    top_of_two,
    totals,
    totals_of_two,
    with_row,
)
from .potentials import Potentials


def inside(kind: type[FloatChart], grammar: Potentials) -> FloatChart:
    """O(n^3 nt^2 + n^2 nt^3), of logs. Plain code."""
    semiring = kind.semiring()
    items, words, _ = grammar.preterminal.high.shape
    nonterminals = grammar.rule.high.shape[1]
    rules = rules_of(semiring, grammar)

    def nothing(size: int) -> Aligned:
        filled = lambda filler, *shape: jnp.full(shape, filler, rules.all.dtype)
        numbers = filled(semiring.zero, items, size, nonterminals, size)
        return Aligned(numbers, filled(-jnp.inf, items, size, size), filled(jnp.inf, items, size, size))

    def with_spans(chart: FloatChart, found: Array, top: Array, bottom: Array, width: Any) -> FloatChart:
        """With what ways to make the spans of a width add up to, of which the smallest has this log."""
        if grammar.span is not None:
            logs, more = relative(_of_width(grammar.span, width, found.shape[1]))
            found, top = semiring.times(found, semiring.number(logs)), top + more
            bottom = bottom + bottom_of(logs, -1)
        exact = bottom + rules.bottom >= semiring.least
        whole = exact | (jnp.min(found, -1) >= semiring.enough)
        top = jnp.where(whole, top + rules.top, jnp.nan)
        chart = chart._replace(lossless=chart.lossless & jnp.all(exact, 1))
        more = jnp.round(semiring.log(jnp.max(found, -1)))
        smallest = jnp.min(jnp.where(found > semiring.zero, found, jnp.inf), -1)
        numbers = semiring.times(found, semiring.number(-numeric.finite_or_zero(more))[..., None])
        return _with_row(chart, Aligned(numbers, top + more, top + semiring.log(smallest)), width)

    first = rules.words
    chart = kind(nothing(words), nothing(words + beyond(words)), jnp.ones(items, bool))
    chart = _with_row(chart, first._replace(numbers=chart.left.numbers[..., 0]), 0)
    if words > 1:
        top, bottom = top_of_two(rules), first.bottom[:, :-1] + first.bottom[:, 1:]
        chart = with_spans(chart, totals_of_two(semiring, rules), top, bottom - top, 1)

    def step(width: Array, chart: FloatChart, rows: int, starts: int) -> FloatChart:
        sizes = width, rows, starts
        ways = parts(chart, sizes)
        bottom = left_slab(chart.left.bottom, sizes) + right_slab(chart.right.bottom, words, sizes)
        bottom = jnp.min(bottom, -1) - ways.top
        return with_spans(chart, totals(semiring, rules, ways, width), ways.top, bottom, width)

    return ascending(words, step, chart)


def _with_row(chart: FloatChart, row: Aligned, width: Any) -> FloatChart:
    found = [with_row(*x, width) for x in zip(*chart[:2], row, strict=True)]
    left, right = (Aligned(*side) for side in zip(*found, strict=True))
    return chart._replace(left=left, right=right)


def _of_width(span: SplitLog, width: Any, starts: int) -> SplitLog:
    """(B starts nt): of the logs (B n n nt) of spans by first and last word."""
    start = numeric.positions(starts)
    end = jnp.minimum(start + width, span.high.shape[1] - 1)
    return SplitLog(*(x[:, start, end] for x in span))


def root(chart: FloatChart, lengths: Array) -> SplitLog:
    """(B nt): the whole sentence of each item."""
    item, last = numeric.positions(len(lengths)), jnp.maximum(lengths - 1, 0)
    numbers = numeric.read(jnp.moveaxis(chart.left.numbers[:, 0], -1, 1), item, last)
    top = numeric.read(chart.left.top[:, 0], item, last)
    return SplitLog.above(top[:, None, None], chart.semiring().log(numbers), -1)
