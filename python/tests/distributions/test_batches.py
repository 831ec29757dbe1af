"""What maps and loops take apart: every class knows which of its arrays have the axes of the batch."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from synjax_worker.runtime.closure import combine
from tests.conformance import enumerator

KINDS = [each for kinds in enumerator.load().values() for each in kinds]


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: type(each).__name__)
def test_the_items_along_an_axis_are_those_that_an_index_gives(kind):
    whole = kind.build(kind.plain(3))
    moving, held = whole.along(0)
    assert jax.tree.leaves(moving), "something is batched"
    for i in range(3):
        item = combine(jax.tree.map(lambda x, i=i: x[i], moving), held)
        assert item.batch_shape == ()
        jax.tree.map(np.testing.assert_array_equal, item, whole[i])


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: type(each).__name__)
def test_items_stack_to_a_batch(kind):
    whole = kind.build(kind.plain(3))
    stacked = jax.tree.map(lambda x: np.stack([x, x]), whole.stackable())
    assert stacked.batch_shape == (2, 3)
    assert stacked.with_first_axis_at(-1).batch_shape == (3, 2)
    same = lambda x, y: np.testing.assert_array_equal(x, np.broadcast_to(y, x.shape))
    jax.tree.map(same, stacked[1], whole.stackable())
