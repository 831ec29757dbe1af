"""From the whole sentence to its parts in the charts of optimistic programs: how often spans, preterminals and rules
are used (Baker 1979; Lari & Young 1990).
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..charts import layout
from .chart import Extents
from .floats import (
    FloatChart,
    Rules,
    beyond,
    by_rule,
    descending,
    last_of,
    parts,
    right_slab,
    row_of,
    rules_of,
    sliced,
    top_of_two,
)
from .potentials import Potentials
from .semiring import SUMS


class _Mass(NamedTuple):
    left: Array  # (B n nt n): at spans, by the first word and the width
    right: Array  # (B n+ nt n+): by the last word
    rules: Array  # (B nt nt nt): what comes to pairs of nonterminals for every unit of a rule
    left_word: Array  # (B n nt nt): and of a word and a nonterminal
    right_word: Array  # (B n+ nt nt)


def masses(
    grammar: Potentials, chart: FloatChart, root: Array, extents: Extents, lengths: Array
) -> Potentials:
    """How often each potential is used, (B ...), where `root` (B nt) stands at the whole sentence. O(n^3 nt^2), plain
    code.
    """
    words, items, nonterminals, _ = extents
    rules, size = rules_of(SUMS, grammar), words + beyond(words)
    zeros = lambda *shape: jnp.zeros((items, *shape), root.dtype)
    square = (nonterminals, nonterminals)
    at_top = numeric.positions(words) == (lengths - 1)[:, None, None]
    mass = _Mass(
        zeros(words, nonterminals, words).at[:, 0].set(jnp.where(at_top, root[..., None], 0)),
        zeros(size, nonterminals, size),
        zeros(nonterminals, *square),
        zeros(words, *square),
        zeros(size, *square),
    )

    def arrived(mass: _Mass, width: Array | int, starts: int) -> Array:
        """(B n nt): what stands at the spans of a width."""
        here = row_of(mass.left, width, starts)
        here = here + sliced(mass.right, (width, words - 1 - width), (starts, 1))[..., 0]
        return jnp.pad(here, ((0, 0), (0, words - starts), (0, 0)))

    def step(width: Array, state: tuple[_Mass, Array], rows: int, starts: int) -> tuple[_Mass, Array]:
        mass, here = state
        # Computed again for a derivative: what stands between is larger than all that stays.
        passed_on = jax.checkpoint(partial(_passed_on, rules, chart, (rows, starts)))
        to = passed_on(here[:, :starts], width)
        place = lambda x, new, *at: lax.dynamic_update_slice(
            x, new, [jnp.int32(i) for i in at], allow_negative_indices=False
        )
        right = right_slab(mass.right, words, (width, rows, starts)) + to.right
        right_word = lax.dynamic_slice_in_dim(mass.right_word, width, starts, 1) + to.right_word
        mass = _Mass(
            mass.left.at[:, :starts, :, :rows].add(to.left),
            place(mass.right, right, 0, width, 0, words - width),
            mass.rules + to.rules,
            mass.left_word.at[:, :starts].add(to.left_word),
            place(mass.right_word, right_word, 0, width, 0, 0),
        )
        # XLA copies a chart that is read after it is changed, so what comes next is read already.
        return mass, arrived(mass, width - 1, starts + 1)

    mass, here = descending(words, step, (mass, arrived(mass, words - 1, 1)))
    tags, used = zeros(words, extents.symbols - nonterminals), rules.all * 0
    if words > 1:
        tags, used = _at_words(rules, chart, mass, here[:, : words - 1])
    positions_first = lambda x: jnp.transpose(x, (1, 3, 0, 2))
    spans = layout.by_words(positions_first(mass.left), 0.0)
    spans = spans + layout.right_by_words(positions_first(mass.right[:, :words, :, :words]), 0.0)
    return Potentials(root, used, tags, jnp.moveaxis(spans, 2, 0))


def _shares(rules: Rules, chart: FloatChart, here: Array, width: Array | int, top: Array) -> Array:
    """(B starts nt): what stands at the spans of a width for every unit of what they sum over, at this whole number."""
    starts = here.shape[1]
    above = top + rules.top - row_of(chart.left.top, width, starts)
    shares = here * numeric.reciprocal(row_of(chart.left.numbers, width, starts))
    return shares * jnp.exp(numeric.finite_or_zero(above))[..., None]


def _passed_on(rules: Rules, chart: FloatChart, counts: tuple[int, int], here: Array, width: Array) -> _Mass:
    """What all get of what stands at the spans of a width, (B starts nt)."""
    rows, starts = counts
    ways, product = parts(chart, (width, *counts)), SUMS.contract
    shares, nonterminals = _shares(rules, chart, here, width, ways.top), here.shape[-1]
    pairs = product("biyk,bizk->biyz", ways.left, ways.right)
    of_pairs = by_rule(SUMS, "bia,bayz->biyz", rules.of_spans, shares)
    swapped = by_rule(SUMS, "bia,bayz->bizy", rules.of_spans, shares)
    beside = ways.right[..., 0] * jnp.exp(ways.scale[..., :1])
    last = last_of(ways.left, width)
    of_left = rules.of_left_word[:, :starts, :, :nonterminals]
    of_right = lax.dynamic_slice_in_dim(rules.of_right_word, width, starts, 1)
    beside_left = beside * product("bia,biaz->biz", shares, of_left)
    beside_right = last * product("bia,biay->biy", shares, of_right)
    split = numeric.positions(rows)
    to_left = ways.left * product("biyz,bizk->biyk", of_pairs, ways.right)
    to_right = ways.right * product("bizy,biyk->bizk", swapped, ways.left)
    return _Mass(
        to_left + jnp.where(split == width - 1, beside_right[..., None], 0),
        to_right + jnp.where(split == 0, beside_left[..., None], 0),
        product("bia,biyz->bayz", shares, pairs),
        shares[..., None] * beside[:, :, None],
        shares[..., None] * last[:, :, None],
    )


def _at_words(rules: Rules, chart: FloatChart, mass: _Mass, here: Array) -> tuple[Array, Array]:
    """How often preterminals (B n pt) and rules (B nt s s) are used, where this stands at the spans of two words."""
    product, nonterminals, words = SUMS.contract, here.shape[-1], rules.words.numbers
    shares = _shares(rules, chart, here, 1, top_of_two(rules))
    of_two = jnp.pad(shares[..., None] * words[:, 1:, None], ((0, 0), (0, 1), (0, 0), (0, 0)))
    left = jnp.concatenate([mass.left_word, of_two], -1)  # (B n nt s)
    right = mass.right_word[:, : words.shape[1]]
    of_words, before_words = rules.all[:, :, nonterminals:], rules.all[:, :, :nonterminals, nonterminals:]
    beside = product("bia,biaz->biz", shares, rules.of_left_word[:, :-1, :, nonterminals:])
    tags = by_rule(SUMS, "biaz,bayz->biy", of_words, left)
    tags = tags + by_rule(SUMS, "biay,bayz->biz", before_words, right)
    tags = tags + jnp.pad(beside, ((0, 0), (1, 0), (0, 0)))
    with_words = jnp.concatenate([mass.rules, product("biay,biz->bayz", right, words)], -1)
    used = jnp.concatenate([with_words, product("biaz,biy->bayz", left, words)], 2)
    return words * tags, rules.all * used
