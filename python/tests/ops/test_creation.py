"""Creation: what is large is no constant to XLA."""

import jax
import numpy as np
import pytest

from synjax_worker.registry import load

OPS = load().ops
MADE = {
    "np.zeros": lambda fn, n: fn((n, n), dtype="float32"),
    "np.ones": lambda fn, n: fn((n, n), dtype="float32"),
    "np.full": lambda fn, n: fn(2.0, shape=(n, n), dtype="float32"),
    "np.zeros_like": lambda fn, n: fn(np.ones((n, n), np.float32)),
    "np.ones_like": lambda fn, n: fn(np.ones((n, n), np.float32)),
    "np.full_like": lambda fn, n: fn(np.ones((n, n), np.float32), 2.0),
    "np.arange": lambda fn, n: fn(stop=n * n, dtype="int32"),
    "np.linspace": lambda fn, n: fn(0.0, 1.0, num=n * n),
    "np.eye": lambda fn, n: fn(n=n, dtype="float32"),
}


@pytest.mark.parametrize("name", MADE)
def test_what_depends_on_a_large_array_alone_is_not_computed_while_it_compiles(name):
    of = lambda n: lambda: MADE[name](OPS[name].fn, n)
    assert "optimization_barrier" in str(jax.make_jaxpr(of(100))())
    assert "optimization_barrier" not in str(jax.make_jaxpr(of(10))())


def test_it_can_be_mapped_and_differentiated():
    zeros = OPS["np.zeros"].fn
    of = lambda x: (zeros((100, 100), dtype="float32") + x).sum()
    assert jax.grad(of)(1.0) == 10_000
    np.testing.assert_array_equal(jax.vmap(of)(np.array([0.0, 1.0], np.float32)), [0, 10_000])


def test_it_takes_no_memory_where_something_is_computed_of_it():
    of = lambda x: OPS["np.zeros"].fn((1000, 1000), dtype="float32") + x
    analysis = jax.jit(of).lower(1.0).compile().memory_analysis()
    assert analysis.temp_size_in_bytes < 1_000
