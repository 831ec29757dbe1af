"""All queries of a class in one compiled program."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .case import Arrays, Case, Enumerator
from .oracle import Oracle

K = 12
DRAWS = 4000
PAIRS = 3000


@dataclasses.dataclass
class Answers:
    """What a class said about a case, and what it should have said."""

    enumerator: Enumerator
    case: Case
    oracle: Oracle
    dtype: np.dtype
    values: dict[str, Any]
    again: dict[str, Any]  # to the same questions with other garbage in the padding, and other random numbers
    directions: tuple[Arrays, Arrays]
    directional_weights: np.ndarray
    jaxpr: str


def split(arrays: Arrays) -> tuple[Arrays, Arrays]:
    """What is differentiated, and what is not."""
    floats = {name: x for name, x in arrays.items() if x.dtype.kind == "f"}
    return floats, {name: x for name, x in arrays.items() if x.dtype.kind != "f"}


def directions_of(rng: np.random.Generator, arrays: Arrays) -> Arrays:
    floats, _ = split(arrays)
    return {
        name: np.where(np.isneginf(x), 0, rng.normal(size=x.shape)).astype(x.dtype)
        for name, x in floats.items()
    }


def finite(x: Any) -> Any:
    return jnp.where(jnp.isfinite(x), x, 0)


def questions(build: Callable, arrays, other, events, directions, weights, key) -> dict[str, Any]:
    """`events` (S *batch *event) are all structures of each item, padded by zeros."""
    distribution, second = build(arrays), build(other)
    draw, pairs = jax.random.split(key)
    best, best_score = distribution.argmax_and_max()
    top = distribution.top_k(K)
    samples = distribution.sample(draw, (DRAWS,))
    keys = jax.random.split(pairs, PAIRS)
    ordered = jax.vmap(lambda key: distribution.sample_without_replacement(key, 2))(keys)
    few = distribution.sample_without_replacement(pairs, K)
    answers = {
        "log_partition": distribution.log_partition(),
        "log_count": distribution.log_count(),
        "entropy": distribution.entropy(),
        "cross_entropy": distribution.cross_entropy(second),
        "kl_divergence": distribution.kl_divergence(second),
        "kl_to_itself": distribution.kl_divergence(distribution),
        "marginals": distribution.marginals(),
        "log_marginals": distribution.log_marginals(),
        "argmax": best,
        "argmax_alone": distribution.argmax(),
        "max": best_score,
        "score_of_argmax": distribution.unnormalized_log_prob(best),
        "decoded": distribution.encode(distribution.decode(best)),
        "unnormalized_log_prob": distribution.unnormalized_log_prob(events),
        "log_prob": distribution.log_prob(events),
        "top_events": top.events,
        "top_scores": top.scores,
        "top_count": top.count,
        "samples": samples > 0,
        "samples_are_binary": jnp.all((samples == 0) | (samples == 1)),
        "pairs": ordered.events > 0,
        "pairs_log_probs": ordered.log_probs,
        "few_events": few.events,
        "few_log_probs": few.log_probs,
        "few_count": few.count,
    }
    return answers | derivatives(build, arrays, other, directions, weights)


def derivatives(build: Callable, arrays, other, directions, weights) -> dict[str, Any]:
    """Forward along a direction, per item; backward of everything at once."""
    (mine, fixed), (theirs, fixed_other) = split(arrays), split(other)

    def of(mine, theirs):
        distribution, second = build({**mine, **fixed}), build({**theirs, **fixed_other})
        return {
            "log_partition": distribution.log_partition(),
            "entropy": distribution.entropy(),
            "divergence": distribution.kl_divergence(second),
            "marginals": distribution.marginals(),
        }

    def total(mine, theirs):
        answers = of(mine, theirs)
        weighted = jnp.sum(answers.pop("marginals") * weights)
        return weighted + sum(jnp.sum(finite(x)) for x in answers.values())

    _, forward = jax.jvp(of, (mine, theirs), directions)
    return {"forward": forward, "backward": jax.grad(total, (0, 1))(mine, theirs)}


def ask(enumerator: Enumerator, build: Callable, dtype: np.dtype, seed: int = 0) -> Answers:
    case = enumerator.case(dtype, seed)
    clean = enumerator.case(dtype, seed, garbage=np.inf)
    oracle = Oracle(enumerator, case)
    rng = np.random.default_rng(seed + 1)
    directions = directions_of(rng, case.arrays), directions_of(rng, case.other)
    events = padded_events(oracle).astype(dtype)
    weights = rng.normal(size=events.shape[1:]).astype(dtype)
    program = jax.jit(lambda *arguments: questions(build, *arguments))
    rest = (events, directions, weights)
    arguments = (case.arrays, case.other, *rest, jax.random.key(seed))
    with jax.enable_x64(np.dtype(dtype) == np.float64):
        traced = program.trace(*arguments)
        program = traced.lower().compile()
        values = jax.device_get(program(*arguments))
        again = jax.device_get(program(clean.arrays, clean.other, *rest, jax.random.key(seed + 1)))
    return Answers(
        enumerator, case, oracle, np.dtype(dtype), values, again, directions, weights, str(traced.jaxpr)
    )


def padded_events(oracle: Oracle) -> np.ndarray:
    longest = max(len(item.events) for item in oracle.items)
    shape = oracle.items[0].events.shape[1:]
    events = np.zeros((longest, len(oracle.items), *shape), bool)
    for i, item in enumerate(oracle.items):
        events[: len(item.events), i] = item.events
    return events
