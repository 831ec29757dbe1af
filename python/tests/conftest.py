"""Long sweeps run only when they are asked for; tests that share a program run where it is compiled."""

from __future__ import annotations

import os
import re

import pytest

FULL = bool(os.environ.get("SYNJAX_TEST_FULL"))

# What takes long in these files is made once, for all of the file's tests or for all whose parameters differ in the
# last one only.
SHARED_BY_FILE = {
    "test_bad_input.py",
    "test_docs.py",
    "test_launch.py",
    "test_mutants.py",
    "test_nested.py",
    "test_product.py",
    "test_wire.py",
}
SHARED_BUT_FOR_THE_LAST = {"test_handover.py", "test_laws.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if FULL:
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
    parameters = re.search(r"\[(.*)-[^-]*\]$", test)
    if name in SHARED_BUT_FOR_THE_LAST and parameters:
        return f"{file}[{parameters[1]}]"
    return test


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    if config.getvalue("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class BySharing(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return sharing(nodeid)

    return BySharing(config, log)
