"""The suite can fail: each broken implementation is rejected, by exactly the laws that it breaks."""

from __future__ import annotations

import numpy as np
import pytest

from .chains import GeneralChain
from .laws import broken_laws
from .queries import ask
from .reference import MUTANTS, Reference


class OfReference(GeneralChain):
    """The cases of the general chain, answered by another class."""

    longest = 3
    extents = (3, 5)

    def __init__(self, cls: type):
        self.cls = cls

    def build(self, arrays):
        return self.cls(arrays["log_potentials"], arrays["lengths"])

    def resized(self, extent):
        return self.cls(super().resized(extent).log_potentials)


def _rejected_by(cls: type) -> dict[str, list[str]]:
    enumerator = OfReference(cls)
    return broken_laws(ask(enumerator, enumerator.build, np.dtype(np.float32)))


def test_the_reference_keeps_every_law() -> None:
    assert _rejected_by(Reference) == {}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_implementation_is_rejected_by_the_laws_it_breaks(name: str) -> None:
    cls, laws = MUTANTS[name]
    rejected = _rejected_by(cls)
    assert set(rejected) == laws, {law: breaches[:2] for law, breaches in rejected.items()}
