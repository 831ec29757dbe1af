"""Queries on long chains: the messages of B chains and what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jax import Array, lax

from ....numerics.guard import recompute_where
from ....numerics.numeric import Sum
from ..conditionals import Conditionals
from ..exact import exact_log_partition
from ..potentials import Marginals, Potentials, transition_weights, uniform
from . import backward
from .forward import ChunkMessages
from .forward import forward as forward_of_one
from .layout import Symbols

# With more symbols in a table, computing once per symbol saves nothing.
MOST_SYMBOLS = 16


def serves(potentials: Potentials) -> bool:
    """Whether this pass is faster than `fast.py`."""
    return not potentials.time_varying and potentials.positions >= 512 and potentials.states <= 8


class LongMessages(NamedTuple):
    """The result of the forward pass. Queries treat it as a constant: they have derivatives of their own."""

    log_partition: Sum  # (B)
    certified: Array  # (B): whether nothing was lost to the float range
    chunks: ChunkMessages  # with a leading axis B
    symbols: Symbols | None

    def filtered_weights(self, potentials: Potentials, lengths: Array) -> Array:
        return _each(backward.filtered, potentials, lengths, self.chunks, self.symbols)

    def marginals(self, potentials: Potentials, lengths: Array) -> Marginals:
        return _each(backward.marginals, potentials, lengths, self.chunks, self.symbols)

    def edge_marginals(self, potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
        return _each(backward.edge_marginals, potentials, lengths, self.chunks, self.symbols)

    def conditionals(self, potentials: Potentials, lengths: Array) -> Conditionals:
        before, sums, states = _each(backward.conditionals, potentials, lengths, self.chunks, self.symbols)
        weights, _ = transition_weights(potentials.transition)
        return Conditionals(weights, before, sums, states, self.chunks.last)


def forward(potentials: Potentials, lengths: Array, symbols: Symbols | None = None) -> LongMessages:
    """One pass over each chain, O(n t^3). Its result has no gradient; the queries have their own."""
    potentials, symbols = jax.tree.map(lax.stop_gradient, (potentials, symbols))
    value, certified, chunks = _each(forward_of_one, potentials, lengths, symbols)
    value = recompute_where(~certified, exact_log_partition, (potentials, lengths), value)
    return LongMessages(value, certified, chunks, symbols)


def log_count(potentials: Potentials, lengths: Array, symbols: Symbols | None = None) -> tuple[Array, Array]:
    """The logarithm of the number of allowed structures, as an unevaluated sum (B)."""
    if symbols is not None:
        symbols = symbols._replace(table=uniform(symbols.table))
    return forward(uniform(potentials), lengths, symbols).log_partition


def _each(compute: Callable, potentials: Potentials, lengths: Array, *given: Any) -> Any:
    """`compute(potentials, length, *given)` of every chain."""
    axes = Potentials(0, None if potentials.transition.ndim == 2 else 0, 0)
    axes_given = [_symbol_axes(x) if isinstance(x, Symbols) else 0 for x in given]
    return jax.vmap(compute, in_axes=(axes, 0, *axes_given))(potentials, lengths, *given)


def _symbol_axes(symbols: Symbols) -> Symbols:
    return Symbols(None if symbols.table.ndim == 2 else 0, 0)
