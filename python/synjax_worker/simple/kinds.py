"""What each class of NumPyro's is made of: its parameters, how many axes each has for itself, and how it is made.

Most are plain: arrays by name. The others hold distributions, transforms, or shapes.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

Values = dict[str, Any]  # arrays, distributions, tuples of distributions or of transforms
Statics = dict[str, Any]
Shape = tuple[int, ...]


def numpyro(name: str) -> Any:
    """What `numpyro.distributions` has of this name."""
    import numpyro.distributions as distributions  # here, because importing it takes half a second

    return getattr(distributions, name)


@contextlib.contextmanager
def without_validation() -> Iterator[None]:
    """Inside, NumPyro refuses no parameters: those of the distributions that it makes itself it would."""
    from numpyro.distributions.distribution import validation_enabled

    with validation_enabled(False):
        yield


def spread(value: Any, batch: Shape, own: int) -> Any:
    """A parameter with all axes of the batch before the `own` that one of it has."""
    return jnp.broadcast_to(value, (*batch, *jnp.shape(value)[jnp.ndim(value) - own :]))


@dataclasses.dataclass(frozen=True)
class Kind:
    """How a class is taken apart and made; `spread` gives every array in it all axes of a batch."""

    take: Callable[[Any], tuple[Values, Statics]]
    make: Callable[[Values, Statics], Any]
    spread: Callable[[Any, Values, Shape], Values]  # the distribution, its values, the batch
    own: Mapping[str, int] | None = (
        None  # the axes of one of each parameter, where there is nothing else in it
    )


def _plain(name: str, own: Mapping[str, int], statics: tuple[str, ...] = ()) -> Kind:
    return Kind(
        take=lambda d: ({n: getattr(d, n) for n in own}, {n: getattr(d, n) for n in statics}),
        make=lambda values, fixed: numpyro(name)(**values, **fixed, validate_args=False),
        spread=lambda d, values, batch: {n: spread(x, batch, own[n]) for n, x in values.items()},
        own=own,
    )


def _counted(name: str, own: str) -> Kind:
    """Of a number of draws that is part of the program; NumPyro keeps it with axes of the batch."""
    plain = _plain(name, {own: 1}, ("total_count",))

    def take(d: Any) -> tuple[Values, Statics]:
        values, statics = plain.take(d)
        return values, {"total_count": int(np.reshape(statics["total_count"], -1)[0])}

    return dataclasses.replace(plain, take=take)


_SCALARS = {
    "loc scale": "Normal LogNormal Cauchy Laplace Logistic Gumbel",
    "scale": "HalfNormal HalfCauchy",
    "df loc scale": "StudentT",
    "rate": "Exponential Poisson",
    "concentration rate": "Gamma InverseGamma GammaPoisson",
    "df": "Chi2",
    "concentration1 concentration0": "Beta Kumaraswamy",
    "low high": "Uniform DiscreteUniform",
    "scale alpha": "Pareto",
    "scale concentration": "Weibull",
    "loc concentration": "VonMises",
    "loc scale asymmetry": "AsymmetricLaplace",
    "probs": "BernoulliProbs GeometricProbs",
    "logits": "BernoulliLogits GeometricLogits",
    "probs total_count": "BinomialProbs",
    "logits total_count": "BinomialLogits",
    "mean concentration": "NegativeBinomial2",
    "concentration1 concentration0 total_count": "BetaBinomial",
    "gate rate": "ZeroInflatedPoisson",
}

# Held by name: the distribution it stands on, and arrays beside it.
_TRUNCATED = {
    "LeftTruncatedDistribution": ("low",),
    "RightTruncatedDistribution": ("high",),
    "TwoSidedTruncatedDistribution": ("low", "high"),
}


def _truncated(name: str, bounds: tuple[str, ...]) -> Kind:
    return Kind(
        take=lambda d: ({"base": d.base_dist, **{n: getattr(d, n) for n in bounds}}, {}),
        make=lambda values, _: numpyro(name)(
            values["base"], **{n: values[n] for n in bounds}, validate_args=False
        ),
        spread=lambda d, values, batch: {
            "base": values["base"].full(batch),
            **{n: spread(values[n], batch, 0) for n in bounds},
        },
    )


def _spread_delta(d: Any, values: Values, batch: Shape) -> Values:
    return {
        "v": spread(values["v"], batch, d.event_dim),
        "log_density": spread(values["log_density"], batch, 0),
    }


def _take_masked(d: Any) -> tuple[Values, Statics]:
    fixed = isinstance(d._mask, bool)
    return {"base": d.base_dist} | ({} if fixed else {"mask": d._mask}), {"mask": d._mask} if fixed else {}


def _take_improper(d: Any) -> tuple[Values, Statics]:
    # An array of its batch stands for the batch: it has no parameters
    return {"batch": jnp.zeros(d.batch_shape)}, {"support": d.support, "event_shape": d.event_shape}


def _spread_transforms(d: Any, values: Values, batch: Shape) -> Values:
    shape, spread_out = (*batch, *d.base_dist.event_shape), []
    for transform in values["transforms"]:
        spread_out.append(_spread_transform(transform, shape))
        shape = transform.forward_shape(shape)
    return {"base": values["base"].full(batch), "transforms": tuple(spread_out)}


def _spread_transform(transform: Any, shape: Shape) -> Any:
    """A transform whose parameters have all axes of what it transforms."""
    kind = type(transform)
    if kind is numpyro("transforms").AffineTransform:
        at = [jnp.broadcast_to(x, shape) for x in (transform.loc, transform.scale)]
        return kind(*at, domain=transform.domain)
    if kind is numpyro("transforms").PowerTransform:
        return kind(jnp.broadcast_to(transform.exponent, shape))
    if kind is numpyro("transforms").LowerCholeskyAffine:
        return kind(
            jnp.broadcast_to(transform.loc, shape),
            jnp.broadcast_to(transform.scale_tril, (*shape, shape[-1])),
        )
    return transform


def _make_transformed(values: Values, _: Statics) -> Any:
    return numpyro("TransformedDistribution")(values["base"], list(values["transforms"]), validate_args=False)


KINDS: dict[str, Kind] = {
    **{
        name: _plain(name, dict.fromkeys(own.split(), 0))
        for own, names in _SCALARS.items()
        for name in names.split()
    },
    "Dirichlet": _plain("Dirichlet", {"concentration": 1}),
    "MultivariateNormal": _plain("MultivariateNormal", {"loc": 1, "scale_tril": 2}),
    "LowRankMultivariateNormal": _plain(
        "LowRankMultivariateNormal", {"loc": 1, "cov_factor": 2, "cov_diag": 1}
    ),
    "MultivariateStudentT": _plain("MultivariateStudentT", {"df": 0, "loc": 1, "scale_tril": 2}),
    "LKJCholesky": _plain("LKJCholesky", {"concentration": 0}, ("dimension", "sample_method")),
    "LKJ": _plain("LKJ", {"concentration": 0}, ("dimension", "sample_method")),
    "GaussianRandomWalk": _plain("GaussianRandomWalk", {"scale": 0}, ("num_steps",)),
    "CategoricalProbs": _plain("CategoricalProbs", {"probs": 1}),
    "CategoricalLogits": _plain("CategoricalLogits", {"logits": 1}),
    "OrderedLogistic": _plain("OrderedLogistic", {"predictor": 0, "cutpoints": 1}),
    **{
        name: _counted(name, own)
        for name, own in (
            ("MultinomialProbs", "probs"),
            ("MultinomialLogits", "logits"),
            ("DirichletMultinomial", "concentration"),
        )
    },
    **{name: _truncated(name, bounds) for name, bounds in _TRUNCATED.items()},
    "Delta": Kind(
        take=lambda d: ({"v": d.v, "log_density": d.log_density}, {"event_dim": d.event_dim}),
        make=lambda values, fixed: numpyro("Delta")(**values, **fixed, validate_args=False),
        spread=_spread_delta,
    ),
    "ImproperUniform": Kind(
        take=_take_improper,
        make=lambda values, fixed: numpyro("ImproperUniform")(
            fixed["support"], jnp.shape(values["batch"]), fixed["event_shape"], validate_args=False
        ),
        spread=lambda d, values, batch: {"batch": spread(values["batch"], batch, 0)},
    ),
    "Independent": Kind(
        take=lambda d: ({"base": d.base_dist}, {"ndims": d.reinterpreted_batch_ndims}),
        make=lambda values, fixed: numpyro("Independent")(
            values["base"], fixed["ndims"], validate_args=False
        ),
        spread=lambda d, values, batch: {
            "base": values["base"].full((*batch, *d.event_shape[: d.reinterpreted_batch_ndims]))
        },
    ),
    "MaskedDistribution": Kind(
        take=_take_masked,
        make=lambda values, fixed: numpyro("MaskedDistribution")(
            values["base"], values.get("mask", fixed.get("mask"))
        ),
        spread=lambda d, values, batch: (
            {"base": values["base"].full(batch)}
            | ({"mask": spread(values["mask"], batch, 0)} if "mask" in values else {})
        ),
    ),
    "ExpandedDistribution": Kind(
        take=lambda d: ({"base": d.base_dist}, {"batch_shape": d.batch_shape}),
        make=lambda values, fixed: numpyro("ExpandedDistribution")(values["base"], fixed["batch_shape"]),
        spread=lambda d, values, batch: {"base": values["base"].full(batch)},
    ),
    "MixtureSameFamily": Kind(
        take=lambda d: ({"mixing": d.mixing_distribution, "component": d.component_distribution}, {}),
        make=lambda values, _: numpyro("MixtureSameFamily")(
            values["mixing"], values["component"], validate_args=False
        ),
        spread=lambda d, values, batch: {
            "mixing": values["mixing"].full(batch),
            "component": values["component"].full((*batch, d.mixture_size)),
        },
    ),
    "MixtureGeneral": Kind(
        take=lambda d: (
            {"mixing": d.mixing_distribution, "components": tuple(d.component_distributions)},
            {},
        ),
        make=lambda values, _: numpyro("MixtureGeneral")(
            values["mixing"], list(values["components"]), validate_args=False
        ),
        spread=lambda d, values, batch: {
            "mixing": values["mixing"].full(batch),
            "components": tuple(each.full(batch) for each in values["components"]),
        },
    ),
    "TransformedDistribution": Kind(
        take=lambda d: ({"base": d.base_dist, "transforms": tuple(d.transforms)}, {}),
        make=_make_transformed,
        spread=_spread_transforms,
    ),
}
