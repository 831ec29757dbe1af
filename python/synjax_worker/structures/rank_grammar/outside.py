"""From the whole sentence to its parts, through the ranks: how likely each span with its nonterminal is, and how often
each potential is used.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import drop_forbidden
from ...numerics.numeric import Sum
from ..charts import layout
from ..constituency.inside import Logs
from ..grammar.chart import by_span, split
from ..grammar.outside import FLOATS, Mass
from .factor import divided, passed_on
from .inside import Inside, differentiable, of_word, wide
from .potentials import Potentials, contract, logs_of


class Masses(NamedTuple):
    """In expectation, or the logs of that."""

    used: Potentials  # (B ...): how often each potential is
    spans: Array  # (B n n nt): how often there is such a span

    def as_event(self) -> dict[str, Array]:
        return {"chart": self.spans, "tags": self.used.preterminal}


class _State(NamedTuple):
    left: Array  # (n, n*B*r): what stands at the left parts of ranks
    right: Array  # (n + ..., (n + ...)*B*r)
    spans: Array  # (n, n*B*nt): first the whole sentence, then all wide spans
    to_rank: Array  # (B nt r)
    to_left: Array  # (B r nt)
    to_right: Array  # (B r nt)


def masses(of: Inside, lengths: Array, mass: Mass = FLOATS) -> Masses:
    """Of an inside pass with derivatives: every span passes on what stands at it, to its ranks, from them to where
    they are split, and from there to the symbols of the parts. O(n^3 r + n^2 s r), plain code.
    """
    extents, grammar = of.extents, of.grammar
    words, items, nonterminals, ranks = extents
    beyond = layout.longest_run(1, words)
    root = mass.weight(numeric.log_normalize(of.root(lengths).near_top(-1)[1]))
    nothing = lambda *shape: jnp.full(shape, mass.nothing, root.dtype)

    # Computed again for a derivative: what stands between is larger than all that stays.
    @jax.checkpoint
    def to_symbols(here: tuple[Array, Array], parts: tuple[Logs, Logs], symbols: Logs) -> tuple[Array, ...]:
        """What symbols (starts B c) get of the parts of ranks (starts B r), and the parts (B r c)."""
        (left, to_left), (right, to_right) = (
            passed_on(at, part, symbols, mass) for at, part in zip(here, parts, strict=True)
        )
        return mass.plus(left, right), to_left, to_right

    def of_width(width: Array, state: _State, rows: int, starts: int) -> _State:
        row = lambda x, *at: layout.row_of(x, *at, starts * extents.columns).reshape(starts, items, ranks)
        here = row(state.left, width, 0), row(state.right, words - 1 - width, width * extents.columns)
        symbols = layout.row_of(of.chart.spans, width, 0, starts * items * nonterminals)
        symbols = jax.tree.map(lambda x: x.reshape(starts, items, nonterminals), symbols)
        parts = wide(grammar.to_left, nonterminals), wide(grammar.to_right, nonterminals)
        at_spans, to_left, to_right = to_symbols(here, parts, symbols)
        whole = layout.row_of(state.spans, width, 0, starts * items * nonterminals)
        at_spans = mass.plus(at_spans, whole.reshape(at_spans.shape))

        @jax.checkpoint
        def to_parts(at_spans: Array, width: Array) -> tuple[Array, Array]:
            left, right = split(of.chart, extents, (width, rows, starts))
            ways = left.times(right)
            at_ranks, to_rank = passed_on(at_spans, grammar.to_rank, ways.total(-1), mass)
            return to_rank, divided(at_ranks, ways, mass)

        to_rank, moved = to_parts(at_spans, width)
        moved = jnp.moveaxis(moved, -1, 0).reshape(rows, starts * extents.columns)
        at = words - width, width * extents.columns
        right = mass.plus(layout.slab(state.right, *at, *moved.shape), moved)
        left = mass.plus(state.left[:rows, : moved.shape[1]], moved)
        return _State(
            layout.put(state.left, left, 0, 0),
            layout.put(state.right, right, *at),
            layout.put(state.spans, at_spans.reshape(at_spans.size), width, 0),
            mass.plus(state.to_rank, to_rank),
            mass.plus(state.to_left, to_left),
            mass.plus(state.to_right, to_right),
        )

    at_top = numeric.positions(words)[:, None] == lengths - 1
    at_top = jnp.where(at_top[..., None], root, mass.nothing)  # (n B nt)
    spans = nothing(words, words * items * nonterminals)
    state = _State(
        nothing(words, words * extents.columns),
        nothing(words + beyond, (words + beyond) * extents.columns),
        spans.at[:, : items * nonterminals].set(lax.collapse(at_top, 1)),
        nothing(items, nonterminals, ranks),
        nothing(items, ranks, nonterminals),
        nothing(items, ranks, nonterminals),
    )
    found = layout.descending(1, words, of_width, state)
    here = (x[:words, : words * extents.columns] for x in (found.left[:1], found.right[words - 1 :]))
    here = tuple(x[0].reshape(words, items, ranks) for x in here)
    parts = of_word(grammar.to_left, nonterminals), of_word(grammar.to_right, nonterminals)
    of_words = jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), grammar.preterminal)
    at_words, *by_word = to_symbols(here, parts, of_words)
    both = (jnp.concatenate(x, -1) for x in zip((found.to_left, found.to_right), by_word, strict=True))
    used = Potentials(root, found.to_rank, *both, jnp.swapaxes(at_words, 0, 1))
    spans = by_span(found.spans, extents._replace(symbols=nonterminals), mass.nothing)
    return Masses(used, spans)


@jax.custom_jvp
def log_partition(potentials: Potentials, lengths: Array, known: Inside) -> Sum:
    """The log-partition (B) as an unevaluated sum; its derivative is how often each potential is used."""
    return known.root(lengths).total(-1).sum()


@log_partition.defjvp
def _log_partition_derivative(primals, tangents):
    potentials, lengths, known = primals
    of = differentiable(logs_of(known.kind, potentials, lengths), known)
    tangent = contract(masses(of, lengths).used, drop_forbidden(potentials, tangents[0]))
    value = log_partition(*primals)
    return value, (jnp.zeros_like(value[0]), jnp.zeros_like(value[1]), tangent * (1 / numeric.UNIT))
