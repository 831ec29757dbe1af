"""Guides of variational inference: NumPyro's automatic ones by their names, and programs of the user's own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree

from ..errors import InvalidArgument
from ..runtime.checks import Code
from ..runtime.closure import Closure
from ..runtime.nested import nested
from .sites import model_of

# What a program calls a guide, and NumPyro's class.
AUTOMATIC = {
    "bnaf_normal": "AutoBNAFNormal",
    "delta": "AutoDelta",
    "diagonal_normal": "AutoDiagonalNormal",
    "iaf_normal": "AutoIAFNormal",
    "laplace_approximation": "AutoLaplaceApproximation",
    "low_rank_multivariate_normal": "AutoLowRankMultivariateNormal",
    "multivariate_normal": "AutoMultivariateNormal",
    "normal": "AutoNormal",
}


def init_strategy(name: str, settings: Mapping[str, Any]) -> Callable[..., Any]:
    """NumPyro's `init_to_uniform` and its like."""
    from numpyro import infer

    return getattr(infer, f"init_to_{name}")(**settings)


def automatic(name: str, model: Callable[..., None], settings: Mapping[str, Any]) -> Any:
    """One of NumPyro's automatic guides of a model."""
    from numpyro.infer import autoguide

    options = dict(settings)
    if "init_loc" in options:
        options["init_loc_fn"] = init_strategy(*options.pop("init_loc"))
    for sizes in ("hidden_dims", "hidden_factors"):
        if sizes in options:
            options[sizes] = list(options[sizes])
    return _in_order(getattr(autoguide, AUTOMATIC[name]))(model, **options)


@functools.cache
def _in_order(guide: type) -> type:
    """An automatic guide whose variables are in the order of the program.

    They are in NumPyro's `SVI.run`, which begins outside of a compiled function; inside, JAX sorts them by name, and
    the same key would give each the draw of another.
    """

    class InOrder(guide):
        @property
        def _init_locs(self) -> dict[str, Any]:
            return self._ordered_locs

        @_init_locs.setter
        def _init_locs(self, locs: dict[str, Any]) -> None:
            self._ordered_locs = {name: locs[name] for name in self.prototype_trace if name in locs}

    InOrder.__name__ = guide.__name__
    return InOrder


def require_continuous(model: Callable[..., None], args: Sequence[Any]) -> None:
    """Raises InvalidArgument for a variable that an automatic guide has no distribution for."""
    for name, kind in _discrete(model, args):
        raise InvalidArgument(
            f"`{name}` is a {kind}, which is discrete: automatic guides are of continuous variables. Observe it, sum "
            f"over it, or write a guide of your own",
            argument=name,
            expected="a continuous variable",
            received=kind,
        )


def require_derivatives(guide: Callable[..., None], args: Sequence[Any], loss: str) -> None:
    """Raises InvalidArgument for a variable whose draws have no derivatives, which this loss takes them to have."""
    for name, kind in _discrete(guide, args):
        raise InvalidArgument(
            f"the guide draws `{name}` from a {kind}, which is discrete: the gradient of elbo.{loss} has no part "
            f"for it. elbo.traceGraph has; a structure may be drawn with `differentiable`",
            argument=name,
            expected="a draw that has derivatives",
            received=kind,
        )


def require_alike(model: Callable[..., None], guide: Callable[..., None], args: Sequence[Any]) -> None:
    """Raises InvalidArgument for a variable that is of another shape in the guide, or has other axes of events."""
    from numpyro import handlers

    key = jax.random.key(0)
    drawn = handlers.trace(handlers.seed(guide, key)).get_trace(*args)
    stated = handlers.trace(handlers.seed(model, key)).get_trace(*args)
    for name, site in drawn.items():
        other = stated.get(name)
        if site["type"] != "sample" or other is None or isinstance(site["value"], Mapping):
            continue
        received, expected = ((jnp.shape(each["value"]), each["fn"].event_dim) for each in (site, other))
        if received != expected:
            shown = [
                f"shape {shape}, of which the last {events} are an event's"
                for shape, events in (expected, received)
            ]
            raise InvalidArgument(
                f"`{name}` has {shown[0]}, in the model and {shown[1]}, in the guide. dist.independent makes axes of a "
                f"batch those of an event",
                argument=name,
                expected=shown[0],
                received=shown[1],
            )


def _discrete(program: Callable[..., None], args: Sequence[Any]) -> list[tuple[str, str]]:
    """The names of a program's discrete variables, and what they are."""
    from numpyro import handlers

    trace = handlers.trace(handlers.seed(program, jax.random.key(0))).get_trace(*args)
    return [
        (name, type(getattr(site["fn"], "structure", site["fn"])).__name__)
        for name, site in trace.items()
        if site["type"] == "sample" and not site["is_observed"] and site["fn"].is_discrete
    ]


def parameter(params: Mapping[str, Any], name: str) -> Array:
    """A parameter by its name. A network's, which is a tree, is one vector."""
    value = params[name]
    return value if isinstance(value, Array) else ravel_pytree(value)[0]


@nested("guide_sample")
def guide_sample(
    program: Closure,
    *args: Any,
    params: Mapping[str, Any],
    guide: Sequence[Any],
    names: Sequence[str],
    key: Array | None = None,
    sample_shape: Sequence[int] = (),
    quantiles: Sequence[float] | None = None,
) -> tuple[tuple, Code]:
    """What an automatic guide with these parameters says of the variables in `names`: draws by `key`,
    (*sample_shape ...); `quantiles` of each, (quantile ...); or, with neither, its median.
    """
    from numpyro import handlers

    kind, options = guide
    model = model_of(program)
    require_continuous(model, args)
    made = automatic(kind, model, options)
    # The guide learns what it is about from a run. XLA drops the values, which nobody uses.
    sites = handlers.trace(handlers.seed(made, jax.random.key(0))).get_trace(*args)
    known = {name: _as_stated(sites, name, value) for name, value in params.items()}
    if key is not None:
        found = made.sample_posterior(key, known, *args, sample_shape=tuple(sample_shape))
    elif quantiles is not None:
        found = made.quantiles(known, list(quantiles))
    else:
        found = made.median(known)
    if kind == "laplace_approximation" and (key is not None or quantiles is not None):
        # NumPyro draws the mode again and again where the density has no maximum there: that is no approximation.
        is_flat = (made.get_transform(known).scale_tril == 0).all()
        found = {name: jnp.where(is_flat, jnp.nan, value) for name, value in found.items()}
    return tuple(found[name] for name in names), None


def _as_stated(sites: Mapping[str, Any], name: str, value: Array) -> Any:
    """A parameter as its guide has it: what `parameter` made a vector of is a tree again."""
    like = sites[name]["value"] if name in sites else value
    return value if isinstance(like, Array) else ravel_pytree(like)[1](value)
