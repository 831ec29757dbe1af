"""`nn`: activations and other functions of `jax.nn`."""

import jax
import jax.nn

from ..registry import op


def one_hot(x, *, num_classes, axis=-1, dtype):
    return jax.nn.one_hot(x, num_classes, axis=axis, dtype=dtype)


op("nn.relu", jax.nn.relu, "x: num A -> number(A)", "Equivalent to `jax.nn.relu`.")
for name in ("sigmoid", "log_sigmoid", "softplus", "silu", "tanh", "soft_sign", "mish"):
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
