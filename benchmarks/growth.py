"""Time against size of families: exponents fitted to the larger half, and log-log plots."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from cases import QUERIES
from curves import draw_curves
from measure import medians, program_of_worker

from synjax_worker.distributions import CTC, AlignmentCRF, SemiMarkovCRF

RESULTS = pathlib.Path(__file__).parent / "results"
KEY = jax.random.key(0)

# As people read them
COMPACT: dict[str, Callable] = {
    "log-partition": QUERIES["log_partition"],
    "marginals": QUERIES["marginals"],
    "decoding": lambda d, other, key: d.decode(d.argmax()),
    "one draw": lambda d, other, key: d.decode(d.sample(key)),
    "top-5": lambda d, other, key: d.decode(d.top_k(5).events),
}


class Growth(NamedTuple):
    title: str
    along: str
    sizes: Iterable[int]
    theory: float  # the exponent
    make: Callable[[int], tuple[Callable[..., Any], tuple[Any, ...]]]  # a constructor, and its arrays
    queries: dict[str, Callable] = COMPACT


def _table(alignment_type):
    return lambda n: (
        lambda table: AlignmentCRF(table, alignment_type=alignment_type),
        (_normal(n, n),),
    )


def _frames(n):
    labels = np.random.default_rng(2).integers(1, 32, n // 5).astype(np.int32)
    return CTC, (_normal(n, 32), jnp.asarray(labels))


def _segments(n):
    def make(segment, transition):
        return SemiMarkovCRF(segment=segment, transition=transition)

    return make, (_normal(n, 8, 8), _normal(8, 8))


def _normal(*shape):
    return jnp.asarray(np.random.default_rng(4).normal(size=shape), jnp.float32)


OF_FACTORS = COMPACT | {"marginals": lambda d, other, key: d.marginals_for_template_variables().segment}
ONLY_BEST = {name: COMPACT[name] for name in ("decoding", "top-5")}
GROWTHS = {
    "many-to-many": Growth(
        "Time against size: many-to-many alignments of n rows and n columns",
        "n",
        (32, 64, 128, 256, 512),
        2,
        _table("monotone_many_to_many"),
    ),
    "one-to-one": Growth(
        "Time against size: one-to-one alignments of n rows and n columns",
        "n",
        (16, 32, 64, 128),
        3,
        _table("non_monotone_one_to_one"),
        ONLY_BEST,
    ),
    "ctc": Growth(
        "Time against length: CTC of n frames, 32 symbols and n / 5 labels",
        "n",
        (64, 128, 256, 512),
        2,
        _frames,
    ),
    "semi-markov-factored": Growth(
        "Time against length: a factored semi-Markov chain of 8 labels, segments of up to 8",
        "length n",
        (64, 128, 256, 512),
        1,
        _segments,
        OF_FACTORS,
    ),
}


def measure_growth(suite: str, family: str, growth: Growth) -> dict[str, float]:
    """The exponent of each query; the plot stands in results/<suite>-<family>.svg."""
    sizes, found = tuple(growth.sizes), {}
    for name, query in growth.queries.items():
        times = [_seconds(query, *growth.make(n)) for n in sizes]
        half = len(sizes) // 2
        slope = float(np.polyfit(np.log(sizes[half:]), np.log(times[half:]), 1)[0])
        found[name] = (sizes, times, slope)
        print(f"       {family}, {name}: time grows as n^{slope:.2f} (theory: {growth.theory})", flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{suite}-{family}.svg").write_text(draw_curves(found, growth.title, growth.along))
    return {name: slope for name, (_, _, slope) in found.items()}


def _seconds(query, make, arrays) -> float:
    def ask(*arrays):
        d = make(*arrays)
        return query(d, d, KEY)

    run = program_of_worker(ask, *arrays).run
    return medians(lambda: run(*arrays), least=5, budget=0.4)[0]
