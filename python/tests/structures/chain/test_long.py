"""Chains longer than enumeration reaches: in chunks, by symbols, in float32 at any scale."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import HMM, LinearChainCRF
from synjax_worker.runtime import passes
from synjax_worker.structures.chain import long as long_chain
from tests.compiling import optimized_jit


def test_long_chains_of_few_states_in_chunks_are_the_same_distribution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The pass that advances chunks together, against the one that goes step by step."""
    rng = np.random.default_rng(0)
    transition = np.array([[0.9, 0.1, 0.0], [0.0, 0.8, 0.2], [0.05, 0.0, 0.95]])
    with np.errstate(divide="ignore"):
        parameters = [np.log([0.5, 0.5, 0.0]), np.log(transition), rng.normal(size=(4, 700, 3)) * 2]
    parameters[2][3, 40] = [-np.inf, -np.inf, 5.0]
    parameters = [jnp.asarray(x, jnp.float32) for x in parameters]
    lengths = jnp.array([700, 33, 0, 450])

    @passes.frame()
    def queries(init, transition, scores):
        hmm = HMM(init, transition, emission_log_likelihoods=scores, lengths=lengths, normalize=False)
        answers = hmm.log_partition(), hmm.marginals(), hmm.filter(), hmm.entropy(), hmm.expected_counts()
        gradient = jax.grad(
            lambda x: (
                HMM(init, transition, emission_log_likelihoods=x, lengths=lengths, normalize=False)
                .log_partition()
                .sum()
            )
        )(scores)
        return answers, gradient, hmm.decode(hmm.sample(jax.random.key(0), (2,)))

    assert long_chain.serves(HMM(*parameters[:2], emission_log_likelihoods=parameters[2])._potentials())
    chunked = jax.jit(queries)(*parameters)
    monkeypatch.setattr(long_chain, "serves", lambda potentials: False)
    stepwise = jax.jit(lambda *x: queries(*x))(*parameters)
    for a, b in zip(jax.tree.leaves(chunked), jax.tree.leaves(stepwise), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=5e-6)


def test_float32_is_float64_at_any_scale() -> None:
    """Marginals to 1e-5, log-partitions to a few eps, of chains longer than enumeration reaches."""
    rng = np.random.default_rng(0)
    potentials = rng.normal(size=(4, 60, 8, 8))
    potentials = np.concatenate([potentials, 1e4 * potentials])
    potentials[[1, 2, 5, 6]] -= 1e4 * (rng.random((4, 60, 8, 8)) < 0.3)
    narrow = potentials.astype(np.float32)
    lengths = np.array([60, 60, 17, 1] * 2, np.int32)

    @passes.frame()
    def queries(potentials, lengths):
        dist = LinearChainCRF(potentials, lengths)
        return dist.log_partition(), dist.marginals(), dist.entropy(), dist.log_prob(dist.argmax())

    single = optimized_jit(queries)(narrow, lengths)
    with jax.enable_x64(True):
        double = jax.device_get(jax.jit(queries)(narrow.astype(np.float64), lengths))
    np.testing.assert_allclose(single[0], double[0], rtol=5e-7)
    np.testing.assert_allclose(single[1], double[1], atol=1e-5)
    np.testing.assert_allclose(single[2], double[2], rtol=2e-5, atol=1e-5)
    np.testing.assert_allclose(single[3], double[3], rtol=2e-5, atol=2e-5)


def long_chains(rng: np.random.Generator, shared: bool) -> tuple[np.ndarray, ...]:
    """Parameters of 4 chains of up to 700 steps; beyond their ends stand symbols that cannot be or are none."""
    states, symbols, n = 4, 5, 700
    lengths = np.array([700, 613, 1, 0], np.int32)
    logits = rng.normal(size=(symbols, states) if shared else (4, symbols, states))
    logits[..., 4, :] = -np.inf  # a symbol that no state emits
    logits[..., 1, 2] = -np.inf
    seen = rng.integers(0, 4, (4, n))
    garbage = np.where(np.arange(n) % 2, 4, 99)
    observations = np.where(np.arange(n) < lengths[:, None], seen, garbage).astype(np.int32)
    return rng.normal(size=states), rng.normal(size=(states, states)), logits, observations, lengths


@passes.frame()
def of_long_chains(hmm, table):
    gradient = jax.grad(lambda table: jnp.sum(hmm(table).log_partition()))(table)
    asked = hmm(table)
    return asked.log_partition(), asked.smooth(), gradient, asked.log_count(), asked._messages().certified


@jax.jit
def by_symbols(init, transition, table, observations, lengths):
    options = {"lengths": lengths, "normalize": False}
    return of_long_chains(lambda table: HMM(init, transition, table, observations, **options), table)


@jax.jit
def by_likelihoods(init, transition, table, observations, lengths):
    """Tables (4 t v): one program for those that are shared and those that are not."""

    def hmm(table):
        rows = jnp.swapaxes(table, -1, -2)
        scores = jnp.take_along_axis(rows, jnp.minimum(observations, 4)[..., None], 1)
        options = {"lengths": lengths, "normalize": False, "emission_log_likelihoods": scores}
        return HMM(init, transition, None, None, **options)

    return of_long_chains(hmm, table)


@pytest.mark.parametrize("shared", [True, pytest.param(False, marks=pytest.mark.full)])
def test_long_chains_of_few_symbols_are_those_of_their_likelihoods(shared: bool) -> None:
    init, transition, logits, observations, lengths = long_chains(np.random.default_rng(7), shared)
    narrow = [x.astype(np.float32) for x in (init, transition, np.swapaxes(logits, -1, -2))]
    *answers, certified = by_symbols(*narrow, observations, lengths)
    assert np.all(certified), "what stands beyond the end made the fast pass refuse"
    with jax.enable_x64(True):
        init, transition, table = (x.astype(np.float64) for x in narrow)
        table = np.broadcast_to(table, (4, *table.shape[-2:]))
        exact = [np.asarray(x) for x in by_likelihoods(init, transition, table, observations, lengths)]
    if shared:
        exact[2] = exact[2].sum(0)
    for answer, wanted, tolerance in zip(answers, exact, (1e-6, 5e-6, 1e-5, 1e-6), strict=False):
        np.testing.assert_allclose(answer, wanted, atol=tolerance * max(1, np.abs(wanted).max()))


def test_what_is_made_once_for_each_symbol() -> None:
    few, many = np.zeros((2, 4)), np.zeros((2, 40))
    hmm = lambda table: HMM(np.zeros(2), np.zeros((2, 2)), table, np.zeros(600, np.int32))
    assert hmm(few)._symbols() is not None
    assert hmm(many)._symbols() is None
