"""Log-potentials of chains, and how passes prepare them: garbage is replaced, and the largest factor taken out.

In this folder a chain has n positions and n - 1 edges between them; each position is in one of t states. B chains are
computed side by side.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import float_range
from ...numerics.numeric import HIGHEST


class Potentials(NamedTuple):
    """Log-potentials of B chains. All share one `transition` (t t), or each chain has its own (B t t).

    Time-varying chains have one transition per edge (B n-1 t t) and no emission. They start in state 0, so only row 0
    of the first edge counts.
    """

    start: Array  # (B t)
    transition: Array  # (t t), (B t t) or (B n-1 t t)
    emission: Array | None  # (B n t)

    @property
    def time_varying(self) -> bool:
        return self.transition.ndim == 4

    @property
    def positions(self) -> int:
        return self.transition.shape[1] + 1 if self.time_varying else self.emission.shape[1]

    @property
    def states(self) -> int:
        return self.transition.shape[-1]

    @staticmethod
    def time_varying_from(edges: Array) -> Potentials:
        """From one transition per edge (B n-1 t t). Only row 0 of the first counts: chains start in state 0."""
        items, _, states, _ = edges.shape
        alone = jnp.where(numeric.positions(states) == 0, 0, -jnp.inf).astype(edges.dtype)
        return Potentials(jnp.broadcast_to(alone, (items, states)), edges, None)

    def as_time_varying(self) -> Potentials:
        """The same chains with a potential for every edge, in which those of the states are."""
        if self.time_varying:
            return self
        items, _, states = self.emission.shape
        first = (self.start + self.emission[:, 0])[:, None, None]
        shared = self.transition if self.transition.ndim == 2 else self.transition[:, None]
        rest = shared + self.emission[:, 1:, None]
        edges = [jnp.broadcast_to(first, (items, 1, states, states)), rest]
        return Potentials.time_varying_from(jnp.concatenate(edges, 1))


class Marginals(NamedTuple):
    """Probabilities of states and edges, in the layout of `Potentials`; every field has the axis B."""

    start: Array  # (B t)
    transition: Array  # (B t t), summed over the edges, or (B n-1 t t) of time-varying chains
    emission: Array | None  # (B n t)


def contract(marginal: Marginals, tangent: Potentials) -> Array:
    """The derivative of each log-partition (B) along a direction in the potentials."""
    total = jnp.einsum("bt,bt->b", marginal.start, tangent.start, precision=HIGHEST)
    edges = {2: "bac,ac->b", 3: "bac,bac->b", 4: "bnac,bnac->b"}[tangent.transition.ndim]
    total += jnp.einsum(edges, marginal.transition, tangent.transition, precision=HIGHEST)
    if tangent.emission is not None:
        total += jnp.einsum("bnt,bnt->b", marginal.emission, tangent.emission, precision=HIGHEST)
    return total


def uniform(potentials: Any) -> Any:
    """Potentials that score every allowed structure 0: finite values become 0, -inf stays."""
    return jax.tree.map(lambda x: jnp.where(jnp.isneginf(x), x, jnp.zeros((), x.dtype)), potentials)


class PreparedStates(NamedTuple):
    """Potentials of states without garbage. Positions lead, because `scan` runs over the leading axis."""

    valid: Array  # (n B)
    start: Array  # (B t)
    emission: Array | None  # (n B t)


class Prepared(NamedTuple):
    """All potentials without garbage."""

    valid: Array  # (n B)
    start: Array  # (B t)
    transition: Array  # (t t), (B t t) or (n-1 B t t)
    emission: Array | None  # (n B t)


def prepare_states(potentials: Potentials, lengths: Array) -> PreparedStates:
    """Replaces what lies beyond the lengths, before anything that is differentiated reads it.

    A chain of length 0 has one structure, the empty one: its first position gets a single state, of weight 1.
    """
    start, emission = potentials.start, potentials.emission
    valid = numeric.positions(potentials.positions)[:, None] < lengths
    alone = jnp.where(numeric.positions(start.shape[-1]) == 0, 0.0, -jnp.inf).astype(start.dtype)
    start = jnp.where((lengths == 0)[:, None], alone, start)
    if emission is not None:
        emission = jnp.where(valid[:, :, None], jnp.moveaxis(emission, 1, 0), 0)
    return PreparedStates(valid, start, emission)


def prepare(potentials: Potentials, lengths: Array) -> Prepared:
    """The same with the potentials of edges."""
    valid, start, emission = prepare_states(potentials, lengths)
    transition = potentials.transition
    if potentials.time_varying:
        ignored = ignored_rows(*transition.shape[-3:-1])
        transition = jnp.where(ignored, transition[..., :1, :1, :], transition)
        transition = jnp.where(valid[1:].T[..., None, None], transition, 0)
        transition = jnp.moveaxis(transition, 1, 0)
    return Prepared(valid, start, transition, emission)


def ignored_rows(edges: int, states: int) -> Array:
    """(n-1 t 1): True at the rows of the first edge that do not count."""
    return (numeric.positions(edges)[:, None, None] == 0) & (numeric.positions(states)[:, None] > 0)


def transition_weights(transition: Array) -> tuple[Array, Array]:
    """exp(transition - column maximum) and the column maxima. Finite entries stay larger than denormal floats."""
    floor = float_range(transition.dtype, 1).floor
    column = numeric.shift_of(transition, -2, keepdims=True)
    weights = jnp.maximum(jnp.exp(transition - column), floor)
    return jnp.where(jnp.isneginf(transition), 0, weights), jnp.squeeze(column, -2)


def edge_weights(transition: Array, live: Array) -> tuple[Array, Array]:
    """`transition_weights` of every edge: (B n-1 t t) and (n-1 B t), 1 where it does not count. Potentials are read
    twice and never copied.
    """
    column = _edge_columns(transition, live)
    logs = transition - column[..., None, :]
    weights = jnp.maximum(jnp.exp(logs), float_range(transition.dtype, 1).floor)
    weights = jnp.where(jnp.isneginf(logs), 0, weights)
    # Selected after the exponential, and the ignored rows by themselves: selecting before it takes XLA twice as long.
    weights = jnp.where(live[..., None, None], weights, 1)
    return weights.at[:, 0, 1:].set(1), position_first(column)


def _edge_columns(transition: Array, live: Array) -> Array:
    """The largest of each column, (B n-1 t)."""
    first = numeric.positions(live.shape[1])[:, None] == 0
    column = jnp.where(first, transition[..., 0, :], jnp.max(transition, -2))
    return lax.stop_gradient(jnp.where(live[..., None] & jnp.isfinite(column), column, 0))


def _edge_logs(transition: Array, live: Array) -> Array:
    counts = live[..., None, None] & ~ignored_rows(*transition.shape[-3:-1])
    return jnp.where(counts, transition - _edge_columns(transition, live)[..., None, :], 0)


def transition_logs(potentials: Potentials, lengths: Array) -> Array:
    """transition - column maximum, with an axis of edges: (1 t t), (B 1 t t) or (B n-1 t t)."""
    transition = potentials.transition
    if potentials.time_varying:
        return _edge_logs(transition, numeric.positions(potentials.positions)[1:] < lengths[:, None])
    return (transition - numeric.shift_of(transition, -2, keepdims=True))[..., None, :, :]


def position_first(x: Array) -> Array:
    return jnp.moveaxis(x, 1, 0)


def batch_first(x: Array) -> Array:
    return jnp.moveaxis(x, 0, 1)
