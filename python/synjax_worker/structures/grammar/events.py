"""Trees as events, 0/1 indicators of wide spans with a nonterminal (n n nt) and of words with a preterminal (n pt), and
compact: rows of start, end (inclusive) and nonterminal, and preterminals.

An event has no rules, but tells them: which two spans a span consists of. So a tree's score is no sum over the parts of
its event but a polynomial in them, of products of a span and its two parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from ...numerics.numeric import Sum
from ..constituency.search import likeliest
from .potentials import Potentials, full, inside_item, is_logs, is_wide_span, of_items

Event = dict[str, Array]


def event_of_compact(compact: Event, sizes: Mapping[str, int], dtype: Any) -> Event:
    """Events (S B ...) of trees (S B n-1 3), (S B n); what is -1 has no part, and what comes twice counts twice."""
    words, nonterminals, preterminals = (sizes[name] for name in ("n", "nt", "pt"))
    spans, tags = compact["spans"], compact["tags"]
    start, end, label = (spans[..., which] for which in range(3))
    rows, parts = spans.shape[0] * spans.shape[1], words * words * nonterminals
    part = (start * words + end) * nonterminals + label
    index = jnp.where(_real(spans, words, nonterminals), part, parts).reshape(rows, spans.shape[2])
    chart = jnp.zeros((rows, parts), dtype).at[numeric.positions(rows)[:, None], index].add(1, mode="drop")
    return {
        "chart": chart.reshape(*spans.shape[:2], words, words, nonterminals),
        "tags": (tags[..., None] == numeric.positions(preterminals)).astype(dtype),
    }


def _real(spans: Array, lengths: Any, nonterminals: int) -> Array:
    """Which rows (... 3) are a part of an event."""
    start, end, label = (spans[..., which] for which in range(3))
    return (start >= 0) & (start < end) & (end < lengths) & (label >= 0) & (label < nonterminals)


def _cleaned(event: Event, lengths: Array) -> Event:
    """0 for what is no part of the item."""
    words = event["tags"].shape[2]
    return {
        "chart": jnp.where(is_wide_span(words, lengths)[..., None], event["chart"], 0),
        "tags": jnp.where(inside_item(words, lengths)[..., None], event["tags"], 0),
    }


def _symbols(event: Event) -> Array:
    """(S B n n s): spans of one word have their preterminals."""
    chart, tags = event["chart"], event["tags"]
    alone = jnp.eye(tags.shape[2], dtype=tags.dtype)[..., None] * tags[..., None, :]
    return jnp.concatenate([chart, alone], -1)


def rules_of(event: Event) -> Array:
    """How often an event uses each rule, (S B nt s s): products of a span and its two parts."""
    chart, symbols = event["chart"], _symbols(event)

    def of_split(end: Array, rules: Array) -> Array:
        """Of spans whose left part ends there."""
        left = lax.dynamic_index_in_dim(symbols, end, 3, keepdims=False)  # (S B i s)
        right = lax.dynamic_index_in_dim(symbols, end + 1, 2, keepdims=False)  # (S B j s)
        by_left = jnp.einsum("sbija,sbil->sbjal", chart, left, precision=numeric.HIGHEST)
        return rules + jnp.einsum("sbjal,sbjr->sbalr", by_left, right, precision=numeric.HIGHEST)

    shape = (*chart.shape[:2], chart.shape[-1], symbols.shape[-1], symbols.shape[-1])
    splits = jnp.int32(chart.shape[2] - 1)
    return lax.fori_loop(jnp.int32(0), splits, of_split, jnp.zeros(shape, chart.dtype))


def uses(compact: Event, sizes: Mapping[str, int], dtype: Any) -> Potentials:
    """How often trees use each potential, (S B ...)."""
    event = event_of_compact(compact, sizes, dtype)
    label = compact["spans"][:, :, :1, 2:]  # of the whole sentence
    root = jnp.sum(label == numeric.positions(sizes["nt"]), 2).astype(dtype)
    return Potentials(root, rules_of(event), event["tags"], event["chart"])


def score_of_event(potentials: Potentials, lengths: Array, event: Event) -> Sum:
    """Sum of the log-potentials that an event uses, (S B); linear in the potentials."""
    made, event = full(potentials), _cleaned(event, lengths)
    item, last = numeric.positions(made.items), jnp.maximum(lengths - 1, 0)
    root = event["chart"][:, item, 0, last]
    used = {"root": root, "rule": rules_of(event), "preterminal": event["tags"]}
    return _sum([term for name, x in used.items() for term in _times(x, getattr(made, name))])


def _times(used: Array, potential: Any) -> list[Array]:
    """In units of `numeric.UNIT`: what is used twice may be larger than any float. Logs are sums of several terms."""
    units = potential.sum() if is_logs(potential) else (potential * (1 / numeric.UNIT),)
    return [numeric.masked_product(used, x) for x in units]


def _sum(terms: list[Array]) -> Sum:
    """Of terms (S B ...) in units."""
    return numeric.exact_sum(jnp.concatenate([lax.collapse(x, 2) for x in terms], -1), -1, numeric.UNIT)


def score_of_compact(potentials: Potentials, lengths: Array, compact: Event) -> Sum:
    """The same of trees, by looking up the rules of their spans."""
    made, spans = of_items(potentials), compact["spans"]
    sizes = {"n": made.words, "nt": made.nonterminals, "pt": made.preterminals}
    event = _cleaned(event_of_compact(compact, sizes, made.root.dtype), lengths)
    symbols = _symbols(event)
    used = _real(spans, lengths[:, None], made.nonterminals)
    start, end, label = (jnp.where(used, spans[..., which], 0) for which in range(3))
    sample, item = (x[..., None] for x in jnp.indices(spans.shape[:2], jnp.int32, sparse=True))
    left = numeric.read(symbols, sample, item, start)[..., :-1, :]  # (S B n-1 n-1 s), by the last word
    right = jnp.swapaxes(symbols, 2, 3)
    right = numeric.read(right, sample, item, end)[..., 1:, :]  # by the first word
    pairs = jnp.einsum("sbrkl,sbrkm->sbrlm", left, right, precision=numeric.HIGHEST)
    read = lambda x: numeric.read(jnp.broadcast_to(x, (made.items, *x.shape[1:])), item, label)
    rules = jax.tree.map(read, made.rule)  # (S B n-1 s s)
    pairs = jnp.where(used[..., None, None], pairs, 0)
    whole = (used & (start == 0) & (end == lengths[:, None] - 1)).astype(symbols.dtype)
    root = _times(whole, read(made.root))
    return _sum([*root, *_times(pairs, rules), *_times(event["tags"], made.preterminal)])


def compact_of_event(event: Event, lengths: Array) -> Event:
    """Trees (S B n-1 3), (S B n) of events (S B ...): those whose parts have the largest sum, which of an event are its
    own, and of marginals the largest expected number of right ones. Where an event is all 0 there are none.
    """
    flat = jax.tree.map(lambda x: lax.collapse(x, 0, 2), event)
    rows, words, _ = flat["tags"].shape
    nonterminals = flat["chart"].shape[-1]
    single = jnp.eye(words, dtype=bool)[..., None]
    table = jnp.concatenate(
        [
            jnp.where(single, -jnp.inf, flat["chart"]),
            jnp.where(single, flat["tags"][:, :, None], -jnp.inf),
        ],
        -1,
    )
    found = likeliest(table, jnp.tile(lengths, event["tags"].shape[0]))
    some = jnp.any(flat["tags"] != 0, (1, 2)) | jnp.any(flat["chart"] != 0, (1, 2, 3))
    found = jnp.where(some[:, None, None], found, -1)
    start, label = found[..., 0], found[..., 2]
    wide, row = label >= 0, numeric.positions(rows)[:, None]
    wide = wide & (label < nonterminals)
    place = jnp.where(wide, jnp.cumsum(wide, 1, dtype=jnp.int32) - 1, words)
    spans = jnp.full((rows, words - 1, 3), -1, jnp.int32).at[row, place].set(found, mode="drop")
    word = jnp.where(label >= nonterminals, start, words)
    tags = jnp.full((rows, words), -1, jnp.int32).at[row, word].set(label - nonterminals, mode="drop")
    shaped = lambda x: x.reshape(*event["tags"].shape[:2], *x.shape[1:])
    return {"spans": shaped(spans), "tags": shaped(tags)}


def least_risk(marginals: Event, lengths: Array, marginalize_labels: bool) -> Event:
    """The trees (S B n-1 3), (S B n) with the largest expected number of right spans, with their nonterminals or
    without; then each span has its likeliest nonterminal. Words have their likeliest preterminals.
    """
    if not marginalize_labels:
        return compact_of_event(marginals, lengths)
    chart = marginals["chart"]
    found = compact_of_event(marginals | {"chart": jnp.sum(chart, -1, keepdims=True)}, lengths)
    start, end, _ = (jnp.maximum(found["spans"][..., which], 0) for which in range(3))
    sample, item = (x[..., None] for x in jnp.indices(chart.shape[:2], jnp.int32, sparse=True))
    label = numeric.read(topdown.first_largest(chart), sample, item, start, end)
    spans = jnp.stack([start, end, label], -1)
    return found | {"spans": jnp.where(found["spans"] >= 0, spans, -1)}
