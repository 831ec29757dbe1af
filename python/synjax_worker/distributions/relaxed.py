"""Differentiable samples: relaxed structures, and best ones with a gradient of their own. For every class alike."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from ..errors import wrong_value
from ..numerics import guard, relaxed
from ..numerics import noise as noises
from ..numerics.implicit_mle import implicit_mle
from ..numerics.noise import Noise
from . import batching, events
from .parameters import Parameters, replace

# What replaces a maximum, by method and whether its value is discrete.
_CHOICES = {
    ("Perturb-and-SoftmaxDP", False): relaxed.softmax_max,
    ("Perturb-and-SoftmaxDP", True): relaxed.straight_through_softmax_max,
    ("Perturb-and-SparsemaxDP", False): relaxed.sparsemax_max,
    ("Perturb-and-SparsemaxDP", True): relaxed.straight_through_sparsemax_max,
}
_REGULARIZED = relaxed.regularized_sparsemax_max
METHODS = (
    "Perturb-and-Marginals",
    "Perturb-and-SoftmaxDP",
    "Perturb-and-SparsemaxDP",
    "Perturb-and-MAP-Implicit-MLE",
    "Gumbel-CRF",
)


def perturbed(distribution: Any, key: Array, noise: Noise, temperature: Array) -> Any:
    """The distribution with noise added to every log-potential, then divided by a temperature (*batch)."""
    fields, drawn = potentials_of(distribution), _noise(distribution, key, noise)
    added = jax.tree.map(lambda x, eta: jnp.where(jnp.isneginf(x), x, x + eta), fields, drawn)
    return replace(distribution, **added).with_temperature(temperature)


def potentials_of(distribution: Parameters) -> dict[str, Any]:
    """The log-potentials that were given, by name."""
    names = distribution.declaration().potentials
    return {name: getattr(distribution, name) for name in names if getattr(distribution, name) is not None}


def _noise(distribution: Any, key: Array, noise: Noise) -> dict[str, Any]:
    """Noise for every potential. Each item has a key of its own, so that padding changes nothing."""
    fields = potentials_of(distribution)
    leaves, treedef = jax.tree.flatten(fields)
    # A tree's leaves stand in the order of the sorted names.
    own = [distribution._own_axes(name) for name in sorted(fields) for _ in jax.tree.leaves(fields[name])]
    parts, batch = distribution.parts_per_event, distribution.batch_shape

    def draw(key: Array, x: Array, own: int) -> Array:
        lead, shape = x.shape[: x.ndim - own], x.shape[x.ndim - own :]
        of_item = jnp.broadcast_to(parts if lead == batch else jnp.max(parts, initial=0), lead).reshape(-1)
        one = lambda key, parts: noises.draw(noise, key, shape, x.dtype, parts)
        return jax.vmap(one)(jax.random.split(key, math.prod(lead)), of_item).reshape(x.shape)

    keys = jax.random.split(key, len(leaves))
    return treedef.unflatten(map(draw, keys, leaves, own))


def repeated(distribution: Any, shape: tuple[int, ...]) -> Any:
    """A distribution of batch (*shape *batch): every parameter broadcast, so that noise is drawn for each by itself."""
    batch = (*shape, *distribution.batch_shape)
    return distribution._map_potentials(lambda x, own: batching.broadcast_batch(x, batch, own))


def sample(
    distribution: Any,
    key: Array,
    method: str,
    noise: Noise,
    temperature: Array,
    shape: tuple[int, ...],
    straight_through: bool,
    regularized: bool,
    learning_rate: Any,
) -> Any:
    """Events (*shape *batch ...), relaxed or discrete; see `Distribution.differentiable_sample`."""
    if method == "Perturb-and-Marginals":
        return perturbed(repeated(distribution, shape), key, noise, temperature).marginals()
    if (method, straight_through) in _CHOICES:
        found = perturbed(repeated(distribution, shape), key, noise, temperature)
        of_l2 = regularized and method == "Perturb-and-SparsemaxDP" and not straight_through
        choose = _REGULARIZED if of_l2 else _CHOICES[method, straight_through]
        return found._batched(
            found.structure.relaxed_event(found._potentials(), found._item_lengths(), choose)
        )
    if method == "Perturb-and-MAP-Implicit-MLE":
        return _implicit_mle(repeated(distribution, shape), key, noise, temperature, learning_rate)
    if method == "Gumbel-CRF":
        return _gumbel_crf(distribution, key, temperature, shape, straight_through)
    expected = ", ".join(METHODS)
    raise wrong_value("method", method, f"one of {expected}")


def _gumbel_crf(distribution: Any, key: Array, temperature: Array, shape: tuple[int, ...], hard: bool) -> Any:
    per_item = jnp.broadcast_to(temperature, distribution.batch_shape).reshape(-1)
    draws = math.prod(shape)
    walk = distribution.structure.relaxed_walk(key, *distribution._query(), per_item, draws, hard)
    return events.unflatten(walk, shape, distribution.batch_shape)


def _implicit_mle(distribution: Any, key: Array, noise: Noise, temperature: Array, learning_rate: Any) -> Any:
    """On the scores of the parts that scores are sums of: those of events, but for a class that says otherwise."""
    structure = distribution.structure.by_parts()
    parts = structure.part_scores(distribution._potentials())
    # Scores of parts are sums of potentials, so those of the noise are what the noise adds to them.
    drawn = replace(distribution, **_noise(distribution, key, noise))
    eta = structure.part_scores(drawn._item_potentials())
    sizes, dtype = dict(distribution._bind().sizes), distribution.dtype

    def best(parts: Any, lengths: Any) -> Any:
        with guard.careful():
            compact, possible = structure.argmax(structure.of_part_scores(parts), lengths)
        compact = jax.tree.map(lambda x: x[None], compact)
        event = structure.event(events.where(possible[None], compact, -1), sizes, dtype)
        return jax.tree.map(lambda x: x[0], event)

    per_item = jnp.broadcast_to(temperature, distribution.batch_shape).reshape(-1)
    spread = lambda x: per_item.reshape(-1, *((1,) * (x.ndim - 1))).astype(x.dtype)
    eta = jax.tree.map(lambda x: x * spread(x), eta)
    event = implicit_mle(best, parts, eta, distribution._item_lengths(), 1.0, learning_rate)
    return distribution._batched(distribution._event_of_parts(event))
