"""A fast computation where it is certified to be right, an exact one elsewhere, with derivatives of any order.

In one of two ways. **Careful**, the default: the exact computation is in the program too, and runs where an item was
refused. **Optimistic**, inside of `optimistic`: the program has the fast computation alone and says whether anything
was refused. Whoever runs it then runs the careful program instead. It takes about half the time to compile.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.custom_derivatives import SymbolicZero


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


# --------------------------------------------------------------------------------------------- optimistic or careful


class _Collecting(threading.local):
    def __init__(self) -> None:
        self.refused: list[list[Array] | None] = []  # None where it is careful


_collecting = _Collecting()


@contextlib.contextmanager
def optimistic() -> Iterator[list[Array]]:
    """Inside, what follows is traced without the exact computations. The list gets the flags that say where one was
    needed: they are values of the trace in which this was opened.
    """
    refused: list[Array] = []
    _collecting.refused.append(refused)
    try:
        yield refused
    finally:
        _collecting.refused.pop()


@contextlib.contextmanager
def careful() -> Iterator[None]:
    """Inside, programs are careful ones: for a function that JAX traces by itself and that calls others."""
    _collecting.refused.append(None)
    try:
        yield
    finally:
        _collecting.refused.pop()


def is_optimistic() -> bool:
    return bool(_collecting.refused) and _collecting.refused[-1] is not None


def any_refused(refused: list[Array]) -> Array:
    """Whether any of these flags is set, ()."""
    return functools.reduce(jnp.logical_or, refused) if refused else jnp.asarray(False)


def refuse_where(predicate: Array) -> None:
    """Says that what an optimistic program computes is not to be used where this holds. Not to be called inside a
    function that JAX traces by itself, as that of a `vmap` or of a `custom_jvp`: it would leak.
    """
    refused = _collecting.refused[-1] if _collecting.refused else None
    if refused is not None:
        refused.append(jnp.any(lax.stop_gradient(predicate)))


def recompute_where(predicate: Array, compute: Callable[..., Any], arguments: tuple, default: Any) -> Any:
    """`compute(*arguments)` for the items where `predicate` holds, `default` for the others; in an optimistic program
    `default`, refused where `predicate` holds.
    """
    if is_optimistic():
        refuse_where(predicate)
        return default
    return carefully_where(predicate, compute, arguments, default)


def refined_where(predicate: Array, compute: Callable[..., Any], arguments: tuple, default: Any) -> Any:
    """The same of a certificate that is too strict where `predicate` holds: an optimistic program keeps it."""
    return default if is_optimistic() else carefully_where(predicate, compute, arguments, default)


def carefully_where(predicate: Array, compute: Callable[..., Any], arguments: tuple, default: Any) -> Any:
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


class custom_jvp:
    """`jax.custom_jvp` of functions that compute exactly where a program is careful. The derivative is as optimistic as
    the call was: of what stands in a loop or in `checkpoint` JAX asks for it when the program around it is made.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._of_mode = {mode: jax.custom_jvp(_in_mode(function, mode)) for mode in (True, False)}

    def defjvp(self, derivative: Callable[..., Any]) -> Callable[..., Any]:
        for mode, function in self._of_mode.items():
            function.defjvp(_in_mode(derivative, mode))
        return derivative

    def __call__(self, *arguments: Any) -> Any:
        return self._of_mode[is_optimistic()](*arguments)


def _in_mode(function: Callable[..., Any], is_optimistic: bool) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        with optimistic() if is_optimistic else careful() as refused:
            found = function(*arguments)
        assert not refused, "what refuses is asked before, see `refuse_where`"
        return found

    return call


def drop_forbidden(parameters: Any, tangents: Any) -> Any:
    """Tangents with 0 where the parameter is -inf: what is forbidden stays so, and 0 times inf is avoided."""
    return jax.tree.map(lambda x, dx: jnp.where(jnp.isneginf(x), 0, dx), parameters, tangents)


def certified_or_exact(fast: Callable, exact: Callable) -> Callable:
    """`guarded` without the derivative."""

    def query(parameters, lengths, messages):
        value = fast(parameters, lengths, messages)
        if is_optimistic():  # then the pass that left the messages has refused
            return value
        return carefully_where(~messages.certified, exact, (parameters, lengths), value)

    return query


def guarded(fast: Callable, exact: Callable) -> Callable:
    """A query: `fast(parameters, lengths, messages)` where `messages.certified`, else `exact(parameters, lengths)`.

    Results lead with the batch axis. The derivative by the parameters is that of `exact`, to any order it has. The
    messages are constants to it, so that one forward pass can serve many queries.
    """

    query = custom_jvp(certified_or_exact(fast, exact))

    @query.defjvp
    def derivative(primals, tangents):
        parameters, lengths, _ = primals
        tangent = drop_forbidden(parameters, tangents[0])
        return query(*primals), jax.jvp(lambda p: exact(p, lengths), (parameters,), (tangent,))[1]

    return query


# `derivative(query, primals, tangents, optimistic)` gives what `query(*primals)` does, a value and a flag, and the
# derivative of the value. Where an argument does not move, its tangents are SymbolicZero.
Derivative = Callable[[Callable, tuple, tuple, bool], tuple[tuple[Any, Array], Any]]


def moves(tangents: Any) -> bool:
    """Whether any of these tangents is not known to be 0."""
    return not all(_is_zero(leaf) for leaf in jax.tree.leaves(tangents, is_leaf=_is_zero))


def instantiated(tangents: Any) -> Any:
    """Tangents of floats as arrays."""
    array = lambda x: jnp.zeros(x.aval.shape, x.aval.dtype) if _is_zero(x) else x
    return jax.tree.map(array, tangents, is_leaf=_is_zero)


def _is_zero(tangent: Any) -> bool:
    return isinstance(tangent, SymbolicZero)


def guarded_by_itself(
    fast: Callable[..., tuple[Any, Array]], exact: Callable, derivative: Derivative
) -> Callable:
    """A query whose `fast(*arguments)` gives its value and a certificate of its own, (B); else `exact(*arguments)`.

    In an optimistic program the certificate is a result of the differentiated function, so that it can be told of
    outside of it.
    """
    hopeful, careful = (_flagged(fast, exact, derivative, optimistic) for optimistic in (True, False))

    def query(*arguments):
        value, refused = (hopeful if is_optimistic() else careful)(*arguments)
        refuse_where(refused > 0)
        return value

    return query


def value_and_flag(
    value: Any, certified: Array, exact: Callable, arguments: tuple, optimistic: bool
) -> tuple:
    """The value where it is certified, else the exact one; or the value as it is, and whether it is refused."""
    if optimistic:
        return value, jnp.any(~certified).astype(np.float32)  # a flag of floats has plain tangents
    return carefully_where(~certified, exact, arguments, value), jnp.zeros((), np.float32)


def _flagged(fast: Callable, exact: Callable, derivative: Derivative, optimistic: bool) -> Callable:
    @jax.custom_jvp
    def query(*arguments):
        return value_and_flag(*fast(*arguments), exact, arguments, optimistic)

    def differentiated(primals, tangents):
        (value, refused), tangent = derivative(query, primals, tangents, optimistic)
        return (value, refused), (tangent, jnp.zeros_like(refused))

    query.defjvp(differentiated, symbolic_zeros=True)
    return query
