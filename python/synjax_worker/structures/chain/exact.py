"""The exact forward-backward pass: messages as logs of two floats, right at any finite scale, slower than `fast.py`.

Plain `scan`s over the raw potentials, so that derivatives of any order follow. Beyond the length of a chain every loop
carries its last real message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.numeric import Sum
from ...numerics.split_log import sum_of
from ...numerics.wide_log import WideLog
from .potentials import Marginals, Potentials, Prepared, batch_first, prepare


class ExactMessages(NamedTuple):
    """The result of the forward pass. Each position has a scale of its own."""

    predecessors: WideLog  # (n-1 B t): sums over the previous states, in the scale of the position before
    filtered: WideLog  # (n B t): weights of the prefixes that end in each state
    last: WideLog  # (B t): the message at each chain's last position
    taken_out: Array  # (n B): what was taken out of the messages, in units of WideLog


def rematerialized(step: Callable) -> Callable:
    """A step of a `scan` whose derivative recomputes the tables of edges, because storing them all takes n t t."""
    return jax.checkpoint(step, prevent_cse=False)


def logs_of(x: Array) -> WideLog:
    """Of potentials without garbage: what is no number stays none, in whatever it is part of."""
    logs = WideLog.from_log(x)
    return logs._replace(low=jnp.where(jnp.isnan(x) | jnp.isposinf(x), jnp.nan, logs.low))


def before(message: WideLog) -> WideLog:
    """Messages (... t) of the states that edges (... t t) leave."""
    return jax.tree.map(lambda x: x[..., None], message)


def after(message: WideLog) -> WideLog:
    """Messages (... t) of the states that edges (... t t) enter."""
    return jax.tree.map(lambda x: x[..., None, :], message)


def exact_forward(potentials: Potentials, lengths: Array) -> tuple[ExactMessages, Prepared]:
    """The forward pass, O(n t^2), and the potentials it prepared."""
    prepared = prepare(potentials, lengths)
    valid, start, transition, emission = prepared
    time_varying = potentials.time_varying

    def settle(message: WideLog, emitted: Array | None) -> tuple[WideLog, Array]:
        if emitted is not None:
            message = message.times(logs_of(emitted))
        top = numeric.shift_of(message.high, -1)
        return message.less(top[:, None]), top

    def step(message: WideLog, inputs):
        emitted, live, logs = inputs
        sums = before(message).times(logs_of(logs if time_varying else transition)).total(-2)
        moved, top = settle(sums, emitted)
        message = jax.tree.map(lambda a, b: jnp.where(live[:, None], a, b), moved, message)
        return message, (sums, message, jnp.where(live, top, 0))

    emissions = (None, None) if emission is None else (emission[0], emission[1:])
    first, first_top = settle(logs_of(start), emissions[0])
    inputs = (emissions[1], valid[1:], transition if time_varying else None)
    last, (sums, messages, tops) = lax.scan(rematerialized(step), first, inputs)
    prepend = lambda a, b: jnp.concatenate([a[None], b])
    return ExactMessages(
        sums, jax.tree.map(prepend, first, messages), last, prepend(first_top, tops)
    ), prepared


def exact_log_partition(potentials: Potentials, lengths: Array) -> Sum:
    """The log-partition (B) as an unevaluated sum."""
    messages, _ = exact_forward(potentials, lengths)
    return sum_of(messages.taken_out, messages.last.total(-1))


def conditional_logs(filtered: WideLog, edges: Array, sums: WideLog) -> Array:
    """The log-probability of each state a before an edge given the state b after it: (... t), (... t t), (... t) to
    (... t t). Finite where the probability underflows, -inf where the edge is forbidden.
    """
    return before(filtered).times(logs_of(edges)).ratio(after(sums))


def last_logs(messages: ExactMessages) -> Array:
    """The log-probability of each last state, (B t); -inf for all where there is no structure."""
    return messages.last.ratio(jax.tree.map(lambda x: x[:, None], messages.last.total(-1)))


def exact_backward(messages: ExactMessages, prepared: Prepared, each_edge: bool) -> tuple[Array, Array]:
    """The backward pass: the marginals of the states (n B t), and of each edge (n-1 B t t) or their sum (B t t)."""
    valid, start, transition, _ = prepared
    time_varying = transition.ndim == 4

    def step(carry, inputs):
        marginal, totals = carry
        filtered, sums, live, logs = inputs
        chosen = jnp.exp(conditional_logs(filtered, logs if time_varying else transition, sums))
        joint = jnp.where(live[:, None, None], chosen * marginal[:, None], 0)
        # Normalized at every position, because rounding errors would accumulate over a long chain.
        moved = jnp.where(live[:, None], numeric.normalize(jnp.sum(joint, -1)), marginal)
        return (moved, None if each_edge else totals + joint), (marginal, joint if each_edge else None)

    size = start.shape[-1]
    totals = None if each_edge else jnp.zeros((start.shape[0], size, size), start.dtype)
    inputs = (
        jax.tree.map(lambda x: x[:-1], messages.filtered),
        messages.predecessors,
        valid[1:],
        transition if time_varying else None,
    )
    last = numeric.normalize(jnp.exp(last_logs(messages)))
    (first, totals), (rest, joints) = lax.scan(rematerialized(step), (last, totals), inputs, reverse=True)
    states = jnp.where(valid[:, :, None], jnp.concatenate([first[None], rest]), 0)
    return states, joints if each_edge else totals


def exact_marginals(potentials: Potentials, lengths: Array) -> Marginals:
    """The gradient of each log-partition by its potentials."""
    time_varying = potentials.time_varying
    states, edges = exact_backward(*exact_forward(potentials, lengths), each_edge=time_varying)
    if time_varying:
        return Marginals(states[0], batch_first(edges), None)
    return Marginals(states[0], edges, batch_first(states))
