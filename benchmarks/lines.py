"""What alignments, CTC and segmentations cost, in process, beside the literature's straightforward forms and peers.

`npm run bench -- lines [family ...] [--quick]`: all families, or some; --quick leaves out the large sizes. Where
PEER_PYTHON names an environment that has them, SynJax, optax, torch, torch-struct and scipy stand beside; a peer counts
only where its answer is right. Ours are compiled as a worker does, see `measure`.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import platform
import time

import jax
from cases import FAMILIES, Case
from measure import ROWS, Program, add_row, geometric_mean, program, program_of_worker, spreads
from peers import Peer
from truth import Truth

from synjax_worker.worker.allocator import keep_freed_memory

HERE = pathlib.Path(__file__).parent
KEY = jax.random.key(1)
LONGEST = 4.0  # seconds of one call that are worth waiting for
CELLS: list[dict] = []


def measure_case(case: Case, earlier: dict[tuple, tuple[float, int]], only=()) -> None:
    """A cell for each query. `earlier` are seconds and sizes of the level before, by who and query."""
    truth = Truth(case, KEY)
    for query in case.queries:
        if only and query not in only:
            continue
        args = (case.p, case.q, KEY)
        sides = {"ours": program_of_worker(case.ours[query], *args)}
        problem = truth.problem(query, sides["ours"].run(*args))
        assert problem is None, f"{case.name}, {query}: ours: {problem}"
        left_out = {}
        others = {"plain": case.plain, **case.peers}
        for who, asked in others.items():
            if query not in asked:
                continue
            expected = _expected(case, earlier.get((case.family, who, query)))
            if expected > LONGEST:
                left_out[who] = f"would take about {expected:.0f} s"
                continue
            try:
                side = _program(asked[query], args)
                problem = truth.problem(query, side.run(*args))
            except Exception as error:
                problem = f"{type(error).__name__}: {str(error).splitlines()[0][:80] if str(error) else ''}"
            if problem is None:
                sides[who] = side
            else:
                left_out[who] = f"wrong ({problem})"
        _time(case, query, sides, left_out, earlier)


def _program(asked, args) -> Program:
    if not isinstance(asked, Peer):
        return program(asked, *args)
    given = asked.prepare(*args)
    return Program(lambda *_: asked.call(*given), 0.0, 0.0, 0.0, 0, 0)


def _expected(case: Case, before) -> float:
    return before[0] * _elements(case) / before[1] if before else 0.0


def _elements(case: Case) -> int:
    return sum(x.size for x in case.p)


def _time(case, query, sides, left_out, earlier):
    calls = [lambda run=side.run: run(case.p, case.q, KEY) for side in sides.values()]
    start = time.perf_counter()
    for call in calls:
        jax.block_until_ready(call())
    slow = time.perf_counter() - start > 1.0
    times = spreads(*calls, least=3 if slow else 7, budget=1.0)
    cell = {
        "family": case.family,
        "level": case.level,
        "size": case.size,
        "query": query,
        "left_out": left_out,
    }
    cell["sides"] = {
        who: {
            "ms": 1e3 * spread.median,
            "quartiles": [1e3 * spread.low, 1e3 * spread.high],
            "trace": side.traced,
            "compile": side.compiled,
            "equations": side.equations,
            "MB": side.bytes / 1e6,
        }
        for (who, side), spread in zip(sides.items(), times, strict=True)
    }
    for who, spread in zip(sides, times, strict=True):
        earlier[case.family, who, query] = (spread.median, _elements(case))
    CELLS.append(cell)
    _print(case, cell)


def _print(case, cell):
    ours = cell["sides"]["ours"]
    parts = []
    for who, side in cell["sides"].items():
        low, high = side["quartiles"]
        text = f"{side['ms']:.3g} ms ({low:.3g}–{high:.3g})"
        if side["equations"]:
            text += f", {side['compile']:.2f} s, {side['equations']} eq, {side['MB']:.3g} MB"
        parts.append(text if who == "ours" else f"{who} ×{side['ms'] / ours['ms']:.2f}: {text}")
    parts += [f"{who}: {why}" for who, why in cell["left_out"].items()]
    print(f"{case.name:<34} {cell['query']:<27} " + " | ".join(parts), flush=True)


# -------------------------------------------------------------------------------------------------------- the summary


def ratios(who) -> list[tuple[float, dict]]:
    """Times of another over ours, and the cells."""
    return [
        (cell["sides"][who]["ms"] / cell["sides"]["ours"]["ms"], cell)
        for cell in CELLS
        if who in cell["sides"]
    ]


# The host's own loop, of which SynJax's assignment is a callback
ON_THE_HOST = {("one-to-one", "scipy"), ("one-to-one", "SynJax")}


def best_peers() -> list[tuple[float, str, dict]]:
    """The fastest right peer of each cell, over ours; what runs on the host excepted."""
    found = []
    for cell in CELLS:
        apart = {who for family, who in ON_THE_HOST if family == cell["family"]} | {"ours", "plain"}
        peers = {who: side["ms"] for who, side in cell["sides"].items() if who not in apart}
        if peers:
            who = min(peers, key=peers.get)
            found.append((peers[who] / cell["sides"]["ours"]["ms"], who, cell))
    return found


def summarize() -> None:
    print()
    plain, peers = ratios("plain"), best_peers()
    name = lambda cell: f"{cell['family']} {cell['size']}, {cell['query']}"
    for title, found in (
        ("over the straightforward form", plain),
        ("over the best right peer", [(r, c) for r, _, c in peers]),
    ):
        for family in dict.fromkeys(cell["family"] for _, cell in found):
            values = [ratio for ratio, cell in found if cell["family"] == family]
            print(
                f"       {family}, {title}: {geometric_mean(values):.2f} in the geometric mean of {len(values)}"
            )
    add_means(plain, peers)
    for ratio, who, cell in sorted(peers, key=lambda each: each[0]):
        if ratio < 0.8:
            add_row(f"{name(cell)}: over {who}", ratio, ">=", 0.8)
    for ratio, cell in ratios("scipy"):
        add_row(f"{name(cell)}: over scipy's host loop", ratio, ">=", 0.2)
    print("\n       The cells furthest below 4 over the straightforward form:")
    for ratio, cell in sorted(plain, key=lambda each: each[0])[:30]:
        if ratio < 4:
            print(f"       {ratio:6.2f}  {name(cell)}")
    by_name = {(cell["family"], cell["size"], cell["query"]): cell["sides"]["ours"]["ms"] for cell in CELLS}
    for (family, size, query), ms in by_name.items():
        one = by_name.get((family, size, "sample"))
        if query == "128 samples" and one:
            add_row(f"{family} {size}: 128 samples over one", ms / one, "<=", 10)


def add_means(plain, peers):
    if plain:
        add_row(
            "over the straightforward form, geometric mean",
            geometric_mean(r for r, _ in plain),
            ">=",
            4,
            f"of {len(plain)}",
        )
    if peers:
        add_row(
            "over the best right peer, geometric mean",
            geometric_mean(r for r, _, _ in peers),
            ">=",
            4,
            f"of {len(peers)}",
        )
    compiled = [
        cell["sides"]["ours"]["compile"] / cell["sides"]["SynJax"]["compile"]
        for cell in CELLS
        if "SynJax" in cell["sides"] and (cell["family"], "SynJax") not in ON_THE_HOST
    ]
    if compiled:
        note = f"of {len(compiled)}"
        add_row("compile seconds over SynJax's, geometric mean", geometric_mean(compiled), "<=", 1.0, note)


def main():
    parser = argparse.ArgumentParser(prog="npm run bench -- lines")
    parser.add_argument("families", nargs="*", metavar="family", help=", ".join(FAMILIES))
    parser.add_argument("--quick", action="store_true", help="without the large sizes")
    parser.add_argument("--query", action="append", default=[], help="this query only; may be repeated")
    given = parser.parse_args()
    unknown = set(given.families) - set(FAMILIES)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: expected {', '.join(FAMILIES)}")
    keep_freed_memory()
    for family in given.families or FAMILIES:
        earlier: dict = {}
        for case in FAMILIES[family]():
            if not (given.quick and case.level == "large"):
                measure_case(case, earlier, given.query)
        jax.clear_caches()
    summarize()
    if not (given.families or given.quick or given.query):
        write()


def write():
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, jax {jax.__version__}"
    (HERE / "results").mkdir(exist_ok=True)
    result = {"suite": "lines", "machine": machine, "rows": ROWS, "cells": CELLS}
    (HERE / "results/lines.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
