"""What a distribution of NumPyro's is asked: its own methods, with typed errors where it has none."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from ..errors import InvalidArgument, spoken
from ..shapes import show
from .kinds import numpyro
from .parts import is_simple
from .support import feasible_like, in_support


def log_prob(of: Any, value: Any) -> Array:
    """Of values (*sample *batch *event), (*sample *batch): -inf outside the support, NaN where a value is NaN."""
    value = _as_value(_required(of, "log_prob"), value)
    return _log_prob(of, value)


def _log_prob(of: Any, value: Array) -> Array:
    kind = type(of).__name__
    if kind == "MaskedDistribution":  # where it is masked the value does not matter
        return _masked(of._mask, lambda: _log_prob(of.base_dist, value), value, of)
    if kind == "ExpandedDistribution":  # a value without the new axes is the same for all of them
        inner = _log_prob(of.base_dist, value)
        return jnp.broadcast_to(inner, jnp.broadcast_shapes(inner.shape, of.batch_shape))
    if kind == "Independent":
        inner = _log_prob(of.base_dist, value)
        return jnp.sum(inner, tuple(range(inner.ndim - of.reinterpreted_batch_ndims, inner.ndim)))
    event = tuple(range(value.ndim - len(of.event_shape), value.ndim))
    inside = in_support(of, value)
    over_event = inside.reshape(inside.shape + (1,) * len(event))
    within = jnp.where(over_event, value, feasible_like(of, value))
    if of.support.is_discrete:
        within = within.astype(jnp.int32)
    found = jnp.asarray(_asked(of, "log_prob", lambda: of.log_prob(within)))
    outside = jnp.where(jnp.any(jnp.isnan(value), event), jnp.nan, -jnp.inf).astype(found.dtype)
    return jnp.where(inside, found, outside)


def _masked(mask: Any, compute: Callable[[], Array], value: Array, of: Any) -> Array:
    if mask is True:
        return compute()
    if mask is False:
        batch = value.shape[: value.ndim - len(of.event_shape)]
        return jnp.zeros(batch, value.dtype if jnp.issubdtype(value.dtype, jnp.floating) else jnp.float32)
    return jnp.where(mask, compute(), 0)


def support_contains(of: Any, value: Any) -> Array:
    """Whether values (*sample *batch *event) lie in the support, (*sample *batch)."""
    value = _as_value(_required(of, "in_support"), value)
    inside = in_support(of, value)
    return jnp.broadcast_to(inside, value.shape[: value.ndim - len(of.event_shape)])


def sample(of: Any, key: Any, *, sample_shape: tuple[int, ...] = ()) -> Array:
    """Draws (*sample_shape *batch *event), NumPyro's of the same key; counts and symbols are int32."""
    with _dtypes_of(_required(of, "sample")):
        drawn = jnp.asarray(_asked(of, "sample", lambda: of.sample(key, sample_shape)))
    return drawn.astype(jnp.int32) if of.support.is_discrete else drawn


def mean(of: Any) -> Array:
    return _moment(of, "mean")


def variance(of: Any) -> Array:
    return _moment(of, "variance")


def _moment(of: Any, name: str) -> Array:
    """(*batch *event), in the dtype of the parameters."""
    found = jnp.asarray(_asked(_required(of, name), name, lambda: getattr(of, name)))
    found = found if jnp.issubdtype(found.dtype, jnp.floating) else found.astype(jnp.float32)
    return jnp.broadcast_to(found, (*of.batch_shape, *of.event_shape))


def entropy(of: Any) -> Array:
    """(*batch), nats."""
    found = _asked(_required(of, "entropy"), "entropy", lambda: of.entropy())
    return jnp.broadcast_to(jnp.asarray(found), of.batch_shape)


def cdf(of: Any, value: Any) -> Array:
    value = _as_value(_required(of, "cdf"), value)
    return jnp.asarray(_asked(of, "cdf", lambda: of.cdf(value)))


def icdf(of: Any, q: Any) -> Array:
    _required(of, "icdf")
    q = jnp.asarray(q, None if hasattr(q, "dtype") else jnp.float32)
    return jnp.asarray(_asked(of, "icdf", lambda: of.icdf(q)))


def kl_divergence(of: Any, other: Any) -> Array:
    """KL(of ‖ other), (*batch), nats."""
    from numpyro.distributions.kl import kl_divergence as numpyro_kl

    of, other = (_by_probs(_required(each, "kl_divergence")) for each in (of, other))
    if of.event_shape != other.event_shape:
        raise InvalidArgument(
            f"`other` has events {show(other.event_shape)}, expected {show(of.event_shape)}.",
            argument="other",
            expected=show(of.event_shape),
            received=show(other.event_shape),
        )
    try:
        return jnp.asarray(numpyro_kl(of, other))
    except NotImplementedError:
        pair = f"{_name(of)} and {_name(other)}"
        raise InvalidArgument(
            f"NumPyro has no KL divergence of {pair}.",
            argument="other",
            expected="a pair of distributions with a KL divergence in closed form",
            received=pair,
        ) from None


def _by_probs(of: Any) -> Any:
    """NumPyro's divergence of categorical distributions is of those by probabilities."""
    name = type(of).__name__
    return numpyro("CategoricalProbs")(of.probs) if name == "CategoricalLogits" else of


def enumerate_support(of: Any, *, expand: bool = True) -> Array:
    """All values, along a new first axis: (values *batch *event), with 1 for each of the batch unless `expand`."""
    _required(of, "enumerate_support")
    try:
        return jnp.asarray(
            _asked(of, "enumerate_support", lambda: of.enumerate_support(expand=expand))
        ).astype(jnp.int32)
    except jax.errors.JAXTypeError:
        raise InvalidArgument(
            f"how many values a {_name(of)} has depends on parameters that are not known before the program runs",
            expected="parameters that are plain numbers of the program",
        ) from None


# ------------------------------------------------------------------------------------------------------------- shared


def _required(of: Any, query: str) -> Any:
    """A distribution of NumPyro's. Raises InvalidArgument for what is none, as a derivative by one is."""
    if not is_simple(of):
        raise InvalidArgument(
            f"a {type(of).__name__} has no {query}: expected a distribution, as `dist` makes it",
            expected="a distribution",
            received=type(of).__name__,
        )
    return of


def _asked(of: Any, query: str, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (NotImplementedError, AttributeError) as error:
        message = f"NumPyro has no {query} of {_name(of)}."
        raise InvalidArgument(message, expected=f"one with {query}", received=_name(of)) from error


def _name(of: Any) -> str:
    """NumPyro's class, by the name that its constructor has."""
    return type(of).__name__.removesuffix("Probs").removesuffix("Logits")


def _as_value(of: Any, value: Any) -> Array:
    """Values with all axes of the batch. Raises InvalidArgument where they are no events."""
    value = jnp.asarray(value, None if hasattr(value, "dtype") else _dtype_of(of, value))
    shape = (*of.batch_shape, *of.event_shape)
    try:
        full = jnp.broadcast_shapes(value.shape, shape)
        fits = value.ndim >= len(of.event_shape) and full[len(full) - len(of.event_shape) :] == of.event_shape
    except ValueError:
        fits = False
    if not fits:
        expected = f"events {show(of.event_shape)} of a batch {show(of.batch_shape)}"
        raise InvalidArgument(
            f"`value` is {spoken(value)}, expected {expected}.",
            argument="value",
            expected=expected,
            received=spoken(value),
        )
    return jnp.broadcast_to(value, full)


def _dtype_of(of: Any, value: Any) -> Any:
    """The dtype of a number without one: that of the parameters, unless it stands for a symbol or a count."""
    if of.support.is_discrete and isinstance(value, (int, bool)):
        return jnp.int32
    return jnp.float64 if _is_wide(of) else jnp.float32


def _is_wide(of: Any) -> bool:
    return any(getattr(leaf, "dtype", None) == jnp.float64 for leaf in jax.tree.leaves(of))


@contextlib.contextmanager
def _dtypes_of(of: Any) -> Iterator[None]:
    """Draws are of 64 bits where the parameters are: NumPyro's are wherever JAX's default is, in all of a program."""
    if _is_wide(of) or not jax.config.jax_enable_x64:
        yield
    else:
        with jax.enable_x64(False):
            yield
