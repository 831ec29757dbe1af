"""Mantissa and exponent: no number is too large or too small, and nothing is rounded on the way."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.numerics import scaled
from synjax_worker.numerics.scaled import ZERO_EXPONENT, Scaled


@pytest.fixture(params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> Iterator[np.dtype]:
    with jax.enable_x64(request.param == "float64"):
        yield np.dtype(request.param)


def extremes(dtype: np.dtype) -> np.ndarray:
    limits = np.finfo(dtype)
    return np.array([limits.tiny, limits.max / 2, limits.eps, 1, 2, 3, 1 - limits.epsneg, 0], dtype)


def test_from_float_and_back_is_exact(dtype: np.dtype) -> None:
    x = extremes(dtype)
    mantissa, exponent = scaled.from_float(jnp.asarray(x))
    assert mantissa.dtype == dtype and exponent.dtype == jnp.int32
    zero = x == 0
    assert np.all((mantissa[~zero] >= 1) & (mantissa[~zero] < 2))
    assert np.all(mantissa[zero] == 0) and np.all(exponent[zero] == ZERO_EXPONENT)
    np.testing.assert_array_equal(np.ldexp(mantissa[~zero], exponent[~zero]), x[~zero])


def test_denormals_are_zero(dtype: np.dtype) -> None:
    tiny = jnp.asarray(np.finfo(dtype).tiny / 4, dtype)
    assert scaled.from_float(tiny).exponent == ZERO_EXPONENT


def test_powers_of_two_are_exact_and_end_in_zero(dtype: np.dtype) -> None:
    lowest, highest = np.finfo(dtype).minexp, np.finfo(dtype).maxexp - 1
    exponents = np.array([lowest, -1, 0, 1, highest])
    powers = scaled.power_of_two(jnp.asarray(exponents, jnp.int32), dtype)
    np.testing.assert_array_equal(powers, np.ldexp(np.ones(5, dtype), exponents))
    below = jnp.array([lowest - 1, ZERO_EXPONENT, 3 * ZERO_EXPONENT], jnp.int32)
    np.testing.assert_array_equal(scaled.power_of_two(below, dtype), 0)


def test_renormalizing_moves_between_the_parts_and_keeps_the_number(dtype: np.dtype) -> None:
    mantissa, exponent = scaled.renormalize(
        jnp.array([6.0, 0.375, 0], dtype), jnp.array([10, -10, 7], jnp.int32)
    )
    np.testing.assert_array_equal(mantissa, [1.5, 1.5, 0])
    np.testing.assert_array_equal(exponent, [12, -12, ZERO_EXPONENT])


@pytest.mark.parametrize("size", [1e-3, 1.0, 88.0, 1e4, 1e6])
def test_logarithms_there_and_back(dtype: np.dtype, size: float) -> None:
    x = jnp.asarray(np.linspace(-size, size, 101), dtype)
    back = scaled.to_log(scaled.from_log(x))
    # `log` and `exp` of a mantissa round to an eps or two of 1; beyond that only the result is rounded.
    np.testing.assert_allclose(back, x, rtol=np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)


def test_the_logarithm_of_nothing_has_no_derivative() -> None:
    through = lambda x: scaled.to_log(scaled.from_log(x))
    slopes = jax.vmap(jax.grad(through))(jnp.array([-jnp.inf, -1e5, 0.0, 1e5]))
    np.testing.assert_allclose(slopes, [0, 1, 1, 1], rtol=1e-6)
    assert through(jnp.array(-jnp.inf)) == -jnp.inf


def test_a_shared_scale_keeps_ratios_and_drops_what_is_out_of_reach(dtype: np.dtype) -> None:
    far = 4 * np.finfo(dtype).minexp
    number = Scaled(
        jnp.array([1.5, 1, 1, 0], dtype), jnp.array([5000, 4999, 5000 + far, ZERO_EXPONENT], jnp.int32)
    )
    np.testing.assert_array_equal(scaled.to_shared_scale(number), [1.5, 0.5, 0, 0])
    nothing = Scaled(jnp.zeros(2, dtype), jnp.full(2, ZERO_EXPONENT, jnp.int32))
    np.testing.assert_array_equal(scaled.to_shared_scale(nothing), 0)


def test_an_impossible_log_beside_a_large_one_is_impossible() -> None:
    impossible, large = jnp.full(3, -jnp.inf), jnp.array([2.0, 5.0, -1.0])
    weights, exponent = scaled.with_one_exponent(impossible, large, lift=2.0**60)
    np.testing.assert_array_equal(weights, np.zeros(3))
    assert exponent == 0
