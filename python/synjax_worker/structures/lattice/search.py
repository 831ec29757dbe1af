"""The best path, the k best, and draws with and without replacement: walks from the end.

Walks stand side by side, k for each of B items, and every step is a move of each: there are no more than the longest
walk has. One number says where a walk stands: its step times W, plus its cell. It is -1 where the walk is done.

What is asked is the log of each choice (`Choices`): its log-probability, or what it loses against the best.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric, topdown
from ...numerics.beam import KBest, Search, WithoutReplacement
from .lattice import Bounds, Choices, Moves


class _Walks(NamedTuple):
    place: Array  # (B k)
    places: Array  # (T+1 B k): where it stood before each step, the last cell first


def _started(choices: Choices, bounds: Bounds, cell: Array, real: Array) -> _Walks:
    """Walks at the last cells `cell` (B k); those that are not real are done."""
    steps, *_, items, width = _shape(choices)
    place = jnp.where(real, bounds.last[:, None] * width + cell, -1).astype(jnp.int32)
    places = jnp.full((steps + 1, items, cell.shape[1]), -1, jnp.int32)
    return _Walks(place, places.at[0].set(place))


def _until_done(choices: Choices, state: tuple, step: Callable) -> tuple:
    """`step(index, *state)` until all of its walks, which come first, stand at step 0 or are done."""
    steps, *_, width = _shape(choices)

    def running(carry):
        index, walks, *_ = carry
        return (index <= steps) & jnp.any(walks.place >= width)

    body = lambda carry: (carry[0] + 1, *step(*carry))
    return lax.while_loop(running, body, (jnp.int32(1), *state))[1:]


def _shape(choices: Choices) -> tuple[int, ...]:
    """(T M B W)"""
    return jax.tree.leaves(choices.moves)[0].shape


def _at(choices: Choices, place: Array, certain: float, nothing: float) -> Any:
    """(B k M), of the moves into the cells where walks stand; where there is none to choose the first is certain."""
    steps, count, items, width = _shape(choices)
    step, cell = lax.div(place, jnp.int32(width)), lax.rem(place, jnp.int32(width))
    item = numeric.positions(items)[:, None]

    def read(x: Array) -> Array:
        if steps == 0:
            return jnp.zeros((*place.shape, count), x.dtype)
        return x[jnp.maximum(step - 1, 0), :, item, jnp.maximum(cell, 0)]

    logs = jax.tree.map(read, choices.moves)
    one = jnp.where(numeric.positions(count) == 0, certain, nothing)
    one = one.astype(jax.tree.leaves(logs)[0].dtype)
    if not isinstance(logs, Array):
        one = type(logs).from_log(one)
    return jax.tree.map(lambda one, x: jnp.where((place < width)[..., None], one, x), one, logs)


def _moved(moves: Moves, walks: _Walks, index: Array, choice: Array, width: int) -> _Walks:
    """After a choice of each walk (B k). One at step 0 is done."""
    far = jnp.array([move.steps * width + move.cells for move in moves], jnp.int32)
    place = jnp.where(walks.place >= width, walks.place - far[choice], -1)
    return _Walks(place, lax.dynamic_update_index_in_dim(walks.places, place, index, 0))


def _in_order(places: Array) -> Array:
    """Of places (T+1 B k), the last first, the same from the first on, then -1."""
    count = jnp.sum(places >= 0, 0, dtype=jnp.int32)
    index = count - 1 - numeric.positions(places.shape[0])[:, None, None]
    found = jnp.take_along_axis(places, jnp.maximum(index, 0), 0)
    return jnp.where(index >= 0, found, -1)


# ---------------------------------------------------------------------------------------------------------- the best


def best(moves: Moves, found: Choices, bounds: Bounds, possible: Array) -> Array:
    """The best path's places (T+1 B 1) in order, where there is one (B). Of equals the first move wins.

    `found` says which choice is the best: (T B W) by which move, (B) in which cell a path ends.
    """
    steps, items, width = found.moves.shape
    walks = _started(found, bounds, found.last[:, None].astype(jnp.int32), possible[:, None])
    item = numeric.positions(items)[:, None]

    def step(index: Array, walks: _Walks) -> tuple[_Walks]:
        at, cell = lax.div(walks.place, jnp.int32(width)), lax.rem(walks.place, jnp.int32(width))
        choice = found.moves[jnp.maximum(at - 1, 0), item, jnp.maximum(cell, 0)]
        return (_moved(moves, walks, index, choice.astype(jnp.int32), width),)

    if steps == 0:
        return walks.places
    (walks,) = _until_done(found, (walks,), step)
    return _in_order(walks.places)


# -------------------------------------------------------------------------------------------------------- k at once


def _beam(moves: Moves, choices: Choices, bounds: Bounds, k: int, search: Search) -> tuple[Array, Any]:
    """Places (T+1 B k) in order of the k walks that a search keeps, and what it says of them."""
    items, width = jax.tree.leaves(choices.last)[0].shape
    take = lambda x, index: jnp.take_along_axis(x, index, 1)
    one = jnp.ones((items, 1), bool)
    logs = jax.tree.map(lambda x: x[:, None], choices.last)
    state, _, cell = search.extended(search.started(one, logs), jnp.int32(0), one, logs)
    walks = _started(choices, bounds, jnp.minimum(cell, width - 1), search.real(state))
    slots = jnp.broadcast_to(numeric.positions(k), walks.places.shape)

    def step(index: Array, walks: _Walks, state: Any, parents: Array) -> tuple:
        logs = _at(choices, walks.place, 0.0, -jnp.inf)
        state, parent, choice = search.extended(state, index, jnp.ones(walks.place.shape, bool), logs)
        place = jnp.where(search.real(state), take(walks.place, parent), -1)
        walks = _moved(moves, walks._replace(place=place), index, choice, width)
        return walks, state, lax.dynamic_update_index_in_dim(parents, parent, index, 0)

    walks, state, parents = _until_done(choices, (walks, state, slots), step)

    def back(slot: Array, chosen: tuple[Array, Array]) -> tuple[Array, Array]:
        parent, place = chosen
        return take(parent, slot), take(place, slot)

    _, places = lax.scan(back, slots[0], (parents, walks.places), reverse=True)
    return _in_order(jnp.where(search.real(state), places, -1)), state


def k_best(moves: Moves, losses: Choices, bounds: Bounds, k: int) -> tuple[Array, Array]:
    """Places of the k best paths (T+1 B k), best first, and which are real (B k).

    A walk is kept for its exact best completion: one that is dropped has k better ones elsewhere.
    """
    search = KBest(k)
    places, state = _beam(moves, losses, bounds, k, search)
    search.refuse_far(state)
    return places, search.real(state)


def without_replacement(
    key: Array, moves: Moves, logs: Choices, bounds: Bounds, k: int
) -> tuple[Array, Array]:
    """Places of k distinct paths (T+1 B k) in the order they are drawn, and their log-probabilities (B k), -inf past
    the support (Kool, van Hoof & Welling 2019).
    """
    search = WithoutReplacement(key, logs.last.shape[0], k)
    places, state = _beam(moves, logs, bounds, k, search)
    return places, search.logs(state)


# ---------------------------------------------------------------------------------------------------------- samples


def sample(key: Array, moves: Moves, chosen: Choices, bounds: Bounds, draws: int) -> Array:
    """Places of independent paths (T+1 B draws), of probabilities. One uniform number a move.

    A float32 uniform has 24 bits: choices of probability below about 1e-7 are never drawn.
    """
    steps, _, items, width = chosen.moves.shape
    keys = jax.random.split(numeric.normal_key(key), items)
    dtype = chosen.last.dtype
    uniforms = jax.vmap(lambda key: jax.random.uniform(key, (steps + 1, draws), dtype), out_axes=1)(keys)

    def choose(weights: Array, uniform: Array) -> Array:
        return topdown.inverse_cdf(topdown.cumulate(weights), weights, uniform)

    possible = jnp.any(chosen.last > 0, -1, keepdims=True)
    cell = choose(chosen.last[:, None], uniforms[0])
    walks = _started(chosen, bounds, cell, jnp.broadcast_to(possible, cell.shape))
    bounded = _thresholds(chosen) if steps > 0 and draws > width else None

    def step(index: Array, walks: _Walks) -> tuple[_Walks]:
        if bounded is None:
            choice = choose(_at(chosen, walks.place, 1.0, 0.0), uniforms[index])
        else:
            choice = _chosen(bounded, walks.place, uniforms[index])
        return (_moved(moves, walks, index, choice, width),)

    (walks,) = _until_done(chosen, (walks,), step)
    return _in_order(walks.places)


def _thresholds(chosen: Choices) -> Array:
    """Of every cell (T B W M-1) the cumulative probabilities of all moves but the last: made once for many walks, whose
    choice is then a comparison. By a division, after which the bound before a last one that has no probability is 1.
    """
    cumulative = topdown.cumulate(jnp.moveaxis(chosen.moves, 1, -1))
    total = cumulative[..., -1:]
    return cumulative[..., :-1] / jnp.where(total > 0, total, 1)


def _chosen(thresholds: Array, place: Array, uniform: Array) -> Array:
    """The moves into the cells where walks stand (B k), by a uniform number each; the first where none is to choose."""
    _, items, width, count = thresholds.shape
    step, cell = lax.div(place, jnp.int32(width)), lax.rem(place, jnp.int32(width))
    item = numeric.positions(items)[:, None]
    row = (jnp.maximum(step - 1, 0) * items + item) * width + jnp.maximum(cell, 0)
    bounds = thresholds.reshape(-1, count).at[row].get(mode="promise_in_bounds")
    choice = jnp.sum(uniform[..., None] >= bounds, -1, dtype=jnp.int32)
    return jnp.where(place < width, 0, choice)
