"""The arithmetic at the edges of the float range."""

from __future__ import annotations

import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.numerics import numeric, scaled
from tests.compiling import optimized_jit


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4, 1e6])
def test_from_log_keeps_float_precision_at_any_scale(scale: float) -> None:
    x = (np.random.default_rng(0).normal(size=2000) * scale).astype(np.float32)
    mantissa, exponent = optimized_jit(scaled.from_log)(x)
    for value, m, e in list(zip(x, np.asarray(mantissa), np.asarray(exponent), strict=True))[:400]:
        exact = math.exp(float(Fraction(float(value)) - Fraction(int(e)) * Fraction(LN2_DIGITS)))
        assert m == pytest.approx(exact, rel=5e-7)


LN2_DIGITS = "0.693147180559945309417232121458176568075500134360255254120680"


def test_from_log_of_nothing_is_zero_and_of_nan_is_nan() -> None:
    mantissa, exponent = scaled.from_log(jnp.array([-jnp.inf, jnp.nan, 0.0]))
    assert mantissa[0] == 0 and np.isnan(mantissa[1]) and mantissa[2] == 1
    assert exponent[0] == scaled.ZERO_EXPONENT and exponent[2] == 0


def test_to_log_and_back() -> None:
    x = jnp.array([-3e4, -1.0, 0.0, 2e4, -jnp.inf])
    np.testing.assert_allclose(scaled.to_log(scaled.from_log(x)), x, rtol=2e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_exact_sums_keep_what_a_float_loses(dtype: str) -> None:
    with jax.enable_x64(dtype == "float64"):
        rng = np.random.default_rng(1)
        x = (rng.normal(size=(5000, 3)) * 10.0 ** rng.integers(-3, 5, (5000, 3))).astype(dtype)
        found = optimized_jit(numeric.exact_sum)(x)
        exact = [sum(Fraction(float(value)) for value in column) for column in x.T]
        eps = float(np.finfo(dtype).eps)
        for *parts, want in zip(*found, exact, strict=True):
            got = sum(Fraction(float(part)) for part in parts) * Fraction(numeric.UNIT)
            assert abs(float(got - want)) <= 4 * eps * max(1, abs(float(want))) * 1e-2
            assert float(numeric.sum_value(parts)) == pytest.approx(float(want), rel=2 * eps)


def test_exact_sums_with_infinities_and_derivatives() -> None:
    assert numeric.sum_value(numeric.exact_sum(jnp.array([1.0, -jnp.inf]))) == -jnp.inf
    gradient = jax.grad(lambda x: numeric.sum_value(numeric.exact_sum(x)))(jnp.array([1e4, 1e-3, -3.0]))
    np.testing.assert_array_equal(gradient, 1)


def test_a_difference_of_sums_on_different_grids_is_exact() -> None:
    """Of the same number as a sum of three terms and of twelve, of which most are 0."""
    terms = jnp.array([3e9, 1.2977860, 3e9], jnp.float32)
    with_zeros = jnp.concatenate([jnp.zeros(9, jnp.float32), terms])
    for a, b in ((terms, with_zeros), (with_zeros, terms)):
        assert numeric.sum_difference(numeric.exact_sum(a), numeric.exact_sum(b)) == 0


def test_difference_of_pairs_is_right_where_their_values_have_lost_it() -> None:
    terms = jnp.full(1000, 12345.678, jnp.float32)
    less = terms.at[0].add(-0.125)
    difference = numeric.sum_difference(numeric.exact_sum(terms), numeric.exact_sum(less))
    assert difference == float(terms[0]) - float(less[0])


def test_zeros_have_log_minus_infinity_and_gradient_zero() -> None:
    assert numeric.safe_log(jnp.float32(0)) == -jnp.inf
    assert jax.grad(numeric.safe_log)(0.0) == 0
    assert jax.grad(lambda x: numeric.logsumexp(jnp.stack([x, x]), 0))(-jnp.inf) == 0
    assert numeric.x_log_x(jnp.float32(0)) == 0 and jax.grad(numeric.x_log_x)(0.0) == 0
    assert numeric.masked_product(jnp.float32(0), -jnp.inf) == 0


def test_ratios_have_finite_derivatives_far_below_one() -> None:
    """The derivative of 1/x alone, x**-2, is beyond float32 there."""
    assert np.isinf(jnp.float32(1e-25) ** -2)
    slope = jax.grad(lambda x: 1e-25 * numeric.reciprocal(x))(jnp.float32(1e-25))
    assert slope == pytest.approx(-1e25, rel=1e-5)


def test_log_softmax_leaves_what_is_all_forbidden() -> None:
    x = jnp.array([[-jnp.inf, -jnp.inf], [0.0, -jnp.inf]])
    np.testing.assert_array_equal(numeric.log_normalize(x), x)
    assert np.all(np.isfinite(jax.grad(lambda x: numeric.log_normalize(x)[1, 0])(x)))


def test_a_probability_that_rounding_made_too_large_is_one_with_its_derivative() -> None:
    given = jnp.array([0.25, 1.0, 1.0 + 2**-20], jnp.float32)
    assert numeric.at_most_one(given).tolist() == [0.25, 1, 1]
    assert jax.grad(lambda x: numeric.at_most_one(x).sum())(given).tolist() == [1, 1, 1]
