"""What a distribution is asked: NumPyro's answers where it has them, and words where it has none."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as numpyro
import pytest
import scipy.stats

from synjax_worker.errors import InvalidArgument

from .cases import ask, ours, transform

PAIRS = {
    "normal": ({"loc": 0.5, "scale": 2.0}, {"loc": 0.0, "scale": 1.0}),
    "gamma": ({"concentration": 2.0, "rate": 1.0}, {"concentration": 3.0, "rate": 2.0}),
    "categorical": ({"logits": jnp.array([0.0, 1.0])}, {"probs": jnp.array([0.7, 0.3])}),
    "dirichlet": ({"concentration": jnp.array([1.0, 2.0])}, {"concentration": jnp.array([2.0, 2.0])}),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_divergence_is_the_expectation_of_the_log_ratio(name: str) -> None:
    p, q = (ours(name, **parameters) for parameters in PAIRS[name])

    @jax.jit
    def found(key: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        x = ask("sample", p, key, sample_shape=(4000,))
        ratio = ask("log_prob", p, x) - ask("log_prob", q, x)
        return ask("kl_divergence", p, q), ratio.mean(), ratio.std() / np.sqrt(4000)

    divergence, mean, deviation = found(jax.random.key(5))
    assert abs(divergence - mean) < 4 * deviation and divergence > 0.01


def test_distribution_functions_and_their_inverses() -> None:
    x, q = jnp.array([-1.0, 0.5]), jnp.array([0.1, 0.9])
    of = ours("normal", loc=0.5, scale=2.0)
    np.testing.assert_allclose(ask("cdf", of, x), scipy.stats.norm(0.5, 2).cdf(x), rtol=1e-5)
    np.testing.assert_allclose(ask("icdf", of, q), scipy.stats.norm(0.5, 2).ppf(q), rtol=1e-5)


def test_all_values_of_a_discrete_distribution() -> None:
    of = ours("categorical", logits=jnp.zeros((2, 3)))
    assert ask("enumerate_support", of).tolist() == [[0, 0], [1, 1], [2, 2]]
    assert ask("enumerate_support", of, expand=False).tolist() == [[0], [1], [2]]
    counts = jax.jit(lambda p: ask("enumerate_support", ours("binomial", probs=p, total_count=2)))(0.5)
    assert counts.tolist() == [0, 1, 2] and counts.dtype == jnp.int32


NONE = {
    "entropy of AsymmetricLaplace": lambda: ask("entropy", ours("asymmetric_laplace")),
    "sample of ImproperUniform": lambda: ask(
        "sample", ours("improper_uniform", support="real"), jax.random.key(0)
    ),
    "mean of LKJCholesky": lambda: ask("mean", ours("lkj_cholesky", dimension=2)),
    "cdf of Dirichlet": lambda: ask("cdf", ours("dirichlet", concentration=jnp.ones(2)), jnp.ones(2) / 2),
    "icdf of Poisson": lambda: ask("icdf", ours("poisson", rate=1.0), 0.5),
    "enumerate_support of Normal": lambda: ask("enumerate_support", ours("normal")),
    "KL divergence of Cauchy and Normal": lambda: ask("kl_divergence", ours("cauchy"), ours("normal")),
    "variance of TransformedDistribution": lambda: ask(
        "variance", ours("transformed", ours("normal"), (transform("exp"),))
    ),
}


@pytest.mark.parametrize("what", NONE)
def test_what_numpyro_has_not_is_said_in_words(what: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^NumPyro has no {what}\\.$"):
        NONE[what]()


def test_how_many_values_there_are_must_be_known() -> None:
    with pytest.raises(InvalidArgument, match="how many values a Binomial has"):
        jax.jit(lambda n: ask("enumerate_support", ours("binomial", probs=0.5, total_count=n)))(3)


@pytest.mark.parametrize(
    ("of", "value"),
    [
        (ours("normal", loc=jnp.zeros(3)), jnp.zeros(2)),
        (ours("dirichlet", concentration=jnp.ones(3)), jnp.ones(2)),
        (ours("dirichlet", concentration=jnp.ones(3)), jnp.array(1.0)),
    ],
)
def test_values_of_another_shape_are_refused(of: Any, value: jax.Array) -> None:
    with pytest.raises(InvalidArgument) as caught:
        ask("log_prob", of, value)
    assert caught.value.argument == "value" and "expected events" in caught.value.message


def test_divergence_of_other_events_is_refused() -> None:
    two, three = (ours("dirichlet", concentration=jnp.ones(size)) for size in (2, 3))
    with pytest.raises(InvalidArgument, match="`other` has events"):
        ask("kl_divergence", two, three)


def test_transforms_are_those_of_numpyro() -> None:
    names = ("exp", "sigmoid", "softplus", "ordered", "stick_breaking", "lower_cholesky", "corr_cholesky")

    @jax.jit
    def found(key: jax.Array) -> dict[str, Any]:
        base, of = numpyro.Normal(jnp.zeros(3), 1.0), {}
        for name in names:
            mine = ours("transformed", base, (transform(name),))
            theirs = numpyro.TransformedDistribution(base, _numpyro_transform(name))
            draw = ask("sample", mine, key)
            of[name] = (draw, ask("log_prob", mine, draw)), (theirs.sample(key), theirs.log_prob(draw))
        return of

    of = found(jax.random.key(1))
    for mine, theirs in of.values():
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4), mine, theirs)
    assert [of[name][0][0].shape for name in names[-3:]] == [(4,), (2, 2), (3, 3)]


def _numpyro_transform(name: str) -> Any:
    from numpyro.distributions import transforms

    return getattr(transforms, "".join(part.capitalize() for part in name.split("_")) + "Transform")()
