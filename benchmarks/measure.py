"""How benchmarks measure: interleaved times of one process, and a row for each ratio beside its bound.

Ours are compiled as a worker does: without the exact computations (`numerics.guard`), and with its options of the
compiler. What they are compared with has the compiler's defaults, and where a row says so the same options.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from synjax_worker.numerics import guard
from synjax_worker.runtime import compiler, passes

ROWS: list[dict] = []


class Program(NamedTuple):
    """An executable, and what it cost to make."""

    run: Callable[..., Any]
    traced: float  # CPU seconds to trace and lower
    compiled: float  # CPU seconds to compile
    seconds: float  # of the clock, both
    equations: int
    bytes: int  # beside arguments and results


class Spread(NamedTuple):
    """Seconds of repeated calls: the quartiles."""

    low: float
    median: float
    high: float


def as_worker(function):
    """The program that a worker compiles first: its results, and whether it refuses them."""

    def optimistic(*arrays):
        with passes.frame(), guard.optimistic() as refused:
            value = function(*arrays)
        return value, guard.any_refused(refused)

    return optimistic


def program(function, *args, options=None) -> Program:
    clock, start = time.perf_counter(), time.process_time()
    traced = jax.jit(function).trace(*args)
    lowered = traced.lower()
    middle = time.process_time()
    executable = lowered.compile(options)
    end, seconds = time.process_time(), time.perf_counter() - clock
    analysis = executable.memory_analysis()
    peak = analysis.temp_size_in_bytes if analysis else 0
    return Program(executable, middle - start, end - middle, seconds, equations(traced.jaxpr.jaxpr), peak)


def program_of_worker(function, *args, careful=False, vmapped=False) -> Program:
    """The same of ours. `careful` is the program that runs where the first one refuses."""
    mapped = jax.vmap if vmapped else lambda function: function
    options = compiler.options(eager=False)
    if careful:
        return program(mapped(function), *args, options=options)
    made = program(mapped(as_worker(function)), *args, options=options)
    assert not bool(jax.numpy.any(made.run(*args)[1])), "an optimistic program refuses what is measured"
    return made._replace(run=lambda *arrays: made.run(*arrays)[0])


def compiled(function, *args, options=None):
    """The executable, the seconds it took to make it, and its bytes beside arguments and results."""
    made = program(function, *args, options=options)
    return made.run, made.seconds, made.bytes


def compiled_by_worker(function, *args, careful=False, vmapped=False):
    """The same of ours."""
    made = program_of_worker(function, *args, careful=careful, vmapped=vmapped)
    return made.run, made.seconds, made.bytes


def equations(jaxpr) -> int:
    """How many there are, those of inner functions and loops included, each once."""
    count = 0
    for equation in jaxpr.eqns:
        count += 1
        for value in equation.params.values():
            for each in value if isinstance(value, tuple | list) else (value,):
                inner = getattr(each, "jaxpr", each)
                if hasattr(inner, "eqns"):
                    count += equations(inner)
    return count


def spreads(*calls, least=15, budget=4.0) -> list[Spread]:
    """The times of each call, taken in turns: at least so many, and more while the budget of seconds lasts.

    The order of a turn is drawn: what follows a call that fills the caches would otherwise pay for it every time.
    """
    for call in calls:
        jax.block_until_ready(call())
    times = [[] for _ in calls]
    began, shuffle = time.perf_counter(), random.Random(0)
    while len(times[0]) < least or (time.perf_counter() - began < budget and len(times[0]) < 200):
        for at in shuffle.sample(range(len(calls)), len(calls)):
            start = time.perf_counter()
            jax.block_until_ready(calls[at]())
            times[at].append(time.perf_counter() - start)
    return [_quartiles(t) for t in times]


def _quartiles(times) -> Spread:
    if len(times) == 1:
        return Spread(*times * 3)
    low, _, high = statistics.quantiles(times, n=4, method="inclusive")
    return Spread(low, statistics.median(times), high)


def medians(*calls, least=15, budget=4.0):
    """Median seconds of each call, taken in turns."""
    return [each.median for each in spreads(*calls, least=least, budget=budget)]


def geometric_mean(values) -> float:
    return math.exp(statistics.fmean(map(math.log, values)))


def add_row(name, ratio, sense, bound, note=""):
    ok = bool(ratio <= bound if sense == "<=" else ratio >= bound)
    ROWS.append({"name": name, "ratio": float(ratio), "sense": sense, "bound": bound, "ok": ok, "note": note})
    print(f"{'ok    ' if ok else 'MISSED'} {name:<88} {ratio:9.3g}  {sense} {bound:g}   {note}", flush=True)


def compare(
    name,
    ours,
    theirs,
    args,
    bound,
    sense=">=",
    their_args=None,
    careful=False,
    vmapped=False,
    both_ours=False,
):
    """How many times faster `ours` is."""
    their_args = args if their_args is None else their_args
    mine, seconds, peak = compiled_by_worker(ours, *args, careful=careful, vmapped=vmapped)
    if both_ours:
        other, other_seconds, other_peak = compiled_by_worker(theirs, *their_args)
    else:
        other, other_seconds, other_peak = compiled(jax.vmap(theirs) if vmapped else theirs, *their_args)
    a, b = medians(lambda: mine(*args), lambda: other(*their_args))
    note = (
        f"{1e3 * a:.3g} against {1e3 * b:.3g} ms; compiled in {seconds:.1f} against {other_seconds:.1f} s; "
        f"{peak / 1e6:.3g} against {other_peak / 1e6:.3g} MB"
    )
    add_row(name, b / a, sense, bound, note)
