"""Programs without exact computations: what they must refuse, because their logs would round, and what not."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import AlignmentCRF
from synjax_worker.numerics import guard
from synjax_worker.runtime import passes

KINDS = ("monotone_many_to_many", "monotone_one_to_many")
ROWS, COLS = 12, 16


def answers(made: AlignmentCRF) -> Any:
    return made.log_partition(), made.marginals(), made.entropy(), made.argmax_and_max().score


@functools.cache
def programs(kind: str) -> tuple[Any, Any]:
    """Of a table: what an optimistic program answers, and whether it is refused; and what a careful one does."""
    careful = lambda table: answers(AlignmentCRF(table, alignment_type=kind))

    def hopeful(table: jax.Array) -> tuple[Any, jax.Array]:
        with passes.frame(), guard.optimistic() as refused:
            found = careful(table)
        return found, guard.any_refused(refused)

    return jax.jit(hopeful), jax.jit(careful)


def normal() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(ROWS, COLS)).astype(np.float32)


def forbidden() -> np.ndarray:
    return np.where(np.random.default_rng(1).random((ROWS, COLS)) < 0.1, -np.inf, normal()).astype(np.float32)


def dead_end(size: float) -> np.ndarray:
    """The first row goes ahead by `size` a column, and at its end loses all of it again."""
    table = normal()
    table[0, 1:] += size
    table[1:, -1] -= size * (COLS - 1)
    return table


def blocked() -> np.ndarray:
    """No path leads through the fourth column."""
    table = normal()
    table[:, 3] = -np.inf
    return table


def falls_back(size: float) -> np.ndarray:
    """A corridor that gains `size` a step, and loses as much in as many steps, so that no step is large."""
    table = normal()
    table[0, 1:8] += size
    table[0, 8:15] -= size
    return table


NOT_REFUSED = {"normal": normal, "forbidden": forbidden, "sharp": lambda: normal() * 10, "blocked": blocked}
# One-to-many alignments are summed in plain floats, which cannot hold such sizes side by side.
LARGE_OF_MANY_TO_MANY = ("large", KINDS[0])
TABLES = NOT_REFUSED | {
    "large": lambda: normal() * 1e4,
    "masked": lambda: np.where(np.isneginf(forbidden()), np.float32(-1e9), normal()),
    "lowest": lambda: np.where(np.isneginf(forbidden()), np.finfo(np.float32).min, normal()),
    "huge": lambda: normal() * np.float32(1e9),
    "shifted": lambda: normal() + np.float32(2e6),
    "near dead end": lambda: dead_end(20),
    "dead end beyond the range": lambda: dead_end(100),
    "dead end": lambda: dead_end(3e5),
    "far dead end": lambda: dead_end(1e8),
    "falls back": lambda: falls_back(3e6),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TABLES)
def test_an_optimistic_program_is_right_or_refused(name: str, kind: str) -> None:
    table = TABLES[name]()
    hopeful, careful = programs(kind)
    found, refused = jax.device_get(hopeful(table))
    assert not (refused and (name in NOT_REFUSED or (name, kind) == LARGE_OF_MANY_TO_MANY))
    if refused:
        return
    with jax.enable_x64(True):
        wanted = jax.device_get(careful(table.astype(np.float64)))
    scale = max(1.0, float(np.max(np.abs(table[np.isfinite(table)]))))
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found[1], wanted[1], atol=2e-5)
    np.testing.assert_allclose(found[2], wanted[2], atol=5e-5)
    np.testing.assert_allclose(found[3], wanted[3], rtol=1e-6, atol=1e-6 * scale)
    assert jnp.all(jnp.isfinite(found[1]))
