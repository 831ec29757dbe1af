"""Markov chains over a program's continuous variables: NumPyro's HMC and NUTS, a block of steps at a time.

A chain's state is one vector of words (`words`) between blocks, so a block is a call like any other: what was drawn is
kept when the next is not asked for, and a saved state goes on in another process. The numbers drawn are those of
`numpyro.infer.MCMC` with `chain_method="vectorized"` and the same key.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from ..errors import InvalidArgument
from ..runtime.checks import Code
from ..runtime.closure import Closure
from ..runtime.nested import nested
from .sites import model_of
from .structured import is_structured
from .words import packed, unpacked

# What is kept of every step, beside the draws.
STATISTICS = ("diverging", "num_steps", "accept_prob", "potential_energy", "energy")


@nested("mcmc_start")
def mcmc_start(
    program: Closure,
    *args: Any,
    key: Array,
    kernel: str,
    settings: Mapping[str, Any],
    chains: int,
    warmup: int,
    scored: Sequence[str],
) -> tuple[tuple, Code]:
    """The state of chains before their first step; the potential energy of each; and of each, at its first point, the
    log-density of each variable in `scored`, (chain variable).
    """
    model = model_of(program)
    _require_continuous(model, args)
    sampler = _sampler(kernel, model, settings)
    state = sampler.init(_keys(key, chains), warmup, None, args, {})
    constrain = sampler.postprocess_fn(args, {})
    score = functools.partial(_log_densities, model, args, scored)
    scores = _over_chains(lambda z: score(constrain(z)), chains)(state.z)
    energies = jnp.broadcast_to(state.potential_energy, (chains,))
    return (packed(state), energies, scores.reshape(chains, len(scored))), None


@nested("mcmc_advance")
def mcmc_advance(
    program: Closure,
    *args: Any,
    state: Array,
    steps: Any,
    kernel: str,
    settings: Mapping[str, Any],
    chains: int,
    warmup: int,
    block: int,
    thinning: int = 1,
    names: Sequence[str],
) -> tuple[tuple, Code]:
    """The state after `steps` steps of which each `thinning`-th is kept, at most `block` of them: the variables in
    `names`, (chain draw ...), and the statistics, (chain draw); the step size of each chain.
    """
    model = model_of(program)
    sampler = _sampler(kernel, model, settings)
    # The sampler learns from the model what it samples. XLA drops the values, which nobody uses.
    like = sampler.init(_keys(jax.random.key(0), chains), warmup, None, args, {})
    try:
        start = unpacked(state, like)
    except ValueError as error:
        raise InvalidArgument(
            f"`state` is of another model or other settings: {error}", argument="state"
        ) from None

    def kept(state: Any) -> tuple[Any, ...]:
        return state.z, *(getattr(state, name) for name in STATISTICS)

    def step(at: Array, carry: tuple[Any, Any]) -> tuple[Any, Any]:
        state, rows = carry
        state = sampler.sample(state, args, {})
        rows = jax.tree.map(lambda row, new: row.at[at // thinning].set(new), rows, kept(state))
        return state, rows

    empty = jax.tree.map(
        lambda leaf: jnp.zeros((block, *jnp.shape(leaf)), jnp.result_type(leaf)), kept(start)
    )
    end, (draws, *statistics) = lax.fori_loop(0, jnp.asarray(steps, jnp.int32), step, (start, empty))
    constrain = _over_chains(sampler.postprocess_fn(args, {}), chains)
    values = jax.vmap(constrain)(draws)
    by_chain = lambda leaf: jnp.moveaxis(leaf, 0, 1) if chains > 1 else leaf[None]
    results = [by_chain(leaf) for leaf in (*(values[name] for name in names), *statistics)]
    step_size = jnp.broadcast_to(end.adapt_state.step_size, (chains,))
    return (packed(end), *results, step_size), None


def _keys(key: Array, chains: int) -> Array:
    """One chain takes the key itself, as NumPyro's does."""
    return jax.random.split(key, chains) if chains > 1 else key


def _over_chains(function: Any, chains: int) -> Any:
    return jax.vmap(function) if chains > 1 else function


def _sampler(kernel: str, model: Any, settings: Mapping[str, Any]) -> Any:
    from numpyro import infer

    options = dict(settings)
    if "init_strategy" in options:
        name, arguments = options["init_strategy"]
        options["init_strategy"] = getattr(infer, f"init_to_{name}")(**dict(arguments))
    if isinstance(options.get("dense_mass"), (list, tuple)):
        options["dense_mass"] = [tuple(names) for names in options["dense_mass"]]
    return {"nuts": infer.NUTS, "hmc": infer.HMC}[kernel](model, **options)


def _require_continuous(model: Any, args: Sequence[Any]) -> None:
    """Raises InvalidArgument for a variable that is neither observed nor continuous."""
    from numpyro import handlers

    trace = handlers.trace(handlers.seed(model, jax.random.key(0))).get_trace(*args)
    for name, site in trace.items():
        if site["type"] == "sample" and not site["is_observed"] and site["fn"].is_discrete:
            kind = type(getattr(site["fn"], "structure", site["fn"])).__name__
            raise InvalidArgument(
                f"`{name}` is a {kind}, which is discrete: HMC and NUTS move continuous variables. Observe it, or sum "
                f"over it: a structure with marginalize, other variables in the density itself",
                argument=name,
                expected="a continuous variable",
                received=kind,
            )


def _is_inside(distribution: Any, value: Any) -> Any:
    """Whether an observed value lies in the support; of a factor or a structure its density says so."""
    if is_structured(distribution) or type(distribution).__name__ == "Unit":
        return True
    return distribution.support(value)


def _log_densities(model: Any, args: Sequence[Any], names: Sequence[str], values: Mapping[str, Any]) -> Array:
    """The log-density of each variable at a point, (variable)."""
    from numpyro import handlers

    placed = handlers.substitute(handlers.seed(model, jax.random.key(0)), data=dict(values))
    trace = handlers.trace(placed).get_trace(*args)
    found = []
    for name in names:
        site = trace[name]
        score = jnp.sum(site["fn"].log_prob(site["value"]))
        if site["is_observed"]:  # NumPyro has a density there too
            score = jnp.where(jnp.all(_is_inside(site["fn"], site["value"])), score, -jnp.inf)
        found.append(score if site["scale"] is None else score * site["scale"])
    return jnp.stack(found) if found else jnp.zeros(0)
