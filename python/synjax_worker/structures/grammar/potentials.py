"""Log-potentials of a grammar and of what a sentence's words are, as logs that can be multiplied."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric


class Potentials(NamedTuple):
    """Of s = nt + pt symbols, nonterminals come first. What all items share has no axis B. Rules may be given as logs,
    of more digits than an array has.
    """

    root: Array  # (B nt) or (nt): of the nonterminal of the whole sentence
    rule: Array  # (B nt s s) or (nt s s): of what a nonterminal is made of, the left part first
    preterminal: Array  # (B n pt): of the preterminal of each word
    span: Array | None = None  # (B n n nt): of the nonterminal of the words i to j; a grammar has none

    @property
    def items(self) -> int:
        return self.preterminal.shape[0]

    @property
    def words(self) -> int:
        return self.preterminal.shape[1]

    @property
    def nonterminals(self) -> int:
        return self.root.shape[-1]

    @property
    def preterminals(self) -> int:
        return self.preterminal.shape[2]

    @property
    def symbols(self) -> int:
        return self.nonterminals + self.preterminals


def of_items(potentials: Potentials) -> Potentials:
    """With an axis of items everywhere: of one where they share a table."""
    own = lambda x, axes: jax.tree.map(lambda x: x[None] if x.ndim == axes else x, x)
    return potentials._replace(root=own(potentials.root, 1), rule=own(potentials.rule, 3))


def full(potentials: Potentials) -> Potentials:
    """With every table once for every item."""
    made, items = of_items(potentials), potentials.items
    return jax.tree.map(lambda x: jnp.broadcast_to(x, (items, *x.shape[1:])), made)


def inside_item(words: int, lengths: Array) -> Array:
    """(B n): which words an item has."""
    return numeric.positions(words) < lengths[:, None]


def is_wide_span(words: int, lengths: Array) -> Array:
    """(B n n): whether an item has such a span, of more than one word."""
    position = numeric.positions(words)
    return (position[:, None] < position) & (position < lengths[:, None, None])


def cleaned(potentials: Potentials, lengths: Array) -> Potentials:
    """-inf for what stands beyond the lengths, and an axis of items everywhere."""
    made, words = of_items(potentials), potentials.words
    inside = inside_item(words, lengths)[..., None]
    span = made.span
    if span is not None:
        span = jnp.where(is_wide_span(words, lengths)[..., None], span, -jnp.inf)
    return made._replace(preterminal=jnp.where(inside, made.preterminal, -jnp.inf), span=span)


def logs_of(kind: type, potentials: Potentials, lengths: Array) -> Potentials:
    """As logs of a kind, each in place of its array. Differentiable."""
    as_logs = lambda x: x if isinstance(x, kind) else kind.from_log(x)
    return map_logs(as_logs, cleaned(potentials, lengths))


def uniform(potentials: Potentials) -> Potentials:
    """0 where something is allowed, -inf where it is not."""

    def allowed(x: Any) -> Array:
        x = x.high if is_logs(x) else x
        return jnp.where(jnp.isneginf(x), x, jnp.zeros((), x.dtype))

    return map_logs(allowed, potentials)


def contract(mass: Potentials, tangent: Potentials) -> Array:
    """The derivative of each log-partition (B) along a direction in the potentials, of which only what has mass
    counts.
    """
    along = lambda mass, moved: jnp.sum(numeric.masked_product(mass, moved), tuple(range(1, mass.ndim)))
    moved = map_logs(lambda x: x.low if is_logs(x) else x, of_items(tangent))
    return sum(jax.tree.leaves(jax.tree.map(along, mass, moved)))


def map_logs(change: Any, tree: Any, *others: Any) -> Any:
    """Of trees of logs."""
    return jax.tree.map(change, tree, *others, is_leaf=is_logs)


def is_logs(x: Any) -> bool:
    return hasattr(x, "near_top")
