"""The statements of a probabilistic program: NumPyro's, as ops.

The interpreter that walks a model stands inside NumPyro's handlers, so an op that states a random variable only has to
call `numpyro.sample`: whatever asked for the model (NUTS, SVI, Predictive) sees a model like any other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..errors import InvalidArgument
from ..runtime.checks import Code
from ..runtime.closure import Closure
from ..runtime.nested import nested
from .structured import structured


def model_of(program: Closure) -> Callable[..., None]:
    """A nested program as a model of NumPyro's. Values that are not allowed are no errors: a sampler tries some."""
    quiet = program.quiet()

    def model(*args: Any) -> None:
        quiet(*args)

    return model


def as_numpyro(distribution: Any, differentiable: Any = None) -> Any:
    """What a program calls a distribution, as NumPyro takes it."""
    from numpyro.distributions import Distribution

    if isinstance(distribution, Distribution):
        return distribution
    if hasattr(distribution, "log_partition"):
        return structured(distribution, differentiable)
    raise InvalidArgument(
        f"`distribution` is a {type(distribution).__name__}: a random variable needs a distribution",
        argument="distribution",
        expected="a distribution",
        received=type(distribution).__name__,
    )


@contextlib.contextmanager
def _around(plates: Sequence[Any], scale: Any = None) -> Iterator[None]:
    """Inside plates, the outermost first, with log-densities times `scale`."""
    from numpyro import handlers

    with contextlib.ExitStack() as stack:
        for each in plates:
            stack.enter_context(each)
        if scale is not None:
            stack.enter_context(handlers.scale(scale=jnp.asarray(scale)))
        yield


def _strong(value: Any) -> Any:
    """A Python number in a program is an array of its own dtype."""
    return (
        jnp.asarray(value, np.result_type(jnp.asarray(value))) if isinstance(value, (int, float)) else value
    )


def _observed(value: Any, distribution: Any) -> Any:
    """An observed value. Of a count that came as a float the whole number; -1, which no count is, where it is none."""
    value = _strong(value)
    if value is None or not hasattr(value, "dtype") or not distribution.is_discrete:
        return value
    if not jnp.issubdtype(value.dtype, jnp.floating) or hasattr(distribution, "structure"):
        return value
    return jnp.where(value == jnp.round(value), value, -1).astype(jnp.int32)


@nested("sample_site")
def sample_site(
    distribution: Any,
    *,
    name: str,
    value: Any = None,
    scale: Any = None,
    plates: Sequence[Any] = (),
    sample_shape: Sequence[int] = (),
    differentiable: Any = None,
) -> tuple[Any, Code]:
    import numpyro

    fn = as_numpyro(distribution, None if differentiable is None else tuple(differentiable.items()))
    with _around(plates, scale):
        drawn = numpyro.sample(
            name,
            fn,
            obs=_observed(value, fn),
            sample_shape=tuple(sample_shape),
        )
    return drawn, None


# NumPyro's handlers hand on what they do not know: `trace` keeps it, and nothing scores it.
MARGINALIZED = "marginalized"


@nested("structure_site")
def structure_site(
    distribution: Any, *, name: str, scale: Any = None, plates: Sequence[Any] = ()
) -> tuple[Any, Code]:
    """A structure that is summed over: its log-partition enters the joint, and who asks for it draws it afterwards."""
    import numpyro
    from numpyro.primitives import apply_stack

    with _around(plates, scale):
        numpyro.factor(f"{name}_log_partition", distribution.log_partition())
        apply_stack(
            {
                "type": MARGINALIZED,
                "name": name,
                "fn": distribution,
                "args": (),
                "kwargs": {},
                "value": distribution,
                "scale": None,
                "cond_indep_stack": [],
                "infer": {},
            }
        )
    return distribution, None


@nested("deterministic_site")
def deterministic_site(value: Any, *, name: str) -> tuple[Any, Code]:
    import numpyro

    return numpyro.deterministic(name, _strong(value)), None


@nested("factor_site")
def factor_site(
    log_factor: Any, *, name: str, scale: Any = None, plates: Sequence[Any] = ()
) -> tuple[Any, Code]:
    import numpyro

    with _around(plates, scale):
        numpyro.factor(name, jnp.asarray(log_factor))
    return log_factor, None


@nested("param_site")
def param_site(init: Any, *, name: str, like: Any = None) -> tuple[Any, Code]:
    """A parameter of a guide; its values lie where those of the distribution `like` do."""
    import numpyro

    value = jnp.asarray(_strong(init))
    if like is None:
        return numpyro.param(name, value), None
    return numpyro.param(name, value, constraint=as_numpyro(like).support), None


@nested("plate")
def plate(
    *,
    name: str,
    size: int,
    subsample_size: int | None = None,
    dim: int | None = None,
    plates: Sequence[Any] = (),
) -> tuple[Any, Code]:
    """The indices of a plate, and the plate that its statements name."""
    import numpyro

    with _around(plates):
        made = numpyro.plate(name, size, subsample_size, dim)
    return (made._indices, made), None


@nested("in_plates")
def in_plates(distribution: Any, *, sizes: Sequence[int], dims: Sequence[int]) -> tuple[Any, Code]:
    """A distribution with the batch axes of plates, the outermost first, where no model is asked."""
    shape = [1] * max(-dim for dim in dims)
    for size, dim in zip(sizes, dims, strict=True):
        shape[dim] = size
    wide = as_numpyro(distribution)
    wide = wide.expand(jnp.broadcast_shapes(tuple(shape), wide.batch_shape))
    return getattr(wide, "structure", wide), None


@nested("subsample")
def subsample(key: Any, *, size: int, subsample_size: int) -> tuple[Any, Code]:
    """Which items a plate looks at: those that NumPyro draws by the same key."""
    import numpyro
    from numpyro import handlers
    from numpyro.primitives import Messenger

    class KeyOfPlate(Messenger):
        def process_message(self, msg: Any) -> None:
            msg["kwargs"]["rng_key"] = key

    with handlers.block(), KeyOfPlate():
        return numpyro.plate("subsample", size, subsample_size)._indices, None
