"""What the classes of grammars share: normalized rules, and compact parses, rows of start, end (inclusive) and label of
the spans of more than one word.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from ..numerics import numeric
from ..registry import Check
from .declared import Indices

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
