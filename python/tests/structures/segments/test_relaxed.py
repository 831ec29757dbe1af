"""Smoothed recursions of segments: their gradient is the relaxed event, and that has its true derivative."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.numerics import relaxed
from synjax_worker.structures.segments.potentials import Potentials
from synjax_worker.structures.segments.structure import Segments

from .enumeration import POSITIONS, SHAPE, case
from .test_segments import potential_marginals

pytestmark = (
    pytest.mark.full
)  # `test_differentiable_samples.py` asks the class, and whether its gradients are true

SEGMENTS = Segments()
WEIGHTS = np.random.default_rng(4).normal(size=SHAPE)


@pytest.mark.parametrize("form", ["general", "factored"])
def test_gradient_of_a_smoothed_maximum(form: str) -> None:
    def answers(potentials: Potentials, direction: Potentials, lengths: jax.Array) -> Any:
        found = []
        for choose in (relaxed.softmax_max, relaxed.sparsemax_max):
            value = lambda x, choose=choose: SEGMENTS.smoothed_max(x, lengths, choose)
            gradient = jax.grad(lambda x, value=value: jnp.sum(jnp.where(value(x) > -jnp.inf, value(x), 0)))
            found.append((gradient(potentials), SEGMENTS.relaxed_event(potentials, lengths, choose)))
        event = lambda x: jnp.sum(
            SEGMENTS.relaxed_event(x, lengths, relaxed.softmax_max) * WEIGHTS, (1, 2, 3, 4)
        )
        along = jax.jvp(event, (potentials,), (direction,))[1]
        moved = [
            jax.tree.map(lambda x, d, step=step: x + step * d, potentials, direction)
            for step in (1e-5, -1e-5)
        ]
        return found, along, (event(moved[0]) - event(moved[1])) / 2e-5

    with jax.enable_x64(True):
        made = case(form, np.float64, kinds=("plain", "forbidden"))
        rng = np.random.default_rng(6)
        direction = jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape)), made.potentials)
        found, along, difference = jax.tree.map(
            np.asarray, jax.jit(answers)(made.potentials, direction, made.lengths)
        )
    for gradient, event in found:
        assert np.isfinite(event).all() and event[made.lengths == POSITIONS].any()
        for item in range(len(made.lengths)):
            for field, expected in zip(gradient, potential_marginals(form, event[item]), strict=True):
                if expected is not None:
                    np.testing.assert_allclose(field[item], expected, atol=1e-10)
    assert np.abs(along).max() > 0.1
    np.testing.assert_allclose(along, difference, atol=1e-7)
