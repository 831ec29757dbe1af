"""How many draws are looked at at once."""

import pytest

from synjax_worker.inference.posterior_structures import _at_once


@pytest.mark.parametrize(
    ("count", "expected"), [(1, 1), (7, 7), (64, 64), (800, 50), (97, 64), (2 * 53, 53), (4 * 101, 64)]
)
def test_leaves_no_remainder_where_a_large_part_divides_the_draws(count, expected):
    assert _at_once(count) == expected
