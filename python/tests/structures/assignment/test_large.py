"""A class of one-to-one alignments beyond the sizes at which all matchings can be summed."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from synjax_worker.distributions import AlignmentCRF
from synjax_worker.errors import InvalidArgument

ROWS, COLS = 20, 30
POTENTIALS = np.random.default_rng(0).normal(size=(2, ROWS, COLS)).astype(np.float32)
KEY = jax.random.key(0)
one_to_one = functools.partial(AlignmentCRF, alignment_type="non_monotone_one_to_one")


def large() -> AlignmentCRF:
    return one_to_one(POTENTIALS, lengths_cols=np.array([COLS, 13], np.int32))


def test_the_best_and_its_score() -> None:
    event, score = large().argmax_and_max()
    for item, cols in enumerate((COLS, 13)):
        own = POTENTIALS[item, :, :cols]
        rows, columns = linear_sum_assignment(own, maximize=True)
        want = np.zeros((ROWS, COLS))
        want[rows, columns] = 1
        np.testing.assert_array_equal(event[item], want)
        np.testing.assert_allclose(score[item], own[rows, columns].sum(), rtol=1e-6)
    top = large().top_k(2)
    np.testing.assert_array_equal(top.events[0], event)
    np.testing.assert_array_equal(top.count, [2, 2])


def test_implicit_maximum_likelihood_has_a_gradient() -> None:
    def loss(potentials: jax.Array) -> Any:
        sample = one_to_one(potentials).differentiable_sample(
            KEY, method="Perturb-and-MAP-Implicit-MLE", noise="Gumbel", implicit_mle_lr=10.0
        )
        return jnp.sum(sample * jnp.arange(COLS)), sample

    (_, sample), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(POTENTIALS)
    np.testing.assert_array_equal(sample.sum(-1), 1)
    assert np.all(np.isfinite(gradient)) and np.any(gradient != 0)


REFUSED = {
    "log_partition": lambda alignment: alignment.log_partition(),
    "log_prob": lambda alignment: alignment.log_prob(jnp.zeros((2, ROWS, COLS))),
    "marginals": lambda alignment: alignment.marginals(),
    "entropy": lambda alignment: alignment.entropy(),
    "log_count": lambda alignment: alignment.log_count(),
    "kl_divergence": lambda alignment: alignment.kl_divergence(alignment),
    "sample": lambda alignment: alignment.sample(KEY),
    "sample_without_replacement": lambda alignment: alignment.sample_without_replacement(KEY, 2),
    "Gumbel-CRF": lambda alignment: alignment.differentiable_sample(KEY, method="Gumbel-CRF"),
}


@pytest.mark.parametrize("query", REFUSED)
def test_the_rest_is_refused(query: str) -> None:
    with pytest.raises(InvalidArgument, match="12 on the shorter side") as caught:
        REFUSED[query](large())
    assert caught.value.argument == "log_potentials"


WRONG = {
    "a column that is none": [[0, 5], [1, 0]],
    "a row that is none": [[0, 1], [7, 0]],
    "a column beyond the length": [[0, 2], [1, 0]],
    "half a pair": [[0, -1], [1, 0]],
    "a column twice": [[0, 0], [1, 0]],
    "rows that fall": [[1, 0], [0, 1]],
    "a gap": [[-1, -1], [0, 0]],
    "too few": [[0, 0], [-1, -1]],
}


@pytest.mark.parametrize("what", WRONG)
def test_pairs_that_are_no_matching_are_refused(what: str) -> None:
    made = one_to_one(jnp.zeros((2, 3)), lengths_cols=jnp.array(2, jnp.int32))
    is_refused = lambda pairs: any(
        np.any(check.bad)
        for check in made._checks_of_compact(jnp.array([*pairs, [-1, -1], [-1, -1]], jnp.int32))
    )
    assert is_refused(WRONG[what])
    assert not is_refused([[0, 1], [1, 0]])
