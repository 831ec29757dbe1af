"""What LinearChainCRF and HMM share: queries on a line of states, by the passes of `structures.chain`."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable
from typing import Any, Self

import jax
import jax.numpy as jnp
from jax import Array

from ..errors import InvalidArgument
from ..numerics import numeric
from ..registry import Check, query
from ..runtime import passes
from ..shapes import as_float, as_int, as_shape, at_least_one, show
from ..structures.chain import (
    entropy as chain_information,
)
from ..structures.chain import (
    long as long_chain,
)
from ..structures.chain import (
    passes as chain,
)
from ..structures.chain import (
    search as chain_walks,
)
from ..structures.chain.long import LongMessages, Symbols
from ..structures.chain.passes import Messages, Potentials
from .distribution import ArgMax, Distribution, Draws, TopK, is_concrete_one, out_of_range


class ChainDistribution(Distribution):
    """A distribution over sequences of n states out of t.

    An event (n t t) has a 1 at [i, a, b] where state a at i-1 is followed by b at i; its first step stands in row 0,
    [0, 0, b]. `decode` turns it into states (n), -1 past the end; `encode` back.
    """

    # ------------------------------------------------------------------------------------ what a class has to say

    @abc.abstractmethod
    def _item_potentials(self) -> Potentials:
        """The potentials, batch axes flattened to one; a transition without batch axes stays shared."""

    @abc.abstractmethod
    def _all_lengths(self) -> Array:
        """(*batch) int32."""

    @property
    @abc.abstractmethod
    def dtype(self) -> jnp.dtype:
        """The float dtype of the potentials, and so of every result."""

    # ------------------------------------------------------------------------------------------------------ passes

    @property
    def _steps(self) -> int:
        return self.event_shape[-3]

    @property
    def _states(self) -> int:
        return self.event_shape[-1]

    @property
    def _items(self) -> int:
        return math.prod(self.batch_shape)

    def _potentials(self) -> Potentials:
        return passes.shared(self, "potentials", self._item_potentials)

    def _node_lengths(self) -> Array:
        """Nodes of each chain: general potentials have one more, before the first step, always in state 0."""
        lengths = self._all_lengths().reshape(-1)
        return lengths + 1 if self._potentials().per_step else lengths

    def _messages(self) -> Messages | LongMessages:
        def compute() -> Messages | LongMessages:
            potentials, lengths = self._potentials(), self._node_lengths()
            if long_chain.serves(potentials):
                return long_chain.forward(potentials, lengths, self._symbols())
            return chain.forward(potentials, lengths)

        return passes.shared(self, "messages", compute)

    def _symbols(self) -> Symbols | None:
        """Where emissions are looked up in a table: how."""
        return None

    def _arguments(self) -> tuple[Potentials, Array, Messages | LongMessages]:
        return self._potentials(), self._node_lengths(), self._messages()

    def _log_partition_pair(self) -> tuple[Array, Array]:
        return chain.log_partition(*self._arguments())

    def _valid(self) -> Array:
        """(*batch n): whether a position lies inside its sequence."""
        return jnp.arange(self._steps) < self._all_lengths()[..., None]

    def _batched(self, x: Array) -> Array:
        """(B ...) to (*batch ...)."""
        return x.reshape(*self.batch_shape, *x.shape[1:])

    def _possible(self) -> Array:
        """(*batch): whether an item has any structure."""
        return self._batched(jax.lax.stop_gradient(self._messages().log_partition[0]) > -jnp.inf)

    # ------------------------------------------------------------------------------------------- events and states

    def _indicator(self, states: Array, mask: Array) -> Array:
        """Events of states (... n), zeros where the mask (... n) is false."""
        before = jnp.concatenate([jnp.zeros_like(states[..., :1]), states[..., :-1]], -1)
        count = self._states
        real = mask & (before >= 0) & (before < count) & (states >= 0) & (states < count)
        part = jnp.where(real, before * count + states, -1)
        return (part[..., None, None] == jnp.arange(count * count).reshape(count, count)).astype(self.dtype)

    def _states_of_nodes(self, nodes: Array, keep: Array, lead: tuple[int, ...]) -> Array:
        """What a walk chose, nodes (k B n), as states (*lead *batch n); -1 past the end and where `keep` is false."""
        if self._potentials().per_step:
            nodes = nodes[..., 1:]
        shape = (*lead, *self.batch_shape)
        states = nodes.reshape(*shape, self._steps)
        return jnp.where(self._valid() & keep.reshape(*shape, 1), states, -1).astype(jnp.int32)

    def _event_of_states(self, states: Array) -> Array:
        """The event of states (... n), zeros where they are -1. `decode` and scores need not look at its parts."""
        event = self._indicator(states, states >= 0)
        passes.known(event, self._origin, states)
        return event

    @property
    def _origin(self) -> str:
        return f"states by {id(self)}"

    def _check_event(self, event: Any) -> Array:
        event = jnp.asarray(event).astype(self.dtype)
        wanted = self.batch_shape + self.event_shape
        if event.ndim < len(wanted) or event.shape[event.ndim - len(wanted) :] != wanted:
            raise InvalidArgument(
                f"`event` has shape {show(event.shape)}, expected (*sample *batch n t t) with "
                f"(*batch n t t) = {show(wanted)}.",
                argument="event",
                expected=show(wanted),
                came=show(event.shape),
            )
        return event

    def _check_states(self, states: Any) -> Array:
        states = as_int("states", states)
        wanted = (*self.batch_shape, self._steps)
        if states.ndim < len(wanted) or states.shape[states.ndim - len(wanted) :] != wanted:
            raise InvalidArgument(
                f"`states` has shape {show(states.shape)}, expected (*sample *batch n) with "
                f"(*batch n) = {show(wanted)}.",
                argument="states",
                expected=show(wanted),
                came=show(states.shape),
            )
        return states

    @query("event: num Float -> int32")
    def decode(self, event: Array) -> Array:
        """The states of an event, (*batch n) int32, -1 past the end; of marginals, the likeliest state of each step."""
        states = passes.recall(event, self._origin)
        if states is not None:
            return states
        event = self._check_event(event)
        weight = jnp.sum(event, -2)
        found = (jnp.max(weight, -1) > 0) & self._valid()
        return jnp.where(found, jnp.argmax(weight, -1), -1).astype(jnp.int32)

    @query(
        "states: num Int -> F",
        checks=lambda self, states: self._check_labels(states),
    )
    def encode(self, states: Array) -> Array:
        """The event of states (*batch n); what stands past the end is ignored."""
        states = self._check_states(states)
        return self._indicator(states, jnp.broadcast_to(self._valid(), states.shape))

    def _check_labels(self, states: Array) -> list[Check]:
        states = self._check_states(states)
        return [out_of_range("states", states, self._states - 1, name="t - 1", valid=self._valid())]

    # ----------------------------------------------------------------------------------------------------- queries

    def _score_pair(self, event: Array) -> tuple[Array, Array]:
        """Scores of events as unevaluated pairs: the terms are summed almost exactly."""
        states = passes.recall(event, self._origin)
        if states is not None:
            return self._score_pair_of_states(states)
        event = self._check_event(event)
        lead = event.shape[: event.ndim - len(self.batch_shape) - 3]
        event = event.reshape(*lead, self._items, *self.event_shape)
        start, transition, emission = self._potentials()
        valid = self._valid().reshape(self._items, self._steps)
        if emission is None:
            terms = chain.step_scores(event, transition, valid)
        else:
            event = jnp.where(valid[..., None, None], event, 0)
            states = jnp.sum(event, -2)
            clean = jnp.where(valid[..., None], emission, 0)
            nodes = jnp.sum(numeric.masked_product(states, clean), -1)
            starts = jnp.sum(numeric.masked_product(states[..., 0, :], start), -1, keepdims=True)
            shared = transition if transition.ndim == 2 else transition[:, None]
            edges = jnp.sum(numeric.masked_product(event[..., 1:, :, :], shared), (-1, -2))
            terms = jnp.concatenate([starts, nodes, edges], -1)
        high, low = numeric.pair_sum(terms, -1)
        shape = (*lead, *self.batch_shape)
        return high.reshape(shape), low.reshape(shape)

    def _score_pair_of_states(self, states: Array) -> tuple[Array, Array]:
        """The same of states (*lead *batch n), by looking up their parts; what is -1 counts for nothing."""
        shape = states.shape[:-1]
        states = states.reshape(-1, self._items, self._steps)
        start, transition, emission = self._potentials()
        item, step = jnp.arange(self._items)[:, None], jnp.arange(self._steps)
        used = states >= 0
        states = jnp.maximum(states, 0)
        before = jnp.concatenate([jnp.zeros_like(states[..., :1]), states[..., :-1]], -1)
        if emission is None:
            terms = jnp.where(used, transition[item, step, before, states], 0)
        else:
            later, earlier = states[..., 1:], before[..., 1:]
            edges = transition[earlier, later] if transition.ndim == 2 else transition[item, earlier, later]
            first = start[item, states[..., :1]]
            terms = jnp.concatenate([first, emission[item, step, states], edges], -1)
            terms = jnp.where(jnp.concatenate([used[..., :1], used, used[..., 1:]], -1), terms, 0)
        high, low = numeric.pair_sum(terms, -1)
        return high.reshape(shape), low.reshape(shape)

    def unnormalized_log_prob(self, event: Array) -> Array:
        return numeric.pair_value(self._score_pair(event))

    def log_prob(self, event: Array) -> Array:
        # Part by part: both may be so large that one float could not hold their difference.
        score = self._score_pair(event)
        partition = tuple(self._batched(part) for part in self._log_partition_pair())
        return numeric.pair_difference(score, partition)

    def log_partition(self) -> Array:
        return self._batched(numeric.pair_value(self._log_partition_pair()))

    def marginals(self) -> Array:
        return self._edges_as_event(*chain.edge_marginals(*self._arguments()), nothing=0)

    def log_marginals(self) -> Array:
        logs = chain_information.log_edge_marginals(*self._arguments())
        return self._edges_as_event(*logs, nothing=-jnp.inf)

    def _edges_as_event(self, start: Array, edges: Array, nothing: float) -> Array:
        """First states (B t) and edges (B n-1 t t) as an event's (*batch n t t)."""
        if not self._potentials().per_step:
            rows = jnp.arange(self._states)[:, None] == 0
            first = jnp.where(rows, start[:, None, :], nothing)
            edges = jnp.concatenate([first[:, None], edges], 1)
        return self._batched(edges)

    def entropy(self) -> Array:
        return self._batched(chain_information.entropy(*self._arguments()))

    def cross_entropy(self, other: Self) -> Array:
        return self._batched(chain_information.cross_entropy(*self._beside(other)))

    def kl_divergence(self, other: Self) -> Array:
        return self._batched(chain_information.kl_divergence(*self._beside(other)))

    def _beside(self, other: Self) -> tuple[chain_information.Query, chain_information.Query]:
        self._require_like(other)
        mine, theirs = self, other
        if mine._potentials().per_step != theirs._potentials().per_step:
            mine, theirs = mine._general(), theirs._general()
        return chain_information.Query(*mine._arguments()), chain_information.Query(*theirs._arguments())

    def _general(self) -> Self:
        """The same distribution with a potential for every edge."""
        return self

    def _each(self, walk: Callable, *extra: Any) -> Any:
        """`walk(chain, *extra)` of every item; leaves of `extra` lead with the batch."""
        potentials, lengths, _ = self._arguments()
        axes = Potentials(0, None if potentials.transition.ndim == 2 else 0, 0)
        one = lambda potentials, length, *rest: walk(chain_walks.one_chain(potentials, length), *rest)
        potentials = jax.tree.map(jax.lax.stop_gradient, potentials)
        return jax.vmap(one, in_axes=(axes, 0, *([0] * len(extra))))(potentials, lengths, *extra)

    def argmax_and_max(self) -> ArgMax:
        nodes, scores = self._each(chain_walks.argmax)
        possible = self._batched(scores > -jnp.inf)
        states = self._states_of_nodes(nodes, possible, ())
        score = numeric.pair_value(self._score_pair_of_states(states))
        return ArgMax(self._event_of_states(states), jnp.where(possible, score, -jnp.inf))

    def top_k(self, k: int, approximate: bool = False) -> TopK:
        k = at_least_one("k", k)
        nodes, scores = self._each(lambda item: chain_walks.top_k(item, k))
        real = self._batched(scores > -jnp.inf)
        real = jnp.moveaxis(real, -1, 0)
        states = self._states_of_nodes(jnp.moveaxis(nodes, 1, 0), real, (k,))
        best = numeric.pair_value(self._score_pair_of_states(states))
        return TopK(self._event_of_states(states), jnp.where(real, best, -jnp.inf))

    def _scaled_messages(self) -> Any:
        return passes.shared(self, "scaled", lambda: chain_walks.scaled_messages(*self._arguments()))

    def sample(self, key: Array, sample_shape: int | tuple[int, ...] = (), temperature: Any = 1.0) -> Array:
        shape = as_shape("sample_shape", sample_shape)
        tempered = self if is_concrete_one(temperature) else self.with_temperature(temperature)
        nodes = tempered._sample_nodes(key, math.prod(shape))
        keep = jnp.broadcast_to(tempered._possible(), (nodes.shape[0], *self.batch_shape))
        return self._event_of_states(self._states_of_nodes(nodes, keep, shape))

    def _sample_nodes(self, key: Array, draws: int) -> Array:
        """(draws B nodes)"""
        keys = jax.random.split(numeric.normal_key(key), self._items)
        walk = lambda item, messages, key: chain_walks.sample(key, item, messages, draws)
        return jnp.moveaxis(self._each(walk, self._scaled_messages(), keys), 1, 0)

    def sample_without_replacement(self, key: Array, k: int) -> Draws:
        k = at_least_one("k", k)
        keys = jax.random.split(numeric.normal_key(key), self._items)
        walk = lambda item, messages, key: chain_walks.sample_without_replacement(key, item, messages, k)
        exact = chain_walks.exact_messages(self._potentials(), self._node_lengths())
        nodes, log_probs = self._each(walk, exact, keys)
        log_probs = jnp.moveaxis(self._batched(log_probs), -1, 0)
        states = self._states_of_nodes(jnp.moveaxis(nodes, 1, 0), log_probs > -jnp.inf, (k,))
        return Draws(self._event_of_states(states), log_probs)

    def log_count(self) -> Array:
        potentials, lengths = self._potentials(), self._node_lengths()
        if long_chain.serves(potentials):
            count = long_chain.log_count(potentials, lengths, self._symbols())
        else:
            count = chain.log_count(potentials, lengths)
        return self._batched(numeric.pair_value(count))


def flatten_batch(x: Array | None, batch: tuple[int, ...], own: int) -> Array | None:
    """(*batch ...) broadcast and flattened to (B ...)."""
    if x is None:
        return None
    own_shape = x.shape[x.ndim - own :]
    return jnp.broadcast_to(x, (*batch, *own_shape)).reshape(math.prod(batch), *own_shape)


def flatten_transition(x: Array, batch: tuple[int, ...]) -> Array:
    """(*batch t t) to (B t t); without batch axes it stays (t t), shared by all."""
    return x if x.ndim == 2 else flatten_batch(x, batch, 2)


def index_batch(x: Array | None, batch: tuple[int, ...], own: int, index: Any) -> Array | None:
    """A part of the batch of one parameter; one without batch axes is everybody's and stays as it is."""
    if x is None or x.ndim == own:
        return x
    return jnp.broadcast_to(x, (*batch, *x.shape[x.ndim - own :]))[index]


def full_lengths(lengths: Any, batch: tuple[int, ...], steps: int) -> Array:
    if lengths is None:
        return jnp.full(batch, steps, jnp.int32)
    return jnp.broadcast_to(lengths, batch)


def scale(x: Array | None, factor: Any) -> Array | None:
    """Log-potentials times a factor; a forbidden part stays forbidden."""
    if x is None:
        return None
    return jnp.where(jnp.isneginf(x), x, x * jnp.asarray(factor, x.dtype))


def as_temperature(temperature: Any) -> Array:
    array = jnp.asarray(temperature)
    if jnp.issubdtype(array.dtype, jnp.integer):  # 2 is a temperature as 2.0 is
        array = array.astype(jnp.float32)
    return as_float("temperature", array)
