"""Relaxed segmentations: of a smoothed recursion, and of a walk whose choices are soft."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from ...numerics import numeric, relaxed, split_log
from ...numerics.split_log import SplitLog
from .choices import Choices, log_choices
from .forward import Messages, recursion
from .marginals import event_of_choices, passed
from .potentials import Potentials, as_general


def smoothed_max(potentials: Potentials, lengths: Array, choose: Callable[[Array, int], Array]) -> Array:
    """The recursion of the best score with every maximum replaced by `choose(candidates, axis)`, (B).

    General: one choice of the length and the label before. Factored: that of the label first, then that of the length.
    `choose` must move with its candidates, choose(x + c) = choose(x) + c, and may meet -inf beside finite ones.
    """

    def reduce(x: SplitLog, axis: int) -> SplitLog:
        def chosen(logs: Array) -> Array:
            possible = jnp.any(logs > -jnp.inf, axis, keepdims=True)
            value = choose(jnp.where(possible, logs, 0), axis)
            return jnp.where(jnp.squeeze(possible, axis), value, -jnp.inf)

        return split_log.reduced(x, axis, chosen)

    inputs = jnp.moveaxis(potentials.segment, 1, 0)
    return numeric.pair_value(recursion(potentials, lengths, reduce, inputs, lambda here: here).log_partition)


def relaxed_event(potentials: Potentials, lengths: Array, choose: Callable[[Array, int], Array]) -> Array:
    """The gradient of `smoothed_max` by the score of every part, (B n m t t), with one choice of a segment's length and
    of the label before it in both forms. Differentiable by the potentials.
    """
    of_parts = lambda segment: jnp.sum(smoothed_max(Potentials(segment), lengths, choose))
    return jax.grad(of_parts)(as_general(potentials).segment)


def relaxed_walk(
    key: Array,
    potentials: Potentials,
    lengths: Array,
    messages: Messages,
    temperature: Array,
    draws: int,
    straight_through: bool = False,
) -> Array:
    """Events (draws B n m t t) of walks whose choices are softmaxes of Gumbel-perturbed local log-probabilities,
    divided by `temperature` (B): Gumbel-CRF (Fu et al. 2020).
    """
    soften = relaxed.straight_through_softmax if straight_through else relaxed.softmax
    logs = log_choices(potentials, lengths, messages)
    keys = jax.random.split(numeric.normal_key(key), potentials.items)
    names = {"segment": 2, "label": 2, "last": 1}

    def softened(which: int, name: str) -> Array | None:
        table, axis = getattr(logs, name), names[name]
        if table is None:
            return None
        by_position = name != "last"
        items = jnp.moveaxis(table, 1, 0) if by_position else table
        # Positions first: more of them do not change the numbers of the others.
        shape = (items.shape[1], draws, *items.shape[2:]) if by_position else (draws, *items.shape[1:])
        draw = lambda key: jax.random.gumbel(jax.random.fold_in(key, which), shape, table.dtype)
        noise = jnp.moveaxis(
            jax.vmap(draw)(keys), 0, 2 if by_position else 1
        )  # (n draws B ...) or (draws B t)
        factor = 1 / temperature.astype(table.dtype)
        table = table[:, None] if by_position else table
        factor = factor.reshape(-1, *(1,) * (axis if by_position else 1))
        soft = jnp.where(table > -jnp.inf, (table + noise) * factor, -jnp.inf)
        weights = soften(soft, axis + 1 if by_position else -1)
        flat = (weights.shape[0], -1, *weights.shape[3:]) if by_position else (-1, weights.shape[-1])
        return weights.reshape(flat)

    chosen = Choices(*(softened(which, name) for which, name in enumerate(names)))
    tiled = jnp.tile(lengths, draws)
    walks = passed(chosen, potentials.longest, tiled)
    segment = chosen.segment * walks.ends[:, :, None]
    if potentials.factored:
        event = event_of_choices(segment, chosen.label, jnp.multiply, certain=1, nothing=0)
    else:
        event = jnp.moveaxis(segment, 0, 1)
    sizes = (potentials.positions, potentials.longest, potentials.labels, potentials.labels)
    return event.reshape(draws, potentials.items, *sizes)
