"""The batch of a distribution: broadcasting its parameters to it, flattening it to items, taking a part of it."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ..errors import InvalidArgument, wrong_value
from ..registry import Check
from ..shapes import as_float, show


def broadcast_batch(x: Array, batch: tuple[int, ...], own: int) -> Array:
    """(*batch ...) with every batch axis there; `own` axes are the parameter's."""
    return jnp.broadcast_to(x, (*batch, *x.shape[x.ndim - own :]))


def flatten_batch(x: Array, batch: tuple[int, ...], own: int) -> Array:
    """(*batch ...) broadcast and flattened to (B ...)."""
    return broadcast_batch(x, batch, own).reshape(math.prod(batch), *x.shape[x.ndim - own :])


def flatten_shared(x: Array, batch: tuple[int, ...], own: int) -> Array:
    """The same of a table that all items may share: without batch axes it stays as it is."""
    return x if x.ndim == own else flatten_batch(x, batch, own)


def index_batch(x: Array, batch: tuple[int, ...], own: int, index: Any) -> Array:
    """A part of the batch of one parameter; one without batch axes is everybody's and stays as it is."""
    return x if x.ndim == own else broadcast_batch(x, batch, own)[index]


def require_index(index: Any, batch: tuple[int, ...]) -> None:
    """Refuses whole numbers beyond the batch: JAX would take the nearest item. Negative ones count from the end."""
    parts = index if isinstance(index, tuple) else (index,)
    if any(part is None or part is Ellipsis for part in parts):
        return
    if len(parts) > len(batch) or any(isinstance(part, str | float) for part in parts):
        raise wrong_value("index", index, f"one of the batch {show(batch)}")
    for part, size in zip(parts, batch, strict=False):
        if isinstance(part, int | np.integer) and not -size <= part < size:
            raise InvalidArgument(
                f"`index` is {part}, expected {-size} to {size - 1}: the batch is {show(batch)}.",
                argument="index",
                expected=f"{-size} to {size - 1}",
                received=str(part),
            )


def divide(x: Array, temperature: Array, own: int) -> Array:
    """Log-potentials over a temperature, one or one per item (*batch); a forbidden part stays forbidden."""
    factor = (1 / temperature).astype(x.dtype)
    factor = factor.reshape(*factor.shape, *((1,) * own))
    possible = ~jnp.isneginf(x)
    return jnp.where(
        possible, jnp.where(possible, x, 0) * factor, x
    )  # so that the factor's derivative is finite, too


def as_temperature(temperature: Any) -> Array:
    try:
        array = jnp.asarray(temperature)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(
            f"`temperature` is {repr(temperature)[:80]}, expected a number above 0.",
            argument="temperature",
            expected="a number above 0",
            received=repr(temperature)[:80],
        ) from error
    if jnp.issubdtype(array.dtype, jnp.integer):  # 2 is a temperature as 2.0 is
        array = array.astype(jnp.float32)
    return as_float("temperature", array)


def require_temperature(temperature: Any, batch: tuple[int, ...]) -> None:
    """Refuses what is no temperature for a batch, as far as it is known before the program runs."""
    temperature = as_temperature(temperature)
    shape = temperature.shape
    expected = f"a number above 0, or one per item {show(batch)}"
    try:
        fits = jnp.broadcast_shapes(shape, batch) == batch
    except ValueError:
        fits = False
    received = f"shape {show(shape)}" if shape else str(temperature)
    if fits:
        values = np.ones(1) if isinstance(temperature, jax.core.Tracer) else np.atleast_1d(temperature)
        bad = values[~(values > 0)]
        if not bad.size:
            return
        received = str(bad[0])
    raise InvalidArgument(
        f"`temperature` is {received}, expected {expected}.",
        argument="temperature",
        expected=expected,
        received=received,
    )


def temperature_check(temperature: Any) -> list[Check]:
    """The same on the device."""
    temperature = as_temperature(temperature)
    return [Check("temperature", ~(temperature > 0), temperature, "above 0")]
