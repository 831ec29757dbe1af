"""Emissions that are distributions of NumPyro's, taken apart by `vmap`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro import distributions as emissions

from synjax_worker.distributions import emission

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
