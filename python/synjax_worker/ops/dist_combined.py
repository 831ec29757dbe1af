"""`dist`: distributions made of others, and those of a single value and of none."""

from __future__ import annotations

from ..registry import op
from ..simple import combining

op(
    "dist.delta",
    combining.delta,
    "{ v: num A[*batch *event], log_density?: num F[*batch], event_dim?: size } -> dist A",
    "Always `v`, whose last `eventDim` (0) axes are those of one value. Equivalent to `numpyro.distributions.Delta`.",
)
op(
    "dist.improper_uniform",
    combining.improper_uniform,
    "{ support: static "
    + " | ".join(f'"{name}"' for name in combining.SUPPORTS)
    + ", batch_shape?: shape, event_shape?: shape } -> dist float32",
    "All values of the support alike, with a density of 1 that has no integral; it cannot be drawn from. "
    "Equivalent to `numpyro.distributions.ImproperUniform`.",
)
op(
    "dist.truncated_normal",
    combining.truncated_normal,
    "{ loc?: num F[*batch], scale?: num F[*batch], low?: num F[*batch], high?: num F[*batch] } -> dist F",
    "Normal numbers that lie above `low` and below `high`, each if it is given. "
    "Equivalent to `numpyro.distributions.TruncatedNormal`.",
    checks=combining.truncated_normal_checks,
)
op(
    "dist.truncated",
    combining.truncated,
    "base_dist: dist, { low?: num F[*batch], high?: num F[*batch] } -> dist V",
    "The part of a Cauchy, Laplace, logistic, normal or Student's t distribution above `low` and below `high`. "
    "Equivalent to `numpyro.distributions.TruncatedDistribution`.",
    checks=combining.truncated_checks,
)
op(
    "dist.mixture",
    combining.mixture,
    "{ mixing_distribution: dist int32, component_distributions: dists } -> dist V",
    "A component drawn by a categorical distribution, then its value. The components are the last batch axis of one "
    "distribution, or a list. Equivalent to `numpyro.distributions.Mixture`.",
)
op(
    "dist.independent",
    combining.independent,
    "base_dist: dist, { reinterpreted_batch_ndims?: size } -> dist V",
    "The last `reinterpretedBatchNdims` axes of the batch, all if it is not given, belong to the event. "
    "Equivalent to `numpyro.distributions.Independent`.",
)
op(
    "dist.expanded",
    combining.expanded,
    "base_dist: dist, batch_shape: shape -> dist V",
    "The same distribution for every item of a larger batch, each with draws of its own. "
    "Equivalent to `numpyro.distributions.ExpandedDistribution`.",
)
op(
    "dist.masked",
    combining.masked,
    "base_dist: dist, mask: num Bool[*batch] -> dist V",
    "Log-probability 0 where `mask` is false. Equivalent to `numpyro.distributions.MaskedDistribution`.",
)
op(
    "dist.transformed",
    combining.transformed,
    "base_dist: dist, transforms: transforms -> dist V",
    "The values of a distribution after `transforms`, one after the other. "
    "Equivalent to `numpyro.distributions.TransformedDistribution`.",
)
