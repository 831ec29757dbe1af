"""`special` and `semirings`."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker import semirings, special
from synjax_worker.errors import InvalidArgument


def test_log_comb_catalan_delannoy() -> None:
    assert float(special.log_comb(10, 3)) == pytest.approx(math.log(120), rel=1e-5)
    assert [round(float(jnp.exp(special.log_catalan(n)))) for n in range(6)] == [1, 1, 2, 5, 14, 42]
    assert [round(float(jnp.exp(special.log_delannoy(3, n, max_input_value=5)))) for n in range(4)] == [
        1,
        7,
        25,
        63,
    ]


def test_sparsemax_is_the_nearest_point_of_the_simplex() -> None:
    x = jax.random.normal(jax.random.key(0), (5, 4)) * 2
    nearest = special.sparsemax(x)
    np.testing.assert_allclose(nearest.sum(-1), 1, rtol=1e-6)
    corners = np.random.default_rng(1).dirichlet(np.ones(4), 2000)
    distance = jnp.sum((x[:, None] - corners) ** 2, -1).min(-1)
    assert np.all(jnp.sum((x - nearest) ** 2, -1) <= distance + 1e-6)
    both = special.sparsemax(x, axis=(0, 1))
    assert float(both.sum()) == pytest.approx(1)


def test_one_hot_of_ties_is_one_and_straight_through_has_the_gradient() -> None:
    assert special.max_one_hot(jnp.array([1.0, 1.0, 0.0])).tolist() == [1, 0, 0]
    gradient = jax.grad(lambda x: special.max_one_hot(x, straight_through=True) @ jnp.arange(3.0))(
        jnp.zeros(3)
    )
    assert gradient.tolist() == [0, 1, 2]
    drawn = jax.vmap(lambda key: special.sample_one_hot(jnp.log(jnp.array([0.2, 0.8])), key=key))(
        jax.random.split(jax.random.key(0), 4000)
    )
    assert float(drawn[:, 1].mean()) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [("ab,bc->ac", [(2, 3), (3, 4)]), ("a,ab,b->", [(2,), (2, 3), (3,)]), ("ab->ba", [(2, 3)])],
)
def test_einsum_over_the_semirings(subscripts: str, shapes: list[tuple[int, ...]]) -> None:
    x = [jax.random.normal(jax.random.key(i), shape) for i, shape in enumerate(shapes)]
    by_logs = jax.jit(functools.partial(semirings.einsum_log, subscripts))
    by_max = jax.jit(functools.partial(semirings.einsum_max, subscripts))(*x)
    in_floats = np.log(np.einsum(subscripts, *map(np.exp, x)))
    np.testing.assert_allclose(by_logs(*x), in_floats, rtol=1e-5, atol=1e-6)
    assert by_max.shape == in_floats.shape
    cold = by_logs(*(each * 1e4 for each in x)) / 1e4
    np.testing.assert_allclose(by_max, cold, atol=1e-3)


def test_sums_over_nothing_allowed_are_zero_of_the_semiring() -> None:
    nothing = jnp.full((2, 3), -jnp.inf)
    for semiring in (semirings.LogSemiring(), semirings.MaxSemiring()):
        assert np.all(semiring.sum(nothing, 1) == semiring.zero((2,)))
        assert np.all(semiring.add(nothing, nothing + 0) == nothing)
    with pytest.raises(InvalidArgument, match="subscripts"):
        semirings.einsum_log("aa->a", nothing)
