"""Trees asked in other forms: mapped by `vmap`, with a tenth of the scores forbidden, ragged, and at scores of 1e4.

Log-partition and its gradient beside those of plain inputs of the same size, and the seconds to compile at two sizes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from cases import asked
from growth import COMPACT
from measure import add_row, as_worker, medians, program, program_of_worker
from peers import synjax_peer
from plain.lattice import gradient
from tree_cases import grammar, scores

from synjax_worker.distributions import GeneralizedPCFG, SpanningTreeCRF, TreeCRF
from synjax_worker.runtime import compiler

ITEMS, NODES = 8, 24


def _dependencies(projective: bool) -> Callable:
    return lambda table, **given: SpanningTreeCRF(table, projective=projective, **OPTIONS, **given)


def _parses(scores, root, rule, **given):
    return GeneralizedPCFG(preterminal_scores=scores, root=root, rule=rule, **given)


# Constructors, and arrays of so many items and nodes.
FORMS: dict[str, tuple[Callable, Callable[[int, int], tuple]]] = {
    "tree-crf": (TreeCRF, lambda items, n: (scores(4, items, n, n, 4),)),
    "projective": (_dependencies(True), lambda items, n: (scores(4, items, n, n),)),
    "non-projective": (_dependencies(False), lambda items, n: (scores(4, items, n, n),)),
    "pcfg": (_parses, lambda items, n: grammar(4, items, n)),
}
QUERIES_OF_SYNJAX = "log_partition", "marginals", "argmax", "sample", "top_k"  # as COMPACT
OPTIONS = {"directed": True, "single_root_edge": True}
IN_SYNJAX: dict[str, Callable] = {
    "tree-crf": lambda lib: lib.TreeCRF,
    "projective": lambda lib: functools.partial(lib.SpanningTreeCRF, projective=True, **OPTIONS),
    "non-projective": lambda lib: functools.partial(lib.SpanningTreeCRF, projective=False, **OPTIONS),
    "pcfg": lambda lib: (
        lambda scores, root, rule: lib.GeneralizedPCFG(preterminal_scores=scores, root=root, rule=rule)
    ),
}
VALUES: dict[str, Callable] = {
    "log-partition": lambda make, arrays: make(*arrays).log_partition(),
    "gradient": lambda make, arrays: gradient(lambda arrays: make(*arrays).log_partition(), arrays),
}


def measure_forms(families: tuple[str, ...]) -> dict[str, Any]:
    """Ratios of times by family, form and query; seconds to compile by family, size and query."""
    print(f"\n       Other forms of the input over the plain one, of {NODES} words or nodes, B{ITEMS}:")
    ratios: dict[str, dict[str, float]] = {}
    for family in (each for each in FORMS if each in families):
        make, arrays_of = FORMS[family]
        plain = arrays_of(ITEMS, NODES)
        lengths = jnp.asarray(np.random.default_rng(3).integers(NODES // 2, NODES + 1, ITEMS), jnp.int32)
        forms = {
            "forbidden": (make, (_forbidden(plain[0]), *plain[1:])),
            "ragged": (functools.partial(make, lengths=lengths), plain),
            "at 1e4": (make, (plain[0] * 1e4, *plain[1:])),
        }
        for name, ask in VALUES.items():
            one = lambda *a, make=make, ask=ask: ask(make, a)
            base = program_of_worker(one, *plain).run
            calls = {"vmap": (program_of_worker(one, *plain, vmapped=True).run, plain)}
            calls |= {form: (_run(of, ask, arrays), arrays) for form, (of, arrays) in forms.items()}
            runs = [lambda run=run, arrays=arrays: run(*arrays) for run, arrays in calls.values()]
            times = medians(lambda base=base: base(*plain), *runs, least=15, budget=1.5)
            found = {form: t / times[0] for form, t in zip(calls, times[1:], strict=True)}
            ratios[f"{family}, {name}"] = found
            for form, ratio in found.items():
                if form == "vmap":
                    add_row(f"{family}, {name}: vmapped over plain", ratio, "<=", 1.3)
                else:
                    print(f"       {family}, {name}, {form}: {ratio:.2f}", flush=True)
    return {"forms": ratios, "compile seconds": {f: _compile_seconds(f) for f in FORMS if f in families}}


def _forbidden(x: jax.Array) -> jax.Array:
    return jnp.where(jnp.asarray(np.random.default_rng(2).random(x.shape) < 0.1), -jnp.inf, x)


def _run(make: Callable, ask: Callable, arrays: tuple) -> Callable:
    """Of a worker, which runs the careful program where the first one refuses."""
    value = lambda *a: ask(make, a)
    try:
        return program_of_worker(value, *arrays).run
    except AssertionError:
        return program(value, *arrays, options=compiler.options(eager=False)).run


def _compile_seconds(family: str) -> dict[str, dict[str, dict[str, float]]]:
    """CPU seconds to trace and to compile each query of one item, at 64 and at 256 nodes, by who."""
    make, arrays_of = FORMS[family]
    queries = dict(zip(COMPACT, QUERIES_OF_SYNJAX, strict=True))
    peer = synjax_peer(lambda lib: asked(IN_SYNJAX[family](lib))).get("SynJax", {})
    found: dict[str, dict[str, dict[str, float]]] = {name: {} for name in COMPACT}
    for n in (64, 256):
        arrays = arrays_of(1, n)
        for name, query in COMPACT.items():
            ours = lambda *a, query=query: query(make(*a), make(*a), jax.random.key(0))
            made = program(as_worker(ours), *arrays, options=compiler.options(eager=False))
            found[name][str(n)] = {"ours": made.traced + made.compiled}
            if queries[name] in peer:
                theirs = lambda *a, query=peer[queries[name]]: query(a, a, jax.random.key(0))
                found[name][str(n)]["SynJax"] = _seconds_of_peer(theirs, arrays)
    for name, by_size in found.items():
        shown = (
            f"n{n} " + ", ".join(f"{who} {seconds:.2f} s" for who, seconds in by_who.items())
            for n, by_who in by_size.items()
        )
        print(f"       to compile {family}, {name}: {'; '.join(shown)}", flush=True)
    return found


def _seconds_of_peer(asked: Callable, arrays: tuple) -> float:
    """Infinite where it does not compile."""
    try:
        made = program(asked, *arrays)
    except Exception:
        return float("inf")
    return made.traced + made.compiled
