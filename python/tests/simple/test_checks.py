"""Parameters that are not allowed are found on the device, by the name that they were given under."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.errors import InvalidArgument

from .cases import CASES, OPS, arrays, ours, statics

NAN, INF = np.nan, np.inf
LOPSIDED, INDEFINITE = [[1.0, 0.5], [0.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]]

# The constructor, its parameters, which of them is wrong, and the entry that is.
WRONG: list[tuple[str, dict[str, Any], str, float]] = [
    ("normal", {"loc": [0.0, NAN]}, "loc", NAN),
    ("normal", {"scale": [1.0, 0.0]}, "scale", 0),
    ("normal", {"scale": [1.0, INF]}, "scale", INF),
    ("student_t", {"df": [-1.0]}, "df", -1),
    ("gamma", {"concentration": [1.0], "rate": [-2.0]}, "rate", -2),
    ("uniform", {"low": [0.0, 2.0], "high": [1.0, 2.0]}, "high", 2),
    ("uniform", {"low": [3.0]}, "high", 1),  # against the default
    ("truncated_normal", {"low": [1.0], "high": [0.0]}, "high", 0),
    ("truncated_normal", {"scale": [-1.0], "low": [1.0]}, "scale", -1),
    ("dirichlet", {"concentration": [1.0, 0.0]}, "concentration", 0),
    ("multivariate_normal", {"covariance_matrix": LOPSIDED}, "covariance_matrix", 0.5),
    ("multivariate_normal", {"covariance_matrix": INDEFINITE}, "covariance_matrix", NAN),
    ("multivariate_normal", {"precision_matrix": INDEFINITE}, "precision_matrix", NAN),
    ("multivariate_normal", {"scale_tril": [[-1.0, 0.0], [0.0, 1.0]]}, "scale_tril", -1),
    ("multivariate_normal", {"scale_tril": [[1.0, 3.0], [0.0, 1.0]]}, "scale_tril", 3),
    ("multivariate_student_t", {"df": [3.0], "scale_tril": [[0.0]]}, "scale_tril", 0),
    (
        "low_rank_multivariate_normal",
        {"loc": [0.0], "cov_factor": [[1.0]], "cov_diag": [-1.0]},
        "cov_diag",
        -1,
    ),
    ("lkj", {"dimension": 2, "concentration": [0.0]}, "concentration", 0),
    ("bernoulli", {"probs": [0.5, 1.5]}, "probs", 1.5),
    ("bernoulli", {"logits": [NAN]}, "logits", NAN),
    ("categorical", {"probs": [[0.5, 0.5], [0.6, 0.5]]}, "probs", 0.6),
    ("categorical", {"logits": [-INF, INF]}, "logits", INF),
    ("binomial", {"probs": [0.5], "total_count": [-1]}, "total_count", -1),
    ("poisson", {"rate": [-1.0]}, "rate", -1),
    ("zero_inflated_poisson", {"gate": [2.0]}, "gate", 2),
    ("ordered_logistic", {"predictor": [0.0], "cutpoints": [1.0, 0.0]}, "cutpoints", 1),
    ("discrete_uniform", {"low": [3], "high": [2]}, "high", 2),
]


def first_found(name: str, parameters: dict[str, Any]) -> tuple[str, float] | None:
    op = OPS[f"dist.{name}"]
    for check in op.checks(**arrays(parameters), **statics(parameters)) if op.checks else ():
        bad = np.asarray(check.bad)
        if bad.any():
            return check.argument, float(np.broadcast_to(check.value, bad.shape)[bad][0])
    return None


@pytest.mark.parametrize(("name", "parameters", "argument", "received"), WRONG)
def test_a_wrong_parameter_is_named(
    name: str, parameters: dict[str, Any], argument: str, received: float
) -> None:
    found = first_found(name, parameters)
    assert found is not None and found[0] == argument
    np.testing.assert_equal(found[1], np.float32(received))


def test_examples_are_allowed() -> None:
    @jax.jit
    def refused() -> dict[str, list[jax.Array]]:
        return {
            name: [check.bad.any() for check in OPS[f"dist.{name}"].checks(**arrays(p), **statics(p))]
            for name, (p, _) in CASES.items()
            if OPS[f"dist.{name}"].checks
        }

    assert not any(map(any, refused().values()))


def test_logits_may_forbid_a_symbol_and_bounds_be_infinite() -> None:
    assert first_found("categorical", {"logits": [0.0, -INF]}) is None
    assert first_found("truncated_normal", {"low": [-INF], "high": [INF]}) is None


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("bernoulli", {}, "probs", "none of them"),
    ("bernoulli", {"probs": 0.1, "logits": 0.2}, "logits", "`probs` and `logits`"),
    ("multivariate_normal", {"loc": jnp.zeros(2)}, "covariance_matrix", "none of them"),
    ("categorical", {"probs": 0.5}, "probs", "float32[]"),
    ("dirichlet", {"concentration": jnp.array(1.0)}, "concentration", "float32[]"),
    ("lkj", {"dimension": 1}, "dimension", "1"),
    ("gaussian_random_walk", {"num_steps": 0}, "num_steps", "0"),
    ("delta", {"v": jnp.zeros(2), "event_dim": 2}, "event_dim", "2"),
    ("improper_uniform", {"support": "simplex"}, "event_shape", "()"),
    ("improper_uniform", {"support": "odd"}, "support", '"odd"'),
    ("multinomial", {"probs": jnp.ones(2) / 2, "total_count": -1}, "total_count", "-1"),
]


@pytest.mark.parametrize(("name", "parameters", "argument", "received"), REFUSED)
def test_what_is_known_at_once_is_refused_at_once(
    name: str, parameters: dict[str, Any], argument: str, received: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        ours(name, **parameters)
    assert (caught.value.argument, caught.value.received) == (argument, received)


NORMAL = ours("normal", loc=jnp.zeros((2, 3)))


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: ours("independent", NORMAL, reinterpreted_batch_ndims=3), "reinterpreted_batch_ndims"),
        (lambda: ours("expanded", NORMAL, batch_shape=(3,)), "batch_shape"),
        (lambda: ours("masked", NORMAL, jnp.ones(2, bool)), "mask"),
        (lambda: ours("truncated", ours("gamma", concentration=1.0), low=0.0), "base_dist"),
        (lambda: ours("transformed", NORMAL, ()), "transforms"),
        (lambda: ours("mixture", mixing_distribution=NORMAL, component_distributions=NORMAL), "mixing_distribution"),
        (
            lambda: ours(
                "mixture",
                mixing_distribution=ours("categorical", logits=jnp.zeros(2)),
                component_distributions=NORMAL,
            ),
            "component_distributions",
        ),
        (
            lambda: ours(
                "mixture",
                mixing_distribution=ours("categorical", logits=jnp.zeros(2)),
                component_distributions=ours("uniform", high=jnp.array([1.0, 2.0])),
            ),
            "component_distributions",
        ),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(make: Any, argument: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert caught.value.argument == argument


def test_checks_change_no_derivative() -> None:
    def total(scale: jax.Array) -> jax.Array:
        return jnp.sum(ours("normal", scale=scale).log_prob(1.0))

    assert jax.grad(total)(jnp.float32(2)) == pytest.approx(-0.5 + 1 / 8)
