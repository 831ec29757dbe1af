"""Sums over spanning trees by a determinant: right, or refused."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import SpanningTreeCRF
from synjax_worker.numerics import guard
from synjax_worker.runtime import passes

NODES = 9
LENGTHS = jnp.array([9, 5, 2])


def of(table: jax.Array, single: bool, directed: bool = True) -> SpanningTreeCRF:
    return SpanningTreeCRF(
        table, directed=directed, projective=False, single_root_edge=single, lengths=LENGTHS
    )


@functools.cache
def programs(single: bool) -> tuple[Any, Any]:
    """What an optimistic program answers, and whether it is refused; and what a careful one does."""

    def ask(table: jax.Array) -> Any:
        other = table / 2

        def values(table: jax.Array, other: jax.Array) -> Any:
            p, q = of(table, single), of(other, single)
            return p.log_partition(), p.entropy(), p.kl_divergence(q)

        found, pull = jax.vjp(values, table, other)
        slopes = [
            pull(tuple(jnp.full_like(x, float(i == at)) for i, x in enumerate(found))) for at in range(3)
        ]
        return *found, of(table, single).marginals(), slopes

    def hopeful(table: jax.Array) -> tuple[Any, jax.Array]:
        with passes.frame(), guard.optimistic() as refused:
            found = ask(table)
        return found, guard.any_refused(refused)

    return jax.jit(hopeful), jax.jit(ask)


def normal(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(3, NODES, NODES)).astype(np.float32)


def forbidden() -> np.ndarray:
    keep = np.random.default_rng(1).random((3, NODES, NODES)) > 0.2
    keep[:, :2] = True
    return np.where(keep, normal(), -np.inf).astype(np.float32)


def nan_outside() -> np.ndarray:
    table = normal()
    for item, length in enumerate(np.asarray(LENGTHS)):
        table[item, length:] = table[item, :, length:] = np.nan
        np.fill_diagonal(table[item], np.nan)
    table[:, :, 0] = np.nan
    return table


def no_way(size: float) -> np.ndarray:
    """Two nodes of the first item that follow each other, and nothing else but at a price."""
    table = normal()
    table[0, :, 3:5] -= size
    table[0, 3, 4] += size
    table[0, 4, 3] += size
    return table


def nowhere() -> np.ndarray:
    """Two nodes of the first item that only follow each other."""
    table = normal()
    table[0, np.r_[:3, 5:NODES], 3:5] = -np.inf
    return table


NOT_REFUSED = {"normal": normal, "forbidden": forbidden, "padding": nan_outside, "near": lambda: no_way(6)}
TABLES = NOT_REFUSED | {
    "sharp": lambda: normal() * 10,
    "large": lambda: normal() * 1e4,
    "huge": lambda: normal() * np.float32(1e9),
    "masked": lambda: np.where(np.isneginf(forbidden()), np.float32(-1e9), normal()),
    "lowest": lambda: np.where(np.isneginf(forbidden()), np.finfo(np.float32).min, normal()),
    "farther": lambda: no_way(10),
    "far": lambda: no_way(30),
    "none": nowhere,
    "shifted": lambda: normal() + np.float32(2e6),
}


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("name", TABLES)
def test_a_determinant_is_right_or_refused(name: str, single: bool) -> None:
    table = TABLES[name]()
    hopeful, careful = programs(single)
    found, refused = jax.device_get(hopeful(table))
    assert not (refused and name in NOT_REFUSED)
    if refused:
        return
    with jax.enable_x64(True):
        wanted = jax.device_get(careful(table.astype(np.float64)))
    for got, want in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-7, atol=3e-6)
    assert np.all(found[3][wanted[3] == 0] == 0)


def test_what_the_other_forbids_is_refused() -> None:
    table = normal()

    def hopeful(table: jax.Array, other: jax.Array) -> tuple[jax.Array, jax.Array]:
        with passes.frame(), guard.optimistic() as refused:
            found = of(table, False).kl_divergence(of(other, False))
        return found, guard.any_refused(refused)

    assert not hopeful(table, table + 1)[1]
    forbids = table.copy()
    forbids[1, 0, 1] = -np.inf
    assert hopeful(table, forbids)[1]
    assert not hopeful(forbids, table)[1]


def test_an_edge_that_no_tree_has_gets_nothing() -> None:
    """Node 2 has node 1 for its only head, so that no tree leads from 2 to 1."""
    table = normal()
    table[:, :, 2] = -np.inf
    table[:, 1, 2] = 0
    (*_, marginals, slopes), refused = programs(False)[0](table)
    (gradient, _), *_ = slopes
    assert not refused
    assert np.all(marginals[:, 2, 1] == 0)
    assert np.all(gradient[:, 2, 1] == 0)


@pytest.mark.parametrize("single", [False, True])
def test_what_has_64_bits_is_not_refused_and_has_their_digits(single: bool) -> None:
    hopeful, careful = programs(single)
    with jax.enable_x64(True):
        table = normal().astype(np.float64)
        (found, refused), wanted = jax.device_get((hopeful(table), careful(table)))
    assert not refused
    for got, want in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("directed", [False, True])
def test_second_derivatives_are_those_of_the_exact_form(directed: bool) -> None:
    weights = jnp.asarray(normal(3))

    def asked(table: jax.Array) -> jax.Array:
        made = of(table, True, directed)
        first = jax.grad(lambda table: of(table, True, directed).entropy().sum())(table)
        return jnp.sum(weights * (made.marginals() + jnp.where(jnp.isfinite(first), first, 0)))

    @jax.jit
    def hopeful(table: jax.Array) -> tuple[jax.Array, jax.Array]:
        with passes.frame(), guard.optimistic() as refused:
            found = jax.grad(asked)(table)
        return found, guard.any_refused(refused)

    found, refused = hopeful(normal())
    assert not refused
    np.testing.assert_allclose(found, jax.jit(jax.grad(asked))(normal()), atol=1e-6)
