"""Log-potentials of labelled spans: which of them count, and their sums over labels as a chart."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ..charts import layout


class Potentials(NamedTuple):
    """`log_potentials[i, j, a]` scores the span of the words i to j, both inclusive, with label a."""

    log_potentials: Array  # (B n n t)

    @property
    def items(self) -> int:
        return self.log_potentials.shape[0]

    @property
    def words(self) -> int:
        return self.log_potentials.shape[1]

    @property
    def labels(self) -> int:
        return self.log_potentials.shape[3]


def is_span(words: int) -> Array:
    """(n n): whether the last word does not come before the first."""
    position = numeric.positions(words)
    return position[:, None] <= position


def inside_item(words: int, lengths: Array) -> Array:
    """(B n n): whether an item has such a span."""
    return is_span(words) & (numeric.positions(words) < lengths[:, None, None])


def logs_of(potentials: Potentials, lengths: Array) -> Array:
    """(B n n t): -inf for what is no span of the item."""
    inside = inside_item(potentials.words, lengths)[..., None]
    return jnp.where(inside, potentials.log_potentials, -jnp.inf)


def to_chart(table: Any) -> Any:
    """Logs of spans (B n n), of any kind, as a left-aligned chart (n, n*B)."""
    fillers = [-jnp.inf, *[0.0] * (len(table) - 1)]
    return type(table)(*map(layout.chart_of_table, table, fillers))


def label_logs(kind: type, logs: Array) -> Array:
    """(B n n t): the log-probability of each label of a span, given the span. Differentiable."""
    _, rest = kind.from_log(logs).near_top(-1)
    return numeric.log_normalize(rest)


def uniform(potentials: Potentials) -> Potentials:
    """0 where a span is allowed, -inf where it is not."""
    return jax.tree.map(lambda x: jnp.where(jnp.isneginf(x), x, jnp.zeros((), x.dtype)), potentials)


def contract(mass: Array, tangent: Potentials) -> Array:
    """The derivative of each log-partition (B) along a direction in the potentials, of which only what has mass
    counts.
    """
    return jnp.sum(numeric.masked_product(mass, tangent.log_potentials), (1, 2, 3))
