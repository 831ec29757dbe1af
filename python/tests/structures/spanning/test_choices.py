"""Draws of spanning trees and the best ones, of graphs too large to enumerate, in optimistic programs: right, or
refused.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from synjax_worker.distributions import SpanningTreeCRF
from synjax_worker.numerics import guard
from synjax_worker.runtime import passes

NODES, DRAWS = 14, 4_000
BOTH = pytest.mark.parametrize("single", [False, True])


def of(table: jax.Array, single: bool) -> SpanningTreeCRF:
    return SpanningTreeCRF(table, directed=True, projective=False, single_root_edge=single)


@functools.cache
def program(single: bool, k: int) -> Any:
    @jax.jit
    def ask(table: jax.Array, key: jax.Array) -> tuple[Any, jax.Array, jax.Array]:
        with passes.frame():
            p = of(table, single)
            with guard.optimistic() as in_draws:
                draws = p.sample(key, DRAWS)
            with guard.optimistic() as in_distinct:
                few = p.sample_without_replacement(key, k)
            return (draws, few, p.marginals()), guard.any_refused(in_draws), guard.any_refused(in_distinct)

    return ask


def asked(table: np.ndarray, single: bool, k: int = 5) -> Any:
    return program(single, k)(jnp.asarray(table, jnp.float32)[None], jax.random.key(0))


def normal(nodes: int = NODES, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(nodes, nodes)) * scale


@BOTH
def test_draws_have_the_probabilities_of_arcs(single: bool):
    (draws, few, marginals), refused, too_few = asked(normal(), single)
    assert not refused and not too_few
    found, expected = np.asarray(draws).mean(0)[0], np.asarray(marginals)[0]
    error = np.sqrt(expected * (1 - expected) / DRAWS)
    assert np.all(np.abs(found - expected) < 5 * error + 1e-4)
    assert np.all(found[expected == 0] == 0)
    assert len({event.tobytes() for event in np.asarray(few.events)[:, 0]}) == 5
    alone = of(jnp.asarray(normal(), jnp.float32)[None], single).log_prob(few.events)
    np.testing.assert_allclose(few.log_probs, alone, rtol=2e-6)


@BOTH
@pytest.mark.parametrize("scale", [30.0, 1e4])
def test_sharp_draws_are_right_or_refused(single: bool, scale: float):
    table = normal(scale=scale)
    (draws, _, marginals), refused, too_few = asked(table, single)
    assert too_few  # a few trees have all of the probability
    if not refused:
        found, expected = np.asarray(draws).mean(0)[0], np.asarray(marginals)[0]
        assert np.all(np.abs(found - expected) < 5 * np.sqrt(expected * (1 - expected) / DRAWS) + 1e-4)


def trees_of_four() -> np.ndarray:
    """Heads of nodes 1 to 3 in all trees from node 0."""
    from_root = lambda heads: all(
        functools.reduce(lambda node, _: heads[node - 1] if node else 0, range(4), start) == 0
        for start in (1, 2, 3)
    )
    return np.array([heads for heads in itertools.product(range(4), repeat=3) if from_root(heads)])


def test_distinct_draws_have_their_joint_law():
    table, items = normal(4, 0.3).astype(np.float32), 20_000

    def draw(table: jax.Array, key: jax.Array) -> tuple[Any, jax.Array]:
        with passes.frame(), guard.optimistic() as refused:
            found = of(jnp.broadcast_to(table, (items, 4, 4)), False).sample_without_replacement(key, 2)
        return found, guard.any_refused(refused)

    found, refused = jax.jit(draw)(table, jax.random.key(3))
    assert not refused
    trees = trees_of_four()
    assert len(trees) == 16
    weights = np.exp(table[trees, [1, 2, 3]].astype(np.float64).sum(1))
    first = weights / weights.sum()
    law = first[:, None] * first / (1 - first[:, None]) * ~np.eye(16, dtype=bool)
    heads = np.argmax(found.events, -2)[..., 1:]  # (k B 3)
    index = np.argmax(np.all(heads[:, :, None] == trees, -1), -1)
    counts = np.zeros((16, 16))
    np.add.at(counts, tuple(index), 1)
    off = ~np.eye(16, dtype=bool)
    assert np.all(np.diag(counts) == 0)
    assert stats.chisquare(counts[off], items * law[off]).pvalue > 1e-4
