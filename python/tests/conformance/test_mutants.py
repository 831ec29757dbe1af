"""The suite can fail: each broken implementation is rejected, by exactly the laws that it breaks."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.budget import FULL, REST

from . import enumerator
from .enumeration import Enumeration
from .enumerator import Enumerator
from .laws import LAWS, LAWS_OF_FORMS, LawBroken, broken_laws
from .mutants import MUTANTS, Face
from .mutants import reference as by_enumeration
from .queries import Answers, Question, ask, questions

enumerator.load()  # families add their own


def small(form: type[Enumerator]) -> Enumerator:
    """The first form registered of that type, over fewer structures."""
    made = next(each for forms in enumerator.ENUMERATORS.values() for each in forms if type(each) is form)
    made = made.of({each.role.bounds: made.extent_of_broken for each in made.declared.lengths})
    made.extents = (made.extent_of_broken, made.extent_of_broken + 1)
    return made


def answers_of(form: Enumerator, program: str, asked: list[Question]) -> Answers:
    return ask(form, np.dtype(np.float64), asked)


def overridden(cls: type) -> set[str]:
    """The methods that a broken version has of its own."""
    base = Enumeration if issubclass(cls, Enumeration) else Face
    return {name for name in vars(cls) if not name.startswith("__") and callable(getattr(base, name, None))}


class Reference(NamedTuple):
    """What a class by enumeration answers, and which of the methods that something overrides each question calls."""

    answers: dict[str, Answers]  # by program
    calls: dict[Any, set[str]]  # of each question, and of each law of forms
    broken: dict[str, list[str]]  # by law


@functools.cache
def reference(form: type[Enumerator]) -> Reference:
    calls: dict[Any, set[str]] = {}
    called: set[str] = set()
    running: list[str] = []
    inside: dict[
        str, set[str]
    ] = {}  # what a method has called: what a frame remembers of it is not called again

    def recorded(base: type, name: str) -> Callable:
        method = getattr(base, name)
        inside[name] = set()

        def call(self, *arguments, **options):
            called.add(name)
            if running:
                inside[running[-1]].add(name)
            running.append(name)
            try:
                return method(self, *arguments, **options)
            finally:
                running.pop()

        return call

    def noted(key: Any, ask: Callable) -> Callable:
        def asks(*arguments):
            called.clear()
            answer = ask(*arguments)
            answer = list(answer) if isinstance(answer, Iterator) else answer
            calls[key] = set(called)
            return answer

        return asks

    broken = [cls for other, cls, _ in MUTANTS.values() if other is form]
    of_faces, of_structures = (
        {name for cls in broken if issubclass(cls, base) for name in overridden(cls)}
        for base in (Face, Enumeration)
    )
    of_structures |= {name for name in vars(Enumeration) if not name.startswith("_")}
    made_of = small(form)
    plain = by_enumeration(made_of).cls
    recorder = type("Recorded", (Enumeration,), {name: recorded(Enumeration, name) for name in of_structures})
    made = by_enumeration(made_of, enumeration=recorder, **{name: recorded(plain, name) for name in of_faces})
    answers = {}
    for program in LAWS:
        asked = [dataclasses.replace(each, ask=noted(each.ask, each.ask)) for each in questions(program)]
        answers[program] = answers_of(made, program, asked)
    found = broken_laws(answers, made, {name: noted(name, law) for name, law in laws_of_forms(form).items()})
    return Reference(answers, {key: reached(names, inside) for key, names in calls.items()}, found)


def reached(names: set[str], inside: dict[str, set[str]]) -> set[str]:
    """The methods that are called, and those that they have called, here or elsewhere."""
    while (more := names.union(*(inside[name] for name in names))) != names:
        names = more
    return names


def laws_of_forms(form: type[Enumerator]) -> dict[str, Any]:
    """Of a form whose broken versions break no law of forms, none: each has been asked of another form."""
    broken = {law for other, _, laws in MUTANTS.values() if other is form for law in laws}
    return LAWS_OF_FORMS if FULL or broken & ONLY_OF_FORMS else {}


ONLY_OF_FORMS = set(LAWS_OF_FORMS) - {law for laws in LAWS.values() for law in laws}


def covering() -> set[str]:
    """Few broken versions of each form that together break every law that any of that form does."""
    found: set[str] = set()
    for form in FORMS:
        laws = {name: set(broken) for name, (of, _, broken) in MUTANTS.items() if of is form}
        while any(laws.values()):
            # Those that break fewer laws cost less: of equals the one that breaks fewest others.
            best = max(laws, key=lambda name: (len(laws[name]), -len(MUTANTS[name][2])))
            found.add(best)
            seen = laws.pop(best)
            laws = {name: left - seen for name, left in laws.items()}
    return found


FORMS = list(dict.fromkeys(form for form, _, _ in MUTANTS.values()))


@pytest.mark.costs(REST)  # no class answers: the laws themselves are tried
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_reference_keeps_every_law(form: type[Enumerator]) -> None:
    assert reference(form).broken == {}


def each_broken_version() -> Iterator[Any]:
    few = covering()
    for name, (form, _, _) in MUTANTS.items():
        yield pytest.param(form, name, marks=() if name in few else pytest.mark.full)


@pytest.mark.costs(REST)
@pytest.mark.parametrize(("form", "name"), each_broken_version())
def test_a_broken_implementation_is_rejected_by_the_laws_it_breaks(form: type[Enumerator], name: str) -> None:
    """Asked only what calls a method that it overrides; the rest it answers as the reference does."""
    _, cls, laws = MUTANTS[name]
    right = reference(form)
    made = by_enumeration(small(form), cls)
    wrong_table = issubclass(cls, Enumerator)  # every question asks of it, no law of forms does

    def concerned(key: Any) -> bool:
        return (wrong_table and not isinstance(key, str)) or bool(right.calls[key] & overridden(cls))

    answers = {}
    for program, said in right.answers.items():
        asked = [question for question in questions(program) if concerned(question.ask)]
        if asked:
            wrong = answers_of(made, program, asked)
            said = dataclasses.replace(
                wrong,
                values=said.values | wrong.values,
                again=said.again | wrong.again,
            )
        answers[program] = said
    of_forms = {key: law for key, law in laws_of_forms(form).items() if concerned(key)}
    rejected = broken_laws(answers, made, of_forms)
    if (
        "optimistic" not in laws and len(rejected) > 1
    ):  # what is wrong in any program is wrong in that one too
        rejected.pop("optimistic", None)
    assert set(rejected) == laws, {law: breaches[:2] for law, breaches in rejected.items()}


def test_a_broken_law_says_its_name() -> None:
    assert str(LawBroken("ties", "somewhere")).startswith("ties: ")
