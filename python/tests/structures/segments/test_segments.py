"""Every query of segments against enumeration, in both forms, float32 and float64."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.numerics import numeric
from synjax_worker.structures.segments.potentials import Potentials
from synjax_worker.structures.segments.structure import Segments
from synjax_worker.structures.structure import Query

from .enumeration import LABELS, LONGEST, POSITIONS, SHAPE, Case, Truth, case, event, logsumexp, truth

SEGMENTS = Segments()
SIZES = {"n": POSITIONS, "m": LONGEST, "t": LABELS}
K = 6
MORE_THAN_ALL = 60
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-10}
ROUNDING = {np.float32: 4 * 2.0**-23, np.float64: 4 * 2.0**-52}

full = functools.partial(pytest.param, marks=pytest.mark.full)  # what the laws of the class ask too
forms = pytest.mark.parametrize("form", [full("general"), "factored"])
both = pytest.mark.parametrize(
    ("form", "dtype"),
    [
        full("general", np.float32),
        ("shared", np.float32),
        full("general", np.float64),
        full("factored", np.float64),
    ],
)


value = numeric.sum_value


def sums(potentials: Potentials, other: Potentials, lengths: jax.Array) -> dict[str, Any]:
    messages = SEGMENTS.forward(potentials, lengths)
    arguments = potentials, lengths, messages
    p, q = Query(*arguments), Query(other, lengths, SEGMENTS.forward(other, lengths))
    return {
        "possible": SEGMENTS.possible(messages),
        "log_partition": value(SEGMENTS.log_partition(*arguments)),
        "log_count": value(SEGMENTS.log_count(potentials, lengths)),
        "marginals": SEGMENTS.marginals(*arguments),
        "log_marginals": SEGMENTS.log_marginals(*arguments),
        "potential_marginals": SEGMENTS.potential_marginals(*arguments),
        "entropy": SEGMENTS.entropy(*arguments),
        "cross_entropy": SEGMENTS.cross_entropy(p, q),
        "kl_divergence": SEGMENTS.kl_divergence(p, q),
        "of_itself": SEGMENTS.kl_divergence(p, p),
        "smoothed": SEGMENTS.smoothed_max(potentials, lengths, numeric.logsumexp),
        "relaxed": SEGMENTS.relaxed_event(potentials, lengths, numeric.logsumexp),
    }


def choices(key: jax.Array, potentials: Potentials, lengths: jax.Array) -> dict[str, Any]:
    arguments = potentials, lengths, SEGMENTS.forward(potentials, lengths)
    best, possible = SEGMENTS.argmax(potentials, lengths)
    top, real = SEGMENTS.top_k(potentials, lengths, K)
    scores = lambda compact: value(SEGMENTS.score_of_compact(potentials, lengths, compact))
    events = SEGMENTS.event(top, SIZES, potentials.segment.dtype)
    return {
        "argmax": (best, possible, scores(best[None])[0]),
        "top_k": (top, real, scores(top)),
        "events": events,
        "compact": SEGMENTS.compact(events, lengths),
        "score_of_event": value(SEGMENTS.score_of_event(potentials, lengths, events)),
        "sample": SEGMENTS.sample(key, *arguments, 1),
        "samples": SEGMENTS.sample(key, *arguments, 3),
        "drawn": SEGMENTS.sample_without_replacement(key, potentials, lengths, MORE_THAN_ALL),
        "relaxed": SEGMENTS.relaxed_walk(key, *arguments, jnp.full(lengths.shape, 1e-3), 2, False),
        "hard": SEGMENTS.relaxed_walk(key, *arguments, jnp.ones(lengths.shape), 2, True),
        "parts": value(
            SEGMENTS.score_of_event(
                SEGMENTS.of_part_scores(SEGMENTS.part_scores(potentials)), lengths, events
            )
        ),
    }


@functools.cache
def summed(form: str, dtype: type) -> tuple[Case, dict[str, Any], list[Truth]]:
    with jax.enable_x64(dtype == np.float64):
        made = case(form, dtype)
        return answered(made, jax.jit(sums)(made.potentials, made.other, made.lengths))


@functools.cache
def chosen(form: str) -> tuple[Case, dict[str, Any], list[Truth]]:
    made = case(form, np.float32)
    return answered(made, jax.jit(choices)(jax.random.key(0), made.potentials, made.lengths))


def answered(made: Case, found: dict[str, Any]) -> tuple[Case, dict[str, Any], list[Truth]]:
    return made, jax.tree.map(np.asarray, found), [truth(made, item) for item in range(len(made.lengths))]


def close(found: Any, expected: Any, tolerance: float, what: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=str(what))


def rows(compact: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """Of one structure; what follows the last segment is -1."""
    real = compact[compact[:, 2] >= 0]
    assert (compact[len(real) :] == -1).all()
    return tuple(tuple(int(x) for x in row) for row in real)


@both
def test_sums_over_all_segmentations(form: str, dtype: type) -> None:
    made, found, truths = summed(form, dtype)
    for item, true in enumerate(truths):
        what = made.kinds[item], made.lengths[item]
        assert found["possible"][item] == true.possible, what
        if not true.possible:
            assert found["log_partition"][item] == found["log_count"][item] == -np.inf, what
            assert not found["marginals"][item].any(), what
            assert (found["log_marginals"][item] == -np.inf).all(), what
            assert found["entropy"][item] == found["of_itself"][item] == 0, what
            continue
        expected = true.log_partition
        assert abs(found["log_partition"][item] - expected) <= ROUNDING[dtype] * max(1, abs(expected)), what
        count = np.log(np.sum(true.scores > -np.inf))
        close(found["log_count"][item], count, TOLERANCE[dtype], what)
        events = true.events()
        marginals = np.tensordot(true.probs, events, 1)
        close(found["marginals"][item], marginals, TOLERANCE[dtype], what)
        used = np.max(np.where((true.scores > -np.inf)[:, None, None, None, None], events, 0), 0) > 0
        assert (found["marginals"][item][~used] == 0).all(), what
        logs = logsumexp(np.where(events > 0, true.log_probs[:, None, None, None, None], -np.inf))
        close(found["log_marginals"][item], logs, TOLERANCE[dtype], what)
        close(found["entropy"][item], -np.sum(xlogy(true)), TOLERANCE[dtype], what)
        assert found["of_itself"][item] == 0, what
        # With this choice, the smoothed recursion is the sum, and its relaxed event the marginals.
        close(found["smoothed"][item], expected, TOLERANCE[dtype], what)
        close(found["relaxed"][item], marginals, TOLERANCE[dtype], what)


def xlogy(true: Truth) -> np.ndarray:
    return true.probs * np.where(true.probs > 0, true.log_probs, 0)


@both
def test_marginals_of_potentials_add_up_those_of_parts(form: str, dtype: type) -> None:
    made, found, truths = summed(form, dtype)
    for item, true in enumerate(truths):
        expected = potential_marginals(form, np.tensordot(true.probs, true.events(), 1))
        for field, wanted in zip(found["potential_marginals"], expected, strict=True):
            if wanted is not None:
                close(field[item], wanted, TOLERANCE[dtype], made.kinds[item])


def potential_marginals(form: str, marginals: np.ndarray) -> Potentials:
    if form == "general":
        return Potentials(marginals)
    first = np.arange(LONGEST)[:, None, None] == np.arange(POSITIONS)[:, None, None, None]
    return Potentials(
        marginals.sum(2),
        np.where(first, 0, marginals).sum((0, 1)),
        np.where(first, marginals, 0).sum((0, 1, 2)),
    )


@both
def test_divergences(form: str, dtype: type) -> None:
    made, found, truths = summed(form, dtype)
    infinite = 0
    for item, true in enumerate(truths):
        if not true.possible:
            assert found["kl_divergence"][item] in (0, np.inf)
            continue
        other = truth(made, item, other=True)
        if (np.isneginf(other.scores) & ~np.isneginf(true.scores)).any():
            infinite += 1
            assert found["kl_divergence"][item] == found["cross_entropy"][item] == np.inf
            continue
        allowed = true.scores > -np.inf
        ratio = true.log_probs[allowed] - other.log_probs[allowed]
        expected = np.sum(true.probs[allowed] * ratio)
        close(found["kl_divergence"][item], expected, TOLERANCE[dtype], made.kinds[item])
        cross = found["cross_entropy"][item]
        close(cross, expected - np.sum(xlogy(true)), TOLERANCE[dtype], made.kinds[item])
    assert infinite


@forms
def test_the_best(form: str) -> None:
    made, found, truths = chosen(form)
    segments, possible, scores = found["argmax"]
    top, real, top_scores = found["top_k"]
    for item, true in enumerate(truths):
        what = made.kinds[item], made.lengths[item]
        order = np.sort(true.scores[true.scores > -np.inf])[::-1][:K]
        assert possible[item] == (len(order) > 0) and real[:, item].sum() == len(order), what
        score_of = dict(zip(true.structures, true.scores, strict=True))
        if len(order):
            close(score_of[rows(segments[item])], order[0], 1e-5, what)
            close(scores[item], order[0], 1e-5, what)
        found_rows = [rows(top[which, item]) for which in range(len(order))]
        assert len(set(found_rows)) == len(order), what
        close([score_of[each] for each in found_rows], order, 1e-5, what)
        close(top_scores[: len(order), item], order, 1e-5, what)
        assert (np.diff(top_scores[: len(order), item]) <= 0).all(), what
        assert (top[len(order) :, item] == -1).all(), what


@forms
def test_events_are_compact_ones_and_have_their_scores(form: str) -> None:
    made, found, truths = chosen(form)
    top, real, scores = found["top_k"]
    for item, true in enumerate(truths):
        for which in range(K):
            expected = event(rows(top[which, item])) if real[which, item] else np.zeros(SHAPE)
            np.testing.assert_array_equal(found["events"][which, item], expected)
        assert (found["compact"][:, item] == top[:, item]).all(), made.kinds[item]
        if true.possible:
            close(found["score_of_event"][:, item], scores[:, item], 1e-5, made.kinds[item])
            close(found["parts"][:, item], scores[:, item], 1e-5, made.kinds[item])


@forms
def test_draws_are_segmentations_and_without_replacement_all_of_them(form: str) -> None:
    made, found, truths = chosen(form)
    segments, log_probs = found["drawn"]
    for item, true in enumerate(truths):
        what = made.kinds[item], made.lengths[item]
        allowed = {
            each: log_prob
            for each, log_prob in zip(true.structures, true.log_probs, strict=True)
            if log_prob > -np.inf
        }
        if allowed:
            assert all(
                rows(draw) in allowed for name in ("sample", "samples") for draw in found[name][:, item]
            ), what
        real = log_probs[:, item] > -np.inf
        assert real[: len(allowed)].all() and not real[len(allowed) :].any(), what
        drawn = [rows(segments[which, item]) for which in range(len(allowed))]
        assert set(drawn) == set(allowed), what
        close(log_probs[: len(allowed), item], [allowed[each] for each in drawn], 1e-5, what)


@forms
def test_a_walk_that_is_hardly_relaxed_is_a_segmentation(form: str) -> None:
    _, found, truths = chosen(form)
    hard = 0
    for item, true in enumerate(truths):
        relaxed = found["relaxed"][:, item]
        assert np.isfinite(relaxed).all()
        assert set(np.unique(found["hard"][:, item])) <= {0, 1}
        if not true.possible:
            assert not relaxed.any()
            continue
        possible = true.events()[true.scores > -np.inf]
        covered = np.max(possible, 0, initial=0) > 0
        assert (relaxed[:, ~covered] == 0).all()
        assert all((possible == each).all((1, 2, 3, 4)).any() for each in found["hard"][:, item])
        gaps = np.abs(possible[None] - relaxed[:, None]).max((2, 3, 4, 5)).min(1)
        hard += (gaps < 1e-3).sum()
    assert hard > 0.9 * 2 * sum(true.possible for true in truths)


@forms
def test_a_potential_that_is_nan_shows_in_its_item_alone(form: str) -> None:
    made = case(form, np.float32, kinds=("plain",))
    item, position = POSITIONS - 1, 1
    potentials = made.potentials._replace(segment=made.potentials.segment.at[item, position, 0].set(jnp.nan))
    log_partition = lambda x: SEGMENTS.log_partition(x, made.lengths, SEGMENTS.forward(x, made.lengths))
    found = value(jax.jit(log_partition)(potentials))
    expected = [truth(made, each).log_partition for each in range(len(made.lengths))]
    assert np.isnan(found[item])
    close(np.delete(found, item), np.delete(expected, item), 1e-5, "the others")


def test_divergence_between_the_forms() -> None:
    made = case("factored", np.float32, kinds=("plain", "forbidden"))

    def divergences(potentials: Potentials, other: Potentials, lengths: jax.Array) -> tuple[jax.Array, ...]:
        query = lambda x: Query(x, lengths, SEGMENTS.forward(x, lengths))
        p, q = query(potentials), query(other)
        general = query(SEGMENTS.of_part_scores(SEGMENTS.part_scores(other)))
        return SEGMENTS.kl_divergence(p, q), SEGMENTS.kl_divergence(p, general)

    expected, found = jax.jit(divergences)(made.potentials, made.other, made.lengths)
    close(found, expected, 1e-5, "between the forms")
