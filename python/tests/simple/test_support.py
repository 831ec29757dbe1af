"""Where values lie: outside the log-probability is -inf, its derivative is a number, and every draw lies inside."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from .cases import ask, ours, transform

INF = np.inf


def log_prob(of: Any, value: Any) -> np.ndarray:
    return np.asarray(jax.jit(lambda x: ask("log_prob", of, x))(jnp.array(value)))


# What lies outside, then what lies inside.
VALUES: dict[str, tuple[Any, list[Any], list[Any]]] = {
    "normal": (ours("normal"), [INF, -INF], [0.0, 1e9]),
    "half_normal": (ours("half_normal"), [-0.1, INF], [0.0, 1.0]),  # finite at 0
    "exponential": (ours("exponential"), [-1.0, -INF], [0.0, 1.0]),
    "gamma": (ours("gamma", concentration=2.0), [-1.0, 0.0, INF], [1.0]),
    "log_normal": (ours("log_normal"), [-1.0, 0.0], [1.0]),
    "uniform": (ours("uniform", low=jnp.array(-1.0), high=2.0), [-1.1, 2.1], [-1.0, 2.0]),
    "beta": (ours("beta", concentration1=2.0, concentration0=2.0), [-0.1, 1.1], [0.5]),
    "poisson": (ours("poisson", rate=2.0), [-1.0, 0.5], [0.0, 3.0]),
    "categorical": (ours("categorical", logits=jnp.zeros(3)), [3, -1], [0, 2]),
    "bernoulli": (ours("bernoulli", probs=0.2), [2, -1], [0, 1]),
    "multinomial": (
        ours("multinomial", probs=jnp.array([0.2, 0.8]), total_count=3),
        [[1, 1], [-1, 4], [1.5, 1.5]],
        [[1, 2]],
    ),
    "dirichlet": (
        ours("dirichlet", concentration=jnp.array([2.0, 3.0])),
        [[0.5, 0.6], [-0.5, 1.5]],
        [[0.5, 0.5]],
    ),
    "lkj": (
        ours("lkj", dimension=2),
        [[[1.0, 0.2], [0.3, 1.0]], [[1.0, 2.0], [2.0, 1.0]]],
        [[[1.0, 0.2], [0.2, 1.0]]],
    ),
    "delta": (ours("delta", v=jnp.array([1.0, 2.0]), event_dim=1), [[1.0, 2.5], [0.0, 2.0]], [[1.0, 2.0]]),
    "truncated": (ours("truncated", ours("normal"), low=0.0), [-0.5], [0.5]),
    "improper_uniform": (
        ours("improper_uniform", support="positive", event_shape=(2,)),
        [[1.0, -1.0]],
        [[1.0, 2.0]],
    ),
    "transformed": (  # where it comes from must be positive as well
        ours("transformed", ours("exponential"), (transform("affine", loc=1.0, scale=2.0),)),
        [0.5],
        [1.5],
    ),
    "mixture": (
        ours(
            "mixture",
            mixing_distribution=ours("categorical", probs=jnp.array([0.5, 0.5])),
            component_distributions=ours("exponential", rate=jnp.array([1.0, 2.0])),
        ),
        [-1.0],
        [1.0],
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_outside_the_support_the_log_probability_is_minus_infinity(name: str) -> None:
    of, outside, inside = VALUES[name]
    values = jnp.array([*outside, *inside])
    lies = np.arange(len(values)) >= len(outside)

    @jax.jit
    def found(x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        gradient = jax.grad(lambda x: jnp.sum(jnp.where(lies, ask("log_prob", of, x), 0)))
        slope = gradient(x) if jnp.issubdtype(x.dtype, jnp.floating) else x
        return ask("log_prob", of, x), ask("in_support", of, x), slope

    log, within, slope = map(np.asarray, found(values))
    assert within.tolist() == lies.tolist()
    assert np.isneginf(log[~lies]).all() and np.isfinite(log[lies]).all()
    assert np.isfinite(slope).all()


def test_nan_is_no_value_and_stays_nan() -> None:
    assert np.isnan(log_prob(ours("normal"), [np.nan])).all()
    assert np.isnan(log_prob(ours("dirichlet", concentration=jnp.ones(2)), [np.nan, 0.5])).all()
    assert not ask("in_support", ours("normal"), jnp.array(np.nan))


def test_where_it_is_masked_a_value_does_not_matter() -> None:
    of = ours("masked", ours("exponential", rate=jnp.ones(3)), jnp.array([True, False, True]))
    np.testing.assert_array_equal(log_prob(of, [1.0, -1.0, -1.0]), [-1.0, 0.0, -INF])
    assert log_prob(ours("masked", ours("exponential"), False), -1.0) == 0
    assert log_prob(ours("masked", ours("exponential"), True), 1.0) == -1


def test_events_of_independent_parts_lie_inside_together() -> None:
    of = ours("independent", ours("exponential", rate=jnp.ones((2, 3))), reinterpreted_batch_ndims=1)
    value = jnp.array([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0]])
    np.testing.assert_array_equal(log_prob(of, value), [-3.0, -INF])
    np.testing.assert_array_equal(ask("in_support", of, value), [True, False])


@pytest.mark.parametrize(
    "of",
    [
        ours("dirichlet", concentration=jnp.full(2000, 0.1)),
        ours("lkj_cholesky", dimension=12),
        ours("lkj", dimension=12),
    ],
    ids=["dirichlet", "lkj_cholesky", "lkj"],
)
def test_what_is_drawn_in_32_bits_lies_inside(of: Any) -> None:
    """NumPyro's own tolerance is too small for sums of many."""
    draw = jax.jit(lambda key: ask("sample", of, key, sample_shape=(20,)))(jax.random.key(1))
    assert np.asarray(ask("in_support", of, draw)).all()
