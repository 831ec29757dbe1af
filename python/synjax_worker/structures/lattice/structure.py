"""What all families of paths have alike: every query, given what the lattice is and how its paths are events."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import is_optimistic
from ...runtime import passes
from ..structure import Choose, Query, Sum, Tree
from . import fast, information, marginals, relaxed, search
from .best import best
from .choices import log_choices, probabilities, shares_of_choices
from .forward import BEST, LARGEST, LARGEST_IN_PARTS, Local, Messages, forward
from .lattice import Bounds, Choices, Moves, Scores, uniform


class Forward(NamedTuple):
    """The pass over all paths, computed when a query first asks for it: of choices' probabilities, or of their logs."""

    moves: Moves
    scores: Scores
    bounds: Bounds
    steps_last: bool

    def shares(self) -> Messages:
        return passes.shared(self, "shares", lambda: fast.shares(*self))

    def logs(self) -> Messages:
        return passes.shared(self, "logs", lambda: forward(self.moves, self.scores, self.bounds))


class Paths(abc.ABC):
    """Paths in a lattice: a `Structure`, of which a family says what follows first."""

    # Whether the potentials have cells before steps.
    steps_last: bool = True

    @property
    @abc.abstractmethod
    def moves(self) -> Moves: ...

    @abc.abstractmethod
    def lattice(self, potentials: Any, lengths: Any) -> tuple[Scores, Bounds]:
        """The scores are selected from the potentials, linearly."""

    @abc.abstractmethod
    def event_of_cells(self, cells: Array) -> Tree:
        """What stands in cells (T+1 B W), for the parts of an event, (B *event)."""

    @abc.abstractmethod
    def compact_of_places(self, places: Array, width: int) -> Tree:
        """Compact events (k B ...) of places (T+1 B k) in order, the step times `width` plus the cell, then -1."""

    @abc.abstractmethod
    def event(self, compact: Tree, sizes: Mapping[str, int], dtype: Any) -> Tree: ...

    @abc.abstractmethod
    def score_of_event(self, potentials: Any, lengths: Any, event: Tree) -> Sum: ...

    @abc.abstractmethod
    def score_of_compact(self, potentials: Any, lengths: Any, compact: Tree) -> Sum: ...

    @abc.abstractmethod
    def by_cells(self) -> Paths:
        """The same paths, of which every visited cell has a score: its potentials are `of_cells` of events' scores."""

    @abc.abstractmethod
    def of_cells(self, scores: Tree) -> Any: ...

    def repeated(self, times: int) -> Paths:
        """The same for so many times the items, all of them at each time."""
        return self

    # ---------------------------------------------------------------------------------------------- sums over all

    def _chosen(self, query: Query) -> Choices:
        """Probabilities of the choices of a walk from the end. Queries of one distribution share them."""

        def compute() -> Choices:
            scores, bounds = self.lattice(query.potentials, query.lengths)
            return shares_of_choices(self.moves, scores, bounds, query.messages.shares().choices)

        return passes.shared(query.messages, "chosen", compute)

    def _log_choices(self, query: Query) -> Choices:
        """Their logs, right however small they are."""

        def compute() -> Choices:
            scores, bounds = self.lattice(query.potentials, query.lengths)
            return log_choices(self.moves, scores, bounds, query.messages.logs().choices)

        return passes.shared(query.messages, "log_choices", compute)

    def _cells(self, query: Query) -> Array:
        """The probability that a path visits each cell, (T+1 B W)."""
        compute = lambda: marginals.passed(self.moves, self._chosen(query), query.messages.bounds)
        return passes.shared(query.messages, "cells", compute)

    def forward(self, potentials: Any, lengths: Any) -> Forward:
        scores, bounds = self.lattice(jax.tree.map(lax.stop_gradient, potentials), lengths)
        return Forward(self.moves, scores, bounds, self.steps_last)

    def possible(self, messages: Forward) -> Array:
        return messages.shares().log_partition[0] > -jnp.inf

    def log_partition(self, potentials: Any, lengths: Any, messages: Forward) -> Sum:
        scores, bounds = self.lattice(potentials, lengths)
        return marginals.log_partition(self.moves, scores, bounds, messages.shares())

    def log_count(self, potentials: Any, lengths: Any) -> Sum:
        scores, bounds = self.lattice(potentials, lengths)
        return fast.shares(self.moves, uniform(scores), bounds, self.steps_last).log_partition

    def marginals(self, potentials: Any, lengths: Any, messages: Forward) -> Tree:
        return self.event_of_cells(self._cells(Query(potentials, lengths, messages)))

    def log_marginals(self, potentials: Any, lengths: Any, messages: Forward) -> Tree:
        logs = self._log_choices(Query(potentials, lengths, messages))
        return self.event_of_cells(marginals.log_passed(self.moves, logs, messages.bounds))

    def potential_marginals(self, potentials: Any, lengths: Any, messages: Forward) -> Any:
        scores, pull = jax.vjp(lambda x: self.lattice(x, lengths)[0], potentials)
        known = messages.shares().choices
        return pull(marginals.score_marginals(self.moves, scores, messages.bounds, known))[0]

    def entropy(self, potentials: Any, lengths: Any, messages: Forward) -> Array:
        query = Query(potentials, lengths, messages)
        return information.entropy(self._chosen(query), self._cells(query))

    def kl_divergence(self, p: Query, q: Query) -> Array:
        return self._compared(p, q)[1]

    def cross_entropy(self, p: Query, q: Query) -> Array:
        return sum(self._compared(p, q))

    def _compared(self, p: Query, q: Query) -> tuple[Array, Array]:
        """The entropy of p and its divergence from q."""
        of_p, of_q = self._log_choices(p), self._log_choices(q)
        chosen, bounds = probabilities(of_p), p.messages.bounds
        cells = marginals.passed(self.moves, chosen, bounds)
        divergence = information.kl_divergence(self.moves, bounds, of_p, of_q, cells)
        same = [a == b for a, b in zip(*map(jax.tree.leaves, (p.lengths, q.lengths)), strict=True)]
        divergence = jnp.where(jnp.all(jnp.stack(same), 0), divergence, jnp.inf)
        return information.entropy(chosen, cells), divergence

    # -------------------------------------------------------------------------------------------------- one of them

    def _best(self, potentials: Any, lengths: Any, local: Local) -> tuple[Messages, Bounds]:
        """The pass over the best paths to each cell."""
        scores, bounds = self.lattice(jax.tree.map(lax.stop_gradient, potentials), lengths)
        return best(self.moves, scores, bounds, local), bounds

    def _compact(self, places: Array, choices: Choices) -> Tree:
        return self.compact_of_places(places, jax.tree.leaves(choices.last)[0].shape[-1])

    def argmax(self, potentials: Any, lengths: Any) -> tuple[Tree, Array]:
        found, bounds = self._best(potentials, lengths, BEST)
        possible = found.log_partition[0] > -jnp.inf
        places = search.best(self.moves, found.choices, bounds, possible)
        width = found.choices.moves.shape[-1]
        return jax.tree.map(lambda x: x[0], self.compact_of_places(places, width)), possible

    def top_k(self, potentials: Any, lengths: Any, k: int) -> tuple[Tree, Array]:
        found, bounds = self._best(potentials, lengths, LARGEST if is_optimistic() else LARGEST_IN_PARTS)
        losses = found.choices
        places, real = search.k_best(self.moves, losses, bounds, k)
        compact, real = self._compact(places, losses), real.T
        score = numeric.sum_value(self.score_of_compact(potentials, lengths, compact))
        order = jnp.argsort(
            jnp.where(real, -score, jnp.inf), 0, stable=True
        )  # summing may exchange near ties
        take = lambda x: jnp.take_along_axis(x, order.reshape(*order.shape, *(1,) * (x.ndim - 2)), 0)
        return jax.tree.map(take, compact), take(real)

    def sample(self, key: Array, potentials: Any, lengths: Any, messages: Forward, draws: int) -> Tree:
        known = messages.shares().choices
        return self._compact(search.sample(key, self.moves, known, messages.bounds, draws), known)

    def sample_without_replacement(
        self, key: Array, potentials: Any, lengths: Any, k: int
    ) -> tuple[Tree, Array]:
        messages = self.forward(potentials, lengths)
        known = messages.logs().choices
        places, logs = search.without_replacement(key, self.moves, known, messages.bounds, k)
        return self._compact(places, known), logs.T

    def compact(self, event: Tree, lengths: Any) -> Tree:
        """The path whose event differs in the fewest parts: of marginals, that is expected to. Where an event is all 0
        there is none.
        """
        samples, items = jax.tree.leaves(event)[0].shape[:2]
        flat = jax.tree.map(lambda x: lax.collapse(x, 0, 2), event)
        paths = self.repeated(samples).by_cells()
        of_flat = jax.tree.map(lambda x: jnp.tile(x, samples), lengths)
        compact, _ = paths.argmax(paths.of_cells(2 * flat - 1), of_flat)
        some = jnp.any(lax.collapse(flat, 1) != 0, 1)
        clean = lambda x: jnp.where(some.reshape(-1, *(1,) * (x.ndim - 1)), x, -1)
        return jax.tree.map(lambda x: clean(x).reshape(samples, items, *x.shape[1:]), compact)

    # ------------------------------------------------------------------------------------------ differentiable samples

    def smoothed_max(self, potentials: Any, lengths: Any, choose: Choose) -> Array:
        return relaxed.smoothed_max(self.moves, *self.lattice(potentials, lengths), choose)

    def relaxed_event(self, potentials: Any, lengths: Any, choose: Choose) -> Tree:
        scores, bounds = self.lattice(potentials, lengths)
        chosen = relaxed.relaxed_choices(self.moves, scores, bounds, choose)
        return self.event_of_cells(marginals.passed(self.moves, chosen, bounds))

    def relaxed_walk(
        self,
        key: Array,
        potentials: Any,
        lengths: Any,
        messages: Forward,
        temperature: Array,
        draws: int,
        straight_through: bool,
    ) -> Tree:
        logs = self._log_choices(Query(potentials, lengths, messages))
        chosen = relaxed.perturbed_choices(key, logs, temperature, draws, straight_through)
        bounds = jax.tree.map(lambda x: jnp.tile(x, (draws, *(1,) * (x.ndim - 1))), messages.bounds)
        event = self.event_of_cells(marginals.passed(self.moves, chosen, bounds))
        items = logs.last.shape[0]
        return jax.tree.map(lambda x: x.reshape(draws, items, *x.shape[1:]), event)
