"""An example of every constructor of `dist`: its parameters, and NumPyro's distribution of the same.

The tests of this folder and the calls from TypeScript (`golden.py`) use these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpyro.distributions as numpyro
from numpyro.distributions import constraints, transforms

from synjax_worker.registry import load

OPS = load().ops
NAMES = sorted(name.removeprefix("dist.") for name in OPS if name.startswith("dist."))


class Case(NamedTuple):
    """Tensors are traced; plain numbers, strings and shapes are part of the program."""

    parameters: dict[str, Any]
    theirs: Callable[..., numpyro.Distribution]


def a(*numbers: Any) -> list[Any]:
    return list(numbers)


def of(cls: Any, **parameters: Any) -> Case:
    return Case(parameters, cls)


COVARIANCE = a(a(2.0, 0.3), a(0.3, 1.0))
FACTOR = a(a(1.0, 0.0), a(0.5, 2.0))

CASES: dict[str, Case] = {
    "normal": of(numpyro.Normal, loc=a(0.5, -1.0), scale=a(1.0, 2.0)),
    "log_normal": of(numpyro.LogNormal, loc=a(0.3, 0.0), scale=a(0.5, 1.0)),
    "half_normal": of(numpyro.HalfNormal, scale=a(1.0, 2.0)),
    "student_t": of(numpyro.StudentT, df=a(3.0, 5.0), loc=a(0.1, 0.0), scale=a(1.0, 2.0)),
    "cauchy": of(numpyro.Cauchy, loc=a(0.5, -1.0)),
    "half_cauchy": of(numpyro.HalfCauchy, scale=a(1.0, 2.0)),
    "laplace": of(numpyro.Laplace, loc=a(0.5, -1.0), scale=a(1.0, 2.0)),
    "asymmetric_laplace": of(numpyro.AsymmetricLaplace, loc=a(0.5, -1.0), asymmetry=a(1.0, 2.0)),
    "logistic": of(numpyro.Logistic, loc=a(0.5, -1.0), scale=a(1.0, 2.0)),
    "gumbel": of(numpyro.Gumbel, loc=a(0.5, -1.0), scale=a(1.0, 2.0)),
    "von_mises": of(numpyro.VonMises, loc=a(0.0, 0.5), concentration=a(2.0, 3.0)),
    "uniform": of(numpyro.Uniform, low=a(0.0, 1.0), high=a(2.0, 3.0)),
    "exponential": of(numpyro.Exponential, rate=a(1.0, 2.0)),
    "gamma": of(numpyro.Gamma, concentration=a(1.5, 2.0), rate=a(1.0, 3.0)),
    "inverse_gamma": of(numpyro.InverseGamma, concentration=a(2.5, 3.0), rate=a(1.0, 3.0)),
    "chi2": of(numpyro.Chi2, df=a(1.0, 3.0)),
    "pareto": of(numpyro.Pareto, scale=a(1.0, 2.0), alpha=a(2.5, 3.0)),
    "weibull": of(numpyro.Weibull, scale=a(1.0, 2.0), concentration=a(2.0, 3.0)),
    "beta": of(numpyro.Beta, concentration1=a(1.0, 2.0), concentration0=a(3.0, 2.0)),
    "kumaraswamy": of(numpyro.Kumaraswamy, concentration1=a(1.0, 2.0), concentration0=a(3.0, 2.0)),
    "dirichlet": of(numpyro.Dirichlet, concentration=a(a(1.0, 2.0, 3.0), a(3.0, 1.0, 0.5))),
    "multivariate_normal": of(
        numpyro.MultivariateNormal, loc=a(a(1.0, 1.0), a(0.0, 2.0)), covariance_matrix=COVARIANCE
    ),
    "low_rank_multivariate_normal": of(
        numpyro.LowRankMultivariateNormal,
        loc=a(a(1.0, 1.0), a(0.0, 2.0)),
        cov_factor=a(a(1.0), a(0.5)),
        cov_diag=a(1.0, 2.0),
    ),
    "multivariate_student_t": of(
        numpyro.MultivariateStudentT, df=a(3.0, 5.0), loc=a(1.0, 0.0), scale_tril=FACTOR
    ),
    "lkj": of(numpyro.LKJ, dimension=3, concentration=a(1.0, 2.0)),
    "lkj_cholesky": of(numpyro.LKJCholesky, dimension=3, concentration=a(1.0, 2.0)),
    "gaussian_random_walk": of(numpyro.GaussianRandomWalk, scale=a(1.0, 2.0), num_steps=4),
    "poisson": of(numpyro.Poisson, rate=a(1.0, 3.0)),
    "gamma_poisson": of(numpyro.GammaPoisson, concentration=a(1.5, 2.0), rate=a(1.0, 3.0)),
    "negative_binomial2": of(numpyro.NegativeBinomial2, mean=a(1.0, 3.0), concentration=a(2.0, 0.5)),
    "zero_inflated_poisson": of(numpyro.ZeroInflatedPoisson, gate=a(0.1, 0.4), rate=a(1.0, 3.0)),
    "beta_binomial": of(
        numpyro.BetaBinomial, concentration1=a(1.0, 2.0), concentration0=a(3.0, 2.0), total_count=5
    ),
    "ordered_logistic": of(numpyro.OrderedLogistic, predictor=a(0.0, 1.0), cutpoints=a(-1.0, 1.0)),
    "bernoulli": of(numpyro.Bernoulli, probs=a(0.1, 0.6)),
    "binomial": of(numpyro.Binomial, logits=a(0.1, -0.6), total_count=5),
    "geometric": of(numpyro.Geometric, probs=a(0.3, 0.6)),
    "categorical": of(numpyro.Categorical, logits=a(a(0.0, 1.0, 0.5), a(2.0, -1.0, 0.0))),
    "multinomial": of(numpyro.Multinomial, probs=a(a(0.2, 0.3, 0.5), a(0.6, 0.3, 0.1)), total_count=4),
    "dirichlet_multinomial": of(
        numpyro.DirichletMultinomial, concentration=a(a(1.0, 2.0, 3.0), a(3.0, 1.0, 0.5)), total_count=4
    ),
    "discrete_uniform": of(numpyro.DiscreteUniform, low=0, high=3),
    "delta": of(numpyro.Delta, v=a(1.0, 2.0), log_density=a(0.0, -1.0)),
    "improper_uniform": Case(
        {"support": "simplex", "batch_shape": (2,), "event_shape": (3,)},
        lambda support, **shapes: numpyro.ImproperUniform(constraints.simplex, **shapes),
    ),
    "truncated_normal": of(numpyro.TruncatedNormal, loc=a(0.0, 1.0), scale=a(1.0, 2.0), low=-1.0, high=2.0),
}

NORMAL = numpyro.Normal(jnp.array(a(0.5, -1.0)), jnp.array(a(1.0, 2.0)))
WEIGHTS = numpyro.Categorical(probs=jnp.array(a(0.3, 0.7)))

# Made of the distributions above: how, and NumPyro's of the same. The numbers are traced in the products of others.
COMBINED: dict[str, tuple[Callable[[], Any], Callable[[], numpyro.Distribution]]] = {
    "truncated": (
        lambda: ours("truncated", NORMAL, low=jnp.array(a(0.0, -1.0))),
        lambda: numpyro.TruncatedDistribution(NORMAL, low=jnp.array(a(0.0, -1.0))),
    ),
    "mixture": (
        lambda: ours("mixture", mixing_distribution=WEIGHTS, component_distributions=NORMAL),
        lambda: numpyro.MixtureSameFamily(WEIGHTS, NORMAL),
    ),
    "independent": (
        lambda: ours("independent", NORMAL, reinterpreted_batch_ndims=1),
        lambda: NORMAL.to_event(1),
    ),
    "expanded": (
        lambda: ours("expanded", NORMAL, batch_shape=(3, 2)),
        lambda: NORMAL.expand((3, 2)),
    ),
    "masked": (
        lambda: ours("masked", NORMAL, jnp.array(a(True, False))),
        lambda: NORMAL.mask(jnp.array(a(True, False))),
    ),
    "transformed": (
        lambda: ours(
            "transformed",
            NORMAL,
            (transform("affine", loc=1.0, scale=jnp.array(a(-2.0, 0.5))), transform("exp")),
        ),
        lambda: numpyro.TransformedDistribution(
            NORMAL, [transforms.AffineTransform(1.0, jnp.array(a(-2.0, 0.5))), transforms.ExpTransform()]
        ),
    ),
    "mixture of several": (
        lambda: ours("mixture", mixing_distribution=WEIGHTS, component_distributions=(STUDENT, CAUCHY)),
        lambda: numpyro.MixtureGeneral(WEIGHTS, [STUDENT, CAUCHY]),
    ),
}
STUDENT = numpyro.StudentT(jnp.array(3.0), jnp.array(1.0), jnp.array(2.0))
CAUCHY = numpyro.Cauchy(jnp.array(0.0), jnp.array(1.0))


def ours(name: str, *operands: Any, **parameters: Any) -> Any:
    return OPS[f"dist.{name}"].fn(*operands, **parameters)


def transform(name: str, **parameters: Any) -> Any:
    return OPS[f"transforms.{name}"].fn(**parameters)


def ask(name: str, *operands: Any, **options: Any) -> Any:
    return OPS[f"distribution.{name}"].fn(*operands, **options)


def arrays(parameters: dict[str, Any]) -> dict[str, Any]:
    """Those that are traced, as arrays."""
    return {name: jnp.array(value) for name, value in parameters.items() if isinstance(value, list)}


def statics(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if not isinstance(value, list)}


def made(name: str) -> tuple[Any, numpyro.Distribution]:
    """Ours and NumPyro's of an example."""
    if name in COMBINED:
        ours_, theirs = COMBINED[name]
        return ours_(), theirs()
    parameters, theirs = CASES[name]
    given = arrays(parameters) | statics(parameters)
    return ours(name, **given), theirs(**given)
