"""Choosing from the end: draws by the inverse of cumulative weights, the beam, conditional Gumbels."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats

from synjax_worker.numerics import topdown


def test_a_draw_is_never_a_zero_weight() -> None:
    weights = jnp.array([0.0, 1.0, 0.0, 3.0, 0.0])
    uniform = jnp.array([0.0, 0.2499, 0.25, 0.5, np.nextafter(np.float32(1), np.float32(0)), 1.0])
    rows = jnp.broadcast_to(weights, (len(uniform), 5))
    drawn = topdown.inverse_cdf(jnp.cumsum(rows, -1), rows, uniform)
    assert drawn.tolist() == [1, 1, 3, 3, 3, 3]


def test_a_cumulative_sum_that_rounds_still_ends_in_a_real_choice() -> None:
    weights = jnp.array([[1.0, 1e-9, 0.0]])
    drawn = topdown.inverse_cdf(jnp.cumsum(weights, -1), weights, jnp.ones(1))
    assert weights[0, drawn[0]] > 0


def test_the_best_of_fewer_than_k_are_padded_with_nothing() -> None:
    values, indices = topdown.best(jnp.array([1.0, 3.0, 3.0, -jnp.inf]), 6)
    assert values.tolist() == [3, 3, 1, -np.inf, -np.inf, -np.inf]
    assert indices[:3].tolist() == [1, 2, 0] and np.all(indices < 4)


def test_unwinding_follows_the_slots_from_the_start_to_the_end_they_grew_from() -> None:
    last = jnp.array([7, 8])
    parents = jnp.array(
        [[1, 0], [1, 1]]
    )  # position 0: slot 0 continues slot 1; position 1: both continue slot 1
    states = jnp.array([[1, 2], [3, 4]])
    assert topdown.backtrace(last, parents, states).tolist() == [[1, 4, 8], [2, 3, 8]]


def test_conditional_gumbels_have_the_maximum_they_are_given_and_the_law_of_gumbels() -> None:
    log_probs = jnp.log(jnp.array([0.5, 0.3, 0.2, 0.0]))
    draws = 4000

    @jax.jit
    def draw(key):
        first, noise = jax.random.split(key)
        parent = jax.random.gumbel(first, (draws,))  # of the whole, whose log-probability is 0
        rows = jnp.broadcast_to(log_probs, (draws, 4))
        return parent, topdown.conditional_gumbels(parent, rows, jax.random.gumbel(noise, rows.shape))

    parent, children = draw(jax.random.key(0))
    np.testing.assert_allclose(children.max(-1), parent, rtol=1e-6)
    assert np.all(children[:, 3] == -jnp.inf)
    chosen = np.bincount(np.argmax(children, -1), minlength=4)[:3]
    assert scipy.stats.chisquare(chosen, draws * np.array([0.5, 0.3, 0.2])).pvalue > 1e-6
    for column in range(3):  # unconditionally each is a Gumbel at its log-probability
        standard = np.asarray(children[:, column] - log_probs[column])
        assert scipy.stats.kstest(standard, scipy.stats.gumbel_r.cdf).pvalue > 1e-6


def test_what_cannot_be_has_no_gumbel() -> None:
    log_probs = jnp.array([[0.0, -jnp.inf], [0.0, -1.0]])
    children = topdown.conditional_gumbels(jnp.array([1.0, -jnp.inf]), log_probs, jnp.zeros((2, 2)))
    np.testing.assert_array_equal(children, [[1.0, -np.inf], [-np.inf, -np.inf]])
