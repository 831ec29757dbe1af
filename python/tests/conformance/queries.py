"""All queries of a class, in a few compiled programs: of sums, of choices, of draws, of derivatives."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions.parameters import replace
from synjax_worker.runtime import passes

from .case import Arrays, Case
from .enumerator import Enumerator, Tree, floats_of
from .oracle import Oracle

K = 12
# Random draws of one run: laws look at those of both runs of a program together.
DRAWS = 2000
PAIRS = 1500


@dataclasses.dataclass
class Answers:
    """What a class said about a case, and what it should have said. Events are flat: (... parts)."""

    enumerator: Enumerator
    case: Case
    oracle: Oracle
    dtype: np.dtype
    values: dict[str, Any]
    again: dict[str, Any]  # to the same questions with other garbage in the padding, and other random numbers
    directions: tuple[Arrays, Arrays]
    weights: np.ndarray  # (B parts), of the marginals in the derivative of everything
    primitives: frozenset[str]


def directions_of(rng: np.random.Generator, arrays: Arrays) -> Arrays:
    draw = lambda x: np.where(np.isneginf(x), 0, rng.normal(size=x.shape)).astype(x.dtype)
    return jax.tree.map(draw, floats_of(arrays)[0])


def finite(x: Any) -> Any:
    return jnp.where(jnp.isfinite(x), x, 0)


def copied(tree: Tree) -> Tree:
    """Equal arrays that no frame remembers anything of."""
    return jax.tree.map(lambda x: x + 0, tree)


@dataclasses.dataclass(frozen=True)
class Asked:
    """One distribution, another over the same structures, and all structures of each item, padded by nothing."""

    enumerator: Enumerator
    arrays: Any
    other: Any
    events: Tree  # (S *batch *leaf)
    compact: Tree  # (S *batch *leaf)
    directions: Any
    weights: Any
    key: jax.Array

    @functools.cached_property
    def distribution(self) -> Any:
        return self.enumerator.build(self.arrays)

    @functools.cached_property
    def second(self) -> Any:
        return self.enumerator.build(self.other)

    @functools.cached_property
    def top(self) -> Any:
        return self.distribution.top_k(K)

    @functools.cached_property
    def keys(self) -> jax.Array:
        return jax.random.split(self.key)

    def flat(self, event: Tree) -> Any:
        return self.enumerator.flat(event)


@dataclasses.dataclass(frozen=True)
class Question:
    """Each is asked for itself, so that what is broken in one alone is asked again for that one alone."""

    ask: Callable[[Asked], dict[str, Any]]
    program: str  # "values" or "derivatives"
    together: str  # those of one name are compiled together: they share passes. A program of all takes longer
    own: bool  # of what a form's own code answers, not its structure's: all that is asked of a further form
    float32: bool  # whether float32 can be wrong where float64 is right
    frame: bool  # whether a frame is open, as it is in a recorded program: queries share their passes


QUESTIONS: list[Question] = []


def question(
    together: str, program: str = "values", own: bool = False, float32: bool = True, frame: bool = True
):
    def register(ask: Callable[[Asked], dict[str, Any]]) -> Callable:
        QUESTIONS.append(Question(ask, program, together, own, float32, frame))
        return ask

    return register


def questions(program: str, thorough: bool = True, float32: bool = False) -> list[Question]:
    """Those of a program: all, or a further form's own; and of them those that are asked in float32 too."""
    of_program = [each for each in QUESTIONS if each.program == program]
    return [each for each in of_program if (thorough or each.own) and (each.float32 or not float32)]


# --------------------------------------------------------------------------------------------------------------- values


@question("sums", own=True)
def _log_partition(asked: Asked) -> dict[str, Any]:
    return {"log_partition": asked.distribution.log_partition()}


@question("sums", own=True)
def _scores(asked: Asked) -> dict[str, Any]:
    distribution = asked.distribution
    return {name: getattr(distribution, name)(asked.events) for name in ("unnormalized_log_prob", "log_prob")}


@question("sums", own=True, float32=False)
def _compact(asked: Asked) -> dict[str, Any]:
    distribution = asked.distribution
    return {
        "encoded": asked.flat(distribution.encode(asked.compact)),
        "decoded": distribution.decode(asked.events),
    }


@question("sums", float32=False)
def _count(asked: Asked) -> dict[str, Any]:
    return {"log_count": asked.distribution.log_count()}


@question("sums")
def _entropy(asked: Asked) -> dict[str, Any]:
    return {"entropy": asked.distribution.entropy()}


@question("sums")
def _marginals(asked: Asked) -> dict[str, Any]:
    names = ("marginals", "log_marginals")
    return {name: asked.flat(getattr(asked.distribution, name)()) for name in names}


@question("sums")
def _divergences(asked: Asked) -> dict[str, Any]:
    distribution, second = asked.distribution, asked.second
    return {
        "cross_entropy": distribution.cross_entropy(second),
        "kl_divergence": distribution.kl_divergence(second),
    }


@question("sums", float32=False)
def _to_itself(asked: Asked) -> dict[str, Any]:
    return {"kl_to_itself": asked.distribution.kl_divergence(asked.distribution)}


@question("choices")
def _best(asked: Asked) -> dict[str, Any]:
    distribution = asked.distribution
    best, score = distribution.argmax_and_max()
    return {
        "argmax": asked.flat(best),
        "max": score,
        "score_of_argmax": distribution.unnormalized_log_prob(best),
    }


@question("choices", float32=False)
def _best_alone(asked: Asked) -> dict[str, Any]:
    distribution = asked.distribution
    best = distribution.argmax()
    # "remembered" is what a query says of the very arrays that another has returned, "copied" what of their copies.
    return {"argmax_alone": asked.flat(best), **remembered("argmax", distribution, best)}


def remembered(
    name: str,
    distribution: Any,
    event: Tree,
    most: int | None = None,
    queries: tuple[str, ...] = ("decode", "unnormalized_log_prob"),
) -> dict[str, Any]:
    """What is said of events that the frame remembers, and of copies; of many (k ...) the first `most`."""
    copy = copied(jax.tree.map(lambda x: x if most is None else x[:most], event))
    said = {}
    for query in queries:
        of_event = jax.tree.map(
            lambda x: x if most is None else x[:most], getattr(distribution, query)(event)
        )
        said[f"remembered {query} of {name}"] = of_event
        said[f"copied {query} of {name}"] = getattr(distribution, query)(copy)
    return said


@question("choices")
def _top(asked: Asked) -> dict[str, Any]:
    top = asked.top
    return {"top_events": asked.flat(top.events), "top_scores": top.scores, "top_count": top.count}


@question("choices", float32=False)
def _top_remembered(asked: Asked) -> dict[str, Any]:
    return remembered("top_k", asked.distribution, asked.top.events, most=2)


@question("choices", float32=False)
def _encoded_remembered(asked: Asked) -> dict[str, Any]:
    """Of structures, and of what is none: of some choices another is made, inside their range or not."""
    keys = iter(jax.random.split(jax.random.key(0), 8))
    other = lambda x: jnp.where(
        jax.random.bernoulli(next(keys), 0.2, x.shape),
        jax.random.randint(next(keys), x.shape, -2, 4, jnp.int32),
        x,
    )
    encode = asked.distribution.encode
    right, wrong = encode(asked.compact), encode(jax.tree.map(other, asked.compact))
    return {
        **remembered("encode", asked.distribution, right),
        **remembered("encode of no structure", asked.distribution, wrong, queries=("unnormalized_log_prob",)),
    }


@question("draws", float32=False)
def _samples(asked: Asked) -> dict[str, Any]:
    samples = asked.distribution.sample(asked.keys[0], (DRAWS,))
    flat = asked.flat(samples)
    return {
        "samples": flat > 0,
        "samples_are_binary": jnp.all((flat == 0) | (flat == 1)),
        **remembered("sample", asked.distribution, samples, most=20),
    }


@question("draws", float32=False)
def _without_replacement(asked: Asked) -> dict[str, Any]:
    keys = jax.random.split(asked.keys[1], PAIRS)
    pairs = jax.vmap(lambda key: asked.distribution.sample_without_replacement(key, 2))(keys)
    few = asked.distribution.sample_without_replacement(asked.keys[1], K)
    return {
        "pairs": asked.flat(pairs.events) > 0,
        "pairs_log_probs": pairs.log_probs,
        "few_events": asked.flat(few.events),
        "few_log_probs": few.log_probs,
        "few_count": few.count,
    }


# ---------------------------------------------------------------------------------------------------------- derivatives


@question("gradient", "derivatives", own=True, float32=False)
def _gradient(asked: Asked) -> dict[str, Any]:
    """By the parameters as the distribution holds them and, through its constructor, by what was given; the former is
    also what template marginals are: per item, and for all items together.
    """
    floats, fixed = floats_of(asked.arrays)

    def built(floats: Any) -> tuple[Any, Any]:
        distribution = asked.enumerator.build({**floats, **fixed})
        return {name: getattr(distribution, name) for name in floats}, distribution

    held, pull, distribution = jax.vjp(built, floats, has_aux=True)
    total = lambda held: jnp.sum(finite(replace(distribution, **held).log_partition()))
    by_parameters = jax.grad(total)(held)
    counts = distribution.marginals_for_template_variables()
    return {
        "gradient": pull(by_parameters)[0],
        "template": {name: getattr(counts, name) for name in held},
        "by_parameters": by_parameters,
    }


@question("derivatives", "derivatives", float32=False)
def _derivatives(asked: Asked) -> dict[str, Any]:
    """Forward along a direction, per item; backward of everything at once."""
    (mine, fixed), (theirs, fixed_other) = floats_of(asked.arrays), floats_of(asked.other)

    def of(mine, theirs):
        distribution, second = (
            asked.enumerator.build({**mine, **fixed}),
            asked.enumerator.build({**theirs, **fixed_other}),
        )
        return {
            "log_partition": distribution.log_partition(),
            "entropy": distribution.entropy(),
            "divergence": distribution.kl_divergence(second),
            "marginals": asked.flat(distribution.marginals()),
        }

    # Both are of one linear program, so that what it is linear at is computed once.
    answers, along = jax.linearize(of, mine, theirs)
    weights = {name: jnp.isfinite(x).astype(x.dtype) for name, x in answers.items()}
    weights["marginals"] = asked.weights
    backward = jax.linear_transpose(along, mine, theirs)(weights)
    return {"forward": along(*asked.directions), "backward": backward}


@question("outside", "derivatives", own=True, float32=False, frame=False)
def _outside_a_frame(asked: Asked) -> dict[str, Any]:
    """As plain Python asks: nothing is shared and nothing is remembered."""
    best = asked.distribution.argmax()
    return {
        "log_partition outside": asked.distribution.log_partition(),
        "log_prob outside": asked.distribution.log_prob(asked.events),
        "score_of_argmax outside": asked.distribution.unnormalized_log_prob(best),
    }


# --------------------------------------------------------------------------------------------------------------- asking


def ask(
    enumerator: Enumerator,
    dtype: np.dtype,
    questions: Iterable[Question],
    seed: int = 0,
    options: dict[str, Any] | None = None,
) -> Answers:
    """Asks what is to be asked together in one program each."""
    case = enumerator.case(dtype, seed)
    clean = enumerator.case(dtype, seed, garbage=np.inf)
    oracle = Oracle(enumerator, case)
    rng = np.random.default_rng(seed + 1)
    directions = directions_of(rng, case.arrays), directions_of(rng, case.other)
    weights = rng.normal(size=(len(case.kinds), oracle.items[0].events.shape[1])).astype(dtype)
    events = jax.tree.map(lambda x: x.astype(dtype), padded([table.events for table in oracle.tables], 0))
    compact = padded([table.compact for table in oracle.tables], -1)

    rest = (events, compact, directions, weights)
    arguments = (case.arrays, case.other, *rest, jax.random.key(seed))
    others = (clean.arrays, clean.other, *rest, jax.random.key(seed + 1))
    values, again, primitives = {}, {}, set()
    # Strict: a program whose own dtypes mix silently turns float32 into float64.
    with jax.enable_x64(np.dtype(dtype) == np.float64), jax.numpy_dtype_promotion("strict"):
        for asked in programs_of(questions):
            traced = jax.jit(functools.partial(answers_to, asked, enumerator)).trace(*arguments)
            program = traced.lower().compile(options)
            values |= jax.device_get(program(*arguments))
            again |= jax.device_get(program(*others))
            primitives |= {equation.primitive.name for equation in equations(traced.jaxpr.jaxpr)}
    found = values, again, directions, weights, frozenset(primitives)
    return Answers(enumerator, case, oracle, np.dtype(dtype), *found)


def programs_of(questions: Iterable[Question]) -> list[list[Question]]:
    """Those that are asked in one program, in which they share passes."""
    programs: dict[str, list[Question]] = {}
    for question in questions:
        programs.setdefault(question.together, []).append(question)
    return list(programs.values())


def answers_to(questions: list[Question], enumerator: Enumerator, *arguments: Any) -> dict[str, Any]:
    """What is answered to questions that are asked together."""
    said = {}
    with passes.frame():
        asked = Asked(enumerator, *arguments)
        for question in questions:
            said |= question.ask(asked) if question.frame else {}
    for question in questions:
        said |= {} if question.frame else question.ask(asked)
    return said


def padded(tables: list[Tree], filler: int) -> Tree:
    """Trees (S ...) of each item as one (S B ...), padded to the most structures."""
    most = max(len(jax.tree.leaves(table)[0]) for table in tables)

    def stack(*leaves: np.ndarray) -> np.ndarray:
        batch = np.full((most, len(leaves), *leaves[0].shape[1:]), filler, leaves[0].dtype)
        for i, leaf in enumerate(leaves):
            batch[: len(leaf), i] = leaf
        return batch

    return jax.tree.map(stack, *tables)


def equations(jaxpr: Any) -> Iterator[Any]:
    """Those of a program and of all programs inside it."""
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            for inner in value if isinstance(value, tuple | list) else (value,):
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from equations(inner)
