"""Spanning trees whose arcs may cross against Kirchhoff's and Cayley's numbers, and against Edmonds' algorithm."""

from __future__ import annotations

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import SpanningTreeCRF

pytestmark = pytest.mark.costs("SpanningTreeCRF")

Edges = set[tuple[int, int]]


def trees(scores, *, directed: bool = True, single_root_edge: bool = False, **given) -> SpanningTreeCRF:
    options = {"directed": directed, "projective": False, "single_root_edge": single_root_edge}
    return SpanningTreeCRF(scores, **options, **given)


# ------------------------------------------------------------------------------------------- numbers that are known


def complete(nodes: int) -> Edges:
    return set(itertools.combinations(range(nodes), 2))


def bipartite(left: int, right: int) -> Edges:
    return set(itertools.product(range(left), range(left, left + right)))


CUBE = {(a, a | bit) for a in range(8) for bit in (1, 2, 4) if not a & bit}
PETERSEN = {(i, (i + 1) % 5) for i in range(5)} | {(i, i + 5) for i in range(5)}
PETERSEN |= {(i + 5, (i + 2) % 5 + 5) for i in range(5)}

# The edges, how many nodes, and how many spanning trees (Cayley 1889; Scoins 1962).
GRAPHS = [
    *((complete(n), n, n ** max(n - 2, 0)) for n in range(1, 11)),
    *(
        (bipartite(m, n), m + n, m ** (n - 1) * n ** (m - 1))
        for m, n in [(1, 4), (2, 3), (3, 3), (4, 6), (5, 5)]
    ),
    (CUBE, 8, 384),
    (PETERSEN, 10, 2000),
    (complete(4) | {(a + 4, b + 4) for a, b in complete(4)}, 8, 0),  # in two parts
]
MOST = 10


def test_graphs_have_as_many_trees_as_kirchhoff_says_and_edges_their_effective_resistance() -> None:
    adjacent = np.zeros((len(GRAPHS), MOST, MOST))
    for table, (edges, _, _) in zip(adjacent, GRAPHS, strict=True):
        for a, b in edges:
            table[a, b] = table[b, a] = 1
    lengths = np.array([nodes for _, nodes, _ in GRAPHS], np.int32)

    @jax.jit
    def ask(scores):
        made = trees(scores, directed=False, lengths=lengths)
        return made.log_partition(), made.marginals(), made.entropy()

    with jax.enable_x64(True), np.errstate(divide="ignore"):
        total, marginals, entropy = jax.device_get(ask(np.log(adjacent)))
        wanted = np.log([float(count) for *_, count in GRAPHS])
    np.testing.assert_allclose(total, wanted, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(entropy, np.where(np.isfinite(wanted), wanted, 0), rtol=1e-12, atol=1e-12)
    for found, table, (_, nodes, count) in zip(marginals, adjacent, GRAPHS, strict=True):
        across = np.linalg.pinv(np.diag(table.sum(0)) - table)
        resistance = np.add.outer(np.diag(across), np.diag(across)) - 2 * across
        np.testing.assert_allclose(found, np.where(count, table * resistance, 0), atol=1e-12)
        assert count == 0 or found.sum() == pytest.approx(2 * (nodes - 1))


def test_sums_are_determinants() -> None:
    """Koo et al. (2007): the Laplacian without the root, whose first row is the root's where it has one edge."""
    nodes = 40
    scores = np.random.default_rng(0).normal(size=(nodes, nodes))
    inner = np.exp(scores[1:, 1:]) * (1 - np.eye(nodes - 1))
    laplacian = np.diag(inner.sum(0)) - inner
    root = np.exp(scores[0, 1:])
    with jax.enable_x64(True):
        many, one = (
            float(trees(scores, single_root_edge=single).log_partition()) for single in (False, True)
        )
    assert many == pytest.approx(np.linalg.slogdet(laplacian + np.diag(root))[1], rel=1e-12)
    assert one == pytest.approx(np.linalg.slogdet(np.vstack([root, laplacian[1:]]))[1], rel=1e-12)


# --------------------------------------------------------------------------------------------- what others have written


def edmonds(scores: np.ndarray) -> float:
    """The best score of a tree from node 0 (Chu & Liu 1965; Edmonds 1967), by contracting cycles; -inf if none."""
    nodes = len(scores)
    if nodes == 1:
        return 0.0
    heads = [max(range(nodes), key=lambda head, node=node: scores[head, node]) for node in range(1, nodes)]
    heads = [0, *heads]
    best = [0.0, *(scores[heads[node], node] for node in range(1, nodes))]
    if -math.inf in best:
        return -math.inf
    for start in range(1, nodes):
        way = [start]
        while heads[way[-1]] != 0 and heads[way[-1]] not in way:
            way.append(heads[way[-1]])
        if heads[way[-1]] == 0:
            continue
        cycle = way[way.index(heads[way[-1]]) :]
        rest = [node for node in range(nodes) if node not in cycle]
        smaller = np.full((len(rest) + 1, len(rest) + 1), -math.inf)
        smaller[:-1, :-1] = scores[np.ix_(rest, rest)]
        for i, node in enumerate(rest):
            smaller[i, -1] = max(scores[node, inner] - best[inner] for inner in cycle)
            smaller[-1, i] = max(scores[inner, node] for inner in cycle)
        return sum(best[inner] for inner in cycle) + edmonds(smaller)
    return sum(best)


def prepared(scores: np.ndarray, single_root_edge: bool) -> np.ndarray:
    """Without arcs to the root and to itself; a second root edge costs more than everything else."""
    table = np.where(np.eye(len(scores), dtype=bool), -np.inf, scores.astype(np.float64))
    table[:, 0] = -np.inf
    table[0] -= 1000 if single_root_edge else 0
    return table


@pytest.mark.parametrize("single_root_edge", [False, True])
def test_the_best_of_a_thousand_graphs_with_many_ties_are_those_of_edmonds(single_root_edge: bool) -> None:
    """Of every length up to 9, of few whole numbers, some without any tree."""
    rng = np.random.default_rng(3)
    items, most = 1000, 9
    scores = rng.integers(-2, 3, (items, most, most)).astype(np.float32)
    scores[::2] = rng.integers(0, 2, (items // 2, most, most))
    scores[5::10] = np.where(rng.random((items // 10, most, most)) < 0.5, -np.inf, scores[5::10])
    lengths = rng.integers(2, most + 1, items).astype(np.int32)

    @jax.jit
    def ask(scores):
        made = trees(scores, single_root_edge=single_root_edge, lengths=lengths)
        best = made.argmax_and_max()
        return made.decode(best.event), best.score

    heads, found = jax.device_get(ask(scores))
    without = 0
    for item in range(items):
        own = scores[item, : lengths[item], : lengths[item]]
        wanted = edmonds(prepared(own, single_root_edge)) + 1000 * single_root_edge
        if wanted < -500:
            without += 1
            assert found[item] == -np.inf and np.all(heads[item] == -1)
            continue
        assert found[item] == wanted
        tree = heads[item, : lengths[item]]
        assert sum(own[tree[node], node] for node in range(1, len(tree))) == wanted
        assert leads_to_root(tree) and (not single_root_edge or np.sum(tree == 0) == 1)
    assert without > 10


def leads_to_root(tree: np.ndarray) -> bool:
    up = np.maximum(tree, 0)
    for _ in tree:
        up = up[up]
    return bool(np.all(up == 0))


def test_float32_is_as_right_as_float64_at_any_scale() -> None:
    """Of scores that float32 holds."""
    rng = np.random.default_rng(1)
    shape = (4, 24, 24)
    scale = np.array([1.0, 1.0, 1e4, 1e4])[:, None, None]
    scores = (np.round(rng.normal(size=shape)) * scale + rng.normal(size=shape)).astype(np.float32)

    @jax.jit
    def ask(scores, others):
        made, other = trees(scores, single_root_edge=True), trees(others, single_root_edge=True)
        return made.marginals(), made.entropy(), made.kl_divergence(other)

    given = scores, scores + rng.normal(size=shape).astype(np.float32)
    found = jax.device_get(ask(*given))
    with jax.enable_x64(True):
        wanted = jax.device_get(ask(*(x.astype(np.float64) for x in given)))
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, want, atol=5e-6, rtol=1e-5)


def test_the_k_best_are_distinct_trees_in_order() -> None:
    """Of equal scores: all 16 over three words, and any 50 of the 1296 over five."""
    ask = jax.jit(lambda scores: (lambda made: made.decode(made.top_k(50).events))(trees(scores)))
    found = np.asarray(ask(jnp.zeros((6, 6))))
    assert len({tuple(heads) for heads in found}) == 50
    assert int(trees(jnp.zeros((4, 4))).top_k(50).count) == 16
