"""Segments in plain floats: what they answer where they are certified, and what they must not refuse."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import SemiMarkovCRF
from synjax_worker.numerics import guard
from synjax_worker.runtime import passes

N, M, T = 12, 4, 3


@functools.cache
def hopefully(ask: Any) -> Any:
    @jax.jit
    def run(made):
        with passes.frame(), guard.optimistic() as refused:
            value = ask(made)
        return value, guard.any_refused(refused)

    return run


def optimistic(made: Any, ask: Any) -> tuple[Any, bool]:
    value, refused = hopefully(ask)(made)
    return value, bool(refused)


def answers(made: SemiMarkovCRF) -> dict[str, Any]:
    return {
        "log_partition": made.log_partition(),
        "marginals": made.marginals(),
        "entropy": made.entropy(),
        "best": made.decode(made.argmax()),
        "score": made.argmax_and_max().score,
    }


carefully = jax.jit(answers)


def exact(potentials: np.ndarray, **options: Any) -> dict[str, Any]:
    with jax.enable_x64(True):
        return jax.device_get(carefully(SemiMarkovCRF(np.asarray(potentials, np.float64), **options)))


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def shortest_is_two() -> np.ndarray:
    x = normal(N, M, T, T)
    x[:, 0] = -np.inf
    return x


def a_label_that_never_is() -> np.ndarray:
    x = normal(N, M, T, T)
    x[..., 1] = -np.inf
    return x


def some_ends_masked(by: float) -> np.ndarray:
    """As where a word goes on: no segment is to end there."""
    x = normal(N, M, T, T)
    x[[2, 3, 7]] += by
    return x


def steep(nats: float) -> np.ndarray:
    """Every position costs that much, however it is cut."""
    return normal(N, M, T, T) + nats * (1 + np.arange(M, dtype=np.float32))[:, None, None]


NOT_REFUSED = {
    "plain": normal(N, M, T, T),
    "the shortest is two": shortest_is_two(),
    "a label that never is": a_label_that_never_is(),
    "masks of -1e3": some_ends_masked(-1e3),
    "masks of -1e9": some_ends_masked(-1e9),
    "falling": steep(-14.0),
    "rising": steep(14.0),
}


@pytest.mark.parametrize("what", NOT_REFUSED)
def test_what_is_certified_is_right(what: str) -> None:
    potentials = NOT_REFUSED[what]
    found, refused = optimistic(SemiMarkovCRF(potentials), answers)
    assert not refused
    expected = exact(potentials)
    for name in ("log_partition", "score"):
        np.testing.assert_allclose(found[name], expected[name], rtol=3e-7, atol=1e-5)
    np.testing.assert_allclose(found["marginals"], expected["marginals"], atol=2e-6)
    np.testing.assert_allclose(found["entropy"], expected["entropy"], atol=2e-5)
    np.testing.assert_array_equal(found["best"], expected["best"])


def test_garbage_past_the_end_changes_nothing_and_is_not_refused() -> None:
    potentials = normal(3, N, M, T, T)
    lengths = np.array([N, 5, 1], np.int32)
    expected = exact(potentials, lengths=lengths)
    for garbage in (np.nan, np.inf, 3e38):
        dirty = potentials.copy()
        for item, length in enumerate(lengths):
            dirty[item, length:] = garbage
        dirty[:, 0, 1:] = garbage  # begins before the sequence
        dirty[:, 2, 2, 1:] = garbage  # the first segment reads row 0
        found, refused = optimistic(SemiMarkovCRF(dirty, lengths=lengths), answers)
        assert not refused
        np.testing.assert_allclose(found["marginals"], expected["marginals"], atol=2e-6)
        np.testing.assert_allclose(found["log_partition"], expected["log_partition"], rtol=3e-7)
        np.testing.assert_array_equal(found["best"], expected["best"])


def lost_to_the_range() -> np.ndarray:
    """Label 1 is e^-200 of label 0 until it is the only one that may end."""
    x = normal(N, M, T, T)
    x[..., 1] -= 200
    x[N - 1] = -np.inf
    x[N - 1, 0, 1, 1] = 0
    return x


def lifted_from_far_below() -> np.ndarray:
    """One segment after another: what lies 1e9 below keeps its digits, and is lifted up again."""
    x = np.full((3, 1, 2, 2), -np.inf, np.float32)
    x[0, 0, 0] = 0, -1e9
    x[1, 0] = [[0, -np.inf], [-np.inf, -3.3]]
    x[2, 0] = [[-1, -np.inf], [1e9, -np.inf]]
    return x


@pytest.mark.parametrize(
    ("by", "ask"),
    [
        (6e4, lambda made: made.argmax()),
        (4e6, lambda made: made.log_marginals()),
    ],
    ids=["argmax", "log_marginals"],
)
def test_many_small_steps_may_not_lift_what_lies_far_behind(by: float, ask: Any) -> None:
    made = SemiMarkovCRF(falls_back(by))
    assert optimistic(made, ask)[1]
    assert made.decode(made.argmax())[:, 2].tolist() == [1] * (2 * N + 1)


def falls_back(by: float) -> np.ndarray:
    """One label gains as much in many steps as it loses in as many more; the other is a little better in the end."""
    a, b = normal(2, 2 * N + 1)
    a[1 : N + 1] += by
    a[N + 1 :] -= by
    b[-1] += 0.1 + np.sum(a, dtype=np.float64) - np.sum(b, dtype=np.float64)
    x = np.full((2 * N + 1, 1, 2, 2), -np.inf, np.float32)
    x[:, 0, 0, 0], x[:, 0, 1, 1], x[0, 0, 0, 1] = a, b, b[0]
    return x


REFUSED = [lost_to_the_range(), lifted_from_far_below(), steep(-1e3), steep(1e3)]


@pytest.mark.parametrize("potentials", REFUSED)
def test_what_plain_floats_would_lose_is_refused_and_answered_exactly(potentials: np.ndarray) -> None:
    made = SemiMarkovCRF(potentials)
    _, refused = optimistic(made, answers)
    assert refused
    found, expected = carefully(made), exact(potentials)
    np.testing.assert_allclose(found["marginals"], expected["marginals"], atol=2e-6)
    np.testing.assert_allclose(found["log_partition"], expected["log_partition"], rtol=3e-7)
    np.testing.assert_array_equal(found["best"], expected["best"])


def test_no_item_and_no_structure() -> None:
    empty = SemiMarkovCRF(jnp.zeros((0, N, M, T, T)))
    assert optimistic(empty, lambda made: made.log_partition())[0].shape == (0,)
    impossible = SemiMarkovCRF(np.full((2, N, M, T, T), -np.inf, np.float32), lengths=np.array([N, 0]))
    found = carefully(impossible)
    assert found["log_partition"].tolist() == [-np.inf, 0]
    assert not np.any(found["marginals"])
