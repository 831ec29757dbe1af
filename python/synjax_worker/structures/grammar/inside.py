"""The inside pass: logs of what all trees below a span and symbol add up to (Baker 1979), and their derivatives.

Logs are exact at any scale, see `constituency.inside`. An optimistic program has floats in their place, see `floats`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import is_optimistic, refuse_where
from ...numerics.split_log import SplitLog
from ..charts import layout
from ..constituency.inside import LARGEST_WHOLE, Logs, Reduce, best, summed
from . import float_inside, float_tangents
from .chart import Chart, Extents, Numbers, Sizes, of_spans, recursion, row_of_spans, split, whole
from .floats import BestChart, FloatChart
from .potentials import Potentials, cleaned, map_logs


class Inside(NamedTuple):
    """A chart, and what it was made with."""

    grammar: Potentials  # of logs, with axes of items
    chart: Chart | FloatChart  # of logs, or of floats

    @property
    def extents(self) -> Extents:
        items, words, _ = self.grammar.preterminal.high.shape
        nonterminals, symbols = self.grammar.rule.high.shape[-3:-1]
        return Extents(words, items, nonterminals, symbols)

    @property
    def kind(self) -> type:
        return type(self.grammar.root)

    @property
    def has_floats(self) -> bool:
        return isinstance(self.chart, FloatChart)

    def root(self, lengths: Array) -> Logs:
        """(B nt): the weights of the nonterminals of the whole sentence."""
        if self.has_floats:
            found = float_inside.root(self.chart, lengths)
        else:
            found = whole(self.chart, self.extents, lengths)
        return found.times(self.grammar.root)


def refuse_large(potentials: Potentials, lengths: Array) -> None:
    """An optimistic program refuses log-potentials whose sums over a tree may round: there are 2n of them."""
    if is_optimistic():
        bound = LARGEST_WHOLE / (3 * potentials.words)
        large = lambda x: jnp.any(jnp.abs(numeric.finite_or_zero(x)) >= bound)
        found = [large(x) for x in jax.tree.leaves(cleaned(potentials, lengths))]
        refuse_where(jnp.any(jnp.stack(found)))


def certified(of: Inside) -> Inside:
    """An optimistic program refuses a chart of which a sum lost something."""
    if of.has_floats:
        refuse_where(jnp.any(jnp.isnan(of.chart.left.top)))
    return of


def inside(grammar: Potentials, reduce: Reduce = summed) -> Inside:
    """Of logs. Plain code."""
    made = Inside(grammar, None)
    if made.kind is SplitLog:
        return Inside(grammar, float_inside.inside(BestChart if reduce is best else FloatChart, grammar))
    nothing = made.kind.from_log(jnp.asarray(-np.inf, grammar.root.high.dtype))
    span = _chart_of_spans(grammar)

    def combine(left: Logs, right: Logs, sizes: Sizes) -> Logs:
        found = _step(grammar, reduce, left, right)
        return found if span is None else found.times(row_of_spans(span, made.extents, sizes))

    return Inside(grammar, recursion(grammar.preterminal, nothing, made.extents, combine))


def _step(grammar: Potentials, reduce: Reduce, left: Logs, right: Logs) -> Logs:
    """(starts B nt): from parts (starts B s rows) to spans."""
    return reduce(ways_by_rule(grammar, reduce(ways_by_split(left, right), -1)), -1)


def by_logs(of: Inside) -> Inside:
    """The same with a chart of logs, as far as floats tell them."""
    if not of.has_floats:
        return of
    words, _, nonterminals, _ = of.extents
    numbers = of.chart.left.numbers
    columns, beyond = of.extents.columns, layout.longest_run(1, words)
    logs = SplitLog.above(
        of.chart.left.top[..., None, None], of.chart.semiring().log(jnp.swapaxes(numbers, 2, 3)), -1
    )

    def sides(wide: Array, of_word: Array, filler: float) -> tuple[Array, Array]:
        """(B n n nt) and (B n pt), aligned left and right."""
        after = of.extents.symbols - nonterminals
        wide = jnp.pad(wide, ((0, 0), (0, 0), (0, 0), (0, after)), constant_values=filler)
        wide = wide.at[:, :, 0, nonterminals:].set(of_word)
        left = jnp.transpose(wide, (2, 1, 0, 3)).reshape(words, words * columns)
        right = layout.right_aligned(left, filler)[::-1]
        return left, layout.padded(right, beyond, beyond * columns, filler)

    sides_of = [sides(*x) for x in zip(logs, of.grammar.preterminal, (-jnp.inf, 0.0), strict=True)]
    return of._replace(chart=Chart(*(SplitLog(*side) for side in zip(*sides_of, strict=True))))


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
    fractions = _fractions(map_logs(lambda x: x.low, grammar), known)
    return Inside(grammar, _with_fractions(known.chart, fractions))


def _fractions_of(chart: Chart | FloatChart) -> Any:
    """What of a chart has a derivative."""
    if isinstance(chart, FloatChart):
        return float_tangents.numbers_of(chart)
    return map_logs(lambda x: x.low, chart)


def _with_fractions(chart: Chart | FloatChart, fractions: Any) -> Chart | FloatChart:
    if isinstance(chart, FloatChart):
        return float_tangents.with_numbers(chart, fractions)
    return map_logs(_with_low, chart, fractions)


def _with_low(logs: Logs, low: Array) -> Logs:
    return logs._replace(low=low)


@jax.custom_jvp
def _fractions(grammar: Potentials, known: Inside) -> Any:
    return _fractions_of(known.chart)


@_fractions.defjvp
def _fractions_derivative(primals, tangents):
    """The derivative of a log is the expected derivative of what it sums over."""
    grammar, of = primals
    fractions = _fractions(*primals)
    made = Inside(map_logs(_with_low, of.grammar, grammar), _with_fractions(of.chart, fractions))
    moved = map_logs(lambda logs, x: jnp.where(logs.high > -jnp.inf, x, 0), of.grammar, tangents[0])
    if of.has_floats:
        return fractions, float_tangents.moved(made.grammar, moved, made.chart)
    span = None if moved.span is None else of_spans(moved.span, 0.0)

    def combine(left: Array, right: Array, sizes: Sizes) -> Array:
        @jax.checkpoint
        def along(left: Array, right: Array, width: Array) -> Array:
            parts = split(made.chart, made.extents, (width, *sizes[1:]))

            def step(rule: Array, *lows: Array) -> Array:
                grammar = made.grammar._replace(rule=made.grammar.rule._replace(low=rule))
                return _step(grammar, summed, *map(_with_low, parts, lows)).low

            at = made.grammar.rule.low, *(logs.low for logs in parts)
            return jax.jvp(step, at, (moved.rule, left, right))[1]

        found = along(left, right, sizes[0])
        return found if span is None else found + row_of_spans(span, made.extents, sizes)

    nothing = jnp.zeros((), moved.preterminal.dtype)
    return fractions, recursion(moved.preterminal, nothing, made.extents, combine)
