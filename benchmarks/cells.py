"""What every query of a case costs, beside its plain form and its peers: a cell of a suite's table.

A peer counts only where its answer is right. Ours are compiled as a worker does, see `measure`.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import platform
import time
from collections.abc import Callable

import jax
from cases import Case
from growth import Growth, measure_growth
from measure import ROWS, Program, Spread, program, program_of_worker, spreads
from peers import Peer
from summary import Bounds, summarize
from truth import Truth

from synjax_worker.runtime.allocator import keep_freed_memory

HERE = pathlib.Path(__file__).parent
KEY = jax.random.key(1)
LONGEST = {"plain": 6.0}  # seconds of one call that are worth waiting for
LONGEST_OF_PEERS = 2.0
CELLS: list[dict] = []


def measure_case(case: Case, earlier: dict[tuple, tuple[float, int]], only=()) -> None:
    """A cell for each query. `earlier` are seconds and sizes of the level before, by who and query."""
    truth = Truth(case, KEY)
    for query in case.queries:
        if not only or query in only:
            _measure_query(case, query, truth, earlier)


def _measure_query(case, query, truth, earlier):
    args = (case.p, case.q, KEY)
    sides = {"ours": program_of_worker(case.ours[query], *args)}
    problem = truth.problem(query, sides["ours"].run(*args))
    assert problem is None, f"{case.name}, {query}: ours: {problem}"
    left_out, apart = {}, {}
    for who, asked in {"plain": case.plain, **case.peers}.items():
        if query not in asked:
            continue
        expected = _expected(case, earlier.get((case.family, who, query)))
        if expected > LONGEST.get(who, LONGEST_OF_PEERS):
            left_out[who] = f"would take about {expected:.0f} s"
            continue
        try:
            if isinstance(asked[query], Peer):
                found, apart[who] = _ask_apart(asked[query], case, args)
            else:
                sides[who] = program(asked[query], *args)
                found = sides[who].run(*args)
            problem = truth.problem(query, found)
        except Exception as error:
            problem = f"{type(error).__name__}: {str(error).splitlines()[0][:80] if str(error) else ''}"
        if problem is not None:
            left_out[who] = f"wrong ({problem})"
            sides.pop(who, None)
            apart.pop(who, None)
    spreads_of = dict(zip(sides, _times(sides, args), strict=True)) | apart
    for who, spread in spreads_of.items():
        earlier[case.family, who, query] = (spread.median, _elements(case))
    cell = {
        "family": case.family,
        "level": case.level,
        "size": case.size,
        "query": query,
        "left_out": left_out,
    }
    cell["sides"] = {who: _side(spread, sides.get(who)) for who, spread in spreads_of.items()}
    CELLS.append(cell)
    _print(case, cell)


def _ask_apart(asked: Peer, case: Case, args):
    """What a peer says and its times, apart from the others': its threads and its memory would slow what comes next."""
    given = asked.prepare(*args)
    start = time.perf_counter()
    found = asked.call(*given)
    first = time.perf_counter() - start
    spread = Spread(first, first, first)
    if first < 1:
        spread = spreads(lambda: asked.call(*given), least=7, budget=0.5)[0]
    return asked.answer(found, case.p), spread


def _times(sides, args) -> list[Spread]:
    calls = [lambda run=side.run: run(*args) for side in sides.values()]
    start = time.perf_counter()
    for call in calls:
        jax.block_until_ready(call())
    slow = time.perf_counter() - start > 1
    return spreads(*calls, least=3 if slow else 7, budget=0.8)


def _expected(case: Case, before) -> float:
    return before[0] * _elements(case) / before[1] if before else 0.0


def _elements(case: Case) -> int:
    return sum(x.size for x in case.p)


def _side(spread: Spread, side: Program | None) -> dict:
    """A side of a cell; what is no program of JAX has times alone."""
    times = {"ms": 1e3 * spread.median, "quartiles": [1e3 * spread.low, 1e3 * spread.high]}
    if side is None:
        return times
    made = {"trace": side.traced, "compile": side.compiled, "equations": side.equations}
    return times | made | {"MB": side.bytes / 1e6}


def _print(case, cell):
    ours = cell["sides"]["ours"]
    parts = []
    for who, side in cell["sides"].items():
        low, high = side["quartiles"]
        text = f"{side['ms']:.3g} ms ({low:.3g}–{high:.3g})"
        if "equations" in side:
            text += f", {side['compile']:.2f} s, {side['equations']} eq, {side['MB']:.3g} MB"
        parts.append(text if who == "ours" else f"{who} ×{side['ms'] / ours['ms']:.2f}: {text}")
    parts += [f"{who}: {why}" for who, why in cell["left_out"].items()]
    print(f"{case.name:<34} {cell['query']:<27} " + " | ".join(parts), flush=True)


def run(suite: str, families: dict, growths: dict[str, Growth], bounds: Bounds, more: Callable | None = None):
    """`more` measures further things of families, and gives what is to be written of them."""
    parser = argparse.ArgumentParser(prog=f"npm run bench -- {suite}")
    parser.add_argument("families", nargs="*", metavar="family", help=", ".join(families))
    parser.add_argument("--quick", action="store_true", help="without the large sizes")
    parser.add_argument("--query", action="append", default=[], help="this query only; may be repeated")
    given = parser.parse_args()
    unknown = set(given.families) - set(families)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: expected {', '.join(families)}")
    keep_freed_memory()
    exponents = {}
    for family in given.families or families:
        earlier: dict = {}
        for case in families[family]():
            if not (given.quick and case.level == "large"):
                measure_case(case, earlier, given.query)
        if family in growths and not (given.quick or given.query):
            exponents[family] = measure_growth(suite, family, growths[family])
        jax.clear_caches()
    further = {} if more is None or given.query else more(tuple(given.families or families))
    summarize(CELLS, bounds)
    if not (given.families or given.quick or given.query):
        write(suite, {"exponents": exponents} | further)


def write(suite, further):
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, jax {jax.__version__}"
    (HERE / "results").mkdir(exist_ok=True)
    result = {"suite": suite, "machine": machine, "rows": ROWS, **further, "cells": CELLS}
    (HERE / f"results/{suite}.json").write_text(json.dumps(result, indent=2) + "\n")
