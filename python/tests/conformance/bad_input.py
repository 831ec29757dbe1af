"""What every class must refuse, made from what it declares of its parameters and from one good batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions.declared import Parameter, event_dims, map_dims

from .case import Arrays, BadInput
from .enumerator import Enumerator

BATCH = 2
KEY = np.zeros(2, np.uint32)
# In how many places of a parameter NaN and +inf are tried.
PLACES = 3


def of_every_class(enumerator: Enumerator) -> Iterator[BadInput]:
    good = {name: jax.tree.map(jnp.asarray, value) for name, value in enumerator.plain(BATCH).items()}
    build = lambda **changed: enumerator.build(good | changed)
    declared = [enumerator.parameter(name) for name in enumerator.potentials]
    arrays = [parameter for parameter in declared if parameter.dims is not None]
    for parameter in arrays:
        yield from _of_arrays(parameter, good, build)
    yield from _of_lengths(enumerator, good, build)
    yield from _of_empty_dims(enumerator, good, build)
    yield from _of_queries(build())
    for name in enumerator.potentials:
        yield from _of_values(enumerator, name, good, build)


def _argument(parameter: Parameter) -> str:
    """What a message calls a parameter, or its first array."""
    return f"{parameter.name}[0]" if parameter.many else parameter.name


def _changed(parameter: Parameter, good: Arrays, change: Any) -> Arrays:
    """The parameter with `change` applied to it, or to its first array."""
    value = good[parameter.name]
    return {parameter.name: (change(value[0]), *value[1:]) if parameter.many else change(value)}


def _of_arrays(parameter: Parameter, good: Arrays, build: Any) -> Iterator[BadInput]:
    argument = _argument(parameter)
    own = len(parameter.own)
    changes = {
        "a rank too low": lambda x: x.reshape(-1)[: x.shape[-1]] if own > 1 else x.reshape(-1)[0],
        "integers": lambda x: x.astype(jnp.int32),
        "half precision": lambda x: x.astype(jnp.float16),
    }
    for what, change in changes.items():
        bad = _changed(parameter, good, change)
        yield BadInput(what, argument, lambda bad=bad: build(**bad))
    if not parameter.optional:
        yield BadInput("left out", parameter.name, lambda: build(**{parameter.name: None}))
    if parameter.many:
        yield BadInput("no list", parameter.name, lambda: build(**{parameter.name: good[parameter.name][0]}))


def _of_lengths(enumerator: Enumerator, good: Arrays, build: Any) -> Iterator[BadInput]:
    for parameter in enumerator.declared.lengths:
        name, least, most = parameter.name, parameter.role.least, enumerator.sizes[parameter.role.bounds]
        bad = {
            "of another batch": np.full(BATCH + 1, most, np.int32),
            "fractional": np.full(BATCH, float(most), np.float32),
            "too long": np.array([most, most + 1], np.int32),
            "too short": np.array([least - 1, most], np.int32),
        }
        for what, lengths in bad.items():
            changed = {name: jnp.asarray(lengths)}
            yield BadInput(f"lengths {what}", name, lambda changed=changed: build(**changed))


def _of_empty_dims(enumerator: Enumerator, good: Arrays, build: Any) -> Iterator[BadInput]:
    """A dim of events without any extent; blamed is the parameter that is bound first."""
    for dim in event_dims(enumerator.declared.event):
        owners = [
            name for name in enumerator.declared.binding if name in good and dim in enumerator.own_dims(name)
        ]
        empty = {name: _emptied(good[name], enumerator.own_dims(name), dim) for name in owners}
        parameter = enumerator.parameter(owners[0])
        yield BadInput(f"no {dim}", _argument(parameter), lambda empty=empty: build(**empty))


def _emptied(value: Any, dims: list[str], dim: str) -> Any:
    def emptied(x: jax.Array) -> jax.Array:
        lead = x.ndim - len(dims)
        return x[(slice(None),) * lead + tuple(slice(0, 0) if own == dim else slice(None) for own in dims)]

    return jax.tree.map(emptied, value)


def _of_queries(good: Any) -> Iterator[BadInput]:
    declared = good.declaration().event
    larger = lambda _path, leaf, shape: jnp.zeros((BATCH, *shape[:-1], shape[-1] + 1))
    event = map_dims(larger, declared, good.event_shape)
    first = f".{next(iter(declared))}" if isinstance(declared, dict) else ""
    yield BadInput("k of 0", "k", lambda: good.top_k(0))
    yield BadInput("k of -1", "k", lambda: good.sample_without_replacement(KEY, -1))
    yield BadInput("an event of another shape", f"event{first}", lambda: good.log_prob(event))
    yield BadInput("a batch that does not broadcast", "other", lambda: good.kl_divergence(good[:0]))
    yield BadInput("another class", "other", lambda: good.kl_divergence("a distribution"))


def _of_values(enumerator: Enumerator, name: str, good: Arrays, build: Any) -> Iterator[BadInput]:
    """NaN and +inf wherever a structure looks, found by the scores of all structures."""
    rng = np.random.default_rng(0)
    leaves, tree = jax.tree.flatten(good[name])
    parameter = enumerator.parameter(name)
    for i, leaf in enumerate(leaves):
        argument = f"{name}[{i}]" if parameter.many else name
        places = (np.unravel_index(at, leaf.shape) for at in rng.permutation(leaf.size))
        made = (
            (place, tree.unflatten([*leaves[:i], _with_nan(leaf, place), *leaves[i + 1 :]]))
            for place in places
        )
        read = [place for place, value in made if _is_read(enumerator, good | {name: value})]
        for place, bad in zip(read[:PLACES], (np.nan, np.inf, np.nan), strict=False):
            value = tree.unflatten([*leaves[:i], leaf.at[place].set(bad), *leaves[i + 1 :]])
            what = f"{bad} at {[int(i) for i in place]}"
            yield BadInput(what, argument, lambda value=value: build(**{name: value}), on_device=True)


def _with_nan(leaf: jax.Array, place: tuple[int, ...]) -> np.ndarray:
    changed = np.array(leaf)
    changed[place] = np.nan
    return changed


def _is_read(enumerator: Enumerator, arrays: Arrays) -> bool:
    """Whether a structure of some item has NaN for a score."""
    full = enumerator.full()
    events = enumerator.table(full).events
    items = (enumerator.item(jax.tree.map(np.asarray, arrays), i) for i in range(BATCH))
    return any(np.isnan(enumerator.scores(item, full, events)).any() for item in items)
