"""Diagnostics of draws are NumPyro's numbers, but for the digits that NumPyro loses."""

from __future__ import annotations

import jax
import numpy as np
import numpyro.diagnostics as numpyro
import pytest

from synjax_worker.errors import InvalidArgument
from synjax_worker.inference import diagnostics

CHAINS, DRAWS = 3, 41


def autocorrelated(rng: np.random.Generator, *shape: int) -> np.ndarray:
    noise = rng.normal(size=shape)
    for i in range(1, shape[1]):
        noise[:, i] += 0.8 * noise[:, i - 1]
    return noise


def draws(chains: int, count: int) -> np.ndarray:
    """(chain draw 7), every element of another kind."""
    rng = np.random.default_rng(0)
    plain = rng.normal(size=(chains, count))
    apart = plain + 5 * np.arange(chains)[:, None]
    alternating = plain + 3 * (-1.0) ** np.arange(count)
    with_nan, with_inf = plain.copy(), plain.copy()
    with_nan[-1, 1], with_inf[0, 1] = np.nan, np.inf
    kinds = [plain, autocorrelated(rng, chains, count), apart, alternating, np.ones_like(plain)]
    return np.stack([*kinds, with_nan, with_inf], -1)


def of_numpyro(x: np.ndarray) -> dict[str, np.ndarray]:
    with np.errstate(invalid="ignore", divide="ignore"):
        found = numpyro.summary({"x": x}, prob=0.8)["x"]
    return dict(zip(diagnostics.Summary._fields, found.values(), strict=True))


@jax.jit
def ours(x: jax.Array) -> diagnostics.Summary:
    return diagnostics.summary(x, prob=0.8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("chains", "count"), [(CHAINS, DRAWS), (2, 4), (1, 5)])
def test_a_summary_is_numpyros(chains: int, count: int, dtype: type) -> None:
    x = draws(chains, count).astype(dtype)
    with jax.enable_x64(dtype == np.float64):
        found = jax.device_get(ours(x))
    expected = of_numpyro(x)
    assert np.isnan(found.r_hat[4]) and np.isnan(found.n_eff[4])  # of a constant
    assert np.isnan(found.median[5]) and found.mean[6] == np.inf
    for name, value in expected.items():
        assert getattr(found, name).dtype == dtype
        # The deviation of what is constant or infinite is a matter of rounding there
        np.testing.assert_allclose(getattr(found, name), value, rtol=1e-5, atol=1e-12, err_msg=name)


def test_each_alone_is_what_it_is_in_a_summary() -> None:
    x = draws(CHAINS, DRAWS).astype(np.float32)
    whole = ours(x)
    n_eff, r_hat, fewest, interval, of_one = jax.jit(
        lambda x: (
            diagnostics.effective_sample_size(x),
            diagnostics.split_gelman_rubin(x),
            diagnostics.effective_sample_size(x[:, :2, 0]),
            diagnostics.hpdi(x),
            diagnostics.hpdi(x[:1, :1, 0], prob=0.5),
        )
    )(x)
    np.testing.assert_array_equal(n_eff, whole.n_eff)
    np.testing.assert_array_equal(r_hat, whole.r_hat)
    np.testing.assert_allclose(fewest, numpyro.effective_sample_size(x[:, :2, 0]), rtol=1e-5)
    np.testing.assert_array_equal(interval, numpyro.hpdi(x.reshape(-1, x.shape[-1]), prob=0.9))
    np.testing.assert_array_equal(of_one, [x[0, 0, 0]] * 2)


def test_a_mean_far_from_0_costs_no_digits() -> None:
    """Numbers of float32 near 10,000, as they are in 64 bits."""
    x = (10_000 + autocorrelated(np.random.default_rng(1), 2, DRAWS)).astype(np.float32)
    found = jax.device_get(ours(x))
    for name, value in of_numpyro(x.astype(np.float64)).items():
        np.testing.assert_allclose(getattr(found, name), value, rtol=3e-7, err_msg=name)


def test_whole_numbers_lose_none_of_theirs() -> None:
    x = (2**30 + np.arange(2 * DRAWS).reshape(2, DRAWS) % 7).astype(np.int32)
    found = jax.device_get(ours(x))
    assert found.std.dtype == np.float32
    np.testing.assert_allclose(found.std, x.std(ddof=1), rtol=1e-6)
    np.testing.assert_allclose(found.r_hat, numpyro.split_gelman_rubin(x.astype(float)), rtol=1e-6)
    assert found.lower == 2**30
    assert diagnostics.hpdi(x[:, :9] % 2 == 0).tolist() == [0, 1]


def test_a_chain_that_does_not_move_has_no_variance_of_rounding() -> None:
    with jax.enable_x64(True):
        x = np.stack([np.full(DRAWS, 0.1), np.full(DRAWS, 0.3)])
        both, first = jax.device_get((ours(x), ours(x[:1])))
    assert both.r_hat == np.inf
    assert np.isnan([first.r_hat, first.n_eff]).all()
    assert first.std == 0


def test_it_is_mapped_over() -> None:
    x = draws(CHAINS, DRAWS).astype(np.float32)
    mapped = jax.jit(jax.vmap(lambda each: diagnostics.summary(each, prob=0.8), -1))(x)
    for found, expected in zip(mapped, ours(x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "argument", "expected"),
    [
        (lambda: diagnostics.summary(np.zeros((2, 3))), "x", "at least 4 draws"),
        (lambda: diagnostics.split_gelman_rubin(np.zeros((2, 3))), "x", "at least 4 draws"),
        (lambda: diagnostics.effective_sample_size(np.zeros((2, 1))), "x", "at least 2 draws"),
        (lambda: diagnostics.effective_sample_size(np.zeros(9)), "x", "(chain draw *event)"),
        (lambda: diagnostics.effective_sample_size(np.zeros((0, 9))), "x", "(chain draw *event)"),
        (lambda: diagnostics.hpdi(np.zeros((2, 0))), "x", "at least 1 draw"),
        (lambda: diagnostics.hpdi(np.zeros((2, 9), complex)), "x", "real draws"),
        (lambda: diagnostics.hpdi(np.zeros((2, 9)), prob=1), "prob", "below 1"),
        (lambda: diagnostics.summary(np.zeros((2, 9)), prob=float("nan")), "prob", "below 1"),
    ],
)
def test_what_is_wrong_is_named(call, argument: str, expected: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        call()
    assert caught.value.argument == argument
    assert expected in caught.value.expected
    assert caught.value.received
