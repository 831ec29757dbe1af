"""Relaxed structures of chains, and the five methods of differentiable samples."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import LinearChainCRF
from synjax_worker.distributions.relaxed import METHODS
from synjax_worker.errors import InvalidArgument
from synjax_worker.numerics import numeric, relaxed
from synjax_worker.structures.chain import Chain, Potentials

CHAIN = Chain()
N, T = 5, 3
LENGTHS = np.array([5, 3, 1, 0, 4], np.int32)
ITEMS = len(LENGTHS)
CHOICES = {
    "logsumexp": numeric.logsumexp,
    "softmax": relaxed.softmax_max,
    "sparsemax": relaxed.sparsemax_max,
    "regularized": relaxed.regularized_sparsemax_max,
    "straight-through": relaxed.straight_through_softmax_max,
}

pytestmark = (
    pytest.mark.full
)  # `test_differentiable_samples.py` asks the class, and whether its gradients are true


def made(form: str, dtype: Any = np.float64, seed: int = 0, scale: float = 1.0, padding: float = 0.0):
    """Potentials with forbidden parts; the last item has no structure. Padding holds `padding`."""
    rng = np.random.default_rng(seed)
    normal = lambda *shape: (rng.normal(size=shape) * scale).astype(dtype)
    start, transition, emission = normal(ITEMS, T), normal(ITEMS, T, T), normal(ITEMS, N, T)
    transition[:, 1, 2] = -np.inf
    emission[0, 2, 0] = -np.inf
    emission[-1, 1] = -np.inf
    if form == "shared":
        transition = transition[0]
    beyond = np.arange(N) >= LENGTHS[:, None]
    emission[beyond] = padding
    found = Potentials(*map(jnp.asarray, (start, transition, emission)))
    if form != "general":
        return found
    scores = np.array(CHAIN.part_scores(found))
    scores[beyond] = padding
    scores[:, 0, 1:] = padding
    return CHAIN.of_part_scores(jnp.asarray(scores))


def random_like(tree: Any, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape), x.dtype), tree)


def inner(a: Any, b: Any) -> jax.Array:
    return sum(
        jnp.sum(numeric.masked_product(x, y)) for x, y in zip(*map(jax.tree.leaves, (a, b)), strict=True)
    )


def relax(potentials: Potentials, lengths: Any, choice: str):
    """-> the smoothed maximum, its gradient by the potentials, and the relaxed event."""
    value = lambda potentials: CHAIN.smoothed_max(potentials, lengths, CHOICES[choice])
    values, pull = jax.vjp(value, potentials)
    event = CHAIN.relaxed_event(potentials, lengths, CHOICES[choice])
    return values, pull(jnp.ones_like(values))[0], event


@functools.cache
def relaxing(choice: str):
    return jax.jit(functools.partial(relax, choice=choice))


@functools.cache
def along(choice: str):
    """The derivative of the gradient and of the event along a direction."""

    def compute(potentials, lengths, direction):
        of = lambda potentials: relax(potentials, lengths, choice)[1:]
        return jax.jvp(of, (potentials,), (direction,))[1]

    return jax.jit(compute)


@functools.cache
def hard_of():
    def compute(potentials, lengths):
        compact, possible = CHAIN.argmax(potentials, lengths)
        compact = jnp.where(possible[:, None], compact, -1)
        return CHAIN.event(compact, {"t": T}, jax.tree.leaves(potentials)[0].dtype)

    return jax.jit(compute)


def sample(
    key: Any, potentials: Potentials, lengths: Any, temperature: Any, method: str, draws=1, **options: Any
):
    fields = {"log_potentials": potentials.transition}
    if potentials.emission is not None:
        fields = dict(zip(("initial", "transition", "emission"), potentials, strict=True))
    chain = LinearChainCRF(**fields, lengths=lengths)
    options = {"noise": "Gumbel", "temperature": temperature, **options}
    return chain.differentiable_sample(key, method=method, sample_shape=draws, **options)


@functools.cache
def sampling(method: str, **options: Any):
    return jax.jit(functools.partial(sample, method=method, **options))


@pytest.fixture
def _double():
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("_double")
def test_with_logsumexp_it_is_the_log_partition_and_the_marginals() -> None:
    potentials = made("shared")
    value, gradient, event = relaxing("logsumexp")(potentials, LENGTHS)

    def exact(potentials, lengths):
        query = (potentials, lengths, CHAIN.forward(potentials, lengths))
        partition = numeric.sum_value(CHAIN.log_partition(*query))
        return partition, CHAIN.marginals(*query), CHAIN.potential_marginals(*query)

    partition, marginals, by_potential = jax.jit(exact)(potentials, LENGTHS)
    np.testing.assert_allclose(value, partition, rtol=1e-12)
    assert np.isneginf(value[-1]) and np.all(event[-1] == 0)
    np.testing.assert_allclose(event, marginals, atol=1e-13)
    by_potential = by_potential._replace(transition=by_potential.transition.sum(0))
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-13), gradient, Potentials(*by_potential)
    )


@pytest.mark.usefixtures("_double")
@pytest.mark.parametrize(
    ("form", "choice"),
    [
        ("shared", "softmax"),
        ("general", "softmax"),
        ("shared", "sparsemax"),
        ("general", "logsumexp"),
    ],
)
def test_derivatives_of_the_relaxed_structure_are_finite_differences(form: str, choice: str) -> None:
    potentials = made(form)
    direction = random_like(potentials, 1)
    step = 1e-6
    moved = lambda step: jax.tree.map(lambda x, dx: x + step * dx, potentials, direction)
    _, *ahead = relaxing(choice)(moved(step), LENGTHS)
    _, *behind = relaxing(choice)(moved(-step), LENGTHS)
    differences = jax.tree.map(lambda a, b: (a - b) / (2 * step), ahead, behind)
    found = along(choice)(potentials, LENGTHS, direction)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-7), list(found), differences)
    assert max(float(jnp.abs(x).max()) for x in jax.tree.leaves(found)) > 0.05


@pytest.mark.usefixtures("_double")
@pytest.mark.parametrize("choice", ["logsumexp", "regularized"])
def test_it_does_not_matter_how_the_potentials_are_given(choice: str) -> None:
    given = made("factored")
    scores = CHAIN.part_scores(given)
    found, wanted = (relaxing(choice)(x, LENGTHS) for x in (given, CHAIN.of_part_scores(scores)))
    # A regularized choice costs 1/2 where there is but one candidate: the node before the first position makes one.
    cost = 0.5 * (LENGTHS > 0) if choice == "regularized" else 0
    np.testing.assert_allclose(found[0] - cost, wanted[0], rtol=1e-12)
    np.testing.assert_allclose(found[2], wanted[2], atol=1e-13)
    assert np.all(np.asarray(found[2])[np.isneginf(scores)] == 0)
    np.testing.assert_allclose(found[1].emission[0], np.asarray(found[2])[0].sum(1), atol=1e-13)


@pytest.mark.parametrize(("form", "choice"), [("shared", "logsumexp"), ("general", "sparsemax")])
def test_float32_is_right_at_scale_1e4(form: str, choice: str) -> None:
    single = made(form, np.float32, scale=1e4)
    value, _, event = relaxing(choice)(single, LENGTHS)
    with jax.enable_x64(True):
        double = jax.tree.map(lambda x: jnp.asarray(np.asarray(x, np.float64)), single)
        exact_value, _, exact_event = relaxing(choice)(double, LENGTHS)
    np.testing.assert_allclose(value, exact_value, rtol=1e-6)
    np.testing.assert_allclose(event, exact_event, atol=2e-6)


@pytest.mark.usefixtures("_double")
@pytest.mark.parametrize(("form", "choice"), [("general", "softmax"), ("shared", "sparsemax")])
def test_padding_is_invisible_and_every_derivative_finite(form: str, choice: str) -> None:
    clean, garbage = (made(form, padding=padding) for padding in (0.0, np.nan))
    direction = random_like(clean, 1)
    for a, b in zip(*(jax.tree.leaves(relaxing(choice)(x, LENGTHS)) for x in (clean, garbage)), strict=True):
        np.testing.assert_array_equal(a, b)
    found = [jax.tree.leaves(along(choice)(x, LENGTHS, direction)) for x in (clean, garbage)]
    for a, b in zip(*found, strict=True):
        assert np.all(np.isfinite(a))
        np.testing.assert_array_equal(a, b)


def test_a_long_chain_keeps_its_mass() -> None:
    rng = np.random.default_rng(0)
    potentials = Potentials(
        *(jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in ((1, 4), (4, 4), (1, 20_000, 4)))
    )
    event = jax.jit(lambda x: CHAIN.relaxed_event(x, jnp.array([20_000]), relaxed.softmax_max))(potentials)
    np.testing.assert_allclose(event.sum((2, 3)), 1, atol=1e-6)


# ---------------------------------------------------------------------------------------------------- five methods


@pytest.mark.parametrize(
    ("method", "regularized"), [*((name, False) for name in METHODS[1:]), ("Perturb-and-SparsemaxDP", True)]
)
def test_a_cold_sample_is_a_structure(method: str, regularized: bool) -> None:
    potentials, key = made("shared", np.float32), jax.random.key(3)
    draw = sampling(method, draws=40, regularized=regularized)
    distance = []
    for temperature in (10.0, 1.0, 0.01):
        soft = np.asarray(draw(key, potentials, LENGTHS, temperature))
        assert soft.shape == (40, ITEMS, N, T, T)
        mass = np.where((np.arange(N) < LENGTHS[:, None]) & (np.arange(ITEMS) < ITEMS - 1)[:, None], 1, 0)
        np.testing.assert_allclose(soft.sum((3, 4)), np.broadcast_to(mass, soft.shape[:3]), atol=1e-5)
        distance.append(np.abs(soft - np.round(soft)).mean())
    if method == "Perturb-and-MAP-Implicit-MLE":
        assert distance == [0, 0, 0]
    else:
        assert distance[0] > distance[2] and distance[2] < 2e-3


@pytest.mark.parametrize("method", METHODS[:3])
def test_as_temperature_falls_it_becomes_the_best_structure_under_the_same_noise(method: str) -> None:
    potentials, key = made("factored", np.float32), jax.random.key(5)
    soft = sampling(method)(key, potentials, LENGTHS, 1e-3)[0]
    mapped = sampling("Perturb-and-MAP-Implicit-MLE")(key, potentials, LENGTHS, 1.0)[0]
    np.testing.assert_allclose(soft, mapped, atol=1e-5)


@pytest.mark.parametrize("method", METHODS[1:3])
def test_straight_through_is_a_structure_with_a_derivative(method: str) -> None:
    potentials, key = made("shared", np.float32), jax.random.key(5)
    hard = functools.partial(
        sample, key, lengths=LENGTHS, temperature=3.0, method=method, straight_through=True
    )
    mapped = sampling("Perturb-and-MAP-Implicit-MLE")(key, potentials, LENGTHS, 1.0)
    np.testing.assert_array_equal(jax.jit(hard)(potentials), mapped)
    weights = random_like(mapped, 1)
    slope = jax.jit(jax.grad(lambda x: jnp.vdot(weights, hard(x))))(potentials)
    assert all(np.all(np.isfinite(x)) for x in slope) and np.abs(slope.emission).max() > 1e-2


@pytest.mark.usefixtures("_double")
@pytest.mark.parametrize("method", ["Perturb-and-SoftmaxDP", "Gumbel-CRF"])
def test_the_derivative_of_a_sample(method: str) -> None:
    """By the potentials and the temperature."""
    potentials, key = made("shared"), jax.random.key(1)
    weights = random_like(jnp.zeros((2, ITEMS, N, T, T)), 1)
    temperature = jnp.linspace(0.5, 1.5, ITEMS)
    loss = lambda x, temperature: jnp.vdot(weights, sample(key, x, LENGTHS, temperature, method, draws=2))
    compute = jax.jit(loss)
    given = (potentials, temperature)
    direction = random_like(given, 2)
    step = 1e-6
    moved = lambda step: jax.tree.map(lambda x, dx: x + step * dx, given, direction)
    difference = (compute(*moved(step)) - compute(*moved(-step))) / (2 * step)
    slope = jax.jit(jax.grad(loss, (0, 1)))(*given)
    np.testing.assert_allclose(inner(slope, direction), difference, rtol=1e-6)


def test_implicit_mle_of_a_chain_is_a_difference_of_structures() -> None:
    potentials, key = made("general", np.float32), jax.random.key(2)
    weights = random_like(jnp.zeros((1, ITEMS, N, T, T), jnp.float32), 1)
    options = {"method": "Perturb-and-MAP-Implicit-MLE", "noise": "None"}
    loss = lambda x: jnp.vdot(weights, sample(key, x, LENGTHS, 1.0, **options))
    slope = jax.jit(jax.grad(loss))(potentials)
    moved = CHAIN.of_part_scores(potentials.transition - weights[0])
    wanted = hard_of()(potentials, LENGTHS) - hard_of()(moved, LENGTHS)
    np.testing.assert_array_equal(slope.transition, wanted)
    assert np.any(wanted != 0)


def test_cold_walks_and_straight_through_walks_have_the_right_mean() -> None:
    potentials, key = made("shared", np.float32), jax.random.key(0)
    marginals = relaxing("logsumexp")(potentials, LENGTHS)[2]
    draws = 4000
    cold = np.asarray(sampling("Gumbel-CRF", draws=draws)(key, potentials, LENGTHS, 1e-3))
    hard = np.asarray(
        sampling("Gumbel-CRF", straight_through=True, draws=draws)(key, potentials, LENGTHS, 1.0)
    )
    assert np.mean(np.abs(cold - np.round(cold)) < 1e-3) > 0.98
    assert set(np.unique(hard)) == {0, 1}
    for mean in (cold.mean(0), hard.mean(0)):
        np.testing.assert_allclose(mean, marginals, atol=5 * 0.5 / np.sqrt(draws))


@pytest.mark.parametrize("method", ["Perturb-and-SoftmaxDP"])
def test_a_sample_does_not_see_its_padding(method: str) -> None:
    key = jax.random.key(4)
    clean, garbage = (made("shared", np.float32, padding=padding) for padding in (0.0, np.nan))
    draw = sampling(method, draws=2, noise="Sum-of-Gamma")
    found = draw(key, clean, LENGTHS, 0.7)
    np.testing.assert_array_equal(found, draw(key, garbage, LENGTHS, 0.7))
    longer = clean._replace(
        emission=jnp.pad(clean.emission, ((0, 0), (0, 2), (0, 0)), constant_values=jnp.nan)
    )
    np.testing.assert_allclose(draw(key, longer, LENGTHS, 0.7)[:, :, :N], found, atol=1e-6)


def test_draws_and_items_have_noise_of_their_own() -> None:
    same = jax.tree.map(lambda x: jnp.zeros_like(x), made("factored", np.float32))
    lengths = np.full(ITEMS, N, np.int32)
    for method in ("Perturb-and-SoftmaxDP", "Gumbel-CRF"):
        drawn = np.asarray(sampling(method, draws=2)(jax.random.key(0), same, lengths, 1.0)).reshape(
            2 * ITEMS, -1
        )
        assert len(np.unique(drawn.round(5), axis=0)) == 2 * ITEMS


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="`method` is 'Perturb'"):
        sampling("Perturb")(jax.random.key(0), made("shared", np.float32), LENGTHS, 1.0)
