"""`random`: PRNG keys, and draws with them. A draw depends on its key alone: it is the same with x64 on and off."""

import jax.numpy as jnp
from jax import random

from ..errors import InvalidArgument
from ..registry import op


def key(seed):
    if not jnp.issubdtype(jnp.result_type(seed), jnp.integer):
        raise InvalidArgument(
            "random.key: `seed` must be an integer below 2**31, or a tensor of dtype int64",
            argument="seed",
            expected="an integer below 2**31",
            received=jnp.result_type(seed).name,
        )
    return random.key(seed)


def _float(x):
    """An array of floats. Values without a float dtype become float32, with x64 on too."""
    dtype = getattr(x, "dtype", None)
    weak = dtype is None or getattr(getattr(x, "aval", None), "weak_type", False)
    return jnp.asarray(x, jnp.float32 if weak or not jnp.issubdtype(dtype, jnp.floating) else dtype)


def bernoulli(key, *, p=0.5, shape=None):
    return random.bernoulli(key, _float(p), shape)


def categorical(key, logits, *, axis=-1, shape=None, replace=True):
    return random.categorical(key, _float(logits), axis, shape, replace).astype(jnp.int32)


def randint(key, minval, maxval, *, shape, dtype):
    return random.randint(key, shape, minval, maxval, dtype)


def permutation(key, x, *, axis=0, independent=False):
    if jnp.ndim(x) == 0:
        raise InvalidArgument(
            "random.permutation: `x` must have an axis to permute; for the numbers below n pass np.arange(n)",
            argument="x",
            expected="at least 1 axis",
            received="0",
        )
    return random.permutation(key, x, axis, independent)


def choice(key, a, *, shape=(), replace=True, p=None, axis=0):
    if jnp.ndim(a) == 0:
        raise InvalidArgument(
            "random.choice: `a` must have an axis to choose from; for the numbers below n pass np.arange(n)",
            argument="a",
            expected="at least 1 axis",
            received="0",
        )
    return random.choice(key, a, shape, replace, None if p is None else _float(p), axis)


def multivariate_normal(key, mean, cov, *, shape=None, dtype):
    return random.multivariate_normal(key, jnp.asarray(mean, dtype), jnp.asarray(cov, dtype), shape, dtype)


op("random.key", key, "seed: num Int -> key", "Equivalent to `jax.random.key`.", differentiable=False)
op(
    "random.split",
    random.split,
    "key: key, { num?: size } -> key",
    "Equivalent to `jax.random.split`: 2 new keys along a new axis unless `num` is given.",
    differentiable=False,
)
op(
    "random.fold_in",
    random.fold_in,
    "key: key, data: num Int -> key",
    "Equivalent to `jax.random.fold_in`: a new key from a key and a number.",
    differentiable=False,
)
op(
    "random.bits",
    random.bits,
    "key: key, { shape?: shape, dtype?: dtype D = uint32 } -> D",
    "Equivalent to `jax.random.bits`: uniform bits as unsigned integers.",
    differentiable=False,
)
for name in ("normal", "gumbel", "exponential", "laplace", "logistic", "cauchy", "rademacher"):
    default = "int32" if name == "rademacher" else "float32"
    op(
        f"random.{name}",
        getattr(random, name),
        f"key: key, {{ shape?: shape, dtype?: dtype D = {default} }} -> D",
        f"Equivalent to `jax.random.{name}`.",
        differentiable=False,
    )
op(
    "random.uniform",
    random.uniform,
    "key: key, { shape?: shape, minval?: num, maxval?: num, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.random.uniform`: from `minval` (0) up to `maxval` (1), exclusive.",
)
op(
    "random.truncated_normal",
    random.truncated_normal,
    "key: key, lower: num, upper: num, { shape?: shape, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.random.truncated_normal`.",
)
op(
    "random.bernoulli",
    bernoulli,
    "key: key, { p?: num, shape?: shape } -> bool",
    "Equivalent to `jax.random.bernoulli`; `p` is 0.5 unless given.",
    differentiable=False,
)
op(
    "random.categorical",
    categorical,
    "key: key, logits: num, { axis?: static number, shape?: shape, replace?: static boolean } -> int32",
    "Equivalent to `jax.random.categorical`: classes by unnormalised log-probabilities along `axis`, the last.",
    differentiable=False,
)
op(
    "random.randint",
    randint,
    "key: key, shape: shape, minval: num Int, maxval: num Int, { dtype?: dtype D = int32 } -> D",
    "Equivalent to `jax.random.randint`: from `minval` up to `maxval`, exclusive.",
    differentiable=False,
)
op(
    "random.permutation",
    permutation,
    "key: key, x: num A, { axis?: static number, independent?: static boolean } -> A",
    "Equivalent to `jax.random.permutation` of an array.",
)
op(
    "random.choice",
    choice,
    "key: key, a: num A, { shape?: shape, replace?: static boolean, p?: num Float, axis?: static number } -> A",
    "Equivalent to `jax.random.choice` from an array.",
)
op(
    "random.gamma",
    random.gamma,
    "key: key, a: num, { shape?: shape, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.random.gamma` of shape `a` and scale 1.",
)
op(
    "random.beta",
    random.beta,
    "key: key, a: num, b: num, { shape?: shape, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.random.beta`.",
)
op(
    "random.dirichlet",
    random.dirichlet,
    "key: key, alpha: num, { shape?: shape, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.random.dirichlet`: `shape` is the batch shape, `alpha` (… n) of positive floats.",
)
op(
    "random.poisson",
    random.poisson,
    "key: key, lam: num, { shape?: shape, dtype?: dtype D = int32 } -> D",
    "Equivalent to `jax.random.poisson` of rate `lam`.",
    differentiable=False,
)
op(
    "random.multivariate_normal",
    multivariate_normal,
    "key: key, mean: num, cov: num, { shape?: shape, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.random.multivariate_normal`: `mean` (… n), `cov` (… n n); `shape` is the batch shape.",
)
_SHAPE = "{ shape?: shape, dtype?: dtype D = float32 } -> D"
_ONE_PARAMETER = {"chisquare": "df", "loggamma": "a", "pareto": "b", "rayleigh": "scale", "t": "df"}

for name, parameter in _ONE_PARAMETER.items():
    op(
        f"random.{name}",
        getattr(random, name),
        f"key: key, {parameter}: num, {_SHAPE}",
        f"Equivalent to `jax.random.{name}`.",
    )
op(
    "random.weibull_min",
    random.weibull_min,
    f"key: key, scale: num, concentration: num, {_SHAPE}",
    "Equivalent to `jax.random.weibull_min`.",
)
op(
    "random.triangular",
    random.triangular,
    f"key: key, left: num, mode: num, right: num, {_SHAPE}",
    "Equivalent to `jax.random.triangular`.",
)
op(
    "random.lognormal",
    random.lognormal,
    "key: key, { sigma?: num, shape?: shape, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.random.lognormal`; `sigma` is 1 unless given.",
)
op(
    "random.maxwell",
    random.maxwell,
    f"key: key, {_SHAPE}",
    "Equivalent to `jax.random.maxwell`.",
    differentiable=False,
)
op(
    "random.ball",
    random.ball,
    "key: key, d: static number, { p?: static number, shape?: shape, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.random.ball`: points of the unit ball of `d` dimensions, by the L2 norm unless `p` is given.",
    differentiable=False,
)
op(
    "random.orthogonal",
    random.orthogonal,
    "key: key, n: static number, { shape?: shape, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.random.orthogonal`: (n n) matrices; `shape` is the batch shape.",
    differentiable=False,
)
op(
    "random.binomial",
    lambda key, n, p, **options: random.binomial(key, _float(n), _float(p), **options),
    "key: key, n: num, p: num, { shape?: shape, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.random.binomial`: successes of `n` trials, as floats.",
    differentiable=False,
)
op(
    "random.multinomial",
    lambda key, n, p, **options: random.multinomial(key, _float(n), _float(p), **options),
    "key: key, n: num, p: num, { shape?: shape, dtype?: dtype D = float32 } -> D",
    "Equivalent to `jax.random.multinomial`: counts of `n` trials by the probabilities `p` (… k), as floats.",
    differentiable=False,
)
op(
    "random.geometric",
    lambda key, p, **options: random.geometric(key, _float(p), **options),
    "key: key, p: num, { shape?: shape, dtype?: dtype D = int32 } -> D",
    "Equivalent to `jax.random.geometric`: trials until the first success.",
    differentiable=False,
)
op(
    "random.key_data",
    random.key_data,
    "keys: key -> uint32",
    "Equivalent to `jax.random.key_data`: the bits of keys, two words each along a new last axis.",
    differentiable=False,
)
op(
    "random.wrap_key_data",
    lambda key_bits_array: random.wrap_key_data(jnp.asarray(key_bits_array, jnp.uint32)),
    "key_bits_array: num uint32 -> key",
    "Equivalent to `jax.random.wrap_key_data`: keys from what `random.keyData` gives.",
    differentiable=False,
)
