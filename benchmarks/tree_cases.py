"""What `trees` asks: classes at three sizes, how each is asked in the textbooks' form, and what peers answer."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from cases import LEVELS, Case, asked
from peers import Peer, found, synjax_peer
from plain import constituency, dependencies, grammars

from synjax_worker.distributions import (
    GeneralizedPCFG,
    GeneralizedTensorDecompositionPCFG,
    SpanningTreeCRF,
    TreeCRF,
)

SENTENCES = ((8, 12, 4), (8, 24, 4), (8, 64, 4))  # items, words, labels


def tree_crf() -> Iterator[Case]:
    plain = constituency.queries()
    for level, (b, n, labels) in zip(LEVELS, SENTENCES, strict=True):
        p, q = ((scores(seed, b, n, n, labels),) for seed in (0, 1))
        case = Case("TreeCRF", level, f"n{n} L{labels} B{b}", p, q, asked(TreeCRF), plain)
        # What stands for a span that ends before it starts is not looked at, but SynJax's have marginals there too.
        case.compared = lambda tables: tuple(jnp.triu(jnp.moveaxis(x, -1, 1)) for x in tables)
        case.peers = synjax_peer(lambda lib: asked(lib.TreeCRF)) | torch_struct_peer()
        yield case


WORDS = (8, 16, 32)
NONTERMINALS, PRETERMINALS = 12, 24


def pcfg() -> Iterator[Case]:
    of = lambda cls: asked(lambda scores, root, rule: cls(preterminal_scores=scores, root=root, rule=rule))
    for level, n in zip(LEVELS, WORDS, strict=True):
        p, q = (grammar(seed, 2, n) for seed in (0, 1))
        case = Case("PCFG", level, f"n{n} B2", p, q, of(GeneralizedPCFG), grammars.queries())
        case.as_parts = case.parts_of_marginals = parts_of_parses
        case.peers = synjax_peer(lambda lib: of(lib.GeneralizedPCFG))
        yield case


def grammar(seed, items, words):
    """Scores of preterminals, of the whole sentence's nonterminal and of rules, as logits."""
    symbols = NONTERMINALS + PRETERMINALS
    shapes = (words, PRETERMINALS), (NONTERMINALS,), (NONTERMINALS, symbols, symbols)
    return tuple(scores(10 * seed + at, items, *shape) for at, shape in enumerate(shapes))


LARGE_NONTERMINALS, LARGE_PRETERMINALS, RANKS = 30, 60, 32


def td_pcfg() -> Iterator[Case]:
    """SynJax has the ranks in its events, so that only sums can be compared."""
    names = "preterminal_scores", "root", "nt_to_rank", "rank_to_left_nt", "rank_to_right_nt"
    of = lambda cls: asked(lambda *factors: cls(**dict(zip(names, factors, strict=True))))
    for level, n in zip(LEVELS, WORDS, strict=True):
        p, q = (grammar_of_ranks(seed, 2, n) for seed in (0, 1))
        case = Case("TD-PCFG", level, f"n{n} B2", p, q, of(GeneralizedTensorDecompositionPCFG), {})
        case.as_parts = case.parts_of_marginals = parts_of_parses
        case.peers = synjax_peer(lambda lib: of(lib.GeneralizedTensorDecompositionPCFG))
        yield case


def grammar_of_ranks(seed, items, words):
    """Scores of preterminals, and the logits of the sentence's nonterminal and of both sides of the ranks."""
    symbols = LARGE_NONTERMINALS + LARGE_PRETERMINALS
    shapes = (words, LARGE_PRETERMINALS), (LARGE_NONTERMINALS,), (LARGE_NONTERMINALS, RANKS)
    shapes += (RANKS, symbols), (RANKS, symbols)
    return tuple(scores(10 * seed + at, items, *shape) for at, shape in enumerate(shapes))


def parts_of_parses(event):
    """(... B parts): spans and preterminals."""
    chart, tags = jax.tree.leaves(event)
    lead = tags.shape[:-2]
    return np.concatenate([np.reshape(x, (*lead, -1)) for x in (chart, tags)], -1)


SENTENCES_WITH_ROOT = ((8, 12), (8, 24), (8, 64))  # items, nodes
GRAPHS = ((8, 12), (8, 24), (8, 100))


def projective() -> Iterator[Case]:
    yield from spanning("projective", True, dependencies.eisner_queries(), SENTENCES_WITH_ROOT)


def non_projective() -> Iterator[Case]:
    yield from spanning("non-projective", False, dependencies.matrix_tree_queries(), GRAPHS)


def spanning(family: str, projective: bool, plain: dict, sizes: tuple) -> Iterator[Case]:
    """Dependency trees with one root edge."""
    options = {"directed": True, "projective": projective, "single_root_edge": True}
    of = lambda cls: asked(lambda scores: cls(scores, **options))
    for level, (b, n) in zip(LEVELS, sizes, strict=True):
        p, q = ((scores(seed, b, n, n),) for seed in (0, 1))
        case = Case(family, level, f"n{n} B{b}", p, q, of(SpanningTreeCRF), plain)
        # Arcs into the root and from a node to itself are not looked at.
        arcs = ~jnp.eye(n, dtype=bool) & (jnp.arange(n) > 0)
        case.compared = lambda tables, arcs=arcs: tuple(jnp.where(arcs, x, 0) for x in tables)
        case.peers = synjax_peer(lambda lib: of(lib.SpanningTreeCRF))
        yield case


def torch_struct_peer() -> dict[str, dict[str, Peer]]:
    torch, torch_struct = found("torch"), found("torch_struct")
    if not (torch and torch_struct):
        return {}

    def prepare(p, q, key):
        return tuple(torch_struct.TreeCRF(torch.from_numpy(np.array(x[0]))) for x in (p, q))

    new = lambda d: torch_struct.TreeCRF(d.log_potentials)  # which has nothing remembered
    value = lambda answer, p: answer.detach().numpy()

    def gradient_of(d):
        given = d.log_potentials.detach().requires_grad_()
        torch_struct.TreeCRF(given).partition.sum().backward()
        return given.grad

    asked_of = {
        "log_partition": (lambda d, other: new(d).partition, value),
        "marginals": (lambda d, other: new(d).marginals, value),
        "entropy": (lambda d, other: new(d).entropy, value),
        "argmax": (lambda d, other: new(d).argmax, value),
        "sample": (lambda d, other: new(d).sample((1,))[0], value),
        "kl_divergence": (lambda d, other: new(d).kl(new(other)), value),
        "gradient": (
            lambda d, other: gradient_of(d),
            lambda answer, p: (value(answer, p),),
        ),
    }
    return {"torch-struct": {name: Peer(prepare, *both) for name, both in asked_of.items()}}


def scores(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


FAMILIES = {
    "tree-crf": tree_crf,
    "projective": projective,
    "non-projective": non_projective,
    "pcfg": pcfg,
    "td-pcfg": td_pcfg,
}
