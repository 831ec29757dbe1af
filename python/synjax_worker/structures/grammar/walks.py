"""Trees from the whole sentence down: a walk chooses the nonterminal of the whole, and of every span that it comes to
the symbols of the two parts and then where they meet.

Walks stand side by side, k for each of B items. Step u of a walk splits its u-th span of more than one word, in the
order in which a span comes before its parts and the left part before the right, as in `constituency.walks`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import Array, lax

from ..constituency.walks import NONE, numbered, start_and_width


class Walks(NamedTuple):
    """Where walks have come to. By step, for each of them (B k): spans of more than one word, `start * n + width`, and
    their nonterminals; by word, preterminals. -1 is none.
    """

    spans: Array  # (n B k)
    labels: Array  # (n B k)
    tags: Array  # (n B k)


# `choose(state, number, active, ways)` of candidates (B k p): the state after it, which walks the k continue, or None
# where each continues itself, and what they chose, (B k).
Choose = Callable[[Any, Array, Array, Any], tuple[Any, Array | None, Array]]


class Outcome(NamedTuple):
    """How spans (B k) are made."""

    symbols: tuple[Array, Array]
    split: Array  # the width of the left part


class Ways(Protocol):
    """What walks choose from, as candidates (B k p)."""

    def root(self) -> Any:
        """The nonterminals of the whole sentence, (B 1 nt)."""

    def first(self, start: Array, width: Array, label: Array) -> Any:
        """How spans (B k) of these nonterminals may be made."""

    def second(self, start: Array, width: Array, label: Array, first: Array) -> Any:
        """What remains to be chosen."""

    def outcome(self, width: Array, first: Array, second: Array) -> Outcome: ...


def walk(
    ways: Ways, choose: Choose, state: Any, real: Array, lengths: Array, words: int
) -> tuple[Any, Walks]:
    """All choices of walks, of which those that are not real (B k) have none. Choices are numbered."""
    root = jax.tree.map(lambda x: jnp.broadcast_to(x, (*real.shape, x.shape[-1])), ways.root())
    state, parent, label = choose(state, jnp.int32(0), real, root)
    some = _following(parent, real) & (lengths > 1)[:, None]
    none = jnp.full((words, *real.shape), NONE, jnp.int32)
    first = jnp.where(some, (lengths - 1)[:, None], NONE)
    walks = Walks(none.at[0].set(first), none.at[0].set(jnp.where(some, label, NONE)), none)

    def step(number: Array, carry: tuple[Any, Walks]) -> tuple[Any, Walks]:
        state, walks = carry
        span, label = (lax.dynamic_index_in_dim(x, number, 0, keepdims=False) for x in walks[:2])
        label = jnp.maximum(label, 0)
        found = ways.first(*start_and_width(span, words), label)
        state, parent, chosen = choose(state, 2 * number + 1, span != NONE, found)
        walks, span, label = _following(parent, (walks, span, label))
        found = ways.second(*start_and_width(span, words), label, chosen)
        state, parent, rest = choose(state, 2 * number + 2, span != NONE, found)
        walks, span, chosen = _following(parent, (walks, span, chosen))
        made = ways.outcome(start_and_width(span, words)[1], chosen, rest)
        return state, divided(walks, number, span, made, ways.nonterminals)

    return lax.fori_loop(jnp.int32(0), jnp.int32(words - 1), step, (state, walks))


def _following(parent: Array | None, tree: Any) -> Any:
    """Of walks (... B k) those that are continued."""
    if parent is None:
        return tree
    continued = lambda x: jnp.take_along_axis(x, parent.reshape(*[1] * (x.ndim - 2), *parent.shape), -1)
    return jax.tree.map(continued, tree)


def divided(walks: Walks, step: Array, span: Array, made: Outcome, nonterminals: int) -> Walks:
    """After a step in which a span of each walk (B k) was split."""
    choice, symbols = made.split, made.symbols
    words = walks.spans.shape[0]
    start, width = start_and_width(span, words)
    item, walk = jnp.indices(span.shape, jnp.int32, sparse=True)
    starts, widths = jnp.stack([start, start + choice + 1]), jnp.stack([choice, width - choice - 1])
    # The left part comes next, and after all that it is split into the right part.
    places = step + 1 + jnp.stack([jnp.zeros_like(choice), choice])
    places = jnp.where((span != NONE) & (widths > 0), places, words)
    word = jnp.where((span != NONE) & (widths == 0), starts, words)
    put = lambda x, at, values: x.at[at, item, walk].set(values, mode="drop")
    labels = jnp.stack(symbols)
    return Walks(
        put(walks.spans, places, numbered(starts, widths, words)),
        put(walks.labels, places, labels),
        put(walks.tags, word, labels - nonterminals),
    )


def compact(walks: Walks) -> dict[str, Array]:
    """(k B n-1 3), (k B n)."""
    words = walks.spans.shape[0]
    spans, labels = walks.spans[: words - 1], walks.labels[: words - 1]
    start, width = start_and_width(spans, words)
    rows = jnp.stack([start, start + width, labels], -1)
    rows = jnp.where((spans != NONE)[..., None], rows, -1)
    return {"spans": jnp.transpose(rows, (2, 1, 0, 3)), "tags": jnp.transpose(walks.tags, (2, 1, 0))}
