"""`distribution`: what a distribution that `dist` makes is asked; in TypeScript the methods of `SimpleDistribution`."""

from __future__ import annotations

from ..registry import op
from ..simple import queries

op(
    "distribution.log_prob",
    queries.log_prob,
    "of: dist, value: num -> F",
    "Log-probability or log-density of values, nats; -inf outside the support. Equivalent to `log_prob` in NumPyro.",
)
op(
    "distribution.sample",
    queries.sample,
    "of: dist, key: key, { sample_shape?: shape } -> V",
    "Draws. Equivalent to `sample` in NumPyro, with the same numbers from the same key.",
)
op("distribution.mean", queries.mean, "of: dist -> F", "Equivalent to `mean` in NumPyro.")
op("distribution.variance", queries.variance, "of: dist -> F", "Equivalent to `variance` in NumPyro.")
op(
    "distribution.entropy",
    queries.entropy,
    "of: dist -> F",
    "Entropy, nats. Equivalent to `entropy` in NumPyro.",
)
op(
    "distribution.kl_divergence",
    queries.kl_divergence,
    "of: dist, other: dist -> F",
    "Kullback-Leibler divergence, nats. Equivalent to `numpyro.distributions.kl_divergence`.",
)
op("distribution.cdf", queries.cdf, "of: dist, value: num -> F", "The probability of a value up to this one.")
op(
    "distribution.icdf",
    queries.icdf,
    "of: dist, q: num -> F",
    "The value up to which the probability is `q`.",
)
op(
    "distribution.in_support",
    queries.support_contains,
    "of: dist, value: num -> bool",
    "Whether values lie in the support.",
)
op(
    "distribution.enumerate_support",
    queries.enumerate_support,
    "of: dist, { expand?: static boolean } -> V",
    "All values, along a new first axis. Equivalent to `enumerate_support` in NumPyro.",
)
