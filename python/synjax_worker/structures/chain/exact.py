"""The exact forward-backward pass: messages as (mantissa, exponent) pairs, right at any scale, slower than `fast.py`.

Plain `scan`s over the raw potentials, so that derivatives of any order follow. Beyond the length of a chain every loop
carries its last real message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, scaled
from ...numerics.scaled import Scaled
from .potentials import Marginals, Potentials, Prepared, batch_first, prepare
from .transitions import transposed


class ExactMessages(NamedTuple):
    """The result of the forward pass."""

    predecessors: Array  # (n-1 B t): sums over the previous states, in units of 2**scale
    scale: Array  # (n-1 B t)
    filtered: Scaled  # (n B t): weights of the prefixes that end in each state
    last: Scaled  # (B t): the message at each chain's last position
    taken_out: Array  # (n B): the exponents taken out of the messages


def rematerialized(step: Callable) -> Callable:
    """A step of a `scan` whose derivative recomputes the tables of edges, because storing them all takes n t t."""
    return jax.checkpoint(step, prevent_cse=False)


def exact_forward(potentials: Potentials, lengths: Array) -> tuple[ExactMessages, Prepared]:
    """The forward pass, O(n t^2), and the potentials it prepared."""
    prepared = prepare(potentials, lengths)
    valid, start, transition, emission = prepared
    time_varying = potentials.time_varying
    shared = None if time_varying else scaled.from_log(transition)

    def take_out(number: Scaled) -> tuple[Scaled, Array]:
        top = jnp.max(number.exponent, -1)
        top = jnp.where(top > scaled.ZERO_EXPONENT, top, 0)
        exponent = jnp.maximum(number.exponent - top[:, None], scaled.ZERO_EXPONENT)
        return Scaled(number.mantissa, exponent), top

    def times(number: Scaled, factor: Scaled | None) -> Scaled:
        if factor is None:
            return scaled.renormalize(*number)
        return scaled.renormalize(number.mantissa * factor.mantissa, number.exponent + factor.exponent)

    def step(message: Scaled, inputs):
        factor, live, logs = inputs
        edges = scaled.from_log(logs) if time_varying else shared
        exponents = message.exponent[:, :, None] + edges.exponent
        scale = jnp.max(exponents, 1)
        shares = scaled.power_of_two(exponents - scale[:, None], start.dtype)
        sums = jnp.sum(message.mantissa[:, :, None] * edges.mantissa * shares, 1)
        moved, top = take_out(times(Scaled(sums, scale), factor))
        message = jax.tree.map(lambda a, b: jnp.where(live[:, None], a, b), moved, message)
        return message, (sums, scale, message, jnp.where(live, top, 0))

    factors = None if emission is None else scaled.from_log(emission)
    first_factor = None if factors is None else jax.tree.map(lambda x: x[0], factors)
    first, first_top = take_out(times(scaled.from_log(start), first_factor))
    inputs = (
        None if factors is None else jax.tree.map(lambda x: x[1:], factors),
        valid[1:],
        transition if time_varying else None,
    )
    last, (sums, scales, messages, tops) = lax.scan(rematerialized(step), first, inputs)
    prepend = lambda a, b: jnp.concatenate([a[None], b])
    filtered = jax.tree.map(prepend, first, messages)
    return ExactMessages(sums, scales, filtered, last, prepend(first_top, tops)), prepared


def _log_partition(messages: ExactMessages) -> tuple[Array, Array]:
    last = jnp.sum(
        messages.last.mantissa * scaled.power_of_two(messages.last.exponent, messages.last.mantissa.dtype), -1
    )
    terms = scaled.exponents_times_ln2(messages.taken_out, last.dtype)
    return numeric.pair_sum(jnp.concatenate([*terms, numeric.safe_log(last)[None]]))


def exact_log_partition(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    """The log-partition (B) as an unevaluated pair."""
    return _log_partition(exact_forward(potentials, lengths)[0])


def exact_backward(messages: ExactMessages, prepared: Prepared, each_edge: bool) -> tuple[Array, Array]:
    """The backward pass: the marginals of the states (n B t), and of each edge (n-1 B t t) or their sum (B t t)."""
    valid, start, transition, _ = prepared
    time_varying = transition.ndim == 4
    # With transposed edges both sums of a step run along major axes. XLA does not vectorise sums along the minor axis.
    shared = None if time_varying else scaled.from_log(transposed(transition))

    def step(carry, inputs):
        marginal, totals = carry
        filtered, sums, scale, live, logs = inputs
        edges = scaled.from_log(transposed(logs)) if time_varying else shared
        ratio = jnp.where(live[:, None], marginal * numeric.reciprocal(sums), 0)
        shares = scaled.power_of_two(
            filtered.exponent[:, None] + edges.exponent - scale[..., None], start.dtype
        )
        joint = filtered.mantissa[:, None] * edges.mantissa * shares * ratio[..., None]
        # Normalized at every position, because rounding errors would accumulate over a long chain.
        before = jnp.where(live[:, None], numeric.normalize(jnp.sum(joint, 1)), marginal)
        return (before, None if each_edge else totals + joint), (marginal, joint if each_edge else None)

    size = start.shape[-1]
    totals = None if each_edge else jnp.zeros((start.shape[0], size, size), start.dtype)
    before_last = jax.tree.map(lambda x: x[:-1], messages.filtered)
    inputs = (
        before_last,
        messages.predecessors,
        messages.scale,
        valid[1:],
        transition if time_varying else None,
    )
    last = numeric.normalize(scaled.to_shared_scale(messages.last))
    (first, totals), (rest, joints) = lax.scan(rematerialized(step), (last, totals), inputs, reverse=True)
    states = jnp.where(valid[:, :, None], jnp.concatenate([first[None], rest]), 0)
    return states, transposed(joints if each_edge else totals)


def exact_marginals(potentials: Potentials, lengths: Array) -> Marginals:
    """The gradient of each log-partition by its potentials."""
    time_varying = potentials.time_varying
    states, edges = exact_backward(*exact_forward(potentials, lengths), each_edge=time_varying)
    if time_varying:
        return Marginals(states[0], batch_first(edges), None)
    return Marginals(states[0], edges, batch_first(states))
