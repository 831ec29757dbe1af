"""The best structures, where plain floats would round what decides."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import LinearChainCRF
from synjax_worker.numerics import guard
from synjax_worker.runtime import passes


def lifted_from_far_below() -> np.ndarray:
    """State 1 lies 1e9 below, loses 3.3 there and is lifted up again: -3.3 in all, and -1 beside it."""
    x = np.full((3, 2, 2), -np.inf, np.float32)
    x[0, 0] = 0, -1e9
    x[1] = [[0, -np.inf], [-np.inf, -3.3]]
    x[2] = [[-1, -np.inf], [1e9, -np.inf]]
    return x


def test_what_is_lifted_from_far_below_has_not_lost_its_digits() -> None:
    crf = LinearChainCRF(lifted_from_far_below())
    event, score = crf.argmax_and_max()
    assert crf.decode(event).tolist() == [0, 0, 0]
    assert score == -1
    assert crf.decode(crf.top_k(2).events).tolist() == [[0, 0, 0], [1, 1, 0]]
    np.testing.assert_allclose(crf.top_k(2).scores, [-1, -3.3], rtol=1e-6)


def test_an_optimistic_program_refuses_it() -> None:
    def refused(x: jax.Array) -> jax.Array:
        with passes.frame(), guard.optimistic() as flags:
            LinearChainCRF(x).argmax()
        return guard.any_refused(flags)

    assert jax.jit(refused)(lifted_from_far_below())
    assert not jax.jit(refused)(jnp.zeros((3, 2, 2)))


def test_what_is_no_number_stays_none_in_the_exact_pass() -> None:
    x = np.zeros((2, 3, 2, 2), np.float32)
    x[0, 1, 0, 0] = np.nan
    crf = LinearChainCRF(x)
    for answer in (crf.log_partition(), crf.entropy()):
        assert np.isnan(answer).tolist() == [True, False]


def test_many_small_steps_may_not_lift_what_lies_far_behind() -> None:
    """State 0 gains as much in many steps as it loses in as many more; state 1 is a little better in the end."""
    n, by = 12, 6e4
    a, b = np.random.default_rng(0).normal(size=(2, 2 * n + 1)).astype(np.float32)
    a[1 : n + 1] += np.float32(by)
    a[n + 1 :] -= np.float32(by)
    b[-1] += 0.1 + np.sum(a, dtype=np.float64) - np.sum(b, dtype=np.float64)
    x = np.full((2 * n + 1, 2, 2), -np.inf, np.float32)
    x[:, 0, 0], x[:, 1, 1], x[0, 0, 1] = a, b, b[0]

    def hopefully(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        with guard.optimistic() as refused:
            best = LinearChainCRF(x).argmax()
        return best, guard.any_refused(refused)

    assert jax.jit(hopefully)(x)[1]
    crf = LinearChainCRF(x)
    np.testing.assert_array_equal(crf.decode(crf.argmax()), 1)
