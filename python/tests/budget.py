"""What each class costs in CPU seconds, told at the end of every run: a plugin that conftest.py registers.

Seconds of CPU are counted and not of time, so that a busy machine changes them less. They still vary several times over
where others use the same caches, so being over budget is marked, and only who is far over it fails the run: in seconds,
and in its share of what the run took on the same machine.
"""

from __future__ import annotations

import json
import math
import os
import re
import resource
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

CLASS = 60.0  # CPU seconds of a class in `npm test`
WHOLE = 2 * 720.0  # of everything: twelve minutes of two cores
FAILS_BEYOND = 5.0  # times a class's budget, and its share of the whole
REST = "everything else"

# Whether the long sweeps run too: they have no budget.
FULL = bool(os.environ.get("SYNJAX_TEST_FULL"))

# Where the seconds go as JSON too, for the summary of `npm test`.
FILE = "SYNJAX_TEST_BUDGET"


OWN, OF_CHILDREN = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN


def cpu_seconds(*whose: int) -> float:
    """Of this process and of those it has waited for, or of one of the two."""
    used = (resource.getrusage(who) for who in whose or (OWN, OF_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def classes() -> dict[str, str]:
    """The registered classes by how tests call them: their own name, and that of their module."""
    from synjax_worker import registry

    loaded = registry.load()
    found = {}
    for entry in loaded.document["distributions"]:
        cls = loaded.ops[entry["name"]].fn
        found |= {entry["name"]: entry["name"], cls.__module__.rpartition(".")[2]: entry["name"]}
    return found


def class_of(test: str, marked: str | None, known: dict[str, str]) -> str:
    """Whom a test counts to: the class it is marked with, its family of structures, or the class whose name or module
    its own name contains.
    """
    if marked is not None:
        return marked
    if family := re.search(r"structures/(\w+)/", test):
        return f"structures/{family[1]}"
    found = (of for name, of in known.items() if re.search(rf"(?<![a-zA-Z]){name}(?![a-z])", test))
    return next(found, REST)


class Budget:
    def __init__(self, config: pytest.Config):
        self.config = config
        self.seconds: Counter[str] = Counter()
        self.known: dict[str, str] | None = None
        self.whole = 0.0

    # ----------------------------------------------------------------------------------------- where the tests run

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item):
        self.started = cpu_seconds()
        yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo):
        report = (yield).get_result()
        if report.when == "teardown":
            self.known = self.known or classes()
            mark = item.get_closest_marker("costs")
            report.of_class = class_of(item.nodeid, mark.args[0] if mark else None, self.known)
            report.cpu_seconds = cpu_seconds() - self.started

    # ------------------------------------------------------------------------------------------ where they are counted

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if hasattr(report, "cpu_seconds"):
            self.seconds[report.of_class] += report.cpu_seconds

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        self.whole += getattr(node, "workeroutput", {}).get("cpu_seconds", 0.0)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["cpu_seconds"] = cpu_seconds()
            return
        # Where tests run in several processes, those are this one's children and have told what they used.
        self.whole += cpu_seconds(OWN) if self.whole else cpu_seconds()
        # What no test is charged for: starting, importing and collecting.
        self.seconds[REST] += max(0.0, self.whole - sum(self.seconds.values()))
        if path := os.environ.get(FILE):
            Path(path).write_text(json.dumps(self.seconds))
        if self.far_over() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def far_over(self) -> list[str]:
        """The classes that make the run fail."""
        slow = max(1.0, sum(self.seconds.values()) / WHOLE)  # how much slower than it should be all of it is
        return [
            name
            for name, used in self.seconds.items()
            if used > FAILS_BEYOND * slow * limit_of(name) and not FULL
        ]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.config.option.collectonly:
            return
        terminalreporter.section("CPU seconds")
        for line in table(self.seconds):
            terminalreporter.write_line(line)
        for name in self.far_over():
            terminalreporter.write_line(f"{name} costs more than {FAILS_BEYOND:g} times its budget", red=True)


def limit_of(name: str) -> float:
    return math.inf if name == REST or name.startswith("structures/") else CLASS


def table(seconds: Counter[str]) -> list[str]:
    rows = sorted(seconds.items(), key=lambda row: (limit_of(row[0]) == math.inf, row[0] == REST, -row[1]))
    total = sum(seconds.values())
    lines = [f"{name:24} {used:7.1f}{_mark(used, limit_of(name))}" for name, used in rows]
    return [*lines, f"{'in all':24} {total:7.1f}{_mark(total, WHOLE)}"]


def _mark(used: float, limit: float) -> str:
    if limit == math.inf:
        return ""
    return f" of {limit:4.0f}{'   over budget' if used > limit else ''}"


def register(config: pytest.Config) -> None:
    config.pluginmanager.register(Budget(config), "synjax-budget")
