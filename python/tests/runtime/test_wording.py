"""What JAX refuses, said in the words of programs. Whatever version of JAX says it: each case raises the real error."""

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from synjax_worker.runtime.wording import refusal

A, B, V = jnp.zeros((2, 3)), jnp.zeros((2, 2)), jnp.zeros(3)

backwards_only = jax.custom_vjp(lambda v: v * 2)
backwards_only.defvjp(lambda v: (v * 2, None), lambda _, g: (g.sum(),))
with_rule, with_square, mixed = (jax.custom_jvp(lambda v: v * 2) for _ in range(3))
with_rule.defjvp(lambda p, t: (p[0] * 2, t[0].sum()))
with_square.defjvp(lambda p, t: (p[0] * 2, t[0] ** 2))
mixed.defjvp(lambda p, t: (p[0] * t[0], t[0]))

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
    "shapes of a loop": (
        lambda: lax.while_loop(lambda c: c.sum() < 9, lambda c: jnp.stack([c, c]), V),
        [],
        "float32[3] goes in where float32[2,3] comes out",
    ),
    "nothing to scan": (lambda: lax.scan(lambda c, x: (c, x), V, None), [], "give `xs`, or `length`"),
    "index": (
        lambda: lax.switch(jnp.arange(2), [jnp.sin] * 2, V),
        [],
        "one whole number, got shape (2,)",
    ),
    "float index": (lambda: lax.switch(1.5, [jnp.sin] * 2, V), [], "one whole number, got float32"),
    "backwards through a loop": (
        lambda: jax.grad(lambda v: lax.while_loop(lambda c: c < 9, lambda c: 2 * c, v))(1.0),
        [],
        "use `scan` with a length",
    ),
    "direction": (lambda: jax.jvp(jnp.sin, (V,), (A,)), [], "shape (2, 3) where its point has (3,)"),
    "direction's dtype": (
        lambda: jax.jvp(jnp.sin, (V,), (V.astype("float16"),)),
        [],
        "a direction is float16 where its point is float32",
    ),
    "cotangent": (lambda: jax.vjp(jnp.sin, V)[1](B), [], "float32[2,2] where the value is float32[3]"),
    "backward pass": (
        lambda: jax.grad(lambda v: backwards_only(v).sum())(V),
        [],
        "`bwd` returns is float32[] where the argument is float32[3]",
    ),
    "rule": (
        lambda: jax.jvp(with_rule, (V,), (V,)),
        [],
        "returns is float32[] where the value is float32[3]",
    ),
    "not linear": (lambda: jax.grad(lambda v: with_square(v).sum())(V), [], "linear in its tangents"),
    "depends": (lambda: jax.jit(jax.grad(lambda v: mixed(v).sum()))(V), [], "depends on its tangents"),
    "associative": (
        lambda: lax.associative_scan(lambda a, b: a, [V, B]),
        [],
        "differs in length: shapes (3,), (2, 2)",
    ),
    "nothing mapped": (lambda: jax.vmap(jnp.sin, in_axes=None)(V), [], "give `in_axes` an axis"),
    "out axes": (lambda: jax.vmap(jnp.sin, out_axes=None)(V), [], "not the same for all items"),
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
