"""Semirings and `special` at their edges: derivatives, ties, forbidden parts, several axes."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import gammaln, logsumexp

from synjax_worker import semirings, special
from synjax_worker.errors import InvalidArgument

X = jax.random.normal(jax.random.key(0), (3, 4))
LOG, MAX = semirings.LogSemiring(), semirings.MaxSemiring()


def test_sums_over_several_axes_count_from_either_end() -> None:
    cube = jax.random.normal(jax.random.key(1), (2, 3, 4))
    for axes in ((0, 2), (-1, 0), [2, -3]):
        np.testing.assert_allclose(LOG.sum(cube, axes), logsumexp(cube, (0, 2)), rtol=1e-6)
        np.testing.assert_allclose(MAX.sum(cube, axes), np.max(cube, (0, 2)))


def test_gradients_of_the_log_semiring_are_marginals() -> None:
    y = jax.random.normal(jax.random.key(2), (4, 2))
    gradient = jax.jit(jax.grad(lambda x: LOG.einsum("ab,bc->", x, y)))(X)
    joint = np.exp(X[:, :, None] + y[None])
    np.testing.assert_allclose(gradient, joint.sum(-1) / joint.sum(), rtol=1e-5)


@pytest.mark.parametrize(
    "subscripts", ["ab,bc->ac", "ba,cb->ca", "dab,dbc->cda", "abe,bcf->ac", "ab,ab->", "ab,ab->a"]
)
def test_an_einsum_of_two_is_the_sum_of_products_at_any_range(subscripts: str) -> None:
    rng = np.random.default_rng(3)
    sizes = dict(zip("abcdef", (2, 3, 4, 2, 3, 2), strict=True))
    inputs, output = subscripts.split("->")
    shapes = [[sizes[label] for label in names] for names in inputs.split(",")]
    a, b = (np.asarray(rng.normal(size=shape) * 100, np.float32) for shape in shapes)
    labels = sorted(set(inputs) - {","})
    spread = lambda names, x: np.einsum(f"{names}->{''.join(sorted(names))}", x.astype(np.float64)).reshape(
        [sizes[label] if label in names else 1 for label in labels]
    )
    joint = sum(spread(names, x) for names, x in zip(inputs.split(","), (a, b), strict=True))
    wanted = logsumexp(joint, tuple(i for i, label in enumerate(labels) if label not in output))
    kept = [label for label in labels if label in output]
    wanted = np.transpose(wanted, [kept.index(label) for label in output])
    found = jax.jit(functools.partial(LOG.einsum, subscripts))(a, b)
    np.testing.assert_allclose(found, wanted, rtol=2e-6)


def test_an_einsum_that_does_not_fit_its_operands_says_so() -> None:
    with pytest.raises(InvalidArgument, match="rank 2, 2"):
        LOG.einsum("ab,b->a", X, X)
    with pytest.raises(InvalidArgument, match=r"operands\[1\].*expected b = 4"):
        LOG.einsum("ab,bc->ac", X, X)


def test_nothing_allowed_has_gradient_zero() -> None:
    without_first = lambda x: jnp.sum(jnp.where(jnp.arange(3) > 0, LOG.sum(x, 1), 0))
    gradient = jax.jit(jax.grad(without_first))(X.at[0].set(-jnp.inf))
    assert np.all(np.isfinite(gradient)) and not np.any(gradient[0])
    alone = jax.jit(jax.grad(lambda x: LOG.sum(x, 0)))(jnp.full(3, -jnp.inf))
    assert alone.tolist() == [0, 0, 0]


def test_the_gradient_of_a_maximum_of_equals_marks_one() -> None:
    tied = jnp.array([[1.0, 2.0, 2.0], [0.0, 0.0, 0.0]])
    assert jax.grad(lambda x: MAX.sum(x, 1).sum())(tied).tolist() == [[0, 1, 0], [1, 0, 0]]
    marked = jax.grad(lambda x: MAX.sum(x, (0, 1)))(jnp.zeros((2, 2)))
    assert float(marked.sum()) == 1 and set(np.unique(marked)) == {0, 1}


@pytest.mark.parametrize("semiring", [LOG, MAX], ids=["log", "max"])
def test_laws_of_a_semiring(semiring: semirings.Semiring) -> None:
    a, b, c = X[0], X[1], X[2]
    close = lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)
    close(semiring.add(a, b, c), semiring.add(semiring.add(a, b), c))
    close(semiring.mul(a, semiring.add(b, c)), semiring.add(semiring.mul(a, b), semiring.mul(a, c)))
    close(semiring.add(a, semiring.zero((4,))), a)
    close(semiring.mul(a, semiring.one((4,))), a)
    assert np.all(semiring.mul(a, semiring.zero((4,))) == -jnp.inf)


# ------------------------------------------------------------------------------------------------------- special


def test_sparsemax_of_ties_splits_evenly_and_is_differentiable_on_its_support() -> None:
    tied = jnp.array([2.0, 2.0, -5.0])
    assert special.sparsemax(tied).tolist() == [0.5, 0.5, 0.0]
    np.testing.assert_allclose(
        jax.jit(jax.jacobian(special.sparsemax))(tied), [[0.5, -0.5, 0], [-0.5, 0.5, 0], [0, 0, 0]]
    )
    assert special.sparsemax(jnp.array([7.0])).tolist() == [1]
    assert special.sparsemax(jnp.array([0.0, -jnp.inf])).tolist() == [1, 0]
    np.testing.assert_allclose(special.sparsemax(X, axis=0), special.sparsemax(X.T).T, rtol=1e-6)


def test_logarithm_of_zero_has_gradient_zero() -> None:
    x = jnp.array([0.0, 0.5])
    assert special.safe_log(x).tolist() == [-np.inf, np.log(np.float32(0.5))]
    assert jax.grad(lambda x: special.safe_log(x)[1])(x).tolist() == [0, 2]
    assert jax.vmap(jax.grad(special.safe_log))(x).tolist() == [0, 2]


def test_counts_against_their_recurrences() -> None:
    size = 7
    paths = np.ones((size, size))
    for i in range(1, size):
        for j in range(1, size):
            paths[i, j] = paths[i - 1, j] + paths[i, j - 1] + paths[i - 1, j - 1]
    m, n = np.indices((size, size))
    np.testing.assert_allclose(
        special.log_delannoy(m, n, max_input_value=size), np.log(paths), rtol=1e-5, atol=1e-5
    )
    n, k = np.array([0, 5, 30]), np.array([0, 2, 15])
    exact = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    np.testing.assert_allclose(special.log_comb(n, k), exact, rtol=1e-5, atol=1e-5)


def test_one_hots_over_several_axes_are_one_cell() -> None:
    x = jnp.zeros((2, 3, 4))
    for axis in ((0, 2), (-1, -3)):
        assert np.all(special.max_one_hot(x, axis).sum(axis) == 1)
        assert np.all(special.sample_one_hot(x, key=jax.random.key(0), axis=axis).sum(axis) == 1)
    forbidden = jnp.array([-jnp.inf, 0.0, -jnp.inf])
    assert special.sample_one_hot(forbidden, key=jax.random.key(1)).tolist() == [0, 1, 0]


def test_straight_through_has_one_value_and_the_other_derivative() -> None:
    replaced = lambda x: special.straight_through_replace(x**2, jnp.round(x))
    value, slope = jax.value_and_grad(replaced)(1.7)
    assert value == 2 and slope == pytest.approx(3.4)


# -------------------------------------------------------------------------------------------------------- bad input


def test_axes_that_are_not_there_are_refused() -> None:
    for function in (LOG.sum, MAX.sum, special.sparsemax, special.max_one_hot):
        with pytest.raises(ValueError, match="out of bounds"):
            function(X, 7)
        with pytest.raises(ValueError, match="repeated axis"):
            function(X, (0, 0))


def test_a_sum_of_nothing_is_zero_of_the_semiring() -> None:
    nothing = jnp.zeros((2, 0))
    assert LOG.sum(nothing, 1).tolist() == MAX.sum(nothing, 1).tolist() == [-np.inf, -np.inf]
    assert LOG.einsum("ab,bc->ac", nothing, jnp.zeros((0, 1))).tolist() == [[-np.inf], [-np.inf]]


def test_what_cannot_be_answered_is_not_a_number() -> None:
    assert np.isnan(special.log_delannoy(5, 5, max_input_value=3))
    assert np.all(np.isnan(special.sparsemax(jnp.array([np.nan, 1.0]))))
    assert np.all(np.isnan(special.sparsemax(jnp.array([np.inf, 1.0]))))
    np.testing.assert_allclose(special.sparsemax(jnp.array([1e8, 1e8 - 8])), [1, 0])


def test_nothing_is_drawn_where_nothing_is_allowed() -> None:
    weights = jnp.array([[-np.inf, -np.inf], [-np.inf, 0.0]])
    assert special.sample_one_hot(weights, key=jax.random.key(0)).tolist() == [[0, 0], [0, 1]]
