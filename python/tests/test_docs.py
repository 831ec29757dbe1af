"""The examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from synjax_worker import distributions

MODULES = [f"{distributions.__name__}.{found.name}" for found in pkgutil.iter_modules(distributions.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name), verbose=False)
    assert not failed


def test_every_class_has_an_example() -> None:
    classes = (distributions.LinearChainCRF, distributions.HMM)
    for cls in classes:
        for heading in ("Cost", "Source:", "Args:", "Example:"):
            assert heading in cls.__doc__
