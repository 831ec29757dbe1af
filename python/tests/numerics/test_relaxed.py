"""Smooth maxima, the noise that perturbs, and the gradient of implicit maximum-likelihood estimation."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker import special
from synjax_worker.errors import InvalidArgument
from synjax_worker.numerics import noise, relaxed
from synjax_worker.numerics.implicit_mle import implicit_mle

VALUES = {
    "softmax": (relaxed.softmax_max, relaxed.softmax),
    "sparsemax": (relaxed.sparsemax_max, relaxed.sparsemax),
    "regularized": (relaxed.regularized_sparsemax_max, relaxed.sparsemax),
}
STRAIGHT_THROUGH = {
    "softmax": (relaxed.straight_through_softmax_max, relaxed.straight_through_softmax, relaxed.softmax),
    "sparsemax": (
        relaxed.straight_through_sparsemax_max,
        relaxed.straight_through_sparsemax,
        relaxed.sparsemax,
    ),
}


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def numbers(*shape: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape) * scale


def nearest_point_of_the_simplex(x: np.ndarray) -> np.ndarray:
    """By bisection for the threshold, in long double."""
    x = x.astype(np.longdouble) - x.max()
    low, high = np.longdouble(-1), np.longdouble(0)
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(x - middle, 0).sum() > 1 else (low, middle)
    return np.maximum(x - low, 0).astype(np.float64)


@jax.jit
def sparsemaxes(x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Along the last axis, as the public one, and along the first axis of the transpose."""
    return relaxed.sparsemax(x), special.sparsemax(x), relaxed.sparsemax(x.T, 0).T


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_sparsemax_is_exact_at_any_scale(scale: float, dtype: type) -> None:
    x = numbers(30, 7, scale=scale).astype(dtype)
    x[::3, 2] = -np.inf
    x[::2] += np.where(numbers(15, 7, seed=1) > 0, 0, 0.3 * scale)  # ties and near ties are common
    found, public, along_first = map(np.asarray, sparsemaxes(x))
    wanted = np.stack([nearest_point_of_the_simplex(row) for row in x])
    np.testing.assert_allclose(found, wanted, atol=5e-7 if dtype == np.float32 else 1e-14)
    assert np.all(found[np.isneginf(x)] == 0)
    np.testing.assert_array_equal(found, public)
    np.testing.assert_array_equal(along_first, found)


def test_derivative_of_sparsemax_where_its_support_is_one() -> None:
    """The others are exactly where the clamp and the threshold are."""
    jacobian = jax.jit(jax.jacobian(relaxed.sparsemax))(jnp.array([5.0, 0.0, -jnp.inf]))
    np.testing.assert_array_equal(jacobian, np.zeros((3, 3)))


def test_derivative_of_sparsemax() -> None:
    x = jnp.array([0.3, 0.1, -0.2, -3.0])
    mask = np.array([1.0, 1, 1, 0])
    np.testing.assert_allclose(
        jax.jit(jax.jacobian(relaxed.sparsemax))(x), np.diag(mask) - np.outer(mask, mask) / 3, atol=1e-15
    )


@pytest.mark.parametrize("name", VALUES)
def test_the_gradient_of_a_value_is_its_weights_and_their_derivative_is_true(name: str) -> None:
    choose, weights = VALUES[name]
    x, direction = jnp.asarray(numbers(4, 5)), jnp.asarray(numbers(4, 5, seed=1))
    x = x.at[1, 2].set(-jnp.inf)
    of_x = {
        "gradient": jax.grad(lambda x: choose(x, -1).sum()),
        "weights": lambda x: weights(x, -1),
        "both": lambda x: relaxed.value_and_weights(choose, x, -1),
    }
    # Of each what it is, and how it changes along the direction.
    ask = jax.jit(lambda x: {name: jax.jvp(f, (x,), (direction,)) for name, f in of_x.items()})
    found, step = ask(x), 1e-6
    np.testing.assert_allclose(found["gradient"][0], found["weights"][0], atol=1e-15)
    ahead, behind = (ask(x + sign * step * direction)["both"][0] for sign in (1, -1))
    for slope, a, b in zip(found["both"][1], ahead, behind, strict=True):
        np.testing.assert_allclose(slope, (a - b) / (2 * step), atol=1e-8)
    np.testing.assert_allclose(found["gradient"][1], found["weights"][1], atol=1e-14)


def test_values_are_what_they_are_defined_as() -> None:
    x = numbers(3, 4)
    functions = (relaxed.softmax, relaxed.sparsemax, *(choose for choose, _ in VALUES.values()))
    found = jax.jit(lambda x: [function(x, -1) for function in functions])(x)
    soft, sparse, of_soft, of_sparse, regularized = map(np.asarray, found)
    np.testing.assert_allclose(of_soft, (soft * x).sum(-1))
    np.testing.assert_allclose(of_sparse, (sparse * x).sum(-1))
    np.testing.assert_allclose(regularized, (sparse * x).sum(-1) - (sparse**2).sum(-1) / 2)


@pytest.mark.parametrize("choose", [x[0] for x in (*VALUES.values(), *STRAIGHT_THROUGH.values())])
def test_where_nothing_is_allowed_the_value_is_that_and_derivatives_are_zero(choose) -> None:
    x = jnp.full((2, 3), -jnp.inf).at[0, 1].set(2.0)
    both = lambda x: choose(x, -1)[0] + jnp.where(True, choose(x, -1)[1], 0)
    weights = lambda x: relaxed.value_and_weights(choose, x, -1)[1]
    value, gradient, hessian = jax.jit(
        lambda x: (choose(x, -1), jax.grad(both)(x), jax.jacobian(weights)(x))
    )(x)
    assert np.isneginf(value[1]) and np.isfinite(value[0])
    np.testing.assert_array_equal(gradient, [[0, 1, 0], [0, 0, 0]])
    assert np.all(np.isfinite(hessian)) and np.all(hessian[1] == 0)


@pytest.mark.parametrize("name", STRAIGHT_THROUGH)
def test_straight_through_is_the_indicator_with_the_derivative_of_the_weights(name: str) -> None:
    choose, hard, soft = STRAIGHT_THROUGH[name]
    x, direction = jnp.asarray(numbers(4, 5)), jnp.asarray(numbers(4, 5, seed=1))
    x = x.at[0].set(1.0)  # of equals, the first

    @jax.jit
    def ask(x: jax.Array) -> tuple:
        indicator, along_hard = jax.jvp(hard, (x,), (direction,))
        _, along_soft = jax.jvp(soft, (x,), (direction,))
        gradient = jax.grad(lambda x: choose(x, -1).sum())(x)
        return indicator, along_hard, along_soft, choose(x, -1), gradient, special.max_one_hot(x)

    indicator, along_hard, along_soft, value, gradient, wanted = ask(x)
    np.testing.assert_array_equal(indicator, wanted)
    np.testing.assert_array_equal(along_hard, along_soft)
    np.testing.assert_allclose(value, x.max(-1))
    np.testing.assert_array_equal(gradient, wanted)


# ----------------------------------------------------------------------------------------------------------- noise


def distance_to_gumbel(sample: np.ndarray) -> float:
    """Kolmogorov and Smirnov's."""
    cdf = np.exp(-np.exp(-np.sort(sample)))
    steps = np.arange(sample.size + 1) / sample.size
    return float(max(np.abs(cdf - steps[1:]).max(), np.abs(cdf - steps[:-1]).max()))


def test_parts_of_sum_of_gamma_noise_add_up_to_a_gumbel() -> None:
    draw = jax.jit(noise.sum_of_gamma, static_argnums=(1, 2, 4))
    for terms, bound in ((10, 0.035), (40, 0.017)):
        drawn = np.asarray(draw(jax.random.key(0), (4, 15_000), jnp.float32, 4, terms))
        assert distance_to_gumbel(drawn.sum(0)) < bound
        assert distance_to_gumbel(drawn[0]) > 0.2  # one part alone is none
    alone = np.asarray(draw(jax.random.key(0), (15_000,), jnp.float32, 1, 40))
    assert distance_to_gumbel(alone) < 0.02


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("name", noise.NOISES)
def test_noise_is_a_function_of_its_key(name: str, dtype) -> None:
    draw = jax.jit(lambda key: noise.draw(name, key, (3, 4), dtype, 2))
    first, other = draw(jax.random.key(0)), draw(jax.random.key(1))
    assert first.shape == (3, 4) and first.dtype == dtype
    assert name == "None" or not np.any(first == other)

    @jax.jit
    def longer(key: jax.Array, raw: jax.Array) -> tuple[jax.Array, jax.Array]:
        return noise.draw(name, key, (5, 4), dtype, 2), noise.draw(name, raw, (3, 4), dtype, 2)

    padded, of_raw = longer(jax.random.key(0), jax.random.PRNGKey(0))
    np.testing.assert_array_equal(first, padded[:3])  # more padding changes nothing
    np.testing.assert_array_equal(first, of_raw)


def test_a_function_is_noise_and_what_is_none_is_refused() -> None:
    key = jax.random.key(0)
    theirs = lambda key, shape: jnp.full(shape, 2.0)
    assert noise.draw(theirs, key, (2,), jnp.float32, 1).tolist() == [2, 2]
    np.testing.assert_array_equal(
        noise.draw(jax.random.gumbel, key, (2,), jnp.float32, 1),
        noise.draw("Gumbel", key, (2,), jnp.float32, 1),
    )
    with pytest.raises(InvalidArgument, match='`noise` is "Laplace"'):
        noise.draw("Laplace", key, (2,), jnp.float32, 1)
    with pytest.raises(InvalidArgument, match="shape"):
        noise.draw(lambda key, shape, dtype: jnp.zeros(()), key, (2,), jnp.float32, 1)


def test_perturbing_keeps_what_is_forbidden() -> None:
    x = jnp.array([1.0, -jnp.inf])
    perturbed = lambda x, temperature: noise.perturb(x, jnp.array([0.5, 0.5]), temperature)
    assert perturbed(x, 0.5).tolist() == [3, -np.inf]
    by_potential, by_temperature = jax.grad(lambda *args: perturbed(*args)[0], (0, 1))(x, 0.5)
    assert by_potential.tolist() == [2, 0] and float(by_temperature) == -6


# ---------------------------------------------------------------------------------------------------- implicit MLE


def best_of_each(theta: dict, aux: jax.Array) -> dict:
    return jax.tree.map(lambda x: relaxed.max_indicator(jnp.where(aux, x, -jnp.inf)), theta)


def test_the_gradient_of_implicit_mle_is_as_defined() -> None:
    shapes = {"a": (6, 5), "b": (5,)}
    theta, eta, slope = (
        {name: jnp.asarray(numbers(*shape, seed=seed)) for name, shape in shapes.items()} for seed in range(3)
    )
    theta["b"] = theta["b"].at[1].set(-jnp.inf)
    allowed = jnp.array([True, True, True, True, False])
    temperature, rate = 0.7, 1.5

    def loss(theta, allowed):
        z = implicit_mle(best_of_each, theta, eta, allowed, temperature, rate)
        return sum(jnp.sum(slope[name] * z[name]) for name in z)

    gradient = jax.jit(jax.grad(loss))(theta, allowed)
    moved = {name: theta[name] + temperature * eta[name] for name in theta}
    best = jax.jit(best_of_each)
    there = best({name: moved[name] - rate * slope[name] for name in theta}, allowed)
    here = best(moved, allowed)
    for name in theta:
        np.testing.assert_array_equal(gradient[name], here[name] - there[name])
    assert np.any(gradient["a"] != 0) and gradient["b"][1] == 0 and np.all(gradient["a"][:, 4] == 0)

    # Without a derivative the noise is scaled, too; batches of keys and items work.
    plain = jax.jit(lambda *x: implicit_mle(best_of_each, *x))(theta, eta, allowed, temperature, rate)
    np.testing.assert_array_equal(plain["a"], here["a"])
    batch = jax.tree.map(lambda x: jnp.stack([x, x]), theta)
    each = jax.jit(jax.vmap(jax.grad(loss), in_axes=(0, None)))(batch, allowed)
    np.testing.assert_array_equal(each["a"][1], gradient["a"])
