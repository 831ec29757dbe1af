"""Log-potentials of segments in sequences of n positions: which of them count, and how they add up."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric


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


def counts(potentials: Potentials, lengths: Array) -> Array:
    """Whether a segment's potential belongs to its sequence, (B n m 1) or (B n m t 1): that of the first segment of a
    sequence reads label 0.
    """
    inside = numeric.positions(potentials.positions) < lengths[:, None]
    return _reads(potentials, potentials.positions) & jnp.expand_dims(
        inside, (2, 3) if potentials.factored else (2, 3, 4)
    )


def early_logs(potentials: Potentials) -> Array:
    """Log-potentials of segments that end at one of the first m positions, (B m p t) or (B m m t): -inf where they do
    not count. Later ones count whatever their length.
    """
    early = min(potentials.longest, potentials.positions)
    logs = jnp.where(_reads(potentials, early), potentials.segment[:, :early], -jnp.inf)
    return lax.collapse(logs, 2, -1)


def _reads(potentials: Potentials, positions: int) -> Array:
    end = numeric.positions(positions)[:, None]
    size = numeric.positions(potentials.longest)
    if potentials.factored:
        return (size <= end)[..., None]
    first = numeric.positions(potentials.labels) == 0
    return ((size < end)[..., None] | ((size == end)[..., None] & first))[..., None]


def positions_first(segment: Array) -> Array:
    """What is shaped as potentials of segments, (B n m t t) or (B n m t), as (n B p t). One axis p holds what a segment
    with its end and label has to choose: its length, and in the general form the label before it, j t + a. XLA sums
    over one axis faster than over two.
    """
    return lax.collapse(jnp.moveaxis(segment, 1, 0), 2, -1)


def items_first(segment: Array, like: Potentials) -> Array:
    """Back to the shape of the potentials."""
    own = like.segment.shape[2:]
    return jnp.moveaxis(segment, 0, 1).reshape(segment.shape[1], segment.shape[0], *own)


def at_last(by_position: Any, lengths: Array) -> Any:
    """Of (n B t), what belongs to each item's last position, (B t)."""
    last = jnp.maximum(lengths - 1, 0)[None, :, None]
    return jax.tree.map(lambda x: jnp.take_along_axis(x, last, 0)[0], by_position)


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
    first = numeric.positions(potentials.longest) == numeric.positions(potentials.positions)[:, None]
    transition = transition_of_items(potentials)[:, None, None]
    before = jnp.where(first[..., None, None], potentials.initial[:, None, None, None], transition)
    return Potentials(potentials.segment[:, :, :, None] + before)


def contract(marginals: Potentials, tangent: Potentials) -> Array:
    """The derivative of each log-partition (B) along a direction in the potentials, of which only what has a marginal
    counts: forbidden potentials stay forbidden.
    """
    of_items = lambda x: jnp.sum(lax.collapse(x, 1), 1)
    products = jax.tree.map(lambda p, dx: of_items(numeric.masked_product(p, dx)), marginals, tangent)
    return sum(jax.tree.leaves(products))
