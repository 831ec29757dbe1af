"""Every registered class stands before the laws.

Of each structure one form is asked everything in float64, and one what float32 may get wrong. Other forms, and classes
that share the structure, are asked what their own code answers. `npm run test:full` asks all of everything.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import pytest

from synjax_worker import registry
from synjax_worker.distributions import Distribution
from tests.budget import FULL
from tests.compiling import EAGER

from . import enumerator
from .enumerator import Enumerator
from .laws import LAWS, LAWS_OF_FORMS
from .queries import Answers, ask, questions


def classes() -> list[str]:
    loaded = registry.load()
    names = [entry["name"] for entry in loaded.document["distributions"]]
    return [name for name in names if issubclass(loaded.ops[name].fn, Distribution)]


CLASSES = classes()
FORMS = [form for forms in enumerator.load().values() for form in forms]


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_has_an_enumerator(name: str) -> None:
    assert name in enumerator.ENUMERATORS, (
        f"{name} has no enumerator: write a module of tests/conformance/enumerators/ with a subclass of Enumerator "
        f"marked @enumerates({name}); docs/adding-a-distribution.md tells how"
    )


class Program(NamedTuple):
    form: Enumerator
    dtype: str
    name: str

    def __str__(self) -> str:
        return f"{self.form.name}-{self.dtype}-{self.name}"

    @property
    def thorough(self) -> bool:
        return self.form.thorough or self.dtype == "float32" or FULL


def programs() -> list[Program]:
    """What is compiled, the longest first: they are started in this order."""
    forms = sorted(FORMS, key=lambda form: not form.thorough)
    found = [Program(form, "float64", name) for form in forms for name in LAWS]
    found += [Program(form, "float32", "values") for form in forms if form.float32 or FULL]
    if FULL:
        found += [Program(form, "float32", "derivatives") for form in forms]
    return sorted(found, key=lambda program: not program.thorough)


@functools.cache
def answers_of(program: Program) -> Answers:
    """In float32 as optimized as a user's program; float64 looks for what is wrong at any optimization."""
    form, dtype, name = program
    float32 = dtype == "float32"
    asked = questions(name, program.thorough, float32 and not FULL)
    return ask(form, np.dtype(dtype), asked, options=EAGER if float32 else None)


OF_PROGRAMS = [(program, law) for program in programs() for law in LAWS[program.name]]


@pytest.mark.parametrize(("program", "law"), OF_PROGRAMS, ids=str)
def test_law(program: Program, law: str) -> None:
    refuse(LAWS[program.name][law](answers_of(program)))


@pytest.mark.parametrize("law", LAWS_OF_FORMS)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_law_of_forms(form: Enumerator, law: str) -> None:
    if law in ("on_device", "no_items") and not (form.thorough or FULL):
        pytest.skip("its structure's program is looked at: set SYNJAX_TEST_FULL=1")
    refuse(LAWS_OF_FORMS[law](form))


def refuse(breaches) -> None:
    broken = [str(breach) for breach in breaches]
    assert not broken, f"{len(broken)} breaches:\n" + "\n".join(broken[:12])
