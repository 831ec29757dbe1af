"""A fast computation where it is certified to be right, an exact one elsewhere, with derivatives of any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax


class FloatRange(NamedTuple):
    """Bounds above which a sum of products of floats lost nothing to underflow."""

    floor: float  # the smallest weight, except 0
    lift: (
        float  # a factor that moves numbers up to 1 into the upper half of the exponent range, for room below
    )
    threshold: float  # a sum of at least this size lost nothing that shows


def float_range(dtype: Any, terms: int) -> FloatRange:
    """The bounds for sums of `terms` products of two weights between `floor` and 1."""
    info = jnp.finfo(dtype)
    floor = 8 * float(info.tiny)
    lift = 2.0 ** (92 if info.bits == 32 else 900)
    return FloatRange(floor, lift, 16 * terms * floor / float(info.eps))


def select_items(choose: Array, chosen: Any, otherwise: Any) -> Any:
    """`chosen` or `otherwise` per item of the leading axis. `choose` has only that axis, or none."""

    def select(a: Array, b: Array) -> Array:
        return jnp.where(choose.reshape(choose.shape + (1,) * (a.ndim - choose.ndim)), a, b)

    return jax.tree.map(select, chosen, otherwise)


def recompute_where(predicate: Array, compute: Callable[..., Any], arguments: tuple, default: Any) -> Any:
    """`compute(*arguments)` for the items where `predicate` holds, `default` for the others.

    Computes nothing if no item needs it. A `while_loop` of at most one turn does that under `vmap` too, which reduces
    its predicate with `or`; a `cond` would become a select that computes both sides. The barrier ties the arguments to
    the loop's flag, because XLA would move the computation out of the loop. Has no reverse-mode derivative.
    """

    def body(carry):
        flag, value = carry
        tied, flag = lax.optimization_barrier((arguments, flag))
        return jnp.zeros_like(flag), select_items(predicate, compute(*tied), value)

    return lax.while_loop(lambda carry: carry[0], body, (jnp.any(predicate), default))[1]


@jax.custom_batching.custom_vmap
def any_of_all(predicate: Array) -> Array:
    """Whether any element is true; under `vmap`, any element of any lane. So a `cond` on it stays a `cond`."""
    return jnp.any(predicate)


@any_of_all.def_vmap
def _any_of_all_lanes(axis_size: int, in_batched: list[bool], predicate: Array) -> tuple[Array, bool]:
    return any_of_all(predicate), False


def drop_forbidden(parameters: Any, tangents: Any) -> Any:
    """Tangents with 0 where the parameter is -inf: what is forbidden stays so, and 0 times inf is avoided."""
    return jax.tree.map(lambda x, dx: jnp.where(jnp.isneginf(x), 0, dx), parameters, tangents)


def certified_or_exact(fast: Callable, exact: Callable) -> Callable:
    """`guarded` without the derivative."""

    def query(parameters, lengths, messages):
        value = fast(parameters, lengths, messages)
        return recompute_where(~messages.certified, exact, (parameters, lengths), value)

    return query


def guarded(fast: Callable, exact: Callable) -> Callable:
    """A query: `fast(parameters, lengths, messages)` where `messages.certified`, else `exact(parameters, lengths)`.

    Results lead with the batch axis. The derivative by the parameters is that of `exact`, to any order it has. The
    messages are constants to it, so that one forward pass can serve many queries.
    """

    query = jax.custom_jvp(certified_or_exact(fast, exact))

    @query.defjvp
    def derivative(primals, tangents):
        parameters, lengths, _ = primals
        tangent = drop_forbidden(parameters, tangents[0])
        return query(*primals), jax.jvp(lambda p: exact(p, lengths), (parameters,), (tangent,))[1]

    return query
