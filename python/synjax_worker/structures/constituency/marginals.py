"""Probabilities of labelled spans and of their logs, and the log-partition."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.guard import drop_forbidden
from ...numerics.numeric import Sum
from ..charts import layout
from .inside import Chart, Logs, at_root, differentiable, split_logs
from .outside import log_masses, pushed
from .potentials import Potentials, contract, label_logs, logs_of, to_chart


def possible(chart: Chart, lengths: Array) -> Array:
    return at_root(chart, lengths).high > -jnp.inf


@jax.custom_jvp
def known_log_masses(spans: Logs, chart: Chart, lengths: Array, known: Array) -> Array:
    """`outside.log_masses` that are known, with derivatives of any order by the weights of spans."""
    return known


@known_log_masses.defjvp
def _log_masses_derivative(primals, tangents):
    spans, chart, lengths, _ = primals
    of = lambda lows: log_masses(*_moving(spans, chart, lows), lengths)
    return known_log_masses(*primals), jax.jvp(of, (spans.low,), (tangents[0].low,))[1]


@jax.custom_jvp
def masses(spans: Logs, chart: Chart, lengths: Array, known: Array) -> Array:
    """(n, n*B): the probability of each span, whatever its label; `known` is its log. The derivative is that of pushing
    a sentence to its parts, in plain floats.
    """
    return jnp.exp(known)


@masses.defjvp
def _masses_derivative(primals, tangents):
    spans, chart, lengths, _ = primals

    def of(lows: Array) -> Array:
        found = _moving(spans, chart, lows)[1]
        weights = lambda *sizes: jnp.exp(split_logs(found, *sizes))
        top = possible(chart, lengths).astype(lows.dtype)
        return pushed(weights, top, chart.words, lengths)

    return masses(*primals), jax.jvp(of, (spans.low,), (tangents[0].low,))[1]


def _moving(spans: Logs, chart: Chart, lows: Array) -> tuple[Logs, Chart]:
    spans = spans._replace(low=lows)
    return spans, differentiable(spans, chart)


def of_parts(masses: Array, labels: Array) -> Array:
    """(B n n t): the probability of each span with each label, from the log-probabilities of labels."""
    return layout.table_of_chart(masses, 0.0)[..., None] * jnp.exp(labels)


def log_of_parts(log_masses: Array, labels: Array) -> Array:
    return _log_times(layout.table_of_chart(log_masses, -jnp.inf)[..., None], labels)


def _log_times(a: Array, b: Array) -> Array:
    """Beyond the lowest float it is that: only what is impossible is -inf."""
    lowest = jnp.finfo(a.dtype).min
    return jnp.where(jnp.isneginf(a) | jnp.isneginf(b), -jnp.inf, jnp.maximum(a + b, lowest))


# --------------------------------------------------------------------------------------------------- log-partition


@jax.custom_jvp
def log_partition(potentials: Potentials, lengths: Array, chart: Chart) -> Sum:
    """The log-partition (B) as an unevaluated sum; its derivative is the marginals."""
    return at_root(chart, lengths).sum()


@log_partition.defjvp
def _log_partition_derivative(primals, tangents):
    potentials, lengths, chart = primals
    kind, logs = type(chart.left), logs_of(potentials, lengths)
    spans = to_chart(kind.from_log(logs).total(-1))
    of_spans = masses(spans, chart, lengths, log_masses(spans, chart, lengths))
    mass = of_parts(of_spans, label_logs(kind, logs))
    tangent = contract(mass, drop_forbidden(potentials, tangents[0]))
    value = log_partition(*primals)
    return value, (jnp.zeros_like(value[0]), jnp.zeros_like(value[1]), tangent * (1 / numeric.UNIT))
