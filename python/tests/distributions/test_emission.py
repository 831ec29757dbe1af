"""Emissions that are distributions of NumPyro's, taken apart by `vmap`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as emissions

from synjax_worker.distributions import HMM, emission
from synjax_worker.errors import InvalidArgument
from tests.compiling import program

B, N, T = 2, 4, 3
LOC = jnp.arange(B * T, dtype=jnp.float32).reshape(B, T)
VECTORS = jnp.stack([LOC, -LOC], -1)
KINDS = {
    "normal": emissions.Normal(LOC, 0.5),
    "poisson": emissions.Poisson(LOC + 1),
    "multivariate normal": emissions.MultivariateNormal(VECTORS, covariance_matrix=2 * jnp.eye(2)),
    "logits": emissions.Categorical(logits=VECTORS),
    "probabilities": emissions.Categorical(probs=jax.nn.softmax(VECTORS)),
}


def seen(of: emissions.Distribution) -> jax.Array:
    return of.sample(jax.random.key(0), (N,))[:, :, 0].swapaxes(0, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_log_likelihoods_of_an_item_are_those_of_its_parameters(kind: str) -> None:
    of = KINDS[kind]
    observed, together = jax.jit(lambda: (seen(of), emission.log_likelihoods(of, seen(of))))()
    assert together.shape == (B, N, T)
    if kind == "normal":  # its scale is everybody's: it can be mapped only where it has the axis
        of = emissions.Normal(LOC, jnp.full(LOC.shape, 0.5))
    if kind == "multivariate normal":
        of = emissions.MultivariateNormal(VECTORS, scale_tril=jnp.broadcast_to(of.scale_tril, (B, T, 2, 2)))
    mapped = jax.jit(jax.vmap(emission.log_likelihoods))(of, observed)
    np.testing.assert_allclose(mapped, together, rtol=1e-5)


def test_a_distribution_with_the_shape_it_tells_stays_itself() -> None:
    for of in (*KINDS.values(), emissions.Laplace(LOC, 1.0)):
        assert emission.of_its_parameters(of) is of


def test_categorical_emissions_are_fitted_in_their_own_spelling() -> None:
    weights = jnp.array([[1.0, 0.0], [1.0, 0.0], [2.0, 1.0]])
    observed = jnp.array([0, 1, 1])
    wanted = [[0.25, 0.75], [0.0, 1.0]]
    for of in (
        emissions.Categorical(probs=jnp.full((2, 2), 0.5)),
        emissions.Categorical(logits=jnp.zeros((2, 2))),
    ):
        fitted = emission.fit(of, observed, weights)
        assert type(fitted) is type(of)
        np.testing.assert_allclose(fitted.probs, wanted, atol=1e-6)


CORRELATED = jnp.array([[1.0, 2.0], [2.0, 1.0]])
WRONG = {
    "a mean that is no number": (lambda: emissions.Normal(jnp.array([0, jnp.nan]), 1.0), "loc", "nan"),
    "a scale of 0": (lambda: emissions.Normal(jnp.zeros(2), jnp.array([1.0, 0.0])), "scale", "0.0"),
    "a negative scale": (lambda: emissions.Normal(jnp.zeros(2), jnp.array([1.0, -1.0])), "scale", "-1.0"),
    "a scale without end": (lambda: emissions.Normal(jnp.zeros(2), jnp.inf), "scale", "inf"),
    "a negative rate": (lambda: emissions.Poisson(jnp.array([1.0, -1.0])), "rate", "-1.0"),
    "no covariance": (
        lambda: emissions.MultivariateNormal(jnp.zeros((2, 2)), covariance_matrix=CORRELATED),
        "covariance_matrix",
        "nan",
    ),
    "a lopsided covariance": (
        lambda: emissions.MultivariateNormal(jnp.zeros((2, 2)), covariance_matrix=jnp.tril(CORRELATED / 3)),
        "covariance_matrix",
        "0.0",
    ),
    "a factor of a negative diagonal": (
        lambda: emissions.MultivariateNormal(jnp.zeros((2, 2)), scale_tril=-jnp.eye(2)),
        "scale_tril",
        "-1.0",
    ),
    "logits that are no numbers": (
        lambda: emissions.Categorical(logits=jnp.array([[0, -jnp.inf], [0, jnp.nan]])),
        "logits",
        "nan",
    ),
    "probabilities that sum to more": (
        lambda: emissions.Categorical(probs=jnp.array([[0.5, 0.5], [0.6, 0.5]])),
        "probs",
        "0.6",
    ),
    "another family's shape": (lambda: emissions.Gamma(jnp.array([1.0, -2.0]), 1.0), "concentration", "-2.0"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_parameter_is_named_and_not_blamed_on_the_observations(what: str) -> None:
    make, name, received = WRONG[what]
    with numpyro.validation_enabled(False):  # as it is where the values are traced
        of = make()
        observations = jnp.ones((3, *of.event_shape))
        if isinstance(of, emissions.CategoricalLogits | emissions.CategoricalProbs):
            observations = observations.astype(jnp.int32)
        argument = f"emission_dist.{name}"
        with pytest.raises(InvalidArgument) as caught:
            HMM(jnp.zeros(2), jnp.zeros((2, 2)), of, observations)
        assert (caught.value.argument, caught.value.received) == (argument, received)
        names: list[str] = []

        @program
        def found(of: emissions.Distribution) -> list[jax.Array]:
            checks = of_hmm(of, observations).checks()
            names.extend(check.argument for check in checks)
            return [check.bad.any() for check in checks]

        traced = found(of)
    assert names[next(i for i, bad in enumerate(traced) if bad)] == argument


def of_hmm(of: emissions.Distribution, observations: jax.Array) -> HMM:
    return HMM(jnp.zeros(2), jnp.zeros((2, 2)), of, observations)


def test_parameters_at_their_bounds_are_taken() -> None:
    zero = of_hmm(emissions.Poisson(jnp.array([0.0, 1.0])), jnp.array([0, 0]))
    assert np.isfinite(zero.log_partition())
    logits = jnp.array([[0.0, -jnp.inf], [0.0, 0.0]])
    forbidden = emissions.Categorical(logits=logits, validate_args=False)
    assert np.isfinite(of_hmm(forbidden, jnp.array([0, 1])).log_partition())
