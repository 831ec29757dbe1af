"""The devices that JAX finds."""

from __future__ import annotations

from typing import Any

from ..protocol import DEVICES
from .refusals import bad_device


def find_devices(wanted: str) -> list[Any]:
    """JAX's devices of a platform. Raises InvalidArgument, with the platforms that there are, if it has none."""
    import jax
    import jax.extend.backend

    jax.config.update("jax_platforms", wanted)
    try:
        return jax.devices()
    except Exception as error:  # whatever a plugin throws
        why = str(error).partition(" (set JAX_PLATFORMS")[0]
        why = (
            why or f"its JAX is without {wanted}; `npx synjax setup --device {wanted}` makes one that has it"
        )
        jax.config.update("jax_platforms", None)
        found = ", ".join(name for name in jax.extend.backend.backends() if name in DEVICES)
        raise bad_device(wanted, f"one that the worker finds ({found})", f": {why}") from error
