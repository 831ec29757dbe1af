"""How benchmarks measure: interleaved medians of one process, and a row for each ratio beside its bound.

Ours are compiled as a worker does: without the exact computations (`numerics.guard`), and with its options of the
compiler. What they are compared with has the compiler's defaults, and where a row says so the same options.
"""

from __future__ import annotations

import statistics
import time

import jax

from synjax_worker.numerics import guard
from synjax_worker.runtime import compiler, passes

ROWS: list[dict] = []


def as_worker(function):
    """The program that a worker compiles first: its results, and whether it refuses them."""

    def optimistic(*arrays):
        with passes.frame(), guard.optimistic() as refused:
            value = function(*arrays)
        return value, guard.any_refused(refused)

    return optimistic


def compiled(function, *args, options=None):
    """The executable, the seconds it took to make it, and its bytes beside arguments and results."""
    start = time.perf_counter()
    executable = jax.jit(function).lower(*args).compile(options)
    seconds = time.perf_counter() - start
    analysis = executable.memory_analysis()
    return executable, seconds, (analysis.temp_size_in_bytes if analysis else 0)


def compiled_by_worker(function, *args, careful=False, vmapped=False):
    """The same of ours. `careful` is the program that runs where the first one refuses."""
    mapped = jax.vmap if vmapped else lambda function: function
    options = compiler.options(eager=False)
    if careful:
        return compiled(mapped(function), *args, options=options)
    executable, seconds, peak = compiled(mapped(as_worker(function)), *args, options=options)
    assert not bool(jax.numpy.any(executable(*args)[1])), "an optimistic program refuses what is measured"
    return lambda *arrays: executable(*arrays)[0], seconds, peak


def medians(*calls, least=15, budget=4.0):
    """Median seconds of each call, taken in turns."""
    for call in calls:
        jax.block_until_ready(call())
    times = [[] for _ in calls]
    began = time.perf_counter()
    while len(times[0]) < least or time.perf_counter() - began < budget and len(times[0]) < 200:
        for call, into in zip(calls, times, strict=True):
            start = time.perf_counter()
            jax.block_until_ready(call())
            into.append(time.perf_counter() - start)
    return [statistics.median(t) for t in times]


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
