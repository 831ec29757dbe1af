"""Probabilities of arcs and their logs, and the log-partition."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.guard import drop_forbidden
from ...numerics.numeric import Sum
from ..arcs.potentials import Potentials, contract
from .chart import Chart, at_root, to_arcs
from .inside import differentiable, weights_of
from .outside import FLOATS, LOGS, given_spans, pushed


def possible(chart: Chart, lengths: Array) -> Array:
    return at_root(chart, lengths).high > -jnp.inf


def of_arcs(chart: Chart, lengths: Array) -> Array:
    """(B n n), of a chart with derivatives."""
    top = possible(chart, lengths).astype(chart.whole.low.dtype)
    return to_arcs(pushed(given_spans(chart, FLOATS), top, chart.nodes, lengths), 0.0)


def log_of_arcs(chart: Chart, lengths: Array) -> Array:
    """(B n n): right where probabilities underflow."""
    top = jnp.where(possible(chart, lengths), 0, -jnp.inf).astype(chart.whole.low.dtype)
    return to_arcs(pushed(given_spans(chart, LOGS), top, chart.nodes, lengths, LOGS), -jnp.inf)


@partial(jax.custom_jvp, nondiff_argnums=(3,))
def log_partition(potentials: Potentials, lengths: Array, chart: Chart, single_root_edge: bool) -> Sum:
    """The log-partition (B) as an unevaluated sum; its derivative is the marginals."""
    return at_root(chart, lengths).sum()


@log_partition.defjvp
def _log_partition_derivative(single_root_edge, primals, tangents):
    potentials, lengths, chart = primals
    arcs = weights_of(type(chart.whole), potentials, lengths)
    mass = of_arcs(differentiable(arcs, chart, single_root_edge), lengths)
    tangent = contract(mass, drop_forbidden(potentials, tangents[0]))
    value = log_partition(*primals, single_root_edge)
    return value, (jnp.zeros_like(value[0]), jnp.zeros_like(value[1]), tangent * (1 / numeric.UNIT))
