"""The k best where some scores are so large that single floats beside them cannot tell the others apart."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from synjax_worker.numerics import guard
from synjax_worker.runtime import passes

from . import enumerator
from .case import Arrays, Case, potentials_of
from .enumerator import Enumerator
from .laws import differs, in_range
from .oracle import Oracle

FORMS = [
    form for forms in enumerator.load().values() for form in forms if "huge" in form.kinds() and form.thorough
]
ITEMS = 12


def with_one_huge(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.reshape(-1)[rng.integers(x.size)] = 1e9
    return x


def far_apart(form: Enumerator) -> Arrays:
    """In each item one potential is huge, or some of one parameter are."""
    rng = np.random.default_rng(5)
    arrays = form.plain(ITEMS)
    given = [name for name in form.potentials if name not in form.shared]
    for i in range(ITEMS):
        name, kind = given[i % len(given)], (None, "huge", "finfo")[i // len(given) % 3]
        for x in jax.tree.leaves(arrays[name]):
            x[i] = potentials_of(rng, kind, x[i].shape) if kind else with_one_huge(rng, x[i])
    return arrays


def wrong(form: Enumerator, arrays: Arrays, scores: np.ndarray) -> list:
    """Items whose best scores (k B) are others."""
    items, k = scores.shape[1], len(scores)
    case = Case(arrays, arrays, ("huge",) * items, (form.full(),) * items, form.full())
    found = []
    for i, item in enumerate(Oracle(form, case).items):
        best = np.sort(in_range(item.scores, np.dtype(np.float32))[item.allowed])[::-1][:k]
        best = np.pad(best, (0, k - len(best)), constant_values=-np.inf)
        if differs(scores[:, i], best, 1e-5):
            found.append((i, scores[:, i].tolist(), best.tolist()))
    return found


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_k_best_far_below_the_best(form: Enumerator) -> None:
    """For two k, in one program: they share what does not depend on k."""
    arrays = far_apart(form)

    @jax.jit
    def ask(arrays: Arrays) -> list:
        with passes.frame():
            made = form.build(arrays)
            return [made.top_k(k).scores for k in (3, 20)]

    for scores in jax.device_get(ask(arrays)):
        assert not wrong(form, arrays, scores), len(scores)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_an_optimistic_program_refuses_them_or_is_right(form: Enumerator) -> None:
    arrays = far_apart(form)

    @jax.jit
    def ask(arrays: Arrays) -> tuple:
        with passes.frame(), guard.optimistic() as refused:
            scores = form.build(arrays).top_k(20).scores
        return scores, guard.any_refused(refused)

    def item(i: int) -> Arrays:
        of = lambda name, x: x if name in form.shared else jax.tree.map(lambda x: x[i : i + 1], x)
        return {name: of(name, x) for name, x in arrays.items()}

    for i in range(ITEMS):
        scores, refused = jax.device_get(ask(item(i)))
        assert refused or not wrong(form, item(i), scores), i
