"""What a program draws, given draws of some of its variables: NumPyro's Predictive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from ..errors import InvalidArgument
from ..runtime.checks import Code
from ..runtime.nested import nested
from .sites import model_of


@nested("predictive")
def predictive(
    *operands: Any,
    key: Array,
    programs: int,
    names: Sequence[str],
    draws: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    num_samples: int | None = None,
    parallel: bool = False,
    alone: bool = False,
) -> tuple[Any, Code]:
    """The variables in `names`, drawn by `key`: one for each of `draws`, whose leading axes say which, (*draws ...); or
    `num_samples` of them, (sample ...). A second program is a guide, whose parameters are in `params` as those of the
    model are. `alone`: the one variable, and not a tuple of it.
    """
    from numpyro.infer import Predictive

    model, *guides = (model_of(program) for program in operands[:programs])
    args, known = operands[programs:], dict(params or {})
    batch_ndims = _batch_ndims(model, args, known, draws) if draws else 1
    predict = Predictive(
        model,
        posterior_samples=dict(draws) if draws else None,
        guide=guides[0] if guides else None,
        params=known,
        num_samples=num_samples,
        return_sites=tuple(names),
        parallel=parallel,
        batch_ndims=None if guides else batch_ndims,
    )
    found = predict(key, *args)
    return found[names[0]] if alone else tuple(found[name] for name in names), None


def _batch_ndims(
    model: Callable[..., None], args: Sequence[Any], params: Mapping[str, Any], draws: Mapping[str, Any]
) -> int:
    """How many leading axes of the draws say which draw it is: those that the variables themselves do not have."""
    from numpyro import handlers

    placed = handlers.substitute(handlers.seed(model, jax.random.key(0)), data=dict(params))
    trace = handlers.trace(placed).get_trace(*args)
    # What is computed is computed again; its shape may be another for other data
    counts = {
        name: jnp.ndim(draw) - jnp.ndim(trace[name]["value"])
        for name, draw in draws.items()
        if name in trace and trace[name]["type"] == "sample"
    }
    first = next(iter(counts), None)
    if first is None:
        raise InvalidArgument(
            "`draws` has no random variable of the model", argument="draws", expected=", ".join(trace)
        )
    leading = {name: jnp.shape(draws[name])[: max(0, count)] for name, count in counts.items()}
    for name, count in counts.items():
        if count < 0 or leading[name] != leading[first]:
            raise InvalidArgument(
                f"`draws`: those of `{name}` have shape {jnp.shape(draws[name])}, its value in the model "
                f"{jnp.shape(trace[name]['value'])}: expected "
                f"{'at least its axes' if count < 0 else f'the axes {leading[first]} in front, as `{first}` has'}",
                argument=name,
            )
    return counts[first]
