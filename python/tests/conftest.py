"""Settings of every test: no silent promotion of dtypes or ranks; float64 where a test asks for it by `enable_x64`."""

from __future__ import annotations

import os

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "allow")

FULL = bool(os.environ.get("SYNJAX_TEST_FULL"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if FULL:
        return
    skip = pytest.mark.skip(reason="a long sweep: set SYNJAX_TEST_FULL=1")
    for item in items:
        if "full" in item.keywords:
            item.add_marker(skip)
