"""Queries by determinants, with derivatives: in optimistic programs, of which each refuses what it may get wrong.

First derivatives are numbers like the values, by the same inverse. What follows from those has the derivatives of the
exact form.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.guard import careful, drop_forbidden, is_optimistic, refuse_where
from ...numerics.numeric import Sum
from ..arcs.potentials import Potentials, contract, logs_of
from ..structure import Query
from .determinant import Solved, arcs, change_of_arcs, error_of, holds, solved


def applies(potentials: Potentials) -> bool:
    """A TPU has no such determinants."""
    return is_optimistic() and potentials.nodes > 1 and jax.default_backend() != "tpu"


class Found(NamedTuple):
    """Constants, each with a certificate (B). What nobody reads costs nothing."""

    log_partition: Sum  # (B)
    certified: Array
    arcs: Array  # (B n n): their probabilities, from head to dependent
    arcs_certified: Array
    entropy: Array  # (B)
    slopes: Array  # (B n n): of the entropy
    entropy_certified: Array
    solved: Solved  # floats of 64 bits


def all_trees(potentials: Potentials, lengths: Array, single: bool) -> Found:
    """O(n^3), of constants."""
    logs, dtype = logs_of(potentials, lengths), potentials.log_potentials.dtype
    with jax.enable_x64(True):
        of = solved(logs, potentials.lost, lengths, single)
        value = of.log_determinant + of.common
        value = jnp.where(single & (lengths < 2), -jnp.inf, value)
        error, likely = error_of(of), arcs(of, single)
        surprise = jnp.where(of.weights > 0, -of.logs, 0)
        entropy = of.log_determinant + jnp.sum(likely * surprise, (1, 2))
        slopes = change_of_arcs(of, surprise, lengths, single)
        wrong = error * jnp.sum(of.weights * jnp.abs(surprise), (1, 2))
        return Found(
            numeric.sum_of_wide(value, dtype),
            holds(of, jnp.zeros_like(error), dtype),
            _table(likely, dtype),
            holds(of, error, dtype),
            jnp.maximum(entropy, 0).astype(dtype),
            _table(slopes, dtype),
            holds(of, jnp.maximum(error, wrong), dtype),
            of,
        )


def _table(of_arcs: Array, dtype: Any) -> Array:
    """(B n n) of what arcs to all nodes but the root have."""
    return jnp.pad(of_arcs, ((0, 0), (0, 0), (1, 0))).astype(dtype)


class Divergence(NamedTuple):
    """Constants."""

    value: Array  # (B)
    of_p: Array  # (B n n): its derivative by the log-potentials of p
    of_q: Array
    certified: Array  # (B): the value
    slopes_certified: Array  # (B)


def divergence(p: Query, q: Query, of_p: Found, of_q: Found, single: bool) -> Divergence:
    """KL(p || q), where q allows what p does; else it is not certified."""
    dtype, a, b = of_p.entropy.dtype, of_p.solved, of_q.solved
    with jax.enable_x64(True):
        both = (a.weights > 0) & (b.weights > 0)
        apart = jnp.where(both, a.logs - b.logs, 0)
        likely = arcs(a, single)
        value = b.log_determinant - a.log_determinant + jnp.sum(likely * apart, (1, 2))
        wrong = error_of(a) * (1 + jnp.sum(a.weights * jnp.abs(apart), (1, 2)))
        certified = holds(a, wrong, dtype) & holds(b, jnp.zeros_like(wrong), dtype)
        certified &= jnp.all(both == (a.weights > 0), (1, 2))
        certified |= p.lengths != q.lengths
        slopes = change_of_arcs(a, apart, p.lengths, single)
        return Divergence(
            jnp.maximum(value, 0).astype(dtype),
            _table(slopes, dtype),
            _table(arcs(b, single) - likely, dtype),
            certified,
            certified & (holds(b, error_of(b), dtype) | (p.lengths != q.lengths)),
        )


# ---------------------------------------------------------------------------------------------------------- derivatives

# Of potentials, one or two, and lengths: the exact form, with derivatives of any order.
Exact = Callable[..., Any]


class Queries(NamedTuple):
    """Of potentials in a tuple and lengths; refused where they may be wrong."""

    log_partition: Callable[[tuple, Array, Found], Sum]
    arcs: Callable[[tuple, Array, Found], Array]
    entropy: Callable[[tuple, Array, Found], Array]
    divergence: Callable[[tuple, Array, Divergence], Array]


@functools.cache
def queries(arcs: Exact, entropy: Exact, divergence: Exact) -> Queries:
    """Of the exact forms."""
    of_arcs = _known(arcs)
    of_sums = _with_slopes([of_arcs], _as_sum)
    of_entropy = _with_slopes([_slope(entropy, 0)])
    of_divergence = _with_slopes([_slope(divergence, 0), _slope(divergence, 1)])

    def asked_arcs(potentials: tuple, lengths: Array, found: Found) -> Array:
        refuse_where(~found.arcs_certified)
        return of_arcs(potentials, lengths, found.arcs)

    def told(value: tuple[Any, Array]) -> Any:
        refuse_where(value[1] > 0)
        return value[0]

    return Queries(
        lambda p, lengths, found: told(
            of_sums(p, lengths, found.log_partition, (found.arcs,), found.certified, found.arcs_certified)
        ),
        asked_arcs,
        lambda p, lengths, found: told(
            of_entropy(p, lengths, found.entropy, (found.slopes,), *[found.entropy_certified] * 2)
        ),
        lambda p, lengths, found: told(
            of_divergence(
                p,
                lengths,
                found.value,
                (found.of_p, found.of_q),
                found.certified,
                found.slopes_certified,
            )
        ),
    )


def _known(exact: Exact) -> Callable[[tuple, Array, Array], Array]:
    """A constant with the derivatives of the exact form."""

    @jax.custom_jvp
    def query(potentials: tuple, lengths: Array, constant: Array) -> Array:
        return constant

    @query.defjvp
    def derivative(primals, tangents):
        potentials, lengths, _ = primals
        moved = tuple(map(drop_forbidden, potentials, tangents[0]))
        with careful():
            tangent = jax.jvp(lambda *p: exact(*p, lengths), potentials, moved)[1]
        return query(*primals), tangent

    return query


def _slope(exact: Exact, which: int) -> Callable[[tuple, Array, Array], Array]:
    """The derivative by the log-potentials of one of its arguments, a constant."""

    def gradient(*arguments):
        return jax.grad(lambda *p: jnp.sum(exact(*p)), which)(*arguments).log_potentials

    return _known(gradient)


def _as_sum(tangent: Array) -> Sum:
    return jnp.zeros_like(tangent), jnp.zeros_like(tangent), tangent * (1 / numeric.UNIT)


def _with_slopes(slopes: list[Callable], shaped: Callable = lambda tangent: tangent) -> Callable:
    """A constant whose derivatives by potentials are constants, both with certificates: the value, and a float above 0
    where it is refused. `shaped` makes the tangent of the value of a number's.
    """

    @jax.custom_jvp
    def query(potentials, lengths, value, gradients, certified, gradients_certified):
        return value, _flag(certified)

    @query.defjvp
    def derivative(primals, tangents):
        potentials, lengths, value, gradients, _, certified = primals
        terms = [
            contract(slope(potentials, lengths, gradient), drop_forbidden(p, moved))
            for slope, gradient, p, moved in zip(slopes, gradients, potentials, tangents[0], strict=True)
        ]
        flag = _flag(certified)
        return (value, flag), (shaped(sum(terms)), jnp.zeros_like(flag))

    return query


def _flag(certified: Array) -> Array:
    return jnp.any(~certified).astype(jnp.float32)
