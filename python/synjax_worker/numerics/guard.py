"""The fast path where a certificate allows it, the exact one elsewhere, for values and derivatives of any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax


class Limits(NamedTuple):
    """What sums of products of weights may be, to have lost nothing to the float range."""

    floor: float  # finite weights are not smaller
    lift: float  # what gives room below is multiplied by this, to use the upper half of the exponent range
    threshold: float  # a sum of as many products that is not smaller has lost nothing


def limits(dtype: Any, terms: int) -> Limits:
    info = jnp.finfo(dtype)
    floor = 8 * float(info.tiny)
    lift = 2.0 ** (92 if info.bits == 32 else 900)
    return Limits(floor, lift, 16 * terms * floor / float(info.eps))


def select_items(choose: Array, chosen: Any, otherwise: Any) -> Any:
    """Per item of the leading axis; `choose` has that axis alone, or none."""

    def select(a: Array, b: Array) -> Array:
        return jnp.where(choose.reshape(choose.shape + (1,) * (a.ndim - choose.ndim)), a, b)

    return jax.tree.map(select, chosen, otherwise)


def run_if(predicate: Array, compute: Callable[..., Any], arguments: tuple, default: Any) -> Any:
    """`compute(*arguments)` for the items where `predicate` holds, `default` for the others.

    Nothing is computed where no item needs it, under `vmap` too: a `while_loop` of at most one turn, whose predicate
    `vmap` reduces with `or`, where `cond` would become a select that always computes both sides. The barrier ties the
    arguments to the loop's flag; without it XLA moves the whole computation out of the loop. Not for reverse mode.
    """

    def body(carry):
        flag, value = carry
        tied, flag = lax.optimization_barrier((arguments, flag))
        return jnp.zeros_like(flag), select_items(predicate, compute(*tied), value)

    return lax.while_loop(lambda carry: carry[0], body, (jnp.any(predicate), default))[1]


@jax.custom_batching.custom_vmap
def any_of_all(predicate: Array) -> Array:
    """Whether it holds anywhere, under `vmap` in any lane: a `cond` on it stays one, for derivatives too."""
    return jnp.any(predicate)


@any_of_all.def_vmap
def _any_of_all_lanes(axis_size: int, in_batched: list[bool], predicate: Array) -> tuple[Array, bool]:
    return any_of_all(predicate), False


def drop_forbidden(parameters: Any, tangents: Any) -> Any:
    """Tangents with 0 where the parameter is -inf: a forbidden part stays forbidden, whatever its derivative says."""
    return jax.tree.map(lambda x, dx: jnp.where(jnp.isneginf(x), 0, dx), parameters, tangents)


def certified_or_exact(fast: Callable, exact: Callable) -> Callable:
    """A query without a derivative of its own: see `guarded`."""

    def query(parameters, lengths, messages):
        value = fast(parameters, lengths, messages)
        return run_if(~messages.certified, exact, (parameters, lengths), value)

    return query


def guarded(fast: Callable, exact: Callable) -> Callable:
    """A query: `fast(parameters, lengths, messages)` where certified, else `exact(parameters, lengths)`.

    Results lead with the batch axis. The derivative by the parameters is that of `exact`, which must be differentiable
    to every order that is wanted; messages are constants to it, so that one pass may serve many queries.
    """

    query = jax.custom_jvp(certified_or_exact(fast, exact))

    @query.defjvp
    def derivative(primals, tangents):
        parameters, lengths, _ = primals
        tangent = drop_forbidden(parameters, tangents[0])
        return query(*primals), jax.jvp(lambda p: exact(p, lengths), (parameters,), (tangent,))[1]

    return query
