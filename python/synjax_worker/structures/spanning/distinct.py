"""Draws without replacement by draws with it, of which repeats are dropped: what is left of independent draws is in
the order and has the law of draws without replacement. For optimistic programs: where few trees are likely, repeats
would not end.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric


def drawn_enough(log_largest: Array, k: int) -> Array:
    """(B): whether `distinct` finds k trees, by the log of the probability of the likeliest one. It does not depend on
    the draws, which therefore keep their law.
    """
    # So that each draw is a new tree with a probability of a half at least, whatever was drawn.
    return (k - 1) * jnp.exp(log_largest) <= 0.5


def distinct(
    key: Array, draw: Callable[[Array, int], Array], items: int, nodes: int, k: int
) -> tuple[Array, Array]:
    """Heads (k B n) of the first k different trees of those that `draw(key, draws)` makes (draws B n), and whether
    there are so many (B).
    """
    together = 2 * k
    most = -(-(4 * k + 64) // together)  # fewer than k of so many halves: less than 1e-17
    key = numeric.normal_key(key)

    def add(heads: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        found, count = state
        slot = numeric.positions(k)[:, None]
        known = jnp.any(jnp.all(found == heads, -1) & (slot < count), 0)
        here = (slot == count) & ~known
        return jnp.where(here[..., None], heads, found), count + jnp.where(known, 0, 1)

    def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        turn, found, count = state
        heads = draw(jax.random.fold_in(key, turn), together)
        found, count = lax.fori_loop(0, together, lambda i, state: add(heads[i], state), (found, count))
        return turn + 1, found, count

    going = lambda state: (state[0] < most) & jnp.any(state[2] < k)
    start = jnp.int32(0), jnp.zeros((k, items, nodes), jnp.int32), jnp.zeros((items,), jnp.int32)
    _, found, count = lax.while_loop(going, step, start)
    return found, count >= k
