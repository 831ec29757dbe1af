"""The rules of a grammar of low rank themselves, for what is asked of single trees: a maximum over trees is no maximum
over ranks, which are summed over for each rule.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ...numerics.split_log import SplitLog
from .. import grammar
from .potentials import Potentials, of_items, refuse_large_arrays


def rules(kind: type, potentials: Potentials) -> Any:
    """The rules as logs of a kind, (B nt s s), or (nt s s) where all items share them. O(nt s^2 r), differentiable."""
    made = of_items(potentials)
    to_rank, left, right = (kind.from_log(x) for x in (made.to_rank, made.to_left, made.to_right))
    by_symbol = lambda x: jnp.swapaxes(x, 1, 2)  # (B s r)
    left = jax.tree.map(lambda x: by_symbol(x)[:, :, None], left)
    right = jax.tree.map(lambda x: by_symbol(x)[:, None], right)

    # Of one nonterminal: all at once would be r times what stays.
    @jax.checkpoint
    def of_nonterminal(ranks: Any) -> Any:
        return left.times(right).times(jax.tree.map(lambda x: x[:, None, None], ranks)).total(-1)

    found = lax.map(of_nonterminal, jax.tree.map(lambda x: jnp.moveaxis(x, 1, 0), to_rank))
    found = jax.tree.map(lambda x: jnp.moveaxis(x, 0, 1), found)
    shared = all(x.ndim == 2 for x in (potentials.to_rank, potentials.to_left, potentials.to_right))
    return jax.tree.map(lambda x: x[0], found) if shared else found


def with_rules(kind: type, potentials: Potentials) -> grammar.Potentials:
    """A grammar with the rules themselves. An optimistic program refuses those whose sums may have rounded."""
    if kind is SplitLog:
        refuse_large_arrays((potentials.to_rank, potentials.to_left, potentials.to_right), potentials.words)
    return grammar.Potentials(potentials.root, rules(kind, potentials), potentials.preterminal)
