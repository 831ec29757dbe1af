"""A program written for SynJax runs with its import changed: names, argument order, pairs and shapes are SynJax's."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro import distributions as emissions

import synjax_worker.distributions as synjax
from synjax_worker.numerics import guard

B, N, T, V, K = 2, 5, 3, 7, 4
LENGTHS = jnp.array([5, 3])
EVENT = (N, T, T)


def linear_chain(key: jax.Array) -> synjax.LinearChainCRF:
    log_potentials = jnp.log(jax.random.uniform(key, (B, N, T, T)))
    return synjax.LinearChainCRF(log_potentials, lengths=LENGTHS)


def hmm_of_symbols(key: jax.Array) -> synjax.HMM:
    keys = jax.random.split(key, 4)
    init_logits = jax.random.uniform(keys[0], (B, T))
    transition_logits = jax.random.uniform(keys[1], (B, T, T))
    emission_dist = jax.random.uniform(keys[2], (B, T, V))
    observations = jax.random.randint(jax.random.PRNGKey(1), (B, N), 0, V)
    return synjax.HMM(init_logits, transition_logits, emission_dist, observations, lengths=LENGTHS)


def hmm_of_vectors(key: jax.Array) -> synjax.HMM:
    keys = jax.random.split(key, 5)
    # SynJax takes a distribution of Distrax: here, NumPyro's of the same interface.
    emission_dist = emissions.MultivariateNormal(
        jax.random.uniform(keys[2], (B, T, 2)), scale_tril=jnp.broadcast_to(jnp.eye(2), (B, T, 2, 2))
    )
    return synjax.HMM(
        init_logits=jax.random.uniform(keys[0], (B, T)),
        transition_logits=jax.random.uniform(keys[1], (B, T, T)),
        emission_dist=emission_dist,
        observations=jax.random.uniform(keys[4], (B, N, 2)),
        lengths=LENGTHS,
    )


def program(make: Callable, key: jax.Array) -> dict:
    dist, other = make(key), make(jax.random.PRNGKey(7))
    assert dist.batch_shape == (B,) and dist.event_shape == EVENT and dist.batch_ndim == 1
    best, best_score = dist.argmax_and_max()
    events, scores = dist.top_k(K, approximate=True)
    samples = dist.sample(key, (6,))
    return {
        "best": best,
        "best_score": best_score,
        "argmax": dist.argmax(),
        "events": events,
        "scores": scores,
        "event_scores": dist.unnormalized_log_prob(events),
        "event_probs": dist.log_prob(event=events),
        "best_prob": dist.log_prob(best),
        "sample": dist.sample(key),
        "samples": samples,
        "colder": dist.sample(key=key, sample_shape=6, temperature=0.5),
        "sample_probs": dist.log_prob(samples),
        "log_partition": dist.log_partition(),
        "log_count": dist.log_count(),
        "marginals": dist.marginals(),
        "log_marginals": dist.log_marginals(),
        "entropy": dist.entropy(),
        "cross_entropy": dist.cross_entropy(other),
        "kl_divergence": dist.kl_divergence(other),
        "template": dist.marginals_for_template_variables(),
        "item": dist[1].log_partition(),
    }


@pytest.mark.parametrize(
    "make", [pytest.param(linear_chain, marks=pytest.mark.costs("LinearChainCRF")), hmm_of_symbols]
)
def test_every_call_answers_as_synjax_does(make: Callable) -> None:
    def hopefully(key: jax.Array) -> tuple[dict, jax.Array]:  # takes half the time to compile
        with guard.optimistic() as refused:
            answer = program(make, key)
        return answer, guard.any_refused(refused)

    answer, refused = jax.jit(hopefully)(jax.random.PRNGKey(0))
    assert not refused
    shape = {name: jnp.shape(value) for name, value in answer.items() if name != "template"}
    assert shape["best"] == shape["argmax"] == shape["sample"] == shape["marginals"] == (B, *EVENT)
    assert shape["events"] == (K, B, *EVENT) and shape["scores"] == shape["event_scores"] == (K, B)
    assert shape["samples"] == shape["colder"] == (6, B, *EVENT)
    assert shape["sample_probs"] == (6, B) and shape["item"] == ()
    batched = ("best_score", "best_prob", "log_partition", "log_count", "entropy", "cross_entropy")
    assert all(shape[name] == (B,) for name in batched)

    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    close(answer["best"], answer["argmax"])
    close(answer["best"], answer["events"][0])
    close(answer["best_score"], answer["scores"][0])
    close(answer["event_scores"], answer["scores"])
    close(answer["event_probs"], answer["scores"] - answer["log_partition"])
    close(answer["best_prob"], answer["event_probs"][0])
    close(answer["log_count"], LENGTHS * np.log(T))
    close(answer["marginals"].sum((-1, -2)), jnp.arange(N) < LENGTHS[:, None])
    close(jnp.exp(answer["log_marginals"]), answer["marginals"])
    close(answer["cross_entropy"], answer["entropy"] + answer["kl_divergence"])
    close(answer["item"], answer["log_partition"][1])
    close(answer["samples"].sum((-1, -2)), jnp.broadcast_to(jnp.arange(N) < LENGTHS[:, None], (6, B, N)))
    assert np.all(answer["kl_divergence"] > 0) and np.all(answer["sample_probs"] <= 1e-6)
    if make is linear_chain:
        close(answer["template"].log_potentials, answer["marginals"])
    else:
        assert answer["template"].emission_dist.shape == (B, T, V)
        close(answer["template"].init_logits, answer["marginals"][:, 0, 0])


@pytest.mark.costs("HMM")
def test_distributions_are_mapped_differentiated_and_tempered() -> None:
    @jax.jit
    def program(dist):
        gradient = jax.grad(lambda dist: dist.log_partition().sum(), allow_int=True)(dist)
        return {
            "mapped": jax.vmap(lambda each: each.log_partition())(dist),
            "log_partition": dist.log_partition(),
            "initial": jax.tree.leaves(gradient)[0],
            "item": dist[1].log_partition(),
            "tempered": dist.with_temperature(temperature=2.0).log_partition(),
        }

    answer = program(hmm_of_vectors(jax.random.PRNGKey(0)))
    np.testing.assert_allclose(answer["mapped"], answer["log_partition"], rtol=1e-5)
    np.testing.assert_allclose(answer["item"], answer["log_partition"][1], rtol=1e-5)
    np.testing.assert_allclose(answer["initial"].reshape(B, -1)[:, :T].sum(-1), 1, atol=1e-5)
    assert answer["tempered"].shape == (B,)


def test_k_of_zero_is_a_value_error() -> None:
    with pytest.raises(ValueError):
        linear_chain(jax.random.PRNGKey(0)).top_k(0)
