"""What JAX refuses, said in the words of programs. Whatever version of JAX says it: each case raises the real error."""

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from synjax_worker.runtime.wording import refusal

A, B, V = jnp.zeros((2, 3)), jnp.zeros((2, 2)), jnp.zeros(3)

CASES = {
    "matmul": (lambda: jnp.matmul(A, B), [A, B], "summed over differ (operands: float32[2,3], float32[2,2])"),
    "broadcasting": (lambda: jnp.add(A, jnp.zeros(2)), [A], "the shapes do not broadcast"),
    "branches": (
        lambda: jax.eval_shape(lambda v: lax.cond(v.sum() > 0, lambda x: x.sum(), lambda x: x, v), V),
        [],
        "one returns float32[] where the other returns float32[3]",
    ),
    "condition": (
        lambda: jax.eval_shape(lambda v: lax.cond(v, lambda x: x, lambda x: x, v), V),
        [],
        "the condition must be one value, got shape (3,)",
    ),
    "carry": (
        lambda: lax.scan(lambda c, x: (c.astype("int32"), x), jnp.float32(0), V),
        [],
        "the state must keep its type: float32[] goes in where int32[] comes out",
    ),
    "loop condition": (
        lambda: lax.while_loop(lambda c: c, lambda c: c, V),
        [],
        "one boolean, got float32[3]",
    ),
    "lengths": (lambda: lax.scan(lambda c, x: (c, x), 0.0, (V, B)), [], "differs in length: 3, 2"),
    "gradient": (lambda: jax.grad(lambda v: v)(V), [], "this one returns shape (3,)"),
    "mapped": (lambda: jax.vmap(jnp.add)(V, jnp.zeros(2)), [], "the mapped axes differ in size"),
    "key": (lambda: jax.random.wrap_key_data(V.astype("uint32")), [], "expected a key as random.key(seed)"),
    "shape": (lambda: jax.eval_shape(lambda n: jnp.zeros([n]), 3), [], "only on their sizes"),
    "named": (lambda: jax.eval_shape(lambda n: jnp.arange(n), 3), [], "`stop` must be known before"),
    "repeats": (
        lambda: jax.eval_shape(lambda n: jnp.repeat(V, n), jnp.arange(3)),
        [],
        "`repeats` must be known before",
    ),
    "any other": (lambda: jnp.reshape(V, (2, 2)), [V], "(size 4) (operands: float32[3])"),
}


@pytest.mark.parametrize("name", CASES)
def test_is_said_in_the_words_of_programs(name):
    call, operands, words = CASES[name]
    with pytest.raises(Exception) as refused:
        call()
    text = refusal(refused.value, operands)
    assert words in text
    for foreign in ("TypeError", "Tracer", "_fun", ".py", "jit", "https"):
        assert foreign not in text


def test_names_the_class_of_an_error_that_says_little():
    assert refusal(KeyError("x"), []) == "KeyError: 'x'"
