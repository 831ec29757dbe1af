"""`dist`: distributions of NumPyro's by its parameters. Combinations of them stand in `dist_combined`."""

from __future__ import annotations

import functools
from typing import Any

from ..registry import op
from ..simple import making


def _of(name: str, numpyro: str, parameters: str, values: str, doc: str) -> None:
    """One constructor. Words of `parameters`: a name, "?" where it may be left out, its own axes after the batch's."""
    entries = ", ".join(_entry(*word.partition("[")) for word in parameters.split())
    op(
        f"dist.{name}",
        functools.partial(making.make, numpyro),
        f"{{ {entries} }} -> dist {values}",
        f"{doc} Equivalent to `numpyro.distributions.{numpyro}`.",
        checks=functools.partial(making.checks, numpyro),
    )


def _entry(name: str, _: str, axes: str) -> str:
    own = f" {axes.rstrip(']').replace(',', ' ')}" if axes else ""
    kind = "num Int" if name.rstrip("?") == "total_count" else "num F"
    return f"{name}: {kind}[*batch{own}]"


# ---------------------------------------------------------------------------------------------------------- on numbers

_of("normal", "Normal", "loc? scale?", "F", "Numbers with mean `loc` (0) and standard deviation `scale` (1).")
_of(
    "log_normal",
    "LogNormal",
    "loc? scale?",
    "F",
    "Positive numbers whose log is normal with `loc` (0) and `scale` (1).",
)
_of("half_normal", "HalfNormal", "scale?", "F", "The absolute values of normal numbers of mean 0.")
_of("student_t", "StudentT", "df loc? scale?", "F", "Student's t with `df` degrees of freedom.")
_of("cauchy", "Cauchy", "loc? scale?", "F", "Cauchy numbers with median `loc` (0).")
_of("half_cauchy", "HalfCauchy", "scale?", "F", "The absolute values of Cauchy numbers of median 0.")
_of("laplace", "Laplace", "loc? scale?", "F", "Exponential to both sides of `loc` (0).")
_of(
    "asymmetric_laplace",
    "AsymmetricLaplace",
    "loc? scale? asymmetry?",
    "F",
    "Laplace numbers whose two sides differ by `asymmetry` (1).",
)
_of("logistic", "Logistic", "loc? scale?", "F", "Numbers whose distribution function is the logistic one.")
_of("gumbel", "Gumbel", "loc? scale?", "F", "Largest values: with mode `loc` (0).")
_of("von_mises", "VonMises", "loc concentration", "F", "Angles from -π to π around `loc`.")
_of("uniform", "Uniform", "low? high?", "F", "Numbers from `low` (0) to `high` (1), all alike.")
_of("exponential", "Exponential", "rate?", "F", "Waiting times with mean 1 / `rate`.")
_of("gamma", "Gamma", "concentration rate?", "F", "Positive numbers with mean `concentration` / `rate`.")
_of("inverse_gamma", "InverseGamma", "concentration rate?", "F", "The reciprocals of gamma numbers.")
_of("chi2", "Chi2", "df", "F", "Sums of `df` squares of standard normal numbers.")
_of("pareto", "Pareto", "scale alpha", "F", "Numbers above `scale` whose tail falls as a power of `alpha`.")
_of("weibull", "Weibull", "scale concentration", "F", "Life times whose hazard is a power of the time.")
_of("beta", "Beta", "concentration1 concentration0", "F", "Numbers from 0 to 1, with mean c1 / (c1 + c0).")
_of(
    "kumaraswamy",
    "Kumaraswamy",
    "concentration1 concentration0",
    "F",
    "Numbers from 0 to 1 with a distribution function in closed form.",
)

# ------------------------------------------------------------------------------------------------ on vectors, matrices

_of("dirichlet", "Dirichlet", "concentration[v]", "F", "Probabilities of v symbols.")
_of(
    "low_rank_multivariate_normal",
    "LowRankMultivariateNormal",
    "loc[d] cov_factor[d,r] cov_diag[d]",
    "F",
    "Normal vectors of covariance W Wᵀ + diag(`covDiag`), where W is `covFactor`.",
)
_of(
    "multivariate_student_t",
    "MultivariateStudentT",
    "df loc?[d] scale_tril[d,d]",
    "F",
    "Student's t of vectors, by the Cholesky factor of the scale matrix.",
)


def _one_of(*names: str) -> Any:
    """A constructor of which exactly one of these parameters is given."""

    def of(name: str, **given: Any) -> Any:
        making.require_one(given, names)
        return making.make(name, **given)

    return of


op(
    "dist.multivariate_normal",
    functools.partial(_one_of("covariance_matrix", "precision_matrix", "scale_tril"), "MultivariateNormal"),
    "{ loc?: num F[*batch d], covariance_matrix?: num F[*batch d d], precision_matrix?: num F[*batch d d], "
    "scale_tril?: num F[*batch d d] } -> dist F",
    "Vectors with mean `loc` (0), by exactly one of the covariance matrix, its inverse, and its Cholesky factor. "
    "Equivalent to `numpyro.distributions.MultivariateNormal`.",
    checks=functools.partial(making.checks, "MultivariateNormal"),
)


def _lkj(name: str, *, dimension: int, **given: Any) -> Any:
    making.require_size("dimension", dimension, 2)
    return making.make(name, dimension=dimension, **given)


for _name, _cls, _values in (
    ("lkj", "LKJ", "Correlation matrices"),
    ("lkj_cholesky", "LKJCholesky", "Cholesky factors of correlation matrices"),
):
    op(
        f"dist.{_name}",
        functools.partial(_lkj, _cls),
        '{ dimension: size, concentration?: num F[*batch], sample_method?: static "onion" | "cvine" } -> dist F',
        f"{_values} of `dimension` variables; 1 is uniform, above it they are weaker. "
        f"Equivalent to `numpyro.distributions.{_cls}`.",
        checks=functools.partial(making.checks, _cls),
    )


def _gaussian_random_walk(*, num_steps: int = 1, **given: Any) -> Any:
    making.require_size("num_steps", num_steps, 1)
    return making.make("GaussianRandomWalk", num_steps=num_steps, **given)


op(
    "dist.gaussian_random_walk",
    _gaussian_random_walk,
    "{ scale?: num F[*batch], num_steps?: size } -> dist F",
    "Paths of `numSteps` (1) normal steps of standard deviation `scale` (1). "
    "Equivalent to `numpyro.distributions.GaussianRandomWalk`.",
    checks=functools.partial(making.checks, "GaussianRandomWalk"),
)

# ----------------------------------------------------------------------------------------------- on counts and symbols

_of("poisson", "Poisson", "rate", "int32", "Counts with mean `rate`.")
_of("gamma_poisson", "GammaPoisson", "concentration rate?", "int32", "Counts whose rate is a gamma number.")
_of(
    "negative_binomial2",
    "NegativeBinomial2",
    "mean concentration",
    "int32",
    "Counts with mean `mean` and variance mean + mean² / `concentration`.",
)
_of(
    "zero_inflated_poisson",
    "ZeroInflatedPoisson",
    "gate rate?",
    "int32",
    "Counts that are 0 with probability `gate`, else Poisson.",
)
_of(
    "beta_binomial",
    "BetaBinomial",
    "concentration1 concentration0 total_count?",
    "int32",
    "Successes among `totalCount` (1) trials whose probability is a beta number.",
)
_of(
    "ordered_logistic",
    "OrderedLogistic",
    "predictor cutpoints[k]",
    "int32",
    "Symbols 0 to k: between which of the rising `cutpoints` a logistic number around `predictor` falls.",
)


def _counted(name: str, *, total_count: int = 1, **given: Any) -> Any:
    making.require_size("total_count", total_count, 0)
    return making.make(name, total_count=total_count, **given)


def _multinomial(name: str, **given: Any) -> Any:
    making.require_one({each: given.get(each) for each in ("probs", "logits")}, ("probs", "logits"))
    return _counted(name, **given)


_EITHER = "; by exactly one of `probs` and `logits`."
for _name, _cls, _more, _values in (
    ("bernoulli", "Bernoulli", "", "0 or 1"),
    ("binomial", "Binomial", ", total_count?: num Int[*batch]", "Successes among `totalCount` (1) trials"),
    ("geometric", "Geometric", "", "Failures before the first success"),
    ("categorical", "Categorical", "", "Symbols 0 to v-1"),
    (
        "multinomial",
        "Multinomial",
        ", total_count?: size",
        "How often each of v symbols is drawn in `totalCount` (1) draws",
    ),
):
    _dims = "*batch v" if _cls in ("Categorical", "Multinomial") else "*batch"
    op(
        f"dist.{_name}",
        functools.partial(_multinomial if _cls == "Multinomial" else _one_of("probs", "logits"), _cls),
        f"{{ probs?: num F[{_dims}], logits?: num F[{_dims}]{_more} }} -> dist int32",
        f"{_values}{_EITHER} Equivalent to `numpyro.distributions.{_cls}`.",
        checks=functools.partial(making.checks, _cls),
    )


op(
    "dist.dirichlet_multinomial",
    functools.partial(_counted, "DirichletMultinomial"),
    "{ concentration: num F[*batch v], total_count?: size } -> dist int32",
    "How often each of v symbols is drawn in `totalCount` (1) draws of Dirichlet probabilities. "
    "Equivalent to `numpyro.distributions.DirichletMultinomial`.",
    checks=functools.partial(making.checks, "DirichletMultinomial"),
)
op(
    "dist.discrete_uniform",
    functools.partial(making.make, "DiscreteUniform"),
    "{ low?: num Int[*batch], high?: num Int[*batch] } -> dist int32",
    "Whole numbers from `low` (0) to `high` (1), both included, all alike. "
    "Equivalent to `numpyro.distributions.DiscreteUniform`.",
    checks=functools.partial(making.checks, "DiscreteUniform"),
)
