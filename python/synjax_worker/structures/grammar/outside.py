"""From the whole sentence to its parts: how likely each span with its symbol is, and how often rules are used (Baker
1979; Lari & Young 1990).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ..charts import layout
from .chart import Extents, Sizes, by_span
from .inside import Choices, Inside, choices
from .potentials import Potentials


class Mass(NamedTuple):
    """How what stands at spans is added up and passed on."""

    nothing: float
    weight: Callable[[Array], Array]  # of a choice, given its logarithm
    times: Callable[[Array, Array], Array]
    total: Callable[[Array, int], Array]

    def plus(self, a: Array, b: Array) -> Array:
        return self.total(jnp.stack([a, b]), 0)


def _log_times(a: Array, b: Array) -> Array:
    """Beyond the lowest float it is that: only what is impossible is -inf."""
    lowest = jnp.finfo(a.dtype).min
    return jnp.where(jnp.isneginf(a) | jnp.isneginf(b), -jnp.inf, jnp.maximum(a + b, lowest))


FLOATS = Mass(0.0, jnp.exp, jnp.multiply, jnp.sum)
LOGS = Mass(-jnp.inf, lambda x: x, _log_times, numeric.logsumexp)

# `pass_on(here, sizes)`: what rules (B nt s s) and both parts of spans (starts B s rows) get of what stands at the
# spans of a width, (starts B nt).
PassOn = Callable[[Array, Sizes], tuple[Array, Array, Array]]


def by_weights(weights: Callable[[Sizes], Choices], mass: Mass = FLOATS) -> PassOn:
    """By how much of what stands at a span goes to each way to make it."""

    def pass_on(here: Array, sizes: Sizes) -> tuple[Array, Array, Array]:
        chosen = weights(sizes)
        by_rule = mass.times(here[..., None, None], chosen.rule)
        moved = mass.times(mass.total(by_rule, 2)[..., None], chosen.split)
        return mass.total(by_rule, 0), mass.total(moved, -2), mass.total(moved, -3)

    return pass_on


def by_probability(of: Inside, mass: Mass = FLOATS) -> PassOn:
    """By the probabilities of the ways to make a span, or their logs."""
    return by_weights(lambda sizes: Choices(*map(mass.weight, choices(of, sizes))), mass)


def pushed(pass_on: PassOn, root: Array, extents: Extents, lengths: Array, mass: Mass = FLOATS) -> Potentials:
    """How much stands at every potential, (B ...), where `root` (B nt) stands at the whole sentence and every span
    passes on what stands there to its parts. O(n^3 s^2), plain code.
    """
    words, items, nonterminals, symbols = extents
    beyond = layout.longest_run(1, words)
    nothing = lambda *shape: jnp.full(shape, mass.nothing, root.dtype)
    at_top = numeric.positions(words)[:, None] == lengths - 1
    at_top = jnp.where(at_top[..., None], root, mass.nothing)  # (n B nt)
    at_top = jnp.concatenate([at_top, nothing(words, items, symbols - nonterminals)], -1)
    left = nothing(words, words * extents.columns)
    left = left.at[:, : extents.columns].set(at_top.reshape(words, extents.columns))
    right = nothing(words + beyond, (words + beyond) * extents.columns)

    def step(width: Array, state: tuple[Array, Array, Array], rows: int, starts: int):
        left, right, rules = state
        columns = starts * extents.columns
        here = layout.row_of(left, width, 0, columns)
        here = mass.plus(here, layout.row_of(right, words - 1 - width, width * extents.columns, columns))
        left = layout.put(left, here, width, 0)

        # Computed again for a derivative: what stands between is larger than all that stays.
        passed_on = jax.checkpoint(lambda here, width: pass_on(here, (width, rows, starts)))
        at_spans = here.reshape(starts, items, symbols)[..., :nonterminals]
        used, to_left, to_right = passed_on(at_spans, width)
        flat = lambda x: jnp.moveaxis(x, -1, 0).reshape(rows, columns)
        left = layout.put(left, mass.plus(left[:rows, :columns], flat(to_left)), 0, 0)
        at = words - width, width * extents.columns
        right = layout.put(right, mass.plus(layout.slab(right, *at, rows, columns), flat(to_right)), *at)
        return left, right, mass.plus(rules, used)

    state = left, right, nothing(items, nonterminals, symbols, symbols)
    left, right, rules = layout.descending(1, words, step, state)
    if words > 1:
        left = left.at[0].set(mass.plus(left[0], right[words - 1, : left.shape[1]]))
    of_words = left[0].reshape(words, items, symbols)[..., nonterminals:]
    spans = by_span(left, extents, mass.nothing)[..., :nonterminals]
    return Potentials(root, rules, jnp.swapaxes(of_words, 0, 1), spans)
