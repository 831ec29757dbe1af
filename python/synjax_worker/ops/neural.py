"""`nn`: activations and other functions of `jax.nn`."""

import jax
import jax.nn

from ..registry import op


def one_hot(x, *, num_classes, axis=-1, dtype):
    return jax.nn.one_hot(x, num_classes, axis=axis, dtype=dtype)


_FLOAT = """sigmoid log_sigmoid softplus silu tanh soft_sign mish selu hard_sigmoid hard_silu sparse_plus
sparse_sigmoid log1mexp"""

op("nn.relu", jax.nn.relu, "x: num A -> number(A)", "Equivalent to `jax.nn.relu`.")
op("nn.hard_tanh", jax.nn.hard_tanh, "x: num A -> number(A)", "Equivalent to `jax.nn.hard_tanh`.")
op("nn.relu6", jax.nn.relu6, "x: num A -> float(A)", "Equivalent to `jax.nn.relu6`.")
op("nn.identity", jax.nn.identity, "x: num A -> A", "Equivalent to `jax.nn.identity`.")
for name in _FLOAT.split():
    op(f"nn.{name}", getattr(jax.nn, name), "x: num A -> float(A)", f"Equivalent to `jax.nn.{name}`.")
op(
    "nn.gelu",
    jax.nn.gelu,
    "x: num A, { approximate?: static boolean } -> float(A)",
    "Equivalent to `jax.nn.gelu`; by the tanh approximation unless `approximate` is false.",
)
op(
    "nn.leaky_relu",
    jax.nn.leaky_relu,
    "x: num A, { negative_slope?: num } -> float(A)",
    "Equivalent to `jax.nn.leaky_relu`; slope 0.01 below 0 unless given.",
)
op("nn.elu", jax.nn.elu, "x: num A, { alpha?: num } -> float(A)", "Equivalent to `jax.nn.elu`.")
for name in ("softmax", "log_softmax"):
    op(
        f"nn.{name}",
        getattr(jax.nn, name),
        "x: num A, { axis?: axis, where?: num bool } -> float(A)",
        f"Equivalent to `jax.nn.{name}`; over the last axis unless `axis` is given.",
    )
op(
    "nn.logsumexp",
    jax.nn.logsumexp,
    "a: num A, { axis?: axis, keepdims?: static boolean, where?: num bool } -> float(A)",
    "Equivalent to `jax.nn.logsumexp`; over all axes unless `axis` is given.",
)
op(
    "nn.standardize",
    jax.nn.standardize,
    "x: num A, { axis?: axis, mean?: num, variance?: num, epsilon?: num, where?: num bool } -> float(A)",
    "Equivalent to `jax.nn.standardize`: mean 0 and variance 1 over the last axis unless `axis` is given.",
)
op(
    "nn.one_hot",
    one_hot,
    "x: num Int, num_classes: size, { axis?: static number, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.nn.one_hot`, along a new last axis; a class out of range gives zeros.",
    differentiable=False,
)
op("nn.celu", jax.nn.celu, "x: num A, { alpha?: num } -> float(A)", "Equivalent to `jax.nn.celu`.")
op(
    "nn.glu",
    jax.nn.glu,
    "x: num A, { axis?: static number } -> float(A)",
    "Equivalent to `jax.nn.glu`: one half of the last axis, or of `axis`, times the sigmoid of the other.",
)
op(
    "nn.squareplus",
    jax.nn.squareplus,
    "x: num A, { b?: num } -> float(A)",
    "Equivalent to `jax.nn.squareplus`.",
)
op(
    "nn.logmeanexp",
    jax.nn.logmeanexp,
    "x: num A, { axis?: axis, where?: num bool, keepdims?: static boolean } -> float(A)",
    "Equivalent to `jax.nn.logmeanexp`; over all axes unless `axis` is given.",
)
op(
    "nn.dot_product_attention",
    jax.nn.dot_product_attention,
    "query: num A, key: num A, value: num A, { bias?: num, mask?: num bool, scale?: static number, "
    "is_causal?: static boolean, query_seq_lengths?: num int32, key_value_seq_lengths?: num int32 } -> A",
    "Equivalent to `jax.nn.dot_product_attention`: `query` (… t n h), `key` and `value` (… s k h), all of one dtype; "
    "`bias` and `mask` (… n t s), true where a position may be seen.",
)
