"""What a class says of itself is all there, and the examples in docstrings run."""

from __future__ import annotations

import doctest
import functools
import importlib
import pkgutil
import re

import pytest

from synjax_worker import distributions, registry
from synjax_worker.registry import introspection

MODULES = [f"{distributions.__name__}.{found.name}" for found in pkgutil.iter_modules(distributions.__path__)]
CLASSES = [entry["name"] for entry in registry.load().document["distributions"]]


@functools.cache
def examples(module: str) -> dict[str, doctest.TestResults]:
    """How many examples of each docstring of a module ran, and how many failed."""
    runner = doctest.DocTestRunner(verbose=False)
    return {
        test.name: runner.run(test) for test in doctest.DocTestFinder().find(importlib.import_module(module))
    }


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert not {of: result for of, result in examples(name).items() if result.failed}


def registered(name: str) -> type:
    return registry.load().ops[name].fn


def sections(name: str) -> dict[str, str]:
    """A class's docstring by the first word of its paragraphs, "Args" and "Example" among them; "" is the first."""
    first, *rest = registered(name).__doc__.strip().split("\n\n")
    starts = ((re.match(r"\s*(\w+)", paragraph), paragraph) for paragraph in rest)
    return {"": first} | {start[1]: paragraph for start, paragraph in starts if start}


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_says_what_it_models_what_it_costs_and_where_it_is_from(name: str) -> None:
    said = sections(name)
    models = said[""].split()
    assert len(models) >= 5 and " ".join(models).endswith("."), "a sentence on what it models"
    assert re.match(r"\s*Cost per item: .*O\(.+\)", said.get("Cost", ""), re.DOTALL), (
        "Cost per item: ... O(...)"
    )
    assert re.match(r"\s*Source: .*\(\d{4}\)", said.get("Source", ""), re.DOTALL), "Source: author (year)"


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_describes_every_argument_and_names_its_dims(name: str) -> None:
    _, described = introspection.split_doc(registered(name))
    parameters = introspection.parameters(registered(name))
    assert set(described) == {parameter["name"] for parameter in parameters}
    assert all(len(doc.split()) >= 3 for doc in described.values()), described
    for parameter in parameters:
        for kind in parameter.get("alternatives", [parameter]):
            if kind["kind"] not in ("static", "dist"):
                assert re.fullmatch(r"(\*batch|[a-z]\S*)( [a-z]\S*)*", kind["dims"]), parameter


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_an_example_of_itself_that_runs(name: str) -> None:
    cls = registered(name)
    assert ">>> " in sections(name).get("Example", "") and f"{name}(" in sections(name)["Example"]
    ran = examples(cls.__module__).get(f"{cls.__module__}.{name}")
    assert ran and ran.attempted > 0 and not ran.failed


@pytest.mark.parametrize("name", CLASSES)
def test_every_query_of_a_class_is_described(name: str) -> None:
    """A query says what it answers itself, or is described where the method that it overrides is."""
    queries = registry.queries(registered(name))
    assert queries
    silent = [query.name for query in queries if not re.match(r"\w.+\.", query.doc, re.DOTALL)]
    assert not silent
