"""Distributions of single observations are NumPyro's distributions, by its parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as numpyro
import pytest

from synjax_worker.registry import load

OPS = load().ops
LOC = jnp.array([0.5, -1.0])
COVARIANCE = jnp.array([[[2.0, 0.3], [0.3, 1.0]], [[1.0, 0.0], [0.0, 4.0]]])
CASES = {
    "normal": (numpyro.Normal, {"loc": LOC, "scale": jnp.array([1.0, 2.0])}, 0.3),
    "multivariate_normal": (
        numpyro.MultivariateNormal,
        {"loc": jnp.ones((2, 2)), "covariance_matrix": COVARIANCE},
        jnp.array([0.1, 0.7]),
    ),
    "poisson": (numpyro.Poisson, {"rate": jnp.array([0.5, 9.0])}, 4),
    "categorical": (numpyro.Categorical, {"logits": jnp.array([[0.0, 1.0], [2.0, -1.0]])}, 1),
}


def test_every_one_has_a_case():
    assert {name.removeprefix("dist.") for name in OPS if name.startswith("dist.")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_each_is_the_numpyro_distribution_it_names(name):
    theirs, parameters, value = CASES[name]
    ours = jax.jit(lambda **p: OPS[f"dist.{name}"].fn(**p).log_prob(value))
    expected = theirs(**parameters).log_prob(value)
    assert expected.shape == (2,)
    np.testing.assert_allclose(ours(**parameters), expected, rtol=1e-6)
