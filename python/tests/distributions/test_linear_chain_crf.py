"""What a LinearChainCRF does beyond the laws: its two forms, batches, long chains, float32 at any scale."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import HMM, LinearChainCRF
from synjax_worker.errors import InvalidArgument


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
    factored, general = forms()
    for query in ("log_partition", "marginals", "argmax", "entropy", "log_count"):
        np.testing.assert_allclose(getattr(factored, query)(), getattr(general, query)(), atol=1e-5)
    np.testing.assert_allclose(factored.kl_divergence(general), 0, atol=1e-5)
    counts = factored.marginals_for_template_variables()
    np.testing.assert_allclose(counts.transition, factored.marginals()[:, 1:].sum(1), atol=1e-5)


def test_any_number_of_batch_axes_broadcast_and_index() -> None:
    factored, _ = forms((2, 3))
    assert factored.batch_shape == (2, 3)
    every = factored.log_partition()
    np.testing.assert_allclose(factored[1, 2].log_partition(), every[1, 2], rtol=1e-6)
    np.testing.assert_allclose(factored[1].log_partition(), every[1], rtol=1e-6)
    single = factored[0, 0]
    assert single.batch_shape == () and single.transition.shape == (3, 3)
    assert single.sample(jax.random.key(0), (4,)).shape == (4, 5, 3, 3)
    with pytest.raises(InvalidArgument):
        single[0]


def test_vmap_over_distributions_is_the_batch() -> None:
    factored, general = forms((3,))
    for made, axes in ((general, 0), (factored, None)):
        if axes is None:
            mapped = jax.vmap(
                lambda emission, length: LinearChainCRF(
                    initial=factored.initial,
                    transition=factored.transition,
                    emission=emission,
                    lengths=length,
                ).entropy()
            )(factored.emission, factored.lengths)
        else:
            mapped = jax.vmap(lambda dist: dist.entropy())(made)
        np.testing.assert_allclose(mapped, made.entropy(), rtol=1e-5)


def test_decode_and_encode_are_inverses() -> None:
    factored, _ = forms()
    states = jnp.array([[2, 1, 7, 7, 7], [0, 1, 2, 2, 0]])
    event = factored.encode(states)
    assert factored.decode(event).tolist() == [[2, 1, -1, -1, -1], [0, 1, 2, 2, 0]]
    assert np.all(factored.encode(factored.decode(event)) == event)
    several = jnp.stack([states, states])
    assert factored.log_prob(factored.encode(several)).shape == (2, 2)


def test_samples_of_an_item_do_not_depend_on_its_padding() -> None:
    factored, _ = forms()
    longer = LinearChainCRF(
        initial=factored.initial,
        transition=factored.transition,
        emission=jnp.pad(factored.emission, ((0, 0), (0, 4), (0, 0)), constant_values=jnp.nan),
        lengths=factored.lengths,
    )
    key = jax.random.key(3)
    for draw in (
        lambda dist: dist.sample(key, (6,)),
        lambda dist: dist.sample_without_replacement(key, 4).events,
    ):
        np.testing.assert_array_equal(draw(factored), draw(longer)[..., :5, :, :])


def test_long_chains_of_few_states_in_chunks_are_the_same_distribution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The pass that advances chunks together, against the one that goes step by step."""
    from synjax_worker.algebra import long_chain

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


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_float32_is_float64_at_any_scale(scale: float) -> None:
    """Marginals to 1e-5, log-partitions to a few eps, of chains longer than enumeration reaches."""
    rng = np.random.default_rng(0)
    potentials = rng.normal(size=(4, 60, 8, 8)) * scale
    potentials[1:3] -= 1e4 * (rng.random((2, 60, 8, 8)) < 0.3)
    narrow = potentials.astype(np.float32)
    lengths = np.array([60, 60, 17, 1], np.int32)

    def queries(potentials, lengths):
        dist = LinearChainCRF(potentials, lengths)
        return dist.log_partition(), dist.marginals(), dist.entropy(), dist.log_prob(dist.argmax())

    single = jax.jit(queries)(narrow, lengths)
    with jax.enable_x64(True):
        double = jax.device_get(jax.jit(queries)(narrow.astype(np.float64), lengths))
    np.testing.assert_allclose(single[0], double[0], rtol=5e-7)
    np.testing.assert_allclose(single[1], double[1], atol=1e-5)
    np.testing.assert_allclose(single[2], double[2], rtol=2e-5, atol=1e-5)
    np.testing.assert_allclose(single[3], double[3], rtol=2e-5, atol=2e-5)
