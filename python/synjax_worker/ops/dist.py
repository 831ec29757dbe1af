"""Distributions of single observations, for the emissions of a hidden Markov model: NumPyro's."""

from __future__ import annotations

from typing import Any

from ..registry import op


def _numpyro(name: str) -> Any:
    import numpyro.distributions as distributions  # here, because importing it takes half a second

    return getattr(distributions, name)


op(
    "dist.normal",
    lambda loc, scale: _numpyro("Normal")(loc, scale),
    "{ loc: num F[*batch t], scale: num F[*batch t] } -> dist F",
    "Numbers with mean `loc` and standard deviation `scale`. Equivalent to `numpyro.distributions.Normal`.",
)
op(
    "dist.multivariate_normal",
    lambda loc, covariance_matrix: _numpyro("MultivariateNormal")(loc, covariance_matrix=covariance_matrix),
    "{ loc: num F[*batch t d], covariance_matrix: num F[*batch t d d] } -> dist F",
    "Vectors with mean `loc`. Equivalent to `numpyro.distributions.MultivariateNormal`.",
)
op(
    "dist.poisson",
    lambda rate: _numpyro("Poisson")(rate),
    "{ rate: num F[*batch t] } -> dist int32",
    "Counts with mean `rate`. Equivalent to `numpyro.distributions.Poisson`.",
)
op(
    "dist.categorical",
    lambda logits: _numpyro("Categorical")(logits=logits),
    "{ logits: num F[*batch t v] } -> dist int32",
    "Symbols 0 to v-1 by unnormalized log-probabilities. Equivalent to `numpyro.distributions.Categorical`.",
)
