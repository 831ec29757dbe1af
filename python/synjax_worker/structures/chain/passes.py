"""Passes over a chain of n nodes with t states each: log-partition, filtering, marginals, entropy, divergence.

Two ways to carry the messages. In probability space one step is a matrix product; a certificate says when nothing was
lost to the float range. Where it refuses, messages are (mantissa, exponent) pairs: exact at any range and scale, and
slower. Marginals come backwards from the conditionals P(a | b) = p[a] E[a,b] / s[b] <= 1, never from differences of
large numbers. Time stands first inside the loops, the batch is explicit, and what leaves a loop in the padding is the
last real message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, scaled
from ...numerics.guard import drop_forbidden, guarded, limits, run_if
from ...numerics.numeric import HIGHEST
from ...numerics.scaled import Scaled


class Potentials(NamedTuple):
    """Log-potentials of B chains. One `transition` (t t) is shared, or each chain has its own (B t t).

    A chain whose potentials differ at every step has `transition` (B n-1 t t), and no emission. It starts in state 0,
    so that of its first step only row 0 counts.
    """

    start: Array  # (B t)
    transition: Array  # (t t), (B t t) or (B n-1 t t)
    emission: Array | None  # (B n t)

    @property
    def per_step(self) -> bool:
        return self.transition.ndim == 4

    @property
    def nodes(self) -> int:
        return self.transition.shape[1] + 1 if self.per_step else self.emission.shape[1]

    @property
    def states(self) -> int:
        return self.transition.shape[-1]

    @staticmethod
    def time_varying_from(edges: Array) -> Potentials:
        """Of edges (B n t t), of the first of which only row 0 counts: it leaves state 0 of a node before it."""
        items, _, states, _ = edges.shape
        alone = jnp.where(jnp.arange(states) == 0, 0, -jnp.inf).astype(edges.dtype)
        return Potentials(jnp.broadcast_to(alone, (items, states)), edges, None)


class Messages(NamedTuple):
    """What the forward pass leaves: constants to every query that uses them."""

    log_partition: tuple[Array, Array]  # an unevaluated sum of two (B)
    certified: Array  # (B): whether the messages are exact enough
    filtered: Array  # (n B t): weight of the prefixes that end in a state, the largest 1
    predecessors: Array  # (n-1 B t): the sum over the previous states, before the emission

    def filtered_weights(self, potentials: Potentials, lengths: Array) -> Array:
        """(B n t), of any scale per node."""
        return batch_first(self.filtered)

    def marginals(self, potentials: Potentials, lengths: Array) -> Marginals:
        factors, states, ratios = self._backward(potentials, lengths)
        if potentials.per_step:
            return Marginals(states[0], _edges_fast(factors, self, ratios), None)
        # One product over all steps, so that no array of n t t is ever made.
        totals = jnp.einsum("nba,nbc->bac", self.filtered[:-1], ratios, precision=HIGHEST)
        return Marginals(states[0], factors.weights * totals, batch_first(states))

    def edge_marginals(self, potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
        factors, states, ratios = self._backward(potentials, lengths)
        return states[0], _edges_fast(factors, self, ratios)

    def conditionals(self, potentials: Potentials, lengths: Array) -> Conditionals:
        factors, states, _ = self._backward(potentials, lengths)
        before, sums, states = (batch_first(x) for x in (self.filtered[:-1], self.predecessors, states))
        return Conditionals(factors.weights, before, sums, states, self.filtered[-1])

    def _backward(self, potentials: Potentials, lengths: Array) -> tuple[_Factors, Array, Array]:
        prepared = _prepare(potentials, lengths)
        factors = _factors(potentials, prepared)
        return factors, *_backward_fast(factors, prepared.valid, self)


class ExactMessages(NamedTuple):
    predecessors: Array  # (n-1 B t), in units of 2**scale
    scale: Array  # (n-1 B t)
    filtered: Scaled  # (n B t)
    last: Scaled  # (B t): the message at each chain's last node
    taken_out: Array  # (n B): exponents taken out of the messages


class Conditionals(NamedTuple):
    """P(a | b) = before[a] weights[a, b] / sums[b] of every step, in plain floats, and the marginals of its states."""

    weights: Array  # (t t), (B t t) or (B n-1 t t)
    before: Array  # (B n-1 t)
    sums: Array  # (B n-1 t)
    states: Array  # (B n t), zeros beyond the lengths
    last: Array  # (B t): weights of each chain's last state

    def edges(self) -> Array:
        """The weights of the edges: (1 t t), (B 1 t t) or (B n-1 t t)."""
        return self.weights if self.weights.ndim == 4 else self.weights[..., None, :, :]

    def table(self) -> Array:
        """P(a | b), (B n-1 t t)"""
        inverse = numeric.once(numeric.reciprocal(self.sums))
        return self.before[..., None] * self.edges() * inverse[..., None, :]


class Marginals(NamedTuple):
    """Probabilities of states and edges, per chain, shaped as the potentials they belong to."""

    start: Array  # (B t)
    transition: Array  # (B t t), summed over the steps, or (B n-1 t t)
    emission: Array | None  # (B n t)


# ------------------------------------------------------------------------------------------------------ preparation


class _Prepared(NamedTuple):
    valid: Array  # (n B)
    start: Array  # (B t)
    transition: Array  # (t t), (B t t) or (n-1 B t t)
    emission: Array | None  # (n B t)


def _prepare(potentials: Potentials, lengths: Array) -> _Prepared:
    """Time first, and garbage beyond the lengths replaced before anything differentiable sees it.

    A chain of length 0 is one whose only structure is empty: its first node has one state, of weight 1.
    """
    start, transition, emission = potentials
    valid = jnp.arange(potentials.nodes)[:, None] < lengths
    alone = jnp.where(jnp.arange(start.shape[-1]) == 0, 0.0, -jnp.inf).astype(start.dtype)
    start = jnp.where((lengths == 0)[:, None], alone, start)
    if potentials.per_step:
        transition = jnp.where(valid[1:].T[..., None, None], only_first_row(transition), 0)
        transition = jnp.moveaxis(transition, 1, 0)
    else:
        emission = jnp.where(valid[:, :, None], jnp.moveaxis(emission, 1, 0), 0)
    return _Prepared(valid, start, transition, emission)


def only_first_row(transition: Array) -> Array:
    """(... n t t) with the rows of the first step that do not count replaced by the one that does."""
    return jnp.where(_ignored(*transition.shape[-3:-1]), transition[..., :1, :1, :], transition)


def _ignored(steps: int, states: int) -> Array:
    """(n-1 t 1): the rows of the first step that do not count."""
    return (jnp.arange(steps)[:, None, None] == 0) & (jnp.arange(states)[:, None] > 0)


def transition_weights(transition: Array) -> tuple[Array, Array]:
    """exp(transition - column maximum), finite entries kept above the denormals, and the column maxima."""
    floor = limits(transition.dtype, 1).floor
    column = numeric.shift_of(transition, -2, keepdims=True)
    weights = jnp.maximum(jnp.exp(transition - column), floor)
    return jnp.where(jnp.isneginf(transition), 0, weights), jnp.squeeze(column, -2)


def _step_weights(transition: Array, live: Array) -> tuple[Array, Array]:
    """The same of every step, (B n-1 t t) and (n-1 B t). Each potential is read once for the maxima, once for the
    weights, and never copied.
    """
    logs, column = _step_logs(transition, live)
    weights = jnp.maximum(jnp.exp(logs), limits(transition.dtype, 1).floor)
    return jnp.where(jnp.isneginf(logs), 0, weights), time_first(column)


def _step_logs(transition: Array, live: Array) -> tuple[Array, Array]:
    column = jnp.max(transition, -2).at[:, 0].set(transition[:, 0, 0])
    column = lax.stop_gradient(jnp.where(live[..., None] & jnp.isfinite(column), column, 0))
    counts = live[..., None, None] & ~_ignored(*transition.shape[-3:-1])
    return jnp.where(counts, transition - column[..., None, :], 0), column


def transition_logs(potentials: Potentials, lengths: Array) -> Array:
    """Log-potentials of the edges less the largest that enters each state, (1 t t), (B 1 t t) or (B n-1 t t)."""
    transition = potentials.transition
    if potentials.per_step:
        return _step_logs(transition, jnp.arange(1, potentials.nodes) < lengths[:, None])[0]
    return (transition - numeric.shift_of(transition, -2, keepdims=True))[..., None, :, :]


class _Factors(NamedTuple):
    weights: Array  # (t t), (B t t) or (B n-1 t t): at most 1
    node: Array  # (n B t): logs, the largest 0
    shift: tuple[Array, Array]  # (n B) each: integers and fractions taken out of `node`


def _factors(potentials: Potentials, prepared: _Prepared) -> _Factors:
    """The potentials in probability space. Shifts are added and taken out in integers and fractions apart: exactly."""
    valid, start, transition, emission = prepared
    if potentials.per_step:
        weights, column = _step_weights(potentials.transition, valid[1:].T)
    else:
        weights, column = transition_weights(transition)
    column = jnp.broadcast_to(column, (valid.shape[0] - 1, *start.shape))
    shifts = jnp.concatenate([start[None], column])
    integer, fraction = numeric.split_integer(shifts)
    if emission is not None:
        emission_integer, emission_fraction = numeric.split_integer(emission)
        integer, fraction = integer + emission_integer, fraction + emission_fraction
    top_integer = numeric.shift_of(integer, -1)
    node = (integer - top_integer[..., None]) + fraction
    top_fraction = numeric.shift_of(node, -1)
    shift = jnp.where(valid, top_integer, 0), jnp.where(valid, top_fraction, 0)
    return _Factors(weights, node - top_fraction[..., None], shift)


def weights_at(weights: Array, step: Array) -> Array:
    """(t t) or (B t t)."""
    return lax.dynamic_index_in_dim(weights, step, 1, keepdims=False) if weights.ndim == 4 else weights


def through(message: Array, weights: Array) -> Array:
    """(B t) times (t u) or (B t u)."""
    if weights.ndim == 2:
        return jnp.matmul(message, weights, precision=HIGHEST)
    return jnp.einsum("bt,btu->bu", message, weights, precision=HIGHEST)


def transposed(weights: Array) -> Array:
    return jnp.swapaxes(weights, -1, -2)


def backwards_through(weights: Array) -> Callable[[Array, Array], Array]:
    """`through` the edges of a step from their ends, given a message and the step. Weights that all steps share are
    turned once: a product with a transposed matrix takes longer.
    """
    if weights.ndim == 4:
        return lambda message, step: through(message, transposed(weights_at(weights, step)))
    turned = numeric.once(transposed(weights))
    return lambda message, step: through(message, turned)


# --------------------------------------------------------------------------------------------------- forward, fast


def forward(potentials: Potentials, lengths: Array) -> Messages:
    """One pass over the chain: O(n t^2). Its result has no gradient; the queries bring their own."""
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    prepared = _prepare(potentials, lengths)
    return _forward(potentials, lengths, prepared, _factors(potentials, prepared), exact_log_partition)


def uniform(potentials: Any) -> Any:
    """0 where a part is allowed, -inf where it is not."""
    return jax.tree.map(lambda x: jnp.where(jnp.isneginf(x), x, jnp.zeros((), x.dtype)), potentials)


def log_count(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    """The logarithm of the number of structures that are allowed, as an unevaluated pair (B)."""
    potentials = jax.tree.map(lax.stop_gradient, potentials)
    prepared = _prepare(uniform(potentials), lengths)
    if potentials.per_step:  # the weights are known without looking for maxima, or exponentials
        counts = prepared.valid[1:].T[..., None, None] & ~_ignored(*potentials.transition.shape[-3:-1])
        weights = jnp.where(
            counts & jnp.isneginf(potentials.transition), 0, jnp.ones((), prepared.start.dtype)
        )
        node = jnp.zeros((*prepared.valid.shape, potentials.states), weights.dtype).at[0].set(prepared.start)
        nothing = jnp.zeros(prepared.valid.shape, weights.dtype)
        factors = _Factors(weights, node, (nothing, nothing))
    else:
        factors = _factors(uniform(potentials), prepared)
    exact = lambda potentials, lengths: exact_log_partition(uniform(potentials), lengths)
    return _forward(potentials, lengths, prepared, factors, exact).log_partition


def _forward(
    potentials: Potentials, lengths: Array, prepared: _Prepared, factors: _Factors, exact: Callable
) -> Messages:
    filtered, predecessors, scales = _forward_fast(factors, prepared.valid)
    certified = _certify(factors, prepared, filtered, predecessors, scales)
    last = numeric.safe_log(jnp.sum(filtered[-1], -1))
    lift = limits(potentials.start.dtype, 1).lift
    logs = jnp.where(prepared.valid[1:], numeric.safe_log(scales / lift), 0)
    terms = jnp.concatenate([*factors.shift, logs, last[None]])
    value = run_if(~certified, exact, (potentials, lengths), numeric.pair_sum(terms))
    return Messages(value, certified, filtered, predecessors)


def _forward_fast(factors: _Factors, valid: Array) -> tuple[Array, Array, Array]:
    """-> filtered (n B t), predecessors (n-1 B t), and the scale taken out of each step, lifted (n-1 B)."""
    weights, node, _ = factors

    def step(message, inputs):
        emission, live, index = inputs
        sums = through(message, weights_at(weights, index))
        product = sums * emission
        scale = jnp.max(product, -1)
        moved = product * (1 / jnp.where(scale > 0, scale, 1))[:, None]
        message = jnp.where(live[:, None], moved, message)
        return message, (sums, message, scale)

    first = numeric.exp_or_zero(node[0])
    emissions = scaled.lifted_exp(node[1:], limits(node.dtype, 1).lift)
    inputs = (emissions, valid[1:], jnp.arange(node.shape[0] - 1))
    _, (sums, messages, scales) = lax.scan(step, first, inputs)
    return jnp.concatenate([first[None], messages]), sums, scales


def _certify(factors: _Factors, prepared: _Prepared, filtered: Array, sums: Array, scales: Array) -> Array:
    """Per chain: every sum over predecessors is far above what products below the float range can add up to.

    A state that no path reaches may have sum 0; which those are is asked only where some sum is small.
    """
    threshold = limits(factors.node.dtype, factors.node.shape[-1]).threshold
    beyond = ~prepared.valid[1:]
    certified = jnp.all(((jnp.min(sums, -1) >= threshold) & (scales >= 1)) | beyond, 0)

    def of_reachable(weights: Array, alive: Array, valid: Array, sums: Array, scales: Array) -> Array:
        reached = _reachable(weights, alive, valid)
        sums_hold = jnp.all((sums >= threshold) | ~reached, -1)
        scales_hold = (scales >= 1) | ~jnp.any(reached & alive[1:], -1)
        return jnp.all((sums_hold & scales_hold) | beyond, 0)

    arguments = (factors.weights, ~jnp.isneginf(factors.node), prepared.valid, sums, scales)
    certified = run_if(~certified, of_reachable, arguments, certified)
    # A first message may have lost states to the range only if its successors' sums are small, which is seen above.
    return certified & jnp.any(filtered[-1] > 0, -1)


def _reachable(weights: Array, alive: Array, valid: Array) -> Array:
    """Whether any path with finite score enters a state, (n-1 B t)."""
    dtype = weights.dtype

    def step(reached, inputs):
        live_states, live, index = inputs
        edges = (weights_at(weights, index) > 0).astype(dtype)
        entered = through(reached, edges) > 0
        moved = (entered & live_states).astype(dtype)
        return jnp.where(live[:, None], moved, reached), entered

    inputs = (alive[1:], valid[1:], jnp.arange(alive.shape[0] - 1))
    return lax.scan(step, alive[0].astype(dtype), inputs)[1]


# -------------------------------------------------------------------------------------------------- forward, exact


def _remade(step: Callable) -> Callable:
    """A step of a scan whose derivative keeps no table of edges, but makes them again."""
    return jax.checkpoint(step, prevent_cse=False)


def exact_forward(potentials: Potentials, lengths: Array) -> tuple[ExactMessages, _Prepared]:
    """The same pass in (mantissa, exponent) pairs, from the raw potentials. Plain scan: differentiable to any order."""
    prepared = _prepare(potentials, lengths)
    valid, start, transition, emission = prepared
    per_step = potentials.per_step
    shared = None if per_step else scaled.from_log(transition)

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
        edges = scaled.from_log(logs) if per_step else shared
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
        transition if per_step else None,
    )
    last, (sums, scales, messages, tops) = lax.scan(_remade(step), first, inputs)
    prepend = lambda a, b: jnp.concatenate([a[None], b])
    filtered = jax.tree.map(prepend, first, messages)
    return ExactMessages(sums, scales, filtered, last, prepend(first_top, tops)), prepared


def _log_partition_of(messages: ExactMessages) -> tuple[Array, Array]:
    last = jnp.sum(
        messages.last.mantissa * scaled.power_of_two(messages.last.exponent, messages.last.mantissa.dtype), -1
    )
    terms = scaled.exponents_times_ln2(messages.taken_out, last.dtype)
    return numeric.pair_sum(jnp.concatenate([*terms, numeric.safe_log(last)[None]]))


def exact_log_partition(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    return _log_partition_of(exact_forward(potentials, lengths)[0])


# -------------------------------------------------------------------------------------------------------- backward


def _backward_fast(factors: _Factors, valid: Array, messages: Messages) -> tuple[Array, Array]:
    """-> marginals of the states (n B t), and q = marginal / predecessor sum of each step (n-1 B t).

    The marginal of an edge is filtered[a] * weights[a, b] * q[b].
    """
    back = backwards_through(factors.weights)
    last = numeric.normalize(messages.filtered[-1])

    def step(marginal, inputs):
        inverse, filtered, live, index = inputs
        ratio = marginal * inverse
        moved = filtered * back(ratio, index)
        return jnp.where(live[:, None], moved, marginal), (marginal, ratio)

    inputs = (
        numeric.reciprocal(messages.predecessors),
        messages.filtered[:-1],
        valid[1:],
        jnp.arange(valid.shape[0] - 1),
    )
    first, (rest, ratios) = lax.scan(step, last, inputs, reverse=True)
    marginals = jnp.concatenate([first[None], rest])
    inverse = numeric.reciprocal(jnp.sum(marginals, -1, keepdims=True))
    marginals = jnp.where(valid[:, :, None], marginals * inverse, 0)
    return marginals, jnp.where(valid[1:, :, None], ratios * inverse[1:], 0)


def time_first(x: Array) -> Array:
    return jnp.moveaxis(x, 1, 0)


def batch_first(x: Array) -> Array:
    return jnp.moveaxis(x, 0, 1)


def _edges_fast(factors: _Factors, messages: Messages, ratios: Array) -> Array:
    """Marginals of the edges of every step, (B n-1 t t)."""
    weights = factors.weights[:, None] if factors.weights.ndim == 3 else factors.weights
    before, after = numeric.once((batch_first(messages.filtered[:-1]), batch_first(ratios)))
    return before[..., None] * weights * after[..., None, :]


def exact_backward(messages: ExactMessages, prepared: _Prepared, every_step: bool) -> tuple[Array, Array]:
    """-> marginals of the states (n B t) and of the edges, summed over the steps (B t t) or of each (n-1 B t t)."""
    valid, start, transition, _ = prepared
    per_step = transition.ndim == 4
    # Transposed, both sums of a step run along major axes: sums along the minor one do not vectorise.
    shared = None if per_step else scaled.from_log(transposed(transition))

    def step(carry, inputs):
        marginal, totals = carry
        filtered, sums, scale, live, logs = inputs
        edges = scaled.from_log(transposed(logs)) if per_step else shared
        ratio = jnp.where(live[:, None], marginal * numeric.reciprocal(sums), 0)
        shares = scaled.power_of_two(
            filtered.exponent[:, None] + edges.exponent - scale[..., None], start.dtype
        )
        joint = filtered.mantissa[:, None] * edges.mantissa * shares * ratio[..., None]
        # Each step's marginals are made to add up to 1 again: what is lost would add up over a long chain.
        before = jnp.where(live[:, None], numeric.normalize(jnp.sum(joint, 1)), marginal)
        return (before, None if every_step else totals + joint), (marginal, joint if every_step else None)

    size = start.shape[-1]
    totals = None if every_step else jnp.zeros((start.shape[0], size, size), start.dtype)
    before_last = jax.tree.map(lambda x: x[:-1], messages.filtered)
    inputs = (before_last, messages.predecessors, messages.scale, valid[1:], transition if per_step else None)
    last = numeric.normalize(scaled.to_shared_scale(messages.last))
    (first, totals), (rest, joints) = lax.scan(_remade(step), (last, totals), inputs, reverse=True)
    states = jnp.where(valid[:, :, None], jnp.concatenate([first[None], rest]), 0)
    return states, transposed(joints if every_step else totals)


def exact_marginals(potentials: Potentials, lengths: Array) -> Marginals:
    per_step = potentials.per_step
    states, edges = exact_backward(*exact_forward(potentials, lengths), every_step=per_step)
    if per_step:
        return Marginals(states[0], batch_first(edges), None)
    return Marginals(states[0], edges, batch_first(states))


marginals = guarded(
    lambda potentials, lengths, messages: messages.marginals(potentials, lengths), exact_marginals
)


def _exact_edge_marginals(potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
    states, edges = exact_backward(*exact_forward(potentials, lengths), every_step=True)
    return states[0], batch_first(edges)


# -> marginals of the first state (B t) and of the edges of every step (B n-1 t t).
edge_marginals = guarded(
    lambda potentials, lengths, messages: messages.edge_marginals(potentials, lengths), _exact_edge_marginals
)


# --------------------------------------------------------------------------------------------------- log-partition


@jax.custom_jvp
def log_partition(potentials: Potentials, lengths: Array, messages: Messages) -> tuple[Array, Array]:
    """The log-partition (B) as an unevaluated pair; its derivative is the marginals."""
    return messages.log_partition


@log_partition.defjvp
def _log_partition_derivative(primals, tangents):
    potentials, _, _ = primals
    tangent = contract(marginals(*primals), drop_forbidden(potentials, tangents[0]))
    value = log_partition(*primals)
    return value, (jnp.zeros_like(value[0]), tangent)


def contract(marginal: Marginals, tangent: Potentials) -> Array:
    """The derivative of each log-partition (B) along a direction in the potentials."""
    total = jnp.einsum("bt,bt->b", marginal.start, tangent.start, precision=HIGHEST)
    edges = {2: "bac,ac->b", 3: "bac,bac->b", 4: "bnac,bnac->b"}[tangent.transition.ndim]
    total += jnp.einsum(edges, marginal.transition, tangent.transition, precision=HIGHEST)
    if tangent.emission is not None:
        total += jnp.einsum("bnt,bnt->b", marginal.emission, tangent.emission, precision=HIGHEST)
    return total


# ----------------------------------------------------------------------------------------------------------- scores


def _exact_step_scores(event: Array, transition: Array, valid: Array) -> Array:
    steps, states = transition.shape[-3:-1]
    counts = valid[..., None, None] & ~_ignored(steps, states)
    clean = jnp.where(counts, transition, 0)
    return jnp.sum(numeric.masked_product(jnp.where(counts, event, 0), clean), (-1, -2))


@jax.custom_jvp
def step_scores(event: Array, transition: Array, valid: Array) -> Array:
    """What each step adds to the scores of events (... B n t t), by potentials that differ at every step: (... B n).

    What is finite in a plain sum of products has met nothing that is forbidden, and no garbage.
    """
    terms = jnp.einsum("...nac,...nac->...n", event, transition, precision=HIGHEST)
    first = jnp.einsum("...c,...c->...", event[..., 0, 0, :], transition[..., 0, 0, :], precision=HIGHEST)
    terms = jnp.where(valid, terms.at[..., 0].set(first), 0)
    return run_if(~jnp.all(jnp.isfinite(terms)), _exact_step_scores, (event, transition, valid), terms)


@step_scores.defjvp
def _step_scores_derivative(primals, tangents):
    event, transition, valid = primals
    exact = lambda event, transition: _exact_step_scores(event, transition, valid)
    return step_scores(*primals), jax.jvp(exact, (event, transition), tangents[:2])[1]


# ------------------------------------------------------------------------------------------------------- filtering


def _filtering_fast(potentials: Potentials, lengths: Array, messages: Messages) -> Array:
    valid = jnp.arange(potentials.nodes) < lengths[:, None]
    return jnp.where(valid[..., None], numeric.normalize(messages.filtered_weights(potentials, lengths)), 0)


def _exact_filtering(potentials: Potentials, lengths: Array) -> Array:
    messages, prepared = exact_forward(potentials, lengths)
    weights = numeric.normalize(scaled.to_shared_scale(messages.filtered))
    return batch_first(jnp.where(prepared.valid[:, :, None], weights, 0))


# -> probability of each state given what stands before and at it (B n t).
filtering = guarded(_filtering_fast, _exact_filtering)
