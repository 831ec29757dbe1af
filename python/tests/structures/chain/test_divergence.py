"""Gradients of a divergence by one of the two distributions alone."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import LinearChainCRF
from synjax_worker.numerics import guard


def potentials(seed: int) -> np.ndarray:
    """The second item needs the exact passes."""
    x = np.random.default_rng(seed).normal(size=(2, 5, 3, 3))
    x[1, 2] -= 800 * np.arange(3)[:, None]
    x[1, 3] += 800 * np.arange(3)[:, None]
    return x


def test_by_one_is_its_part_of_both() -> None:
    def value(p: jax.Array, q: jax.Array) -> jax.Array:
        return LinearChainCRF(p).kl_divergence(LinearChainCRF(q)).sum()

    def all_of_them(p: jax.Array, q: jax.Array) -> dict[str, jax.Array]:
        along = jnp.cos(jnp.arange(p.size, dtype=p.dtype)).reshape(p.shape)
        # A gradient, and how it changes with the first: of a gradient by one, moved by the other and by itself.
        moved = lambda by: jax.jvp(lambda x: jax.grad(value, by)(x, q), (p,), (along,))
        both, second_of_both = moved((0, 1))
        alone, second = zip(*(moved(which) for which in (0, 1)), strict=True)
        return {
            "both": both,
            "alone": alone,
            "second": second,
            "second of both": second_of_both,
            "hopeful": hopeful(p, q),
        }

    def hopeful(p: jax.Array, q: jax.Array) -> tuple[jax.Array, jax.Array]:
        with guard.optimistic() as refused:
            found = tuple(jax.grad(value, which)(p[:1], q[:1]) for which in (0, 1))
        return *found, guard.any_refused(refused)

    with jax.enable_x64(True):
        found = jax.device_get(jax.jit(all_of_them)(potentials(0), potentials(1)))
    *of_first, refused = found["hopeful"]
    assert not refused
    for which in (0, 1):
        np.testing.assert_allclose(found["alone"][which], found["both"][which], atol=1e-12)
        np.testing.assert_allclose(found["second"][which], found["second of both"][which], atol=1e-12)
        np.testing.assert_allclose(of_first[which], found["both"][which][:1], atol=1e-12)
    assert np.any(found["both"][1][1]) and np.any(found["second"][1])
