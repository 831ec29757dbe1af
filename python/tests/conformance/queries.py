"""All queries of a class in one compiled program."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable
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


@dataclasses.dataclass(frozen=True)
class Asked:
    """One distribution, another over the same structures, and all structures of each item, padded by zeros."""

    build: Callable[[Any], Any]
    arrays: Any
    other: Any
    events: Any  # (S *batch *event)
    directions: Any
    weights: Any
    key: jax.Array

    @functools.cached_property
    def distribution(self) -> Any:
        return self.build(self.arrays)

    @functools.cached_property
    def second(self) -> Any:
        return self.build(self.other)

    @functools.cached_property
    def keys(self) -> jax.Array:
        return jax.random.split(self.key)


Question = Callable[[Asked], dict[str, Any]]

# Each is asked for itself, so that what is broken in one alone is asked again for that one alone.
QUESTIONS: list[Question] = []


def question(ask: Question) -> Question:
    QUESTIONS.append(ask)
    return ask


def _query(name: str) -> Question:
    return lambda asked: {name: getattr(asked.distribution, name)()}


def _query_of_events(name: str) -> Question:
    return lambda asked: {name: getattr(asked.distribution, name)(asked.events)}


def _query_of_two(name: str) -> Question:
    return lambda asked: {name: getattr(asked.distribution, name)(asked.second)}


QUESTIONS += map(_query, ("log_partition", "log_count", "entropy", "marginals", "log_marginals"))
QUESTIONS += map(_query_of_events, ("unnormalized_log_prob", "log_prob"))
QUESTIONS += map(_query_of_two, ("cross_entropy", "kl_divergence"))


@question
def _to_itself(asked: Asked) -> dict[str, Any]:
    return {"kl_to_itself": asked.distribution.kl_divergence(asked.distribution)}


@question
def _best(asked: Asked) -> dict[str, Any]:
    distribution = asked.distribution
    best, score = distribution.argmax_and_max()
    return {
        "argmax": best,
        "argmax_alone": distribution.argmax(),
        "max": score,
        "score_of_argmax": distribution.unnormalized_log_prob(best),
        "decoded": distribution.encode(distribution.decode(best)),
    }


@question
def _top(asked: Asked) -> dict[str, Any]:
    top = asked.distribution.top_k(K)
    return {"top_events": top.events, "top_scores": top.scores, "top_count": top.count}


@question
def _samples(asked: Asked) -> dict[str, Any]:
    samples = asked.distribution.sample(asked.keys[0], (DRAWS,))
    return {"samples": samples > 0, "samples_are_binary": jnp.all((samples == 0) | (samples == 1))}


@question
def _without_replacement(asked: Asked) -> dict[str, Any]:
    keys = jax.random.split(asked.keys[1], PAIRS)
    pairs = jax.vmap(lambda key: asked.distribution.sample_without_replacement(key, 2))(keys)
    few = asked.distribution.sample_without_replacement(asked.keys[1], K)
    return {
        "pairs": pairs.events > 0,
        "pairs_log_probs": pairs.log_probs,
        "few_events": few.events,
        "few_log_probs": few.log_probs,
        "few_count": few.count,
    }


@question
def _derivatives(asked: Asked) -> dict[str, Any]:
    """Forward along a direction, per item; backward of everything at once."""
    (mine, fixed), (theirs, fixed_other) = split(asked.arrays), split(asked.other)

    def of(mine, theirs):
        distribution, second = asked.build({**mine, **fixed}), asked.build({**theirs, **fixed_other})
        return {
            "log_partition": distribution.log_partition(),
            "entropy": distribution.entropy(),
            "divergence": distribution.kl_divergence(second),
            "marginals": distribution.marginals(),
        }

    def total(mine, theirs):
        answers = of(mine, theirs)
        weighted = jnp.sum(answers.pop("marginals") * asked.weights)
        return weighted + sum(jnp.sum(finite(x)) for x in answers.values())

    _, forward = jax.jvp(of, (mine, theirs), asked.directions)
    return {"forward": forward, "backward": jax.grad(total, (0, 1))(mine, theirs)}


def ask(
    enumerator: Enumerator,
    build: Callable,
    dtype: np.dtype,
    seed: int = 0,
    questions: Iterable[Question] = tuple(QUESTIONS),
    options: dict[str, Any] | None = None,
) -> Answers:
    case = enumerator.case(dtype, seed)
    clean = enumerator.case(dtype, seed, garbage=np.inf)
    oracle = Oracle(enumerator, case)
    rng = np.random.default_rng(seed + 1)
    directions = directions_of(rng, case.arrays), directions_of(rng, case.other)
    events = padded_events(oracle).astype(dtype)
    weights = rng.normal(size=events.shape[1:]).astype(dtype)

    def everything(*arguments):
        asked = Asked(build, *arguments)
        return {name: answer for question in questions for name, answer in question(asked).items()}

    rest = (events, directions, weights)
    arguments = (case.arrays, case.other, *rest, jax.random.key(seed))
    with jax.enable_x64(np.dtype(dtype) == np.float64):
        traced = jax.jit(everything).trace(*arguments)
        program = traced.lower().compile(options)
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
