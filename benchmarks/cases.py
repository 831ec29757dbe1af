"""What `lines` asks: classes at three sizes, how each is asked in the literature's form, and what peers answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
from peers import Peer, assignment_peers, ctc_peers, synjax_peer, torch_struct_peer
from plain import alignments, assignment, segments
from plain.lattice import gradient

from synjax_worker.distributions import CTC, AlignmentCRF, GeneralMonotoneAlignmentCRF, SemiMarkovCRF

QUERIES: dict[str, Callable] = {  # of a distribution, another, and a key
    "log_partition": lambda d, other, key: d.log_partition(),
    "marginals": lambda d, other, key: d.marginals(),
    "entropy": lambda d, other, key: d.entropy(),
    "argmax": lambda d, other, key: d.argmax(),
    "top_k": lambda d, other, key: tuple(d.top_k(5))[:2],
    "sample": lambda d, other, key: d.sample(key),
    "128 samples": lambda d, other, key: d.sample(key, (128,)),
    "sample_without_replacement": lambda d, other, key: tuple(d.sample_without_replacement(key, 5)),
    "kl_divergence": lambda d, other, key: d.kl_divergence(other),
}


def asked(make: Callable, changed: dict[str, Callable] | None = None) -> dict[str, Callable]:
    """Queries as functions of the parameters of p and of q and of a key."""
    queries = {**QUERIES, **(changed or {})}
    of = {name: lambda p, q, key, ask=ask: ask(make(*p), make(*q), key) for name, ask in queries.items()}
    return of | {"gradient": lambda p, q, key: gradient(lambda p: make(*p).log_partition(), p)}


@dataclasses.dataclass
class Case:
    """A class at one size."""

    family: str
    level: str  # small, middle or large
    size: str
    p: tuple[Any, ...]
    q: tuple[Any, ...]
    ours: dict[str, Callable]
    plain: dict[str, Callable]
    peers: dict[str, dict[str, Callable | Peer]] = dataclasses.field(default_factory=dict)
    queries: tuple[str, ...] = (*QUERIES, "gradient")
    compared: Callable = tuple  # what of a gradient all have
    as_parts: Callable | None = None  # indicators of parts with marginals, where an event is something else
    parts_of_marginals: Callable = lambda marginals: marginals

    @property
    def name(self) -> str:
        return f"{self.family} {self.size}"


LEVELS = ("small", "middle", "large")
TABLES = ((8, 12, 16), (8, 48, 64), (2, 512, 512))  # items, rows, columns
WIDE_TABLES = (
    *TABLES[:2],
    (2, 384, 512),
)  # where every column has one row: of a square there is one alignment


def many_to_many() -> Iterator[Case]:
    make = lambda table: AlignmentCRF(table, alignment_type="monotone_many_to_many")
    theirs = lambda lib: lambda table: lib.AlignmentCRF(table, alignment_type="monotone_many_to_many")
    yield from _tables("many-to-many", make, theirs, alignments.many_to_many(), 1)


def one_to_many() -> Iterator[Case]:
    make = lambda table: AlignmentCRF(table, alignment_type="monotone_one_to_many")
    theirs = lambda lib: lambda table: lib.AlignmentCRF(table, alignment_type="monotone_one_to_many")
    yield from _tables("one-to-many", make, theirs, alignments.one_to_many(), 1, WIDE_TABLES)


def general() -> Iterator[Case]:
    make = lambda *slopes: GeneralMonotoneAlignmentCRF(slopes)
    theirs = lambda lib: lambda *slopes: lib.GeneralMonotoneAlignmentCRF(slopes, None)
    yield from _tables("general, 3 slopes", make, theirs, alignments.general(3, False), 3, WIDE_TABLES)


def general_vertical() -> Iterator[Case]:
    make = lambda *tables: GeneralMonotoneAlignmentCRF(tables[:-1], tables[-1])
    theirs = lambda lib: lambda *tables: lib.GeneralMonotoneAlignmentCRF(tables[:-1], tables[-1])
    yield from _tables("general, 2 slopes and down", make, theirs, alignments.general(2, True), 3)


def _tables(family, make, theirs, plain, count, sizes=TABLES) -> Iterator[Case]:
    for level, (b, rows, cols) in zip(LEVELS, sizes, strict=True):
        p, q = (tuple(_normal(seed + 10 * which, b, rows, cols) for which in range(count)) for seed in (0, 1))
        # SynJax does not count the first cell's score, so that it is 0 and its derivative is not compared
        without_first = lambda tables: tuple(x.at[:, 0, 0].set(0.0) for x in tables)
        p, q = without_first(p), without_first(q)
        case = Case(family, level, f"{rows}×{cols} B{b}", p, q, asked(make), plain.queries())
        case.compared = without_first
        case.peers = synjax_peer(lambda lib: asked(theirs(lib)))
        yield case


# Items and rows, as many columns as rows
SUMS = ((8, 6), (8, 9), (8, 12))
CHOICES = {"argmax": ((8, 16), (8, 64), (8, 256)), "top_k": ((8, 8), (8, 16), (4, 64))}


def one_to_one() -> Iterator[Case]:
    """The sums up to the stated size, the best and the k best beyond it."""
    make = lambda table: AlignmentCRF(table, alignment_type="non_monotone_one_to_one")
    theirs = lambda lib: lambda table: lib.AlignmentCRF(table, alignment_type="non_monotone_one_to_one")
    ours, sums = asked(make), assignment.sums()
    choices = {"argmax": assignment.argmax, "top_k": assignment.top_k}
    for at, level in enumerate(LEVELS):
        b, n = SUMS[at]
        tables = _normal(0, b, n, n), _normal(1, b, n, n)
        size = f"{n}×{n} B{b}"
        yield Case("one-to-one", level, size, (tables[0],), (tables[1],), ours, sums, queries=tuple(sums))
        for query, sizes in CHOICES.items():
            b, n = sizes[at]
            p = (_normal(0, b, n, n),)
            plain = {query: choices[query]}
            case = Case("one-to-one", level, f"{n}×{n} B{b}", p, p, ours, plain, queries=(query,))
            case.peers = synjax_peer(lambda lib: asked(theirs(lib))) | assignment_peers()
            yield case


FRAMES = ((8, 30, 32, 8), (8, 100, 64, 20), (8, 400, 128, 60))  # items, frames, symbols, labels


def ctc() -> Iterator[Case]:
    """The loss, which is less the log-partition, and what else there is."""
    plain = alignments.labellings().queries()
    for level, (b, n, v, l) in zip(LEVELS, FRAMES, strict=True):
        labels = np.random.default_rng(2).integers(1, v, (b, l)).astype(np.int32)
        p, q = ((_normal(seed, b, n, v), jnp.asarray(labels)) for seed in (0, 1))
        case = Case("CTC", level, f"T{n} V{v} L{l} B{b}", p, q, asked(CTC), plain)
        case.peers = synjax_peer(lambda lib: asked(lib.CTC)) | ctc_peers()
        yield case


SEGMENTS = ((8, 32, 6, 8), (8, 128, 8, 16), (4, 512, 16, 16))  # items, positions, longest segment, labels


# Draws as rows of segments: 128 events of a large size are gigabytes. SynJax has no other form of its draws.
DRAWS_AS_SEGMENTS: dict[str, Callable] = {
    "sample": lambda d, other, key: d.decode(d.sample(key)),
    "128 samples": lambda d, other, key: d.decode(d.sample(key, (128,))),
}


def semi_markov() -> Iterator[Case]:
    ours = asked(SemiMarkovCRF, DRAWS_AS_SEGMENTS)
    plain = segments.queries(segments.Edges)
    for level, (b, n, m, t) in zip(LEVELS, SEGMENTS, strict=True):
        p, q = ((_normal(seed, b, n, m, t, t),) for seed in (0, 1))
        case = Case("semi-Markov", level, f"n{n} m{m} t{t} B{b}", p, q, ours, plain)
        case.as_parts = lambda given, m=m, t=t: parts_of_segments(given, m, t)
        case.parts_of_marginals = lambda marginals: marginals.sum(-2)
        case.peers = synjax_peer(lambda lib: asked(lib.SemiMarkovCRF)) | torch_struct_peer(b, n, m, t)
        yield case


def semi_markov_factored() -> Iterator[Case]:
    """What is drawn or best as segments, and marginals as those of the segments: the events themselves are large."""
    make = lambda segment, transition, initial: SemiMarkovCRF(
        segment=segment, transition=transition, initial=initial
    )

    def as_segments(d, found):
        events, values = found
        return d.decode(events), values

    changed = DRAWS_AS_SEGMENTS | {
        "argmax": lambda d, other, key: d.decode(d.argmax()),
        "top_k": lambda d, other, key: as_segments(d, d.top_k(5)),
        "sample_without_replacement": lambda d, other, key: as_segments(
            d, d.sample_without_replacement(key, 5)
        ),
        "marginals": lambda d, other, key: d.marginals_for_template_variables().segment,
    }
    ours, plain = asked(make, changed), segments.queries(segments.Factors)
    for level, (b, n, m, t) in zip(LEVELS, SEGMENTS, strict=True):
        p, q = (
            (_normal(seed, b, n, m, t), _normal(seed + 10, t, t), _normal(seed + 20, t)) for seed in (0, 1)
        )
        case = Case("semi-Markov factored", level, f"n{n} m{m} t{t} B{b}", p, q, ours, plain)
        case.as_parts = lambda given, m=m, t=t: parts_of_segments(given, m, t)
        yield case


def parts_of_segments(rows, m, t):
    """Segments as (... n m t), of whatever label before: of events (... n m t t), of rows (... n 3) of start, end and
    label, or of (... n 2) of the length less one and the label at ends.
    """
    if rows.shape[-1] not in (2, 3):
        return rows.sum(-2)
    lead, n = rows.shape[:-2], rows.shape[-2]
    rows = rows.reshape(-1, n, rows.shape[-1])
    item, at = np.nonzero(rows[..., 0] >= 0)
    found = rows[item, at]
    if rows.shape[-1] == 3:
        at, length = found[:, 1], found[:, 1] - found[:, 0]
    else:
        length = found[:, 0]
    parts = np.zeros((len(rows), n, m, t), np.float32)
    parts[item, at, length, found[:, -1]] = 1
    return parts.reshape(*lead, n, m, t)


def _normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


FAMILIES = {
    "many-to-many": many_to_many,
    "one-to-many": one_to_many,
    "one-to-one": one_to_one,
    "general": general,
    "general-vertical": general_vertical,
    "ctc": ctc,
    "semi-markov": semi_markov,
    "semi-markov-factored": semi_markov_factored,
}
