"""Every registered class stands before every law, in float32 and float64."""

from __future__ import annotations

import functools
import os

import numpy as np
import pytest

from synjax_worker import registry
from synjax_worker.distributions import Distribution
from tests.compiling import UNOPTIMIZED

from . import chains  # noqa: F401  registers
from .case import ENUMERATORS, Enumerator
from .laws import LAWS
from .queries import Answers, ask

DTYPES = ("float32", "float64")


def classes() -> list[str]:
    loaded = registry.load()
    names = [entry["name"] for entry in loaded.document["distributions"]]
    return [name for name in names if issubclass(loaded.ops[name].fn, Distribution)]


FORMS = [enumerator for name in classes() for enumerator in ENUMERATORS.get(name, [])]


@pytest.mark.parametrize("name", classes())
def test_every_class_has_an_enumerator(name: str) -> None:
    assert ENUMERATORS.get(name)


FULL = bool(os.environ.get("SYNJAX_TEST_FULL"))


def type_name(enumerator: Enumerator) -> str:
    return next(name for name, forms in ENUMERATORS.items() if enumerator in forms)


@functools.cache
def answers_of(enumerator: Enumerator, dtype: str) -> Answers:
    """In float32 as optimized as anybody's program; float64 looks for what is wrong at any optimization."""
    options = UNOPTIMIZED if dtype == "float64" else None
    return ask(enumerator, enumerator.build, np.dtype(dtype), options=options)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("enumerator", FORMS, ids=lambda enumerator: enumerator.name)
def test_law(enumerator: Enumerator, dtype: str, law: str) -> None:
    if dtype == "float64" and enumerator is not ENUMERATORS[type_name(enumerator)][0] and not FULL:
        pytest.skip("another form of a class in float64: set SYNJAX_TEST_FULL=1")
    broken = [str(breach) for breach in LAWS[law](answers_of(enumerator, dtype))]
    assert not broken, f"{len(broken)} breaches:\n" + "\n".join(broken[:12])
