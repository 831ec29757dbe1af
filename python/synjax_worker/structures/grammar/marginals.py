"""How likely spans, preterminals and rules are, the logs of that, and the log-partition."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.guard import drop_forbidden
from ...numerics.numeric import Sum
from . import float_masses
from .inside import Inside, by_logs, differentiable
from .outside import FLOATS, Mass, by_probability, pushed
from .potentials import Potentials, contract, logs_of


def possible(of: Inside, lengths: Array) -> Array:
    return jnp.any(of.root(lengths).high > -jnp.inf, -1)


def masses(of: Inside, lengths: Array, mass: Mass = FLOATS) -> Potentials:
    """How often each potential is used in expectation, (B ...), or the logs of that: of an inside pass with
    derivatives.
    """
    root = numeric.log_normalize(of.root(lengths).near_top(-1)[1])
    if of.has_floats and mass is FLOATS:
        return float_masses.masses(of.grammar, of.chart, jnp.exp(root), of.extents, lengths)
    return pushed(by_probability(by_logs(of), mass), mass.weight(root), of.extents, lengths, mass)


def as_event(used: Potentials) -> dict[str, Array]:
    return {"chart": used.span, "tags": used.preterminal}


@jax.custom_jvp
def log_partition(potentials: Potentials, lengths: Array, known: Inside) -> Sum:
    """The log-partition (B) as an unevaluated sum; its derivative is how often each potential is used."""
    return known.root(lengths).total(-1).sum()


@log_partition.defjvp
def _log_partition_derivative(primals, tangents):
    potentials, lengths, known = primals
    of = differentiable(logs_of(known.kind, potentials, lengths), known)
    used = masses(of, lengths)._replace(span=None)
    tangent = contract(used, drop_forbidden(potentials, tangents[0]))
    value = log_partition(*primals)
    return value, (jnp.zeros_like(value[0]), jnp.zeros_like(value[1]), tangent * (1 / numeric.UNIT))
