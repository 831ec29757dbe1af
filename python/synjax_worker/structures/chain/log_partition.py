"""The log-partition of a chain as a function whose derivative is the marginals."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.guard import custom_jvp, drop_forbidden
from ...numerics.numeric import Sum
from .fast import Messages
from .marginals import marginals
from .potentials import Potentials, contract


@custom_jvp
def log_partition(potentials: Potentials, lengths: Array, messages: Messages) -> Sum:
    """The log of the sum of the exponentiated scores of all structures, an unevaluated sum (B)."""
    return messages.log_partition


@log_partition.defjvp
def _log_partition_derivative(primals, tangents):
    potentials, _, _ = primals
    tangent = contract(marginals(*primals), drop_forbidden(potentials, tangents[0]))
    value = log_partition(*primals)
    return value, (jnp.zeros_like(value[0]), jnp.zeros_like(value[1]), tangent * (1 / numeric.UNIT))
