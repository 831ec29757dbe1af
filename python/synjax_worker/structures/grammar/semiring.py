"""How optimistic programs add up and compare trees: sums of weights, and the best of logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from ...numerics import numeric


class Semiring(NamedTuple):
    """Numbers of trees relative to a whole number in logs, and how they come from logs and go back."""

    zero: float
    number: Callable[[Array], Array]  # of a log
    log: Callable[[Array], Array]
    times: Callable[[Array, Array], Array]
    plus: Callable[[Array, Array], Array]
    contract: Callable[[str, Array, Array], Array]  # as `jnp.einsum`
    least: float  # a log: products that are not below it are right, as those of no floats too small
    enough: float  # a number: a total of at least this is right, whatever of it is too small


def _sums(spec: str, a: Array, b: Array) -> Array:
    return jnp.einsum(spec, a, b, precision=numeric.HIGHEST)


def _maxima(spec: str, a: Array, b: Array) -> Array:
    """The same with sums in place of products and maxima in place of sums."""
    operands, out = spec.split("->")
    first, second = operands.split(",")
    over = "".join(dict.fromkeys(x for x in first + second if x not in out))  # along the last axes it is fast

    def aligned(x: Array, axes: str) -> Array:
        order = [axes.index(name) for name in out + over if name in axes]
        missing = [at for at, name in enumerate(out + over) if name not in axes]
        return jnp.expand_dims(jnp.transpose(x, order), missing)

    both = aligned(a, first) + aligned(b, second)
    return jnp.max(both, tuple(range(len(out), len(out) + len(over))))


SUMS = Semiring(0.0, jnp.exp, numeric.safe_log, jnp.multiply, jnp.add, _sums, -70.0, 2.0**-60)
MAXIMA = Semiring(-jnp.inf, lambda x: x, lambda x: x, jnp.add, jnp.maximum, _maxima, -512.0, -512.0)
