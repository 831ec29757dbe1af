"""Every constructor makes NumPyro's distribution: the same draws from the same key, the same answers."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as numpyro
import pytest
import scipy.stats

from synjax_worker.errors import InvalidArgument

from .cases import CASES, COMBINED, NAMES, OPS, arrays, ask, made, ours

EXAMPLES = [*CASES, *COMBINED]
DRAWN = [name for name in EXAMPLES if name != "improper_uniform"]
SHAPE = (3,)


def test_every_one_has_a_case() -> None:
    assert set(NAMES) == set(CASES) | (set(COMBINED) - {"mixture of several"})


def answers(of: Any, key: jax.Array, query: Any) -> dict[str, Any]:
    """What a distribution answers; what it does not is left out."""
    found = {}
    for name in ("mean", "variance", "entropy"):
        try:
            found[name] = query(of, name)
        except (InvalidArgument, NotImplementedError, AttributeError):
            continue
    return found


@functools.cache
def compared(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draws, their log-probabilities, moments: ours and NumPyro's, on the device."""

    @jax.jit
    def both(key: jax.Array) -> tuple[dict[str, Any], dict[str, Any]]:
        mine, theirs = made(name)
        x, y = ask("sample", mine, key, sample_shape=SHAPE), theirs.sample(key, SHAPE)
        here = {"draws": x, "log_prob": ask("log_prob", mine, x)}
        there = {"draws": y, "log_prob": theirs.log_prob(y)}
        here |= answers(mine, key, lambda of, query: ask(query, of))
        there |= answers(
            theirs, key, lambda of, query: of.entropy() if query == "entropy" else getattr(of, query)
        )
        return here, there

    return both(jax.random.key(3))


@pytest.mark.parametrize("name", DRAWN)
def test_answers_are_those_of_numpyro(name: str) -> None:
    mine, theirs = compared(name)
    assert mine.keys() == theirs.keys()
    for query in mine:
        expected = np.broadcast_to(np.asarray(theirs[query]), mine[query].shape)
        np.testing.assert_allclose(mine[query], expected, rtol=1e-5, err_msg=query)
    discrete = made(name)[1].support.is_discrete
    assert mine["draws"].dtype == (jnp.int32 if discrete else jnp.float32)
    assert mine["log_prob"].dtype == jnp.float32
    assert np.isfinite(mine["log_prob"]).all()


SCIPY = {
    "normal": lambda p: scipy.stats.norm(p["loc"], p["scale"]),
    "log_normal": lambda p: scipy.stats.lognorm(p["scale"], scale=np.exp(p["loc"])),
    "half_normal": lambda p: scipy.stats.halfnorm(scale=p["scale"]),
    "student_t": lambda p: scipy.stats.t(p["df"], p["loc"], p["scale"]),
    "laplace": lambda p: scipy.stats.laplace(p["loc"], p["scale"]),
    "logistic": lambda p: scipy.stats.logistic(p["loc"], p["scale"]),
    "gumbel": lambda p: scipy.stats.gumbel_r(p["loc"], p["scale"]),
    "von_mises": lambda p: scipy.stats.vonmises(p["concentration"], p["loc"]),
    "exponential": lambda p: scipy.stats.expon(scale=1 / p["rate"]),
    "gamma": lambda p: scipy.stats.gamma(p["concentration"], scale=1 / p["rate"]),
    "inverse_gamma": lambda p: scipy.stats.invgamma(p["concentration"], scale=p["rate"]),
    "chi2": lambda p: scipy.stats.chi2(p["df"]),
    "pareto": lambda p: scipy.stats.pareto(p["alpha"], scale=p["scale"]),
    "weibull": lambda p: scipy.stats.weibull_min(p["concentration"], scale=p["scale"]),
    "beta": lambda p: scipy.stats.beta(p["concentration1"], p["concentration0"]),
    "truncated_normal": lambda p: scipy.stats.truncnorm(
        (-1 - p["loc"]) / p["scale"], (2 - p["loc"]) / p["scale"], p["loc"], p["scale"]
    ),
    "poisson": lambda p: scipy.stats.poisson(p["rate"]),
    "geometric": lambda p: scipy.stats.geom(p["probs"], loc=-1),
    "bernoulli": lambda p: scipy.stats.bernoulli(p["probs"]),
    "beta_binomial": lambda p: scipy.stats.betabinom(5, p["concentration1"], p["concentration0"]),
    "negative_binomial2": lambda p: scipy.stats.nbinom(
        p["concentration"], p["concentration"] / (p["concentration"] + p["mean"])
    ),
}


@pytest.mark.parametrize("name", SCIPY)
def test_log_probabilities_and_moments_are_those_of_scipy(name: str) -> None:
    mine, _ = compared(name)
    parameters = {key: np.asarray(value, np.float64) for key, value in arrays(CASES[name].parameters).items()}
    of = SCIPY[name](parameters)
    log = of.logpmf if mine["draws"].dtype == jnp.int32 else of.logpdf
    np.testing.assert_allclose(
        mine["log_prob"], log(np.asarray(mine["draws"], np.float64)), rtol=2e-4, atol=1e-5
    )
    if name != "von_mises":  # NumPyro's variance is the circular one
        np.testing.assert_allclose(mine["mean"], of.mean(), rtol=1e-3)
        np.testing.assert_allclose(mine["variance"], of.var(), rtol=1e-3)


# What NumPyro's signature makes optional, and its constructor then refuses; and a dtype that nothing would say.
REQUIRED_HERE = {("multivariate_student_t", "scale_tril"), ("delta", "v")}


def test_what_may_be_left_out_is_what_numpyro_says() -> None:
    """Of every constructor: parameters without a default of NumPyro's are required, the others are not."""
    for name, case in CASES.items():
        if not isinstance(case.theirs, type):
            continue
        for parameter in OPS[f"dist.{name}"].parsed.options:
            own = case.theirs.__signature__.parameters[parameter.name]
            is_required = own.default is own.empty or (name, parameter.name) in REQUIRED_HERE
            assert is_required == (not parameter.optional), (name, parameter.name)


def test_numbers_are_float32_and_64_bits_stay() -> None:
    """A program with 64-bit tensors anywhere runs with x64 on: what is not one of these is as it was."""
    plain = ask("sample", ours("normal", loc=1, scale=2.0), jax.random.key(0), sample_shape=(2,))
    with jax.enable_x64(True):
        key = jax.random.key(0)
        within = jax.jit(lambda: ask("sample", ours("normal", loc=1, scale=2.0), key, sample_shape=(2,)))()
        wide = ours("normal", loc=np.float64(1), scale=2.0)
        drawn = jax.jit(lambda: ask("sample", wide, key, sample_shape=(2,)))()
        expected = numpyro.Normal(np.float64(1), np.float64(2)).sample(key, (2,))
        assert (within.dtype, wide.scale.dtype, drawn.dtype) == (jnp.float32, jnp.float64, jnp.float64)
        np.testing.assert_array_equal(drawn, expected)
        counts = ask("sample", ours("poisson", rate=np.float64(3)), key)
        assert counts.dtype == jnp.int32
    np.testing.assert_array_equal(within, plain)
