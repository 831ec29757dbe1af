"""Differentiable samples of every class: what they tend to, and whether their gradients are true.

The form of each structure that is asked everything (see `test_laws.py`) is asked all methods here, if it relaxes by
code of its own; and the first form of every other class those that go through its own parameters. `npm run test:full`
asks all forms.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import LinearChainCRF, relaxed
from synjax_worker.distributions.relaxed import METHODS
from synjax_worker.errors import InvalidArgument
from tests.budget import FULL

from . import enumerator
from .case import Arrays, Case
from .enumerator import Enumerator, floats_of
from .oracle import Oracle
from .queries import directions_of

KEY = jax.random.key(5)
DRAWS = (2,)
HARD_DRAWS = 3000
RATE = 5.0
STEP = 1e-6  # of a central difference
COLD = 1e-4
MARGINALS, SOFTMAX, SPARSEMAX, IMPLICIT, WALK = METHODS


def asked(forms: list[Enumerator]) -> list[Enumerator]:
    """Of the forms of a class."""
    return forms if FULL else [form for form in forms if form.thorough] or forms[:1]


FORMS = [form for forms in enumerator.load().values() for form in asked(forms)]
THOROUGH = [form for form in FORMS if (form.thorough and form.relaxes) or FULL]
of_forms = functools.partial(pytest.mark.parametrize, "form", ids=lambda form: form.name)


def methods_of(form: Enumerator) -> tuple[str, ...]:
    return METHODS if form in THOROUGH else (MARGINALS, IMPLICIT)


@functools.cache
def case_of(form: Enumerator) -> Case:
    """Plain items, one of them short with garbage beyond its end; one with forbidden parts."""
    full = form.full()
    short = {name: max(length - 1, 1) for name, length in full.items()}
    return form.case(np.dtype(np.float64), items=[("plain", full), ("plain", short), ("forbidden", full)])


@functools.cache
def compiled(form: Enumerator) -> Callable[..., Any]:
    """Of the floats among the arguments and a temperature: by method, samples and the gradient of a weighted sum."""
    fixed = floats_of(case_of(form).arrays)[1]

    def loss(floats: Arrays, temperature: Any, method: str) -> tuple[Any, Any]:
        event = form.flat(
            form.build({**floats, **fixed}).differentiable_sample(
                KEY,
                method=method,
                noise="Gumbel",
                temperature=temperature,
                sample_shape=DRAWS,
                implicit_mle_lr=RATE,
            )
        )
        return jnp.sum(event * weights(event.shape)), event

    # A program by method: one of all takes longer to compile.
    def program(method: str) -> Callable[[Arrays, Any], Any]:
        return jax.jit(lambda *arguments: jax.value_and_grad(loss, has_aux=True)(*arguments, method))

    by_method = {method: program(method) for method in methods_of(form)}
    return lambda *arguments: {method: sample(*arguments) for method, sample in by_method.items()}


def weights(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


@functools.cache
def at(form: Enumerator, temperature: float, ahead: float = 0.0) -> Any:
    """Samples by method, `ahead` along a direction: ((the sum, events), the gradient)."""
    floats = floats_of(case_of(form).arrays)[0]
    moved = jax.tree.map(lambda x, d: np.where(np.isfinite(x), x + ahead * d, x), floats, direction(form))
    with jax.enable_x64(True):
        return jax.device_get(compiled(form)(moved, temperature))


def direction(form: Enumerator) -> Arrays:
    return directions_of(np.random.default_rng(1), case_of(form).arrays)


@functools.cache
def beside(form: Enumerator) -> dict[str, Any]:
    """What samples are compared with: the best structures under their noise, hard ones, samples without noise."""

    @jax.jit
    def ask(arrays: Arrays) -> dict[str, Any]:
        distribution = form.build(arrays)
        draw = lambda **options: form.flat(distribution.differentiable_sample(KEY, **options))
        # At this temperature: where a score is no sum of potentials, as of rules that are sums, another may be best.
        best = relaxed.repeated(distribution, DRAWS).with_perturbation(KEY, "Gumbel", COLD).argmax()
        found = {"best": form.flat(best), "no noise": draw(method=MARGINALS, noise="None")}
        if form in THOROUGH:
            hard = {"straight_through": True, "noise": "Gumbel"}
            found["hard"] = draw(method=SOFTMAX, sample_shape=DRAWS, temperature=COLD, **hard)
            found["walk"] = jnp.mean(draw(method=WALK, sample_shape=(HARD_DRAWS,), **hard), 0)
        return found

    with jax.enable_x64(True):
        return jax.device_get(ask(case_of(form).arrays))


def marginals(form: Enumerator) -> np.ndarray:
    return np.stack([item.marginals for item in Oracle(form, case_of(form)).items])


@of_forms(FORMS)
def test_a_relaxed_sample_tends_to_the_best_structure_under_its_noise(form: Enumerator) -> None:
    warm, cold, best = at(form, 0.8), at(form, COLD), beside(form)["best"]
    for method in methods_of(form):
        (_, event), _ = cold[method]
        if method == WALK:
            assert np.mean((event < 1e-2) | (event > 0.99)) > 0.95, method
        elif method != IMPLICIT:  # which is discrete at any temperature: see its definition below
            assert np.max(np.abs(event - best)) < 1e-3, method
        (_, event), _ = warm[method]
        assert np.all(event >= 0) and np.all(event <= 1 + 1e-9), method
    if form in THOROUGH:
        np.testing.assert_array_equal(beside(form)["hard"], best)


@of_forms(FORMS)
def test_without_noise_and_at_temperature_one_it_is_the_marginals(form: Enumerator) -> None:
    np.testing.assert_allclose(beside(form)["no noise"], marginals(form), atol=1e-10)


@of_forms(THOROUGH)
def test_hard_walks_are_samples(form: Enumerator) -> None:
    wanted = marginals(form)
    # Sums over all structures may come to more than 1 by a rounding.
    error = np.sqrt(np.maximum(wanted * (1 - wanted), 0) / HARD_DRAWS)
    assert np.all(np.abs(beside(form)["walk"] - wanted) <= 5.5 * error + 1e-6)


@of_forms(FORMS)
def test_forbidden_parts_and_padding_have_nothing(form: Enumerator) -> None:
    never = marginals(form) == 0
    for method, ((_, event), gradient) in at(form, 0.8).items():
        assert np.all(np.isfinite(event)) and np.all(event[:, never] == 0), method
        assert all(np.all(np.isfinite(x)) for x in jax.tree.leaves(gradient)), method


@of_forms(FORMS)
def test_gradients_are_true(form: Enumerator) -> None:
    """Along a direction, against a central difference."""
    ahead, behind = (at(form, 0.8, sign * STEP) for sign in (1, -1))
    for method, (_, gradient) in at(form, 0.8).items():
        if method == IMPLICIT:
            continue
        slope = (ahead[method][0][0] - behind[method][0][0]) / (2 * STEP)
        products = jax.tree.map(lambda x, d: np.sum(x * d), gradient, direction(form))
        np.testing.assert_allclose(
            sum(jax.tree.leaves(products)), slope, rtol=1e-5, atol=1e-7, err_msg=method
        )


@of_forms(FORMS)
def test_implicit_mle_has_the_gradient_of_its_definition(form: Enumerator) -> None:
    """By the parts: the best structure less that of parts moved against the gradient, under the same noise."""
    floats, fixed = floats_of(case_of(form).arrays)

    def parts(floats: Arrays) -> Any:
        distribution = relaxed.repeated(form.build({**floats, **fixed}), DRAWS)
        return distribution.structure.by_parts().part_scores(distribution._potentials())

    @jax.jit
    def defined(floats: Arrays) -> Any:
        distribution = relaxed.repeated(form.build({**floats, **fixed}), DRAWS)
        structure, lengths = distribution.structure.by_parts(), distribution._item_lengths()
        scores, pull = jax.vjp(parts, floats)
        noise = relaxed._noise(distribution, KEY, "Gumbel")
        eta = structure.part_scores(relaxed.replace(distribution, **noise)._item_potentials())
        # The loss is of events; of parts it is what that makes of them.
        of_events = form.unflattened(weights((*DRAWS, *events_of)).reshape(-1, parts_of))
        _, of_parts = jax.vjp(distribution._event_of_parts, jax.tree.map(jnp.zeros_like, scores))
        cost = of_parts(of_events)[0]
        moved = lambda rate: jax.tree.map(
            lambda x, c, e: jnp.where(jnp.isneginf(x), -jnp.inf, x - rate * c + e), scores, cost, eta
        )

        def best(rate: float) -> Any:
            compact, _ = structure.argmax(structure.of_part_scores(moved(rate)), lengths)
            compact = jax.tree.map(lambda x: x[None], compact)
            sizes = dict(distribution._bind().sizes)
            return jax.tree.map(lambda x: x[0], structure.event(compact, sizes, distribution.dtype))

        found, target = best(0.0), best(RATE)
        event = distribution._event_of_parts(found)
        return form.flat(event), pull(jax.tree.map(jnp.subtract, found, target))[0]

    events_of = marginals(form).shape
    parts_of = events_of[1]
    with jax.enable_x64(True):
        event, wanted = jax.device_get(defined(floats))
    (_, found), gradient = at(form, 1.0)[IMPLICIT]
    np.testing.assert_array_equal(found.reshape(event.shape), event)
    assert any(np.any(x != 0) for x in jax.tree.leaves(gradient))
    for got, want, x in zip(*map(jax.tree.leaves, (gradient, wanted, floats)), strict=True):
        usable = np.isfinite(x)
        np.testing.assert_allclose(got[usable], want[usable], atol=1e-10)


def test_what_is_asked_wrongly_is_refused() -> None:
    crf = LinearChainCRF(jnp.zeros((4, 2, 2)))
    for argument, options in {
        "method": {"method": "Perturb-and-Pray"},
        "noise": {"method": "Perturb-and-Marginals", "noise": "Laplace"},
        "sample_shape": {"method": "Gumbel-CRF", "sample_shape": (-1,)},
    }.items():
        with pytest.raises(InvalidArgument) as caught:
            crf.differentiable_sample(KEY, **options)
        assert caught.value.argument == argument


def test_noise_may_be_a_function_and_a_temperature_one_per_item() -> None:
    crf = LinearChainCRF(np.random.default_rng(0).normal(size=(2, 4, 2, 2)).astype(np.float32))
    still = lambda key, shape: jnp.zeros(shape)
    temperature = jnp.array([1.0, 0.5])

    @jax.jit
    def ask(crf):
        sample = crf.differentiable_sample(KEY, method=MARGINALS, noise=still, temperature=temperature)
        return sample, crf.with_temperature(temperature).marginals()

    np.testing.assert_allclose(*ask(crf), atol=1e-6)
