"""The product of matrices of logs at any range, its derivatives, and that only what needs it is summed again."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp

from synjax_worker.numerics.log_matmul import log_matmul
from tests.compiling import optimized_jit

CASES = ["plain", "forbidden", "gaps", "large", "nothing allowed"]


def factors(case: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(2 3 5) and (2 5 4), float32: the second item of the batch is a plain one."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 3, 5)), rng.normal(size=(2, 5, 4))
    if case == "forbidden":
        a[0, 1, :3] = b[0, 2:, 1] = -np.inf
    if (
        case == "gaps"
    ):  # what is large on one side is small on the other: every product is below the float range
        a[0, 0, ::2] -= 300
        b[0, 1::2] -= 300
    if case == "large":
        a[0] *= 1e4
        b[0] *= 1e4
    if case == "nothing allowed":
        a[0, 0] = -np.inf
        b[0, :, 3] = -np.inf
    return a.astype(np.float32), b.astype(np.float32)


def terms(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a, np.float64)[:, :, :, None] + np.asarray(b, np.float64)[:, None]


def reference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return logsumexp(terms(a, b), 2)


def shares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """P(k | m, n), 0 where nothing is allowed: (2 3 5 4)."""
    value = reference(a, b)
    return np.exp(terms(a, b) - np.where(np.isfinite(value), value, 0)[:, :, None])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("mapped", [False, True])
def test_values_and_gradients_are_those_of_float64(case: str, mapped: bool) -> None:
    a, b = factors(case)
    weight = np.random.default_rng(1).normal(size=(2, 3, 4)).astype(np.float32)

    def total(a, b):
        value = (jax.vmap(log_matmul) if mapped else log_matmul)(a, b)
        return jnp.sum(jnp.where(value > -jnp.inf, value * weight, 0)), value

    gradients, value = jax.jit(jax.grad(total, (0, 1), has_aux=True))(a, b)
    np.testing.assert_allclose(value, reference(a, b), rtol=2e-6, atol=1e-6)
    weighted = shares(a, b) * weight[:, :, None]
    np.testing.assert_allclose(gradients[0], weighted.sum(3), atol=2e-6)
    np.testing.assert_allclose(gradients[1], weighted.sum(1), atol=2e-6)


@pytest.mark.parametrize("case", ["plain", "gaps"])
def test_second_derivatives_are_covariances(case: str) -> None:
    a, b = factors(case)
    entry = lambda row: log_matmul(jnp.asarray(a).at[0, 0].set(row), b)[0, 0, 0]
    share = shares(a, b)[0, 0, :, 0]
    covariance = np.diag(share) - np.outer(share, share)
    np.testing.assert_allclose(jax.jit(jax.hessian(entry))(jnp.asarray(a[0, 0])), covariance, atol=5e-6)


def test_an_entry_that_is_summed_again_changes_no_bit_of_the_others() -> None:
    a, b = factors("gaps")
    plain = np.where(np.arange(2)[:, None, None] == 0, 0, a).astype(np.float32), b
    with_gaps, without = jax.jit(log_matmul)(a, b), jax.jit(log_matmul)(*plain)
    np.testing.assert_array_equal(with_gaps[1], without[1])


def test_a_poisoned_item_stays_alone() -> None:
    a, b = factors("plain")
    a[0, 0, 0] = np.nan
    value = np.asarray(optimized_jit(log_matmul)(a, b))
    assert (
        np.all(np.isnan(value[0, 0])) and np.all(np.isfinite(value[0, 1:])) and np.all(np.isfinite(value[1]))
    )


@pytest.mark.parametrize("mapped", [False, True])
def test_nothing_is_summed_twice_where_the_product_is_enough(mapped: bool) -> None:
    function = jax.vmap(log_matmul) if mapped else log_matmul
    text = optimized_jit(function).lower(*factors("plain")).compile().as_text()
    loops = [computation.count(" while(") for computation in text.split("\n}\n")]
    # The guard's loop, and in its body the sum over the terms.
    assert [count for count in loops if count] == [1, 1]


@pytest.mark.parametrize("mapped", [False, True])
def test_derivatives_sum_again_only_under_a_condition(mapped: bool) -> None:
    function = jax.vmap(log_matmul) if mapped else log_matmul
    gradient = jax.grad(lambda a, b: jnp.sum(function(a, b)))
    text = optimized_jit(gradient).lower(*factors("plain")).compile().as_text()
    entry = text[text.index("ENTRY") :]
    # The value's guard, and a real condition: a select would leave the sums over the terms beside them.
    assert entry.count(" while(") == 1 and entry.count(" conditional(") >= 1
