"""The suite can fail: each broken implementation is rejected, by exactly the laws that it breaks."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
import pytest

from tests.compiling import UNOPTIMIZED

from .chains import GeneralChain
from .laws import broken_laws
from .queries import QUESTIONS, Answers, Asked, Question, ask
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


def answers_of(cls: type, questions: list[Question]) -> Answers:
    enumerator = OfReference(cls)
    return ask(enumerator, enumerator.build, np.dtype(np.float32), questions=questions, options=UNOPTIMIZED)


def overridden(cls: type) -> set[str]:
    """The methods of the reference that a broken version has of its own."""
    names = {name for name in vars(cls) if not name.startswith("__")}
    return {name for name in names if callable(getattr(Reference, name, None))}


@functools.cache
def reference() -> tuple[Answers, dict[Question, set[str]]]:
    """What the reference answers, and which of the methods that something overrides each question has called."""
    calls: dict[Question, set[str]] = {question: set() for question in QUESTIONS}
    called: set[str] = set()

    class Recorded(Reference):
        pass

    def recorded(name: str):
        method = getattr(Reference, name)

        def call(self, *arguments, **options):
            called.add(name)
            return method(self, *arguments, **options)

        return call

    for name in set.union(*(overridden(cls) for cls, _ in MUTANTS.values())):
        setattr(Recorded, name, recorded(name))

    def noted(question: Question) -> Question:
        def asks(asked: Asked) -> dict[str, Any]:
            called.clear()
            answer = question(asked)
            calls[question] |= called
            return answer

        return asks

    return answers_of(Recorded, [noted(question) for question in QUESTIONS]), calls


def test_the_reference_keeps_every_law() -> None:
    assert broken_laws(reference()[0]) == {}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_implementation_is_rejected_by_the_laws_it_breaks(name: str) -> None:
    """Asked only what calls a method that it overrides; the rest it answers as the reference does."""
    cls, laws = MUTANTS[name]
    right, calls = reference()
    questions = [question for question in QUESTIONS if calls[question] & overridden(cls)]
    if questions:
        wrong = answers_of(cls, questions)
        answers = dataclasses.replace(
            wrong, values=right.values | wrong.values, again=right.again | wrong.again
        )
    else:
        answers = dataclasses.replace(right, enumerator=OfReference(cls))
    rejected = broken_laws(answers)
    assert set(rejected) == laws, {law: breaches[:2] for law, breaches in rejected.items()}
