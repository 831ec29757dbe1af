"""Distributions of NumPyro's that are made of others, and those that are no family of parameters."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from ..errors import InvalidArgument, spoken, wrong_value
from ..registry import Check
from ..shapes import show
from .checks import order_checks
from .kinds import Shape, numpyro
from .making import checks, float_dtype, make
from .parts import is_simple

# NumPyro's constraints that need no parameters, by what they are called here.
SUPPORTS = {
    "real": "real",
    "positive": "positive",
    "nonnegative": "nonnegative",
    "unitInterval": "unit_interval",
    "simplex": "simplex",
    "orderedVector": "ordered_vector",
    "positiveOrderedVector": "positive_ordered_vector",
    "lowerCholesky": "lower_cholesky",
    "corrCholesky": "corr_cholesky",
    "corrMatrix": "corr_matrix",
    "positiveDefinite": "positive_definite",
}

_TRUNCATABLE = ("Cauchy", "Laplace", "Logistic", "Normal", "StudentT")


def delta(*, v: Any, log_density: Any = 0.0, event_dim: int = 0) -> Any:
    v = jnp.asarray(v, None if hasattr(v, "dtype") else jnp.float32)
    if type(event_dim) is not int or not 0 <= event_dim <= v.ndim:
        raise wrong_value("event_dim", event_dim, f"0 to {v.ndim}, the axes of `v`")
    dtype = float_dtype([log_density, v])
    return numpyro("Delta")(v, jnp.asarray(log_density, dtype), event_dim, validate_args=False)


def improper_uniform(*, support: str, batch_shape: Shape = (), event_shape: Shape = ()) -> Any:
    if support not in SUPPORTS:
        raise wrong_value("support", support, " or ".join(map(spoken, SUPPORTS)))
    constraint = getattr(numpyro("constraints"), SUPPORTS[support])
    if len(event_shape) < constraint.event_dim:
        expected = f"at least {constraint.event_dim} axes for {support}"
        raise InvalidArgument(
            f"`event_shape` is {show(event_shape)}, expected {expected}.",
            argument="event_shape",
            expected=expected,
            received=show(event_shape),
        )
    return numpyro("ImproperUniform")(constraint, tuple(batch_shape), tuple(event_shape), validate_args=False)


def truncated_normal(*, loc: Any = 0.0, scale: Any = 1.0, low: Any = None, high: Any = None) -> Any:
    loc, scale, low, high = _in_one_dtype(loc, scale, low, high)
    return truncated(make("Normal", loc=loc, scale=scale), low=low, high=high)


def truncated_normal_checks(*, low: Any = None, high: Any = None, **normal: Any) -> list[Check]:
    return [*checks("Normal", **normal), *_bound_checks(low, high)]


def truncated(base_dist: Any, *, low: Any = None, high: Any = None) -> Any:
    _require(base_dist)
    if type(base_dist).__name__ not in _TRUNCATABLE:
        raise InvalidArgument(
            f"NumPyro truncates no {type(base_dist).__name__}: expected {', '.join(_TRUNCATABLE)}.",
            argument="base_dist",
            expected=", ".join(_TRUNCATABLE),
            received=type(base_dist).__name__,
        )
    _, low, high = _in_one_dtype(base_dist.loc, low, high)
    return numpyro("TruncatedDistribution")(base_dist, low, high, validate_args=False)


def truncated_checks(base_dist: Any, *, low: Any = None, high: Any = None) -> list[Check]:
    return _bound_checks(low, high)


def _bound_checks(low: Any, high: Any) -> list[Check]:
    given = {name: jnp.asarray(x) for name, x in (("low", low), ("high", high)) if x is not None}
    found = [Check(name, jnp.isnan(x), x, "a number") for name, x in given.items()]
    return [*found, *order_checks(given, strict=True)]


def _in_one_dtype(*values: Any) -> list[Any]:
    dtype = float_dtype([value for value in values if value is not None])
    return [None if value is None else jnp.asarray(value, dtype) for value in values]


def mixture(*, mixing_distribution: Any, component_distributions: Any) -> Any:
    if not type(mixing_distribution).__name__.startswith("Categorical"):
        raise InvalidArgument(
            f"`mixing_distribution` is a {type(mixing_distribution).__name__}, expected a Categorical.",
            argument="mixing_distribution",
            expected="a Categorical",
            received=type(mixing_distribution).__name__,
        )
    size = mixing_distribution.probs.shape[-1]
    several = isinstance(component_distributions, (tuple, list))
    given = list(component_distributions) if several else [component_distributions]
    for each in given:
        _require(each, "component_distributions")
    came = len(given) if several else (given[0].batch_shape or (None,))[-1]
    if came != size:
        what = "" if several else " along the last axis of its batch"
        expected = f"{size} components{what}, as many as `mixing_distribution` chooses from"
        raise wrong_value("component_distributions", came, expected)
    if several:
        return numpyro("MixtureGeneral")(mixing_distribution, given, validate_args=False)
    try:
        return numpyro("MixtureSameFamily")(mixing_distribution, given[0], validate_args=False)
    except AssertionError:  # of a support with parameters
        raise InvalidArgument(
            f"NumPyro mixes no {type(given[0]).__name__}, whose support depends on its parameters.",
            argument="component_distributions",
            expected="components with one support",
            received=type(given[0]).__name__,
        ) from None


def independent(base_dist: Any, *, reinterpreted_batch_ndims: int | None = None) -> Any:
    rank = len(_require(base_dist).batch_shape)
    ndims = rank if reinterpreted_batch_ndims is None else reinterpreted_batch_ndims
    if type(ndims) is not int or not 0 <= ndims <= rank:
        expected = f"0 to {rank}, the axes of the batch {show(base_dist.batch_shape)}"
        raise wrong_value("reinterpreted_batch_ndims", ndims, expected)
    return base_dist.to_event(ndims)


def expanded(base_dist: Any, *, batch_shape: Shape) -> Any:
    batch, wanted = _require(base_dist).batch_shape, tuple(batch_shape)
    try:
        fits = jnp.broadcast_shapes(batch, wanted) == wanted
    except ValueError:
        fits = False
    if not fits:
        expected = f"a shape to which {show(batch)} can be broadcast"
        raise InvalidArgument(
            f"`batch_shape` is {show(wanted)}, expected {expected}.",
            argument="batch_shape",
            expected=expected,
            received=show(wanted),
        )
    return base_dist.expand(wanted)


def masked(base_dist: Any, mask: Any) -> Any:
    batch = _require(base_dist).batch_shape
    if isinstance(mask, bool):
        return base_dist.mask(mask)
    mask = jnp.asarray(mask)
    try:
        jnp.broadcast_shapes(mask.shape, batch)
    except ValueError:
        raise wrong_value("mask", mask, f"a shape that broadcasts with the batch {show(batch)}") from None
    return base_dist.mask(mask.astype(bool))


def transformed(base_dist: Any, transforms: Any) -> Any:
    if not transforms:
        raise wrong_value("transforms", (), "one transform or more")
    return numpyro("TransformedDistribution")(_require(base_dist), list(transforms), validate_args=False)


def _require(of: Any, argument: str = "base_dist") -> Any:
    if not is_simple(of):
        raise InvalidArgument(
            f"`{argument}` is a {type(of).__name__}, expected a distribution, as `dist` makes it.",
            argument=argument,
            expected="a distribution",
            received=type(of).__name__,
        )
    return of
