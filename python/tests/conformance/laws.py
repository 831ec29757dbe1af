"""The laws that every class stands before, each a function of what the class answered.

A law that is broken says so by its name, and where: which query, which item.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jax
import numpy as np
import scipy.stats

from synjax_worker.errors import InvalidArgument
from synjax_worker.numerics import guard
from synjax_worker.runtime import passes

from .bad_input import of_every_class
from .case import BEYOND_FLOAT64
from .enumerator import Enumerator, floats_of
from .oracle import Item, Oracle
from .queries import QUESTIONS, Answers, Asked, K, Question, directions_of, equations

# Below this a chi-square test says that samples do not have the distribution. With 4,000 draws a shift of a tenth of
# the mass between two halves of the structures is found with power above 0.999 at this level.
SIGNIFICANCE = 1e-6


class LawBroken(AssertionError):
    def __init__(self, law: str, message: str):
        super().__init__(f"{law}: {message}")
        self.law = law


Check = Callable[[Answers], Iterator[LawBroken]]

# By the program whose answers they look at.
LAWS: dict[str, dict[str, Check]] = {"values": {}, "derivatives": {}}

# Those that look at a form itself.
LAWS_OF_FORMS: dict[str, Callable[[Enumerator], Iterator[LawBroken]]] = {}


def law(name: str, program: str = "values"):
    def register(check: Check) -> Check:
        assert name not in LAWS[program], f"two laws of {program} are called {name}"
        LAWS[program][name] = check
        return check

    return register


def law_of_forms(name: str):
    def register(check: Callable[[Enumerator], Iterator[LawBroken]]):
        LAWS_OF_FORMS[name] = check
        return check

    return register


def broken_laws(
    answers: dict[str, Answers],
    enumerator: Enumerator,
    of_forms: Mapping[str, Callable[[Enumerator], Iterable[LawBroken]]],
) -> dict[str, list[str]]:
    """The names of the laws that are broken, with what was found. `answers` are by program."""
    found = collections.defaultdict(list)
    of_programs = (check(answers[program]) for program in answers for check in LAWS[program].values())
    for breach in itertools.chain(*of_programs, *(check(enumerator) for check in of_forms.values())):
        found[breach.law].append(str(breach))
    return dict(found)


def tolerance(answers: Answers) -> float:
    return 1e-5 if answers.dtype == np.float32 else 1e-10


def differs(got: Any, want: Any, tolerance: float) -> bool:
    """Relative where the wanted value is larger than 1, absolute below."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    with np.errstate(invalid="ignore"):
        near = np.abs(got - want) <= tolerance * np.maximum(1, np.abs(want))
        same = (got == want) | (near & np.isfinite(want))  # to what is infinite everything is as near
    return not bool(np.all(same))


def _gap(got: np.ndarray, want: np.ndarray) -> str:
    """The largest difference, or the first place where one of the two is not finite and they differ."""
    both = np.isfinite(got) & np.isfinite(want)
    unlike = np.argwhere(~both & (got != want))
    if len(unlike):
        at = tuple(map(int, unlike[0]))
        return f"{got[at]} for {want[at]} at {list(at)}"
    return f"off by {np.max(np.abs(np.where(both, got, 0) - np.where(both, want, 0)), initial=0):.1e}"


def items(answers: Answers) -> Iterator[tuple[int, Any, str]]:
    for i, item in enumerate(answers.oracle.items):
        lengths = ", ".join(f"{name} {length}" for name, length in answers.case.lengths[i].items())
        yield i, item, f"item {i} ({', '.join(filter(None, [answers.case.kinds[i], lengths]))})"


# ------------------------------------------------------------------------------- enumeration, any scale, forbidden


def _check_values(answers: Answers) -> Iterator[LawBroken]:
    """Against enumeration; which law a wrong value breaks depends on what the item is like."""
    values, tol = answers.values, tolerance(answers)
    for i, item, where in items(answers):
        broken = answers.case.law(i)
        wanted = wanted_of(item)
        for name in wanted.keys() & values.keys():
            want, got = in_range(wanted[name], answers.dtype), np.asarray(values[name][i])
            if differs(got, want, tol):
                shown = f"{got} for {want}" if got.ndim == 0 else _gap(got, want)
                yield LawBroken(broken, f"{name}, {where}: {shown}")
        size = len(item.events)
        of_events = {"unnormalized_log_prob": item.scores, "log_prob": item.log_probs}
        of_events["log_prob outside"] = item.log_probs
        for name in of_events.keys() & values.keys():
            got, want = values[name][:size, i], in_range(of_events[name], answers.dtype)
            if differs(got, want, tol):
                yield LawBroken(broken, f"{name}, {where}: {got[:4]} for {want[:4]}")


def wanted_of(item: Item) -> dict[str, Any]:
    """What queries answer of an item, by their names among the answers."""
    return {
        "log_partition": item.log_partition,
        "log_partition outside": item.log_partition,
        "log_count": np.log(item.count) if item.count else -np.inf,
        "entropy": item.entropy,
        "kl_divergence": item.divergence,
        "cross_entropy": item.entropy + item.divergence,
        "marginals": item.marginals,
        "log_marginals": item.log_marginals,
        "max": item.scores.max() if len(item.scores) else -np.inf,
    }


def in_range(wanted: Any, dtype: np.dtype) -> np.ndarray:
    """What is beyond the largest float is answered as that."""
    largest = float(np.finfo(dtype).max)
    return np.where(np.isfinite(wanted), np.clip(wanted, -largest, largest), wanted)


def _of_kind(name: str) -> Check:
    return lambda answers: (breach for breach in _check_values(answers) if breach.law == name)


for _program in LAWS:
    for _name in ("enumeration", "any_scale", *BEYOND_FLOAT64):
        law(_name, _program)(_of_kind(_name))


@law("forbidden")
def _forbidden(answers: Answers) -> Iterator[LawBroken]:
    """Forbidden parts have no probability at all."""
    yield from _of_kind("forbidden")(answers)
    values = answers.values
    for i, item, where in items(answers):
        never = ~np.any(item.events[item.allowed], 0)
        if "marginals" in values and np.any(values["marginals"][i][never] != 0):
            yield LawBroken("forbidden", f"marginals, {where}: a part of no structure has probability")
        if "log_marginals" in values and np.any(values["log_marginals"][i][never] != -np.inf):
            yield LawBroken("forbidden", f"log_marginals, {where}: not -inf at a part of no structure")
        if "argmax" in values and not item.count and np.any(values["argmax"][i] != 0):
            yield LawBroken("forbidden", f"argmax, {where}: a structure where there is none")


@law("forbidden", "derivatives")
def _finite_derivatives(answers: Answers) -> Iterator[LawBroken]:
    """No derivative is NaN or infinite."""
    yield from _of_kind("forbidden")(answers)
    gradients = {"log_partition": answers.values["gradient"]}
    if "backward" in answers.values:
        gradients["everything"], gradients["everything, the other's"] = answers.values["backward"]
    for of, gradient in gradients.items():
        for name, value in gradient.items():
            if not all(np.all(np.isfinite(x)) for x in jax.tree.leaves(value)):
                yield LawBroken("forbidden", f"gradient of {of} by {name}: not finite")


# ----------------------------------------------------------------------------------------------------------- ties


@law("ties")
def _ties(answers: Answers) -> Iterator[LawBroken]:
    """argmax is one valid structure, its score is the maximum returned with it."""
    values = answers.values
    if "argmax" not in values:
        return
    for i, item, where in items(answers):
        if not item.count:
            continue
        event = values["argmax"][i]
        index = _index(item.events, event)
        if index is None or not item.allowed[index]:
            yield LawBroken("ties", f"argmax, {where}: not a structure")
            continue
        if differs(item.scores[index], item.scores.max(), tolerance(answers)):
            yield LawBroken(
                "ties", f"argmax, {where}: a structure of score {item.scores[index]}, not the best"
            )
        if values["max"][i] != values["score_of_argmax"][i]:
            yield LawBroken("ties", f"argmax_and_max, {where}: the maximum is not the score of the structure")
    if "argmax_alone" in values and not np.array_equal(values["argmax"], values["argmax_alone"]):
        yield LawBroken("ties", "argmax: not the structure of argmax_and_max")


@law("ties", "derivatives")
def _best_outside_a_frame(answers: Answers) -> Iterator[LawBroken]:
    for i, item, where in items(answers):
        want = item.scores.max() if item.count else 0
        got = answers.values["score_of_argmax outside"][i]
        if differs(got, want, tolerance(answers)):
            yield LawBroken(
                "ties", f"argmax outside a frame, {where}: a structure of score {got}, not {want}"
            )


def _index(events: np.ndarray, event: np.ndarray) -> int | None:
    """Which structure an event is."""
    hits = np.flatnonzero(np.all(events == event, 1))
    return int(hits[0]) if len(hits) else None


# -------------------------------------------------------------------------------------------------------- padding


@law("padding")
@law("padding", "derivatives")
def _padding(answers: Answers) -> Iterator[LawBroken]:
    """What stands beyond the lengths changes nothing, in values and gradients, and has no gradient."""
    yield from _of_kind("padding")(answers)
    for name, value in answers.values.items():
        if not _is_random(name) and not _same_tree(value, answers.again[name]):
            yield LawBroken("padding", f"{name}: changes with what stands beyond the lengths")


def _is_random(name: str) -> bool:
    return name.startswith(("sample", "pairs", "few_")) or name.endswith("of sample")


def _same_tree(a: Any, b: Any) -> bool:
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return all(np.array_equal(x, y, equal_nan=True) for x, y in pairs)


# --------------------------------------------------------------------------------------------- events and their copies


@law("events")
def _events(answers: Answers) -> Iterator[LawBroken]:
    """`decode` and `encode` of all structures."""
    if "encoded" not in answers.values:
        return
    for i, item, where in items(answers):
        table, size = answers.oracle.tables[i], len(item.events)
        if not np.array_equal(answers.values["encoded"][:size, i], item.events):
            yield LawBroken("events", f"encode, {where}: not the event of the structure")
        decoded = jax.tree.map(lambda x, i=i, size=size: x[:size, i], answers.values["decoded"])
        if not _same_tree(decoded, table.compact):
            yield LawBroken("events", f"decode, {where}: not the structure of the event")


@law("remembered")
def _remembered(answers: Answers) -> Iterator[LawBroken]:
    """An array that a query has returned is answered like its copy, though the frame remembers where it is from."""
    tol = tolerance(answers)
    for name, value in answers.values.items():
        if not name.startswith("remembered"):
            continue
        pairs = zip(jax.tree.leaves(value), jax.tree.leaves(answers.values[_copied(name)]), strict=True)
        if any(differs(got, want, tol) for got, want in pairs):
            yield LawBroken("remembered", f"{name.removeprefix('remembered ')}: not what is said of a copy")


def _copied(name: str) -> str:
    return name.replace("remembered", "copied", 1)


# -------------------------------------------------------------------------------------------------------- samples


@law("samples")
def _samples(answers: Answers) -> Iterator[LawBroken]:
    values, again = answers.values, answers.again
    if "samples" not in values:
        return
    if not (values["samples_are_binary"] and again["samples_are_binary"]):
        yield LawBroken("samples", "sample: an event that is not 0/1")
    if np.array_equal(values["samples"], again["samples"]):
        yield LawBroken("samples", "sample: the same draws from another key")
    for i, item, where in items(answers):
        drawn = np.concatenate([run["samples"][:, i] for run in (values, again)])
        if not item.count:
            if drawn.any():
                yield LawBroken("samples", f"sample, {where}: a structure where there is none")
            continue
        counts = _counts(item.events, drawn)
        if counts is None or counts[~item.allowed].any():
            yield LawBroken("samples", f"sample, {where}: drew what is not a structure")
        elif _chi_square(counts, item.probs * len(drawn)) < SIGNIFICANCE:
            yield LawBroken("samples", f"sample, {where}: not the distribution")
        yield from _without_replacement(answers, i, item, where)


def _without_replacement(answers: Answers, i: int, item: Any, where: str) -> Iterator[LawBroken]:
    """The joint law of the first two draws; more draws than structures give each once."""
    values, both = answers.values, (answers.values, answers.again)
    pairs = np.concatenate([run["pairs"][:, :, i] for run in both])
    log_probs = np.concatenate([run["pairs_log_probs"][:, :, i] for run in both])
    first, second = (_indices(item.events, pairs[:, draw]) for draw in range(2))
    name = "sample_without_replacement"
    seen = log_probs[:, 1] > -np.inf
    if np.any(first < 0) or (item.count > 1 and not np.all(seen)):
        yield LawBroken("samples", f"{name}, {where}: drew what is not a structure")
        return
    expected = len(pairs) * item.probs[:, None] * item.probs / np.maximum(1 - item.probs[:, None], 1e-300)
    np.fill_diagonal(expected, 0)
    if np.any((first == second) & seen):
        yield LawBroken("samples", f"{name}, {where}: the same structure twice")
    joint = np.zeros(expected.shape)
    np.add.at(joint, (first[seen], second[seen]), 1)
    if _chi_square(joint.ravel(), expected.ravel()) < SIGNIFICANCE:
        yield LawBroken("samples", f"{name}, {where}: not the joint distribution of ordered draws")
    if differs(log_probs[:, 0], item.log_probs[first], 10 * tolerance(answers)):
        yield LawBroken("samples", f"{name}, {where}: wrong log-probabilities")
    real = values["few_log_probs"][:, i] > -np.inf
    drawn = _indices(item.events, values["few_events"][:, i] > 0)[real]
    if len(set(drawn)) != len(drawn) or np.any(drawn < 0) or np.any(values["few_events"][~real, i]):
        yield LawBroken("samples", f"{name}, {where}: past the support, or not distinct")
    if real.sum() != min(K, item.count) or values["few_count"][i] != real.sum():
        yield LawBroken("samples", f"{name}, {where}: {real.sum()} of {item.count} structures for k = {K}")


def _indices(events: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Which structure each drawn event is, -1 for none."""
    known = {event.tobytes(): i for i, event in enumerate(events)}
    return np.array([known.get(np.ascontiguousarray(event).tobytes(), -1) for event in drawn], int)


def _counts(events: np.ndarray, drawn: np.ndarray) -> np.ndarray | None:
    found = _indices(events, drawn)
    return None if np.any(found < 0) else np.bincount(found, minlength=len(events))


def _chi_square(observed: np.ndarray, expected: np.ndarray) -> float:
    """p-value; cells that expect fewer than 5 are one."""
    large = expected >= 5
    observed = np.append(observed[large], observed[~large].sum())
    expected = np.append(expected[large], expected[~large].sum())
    if expected[-1] < 5:
        keep = slice(0, -1) if observed[-1] <= 5 + 10 * expected[-1] else slice(None)
        observed, expected = observed[keep], np.maximum(expected[keep], 1e-9)
    if len(observed) < 2:
        return 1.0
    return float(scipy.stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue)


# ---------------------------------------------------------------------------------------------------------- top-k


@law("top_k")
def _top_k(answers: Answers) -> Iterator[LawBroken]:
    values, tol = answers.values, tolerance(answers)
    if "top_events" not in values:
        return
    for i, item, where in items(answers):
        count = min(K, item.count)
        scores, events = values["top_scores"][:, i], values["top_events"][:, i]
        reachable = in_range(item.scores, answers.dtype)
        best = np.sort(reachable[item.allowed])[::-1][:K]
        if values["top_count"][i] != count:
            yield LawBroken("top_k", f"{where}: count {values['top_count'][i]} for {count}")
        if np.any(scores[count:] != -np.inf) or np.any(events[count:] != 0):
            yield LawBroken("top_k", f"{where}: something past the support")
        if np.any(np.diff(scores[:count]) > 0):
            yield LawBroken("top_k", f"{where}: not sorted")
        if differs(scores[:count], best, tol):
            yield LawBroken("top_k", f"{where}: scores {scores[:4]} for {best[:4]}")
        found = [_index(item.events, event) for event in events[:count]]
        if None in found or len(set(found)) != count:
            yield LawBroken("top_k", f"{where}: not distinct structures")
        elif differs(reachable[found], scores[:count], tol):
            yield LawBroken("top_k", f"{where}: scores that are not the structures'")


# -------------------------------------------------------------------------------------------------------- duality


@law("duality", "derivatives")
def _duality(answers: Answers) -> Iterator[LawBroken]:
    """Derivatives of log-partition, entropy, divergence and marginals, forward and backward, against enumeration."""
    values = answers.values
    tol = 5e-5 if answers.dtype == np.float32 else 1e-6  # the enumerated derivative is a central difference
    wanted = answers.oracle.derivatives(answers.directions)
    count = len(answers.oracle.items)
    size = sum(map(size_of, answers.oracle.items))
    along = _along(values["gradient"], answers.directions[0])
    if differs(along, sum(wanted["log_partition"]), tol * count):
        yield LawBroken("duality", f"gradient of log_partition: {along} for {sum(wanted['log_partition'])}")
    if "forward" not in values:
        return
    names = {"log_partition": "log_partition", "entropy": "entropy", "divergence": "kl_divergence"}
    for i, item, where in items(answers):
        for name in ("log_partition", "entropy", "divergence", "marginals"):
            got, want = values["forward"][name][i], wanted[name][i]
            if differs(got, want, tol * size_of(item)):
                shown = f"{got} for {want}" if np.ndim(got) == 0 else _gap(got, want)
                yield LawBroken("duality", f"derivative of {names.get(name, name)}, {where}: {shown}")
    total = sum(
        np.sum(wanted["marginals"][i] * answers.weights[i]) + sum(np.sum(wanted[name][i]) for name in names)
        for i in range(count)
    )
    got = sum(map(_along, values["backward"], answers.directions))
    if differs(got, total, tol * size):
        yield LawBroken("duality", f"gradients of everything: {got} for {total}")


@law("template", "derivatives")
def _template_marginals(answers: Answers) -> Iterator[LawBroken]:
    """What each item's log-partition gains by each parameter; all items together gain the gradient."""
    if "template" not in answers.values:
        return
    wanted = answers.values["by_parameters"]
    for name, counts in answers.values["template"].items():
        for got, want in zip(jax.tree.leaves(counts), jax.tree.leaves(wanted[name]), strict=True):
            together = got.sum(tuple(range(got.ndim - want.ndim)))
            if differs(together, want, 100 * tolerance(answers)):
                yield LawBroken("template", f"template marginals of {name}: {_gap(together, want)}")


def _along(gradient: Any, directions: Any) -> float:
    product = lambda x, direction: np.sum(x.astype(np.float64) * direction)
    return sum(jax.tree.leaves(jax.tree.map(product, gradient, directions)))


@law("duality")
def _no_divergence_from_itself(answers: Answers) -> Iterator[LawBroken]:
    if "kl_to_itself" not in answers.values:
        return
    for i, _, where in items(answers):
        if differs(answers.values["kl_to_itself"][i], 0, tolerance(answers)):
            yield LawBroken(
                "duality", f"kl_divergence to itself, {where}: {answers.values['kl_to_itself'][i]}"
            )


def size_of(item: Item) -> float:
    """By how much the divergence's derivative may be larger than a probability: the scores' differences."""
    scores = item.scores[item.allowed]
    return max(1.0, np.log1p(np.ptp(scores))) if len(scores) else 1.0


# ------------------------------------------------------------------------------------------------------ on device


@law("on_device")
@law("on_device", "derivatives")
def _on_device(answers: Answers) -> Iterator[LawBroken]:
    """No callback to the host, and a program that does not grow with the lengths."""
    for name in sorted(answers.primitives):
        if "callback" in name:
            yield LawBroken("on_device", f"a callback to the host: {name}")


@law_of_forms("on_device")
def _program_does_not_grow(enumerator: Enumerator) -> Iterator[LawBroken]:
    sizes = {extent: _program_size(enumerator, extent) for extent in enumerator.extents}
    if len(set(sizes.values())) > 1:
        yield LawBroken("on_device", f"the program grows with the length: {sizes}")


def _program_size(enumerator: Enumerator, extent: int) -> int:
    """How many equations the queries have where every length is bounded by `extent`."""
    resized = enumerator.of({each.role.bounds: extent for each in enumerator.declared.lengths})

    def everything(arrays, key):
        with passes.frame():
            distribution = resized.build(arrays)
            return (
                distribution.log_partition(),
                distribution.marginals(),
                distribution.entropy(),
                distribution.argmax(),
                distribution.top_k(3),
                distribution.sample(key, (2,)),
                distribution.sample_without_replacement(key, 2),
            )

    jaxpr = jax.make_jaxpr(everything)(resized.plain(), jax.random.key(0))
    return sum(1 for _ in equations(jaxpr.jaxpr))


# -------------------------------------------------------------------------------------------------------- no items


@law_of_forms("no_items")
def _no_items(enumerator: Enumerator) -> Iterator[LawBroken]:
    """A batch of no items has empty answers, to every question."""
    arrays = {
        name: value if name in enumerator.shared else jax.tree.map(lambda x: x[:0], value)
        for name, value in enumerator.plain(1).items()
    }
    yield from _questions_of_shapes(enumerator, "no_items", arrays, (0,))


@law_of_forms("no_batch")
def _no_batch(enumerator: Enumerator) -> Iterator[LawBroken]:
    """A distribution without batch axes answers every question."""
    yield from _questions_of_shapes(enumerator, "no_batch", enumerator.item(enumerator.plain(1), 0), ())


def _questions_of_shapes(
    enumerator: Enumerator, law: str, arrays: Any, batch: tuple[int, ...]
) -> Iterator[LawBroken]:
    """Every question, or a further form's own, asked of shapes only. Derivatives of all are of these same queries."""
    table = enumerator.table(enumerator.full())
    of = lambda dtype: lambda x: np.zeros((len(x), *batch, *x.shape[1:]), dtype)
    structures = jax.tree.map(of(np.float32), table.events), jax.tree.map(of(np.int32), table.compact)
    directions = floats_of(arrays)[0]
    weights = np.zeros((*batch, enumerator.flat(table.events).shape[1]), np.float32)
    given = (arrays, arrays, *structures, (directions, directions), weights, jax.random.key(0))
    asked = [each for each in QUESTIONS if each.own or (enumerator.thorough and each.program == "values")]

    def failure(*questions: Question) -> Exception | None:
        def everything(*given: Any) -> list[Any]:
            with passes.frame():
                one = Asked(enumerator, *given)
                return [question.ask(one) for question in questions]

        try:
            jax.eval_shape(everything, *given)
        except (TypeError, ValueError, IndexError, ZeroDivisionError) as error:
            return error
        return None

    if failure(*asked) is None:  # together they share their passes
        return
    for question in asked:
        error = failure(question)
        if error is not None:
            name = question.ask.__name__.lstrip("_")
            yield LawBroken(law, f"{name}: {type(error).__name__}: {error}")


# ------------------------------------------------------------------------------------------------------ optimistic


# What the law of optimistic programs asks, in this order, and how much of each it differentiates.
_HOPED = {"log_partition": 1, "entropy": 2, "kl_divergence": 3, "max": 0, "cross_entropy": 5}


@law_of_forms("optimistic")
def _optimistic(enumerator: Enumerator) -> Iterator[LawBroken]:
    """A program without exact computations is right wherever it does not refuse, and plain items are not refused."""
    if not (enumerator.thorough or enumerator.float32):
        return
    dtype = np.dtype(np.float32)
    case = enumerator.case(dtype, seed=1)
    axes = {name: None if name in enumerator.shared else 0 for name in case.arrays}

    def ask(mine, theirs):
        def answers(mine, theirs):
            with passes.frame():
                made, other = enumerator.build(mine), enumerator.build(theirs)
                queries = [
                    made.log_partition(),
                    made.entropy(),
                    made.kl_divergence(other),
                    made.argmax_and_max().score,
                ]
                return jax.numpy.stack([*queries, made.cross_entropy(other)])

        if not enumerator.thorough:  # its derivatives are made of the same passes
            return answers(mine, theirs), ()
        (floats, rest), (floats_other, rest_other) = floats_of(mine), floats_of(theirs)
        of_floats = lambda a, b: answers(a | rest, b | rest_other)
        values, pull = jax.vjp(of_floats, floats, floats_other)
        weights = jax.numpy.array([*_HOPED.values()], values.dtype)
        return values, pull(jax.numpy.where(jax.numpy.isfinite(values), weights, 0))

    def hopefully(mine, theirs):
        with guard.optimistic() as refused:
            found = ask(mine, theirs)
        return found, guard.any_refused(refused)

    run = jax.jit(jax.vmap(hopefully, (axes, axes)))
    (values, gradients), refused = jax.device_get(run(case.arrays, case.other))
    rng = np.random.default_rng(2)
    directions = directions_of(rng, case.arrays), directions_of(rng, case.other)
    oracle = Oracle(enumerator, case)
    slopes = oracle.derivatives(directions) if enumerator.thorough else None
    for i, (kind, item) in enumerate(zip(case.kinds, oracle.items, strict=True)):
        if refused[i]:
            if kind in ("plain", "small", "ties"):
                yield LawBroken("optimistic", f"item {i} ({kind}) is refused")
            continue
        if np.isfinite(item.log_partition) and abs(item.log_partition) > np.finfo(dtype).max:
            continue  # the laws of float32 tell what is said of it
        wanted = wanted_of(item)
        for name, got in zip(_HOPED, values[i], strict=True):
            if differs(got, wanted[name], 5e-5):
                yield LawBroken("optimistic", f"{name}, item {i} ({kind}): {got} for {wanted[name]}")
        if slopes is None:
            continue
        cross = _HOPED["cross_entropy"] if np.isfinite(item.divergence) else 0
        weight = {
            "log_partition": _HOPED["log_partition"],
            "entropy": _HOPED["entropy"] + cross,
            "divergence": _HOPED["kl_divergence"] + cross,
        }
        want = sum(weight[name] * slopes[name][i] for name in weight)
        of_item = [jax.tree.map(lambda x, i=i: x[i], gradient) for gradient in gradients]
        got = sum(map(_along, of_item, [enumerator.item(each, i) for each in directions]))
        if differs(got, want, 5e-5 * sum(weight.values()) * size_of(item)):
            yield LawBroken("optimistic", f"gradient, item {i} ({kind}): {got} along a direction for {want}")


# ------------------------------------------------------------------------------------------------------ bad input


@law_of_forms("bad_input")
def _bad_input(enumerator: Enumerator) -> Iterator[LawBroken]:
    """Refused with the argument's name: on the host where it can know, by `checks()` elsewhere."""
    for bad in itertools.chain(of_every_class(enumerator), enumerator.bad_inputs()):
        try:
            made = bad.build()
        except InvalidArgument as error:
            if bad.on_device or error.argument != bad.argument:
                yield LawBroken("bad_input", f"{bad.what}: named `{error.argument}`, not `{bad.argument}`")
            continue
        refused = [check.argument for check in made.checks() if np.any(check.bad)] if bad.on_device else []
        if refused != [bad.argument]:
            yield LawBroken("bad_input", f"{bad.what} in `{bad.argument}`: refused are {refused}")


@law_of_forms("padding")
def _padding_is_not_refused(enumerator: Enumerator) -> Iterator[LawBroken]:
    """What stands beyond the lengths is nobody's bad input."""
    items = [("plain", lengths) for lengths in enumerator.lengths()]
    made = enumerator.build(enumerator.case(np.dtype(np.float32), items=items).arrays)
    for check in made.checks():
        if np.any(check.bad):
            yield LawBroken("padding", f"`{check.argument}` is refused for what stands beyond the lengths")
