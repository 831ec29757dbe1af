"""What the classes of grammars share: scores of words, normalized rules, and parses, compact as rows of start, end
(inclusive) and label of the spans of more than one word.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from ..errors import wrong_value
from ..numerics import numeric
from ..registry import Check, query
from ..structures.grammar.events import least_risk
from .declared import Indices
from .distribution import Distribution

PARSE = {"chart": "n n nt", "tags": "n pt"}
COMPACT_PARSE = {"spans": Indices("n-1 3"), "tags": Indices("n", below="pt")}


def normalized_grammar(given: dict[str, Any]) -> dict[str, Any]:
    """Arguments with `root` and `rule` as distributions, if `normalize` says so. What has too few axes stays, to be
    refused with the named dims.
    """
    root, rule = given["root"], given["rule"]
    if not given["normalize"]:
        return given
    if root.ndim >= 1:
        root = numeric.log_normalize(root)
    if rule.ndim >= 3:
        pairs = rule.reshape(*rule.shape[:-2], rule.shape[-2] * rule.shape[-1])
        rule = numeric.log_normalize(pairs).reshape(rule.shape)
    return given | {"root": root, "rule": rule}


def normalized_ranks(given: dict[str, Any]) -> dict[str, Any]:
    """The same of rules of low rank: every factor is a distribution, and so the rules are."""
    if not given["normalize"]:
        return given
    names = ("root", "nt_to_rank", "rank_to_left_nt", "rank_to_right_nt")
    return given | {name: numeric.log_normalize(given[name]) for name in names if given[name].ndim}


def scores_of_words(emission: Array, word_ids: Array) -> Array:
    """(*batch n pt): the log-probabilities (*batch pt v) of words (*batch n); anything where there is no such word."""
    words = jnp.clip(word_ids, 0, emission.shape[-1] - 1)
    by_word = jnp.swapaxes(emission, -1, -2)
    if by_word.ndim == 2:
        return by_word[words]
    batch = jnp.broadcast_shapes(by_word.shape[:-2], words.shape[:-1])
    by_word = jnp.broadcast_to(by_word, (*batch, *by_word.shape[-2:]))
    words = jnp.broadcast_to(words, (*batch, words.shape[-1]))
    return jnp.take_along_axis(by_word, words[..., None], -2)


class Parses(Distribution):
    """A distribution over parses."""

    event = PARSE
    compact = COMPACT_PARSE

    @query("{ marginalize_labels?: static boolean } -> event")
    def mbr(self, *, marginalize_labels: bool = False) -> dict[str, Array]:
        """The parse of minimum Bayes risk: that with the largest expected number of right spans and preterminals, under
        the distribution of parses; zeros where there is none. It need not be one that the grammar allows.

        Args:
          marginalize_labels: whether a span is right with any nonterminal. Each span then has its likeliest one.

        Source: Goodman (1996), "Parsing algorithms and metrics".
        """
        if not isinstance(marginalize_labels, bool):
            raise wrong_value("marginalize_labels", marginalize_labels, "True or False")
        marginals = jax.tree.map(lambda x: x[None], self.structure.marginals(*self._query()))
        return self._event_of(least_risk(marginals, self._item_lengths(), marginalize_labels), ())

    def _event_of_parts(self, parts: Any) -> dict[str, Array]:
        return {"chart": parts.span, "tags": parts.preterminal}

    @property
    def parts_per_event(self) -> Array:
        return 2 * self.lengths_of("lengths") - 1

    def _inside_compact(self, compact: Any) -> Any:
        return inside_parses(super()._inside_compact(compact), self.lengths_of("lengths"))

    def _checks_of_compact(self, compact: Any) -> list[Check]:
        found, lengths = super()._checks_of_compact(compact), self.lengths_of("lengths")
        parses = inside_parses(self._check_compact(compact), lengths)
        return [*found, *checks_of_parses(parses["spans"], lengths, self.event_shape["chart"][2])]


def inside_parses(compact: dict[str, Any], lengths: Array) -> dict[str, Any]:
    """A sentence of n words has n - 1 spans of more than one."""
    spans = compact["spans"]
    used = numeric.positions(spans.shape[-2]) < lengths[..., None] - 1
    return compact | {"spans": jnp.where(used[..., None], spans, -1)}


def checks_of_parses(spans: Array, lengths: Array, labels: int) -> list[Check]:
    """Spans in order, as many as the sentence has, no two of which overlap without one being inside the other: that is
    a binary tree.
    """
    words, rows = lengths[..., None], numeric.positions(spans.shape[-2])
    used = rows < words - 1
    start, end, label = (spans[..., i] for i in range(3))
    shifted = lambda x, first: jnp.concatenate([jnp.full_like(x[..., :1], first), x[..., :-1]], -1)[
        ..., : x.shape[-1]
    ]
    start_before, end_before = shifted(start, 0), shifted(end, spans.shape[-2] + 1)
    in_order = (start > start_before) | ((start == start_before) & (end < end_before))
    across = lambda x, y: x[..., :, None] < y[..., None, :]
    crossing = (rows[:, None] < rows) & across(start, start) & ~across(end, start) & across(end, end)
    crossing = jnp.any(crossing & used[..., :, None] & used[..., None, :], -1)
    inside = (start >= 0) & (start < end) & (end < words)
    of_rows = lambda bad, values, expected: Check("compact.spans", bad, values, expected)
    return [
        of_rows(
            used & ~inside, jnp.where(start < 0, start, end), "words of the item, the first before the last"
        ),
        of_rows(used & inside & ~in_order, start, "a span before its parts, the left part before the right"),
        of_rows(used & crossing, end, "an end inside the spans that it starts in"),
        of_rows(
            used & ((label < 0) | (label >= labels)), label, f"a nonterminal, 0 to nt - 1 = {labels - 1}"
        ),
    ]
