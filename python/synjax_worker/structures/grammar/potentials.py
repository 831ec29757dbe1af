"""Log-potentials of a grammar and of what a sentence's words are, as logs that can be multiplied."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric


class Potentials(NamedTuple):
    """Of s = nt + pt symbols, nonterminals come first. What all items share has no axis B."""

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
    root, rule = potentials.root, potentials.rule
    return potentials._replace(
        root=root[None] if root.ndim == 1 else root, rule=rule[None] if rule.ndim == 3 else rule
    )


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
    return jax.tree.map(kind.from_log, cleaned(potentials, lengths))


def uniform(potentials: Potentials) -> Potentials:
    """0 where something is allowed, -inf where it is not."""
    return jax.tree.map(lambda x: jnp.where(jnp.isneginf(x), x, jnp.zeros((), x.dtype)), potentials)


def contract(mass: Potentials, tangent: Potentials) -> Array:
    """The derivative of each log-partition (B) along a direction in the potentials, of which only what has mass
    counts.
    """
    along = lambda mass, moved: jnp.sum(numeric.masked_product(mass, moved), tuple(range(1, mass.ndim)))
    return sum(jax.tree.leaves(jax.tree.map(along, mass, of_items(tangent))))


def map_logs(change: Any, tree: Any, *others: Any) -> Any:
    """Of trees of logs."""
    is_logs = lambda x: hasattr(x, "near_top")
    return jax.tree.map(change, tree, *others, is_leaf=is_logs)
