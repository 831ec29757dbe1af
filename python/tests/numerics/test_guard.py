"""The guard computes its exact side only where it is needed, and changes nobody else's bits."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.numerics import guard, numeric
from synjax_worker.numerics.guard import recompute_where
from synjax_worker.structures.chain import Potentials, fast
from synjax_worker.structures.chain.entropy import entropy
from synjax_worker.structures.chain.log_partition import log_partition
from tests.compiling import optimized_jit


def expensive(x: jax.Array) -> jax.Array:
    return jax.lax.fori_loop(0, 3, lambda _, y: jnp.sin(y) + x, x)


def guarded(x: jax.Array) -> jax.Array:
    return recompute_where(x > 1, expensive, (x,), -x)


def test_items_are_selected_one_by_one() -> None:
    x = jnp.array([0.5, 2.0, 0.0])
    np.testing.assert_array_equal(guarded(x), jnp.where(x > 1, expensive(x), -x))


@pytest.mark.parametrize("mapped", [False, True])
def test_the_exact_side_stays_inside_a_conditional_loop(mapped: bool) -> None:
    function = jax.vmap(guarded) if mapped else guarded
    text = optimized_jit(function).lower(jnp.zeros((4, 3))).compile().as_text()
    loops = [computation.count(" while(") for computation in text.split("\n}\n")]
    # The guard's loop in one computation, the loop it guards in another: beside each other, both would always run.
    assert [count for count in loops if count] == [1, 1]


def potentials(kind: str, seed: int = 0) -> tuple[Potentials, jax.Array]:
    rng = np.random.default_rng(seed)
    start, transition, emission = (
        rng.normal(size=(3, 4)),
        rng.normal(size=(3, 4, 4)),
        rng.normal(size=(3, 6, 4)),
    )
    if kind == "one item refused":
        transition[1, :2, 2:] -= 300
        transition[1, 2:, :2] -= 300
        emission[1, ::2, :2] -= 150
        emission[1, 1::2, 2:] -= 150
    made = Potentials(*(jnp.asarray(x, jnp.float32) for x in (start, transition, emission)))
    return made, jnp.array([6, 6, 4])


def value(potentials: Potentials, lengths: jax.Array) -> tuple[jax.Array, jax.Array]:
    messages = fast.forward(potentials, lengths)
    return numeric.sum_value(log_partition(potentials, lengths, messages)), messages.certified


def test_an_item_that_is_refused_changes_no_bit_of_its_neighbours() -> None:
    compiled = jax.jit(value)
    good, certified = compiled(*potentials("good"))
    assert certified.all()
    mixed, certified = compiled(*potentials("one item refused"))
    assert certified.tolist() == [True, False, True]
    assert (good[0], good[2]) == (mixed[0], mixed[2])


def test_vmap_gives_the_same_bits() -> None:
    cases = [potentials("good", 1), potentials("one item refused", 1)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *cases)
    mapped, _ = jax.jit(jax.vmap(value))(*stacked)
    for i, case in enumerate(cases):
        np.testing.assert_allclose(mapped[i], jax.jit(value)(*case)[0], rtol=2e-7)


def test_derivatives_up_to_the_third_order_are_right_on_both_sides() -> None:
    """Along a line through the potentials, against differences of the order below."""
    made, lengths = potentials("one item refused", 2)
    direction = jax.tree.map(
        lambda x: jnp.asarray(np.random.default_rng(5).normal(size=x.shape), x.dtype), made
    )

    def along(t: jax.Array, item: jax.Array) -> jax.Array:
        moved = jax.tree.map(lambda x, dx: x + t * dx, made, direction)
        return value(moved, lengths)[0][item]

    first, second = jax.grad(along), jax.grad(jax.grad(along))
    ask = jax.jit(lambda t, item: jnp.stack([order(t, item) for order in (first, second, jax.grad(second))]))
    step = 1e-2
    for item in (0, 1):
        at, ahead, behind = (ask(t, item) for t in (0.0, step, -step))
        slope = (ahead - behind) / (2 * step)
        np.testing.assert_allclose(at[1], slope[0], rtol=2e-2, atol=2e-2)
        np.testing.assert_allclose(at[2], slope[1], rtol=5e-2, atol=5e-2)


@pytest.mark.parametrize("within", ["a loop", "checkpoint"])
def test_an_optimistic_program_has_nothing_exact_in_derivatives_inside(within: str) -> None:
    """JAX asks for those after the trace of what is inside has ended."""
    made, lengths = potentials("plain")

    def total(made: Potentials) -> jax.Array:
        with guard.optimistic():
            return jnp.sum(value(made, lengths)[0] + entropy(made, lengths, fast.forward(made, lengths)))

    inside = {
        "a loop": lambda made: jax.lax.scan(lambda sum, _: (sum + total(made), None), 0.0, None, 2)[0],
        "checkpoint": jax.checkpoint(total),
    }[within]
    loops = lambda function: str(jax.make_jaxpr(jax.grad(function))(made)).count(" while[")
    assert loops(inside) == loops(total) == 0
    assert loops(lambda made: jnp.sum(value(made, lengths)[0])) > 0
