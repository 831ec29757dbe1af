"""Stochastic variational inference: NumPyro's SVI, some steps at a time.

Its state is one vector of words (`words`), so a step is a call like any other: a minibatch may be new each time, and a
saved state goes on in another process. Losses and parameters are those of `numpyro.infer.SVI` with the same key.
Programs come first: the model, then the guide or, of an automatic guide, the model that it is of where that is another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ..errors import InvalidArgument
from ..runtime.checks import Code
from ..runtime.nested import nested
from .guides import automatic, parameter, require_alike, require_continuous, require_derivatives
from .sites import model_of
from .words import packed, unpacked

# What a program calls an evidence lower bound, and NumPyro's class.
LOSSES = {
    "renyi": "RenyiELBO",
    "trace": "Trace_ELBO",
    "traceGraph": "TraceGraph_ELBO",
    "traceMeanField": "TraceMeanField_ELBO",
}


class _Fit(NamedTuple):
    """What a step is made of."""

    svi: Any
    model: Callable[..., None]
    guide: Any
    args: tuple[Any, ...]

    def learned(self) -> Any:
        """A state. Making it, SVI and an automatic guide learn what they are about; XLA drops values nobody uses."""
        return self.svi.init(jax.random.key(0), *self.args)

    def state(self, words: Array) -> Any:
        """The state that was packed. Raises InvalidArgument for words of another one."""
        try:
            return unpacked(words, self.learned())
        except ValueError as error:
            raise InvalidArgument(
                f"`state` is of another model, guide or optimizer: {error}", argument="state"
            ) from None


def _fit(operands: Sequence[Any], settings: Mapping[str, Any], optimizer: Any) -> _Fit:
    """`settings`: how many of the operands are `programs`; `guide` and `loss`, each a name and its options."""
    from numpyro import infer

    count = settings["programs"]
    programs, args = operands[:count], tuple(operands[count:])
    model, about = model_of(programs[0]), model_of(programs[-1])
    loss, options = settings["loss"]
    if settings["guide"] is None:
        guide = about
        if loss != "traceGraph":
            require_derivatives(guide, args, loss)
    else:
        name, own = settings["guide"]
        require_continuous(about, args)
        guide = automatic(name, about, own)
    bound = getattr(infer, LOSSES[loss])(**options)
    return _Fit(infer.SVI(model, guide, optimizer, bound), model, guide, args)


@nested("svi_start")
def svi_start(*operands: Any, key: Array, optimizer: Any, settings: Mapping[str, Any]) -> tuple[Array, Code]:
    """The first state."""
    fit = _fit(operands, settings, optimizer)
    if settings["guide"] is None:
        require_alike(fit.model, fit.guide, fit.args)
    return packed(fit.svi.init(key, *fit.args)), None


@nested("svi_advance")
def svi_advance(
    *operands: Any,
    state: Array,
    optimizer: Any,
    settings: Mapping[str, Any],
    steps: Any = None,
    block: int = 1,
    stable: bool = False,
) -> tuple[tuple, Code]:
    """The state after `steps` steps, at most `block` of them, and the loss of each, (step); after one without `steps`.

    A `stable` step whose loss or gradient is no number leaves the parameters as they are.
    """
    fit = _fit(operands, settings, optimizer)
    start = fit.state(state)
    update = fit.svi.stable_update if stable else fit.svi.update

    def step(at: Array, carry: tuple[Any, Array]) -> tuple[Any, Array]:
        state, losses = carry
        state, loss = update(state, *fit.args)
        return state, losses.at[at].set(loss)

    if steps is None:
        end, loss = update(start, *fit.args)
        return (packed(end), loss), None
    losses = jnp.zeros(block, jnp.float32)
    end, losses = lax.fori_loop(0, jnp.asarray(steps, jnp.int32), step, (start, losses))
    return (packed(end), losses), None


@nested("svi_params")
def svi_params(
    *operands: Any, state: Array, optimizer: Any, settings: Mapping[str, Any], names: Sequence[str]
) -> tuple[tuple, Code]:
    """Parameters by `names`, where their constraints have them."""
    fit = _fit(operands, settings, optimizer)
    params = fit.svi.get_params(fit.state(state))
    return tuple(parameter(params, name) for name in names), None


@nested("svi_evaluate")
def svi_evaluate(
    *operands: Any,
    state: Array,
    optimizer: Any,
    settings: Mapping[str, Any],
    names: Sequence[str] = (),
    scored: Sequence[Sequence[str]] = (),
) -> tuple[tuple, Code]:
    """The loss that the next step begins with, nats.

    To find what made it no number: of each parameter in `names` whether it is finite, (name), and the log-density of
    each variable in `scored`, a program and a name, (variable), where the guide draws it.
    """
    fit = _fit(operands, settings, optimizer)
    at = fit.state(state)
    loss = fit.svi.evaluate(at, *fit.args)
    params = fit.svi.get_params(at)
    finite = [jnp.isfinite(parameter(params, name)).all() for name in names]
    scores = _scores(fit, at.rng_key, params, scored)
    return (loss, jnp.stack(finite) if finite else jnp.zeros(0, bool), scores), None


def _scores(fit: _Fit, key: Array, params: Mapping[str, Any], scored: Sequence[Sequence[str]]) -> Array:
    """Log-densities by the draws of the next step, all particles together, (variable)."""
    from numpyro import handlers

    if not scored:
        return jnp.zeros(0)
    _, own = jax.random.split(key)  # as SVI.update and the bounds split it
    count = fit.svi.loss.num_particles
    keys = own[None] if count == 1 else jax.random.split(own, count)

    def of_particle(key: Array) -> Array:
        for_model, for_guide = jax.random.split(key)
        guide = handlers.substitute(handlers.seed(fit.guide, for_guide), data=dict(params))
        drawn = handlers.trace(guide).get_trace(*fit.args)
        model = handlers.substitute(handlers.seed(fit.model, for_model), data=dict(params))
        traces = {
            "guide": drawn,
            "model": handlers.trace(handlers.replay(model, drawn)).get_trace(*fit.args),
        }
        sites = [traces[program][name] for program, name in scored]
        return jnp.stack([jnp.sum(site["fn"].log_prob(site["value"])) for site in sites])

    return jax.vmap(of_particle)(keys).sum(0)
