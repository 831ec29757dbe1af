"""Long sweeps run only when asked for; tests that share a program run where it is compiled, the longest first."""

from __future__ import annotations

import gc
import re

import pytest

from tests import budget, compiling

# What takes long in these files is made once, for all of the file's tests or for all whose parameters differ in the
# last one only, or for those that have the same.
SHARED_BY_FILE = {
    "test_bad_input.py",
    "test_docs.py",
    "test_hostile.py",
    "test_launch.py",
    "test_limits.py",
    "test_mutants.py",
    "test_nested.py",
    "test_ops.py",
    "test_product.py",
    "test_wire.py",
}
SHARED_BUT_FOR_THE_LAST = {"test_handover.py", "test_laws.py"}
SHARED_BY_PARAMETERS = {"test_differentiable_samples.py"}


def pytest_configure(config: pytest.Config) -> None:
    budget.register(config)
    # JAX keeps what it has traced, and none of that is garbage: to look through all of it took a tenth of the time.
    gc.set_threshold(100_000, 50, 1_000)
    if not budget.FULL:
        compiling.compile_quickly()


# Started first: what takes longest must not be what everything waits for at the end.
LONGEST_FIRST = ["test_laws.py", "test_mutants.py", "test_differentiable_samples.py", "test_hmm.py"]


def rank(item: pytest.Item) -> int:
    name = item.path.name
    return LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=rank)
    if budget.FULL:
        return
    skip = pytest.mark.skip(reason="a long sweep: set SYNJAX_TEST_FULL=1")
    for item in items:
        if "full" in item.keywords:
            item.add_marker(skip)


def sharing(test: str) -> str:
    """Equal for tests that one worker should run."""
    file = test.partition("::")[0]
    name = file.rpartition("/")[2]
    if name in SHARED_BY_FILE:
        return file
    shared = r"\[(.*)\]$" if name in SHARED_BY_PARAMETERS else r"\[(.*)-[^-]*\]$"
    parameters = re.search(shared, test)
    if name in SHARED_BUT_FOR_THE_LAST | SHARED_BY_PARAMETERS and parameters:
        return f"{file}[{parameters[1]}]"
    return test


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    if config.getvalue("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False  # as they are collected, not by how many tests share a program

    class BySharing(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return sharing(nodeid)

    return BySharing(config, log)
