"""Shaping: what JAX would unroll into as many equations as it repeats something is bounded by name."""

import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.errors import InvalidArgument
from synjax_worker.registry import load

OPS = load().ops
X = np.arange(5, dtype=np.float32)


@pytest.mark.parametrize("mode", ["reflect", "symmetric", "wrap"])
def test_an_axis_is_repeated_a_hundred_times_at_most(mode):
    np.testing.assert_array_equal(OPS["np.pad"].fn(X, pad_width=7, mode=mode), np.pad(X, 7, mode))
    with pytest.raises(InvalidArgument, match="pad_width") as caught:
        OPS["np.pad"].fn(X, pad_width=((0, 10**6),), mode=mode)
    assert (caught.value.argument, caught.value.received) == ("pad_width", "1000000")


def test_a_padding_that_repeats_nothing_has_no_bound():
    assert OPS["np.pad"].fn(X, pad_width=10**6).shape == (2 * 10**6 + 5,)
    assert OPS["np.pad"].fn(X, pad_width=((1, 10**6),), mode="edge")[-1] == 4
    assert OPS["np.pad"].fn(jnp.zeros((0,)), pad_width=((0, 3),)).shape == (3,)


def test_differences_are_of_the_hundredth_order_at_most():
    np.testing.assert_array_equal(OPS["np.diff"].fn(X, n=2), np.diff(X, 2))
    with pytest.raises(InvalidArgument, match="`n` is 1000000, expected at most 100"):
        OPS["np.diff"].fn(X, n=10**6)
