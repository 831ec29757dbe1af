"""What JAX takes apart: the rows of a map, and what a derivative is taken by."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.errors import InvalidArgument
from synjax_worker.runtime import batches
from synjax_worker.runtime.closure import combine, partition_operands
from synjax_worker.runtime.structural import STRUCTURAL
from synjax_worker.simple import parts_of, whole

from .cases import CASES, COMBINED, NORMAL, WEIGHTS, ask, made, ours, transform

# A batch of two, in the examples by their parameters; of the others one of each way to hold a distribution.
EXAMPLES = {name: lambda name=name: made(name)[0] for name in CASES} | {
    "independent": lambda: ours("independent", ours("normal", loc=jnp.ones((2, 3))), reinterpreted_batch_ndims=1),
    "expanded": lambda: ours("expanded", ours("normal", scale=jnp.ones(3)), batch_shape=(2, 3)),
    "masked": COMBINED["masked"][0],
    "masked by a constant": lambda: ours("masked", NORMAL, False),
    "truncated": COMBINED["truncated"][0],
    "transformed": COMBINED["transformed"][0],
    "transformed vectors": lambda: ours(
        "transformed",
        ours("normal", loc=jnp.array([[0.5, 0.1], [1.0, 2.0]])),
        (
            transform("lower_cholesky_affine", loc=jnp.ones(2), scale_tril=jnp.eye(2)),
            transform("stick_breaking"),
            transform("power", exponent=2.0),
        ),
    ),
    "mixture": lambda: ours(
        "mixture",
        mixing_distribution=WEIGHTS,
        component_distributions=ours("normal", loc=jnp.array([[0.0, 1.0], [2.0, 3.0]])),
    ),
    "mixture of several": lambda: ours(
        "mixture", mixing_distribution=WEIGHTS, component_distributions=(NORMAL, ours("cauchy"))
    ),
}  # fmt: skip
# Of one distribution for all
del EXAMPLES["discrete_uniform"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_rows_of_a_map_have_the_batch_of_their_parameters(name: str) -> None:
    of = EXAMPLES[name]()
    batch, event = of.batch_shape, of.event_shape
    assert batch[0] == 2
    value = jnp.full((*batch, *event), 0.5) if event else jnp.ones(batch)
    if name == "improper_uniform":
        value = jnp.full((2, 3), 1 / 3)
    seen = []

    def one(moving: Any, value: jax.Array) -> tuple[Any, jax.Array]:
        (row,) = rows.row(moving)
        seen.append((row.batch_shape, row.event_shape))
        return batches.stackable(row), ask("log_prob", row, value)

    @jax.jit
    def mapped() -> tuple[Any, jax.Array, jax.Array]:
        back, log = jax.vmap(one)(rows.moving, value)
        again = batches.with_first_axis_at(back, 0)
        assert (again.batch_shape, again.event_shape) == (batch, event)
        assert type(again) is type(of) or name == "expanded"
        return log, ask("log_prob", again, value), ask("log_prob", of, value)

    rows = batches.Rows([of], [0])
    by_row, of_all, expected = mapped()
    assert seen[0] == (batch[1:], event)
    np.testing.assert_allclose(by_row, expected, rtol=1e-5)
    np.testing.assert_allclose(of_all, expected, rtol=1e-5)


def test_an_axis_may_be_any_and_comes_back_anywhere() -> None:
    of = ours("normal", loc=jnp.arange(6.0).reshape(2, 3), scale=2.0)
    rows = batches.Rows([of, of], [1, None])
    assert jax.tree.leaves(rows.moving[1]) == []

    def one(moving: Any) -> Any:
        row, held = rows.row(moving)
        assert (row.batch_shape, held.batch_shape) == ((2,), (2, 3))
        return batches.stackable(row)

    back = batches.with_first_axis_at(jax.vmap(one)(rows.moving), -1)
    assert back.batch_shape == (2, 3)
    np.testing.assert_array_equal(back.loc, of.loc)
    with pytest.raises(InvalidArgument, match="a distribution with batch"):
        batches.Rows([of], [2])


def test_a_derivative_is_by_the_parameters_that_were_given() -> None:
    """NumPyro's object of a beta distribution holds its parameters twice."""
    of = ours("beta", concentration1=jnp.array(2.0), concentration0=jnp.array(3.0))
    ((moving, held),) = partition_operands([of], [0])
    gradient = jax.grad(lambda moving: ask("log_prob", combine(moving, held), 0.25))(moving)
    get = STRUCTURAL["get"]
    expected = jax.grad(
        lambda c: ask("log_prob", ours("beta", concentration1=c, concentration0=jnp.array(3.0)), 0.25)
    )(jnp.array(2.0))
    np.testing.assert_allclose(get(gradient, "concentration1"), expected, rtol=1e-5)
    with pytest.raises(InvalidArgument, match="the derivative by a Beta has no 'rate'"):
        get(gradient, "rate")
    with pytest.raises(InvalidArgument, match="a Parts has no log_prob"):
        ask("log_prob", gradient, 0.5)


def test_parameters_have_the_names_that_they_were_given_under() -> None:
    get = STRUCTURAL["get"]
    truncated = ours("truncated_normal", loc=jnp.array([0.0, 1.0]), low=-1.0)
    assert get(truncated, "loc").tolist() == [0, 1] and get(truncated, "low") == -1
    deep = ours("independent", truncated)
    assert get(deep, "loc").tolist() == [0, 1]
    assert get(deep, "batch_shape") == () and get(deep, "event_shape") == (2,)
    normal = ours("multivariate_normal", covariance_matrix=jnp.array([[4.0]]))
    assert get(normal, "covariance_matrix").tolist() == [[4]] and get(normal, "scale_tril").tolist() == [[2]]
    with pytest.raises(InvalidArgument, match="has no 'rate'; it has high, loc, low, scale"):
        get(ours("independent", ours("truncated_normal", loc=jnp.zeros(2), low=-1.0, high=1.0)), "rate")


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_leaves_and_enters_a_compiled_program(name: str) -> None:
    """A handle's structure is part of what an executable is known by."""
    of = EXAMPLES[name]()
    leaves, structure = jax.tree.flatten(of)
    hash(structure)
    again = jax.tree.unflatten(structure, leaves)
    assert jax.tree.structure(again) == structure == jax.tree.structure(of)
    parts = parts_of(again)
    hash(jax.tree.structure(parts))
    assert parts.batch_shape == of.batch_shape
    assert whole(parts).batch_shape == of.batch_shape and type(whole(parts)) is type(of)
