"""Probabilities of segments and of their logs: what a walk from the end passes through, and the log-partition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import custom_jvp, drop_forbidden, guarded
from ...numerics.numeric import HIGHEST, Sum
from .choices import Choices, chosen_by_weights, log_choices, probabilities
from .fast import Weights
from .forward import Messages, run
from .potentials import Potentials, contract, items_first


class Passed(NamedTuple):
    """How much of the walks passes where: probabilities, their logs, or whether any does."""

    ends: Array  # (n B t): a segment with this label ends at i
    starts: Array | None  # (n B t), factored: the segment after position i has this label
    first: Array  # (B t): factored, the first segment has this label; general, all of it stands at label 0


class _Algebra(NamedTuple):
    """How walks are added up."""

    zero: float | bool
    add: Callable[[Array, Array], Array]
    times: Callable[[Array, Array], Array]
    through: Callable[[Array, Array], Array]  # a table (B p t) and walks (B t): (B p)
    settle: Callable[
        [Array], Array
    ]  # of the walks that are still under way (B m*t), which are all of an item's


def _made_whole(pending: Array) -> Array:
    """Walks add up to 1 at every step: what is lost or won by rounding would add up over a long sequence."""
    whole = lax.stop_gradient(jnp.sum(pending, 1, keepdims=True))
    return pending / jnp.where(whole > 0, whole, 1)


def _log_times(a: Array, b: Array) -> Array:
    """Beyond the lowest float it is that: only what is impossible is -inf."""
    lowest = jnp.finfo(a.dtype).min
    return jnp.where(jnp.isneginf(a) | jnp.isneginf(b), -jnp.inf, jnp.maximum(a + b, lowest))


def _log_add(a: Array, b: Array) -> Array:
    return numeric.logsumexp(jnp.stack([a, b]), 0)


def _product(table: Array, walks: Array) -> Array:
    return jnp.einsum("bpc,bc->bp", table, walks, precision=HIGHEST)


def _log_product(table: Array, walks: Array) -> Array:
    return numeric.logsumexp(_log_times(table, walks[:, None]), -1)


def _any_product(table: Array, walks: Array) -> Array:
    return jnp.any(table & walks[:, None], -1)


def _unchanged(pending: Array) -> Array:
    return pending


_SUM = _Algebra(0.0, jnp.add, jnp.multiply, _product, _made_whole)
_LOG_SUM = _Algebra(-jnp.inf, _log_add, _log_times, _log_product, _unchanged)
_ANY = _Algebra(False, jnp.logical_or, jnp.logical_and, _any_product, _unchanged)


def _passed(choices: Choices, longest: int, lengths: Array, algebra: _Algebra) -> Passed:
    """Every walk at once, from the end to the front. Carries what stands at the last m positions: slot j at i - j."""
    zero, add, times, through, settle = algebra
    count, items, _, labels = choices.segment.shape
    final = (numeric.positions(count)[:, None] == lengths - 1)[..., None]
    last = jnp.where(final, choices.last, zero)

    def step(pending, inputs):
        segment, label, last = inputs
        here, starts = pending[:, :labels], None
        if label is not None:
            starts = here
            here = through(label, here)
        ends = add(here, last)
        if label is None:
            chosen = through(segment, ends)
        else:
            chosen = times(segment, ends[:, None]).reshape(pending.shape)
        moved = jnp.concatenate([pending[:, labels:], jnp.full_like(here, zero)], 1)
        return settle(add(moved, chosen)), (ends, starts)

    pending = jnp.full((items, longest * labels), zero, choices.last.dtype)
    inputs = (choices.segment, choices.label, last)
    pending, (ends, starts) = lax.scan(step, pending, inputs, reverse=True)
    return Passed(ends, starts, pending[:, :labels])


def passed(chosen: Choices, longest: int, lengths: Array) -> Passed:
    """Probabilities, from those of the choices."""
    return _passed(chosen, longest, lengths, _SUM)


def visited(possible: Choices, longest: int, lengths: Array) -> Passed:
    """Whether any walk passes, however unlikely."""
    return _passed(possible, longest, lengths, _ANY)


# ------------------------------------------------------------------------------------------------------- marginals


def _of_choices(mass: Callable[[Potentials, Array, Choices], Any]) -> Callable[..., Any]:
    """`mass(potentials, lengths, probabilities)` of choices by weights, or by logs where those are not certified."""

    def fast(potentials: Potentials, lengths: Array, weights: Weights) -> Any:
        return mass(potentials, lengths, chosen_by_weights(weights, lengths))

    def exact(potentials: Potentials, lengths: Array) -> Any:
        logs = log_choices(potentials, lengths, run(potentials, lengths))
        return mass(potentials, lengths, probabilities(logs))

    return guarded(fast, exact)


def mass_of_potentials(potentials: Potentials, lengths: Array, chosen: Choices) -> Potentials:
    """How much of the walks that choose in these proportions uses each potential."""
    walks = passed(chosen, potentials.longest, lengths)
    segment = items_first(chosen.segment * walks.ends[:, :, None], potentials)
    if not potentials.factored:
        return Potentials(segment)
    # Transitions are counted where both labels are known.
    transition = jnp.einsum("nbac,nbc->bac", chosen.label, walks.starts, precision=HIGHEST)
    return Potentials(segment, transition, walks.first)


def mass_of_parts(potentials: Potentials, lengths: Array, chosen: Choices) -> Array:
    """The same of each part of an event, (B n m t t)."""
    walks = passed(chosen, potentials.longest, lengths)
    segment = chosen.segment * walks.ends[:, :, None]
    if not potentials.factored:
        return items_first(segment, potentials)
    return _event(segment, chosen.label, jnp.multiply, certain=1, nothing=0)


# The gradient of each item's log-partition by its potentials; every field leads with B.
potential_marginals = _of_choices(mass_of_potentials)
# Probability of each segment, and the label before it, (B n m t t).
marginals = _of_choices(mass_of_parts)


def log_marginals(potentials: Potentials, lengths: Array, messages: Messages) -> Array:
    """Its logarithm, right at any size, (B n m t t)."""
    logs = log_choices(potentials, lengths, messages)
    walks = _passed(logs, potentials.longest, lengths, _LOG_SUM)
    segment = _log_times(logs.segment, walks.ends[:, :, None])
    if not potentials.factored:
        return items_first(segment, potentials)
    return _event(segment, logs.label, _log_times, certain=0, nothing=-jnp.inf)


def _event(
    segment: Array, label: Array, times: Callable[[Array, Array], Array], certain: float, nothing: float
) -> Array:
    """Segments (n B m t) with the label before each, as an event's (B n m t t). The first of a sequence has label 0."""
    count, _, longest, labels = segment.shape
    begin = numeric.positions(count)[:, None] - numeric.positions(longest)  # (n m)
    before = jnp.moveaxis(label[jnp.maximum(begin - 1, 0)], 2, 1)  # (n B m t t)
    alone = jnp.where(numeric.positions(labels) == 0, certain, nothing).astype(label.dtype)[:, None]
    first = (begin == 0)[:, None, :, None, None]
    parts = times(segment[..., None, :], jnp.where(first, alone, before))
    possible = (begin >= 0)[:, None, :, None, None]
    return jnp.moveaxis(jnp.where(possible, parts, nothing), 0, 1)


# --------------------------------------------------------------------------------------------------- log-partition


@custom_jvp
def log_partition(potentials: Potentials, lengths: Array, weights: Weights) -> Sum:
    """The log-partition (B) as an unevaluated sum; its derivative is the marginals."""
    return weights.log_partition


@log_partition.defjvp
def _log_partition_derivative(primals, tangents):
    tangent = contract(potential_marginals(*primals), drop_forbidden(primals[0], tangents[0]))
    value = log_partition(*primals)
    return value, (jnp.zeros_like(value[0]), jnp.zeros_like(value[1]), tangent * (1 / numeric.UNIT))
