"""Sums over all matchings: permanents, derivatives, and what cannot be summed."""

from __future__ import annotations

import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.errors import InvalidArgument
from synjax_worker.numerics import numeric
from synjax_worker.structures.assignment import Assignment, Potentials
from synjax_worker.structures.structure import Query

ASSIGNMENT = Assignment()


def lengths_of(table: Any, rows: int | None = None, cols: int | None = None) -> dict[str, jax.Array]:
    full = lambda size: jnp.full(table.shape[:1], size, jnp.int32)
    rows, cols = (
        own if given is None else given for given, own in ((rows, table.shape[1]), (cols, table.shape[2]))
    )
    return {"lengths_rows": full(rows), "lengths_cols": full(cols)}


def log_partition(table: Any, **lengths: int) -> jax.Array:
    potentials, sizes = Potentials(table), lengths_of(table, **lengths)
    return numeric.sum_value(
        ASSIGNMENT.log_partition(potentials, sizes, ASSIGNMENT.forward(potentials, sizes))
    )


def permanent(table: np.ndarray) -> float:
    """Of its rows, by Ryser's formula; of a table with more columns the sum over all choices of columns."""
    rows = table.shape[0]
    total = 0.0
    for columns in itertools.combinations(range(table.shape[1]), rows):
        own = table[:, columns]
        for size in range(1, rows + 1):
            for subset in itertools.combinations(range(rows), size):
                total += (-1) ** (rows - size) * np.prod(own[:, subset].sum(1))
    return total


@pytest.mark.parametrize("size", [1, 5, 12])
def test_the_log_partition_of_zeros_is_the_log_of_a_factorial(size: int) -> None:
    value = jax.jit(log_partition)(jnp.zeros((1, size, size)))
    np.testing.assert_allclose(value, math.lgamma(size + 1), rtol=1e-6, atol=1e-6)


def test_matchings_of_some_rows_are_counted() -> None:
    """Of 3 rows and 700 columns, either way round."""
    want = math.log(700 * 699 * 698)
    for shape in ((1, 3, 700), (1, 700, 3)):
        np.testing.assert_allclose(jax.jit(log_partition)(jnp.zeros(shape)), want, rtol=1e-6)


def test_counts_are_permanents_of_zeros_and_ones() -> None:
    rng = np.random.default_rng(0)
    allowed = rng.random((8, 4, 5)) < 0.6
    allowed[0, :2, 1:] = False  # two rows with the same only column
    table = np.where(allowed, rng.normal(size=allowed.shape), -np.inf).astype(np.float32)
    count = jax.jit(
        lambda table: numeric.sum_value(ASSIGNMENT.log_count(Potentials(table), lengths_of(table)))
    )
    with np.errstate(divide="ignore"):
        want = np.log([round(permanent(each.astype(float))) for each in allowed])
    assert want[0] == -np.inf
    np.testing.assert_allclose(count(table), want, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 3.0])
def test_the_log_partition_is_the_log_of_a_permanent(scale: float) -> None:
    table = np.random.default_rng(0).normal(size=(6, 4, 5)) * scale
    with jax.enable_x64(True):
        value = jax.jit(log_partition)(table)
        turned = jax.jit(log_partition)(np.swapaxes(table, 1, 2))
    top = table.max((1, 2), keepdims=True)
    want = [math.log(permanent(np.exp(each))) for each in table - top] + 4 * top[:, 0, 0]
    np.testing.assert_allclose(value, want, rtol=1e-9)
    np.testing.assert_allclose(turned, value, rtol=1e-12)


def test_derivatives_of_the_log_partition_to_the_second_order() -> None:
    """Marginals, and how they change, against central differences."""
    rng = np.random.default_rng(0)
    table, direction = rng.normal(size=(2, 2, 4, 4))
    with jax.enable_x64(True):
        one = lambda table: jnp.sum(log_partition(table, rows=3))
        gradient = jax.jit(jax.grad(one))
        step = 1e-5
        values = jax.jit(one)
        slope = (values(table + step * direction) - values(table - step * direction)) / (2 * step)
        np.testing.assert_allclose(np.sum(gradient(table) * direction), slope, rtol=1e-8)
        moved = (gradient(table + step * direction) - gradient(table - step * direction)) / (2 * step)
        forward = jax.jit(lambda x, d: jax.jvp(jax.grad(one), (x,), (d,))[1])(table, direction)
        backward = jax.jit(jax.grad(lambda x: jnp.sum(jax.grad(one)(x) * direction)))(table)
    np.testing.assert_allclose(forward, moved, atol=1e-8)
    np.testing.assert_allclose(backward, moved, atol=1e-8)  # the second derivative is symmetric
    assert not np.any(gradient(table)[:, 3]) and not np.any(forward[:, 3])


@pytest.mark.parametrize("step", [1e-3, 0.1])
def test_small_divergences_are_right_relative_to_themselves(step: float) -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(4, 5, 6)).astype(np.float32)
    tables = first, first + step * rng.normal(size=first.shape).astype(np.float32)

    def divergence(*tables: jax.Array) -> jax.Array:
        queries = [(Potentials(table), lengths_of(table)) for table in tables]
        return ASSIGNMENT.kl_divergence(*(Query(*each, ASSIGNMENT.forward(*each)) for each in queries))

    found = jax.jit(divergence)(*tables)
    with jax.enable_x64(True):
        want = jax.jit(divergence)(*(table.astype(np.float64) for table in tables))
        log_probs = [log_probs_of(table.astype(np.float64)) for table in tables]
    by_enumeration = np.sum(np.exp(log_probs[0]) * (log_probs[0] - log_probs[1]), -1)
    np.testing.assert_allclose(want, by_enumeration, rtol=1e-7)
    np.testing.assert_allclose(found, want, rtol=2e-3 if step < 0.01 else 1e-5)


def log_probs_of(table: np.ndarray) -> np.ndarray:
    """Of all matchings, (B S)."""
    rows = np.arange(table.shape[1])
    columns = np.array(list(itertools.permutations(range(table.shape[2]), table.shape[1])))
    scores = table[:, rows, columns].sum(-1)
    return scores - np.log(np.exp(scores).sum(-1, keepdims=True))


QUERIES = {
    "log_partition": log_partition,
    "log_count": lambda table: ASSIGNMENT.log_count(Potentials(table), lengths_of(table)),
    "marginals": jax.grad(lambda table: jnp.sum(log_partition(table))),
    "relaxed_event": lambda table: ASSIGNMENT.relaxed_event(
        Potentials(table), lengths_of(table), numeric.logsumexp
    ),
    "sample_without_replacement": lambda table: ASSIGNMENT.sample_without_replacement(
        jax.random.key(0), Potentials(table), lengths_of(table), 2
    ),
}


@pytest.mark.parametrize("name", QUERIES)
def test_what_cannot_be_summed_is_refused_while_tracing(name: str) -> None:
    with pytest.raises(
        InvalidArgument, match=r"argmax, the top k, and .* Perturb-and-MAP-Implicit-MLE"
    ) as caught:
        jax.eval_shape(QUERIES[name], jnp.zeros((1, 13, 14)))
    assert caught.value.argument == "log_potentials"
    assert caught.value.expected == "at most 12 on the shorter side"
    jax.eval_shape(QUERIES[name], jnp.zeros((1, 14, 12)))


def test_numbers_of_matchings_that_are_no_floats_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="columns beside 12 rows"):
        jax.eval_shape(log_partition, jnp.zeros((1, 12, 5000)))
