"""Log-potentials of segments in sequences of n positions: which of them count, and how they add up."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics.guard import drop_forbidden
from ...numerics.numeric import HIGHEST


class Potentials(NamedTuple):
    """Log-potentials of B sequences cut into segments of 1 to m positions, each with one of t labels.

    General: `segment[i, j, a, b]` scores a segment of length j + 1 whose last position is i, with label b, after a
    segment with label a; the first segment of a sequence reads row a = 0 only.

    Factored: the score is `initial` of the first label, the sum of `segment[i, j, b]`, and of `transition[a, b]` of
    each label after another.
    """

    segment: Array  # (B n m t t) or (B n m t)
    transition: Array | None = None  # (t t), shared, or (B t t)
    initial: Array | None = None  # (B t)

    @property
    def factored(self) -> bool:
        return self.transition is not None

    @property
    def items(self) -> int:
        return self.segment.shape[0]

    @property
    def positions(self) -> int:
        return self.segment.shape[1]

    @property
    def longest(self) -> int:
        return self.segment.shape[2]

    @property
    def labels(self) -> int:
        return self.segment.shape[-1]


def fits(potentials: Potentials, lengths: Array) -> Array:
    """Whether a segment lies inside its sequence, (n B m)."""
    end = jnp.arange(potentials.positions)[:, None, None]
    return (jnp.arange(potentials.longest) <= end) & (end < lengths[:, None])


def counts(potentials: Potentials, lengths: Array) -> Array:
    """Whether a segment's potential counts, (n B p 1): that of the first segment of a sequence reads label 0."""
    inside = fits(potentials, lengths)
    if potentials.factored:
        return inside[..., None]
    first = jnp.arange(potentials.longest) == jnp.arange(potentials.positions)[:, None]
    reads = ~first[..., None] | (jnp.arange(potentials.labels) == 0)
    return (inside[..., None] & reads[:, None]).reshape(*inside.shape[:2], -1, 1)


def positions_first(segment: Array) -> Array:
    """What is shaped as potentials of segments, (B n m t t) or (B n m t), as (n B p t). One axis p holds what a segment
    with its end and label has to choose: its length, and in the general form the label before it, j t + a. XLA sums
    over one axis faster than over two.
    """
    count, items = segment.shape[1], segment.shape[0]
    return jnp.moveaxis(segment, 1, 0).reshape(count, items, -1, segment.shape[-1])


def items_first(segment: Array, like: Potentials) -> Array:
    """Back to the shape of the potentials."""
    return jnp.moveaxis(segment, 0, 1).reshape(like.segment.shape)


def counting(potentials: Potentials, lengths: Array) -> Array:
    """The potentials of segments (n B p t), -inf where they do not count.

    Garbage is replaced before anything differentiable sees it, and in one pass before any loop.
    """
    return jnp.where(counts(potentials, lengths), positions_first(potentials.segment), -jnp.inf)


def allowed_tangent(potentials: Potentials, lengths: Array, tangent: Potentials) -> Potentials:
    """A direction in the potentials: 0 where they are forbidden, which they stay, and where they do not count."""
    segment = jnp.where(counts(potentials, lengths), positions_first(tangent.segment), 0)
    segment = items_first(segment, potentials)
    return drop_forbidden(potentials, tangent._replace(segment=segment))


def transition_of_items(potentials: Potentials) -> Array:
    """(1 t t) or (B t t)."""
    transition = potentials.transition
    return transition[None] if transition.ndim == 2 else transition


def uniform(potentials: Potentials) -> Potentials:
    """0 where a part is allowed, -inf where it is not."""
    return jax.tree.map(lambda x: jnp.where(jnp.isneginf(x), x, jnp.zeros((), x.dtype)), potentials)


def as_general(potentials: Potentials) -> Potentials:
    """The same with a potential for every pair of labels: O(n m t^2)."""
    if not potentials.factored:
        return potentials
    first = jnp.arange(potentials.longest) == jnp.arange(potentials.positions)[:, None]
    transition = transition_of_items(potentials)[:, None, None]
    before = jnp.where(first[..., None, None], potentials.initial[:, None, None, None], transition)
    return Potentials(potentials.segment[:, :, :, None] + before)


def contract(marginals: Potentials, tangent: Potentials) -> Array:
    """The derivative of each log-partition (B) along a direction in the potentials."""
    axes = "bnmac"[: marginals.segment.ndim]
    total = jnp.einsum(f"{axes},{axes}->b", marginals.segment, tangent.segment, precision=HIGHEST)
    if marginals.factored:
        edges = "ac" if tangent.transition.ndim == 2 else "bac"
        total += jnp.einsum(f"bac,{edges}->b", marginals.transition, tangent.transition, precision=HIGHEST)
        total += jnp.einsum("bc,bc->b", marginals.initial, tangent.initial, precision=HIGHEST)
    return total
