"""The inside pass: logs of what all trees below a span and symbol add up to (Baker 1979), and their derivatives.

Logs are exact at any scale, in an optimistic program as far as they are not refused: see `constituency.inside`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import is_optimistic, refuse_where
from ...numerics.split_log import SplitLog
from ..constituency.inside import LARGEST_WHOLE, Logs, Reduce, best, summed
from . import fast
from .chart import Chart, Extents, Numbers, Sizes, of_spans, recursion, row_of_spans, split, whole
from .potentials import Potentials, cleaned, map_logs


class Inside(NamedTuple):
    """A chart, and what it was made with."""

    grammar: Potentials  # of logs, with axes of items
    chart: Chart  # of logs

    @property
    def extents(self) -> Extents:
        items, words, _ = self.grammar.preterminal.high.shape
        nonterminals, symbols = self.grammar.rule.high.shape[-3:-1]
        return Extents(words, items, nonterminals, symbols)

    @property
    def kind(self) -> type:
        return type(self.chart.left)

    def root(self, lengths: Array) -> Logs:
        """(B nt): the weights of the nonterminals of the whole sentence."""
        return whole(self.chart, self.extents, lengths).times(self.grammar.root)


def refuse_large(potentials: Potentials, lengths: Array) -> None:
    """An optimistic program refuses log-potentials whose sums over a tree may round: there are 2n of them."""
    if is_optimistic():
        bound = LARGEST_WHOLE / (3 * potentials.words)
        large = lambda x: jnp.any(jnp.abs(numeric.finite_or_zero(x)) >= bound)
        found = [large(x) for x in jax.tree.leaves(cleaned(potentials, lengths))]
        refuse_where(jnp.any(jnp.stack(found)))


def certified(of: Inside) -> Inside:
    """An optimistic program refuses a chart of which a sum lost something."""
    refuse_where(jnp.any(jnp.isnan(of.chart.left.high)))
    return of


def inside(grammar: Potentials, reduce: Reduce = summed) -> Inside:
    """Of logs. Plain code."""
    nothing = type(grammar.root).from_log(jnp.asarray(-np.inf, grammar.root.high.dtype))
    made = Inside(grammar, None)
    span, step = _chart_of_spans(grammar), _step(grammar, reduce)

    def combine(left: Logs, right: Logs, sizes: Sizes) -> Logs:
        found = step(left, right)
        return found if span is None else found.times(row_of_spans(span, made.extents, sizes))

    return Inside(grammar, recursion(grammar.preterminal, nothing, made.extents, combine))


def _step(grammar: Potentials, reduce: Reduce) -> Callable[[Logs, Logs], Logs]:
    """(starts B nt): from parts (starts B s rows) to spans."""
    if isinstance(grammar.rule, SplitLog):
        rules, fast_step = fast.rules_of(grammar.rule), fast.best if reduce is best else fast.summed
        return lambda left, right: fast_step(rules, fast.relative(left, right))
    return lambda left, right: reduce(ways_by_rule(grammar, reduce(ways_by_split(left, right), -1)), -1)


def _chart_of_spans(grammar: Potentials) -> Logs | None:
    if grammar.span is None:
        return None
    fillers = [-jnp.inf, *[0.0] * (len(grammar.span) - 1)]
    return type(grammar.span)(*map(of_spans, grammar.span, fillers))


def ways_by_split(left: Logs, right: Logs) -> Logs:
    """(starts B s s rows): of parts with these symbols."""
    return jax.tree.map(lambda x: x[..., :, None, :], left).times(
        jax.tree.map(lambda x: x[..., None, :, :], right)
    )


def ways_by_rule(grammar: Potentials, pairs: Logs) -> Logs:
    """(starts B nt s*s): of pairs of symbols (starts B s s)."""
    found = jax.tree.map(lambda x: x[:, :, None], pairs).times(grammar.rule)
    return jax.tree.map(lambda x: lax.collapse(x, 3), found)


class Choices(NamedTuple):
    """The log-probabilities of how spans of a width are made, given their nonterminals."""

    rule: Array  # (starts B nt s s): of the symbols of the parts, given the nonterminal
    split: Array  # (starts B s s rows): of the width of the left part, given the symbols


def choices(of: Inside, sizes: Sizes) -> Choices:
    ways, symbols = ways_by_split(*split(of.chart, of.extents, sizes)), of.extents.symbols
    top, rest = ways.near_top(-1)
    logs, total = _normalized(rest)
    by_rule, _ = _normalized(ways_by_rule(of.grammar, ways.above(top, total[..., 0], -1)).near_top(-1)[1])
    return Choices(by_rule.reshape(*by_rule.shape[:-1], symbols, symbols), logs)


def _normalized(rest: Array) -> tuple[Array, Array]:
    """Log-probabilities along the last axis, and the logs of the sums, of floats the largest of which is near 0."""
    total = numeric.safe_log(jnp.sum(jnp.exp(rest), -1, keepdims=True))
    return rest - jnp.where(total > -jnp.inf, total, 0), total


# --------------------------------------------------------------------------------------------------------- expectations


def pairs_of(left: Array, right: Array) -> Array:
    """(starts B s s rows): what parts (starts B s rows) bring together."""
    return left[..., :, None, :] + right[..., None, :, :]


def expectation(
    of: Inside, preterminal: Numbers, local: Callable[[Choices, Numbers, Sizes], Numbers]
) -> Chart:
    """A recursion of what adds up along a tree: `local(choices, parts, sizes)` reduces that of pairs of parts,
    (starts B s s rows), to that of spans, (starts B nt). Plain code.
    """
    nothing = jax.tree.map(lambda x: jnp.zeros((), x.dtype), preterminal)

    def combine(left: Numbers, right: Numbers, sizes: Sizes) -> Numbers:
        # Computed again for a derivative: what stands between is larger than all that stays.
        @jax.checkpoint
        def reduced(left: Numbers, right: Numbers, width: Array) -> Numbers:
            of_width = (width, *sizes[1:])
            return local(choices(of, of_width), jax.tree.map(pairs_of, left, right), of_width)

        return reduced(left, right, sizes[0])

    return recursion(preterminal, nothing, of.extents, combine)


def differentiable(grammar: Potentials, known: Inside) -> Inside:
    """A known inside pass, with derivatives of any order by the logs of a grammar."""
    lows = _lows(map_logs(lambda x: x.low, grammar), known, map_logs(lambda x: x.low, known.chart))
    return Inside(grammar, _with_lows(known.chart, lows))


@jax.custom_jvp
def _lows(grammar: Potentials, of: Inside, known: Chart) -> Chart:
    return known


@_lows.defjvp
def _lows_derivative(primals, tangents):
    """The derivative of a log is the expected derivative of what it sums over."""
    grammar, of, _ = primals
    lows = _lows(*primals)
    with_lows = lambda logs, low: logs._replace(low=low)
    made = Inside(map_logs(with_lows, of.grammar, grammar), _with_lows(of.chart, lows))
    moved = map_logs(lambda logs, x: jnp.where(logs.high > -jnp.inf, x, 0), of.grammar, tangents[0])
    span = None if moved.span is None else of_spans(moved.span, 0.0)

    def combine(left: Array, right: Array, sizes: Sizes) -> Array:
        @jax.checkpoint
        def along(left: Array, right: Array, width: Array) -> Array:
            parts = split(made.chart, made.extents, (width, *sizes[1:]))

            def step(rule: Array, *lows: Array) -> Array:
                grammar = made.grammar._replace(rule=made.grammar.rule._replace(low=rule))
                return _step(grammar, summed)(*map(with_lows, parts, lows)).low

            at = made.grammar.rule.low, *(logs.low for logs in parts)
            return jax.jvp(step, at, (moved.rule, left, right))[1]

        found = along(left, right, sizes[0])
        return found if span is None else found + row_of_spans(span, made.extents, sizes)

    nothing = jnp.zeros((), moved.preterminal.dtype)
    return lows, recursion(moved.preterminal, nothing, made.extents, combine)


def _with_lows(chart: Chart, lows: Chart) -> Chart:
    return map_logs(lambda logs, low: logs._replace(low=low), chart, lows)
