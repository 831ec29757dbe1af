"""Draws of segments have the right distribution, and padding, garbage and vmap change none of their bits."""

from __future__ import annotations

import functools
from collections import Counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from synjax_worker.numerics import numeric
from synjax_worker.structures.segments.potentials import Potentials
from synjax_worker.structures.segments.structure import Segments

from .enumeration import POSITIONS, Truth, case, truth

SEGMENTS = Segments()
DRAWS = 20_000
SIGNIFICANT = 1e-4

forms = pytest.mark.parametrize("form", ["general", "factored"])


def one_item(form: str) -> tuple[Potentials, jax.Array, Truth]:
    """Of full length, with something forbidden."""
    made = case(form, np.float32, seed=7, kinds=("forbidden",))
    item = POSITIONS
    potentials = jax.tree.map(lambda x: x[item : item + 1], made.potentials)
    return potentials, jnp.asarray(made.lengths[item : item + 1]), truth(made, item)


def counted(segments: np.ndarray, true: Truth) -> np.ndarray:
    """How often each structure stands in (S n 3)."""
    index = {padded(each): which for which, each in enumerate(true.structures)}
    found = Counter(row.tobytes() for row in segments.reshape(len(segments), -1).astype(np.int32))
    counts = np.zeros(len(index))
    for row, count in found.items():
        counts[index[row]] = count
    return counts


def padded(compact: Any) -> bytes:
    rows = np.full((POSITIONS, 3), -1, np.int32)
    rows[: len(compact)] = compact
    return rows.tobytes()


def chi_square(observed: np.ndarray, expected: np.ndarray) -> float:
    """p-value; cells of small expectation are taken together."""
    assert (observed[expected == 0] == 0).all()
    large = expected >= 5
    pool = lambda x: np.append(x[large], x[~large].sum()) if x[~large].sum() > 0 else x[large]
    return stats.chisquare(pool(observed), pool(expected)).pvalue


@forms
def test_distribution_of_draws(form: str) -> None:
    potentials, lengths, true = one_item(form)

    def draws(key: jax.Array, potentials: Potentials, lengths: jax.Array) -> Any:
        together = SEGMENTS.sample(key, potentials, lengths, SEGMENTS.forward(potentials, lengths), DRAWS)
        many = jax.tree.map(lambda x: jnp.repeat(x, DRAWS, 0), (potentials, lengths))
        alone = SEGMENTS.sample(key, *many, SEGMENTS.forward(*many), 1)
        return together[:, 0], alone[0], SEGMENTS.sample_without_replacement(key, *many, 2)

    together, alone, (ordered, log_probs) = jax.tree.map(
        np.asarray, jax.jit(draws)(jax.random.key(11), potentials, lengths)
    )
    for which, segments in (("together", together), ("alone", alone), ("without replacement", ordered[0])):
        assert chi_square(counted(segments, true), true.probs * DRAWS) > SIGNIFICANT, which
    index = {padded(each): which for which, each in enumerate(true.structures)}
    pairs = [[index[row.tobytes()] for row in drawn.astype(np.int32)] for drawn in ordered]
    joint = np.zeros((len(index), len(index)))
    np.add.at(joint, tuple(pairs), 1)
    expected = DRAWS * true.probs[:, None] * true.probs / (1 - true.probs[:, None])
    np.fill_diagonal(expected, 0)
    assert chi_square(joint.ravel(), expected.ravel()) > SIGNIFICANT
    np.testing.assert_allclose(log_probs, true.log_probs[np.array(pairs)], atol=1e-5)


def answers(form: str, key: jax.Array, potentials: Potentials, lengths: jax.Array) -> Any:
    messages = SEGMENTS.forward(potentials, lengths)
    if form == "factored":
        walks = (
            SEGMENTS.argmax(potentials, lengths)[0],
            SEGMENTS.sample(key, potentials, lengths, messages, 2),
            SEGMENTS.sample_without_replacement(key, potentials, lengths, 3)[0],
        )
        temperature = jnp.full(lengths.shape, 0.5)
        return walks, SEGMENTS.relaxed_walk(key, potentials, lengths, messages, temperature, 1, False)

    def total(potentials: Potentials) -> Any:
        log_partition = numeric.sum_value(SEGMENTS.log_partition(potentials, lengths, messages))
        entropy = SEGMENTS.entropy(potentials, lengths, messages)
        return jnp.sum(numeric.finite_or_zero(log_partition) + entropy), (log_partition, entropy)

    gradient, values = jax.grad(total, has_aux=True)(potentials)
    return values, gradient.segment


@forms
def test_padding_garbage_and_vmap_change_nothing(form: str) -> None:
    made = case(form, np.float32)
    key = jax.random.key(2)
    each = functools.partial(answers, form)
    expected = jax.jit(each)(key, made.potentials, made.lengths)
    more = 2

    def longer(garbage: float) -> Potentials:
        potentials = case(form, np.float32, garbage=garbage).potentials
        width = [(0, more if axis == 1 else 0) for axis in range(potentials.segment.ndim)]
        return potentials._replace(segment=jnp.pad(potentials.segment, width, constant_values=garbage))

    stacked = jax.tree.map(lambda *x: jnp.stack(x), longer(np.nan), longer(np.inf))
    found = jax.jit(jax.vmap(each, (None, 0, None)))(key, stacked, made.lengths)
    for lane in range(2):
        answer, parts = jax.tree.map(lambda x, lane=lane: np.asarray(x[lane]), found)
        if form == "factored":
            answer = tuple(walks[..., :POSITIONS, :] for walks in answer)
            jax.tree.map(np.testing.assert_array_equal, answer, expected[0])
        else:
            jax.tree.map(close, answer, expected[0])
        beyond, inside = parts[..., POSITIONS:, :, :, :], parts[..., :POSITIONS, :, :, :]
        assert not beyond.any()
        close(inside, expected[1])


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
