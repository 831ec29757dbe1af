"""What is wrong with values of parameters: looked for on the device, or refused where they are concrete."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from ..errors import InvalidArgument
from ..registry import Check


def nan_or_posinf(argument: str, value: Array, valid: Array | None = None) -> Check:
    """NaN and +inf are not log-potentials; `valid` masks what counts, from the left."""
    bad = jnp.isnan(value) | jnp.isposinf(value)
    if valid is not None:
        bad &= valid.reshape(valid.shape + (1,) * (bad.ndim - valid.ndim))
    return Check(argument, bad, value, "a number below +inf")


def out_of_range(
    argument: str, value: Array, high: int, *, name: str, low: int = 0, valid: Array | None = None
) -> Check:
    """Values below `low` or above `high`; `name` says in named dims what `high` is."""
    bad = (value < low) | (value > high)
    if valid is not None:
        bad &= valid
    return Check(argument, bad, value, f"between {low} and {name} = {high}")


def refuse(checks: list[Check]) -> None:
    """Raises InvalidArgument for the first value that a check finds; its arrays must be concrete."""
    for check in checks:
        bad = np.asarray(check.bad)
        if not bad.any():
            continue
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        value = np.broadcast_to(np.asarray(check.value), bad.shape)[where]
        at = f"{check.argument}{list(where)}" if where else check.argument
        raise InvalidArgument(
            f"`{at}` is {value}, expected {check.expected}.",
            argument=check.argument,
            expected=check.expected,
            received=str(value),
        )
