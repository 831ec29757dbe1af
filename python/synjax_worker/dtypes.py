"""The dtypes of `protocol.DTYPES` as NumPy and JAX know them."""

from __future__ import annotations

from typing import Any

import jax
import ml_dtypes
import numpy as np

from . import protocol

_NOT_OF_NUMPY = {"bfloat16": ml_dtypes.bfloat16, "key": np.uint32}

# The NumPy dtype of the elements of a buffer, by the name on the wire.
ELEMENTS = {each.name: np.dtype(_NOT_OF_NUMPY.get(each.name, each.name)) for each in protocol.DTYPES}


def dtype_name(dtype: Any) -> str | None:
    """The name of a dtype on the wire; None if it has none."""
    if jax.dtypes.issubdtype(dtype, jax.dtypes.prng_key):
        return "key"
    name = str(dtype)
    return name if name in ELEMENTS else None
