"""The derivative of a chart of floats: what a sum moves by, over what it sums."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from .chart import Sizes
from .floats import (
    FloatChart,
    ascending,
    left_slab,
    parts,
    right_slab,
    row_of,
    rules_of,
    top_of_two,
    totals,
    totals_of_two,
    with_row,
)
from .potentials import Potentials
from .semiring import SUMS

Numbers = tuple[Array, Array]  # of both sides of a chart


def numbers_of(chart: FloatChart) -> Numbers:
    return chart.left.numbers, chart.right.numbers


def with_numbers(chart: FloatChart, numbers: Numbers) -> FloatChart:
    left, right = (side._replace(numbers=x) for side, x in zip(chart[:2], numbers, strict=True))
    return chart._replace(left=left, right=right)


def moved(grammar: Potentials, tangent: Potentials, chart: FloatChart) -> Numbers:
    """By a grammar of logs and how its fractions move. Plain code."""
    words = chart.left.top.shape[-1]

    def of_fractions(fractions: Potentials):
        logs = [x._replace(low=low) for x, low in zip(grammar[:3], fractions[:3], strict=True)]
        return rules_of(SUMS, Potentials(*logs))

    fractions = Potentials(*(x.low for x in grammar[:3]))
    rules, rules_moved = jax.jvp(of_fractions, (fractions,), (tangent._replace(span=None),))

    def in_chart(state: Numbers, row: Array, top: Array, width: Array | int) -> Numbers:
        """What moves sums at a whole number, in the scale of the chart."""
        less = top + rules.top - row_of(chart.left.top, width, row.shape[1])
        return with_row(*state, row * jnp.exp(numeric.finite_or_zero(less))[..., None], width)

    state = jax.tree.map(jnp.zeros_like, numbers_of(chart))
    if words > 1:
        row = jax.jvp(lambda rules: totals_of_two(SUMS, rules), (rules,), (rules_moved,))[1]
        state = in_chart(state, row, top_of_two(rules), 1)

    def step(width: Array, state: Numbers, rows: int, starts: int) -> Numbers:
        @jax.checkpoint
        def along(left: Array, right: Array, width: Array) -> tuple[Array, Array]:
            sizes: Sizes = width, rows, starts
            ways = parts(chart, sizes)
            at = rules, ways.left, ways.right
            found = lambda rules, left, right: totals(
                SUMS, rules, ways._replace(left=left, right=right), width
            )
            scaled = left * jnp.exp(ways.scale)[:, :, None]
            return jax.jvp(found, at, (rules_moved, scaled, right))[1], ways.top

        sizes: Sizes = width, rows, starts
        row, top = along(left_slab(state[0], sizes), right_slab(state[1], words, sizes), width)
        return in_chart(state, row, top, width)

    return ascending(words, step, state)
