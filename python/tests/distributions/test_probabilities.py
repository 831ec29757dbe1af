"""No probability is more than 1, also where sums of many terms are rounded: p (1 - p) has a square root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from synjax_worker.distributions import GeneralizedPCFG, TreeCRF

RNG = np.random.default_rng(0)
normal = lambda *shape: RNG.normal(size=shape).astype(np.float32) * 4
MADE = {
    "TreeCRF": lambda: TreeCRF(normal(200, 8, 8, 2)),
    "GeneralizedPCFG": lambda: GeneralizedPCFG(
        preterminal_scores=normal(100, 8, 2), root=normal(100, 2), rule=normal(100, 2, 4, 4)
    ),
}


@pytest.mark.parametrize("make", MADE.values(), ids=list(MADE))
def test_no_marginal_is_more_than_one(make: Callable[[], Any]) -> None:
    for found in map(np.asarray, jax.tree.leaves(make().marginals())):
        assert found.min() >= 0 and 0.9 < found.max() <= 1
