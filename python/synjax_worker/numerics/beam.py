"""Beams of walks, k side by side for each of B items: the k best, or draws without replacement.

Of each walk is known how good its best completion is, or how likely all of them are together, so that what is dropped
has k better ones elsewhere (`topdown`). What a choice adds to a walk is the log of it beside the others.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import Array, lax

from . import numeric, topdown
from .guard import is_optimistic, refuse_where

# Logs that lie farther apart than this do not tell small differences as single floats.
FARTHEST = 2.0**9


class Search(Protocol):
    """How k walks are kept. What is carried of them is the search's own. Logs of choices are of a kind (`SplitLog`) or
    floats.
    """

    def started(self, first: Array, logs: Any) -> Any:
        """Of walks (B m), where they are there; `logs` are any like those that follow."""
        ...

    def extended(self, state: Any, step: Array, active: Array, logs: Any) -> tuple[Any, Array, Array]:
        """The k children that are kept, which of the m walks each continues, and what it chose, (B k), of the logs of
        choices (B m p). A walk that has nothing to choose, not `active` (B m), has one child, itself.
        """
        ...

    def real(self, state: Any) -> Array:
        """(B k)"""
        ...


class KBest:
    """The k best. In an optimistic program by what they lose against the best as single floats; those that lose so much
    that these round are refused.
    """

    def __init__(self, k: int) -> None:
        self._k = k

    def started(self, first: Array, logs: Any) -> Any:
        alone = _zero_or_nothing(first, logs)
        return alone if _in_floats(logs) else type(logs).from_log(alone)

    def extended(self, state: Any, step: Array, active: Array, logs: Any) -> tuple[Any, Array, Array]:
        if _in_floats(logs):
            rest = _floats(logs)
            rest = rest - numeric.shift_of(rest, -1, keepdims=True)
            children = state[..., None] + _or_itself(active, rest, self._k)
            kept, chosen = topdown.largest(lax.collapse(children, 1), self._k)
        else:
            of_choices = logs.over(jax.tree.map(lambda x: x[..., None], logs.largest(-1)))
            children = jax.tree.map(lambda x: x[..., None], state)
            children = children.times(_or_itself(active, of_choices, self._k))
            flat = jax.tree.map(lambda x: lax.collapse(x, 1), children)
            chosen = largest_logs(flat, self._k)
            kept = jax.tree.map(lambda x: jnp.take_along_axis(x, chosen, 1), flat)
        return kept, *_parent_and_choice(chosen, children)

    def real(self, state: Any) -> Array:
        return (state if isinstance(state, Array) else state.high) > -jnp.inf

    def refuse_far(self, state: Any) -> None:
        """At the end, outside of all that JAX traces by itself."""
        if isinstance(state, Array):
            refuse_where(self.real(state) & (state < -FARTHEST))


class Drawn(NamedTuple):
    log: Array  # (B k): of the probability of what was chosen so far
    priority: Array  # (B k): a Gumbel of that location


class WithoutReplacement:
    """Draws of k distinct structures for each of B items, each with the probability that it has among those that are
    left (Kool, van Hoof & Welling 2019).
    """

    def __init__(self, key: Array, items: int, k: int) -> None:
        self._prioritize = topdown.gumbel_priorities(jax.random.split(numeric.normal_key(key), items))
        self._k = k

    def started(self, first: Array, logs: Any) -> Drawn:
        alone = _zero_or_nothing(first, logs)
        return Drawn(alone, alone)

    def extended(self, state: Drawn, step: Array, active: Array, logs: Any) -> tuple[Drawn, Array, Array]:
        local = numeric.log_normalize(_floats(logs))
        children = state.log[..., None] + _or_itself(active, local, self._k)
        wanted = self._prioritize(step, state.priority, children)
        priority, chosen = topdown.largest(lax.collapse(wanted, 1), self._k)
        log = jnp.take_along_axis(lax.collapse(children, 1), chosen, 1)
        log = jnp.where(priority > -jnp.inf, log, -jnp.inf)
        return Drawn(log, priority), *_parent_and_choice(chosen, children)

    def real(self, state: Drawn) -> Array:
        return state.priority > -jnp.inf

    def logs(self, state: Drawn) -> Array:
        """The log-probabilities of what was drawn (B k), -inf past the support."""
        return jnp.where(self.real(state), state.log, -jnp.inf)


def _in_floats(logs: Any) -> bool:
    return is_optimistic() or isinstance(logs, Array)


def _floats(logs: Any) -> Array:
    return logs if isinstance(logs, Array) else logs.near_top(-1)[1]


def _zero_or_nothing(first: Array, logs: Any) -> Array:
    return jnp.where(first, 0.0, -jnp.inf).astype(jax.tree.leaves(logs)[0].dtype)


def _or_itself(active: Array, logs: Any, k: int) -> Any:
    """What choices (B m p) add to walks (B m); at least as many as k need."""
    first = jax.tree.leaves(logs)[0]
    walks, count = first.shape[1:]
    itself = jnp.where(numeric.positions(count) == 0, 0.0, -jnp.inf).astype(first.dtype)
    nothing: Any = -jnp.inf
    if not isinstance(logs, Array):
        itself, nothing = type(logs).from_log(itself), type(logs)(-jnp.inf, *[0] * (len(logs) - 1))
    more = ((0, 0), (0, 0), (0, max(-(-k // walks) - count, 0)))

    def made(x: Array, alone: Array, none: float) -> Array:
        return jnp.pad(jnp.where(active[..., None], x, alone), more, constant_values=none)

    return jax.tree.map(made, logs, itself, nothing)


def _parent_and_choice(chosen: Array, children: Any) -> tuple[Array, Array]:
    chosen = chosen.astype(jnp.int32)
    count = jnp.int32(jax.tree.leaves(children)[0].shape[-1])
    return lax.div(chosen, count), lax.rem(chosen, count)


def largest_logs(logs: Any, k: int) -> Array:
    """Where the k largest along the last axis are, in no order.

    As single floats, what is far below the largest is rounded. Of those that come out about as large as the last of k,
    what they differ from it tells.
    """
    priority = logs.near_top(-1)[1]
    values, chosen = topdown.largest(priority, k)
    last = jax.tree.map(lambda x: jnp.take_along_axis(x, chosen[..., -1:], -1), logs)
    last = jax.tree.map(lambda x: jnp.where(jnp.isfinite(last.high), x, 0), last)
    lowest = numeric.finite_or_zero(values[..., -1:])
    better = priority > lowest + jnp.abs(lowest) * 2.0**-20
    return topdown.largest(jnp.where(better, jnp.inf, logs.ratio(last)), k)[1]
