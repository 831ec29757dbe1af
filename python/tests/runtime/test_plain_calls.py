"""A query called from plain Python is compiled once, and answers as it does inside a program."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import HMM, LinearChainCRF
from synjax_worker.errors import InvalidArgument
from synjax_worker.runtime import passes, plain_calls


@pytest.fixture
def compiles():
    """How many programs XLA has compiled since."""
    plain_calls._program.cache_clear()
    seen: list[str] = []
    listener = lambda event, _seconds, **_: (
        seen.append(event) if event.endswith("backend_compile_duration") else None
    )
    jax.monitoring.register_event_duration_secs_listener(listener)
    yield lambda: len(seen)
    jax.monitoring.unregister_event_duration_listener(listener)


def crf(seed: int, *batch: int) -> LinearChainCRF:
    return LinearChainCRF(np.random.default_rng(seed).normal(size=(*batch, 5, 3, 3)).astype(np.float32))


def test_a_query_is_compiled_once_for_all_distributions_of_a_shape(compiles) -> None:
    made = [crf(seed) for seed in range(4)]
    made[0].entropy()
    before = compiles()
    answers = [each.entropy() for each in made]
    assert compiles() == before
    made = [crf(9, 2), crf(9)]
    assert made[0].entropy().shape == (2,)
    np.testing.assert_allclose(answers[1], jax.jit(lambda made: made.entropy())(crf(1)), rtol=1e-6)


def test_what_is_static_has_a_program_of_its_own_and_floats_have_not(compiles) -> None:
    made, key = crf(0), jax.random.key(0)
    made.sample(key, (2,), temperature=0.5)
    before = compiles()
    made.sample(key, (2,), temperature=0.7)
    assert compiles() == before
    assert made.sample(key, sample_shape=(3,)).shape == (3, 5, 3, 3)
    assert made.top_k(2).scores.shape == (2,)
    assert made.top_k(k=3).scores.shape == (3,)
    for wrong in (2.0, True, "2"):
        with pytest.raises(InvalidArgument, match="whole number of at least 1"):
            made.top_k(wrong)


def test_a_baum_welch_loop_compiles_in_its_first_turn(compiles) -> None:
    seen = np.array([0, 1, 1, 0, 2])
    hmm, turns = HMM(jnp.zeros(2), jnp.eye(2), jnp.eye(2, 3), seen), []
    for _ in range(4):
        before = compiles()
        hmm = HMM(**hmm.maximize(hmm.expected_counts()), observations=seen)
        hmm.log_partition()
        turns.append(compiles() - before)
    assert turns[2:] == [0, 0]


def test_inside_a_program_or_a_frame_the_method_itself_runs() -> None:
    made = crf(0)
    programs = plain_calls._program.cache_info().currsize
    with passes.frame():
        jax.eval_shape(made.encode, np.array([0, 1, 2, 0, 1], np.int32))
    jax.jit(lambda key: made.sample(key))(jax.random.key(0))
    assert plain_calls._program.cache_info().currsize == programs
    slope = jax.jit(jax.grad(lambda x: LinearChainCRF(x).log_partition()))(made.log_potentials)
    np.testing.assert_allclose(slope, made.marginals(), atol=1e-6)


def test_wrong_arguments_are_refused_as_by_the_method_itself() -> None:
    for wrong in (lambda: crf(0).top_k(), lambda: crf(0).top_k(1, k=2), lambda: crf(0).entropy(3)):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(InvalidArgument):
        crf(0).kl_divergence(LinearChainCRF(jnp.zeros((4, 3, 3))))
    drawn = crf(0).differentiable_sample(
        jax.random.key(0), method="Perturb-and-Marginals", noise=lambda key, shape: jnp.zeros(shape)
    )
    np.testing.assert_allclose(drawn, crf(0).marginals(), atol=1e-6)
