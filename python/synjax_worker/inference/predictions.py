"""What a program draws, given draws of some of its variables: NumPyro's Predictive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jax import Array

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
    batch_ndims: int = 1,
    num_samples: int | None = None,
    parallel: bool = False,
) -> tuple[tuple, Code]:
    """The variables in `names`, drawn by `key`: one for each of `draws`, whose first `batch_ndims` axes say which, or
    `num_samples` of them. A second program is a guide, whose parameters are in `params` as the model's are.
    """
    from numpyro.infer import Predictive

    model, *guides = (model_of(program) for program in operands[:programs])
    predict = Predictive(
        model,
        posterior_samples=None if draws is None else dict(draws),
        guide=guides[0] if guides else None,
        params=None if params is None else dict(params),
        num_samples=num_samples,
        return_sites=tuple(names),
        parallel=parallel,
        batch_ndims=None if guides else batch_ndims,
    )
    found = predict(key, *operands[programs:])
    return tuple(found[name] for name in names), None
