"""The inside pass in the space of ranks (Cohen, Satta & Collins 2013; Yang, Liu & Tu 2022), and its derivatives.

What stands below a span and nonterminal is a sum over ranks of what all splits add up to, and a rank's two parts are
found independently of each other: so all splits are elementwise products of two charts of ranks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ...numerics import numeric
from ..charts import layout
from ..constituency.inside import Logs
from ..grammar.chart import Extents, Numbers, Sizes, split
from ..grammar.potentials import map_logs
from .factor import total
from .potentials import Potentials


class Chart(NamedTuple):
    """Of what stands below spans, see `charts.layout`."""

    left: Numbers  # (n, n*B*r): of the left part of every rank
    right: Numbers  # (n + ..., (n + ...)*B*r), right-aligned: of the right part
    spans: Numbers  # (n, n*B*nt): of nonterminals


class Row(NamedTuple):
    """Of the spans of a width."""

    left: Numbers  # (starts B r)
    right: Numbers  # (starts B r)
    spans: Numbers  # (starts B nt)


class Inside(NamedTuple):
    """A chart, and what it was made with."""

    grammar: Potentials  # of logs, with axes of items
    chart: Chart  # of logs

    @property
    def extents(self) -> Extents:
        """Of the charts of ranks, which stand in place of symbols."""
        items, words, _ = self.grammar.preterminal.high.shape
        return Extents(words, items, *self.grammar.to_rank.high.shape[-2:])

    @property
    def kind(self) -> type:
        return type(self.chart.left)

    def root(self, lengths: Array) -> Logs:
        """(B nt): the weights of the nonterminals of the whole sentence."""
        words, items, nonterminals, _ = self.extents
        item, last = numeric.positions(items), jnp.maximum(lengths - 1, 0)
        first = lambda x: x[:, : items * nonterminals].reshape(words, items, nonterminals)
        whole = jax.tree.map(lambda x: numeric.read(first(x), last, item), self.chart.spans)
        return whole.times(self.grammar.root)


def wide(part: Logs, nonterminals: int) -> Logs:
    """(B r nt): of a rank's part (B r s), its symbols of more than one word."""
    return jax.tree.map(lambda x: x[..., :nonterminals], part)


def of_word(part: Logs, nonterminals: int) -> Logs:
    """(B r pt): its symbols of one word."""
    return jax.tree.map(lambda x: x[..., nonterminals:], part)


def parts_of_words(grammar: Potentials) -> tuple[Logs, Logs]:
    """(n B r): the left and right parts of one word."""
    words = jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), grammar.preterminal)
    nonterminals = grammar.to_rank.high.shape[-2]
    left, right = (of_word(part, nonterminals) for part in (grammar.to_left, grammar.to_right))
    return total(left, words), total(right, words)


def step(grammar: Potentials, left: Logs, right: Logs) -> Row:
    """From parts (starts B r rows) to spans."""
    nonterminals = grammar.to_rank.high.shape[-2]
    spans = total(grammar.to_rank, left.times(right).total(-1))
    left, right = (total(wide(part, nonterminals), spans) for part in (grammar.to_left, grammar.to_right))
    return Row(left, right, spans)


def recursion(
    words: tuple[Numbers, Numbers],
    nothing: Numbers,
    extents: Extents,
    combine: Callable[[Numbers, Numbers, Sizes], Row],
) -> Chart:
    """From short spans to long ones, of the left and right parts of one word (n B r). Plain code."""
    count, items, nonterminals, _ = extents
    beyond = layout.longest_run(1, count)
    filled = lambda *shape: jax.tree.map(lambda x: jnp.full(shape, x), nothing)
    flat = lambda row: jax.tree.map(lambda x: x.reshape(x.size), row)

    def with_parts(chart: Chart, width: Any, left: Numbers, right: Numbers) -> Chart:
        at = count - 1 - width, width * extents.columns
        return chart._replace(
            left=layout.put(chart.left, flat(left), width, 0),
            right=layout.put(chart.right, flat(right), *at),
        )

    def of_width(width: Array, chart: Chart, rows: int, starts: int) -> Chart:
        sizes = width, rows, starts
        row = combine(*split(chart, extents, sizes), sizes)
        chart = chart._replace(spans=layout.put(chart.spans, flat(row.spans), width, 0))
        return with_parts(chart, width, row.left, row.right)

    empty = Chart(
        filled(count, count * extents.columns),
        filled(count + beyond, (count + beyond) * extents.columns),
        filled(count, count * items * nonterminals),
    )
    return layout.ascending(count, of_width, with_parts(empty, 0, *words))


def inside(grammar: Potentials) -> Inside:
    """Of logs. O(n^3 r + n^2 s r), plain code."""
    nothing = type(grammar.root).from_log(jnp.asarray(-np.inf, grammar.root.high.dtype))
    made = Inside(grammar, None)
    combine = lambda left, right, sizes: step(grammar, left, right)
    return Inside(grammar, recursion(parts_of_words(grammar), nothing, made.extents, combine))


# ---------------------------------------------------------------------------------------------------------- derivatives


def differentiable(grammar: Potentials, known: Inside) -> Inside:
    """A known inside pass, with derivatives of any order by the logs of a grammar."""
    low = lambda tree: map_logs(lambda x: x.low, tree)
    return Inside(grammar, _with_lows(known.chart, _lows(low(grammar), known, low(known.chart))))


@jax.custom_jvp
def _lows(grammar: Potentials, of: Inside, known: Chart) -> Chart:
    return known


@_lows.defjvp
def _lows_derivative(primals, tangents):
    """The derivative of a log is the expected derivative of what it sums over."""
    grammar, of, _ = primals
    lows = _lows(*primals)
    made = Inside(_with_lows(of.grammar, grammar), _with_lows(of.chart, lows))
    moved = map_logs(lambda logs, x: jnp.where(logs.high > -jnp.inf, x, 0), of.grammar, tangents[0])

    def along(compute: Callable[[Potentials], Any]) -> Any:
        """The derivative of what is computed of the lows of a grammar."""
        of_lows = lambda lows: map_logs(lambda x: x.low, compute(_with_lows(of.grammar, lows)))
        return jax.jvp(of_lows, (grammar,), (moved,))[1]

    def combine(left: Array, right: Array, sizes: Sizes) -> Row:
        @jax.checkpoint
        def of_width(left: Array, right: Array, width: Array) -> Row:
            parts = split(made.chart, made.extents, (width, *sizes[1:]))

            def lows_of(grammar: Potentials, *parts_lows: Array) -> Row:
                given = _with_lows(of.grammar, grammar), *map(_with_lows, parts, parts_lows)
                return map_logs(lambda x: x.low, step(*given))

            at = grammar, *(logs.low for logs in parts)
            return jax.jvp(lows_of, at, (moved, left, right))[1]

        return of_width(left, right, sizes[0])

    nothing = jnp.zeros((), moved.preterminal.dtype)
    return lows, recursion(along(parts_of_words), nothing, made.extents, combine)


def _with_lows(tree: Any, lows: Any) -> Any:
    return map_logs(lambda logs, low: logs._replace(low=low), tree, lows)
