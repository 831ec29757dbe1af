"""Long sweeps run only when they are asked for."""

from __future__ import annotations

import os

import pytest

FULL = bool(os.environ.get("SYNJAX_TEST_FULL"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if FULL:
        return
    skip = pytest.mark.skip(reason="a long sweep: set SYNJAX_TEST_FULL=1")
    for item in items:
        if "full" in item.keywords:
            item.add_marker(skip)
