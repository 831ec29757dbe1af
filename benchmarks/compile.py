"""What compiling costs: equations, lines, seconds and bytes of every query, beside SynJax's where PEER_PYTHON has it.

Ours are compiled as a worker does what is asked eagerly, see `measure` and `runtime/compiler.py`, and beside that as it
does functions of `jit`; SynJax's with the compiler's defaults, and for honesty with the worker's options too. Seconds
are of the CPU, the least of three, in turns.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import platform
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from measure import ROWS, add_row, as_worker, equations, geometric_mean

from synjax_worker.distributions import (
    CTC,
    AlignmentCRF,
    GeneralMonotoneAlignmentCRF,
    LinearChainCRF,
    SemiMarkovCRF,
)
from synjax_worker.runtime import compiler

HERE = pathlib.Path(__file__).parent
KEY = jax.random.key_data(
    jax.random.key(1)
)  # of the old kind, which is the only one that some of SynJax's take
ROUNDS = 3

QUERIES = {
    "log_partition": lambda p, q: p.log_partition(),
    "log_count": lambda p, q: p.log_count(),
    "marginals": lambda p, q: p.marginals(),
    "log_marginals": lambda p, q: p.log_marginals(),
    "argmax": lambda p, q: p.argmax(),
    "top_k(5)": lambda p, q: tuple(p.top_k(5))[:2],
    "sample": lambda p, q: p.sample(KEY),
    "log_prob": lambda p, q: p.log_prob(q.argmax()),
    "entropy": lambda p, q: p.entropy(),
    "cross_entropy": lambda p, q: p.cross_entropy(q),
    "kl_divergence": lambda p, q: p.kl_divergence(q),
}
DIFFERENTIABLE = ("log_partition", "entropy", "cross_entropy", "kl_divergence")


class Form(NamedTuple):
    make: Callable  # of arrays
    peer: Callable | None  # SynJax's, of the module
    arrays: tuple[jax.Array, ...]
    family: str


def forms() -> dict[str, Form]:
    rng = np.random.default_rng(0)
    draw = lambda *shape: jnp.asarray(rng.normal(size=shape), jnp.float32)
    factored = lambda i, t, e: LinearChainCRF(initial=i, transition=t, emission=e)
    segments = lambda s, t: SemiMarkovCRF(segment=s, transition=t)
    chains = {
        "LinearChainCRF B8 n64 t32": (
            LinearChainCRF,
            lambda lib: lambda potentials: lib.LinearChainCRF(potentials),
            (draw(8, 64, 32, 32),),
        ),
        "LinearChainCRF factored B8 n64 t32": (factored, None, (draw(32), draw(32, 32), draw(8, 64, 32))),
        "SemiMarkovCRF B8 n32 m6 t8": (
            SemiMarkovCRF,
            lambda lib: lambda potentials: lib.SemiMarkovCRF(potentials),
            (draw(8, 32, 6, 8, 8),),
        ),
        "SemiMarkovCRF factored B8 n32 m6 t8": (segments, None, (draw(8, 32, 6, 8), draw(8, 8))),
    }
    labels = rng.integers(1, 64, (8, 20)).astype(np.int32)
    alignment = lambda name: lambda cls: lambda table: cls(table, alignment_type=name)
    many, one = alignment("monotone_many_to_many"), alignment("monotone_one_to_many")
    slopes = lambda *tables: GeneralMonotoneAlignmentCRF(tables)
    lattices = {
        "many-to-many B8 48×64": (
            many(AlignmentCRF),
            lambda lib: many(lib.AlignmentCRF),
            (draw(8, 48, 64),),
        ),
        "one-to-many B8 48×64": (one(AlignmentCRF), lambda lib: one(lib.AlignmentCRF), (draw(8, 48, 64),)),
        "3 slopes B8 48×64": (
            slopes,
            lambda lib: lambda *tables: lib.GeneralMonotoneAlignmentCRF(tables, None),
            tuple(draw(8, 48, 64) for _ in range(3)),
        ),
        "CTC B8 T100 V64 L20": (
            lambda logits: CTC(logits, labels),
            lambda lib: lambda logits: lib.CTC(logits, labels),
            (draw(8, 100, 64),),
        ),
    }
    return {
        name: Form(*form, family)
        for family, group in (("chains", chains), ("alignments", lattices))
        for name, form in group.items()
    }


def questions(make, count):
    """Functions of the arrays of one distribution and of another's."""
    for name, ask in QUERIES.items():
        yield name, lambda *arrays, ask=ask: ask(make(*arrays[:count]), make(*arrays[count:]))
    for name in DIFFERENTIABLE:

        def gradient(*arrays, ask=QUERIES[name]):
            value = lambda *mine: ask(make(*mine), make(*arrays[count:])).sum()
            return jax.grad(value, tuple(range(count)))(*arrays[:count])

        yield f"gradient of {name}", gradient


def cost(function, arrays, options=None):
    """CPU seconds to trace and lower, and to compile; what came out."""
    jax.clear_caches()
    start = time.process_time()
    traced = jax.jit(function).trace(*arrays)
    lowered = traced.lower()
    middle = time.process_time()
    executable = lowered.compile(options)
    end = time.process_time()
    return middle - start, end - middle, traced, lowered, executable


def size(executable):
    return len(executable.runtime_executable().serialize())


BOUNDS = {  # equations
    ("LinearChainCRF B8 n64 t32", "log_partition"): 280,
    ("LinearChainCRF B8 n64 t32", "kl_divergence"): 1400,
    ("LinearChainCRF B8 n64 t32", "gradient of kl_divergence"): 1600,
}


def form_rows(form, make, peer_make, arrays, found_ratios, traces):
    """Ratios to SynJax's seconds by the name of what was compared: `found_ratios`."""
    both = arrays + tuple(x + 0.1 for x in arrays)
    theirs = dict(questions(peer_make, len(arrays))) if peer_make else {}
    eager, jitted = (compiler.options(eager=eager) for eager in (True, False))
    for name, ask in questions(make, len(arrays)):
        mine = as_worker(ask)
        costs = {"eager": [], "jit": [], "peer": [], "peer, same options": []}
        for _ in range(ROUNDS):
            costs["eager"].append(cost(mine, both, eager))
            costs["jit"].append(cost(mine, both, jitted))
            try:
                if name in theirs:
                    costs["peer"].append(cost(theirs[name], both))
                    costs["peer, same options"].append(cost(theirs[name], both, eager))
            except Exception as error:
                print(f"       {form}, {name}: SynJax does not answer ({type(error).__name__})")
                theirs.pop(name)
        seconds = {what: min(each[1] for each in found) for what, found in costs.items() if found}
        trace = min(each[0] for each in costs["eager"] + costs["jit"])
        _, _, traced, lowered, executable = costs["eager"][-1]
        count = equations(traced.jaxpr.jaxpr)
        traces[form, name] = trace
        lines = len(lowered.as_text().splitlines())
        note = (
            f"{count} equations, {lines} lines, {size(executable) / 1e3:.0f} kB, {trace:.2f} + {seconds['eager']:.2f} s, "
            f"as a function of jit {seconds['jit']:.2f} s"
        )
        if name in theirs:
            peer = seconds["peer"]
            ratio = seconds["eager"] / peer
            for what, value in (
                ("eager", ratio),
                ("jit", seconds["jit"] / peer),
                ("same options", seconds["eager"] / seconds["peer, same options"]),
            ):
                found_ratios.setdefault(what, []).append(value)
            note += (
                f"; SynJax {equations(costs['peer'][-1][2].jaxpr.jaxpr)} equations, "
                f"{min(each[0] for each in costs['peer']):.2f} + {peer:.2f} s, with the same options "
                f"{seconds['peer, same options']:.2f} s"
            )
            add_row(f"{form}: {name}, compile seconds over SynJax's", ratio, "<=", 1.5, note)
        else:
            print(f"       {form}: {name}: {note}", flush=True)
        if (form, name) in BOUNDS:
            add_row(f"{form}: {name}, equations", count, "<=", BOUNDS[form, name])


MEANS = {"chains": 0.9, "alignments": 1.0}


def main():
    synjax = importlib.util.find_spec("synjax") and __import__("synjax")
    wanted = sys.argv[1:]  # families; all where none is named
    ratios, traces = {}, {}
    for name, form in forms().items():
        if not wanted or form.family in wanted:
            peer_make = form.peer(synjax) if synjax and form.peer else None
            into = ratios.setdefault(form.family, {})
            form_rows(name, form.make, peer_make, form.arrays, into, traces)
    worst = max(traces, key=traces.get)
    note = f"{', '.join(worst)}; geometric mean {geometric_mean(traces.values()):.2f}"
    add_row("seconds to trace and lower a query, the worst", traces[worst], "<=", 0.15, note)
    for family, found in ratios.items():
        if not found:
            continue
        note = (
            f"of {len(found['eager'])}; as functions of jit {geometric_mean(found['jit']):.2f}; "
            f"{geometric_mean(found['same options']):.2f} where SynJax has the same options"
        )
        title = f"compile seconds over SynJax's, {family}, geometric mean"
        add_row(title, geometric_mean(found["eager"]), "<=", MEANS[family], note)
    if wanted:
        return
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, jax {jax.__version__}"
    result = {"suite": "compile", "machine": machine, "rows": ROWS}
    (HERE / "results/compile.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
