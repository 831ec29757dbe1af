"""`special`: special functions, as `jax.scipy.special` has them, and those that structured models need."""

import jax.numpy as jnp
from jax.scipy import special

from .. import special as structured
from ..errors import InvalidArgument
from ..registry import Check, op

_UNARY = """logit expit gammaln digamma erf erfc erfinv entr ndtr ndtri log_ndtr gamma factorial
expi i0 i0e i1 i1e"""
_BINARY = "betaln beta xlogy xlog1py rel_entr kl_div gammainc gammaincc zeta comb"

for name in _UNARY.split():
    op(
        f"special.{name}",
        getattr(special, name),
        "x: num A -> float(A)",
        f"Equivalent to `jax.scipy.special.{name}`.",
    )
for name in _BINARY.split():
    op(
        f"special.{name}",
        getattr(special, name),
        "x: num A, y: num B -> float(promote(A, B))",
        f"Equivalent to `jax.scipy.special.{name}`.",
    )
op(
    "special.logsumexp",
    special.logsumexp,
    "a: num A, { axis?: axis, b?: num, keepdims?: static boolean } -> float(A)",
    "Equivalent to `jax.scipy.special.logsumexp`: log Σ b·exp(a), over all axes unless `axis` is given.",
)


def inexact(x):
    x = jnp.asarray(x)
    return x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(jnp.result_type(x, float))


def safe_log(x):
    return structured.safe_log(inexact(x))


def max_one_hot(x, *, axis=-1, straight_through=False):
    return structured.max_one_hot(inexact(x), axis, straight_through=straight_through)


def sample_one_hot(log_potential, *, key, axis=-1, temperature=1.0):
    return structured.sample_one_hot(inexact(log_potential), key=key, axis=axis, temperature=temperature)


def sparsemax(x, *, axis=-1):
    return structured.sparsemax(inexact(x), axis)


def _temperature_checks(log_potential, *, key, axis=-1, temperature=1.0):
    temperature = jnp.asarray(temperature)
    return [Check("temperature", ~(temperature > 0), temperature, "above 0")]


def log_delannoy(m, n, *, max_input_value):
    if not isinstance(max_input_value, int) or isinstance(max_input_value, bool) or max_input_value < 0:
        raise InvalidArgument(
            f"`max_input_value` must be an integer that is not negative; it is {max_input_value!r}",
            argument="max_input_value",
            received=repr(max_input_value),
        )
    return structured.log_delannoy(m, n, max_input_value=max_input_value)


def _delannoy_checks(m, n, *, max_input_value):
    expected = f"between 0 and max_input_value = {max_input_value}"
    values = {"m": jnp.asarray(m), "n": jnp.asarray(n)}
    return [Check(name, ~((x >= 0) & (x <= max_input_value)), x, expected) for name, x in values.items()]


op(
    "special.safe_log",
    safe_log,
    "x: num A -> float(A)",
    "The logarithm, -inf with derivative 0 where `x` is 0. As `synjax.special.safe_log`.",
)
op(
    "special.log_comb",
    structured.log_comb,
    "n: num A, k: num B -> float(promote(A, B))",
    "Log of the number of ways to choose `k` out of `n`.",
)
op(
    "special.log_catalan",
    structured.log_catalan,
    "n: num A -> float(A)",
    "Log of the n-th Catalan number: binary trees over n + 1 leaves.",
)
op(
    "special.log_delannoy",
    log_delannoy,
    "m: num A, n: num B, { max_input_value: static number } -> float(promote(A, B))",
    "Log of the Delannoy number: paths over an m by n grid by steps right, up and both, for numbers up to "
    "`max_input_value`.",
    checks=_delannoy_checks,
)
op(
    "special.max_one_hot",
    max_one_hot,
    "x: num A, { axis?: axis, straight_through?: static boolean } -> float(A)",
    "The indicator of the maximum along the axes (the last unless `axis` is given); of equal maxima, of the first. "
    "With `straight_through` its derivative is that of `x`.",
)
op(
    "special.sample_one_hot",
    sample_one_hot,
    "log_potential: num A, { key: key, axis?: axis, temperature?: num } -> float(A)",
    "The indicator of a draw in proportion to exp(log_potential / temperature) along the axes (the last unless `axis` "
    "is given); zeros where nothing is allowed.",
    checks=_temperature_checks,
)
op(
    "special.sparsemax",
    sparsemax,
    "x: num A, { axis?: axis } -> float(A)",
    "The nearest point of the probability simplex along the axes, the last unless `axis` is given (Martins & Astudillo "
    "2016, Algorithm 1).",
)
op(
    "special.straight_through_replace",
    structured.straight_through_replace,
    "differentiable_input: num A, non_differentiable_output: num B -> B",
    "The second argument, with the derivative of the first.",
)
op(
    "special.betainc",
    special.betainc,
    "a: num A, b: num A, x: num A -> float(promote(A, A))",
    "Equivalent to `jax.scipy.special.betainc`: the regularized incomplete beta function.",
)
op(
    "special.multigammaln",
    lambda a, *, d: special.multigammaln(a, d),
    "a: num A, d: static number -> float(A)",
    "Equivalent to `jax.scipy.special.multigammaln`.",
)
op(
    "special.polygamma",
    special.polygamma,
    "n: num, x: num A -> float(A)",
    "Equivalent to `jax.scipy.special.polygamma`: the `n`-th derivative of `digamma`.",
)
for name in ("softmax", "log_softmax"):
    op(
        f"special.{name}",
        getattr(special, name),
        "x: num A, { axis?: axis } -> float(A)",
        f"Equivalent to `jax.scipy.special.{name}`; over all axes unless `axis` is given.",
    )
