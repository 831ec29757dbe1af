"""A long chain's terms are made in parts, which add up to what they are at once."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import LinearChainCRF
from synjax_worker.numerics import guard
from synjax_worker.structures.chain import covariance


@pytest.mark.parametrize("shared", [True, False])
def test_parts_add_up(shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    lengths = np.array([8, 5])
    shapes = [(3,), (3, 3) if shared else (2, 3, 3), (2, 8, 3)]
    p, q = ([rng.normal(size=shape) for shape in shapes] for _ in range(2))

    def value(p: list, q: list) -> jax.Array:
        chains = [LinearChainCRF(None, lengths, initial=i, transition=t, emission=e) for i, t, e in (p, q)]
        return jnp.sum(jnp.array([1.0, -2.0]) * (chains[0].entropy() + chains[0].kl_divergence(chains[1])))

    def gradients() -> list:
        with guard.optimistic():
            return jax.tree.leaves(jax.jit(jax.grad(value, (0, 1)))(p, q))

    with jax.enable_x64(True):
        at_once = gradients()
        monkeypatch.setattr(covariance, "_LARGE", 3 * 2 * 3 * 3)  # three of seven edges at a time
        in_parts = gradients()
    for expected, found in zip(at_once, in_parts, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)
