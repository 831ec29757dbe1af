"""What a gradient of segments holds beside its potentials and itself: one more of the size of the potentials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from synjax_worker.distributions import SemiMarkovCRF
from synjax_worker.numerics import guard
from synjax_worker.runtime import passes

ITEMS, N, M, T = 4, 64, 12, 12


def bytes_beside(function: Callable[[Any], Any], potentials: np.ndarray) -> int:
    def optimistic(x: Any) -> Any:
        with passes.frame(), guard.optimistic() as refused:
            found = function(x)
        return found, guard.any_refused(refused)

    return jax.jit(optimistic).lower(potentials).compile().memory_analysis().temp_size_in_bytes


@pytest.mark.parametrize("through", [lambda f: f, jax.checkpoint], ids=["kept", "checkpoint"])
def test_a_gradient_holds_the_potentials_once_and_a_few_numbers_for_each_position(through: Any) -> None:
    potentials = np.zeros((ITEMS, N, M, T, T), np.float32)
    log_partition = lambda x: SemiMarkovCRF(x).log_partition().sum()
    held = bytes_beside(jax.grad(through(log_partition)), potentials)
    of_positions = 4 * ITEMS * N * T
    assert held < potentials.nbytes + 30 * of_positions


def test_of_the_factored_form_nothing_is_made_for_each_pair_of_labels() -> None:
    segment = np.zeros((ITEMS, N, M, T), np.float32)
    log_partition = lambda x: SemiMarkovCRF(segment=x, transition=np.zeros((T, T))).log_partition().sum()
    assert bytes_beside(jax.grad(log_partition), segment) < 5 * segment.nbytes
