"""Differentiable samples of every form: what they tend to, and whether their gradients are true."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import HMM, Distribution, LinearChainCRF, SemiMarkovCRF, relaxed
from synjax_worker.distributions.relaxed import METHODS
from synjax_worker.errors import InvalidArgument
from tests.compiling import quick_jit

KEY = jax.random.key(5)
B, N, M, T = 2, 4, 3, 2
LENGTHS = jnp.array([4, 2])
SMOOTH = [method for method in METHODS if method != "Perturb-and-MAP-Implicit-MLE"]

Arrays = dict[str, Any]


def normal(name: str, *shape: int) -> np.ndarray:
    return np.random.default_rng(sum(map(ord, name))).normal(size=shape)


def forbid(x: np.ndarray, *index: int) -> np.ndarray:
    x[index] = -np.inf
    return x


SEEN = np.array([[0, 1, 4, 2], [3, 0, 0, 0]])
# A form's parameters, with forbidden parts; garbage beyond the lengths is put there by `build`.
FORMS: dict[str, tuple[Callable[..., Distribution], Arrays]] = {
    "chain": (
        lambda **x: LinearChainCRF(**x, lengths=LENGTHS),
        {"log_potentials": forbid(normal("chain", B, N, T, T), 0, 2, 1, 0)},
    ),
    "factored chain": (
        lambda **x: LinearChainCRF(**x, lengths=LENGTHS),
        {
            "initial": normal("initial", T),
            "transition": forbid(normal("transition", T, T), 0, 1),
            "emission": normal("emission", B, N, T),
        },
    ),
    "hmm": (
        lambda **x: HMM(**x, observations=SEEN, lengths=LENGTHS, normalize=False),
        {
            "init_logits": normal("init", T),
            "transition_logits": normal("moves", T, T),
            "emission_dist": normal("symbols", T, 5),
        },
    ),
    "segments": (
        lambda **x: SemiMarkovCRF(**x, lengths=LENGTHS),
        {"log_potentials": forbid(normal("segments", B, N, M, T, T), 1, 1, 1, 0, 1)},
    ),
    "factored segments": (
        lambda **x: SemiMarkovCRF(**x, lengths=LENGTHS),
        {"transition": normal("labels", T, T), "segment": normal("lengths", B, N, M, T)},
    ),
}
forms = pytest.mark.parametrize("form", FORMS)


def with_garbage(arrays: Arrays) -> Arrays:
    filled = {}
    for name, x in arrays.items():
        x = np.array(x)
        if x.ndim > 2 and x.shape[:2] == (B, N):
            x[1, 2:] = np.nan
        filled[name] = x
    return filled


def build(form: str, arrays: Arrays) -> Distribution:
    return FORMS[form][0](**arrays)


def arrays_of(form: str, dtype: Any) -> Arrays:
    return {name: jnp.asarray(x, dtype) for name, x in with_garbage(FORMS[form][1]).items()}


@functools.cache
def answers(form: str) -> Arrays:
    """Samples of every method at falling temperatures, beside the best structures under the same noise."""

    def of_all(arrays: Arrays) -> Arrays:
        distribution = build(form, arrays)
        sample = functools.partial(distribution.differentiable_sample, KEY, noise="Gumbel", sample_shape=(3,))
        repeated = relaxed.repeated(distribution, (3,))
        best = repeated.with_perturbation(KEY, "Gumbel").argmax()
        found = {"best": best, "marginals": distribution.marginals()}
        for method in METHODS:
            for temperature in (2.0, 1e-3):
                found[f"{method} at {temperature}"] = sample(method=method, temperature=temperature)
        found["hard"] = sample(method="Perturb-and-SoftmaxDP", straight_through=True)
        found["walk"] = distribution.differentiable_sample(
            KEY, method="Gumbel-CRF", straight_through=True, sample_shape=(4000,)
        ).mean(0)
        found["no noise"] = sample(method="Perturb-and-Marginals", noise="None")
        return found

    return jax.device_get(quick_jit(of_all)(arrays_of(form, jnp.float32)))


@forms
def test_a_relaxed_sample_tends_to_the_best_structure_under_its_noise(form: str) -> None:
    found = answers(form)
    for method in ("Perturb-and-Marginals", "Perturb-and-SoftmaxDP", "Perturb-and-SparsemaxDP"):
        assert np.max(np.abs(found[f"{method} at 0.001"] - found["best"])) < 1e-3, method
        assert np.all(found[f"{method} at 2.0"] >= 0) and np.all(found[f"{method} at 2.0"] <= 1 + 1e-5), (
            method
        )
    np.testing.assert_array_equal(found["hard"], found["best"])
    sharp = found["Gumbel-CRF at 0.001"]
    assert np.mean((sharp < 1e-2) | (sharp > 0.99)) > 0.95


@forms
def test_without_noise_and_at_temperature_one_it_is_the_marginals(form: str) -> None:
    found = answers(form)
    np.testing.assert_allclose(
        found["no noise"], np.broadcast_to(found["marginals"], found["no noise"].shape), atol=1e-5
    )


@forms
def test_hard_walks_are_samples(form: str) -> None:
    found = answers(form)
    error = np.sqrt(found["marginals"] * (1 - found["marginals"]) / 4000)
    assert np.all(np.abs(found["walk"] - found["marginals"]) <= 5.5 * error + 1e-6)


@forms
def test_forbidden_parts_and_padding_have_nothing(form: str) -> None:
    found = answers(form)
    never = found["marginals"] == 0
    for name in [f"{method} at 2.0" for method in METHODS]:
        assert np.all(np.isfinite(found[name])) and np.all(found[name][:, never] == 0), name


@forms
@pytest.mark.parametrize("method", SMOOTH)
def test_gradients_are_true(form: str, method: str) -> None:
    """Along a direction, float64, against a central difference."""
    with jax.enable_x64(True):
        arrays = arrays_of(form, jnp.float64)
        usable = {name: np.isfinite(x) for name, x in arrays.items()}
        direction = {n: jnp.where(usable[n], normal(n + "direction", *x.shape), 0) for n, x in arrays.items()}

        def value(arrays: Arrays, weights: Any = None) -> Any:
            distribution = build(form, arrays)
            event = distribution.differentiable_sample(KEY, method=method, noise="Gumbel", temperature=0.8)
            return jnp.sum(event * normal("weights", *event.shape))

        moved = lambda step: {n: jnp.where(usable[n], x + step * direction[n], x) for n, x in arrays.items()}
        step = 1e-6

        @quick_jit
        def both(arrays: Arrays) -> Any:
            gradient = jax.grad(value)(arrays)
            ahead, behind = value(moved(step)), value(moved(-step))
            return gradient, (ahead - behind) / (2 * step)

        gradient, slope = both(arrays)
    assert all(np.all(np.isfinite(x)) for x in gradient.values())
    along = sum(np.sum(np.asarray(gradient[n]) * np.asarray(direction[n])) for n in gradient)
    np.testing.assert_allclose(along, slope, rtol=1e-5, atol=1e-7)


@forms
def test_implicit_mle_has_the_gradient_of_its_definition(form: str) -> None:
    """By the parts: the best structure less that of parts moved against the gradient, under the same noise."""
    arrays = arrays_of(form, jnp.float32)
    usable = {name: np.isfinite(x) for name, x in arrays.items()}
    rate = 5.0

    def events(arrays: Arrays) -> Any:
        return build(form, arrays).differentiable_sample(
            KEY, method="Perturb-and-MAP-Implicit-MLE", noise="Gumbel", implicit_mle_lr=rate
        )

    def parts(arrays: Arrays) -> Any:
        distribution = build(form, arrays)
        return distribution.structure.by_parts().part_scores(distribution._potentials())

    @quick_jit
    def both(arrays: Arrays) -> Any:
        event = events(arrays)
        cost = normal("cost", *event.shape)
        found = jax.grad(lambda arrays: jnp.sum(events(arrays) * cost))(arrays)
        distribution = build(form, arrays)
        structure = distribution.structure.by_parts()
        scores, pull = jax.vjp(parts, arrays)
        # A table that all items share has noise of its own in each of them.
        distribution = relaxed.repeated(distribution, ())
        noise = relaxed._noise(distribution, KEY, "Gumbel")
        eta = structure.part_scores(relaxed.replace(distribution, **noise)._item_potentials())
        moved = jnp.where(jnp.isneginf(scores), -jnp.inf, scores - rate * cost + eta)
        compact, _ = structure.argmax(structure.of_part_scores(moved), distribution._item_lengths())
        target = structure.event(compact[None], dict(distribution._bind().sizes), distribution.dtype)[0]
        return found, pull(event - target)[0]

    found, wanted = both(arrays)
    assert any(np.any(np.asarray(x) != 0) for x in found.values())
    for name in found:
        got, want = (np.where(usable[name], np.asarray(x[name]), 0) for x in (found, wanted))
        np.testing.assert_allclose(got, want, atol=1e-6)


def test_what_is_asked_wrongly_is_refused() -> None:
    crf = LinearChainCRF(jnp.zeros((N, T, T)))
    for argument, options in {
        "method": {"method": "Perturb-and-Pray"},
        "noise": {"method": "Perturb-and-Marginals", "noise": "Laplace"},
        "sample_shape": {"method": "Gumbel-CRF", "sample_shape": (-1,)},
    }.items():
        with pytest.raises(InvalidArgument) as caught:
            crf.differentiable_sample(KEY, **options)
        assert caught.value.argument == argument


def test_noise_may_be_a_function_and_a_temperature_one_per_item() -> None:
    crf = LinearChainCRF(jnp.asarray(normal("chain", B, N, T, T), jnp.float32))
    still = lambda key, shape: jnp.zeros(shape)
    temperature = jnp.array([1.0, 0.5])
    both = crf.differentiable_sample(
        KEY, method="Perturb-and-Marginals", noise=still, temperature=temperature
    )
    np.testing.assert_allclose(both, crf.with_temperature(temperature).marginals(), atol=1e-6)
