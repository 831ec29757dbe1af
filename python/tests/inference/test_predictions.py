"""Predictions are those of NumPyro's Predictive."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.infer import Predictive

from synjax_worker.errors import InvalidArgument
from synjax_worker.inference.predictions import predictive
from tests.inference.programs import AsProgram

X = np.asarray([0.5, -1.0, 2.0], np.float32)
KEY = jax.random.key(7)
WEIGHTS = np.arange(6, dtype=np.float32).reshape(2, 3)


def model(x, y=None):
    bias = numpyro.param("bias", 0.3)
    weight = numpyro.sample("weight", dist.Normal(0.0, 1.0))
    mean = numpyro.deterministic("mean", bias + weight * x)
    numpyro.sample("y", dist.Normal(mean, 1.0), obs=y)


def guide(x, y=None):
    numpyro.sample("weight", dist.Normal(numpyro.param("center", 0.0), 0.1))


def test_one_for_each_draw_whatever_axes_stand_in_front():
    for leading in ((2, 3), (6,), ()):
        draws = {
            "weight": jnp.asarray(
                WEIGHTS.reshape(-1)[:1].reshape(()) if not leading else WEIGHTS.reshape(leading)
            )
        }
        expected = Predictive(model, draws, batch_ndims=len(leading))(KEY, X)
        mean, y = predictive(AsProgram(model), X, key=KEY, programs=1, names=("mean", "y"), draws=draws)[0]
        assert y.shape == (*leading, 3)
        np.testing.assert_array_equal(y, expected["y"])
        np.testing.assert_array_equal(mean, expected["mean"])


def test_from_the_prior_and_from_a_guide():
    expected = Predictive(model, num_samples=4)(KEY, X)["y"]
    (came,) = predictive(AsProgram(model), X, key=KEY, programs=1, names=("y",), num_samples=4)[0]
    np.testing.assert_array_equal(came, expected)
    params = {"center": jnp.float32(2.0), "bias": jnp.float32(-1.0)}
    expected = Predictive(model, guide=guide, params=params, num_samples=4)(KEY, X)["y"]
    programs = (AsProgram(model), AsProgram(guide))
    came = predictive(
        *programs, X, key=KEY, programs=2, names=("y",), params=params, num_samples=4, alone=True
    )[0]
    np.testing.assert_array_equal(came, expected)


@pytest.mark.parametrize(
    ("draws", "says"),
    [
        ({"weight": jnp.zeros(3), "y": jnp.zeros((2, 3))}, "expected the axes"),
        ({"y": jnp.zeros(())}, "at least its axes"),
        ({"mean": jnp.zeros((2, 3))}, "no random variable of the model"),
    ],
)
def test_draws_that_are_not_of_the_model_are_refused(draws: dict, says: str):
    with pytest.raises(InvalidArgument, match=says):
        predictive(AsProgram(model), X, key=KEY, programs=1, names=("y",), draws=draws)
