"""What a LinearChainCRF does beyond the laws: its two forms, batches, long chains, float32 at any scale."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import HMM, LinearChainCRF
from synjax_worker.errors import InvalidArgument
from tests.compiling import optimized_jit


def forms(batch: tuple[int, ...] = (2,), n: int = 5, t: int = 3) -> tuple[LinearChainCRF, LinearChainCRF]:
    keys = jax.random.split(jax.random.key(1), 3)
    initial, transition = jax.random.normal(keys[0], (t,)), jax.random.normal(keys[1], (t, t))
    emission = jax.random.normal(keys[2], (*batch, n, t))
    lengths = jnp.full(batch, n).at[(0,) * len(batch)].set(2)
    factored = LinearChainCRF(initial=initial, transition=transition, emission=emission, lengths=lengths)
    general = transition + emission[..., None, :]
    general = general.at[..., 0, 0, :].set(initial + emission[..., 0, :])
    return factored, LinearChainCRF(general, lengths)


def test_both_forms_are_one_distribution() -> None:
    names = ("log_partition", "marginals")  # the other queries of both stand before the laws

    @jax.jit
    def ask(factored, general):
        both = [[getattr(dist, name)() for name in names] for dist in (factored, general)]
        counts = factored.marginals_for_template_variables()
        return both, factored.kl_divergence(general), counts.transition

    (of_factored, of_general), divergence, transitions = ask(*forms())
    for a, b in zip(of_factored, of_general, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    np.testing.assert_allclose(divergence, 0, atol=1e-5)
    np.testing.assert_allclose(transitions, of_factored[1][:, 1:].sum(1), atol=1e-5)


def test_any_number_of_batch_axes_broadcast_and_index() -> None:
    factored, _ = forms((2, 3))
    assert factored.batch_shape == (2, 3)
    single = factored[0, 0]
    assert single.batch_shape == () and single.transition.shape == (3, 3)
    with pytest.raises(InvalidArgument):
        single[0]

    @jax.jit
    def ask(factored):
        parts = factored, factored[1], factored[1, 2]
        drawn = factored[0, 0].sample(jax.random.key(0), (4,))
        return *(part.log_partition() for part in parts), drawn

    every, row, item, drawn = ask(factored)
    np.testing.assert_allclose(item, every[1, 2], rtol=1e-6)
    np.testing.assert_allclose(row, every[1], rtol=1e-6)
    assert drawn.shape == (4, 5, 3, 3)


def test_vmap_over_distributions_is_the_batch() -> None:
    @jax.jit
    def ask(factored, general):
        def with_emission(emission, length):
            shared = {"initial": factored.initial, "transition": factored.transition}
            return LinearChainCRF(**shared, emission=emission, lengths=length).entropy()

        mapped = jax.vmap(with_emission)(factored.emission, factored.lengths)
        return (mapped, factored.entropy()), (
            jax.vmap(lambda dist: dist.log_partition())(general),
            general.log_partition(),
        )

    for mapped, batched in ask(*forms((3,))):
        np.testing.assert_allclose(mapped, batched, rtol=1e-5)


def test_decode_and_encode_are_inverses() -> None:
    @jax.jit
    def ask(factored, states):
        event = factored.encode(states)
        decoded = factored.decode(event)
        several = factored.encode(jnp.stack([states, states]))
        return event, decoded, factored.encode(decoded), factored.log_prob(several)

    event, decoded, again, log_probs = ask(forms()[0], jnp.array([[2, 1, 7, 7, 7], [0, 1, 2, 2, 0]]))
    assert decoded.tolist() == [[2, 1, -1, -1, -1], [0, 1, 2, 2, 0]]
    assert np.all(again == event)
    assert log_probs.shape == (2, 2)


def test_samples_of_an_item_do_not_depend_on_its_padding() -> None:
    factored, _ = forms()
    longer = LinearChainCRF(
        initial=factored.initial,
        transition=factored.transition,
        emission=jnp.pad(factored.emission, ((0, 0), (0, 4), (0, 0)), constant_values=jnp.nan),
        lengths=factored.lengths,
    )

    @jax.jit
    def ask(*dists):
        key = jax.random.key(3)
        return [(dist.sample(key, (6,)), dist.sample_without_replacement(key, 4).events) for dist in dists]

    for drawn, of_longer in zip(*ask(factored, longer), strict=True):
        np.testing.assert_array_equal(drawn, of_longer[..., :5, :, :])


def test_long_chains_of_few_states_in_chunks_are_the_same_distribution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The pass that advances chunks together, against the one that goes step by step."""
    from synjax_worker.structures.chain import long as long_chain

    rng = np.random.default_rng(0)
    transition = np.array([[0.9, 0.1, 0.0], [0.0, 0.8, 0.2], [0.05, 0.0, 0.95]])
    with np.errstate(divide="ignore"):
        parameters = [np.log([0.5, 0.5, 0.0]), np.log(transition), rng.normal(size=(4, 700, 3)) * 2]
    parameters[2][3, 40] = [-np.inf, -np.inf, 5.0]
    parameters = [jnp.asarray(x, jnp.float32) for x in parameters]
    lengths = jnp.array([700, 33, 0, 450])

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
