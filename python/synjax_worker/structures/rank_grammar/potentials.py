"""Log-potentials of a grammar whose rules are of low rank, as logs that can be multiplied."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric
from ...numerics.guard import is_optimistic, refuse_where
from ..constituency.inside import LARGEST_WHOLE
from ..grammar.potentials import inside_item


class Potentials(NamedTuple):
    """Of s = nt + pt symbols, nonterminals come first. The log of the rule that makes b and c of a is that of the sum
    over r of exp(to_rank[a, r] + to_left[r, b] + to_right[r, c]). What all items share has no axis B.
    """

    root: Array  # (B nt) or (nt): of the nonterminal of the whole sentence
    to_rank: Array  # (B nt r) or (nt r)
    to_left: Array  # (B r s) or (r s)
    to_right: Array  # (B r s) or (r s)
    preterminal: Array  # (B n pt): of the preterminal of each word

    @property
    def items(self) -> int:
        return self.preterminal.shape[0]

    @property
    def words(self) -> int:
        return self.preterminal.shape[1]


def of_items(potentials: Potentials) -> Potentials:
    """With an axis of items everywhere: of one where they share a table."""
    axes = Potentials(root=1, to_rank=2, to_left=2, to_right=2, preterminal=2)
    return jax.tree.map(lambda x, own: x[None] if x.ndim == own else x, potentials, axes)


def cleaned(potentials: Potentials, lengths: Array) -> Potentials:
    """-inf for what stands beyond the lengths, and an axis of items everywhere."""
    made = of_items(potentials)
    inside = inside_item(made.words, lengths)[..., None]
    return made._replace(preterminal=jnp.where(inside, made.preterminal, -jnp.inf))


def logs_of(kind: type, potentials: Potentials, lengths: Array) -> Potentials:
    """As logs of a kind, each in place of its array. Differentiable."""
    return jax.tree.map(kind.from_log, cleaned(potentials, lengths))


def refuse_large(potentials: Potentials, lengths: Array) -> None:
    """An optimistic program refuses log-potentials whose sums over a tree may round: there are 4n of them."""
    refuse_large_arrays(cleaned(potentials, lengths), potentials.words)


def refuse_large_arrays(arrays: tuple[Array, ...], words: int) -> None:
    if is_optimistic():
        large = lambda x: jnp.any(jnp.abs(numeric.finite_or_zero(x)) >= LARGEST_WHOLE / (6 * words))
        refuse_where(jnp.any(jnp.stack([large(x) for x in arrays])))


def contract(mass: Potentials, tangent: Potentials) -> Array:
    """The derivative of each log-partition (B) along a direction in the potentials, of which only what has mass
    counts.
    """
    along = lambda mass, moved: jnp.sum(numeric.masked_product(mass, moved), tuple(range(1, mass.ndim)))
    return sum(jax.tree.leaves(jax.tree.map(along, mass, of_items(tangent))))
