"""How many structures are asked for: more than there can be are refused by name while the program is traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker import shapes
from synjax_worker.distributions import (
    CTC,
    HMM,
    AlignmentCRF,
    Distribution,
    GeneralMonotoneAlignmentCRF,
    LinearChainCRF,
    SemiMarkovCRF,
)
from synjax_worker.errors import InvalidArgument, spoken

MOST = 2**31 - 1
KEY = jax.random.key(0)
TABLE = jnp.zeros((3, 4))

MADE: dict[str, Callable[[], Distribution]] = {
    "LinearChainCRF": lambda: LinearChainCRF(jnp.zeros((3, 2, 2))),
    "HMM": lambda: HMM(jnp.zeros(2), jnp.zeros((2, 2)), jnp.zeros((2, 3)), jnp.array([0, 1, 2])),
    "SemiMarkovCRF": lambda: SemiMarkovCRF(jnp.zeros((3, 2, 2, 2))),
    "many-to-many": lambda: AlignmentCRF(TABLE, alignment_type="monotone_many_to_many"),
    "one-to-many": lambda: AlignmentCRF(TABLE, alignment_type="monotone_one_to_many"),
    "one-to-one": lambda: AlignmentCRF(TABLE, alignment_type="non_monotone_one_to_one"),
    "GeneralMonotoneAlignmentCRF": lambda: GeneralMonotoneAlignmentCRF([TABLE, TABLE], TABLE),
    "CTC": lambda: CTC(TABLE, jnp.array([1, 2])),
}
SEARCHES: dict[str, Callable[[Any, int], Any]] = {
    "top_k": lambda dist, k: dist.top_k(k),
    "sample_without_replacement": lambda dist, k: dist.sample_without_replacement(KEY, k),
    "beam_search_labels": lambda dist, k: dist.beam_search_labels(k),
}


ASKED = [(search, kind) for search in SEARCHES for kind in MADE if search[:4] != "beam" or kind == "CTC"]


@pytest.mark.parametrize(("search", "kind"), ASKED)
def test_a_k_whose_candidates_cannot_be_numbered_is_refused(search: str, kind: str) -> None:
    dist = MADE[kind]()
    for k in (MOST, 10**12, 1e12):
        with pytest.raises(InvalidArgument) as caught:
            jax.eval_shape(lambda dist, k=k: SEARCHES[search](dist, k), dist)
        error = caught.value
        assert error.argument == "k" and error.received == str(k)
        most = int(error.expected.removeprefix("at most "))
        assert 1 <= most <= MOST


def test_the_bound_that_is_told_is_one_that_is_taken() -> None:
    dist = MADE["CTC"]()
    with pytest.raises(InvalidArgument) as caught:
        jax.eval_shape(lambda dist: dist.top_k(MOST), dist)
    most = int(caught.value.expected.removeprefix("at most "))
    found = jax.eval_shape(lambda dist: dist.top_k(most), dist)
    assert found.scores.shape == (most,)


DRAWN: dict[str, Callable[[Any, Any], Any]] = {
    "sample": lambda dist, shape: dist.sample(KEY, shape),
    "differentiable_sample": lambda dist, shape: dist.differentiable_sample(
        KEY, method="Gumbel-CRF", sample_shape=shape
    ),
}


@pytest.mark.parametrize("query", DRAWN)
@pytest.mark.parametrize("shape", [10**12, (10**5, 10**5), (0, 10**19), -1, 2.5, None, "ab", (2, None), True])
def test_a_sample_shape_that_is_none_is_refused(query: str, shape: Any) -> None:
    with pytest.raises(InvalidArgument) as caught:
        DRAWN[query](MADE["LinearChainCRF"](), shape)
    assert caught.value.argument == "sample_shape" and caught.value.received == spoken(shape)
    assert caught.value.expected


@pytest.mark.parametrize("given", [3, (3,), [np.int64(3)], np.array([3]), np.int32(3)])
def test_a_sample_shape_is_a_number_or_several(given: Any) -> None:
    assert shapes.as_shape("sample_shape", given) == (3,)
