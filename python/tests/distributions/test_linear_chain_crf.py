"""What a LinearChainCRF does beyond the laws: its two forms, batches, long chains, float32 at any scale."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import LinearChainCRF
from synjax_worker.errors import InvalidArgument
from tests.compiling import program


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

    @program
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

    @program
    def ask(factored):
        parts = factored, factored[1], factored[1, 2]
        drawn = factored[0, 0].sample(jax.random.key(0), (4,))
        return *(part.log_partition() for part in parts), drawn

    every, row, item, drawn = ask(factored)
    np.testing.assert_allclose(item, every[1, 2], rtol=1e-6)
    np.testing.assert_allclose(row, every[1], rtol=1e-6)
    assert drawn.shape == (4, 5, 3, 3)


def test_vmap_over_distributions_is_the_batch() -> None:
    @program
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
    @program
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

    @program
    def ask(*dists):
        key = jax.random.key(3)
        return [(dist.sample(key, (6,)), dist.sample_without_replacement(key, 4).events) for dist in dists]

    for drawn, of_longer in zip(*ask(factored, longer), strict=True):
        np.testing.assert_array_equal(drawn, of_longer[..., :5, :, :])
