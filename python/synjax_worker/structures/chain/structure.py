"""The chain as a structure: what distributions over sequences of states ask of the passes in this folder.

A chain has n positions with t states each. Its event (n t t) has a 1 at [i, a, b] where state a at i-1 is followed by b
at i; the first state stands in row 0, [0, 0, b]. Its compact event is the states, (n) int32.

Potentials that vary with time make a chain of n + 1 positions: one more before the first, always in state 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.guard import recompute_where, refuse_where
from ...numerics.wide_log import WideLog
from ...runtime import passes
from ..structure import Choose, Query, Sum
from . import divergence, entropy, fast, log_marginals, log_partition, marginals, relaxed, scores, search
from . import long as long_chain
from .fast import Messages
from .long import LongMessages, Symbols
from .potentials import Potentials


class Chain(NamedTuple):
    """The `Structure` of chains. `symbols` says how emissions are looked up in a table, where they are."""

    symbols: Symbols | None = None

    # ---------------------------------------------------------------------------------------------- sums over all

    def forward(self, potentials: Potentials, lengths: Array) -> Messages | LongMessages:
        chain_lengths = _chain_lengths(potentials, lengths)
        if long_chain.serves(potentials):
            return long_chain.forward(potentials, chain_lengths, self.symbols)
        return fast.forward(potentials, chain_lengths)

    def possible(self, messages: Any) -> Array:
        return jax.lax.stop_gradient(messages.log_partition[0]) > -jnp.inf

    def log_partition(self, potentials: Potentials, lengths: Array, messages: Any) -> Sum:
        return log_partition.log_partition(potentials, _chain_lengths(potentials, lengths), messages)

    def log_count(self, potentials: Potentials, lengths: Array) -> Sum:
        chain_lengths = _chain_lengths(potentials, lengths)
        if long_chain.serves(potentials):
            return long_chain.log_count(potentials, chain_lengths, self.symbols)
        return fast.log_count(potentials, chain_lengths)

    def marginals(self, potentials: Potentials, lengths: Array, messages: Any) -> Array:
        start, edges = marginals.edge_marginals(potentials, _chain_lengths(potentials, lengths), messages)
        return edges_as_event(potentials, start, edges, nothing=0)

    def log_marginals(self, potentials: Potentials, lengths: Array, messages: Any) -> Array:
        chain_lengths = _chain_lengths(potentials, lengths)
        start, edges = log_marginals.log_edge_marginals(potentials, chain_lengths, messages)
        return edges_as_event(potentials, start, edges, nothing=-jnp.inf)

    def potential_marginals(self, potentials: Potentials, lengths: Array, messages: Any) -> Potentials:
        return Potentials(*marginals.marginals(potentials, _chain_lengths(potentials, lengths), messages))

    def state_marginals(self, potentials: Potentials, lengths: Array, messages: Any) -> Array:
        """Probability of each state at each position, (B n t); zeros past the end. Of emissions only."""
        return self.potential_marginals(potentials, lengths, messages).emission

    def filtering(self, potentials: Potentials, lengths: Array, messages: Any) -> Array:
        """Probability of each state given what stands before and at its position, (B n t); zeros past the end."""
        return marginals.filtering(potentials, _chain_lengths(potentials, lengths), messages)

    def entropy(self, potentials: Potentials, lengths: Array, messages: Any) -> Array:
        return entropy.entropy(potentials, _chain_lengths(potentials, lengths), messages)

    def cross_entropy(self, p: Query, q: Query) -> Array:
        return divergence.cross_entropy(*self._of_one_form(p, q))

    def kl_divergence(self, p: Query, q: Query) -> Array:
        return divergence.kl_divergence(*self._of_one_form(p, q))

    def _of_one_form(self, p: Query, q: Query) -> list[Query]:
        """The two with a potential for every edge where either has them."""
        if p.potentials.time_varying != q.potentials.time_varying:
            p, q = self._with_edge_potentials(p), self._with_edge_potentials(q)
        return [chain_query(p), chain_query(q)]

    def _with_edge_potentials(self, query: Query) -> Query:
        if query.potentials.time_varying:
            return query
        potentials = query.potentials.as_time_varying()
        return Query(potentials, query.lengths, self.forward(potentials, query.lengths))

    # ------------------------------------------------------------------------------------------------- one of them

    def argmax(self, potentials: Potentials, lengths: Array) -> tuple[Array, Array]:
        prefixes = _best_prefixes(potentials, lengths)
        states, scores = _each(potentials, lengths, search.argmax, prefixes)
        return _states(potentials, lengths, states), scores > -jnp.inf

    def top_k(self, potentials: Potentials, lengths: Array, k: int) -> tuple[Array, Array]:
        walk = lambda item, prefixes: search.top_k(item, prefixes, k)
        states, scores, far = _each(potentials, lengths, walk, _best_prefixes(potentials, lengths))
        refuse_where(far)
        states, scores = jnp.moveaxis(states, 1, 0), jnp.moveaxis(scores, 1, 0)
        return _states(potentials, lengths, states), scores > -jnp.inf

    def sample(self, key: Array, potentials: Potentials, lengths: Array, messages: Any, draws: int) -> Array:
        compute = lambda: search.wide_messages(potentials, _chain_lengths(potentials, lengths), messages)
        wide: WideLog = passes.shared(messages, "wide", compute)
        keys = jax.random.split(key, lengths.shape[0])
        walk = lambda item, messages, key: search.sample(key, item, messages, draws)
        states = jnp.moveaxis(_each(potentials, lengths, walk, wide, keys), 1, 0)
        return _states(potentials, lengths, states)

    def sample_without_replacement(
        self, key: Array, potentials: Potentials, lengths: Array, k: int
    ) -> tuple[Array, Array]:
        keys = jax.random.split(key, lengths.shape[0])
        walk = lambda item, messages, key: search.sample_without_replacement(key, item, messages, k)
        exact = search.exact_messages(potentials, _chain_lengths(potentials, lengths))
        states, log_probs = _each(potentials, lengths, walk, exact, keys)
        states, log_probs = jnp.moveaxis(states, 1, 0), jnp.moveaxis(log_probs, 1, 0)
        return _states(potentials, lengths, states), log_probs

    # -------------------------------------------------------------------------------------- events, and their scores

    def event(self, compact: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
        before = _before(compact)
        count = sizes["t"]
        real = (compact >= 0) & (compact < count) & (before >= 0) & (before < count)
        part = jnp.where(real, before * count + compact, -1)
        return (part[..., None, None] == numeric.positions(count * count).reshape(count, count)).astype(dtype)

    def compact(self, event: Array, lengths: Array) -> Array:
        weight = jnp.sum(event, -2)
        found = (jnp.max(weight, -1) > 0) & (numeric.positions(event.shape[-3]) < lengths[:, None])
        return jnp.where(found, jnp.argmax(weight, -1), -1).astype(jnp.int32)

    def score_of_event(self, potentials: Potentials, lengths: Array, event: Array) -> Sum:
        start, transition, emission = potentials
        valid = numeric.positions(event.shape[-3]) < lengths[:, None]
        if emission is None:
            return numeric.exact_sum(scores.edge_scores(event, transition, valid), -1)
        event = jnp.where(valid[..., None, None], event, 0)
        states = jnp.sum(event, -2)
        clean = jnp.where(valid[..., None], emission, 0)
        emissions = jnp.sum(numeric.masked_product(states, clean), -1)
        starts = jnp.sum(numeric.masked_product(states[..., 0, :], start), -1, keepdims=True)
        shared = transition if transition.ndim == 2 else transition[:, None]
        edges = jnp.sum(numeric.masked_product(event[..., 1:, :, :], shared), (-1, -2))
        return numeric.exact_sum(jnp.concatenate([starts, emissions, edges], -1), -1)

    def score_of_compact(self, potentials: Potentials, lengths: Array, compact: Array) -> Sum:
        start, transition, emission = potentials
        item, position = numeric.positions(compact.shape[-2])[:, None], numeric.positions(compact.shape[-1])
        before = _before(compact)
        used = (compact >= 0) & (compact < potentials.states) & (before >= 0) & (before < potentials.states)
        states, before = jnp.where(used, compact, 0), jnp.where(used, before, 0)
        if emission is None:
            return numeric.exact_sum(jnp.where(used, transition[item, position, before, states], 0), -1)
        later, earlier = states[..., 1:], before[..., 1:]
        edges = transition[earlier, later] if transition.ndim == 2 else transition[item, earlier, later]
        terms = [start[item, states[..., :1]], emission[item, position, states], edges]
        used = jnp.concatenate([used[..., :1], used, used[..., 1:]], -1)
        return numeric.exact_sum(jnp.where(used, jnp.concatenate(terms, -1), 0), -1)

    # ------------------------------------------------------------------------------------------ differentiable samples

    def smoothed_max(self, potentials: Potentials, lengths: Array, choose: Choose) -> Array:
        return relaxed.smoothed_max(potentials, _chain_lengths(potentials, lengths), choose)

    def relaxed_event(self, potentials: Potentials, lengths: Array, choose: Choose) -> Array:
        return relaxed.relaxed_event(potentials, _chain_lengths(potentials, lengths), choose)

    def relaxed_walk(
        self,
        key: Array,
        potentials: Potentials,
        lengths: Array,
        messages: Any,
        temperature: Array,
        draws: int,
        straight_through: bool,
    ) -> Array:
        chain_lengths = _chain_lengths(potentials, lengths)
        return relaxed.relaxed_walk(key, potentials, chain_lengths, temperature, draws, straight_through)

    def part_scores(self, potentials: Potentials) -> Array:
        return relaxed.part_scores(potentials)

    def of_part_scores(self, scores: Array) -> Potentials:
        return relaxed.of_part_scores(scores)

    def by_parts(self) -> Chain:
        return Chain()


def _chain_lengths(potentials: Potentials, lengths: Array) -> Array:
    return lengths + 1 if potentials.time_varying else lengths


def chain_query(query: Query) -> Query:
    """The arguments of a query with the lengths of the chains that the passes compute."""
    return query._replace(lengths=_chain_lengths(query.potentials, query.lengths))


def _before(states: Array) -> Array:
    """The state before each, 0 before the first."""
    return jnp.concatenate([jnp.zeros_like(states[..., :1]), states[..., :-1]], -1)


def _states(potentials: Potentials, lengths: Array, chosen: Array) -> Array:
    """The states of chains, (... B n) or n+1 if time-varying, as a compact event (... B n); -1 past the end."""
    states = chosen[..., 1:] if potentials.time_varying else chosen
    valid = numeric.positions(states.shape[-1]) < lengths[:, None]
    return jnp.where(valid, states, -1).astype(jnp.int32)


def edges_as_event(potentials: Potentials, start: Array, edges: Array, nothing: float) -> Array:
    """First states (B t) and edges (B n-1 t t) as an event's (B n t t)."""
    if potentials.time_varying:
        return edges
    rows = numeric.positions(start.shape[-1])[:, None] == 0
    first = jnp.where(rows, start[:, None, :], nothing)
    return jnp.concatenate([first[:, None], edges], 1)


def _best_prefixes(potentials: Potentials, lengths: Array) -> WideLog:
    """Of each item, (B n t)."""
    found, certified = _each(potentials, lengths, search.best_prefixes)
    exact = lambda potentials, lengths: _each(potentials, lengths, search.exact_best_prefixes)
    return recompute_where(~certified, exact, (potentials, lengths), found)


def _each(potentials: Potentials, lengths: Array, walk: Callable, *extra: Any) -> Any:
    """`walk(chain, *extra)` of every item; leaves of `extra` lead with the items."""
    axes = Potentials(0, None if potentials.transition.ndim == 2 else 0, 0)
    one = lambda potentials, length, *rest: walk(search.one_chain(potentials, length), *rest)
    potentials = jax.tree.map(jax.lax.stop_gradient, potentials)
    chain_lengths = _chain_lengths(potentials, lengths)
    return jax.vmap(one, in_axes=(axes, 0, *([0] * len(extra))))(potentials, chain_lengths, *extra)
