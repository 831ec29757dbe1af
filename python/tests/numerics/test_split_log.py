"""Logs in two parts: what a float cannot hold when large ones cancel."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from synjax_worker.numerics.split_log import SplitLog

X = np.array([[12345.678, -9876.5, 0.25, -np.inf], [-np.inf] * 4, [3e30, 1e4, 0, -1e4]], np.float32)


def value(x: SplitLog) -> np.ndarray:
    return np.asarray(x.high, np.float64) + np.asarray(x.low, np.float64)


def test_the_parts_of_a_log_add_up_to_it() -> None:
    parts = SplitLog.from_log(jnp.asarray(X))
    np.testing.assert_array_equal(value(parts), X.astype(np.float64))
    assert (np.abs(parts.low) <= 0.5).all()


def test_large_logs_cancel_without_loss() -> None:
    small, large = jnp.float32(0.123), jnp.float32(12345.678)
    product = SplitLog.from_log(small).times(SplitLog.from_log(large))
    assert abs(float(product.ratio(SplitLog.from_log(large))) - 0.123) < 1e-6
    assert abs(float((small + large) - large) - 0.123) > 1e-5


def test_zero_over_and_under() -> None:
    zero, one = SplitLog.from_log(jnp.float32(-np.inf)), SplitLog.from_log(jnp.float32(0))
    assert zero.ratio(one) == one.ratio(zero) == zero.ratio(zero) == -np.inf


def test_sums_and_maxima() -> None:
    x = X[:2]
    parts = SplitLog.from_log(jnp.asarray(x))
    with np.errstate(divide="ignore"):
        expected = np.log(np.sum(np.exp(x.astype(np.float64) - 12345), 1)) + 12345
    np.testing.assert_allclose(value(SplitLog.total(parts, 1)), expected, rtol=1e-9)
    np.testing.assert_array_equal(value(SplitLog.largest(parts, 1)), x.max(1).astype(np.float64))


def test_the_derivative_of_a_sum_is_the_shares() -> None:
    total = lambda x: jnp.sum(SplitLog.total(SplitLog.from_log(x), 1).low)
    x = np.array([[1e4, 1e4 + 1, -np.inf], [-np.inf] * 3], np.float32)
    shares = np.exp([0, 1]) / np.exp([0, 1]).sum()
    gradient = jax.grad(total)(jnp.asarray(x))
    np.testing.assert_allclose(gradient, [[*shares, 0], [0, 0, 0]], atol=1e-6)


def test_what_is_no_number_is_larger_than_all() -> None:
    parts = SplitLog.from_log(jnp.array([np.nan, np.inf, 1.0], jnp.float32))
    assert (parts.high[:2] == jnp.finfo(jnp.float32).max).all()
    excluded = parts.times(SplitLog.from_log(jnp.full(3, -np.inf, jnp.float32)))
    assert (SplitLog.total(excluded, 0).high) == -np.inf


def test_products_with_logs_in_fewer_operations() -> None:
    x = jnp.array(
        [[12345.678, -np.inf, 0.25], [-9876.5, -np.inf, -np.inf], [1e30, 3.0, -np.inf]], jnp.float32
    )
    logs = jnp.array(
        [[-12345.5, np.nan, -np.inf], [9876.25, np.inf, -1.0], [-1e30, 1e4, np.nan]], jnp.float32
    )
    parts = SplitLog.from_log(x)
    product = parts.times(SplitLog.from_log(logs))
    for reduce in (SplitLog.total, SplitLog.largest):
        for axis in (0, 1):
            np.testing.assert_allclose(
                value(reduce(parts, axis, logs)), value(reduce(product, axis)), atol=1e-7
            )
    whole = jax.tree.map(lambda part: part[:, None], SplitLog.total(product, 1))
    np.testing.assert_allclose(parts.share(logs, whole), product.ratio(whole), atol=1e-7)


def test_a_product_with_what_is_no_number_is_larger_than_all() -> None:
    parts = SplitLog.from_log(jnp.array([1.0, -5.0], jnp.float32))
    for other in (np.nan, np.inf):
        logs = jnp.array([0, other], jnp.float32)
        for reduce in (SplitLog.total, SplitLog.largest):
            assert reduce(parts, 0, logs).high == jnp.finfo(jnp.float32).max
