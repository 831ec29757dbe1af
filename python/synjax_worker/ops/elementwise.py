"""`np`: elementwise arithmetic, comparison and logic."""

from typing import Any, NamedTuple

import jax.numpy as jnp

from ..errors import InvalidArgument
from ..registry import op


class Divmod(NamedTuple):
    quotient: Any
    remainder: Any


class Modf(NamedTuple):
    fractional: Any
    integral: Any


class Frexp(NamedTuple):
    mantissa: Any
    exponent: Any


def in_parts(function, parts):
    """The function with its tuple's items under their names."""

    def named(*operands):
        return parts(*function(*operands))

    return named


def clip(a, *, min=None, max=None):
    for argument, bound in (("min", min), ("max", max)):
        if bound is not None and jnp.result_type(a, bound) != jnp.result_type(a):
            expected, received = jnp.result_type(a).name, jnp.result_type(bound).name
            raise InvalidArgument(
                f"np.clip: `{argument}` of dtype {received} would change the dtype of the result; expected {expected}",
                argument=argument,
                expected=expected,
                received=received,
            )
    return jnp.clip(a, min=min, max=max)


def astype(x, *, dtype):
    x = jnp.asarray(x)
    if jnp.iscomplexobj(x) and not jnp.issubdtype(dtype, jnp.complexfloating):
        raise InvalidArgument(
            f"np.astype: {x.dtype} cannot become {dtype}, which would drop the imaginary part: take np.real(x), or "
            f"np.abs(x)",
            argument="dtype",
            expected="a complex dtype",
            received=str(dtype),
        )
    return x.astype(dtype)


_FLOAT = """exp exp2 expm1 log log1p log2 log10 sqrt cbrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh
arccosh arctanh reciprocal sinc deg2rad rad2deg"""
_SAME = "negative sign conj"
_REAL = "abs real imag"
_ROUNDING = "floor ceil trunc"
_PREDICATES = "isnan isfinite isinf isposinf isneginf signbit logical_not isreal iscomplex"
_ARITHMETIC = "add subtract multiply maximum minimum fmax fmin"
_FLOAT_BINARY = "divide arctan2 logaddexp logaddexp2 hypot heaviside copysign"
_COMPARISONS = "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor"
_BITS = "bitwise_and bitwise_or bitwise_xor gcd lcm"

for name in _FLOAT.split():
    op(f"np.{name}", getattr(jnp, name), "x: num A -> float(A)", f"Equivalent to `jax.numpy.{name}`.")
for name in _SAME.split():
    op(f"np.{name}", getattr(jnp, name), "x: num A -> A", f"Equivalent to `jax.numpy.{name}`.")
for name in _REAL.split():
    op(f"np.{name}", getattr(jnp, name), "x: num A -> real(A)", f"Equivalent to `jax.numpy.{name}`.")
for name in _ROUNDING.split():
    op(
        f"np.{name}",
        getattr(jnp, name),
        "x: num A -> A",
        f"Equivalent to `jax.numpy.{name}`; its gradient is 0.",
    )
for name in _PREDICATES.split():
    op(
        f"np.{name}",
        getattr(jnp, name),
        "x: num -> bool",
        f"Equivalent to `jax.numpy.{name}`.",
        differentiable=False,
    )
for name in _ARITHMETIC.split():
    op(
        f"np.{name}",
        getattr(jnp, name),
        "x1: num A, x2: num B -> promote(A, B)",
        f"Equivalent to `jax.numpy.{name}`.",
    )
for name in _FLOAT_BINARY.split():
    op(
        f"np.{name}",
        getattr(jnp, name),
        "x1: num A, x2: num B -> float(promote(A, B))",
        f"Equivalent to `jax.numpy.{name}`.",
    )
for name in _COMPARISONS.split():
    op(
        f"np.{name}",
        getattr(jnp, name),
        "x1: num, x2: num -> bool",
        f"Equivalent to `jax.numpy.{name}`.",
        differentiable=False,
    )
for name in _BITS.split():
    op(
        f"np.{name}",
        getattr(jnp, name),
        "x1: num A, x2: num B -> promote(A, B)",
        f"Equivalent to `jax.numpy.{name}`. Integers and booleans.",
        differentiable=False,
    )

for name in ("left_shift", "right_shift"):
    op(
        f"np.{name}",
        getattr(jnp, name),
        "x1: num A, x2: num B -> number(promote(A, B))",
        f"Equivalent to `jax.numpy.{name}`. Integers.",
        differentiable=False,
    )
op(
    "np.angle",
    jnp.angle,
    "z: num A, { deg?: static boolean } -> float(real(A))",
    "Equivalent to `jax.numpy.angle`: of complex numbers, in radians, or in degrees where `deg` is true.",
)
op("np.square", jnp.square, "x: num A -> number(A)", "Equivalent to `jax.numpy.square`.")
op(
    "np.floor_divide",
    jnp.floor_divide,
    "x1: num A, x2: num B -> number(promote(A, B))",
    "Equivalent to `jax.numpy.floor_divide`; rounds towards minus infinity.",
)
op(
    "np.remainder",
    jnp.remainder,
    "x1: num A, x2: num B -> number(promote(A, B))",
    "Equivalent to `jax.numpy.remainder`; the result has the sign of `x2`.",
)
op("np.power", jnp.power, "x1: num A, x2: num B -> number(promote(A, B))", "Equivalent to `jax.numpy.power`.")
op(
    "np.round",
    jnp.round,
    "a: num A, { decimals?: static number } -> A",
    "Equivalent to `jax.numpy.round`; halves go to the even neighbour. Its gradient is 0.",
)
op(
    "np.clip",
    clip,
    "a: num A, { min?: num, max?: num } -> A",
    "Equivalent to `jax.numpy.clip`. A bound that would change the dtype of the result is refused.",
)
op(
    "np.where",
    jnp.where,
    "condition: num bool, x: num A, y: num B -> promote(A, B)",
    "Equivalent to `jax.numpy.where`: `x` where the condition holds, else `y`, broadcast against each other.",
)
op(
    "np.nan_to_num",
    jnp.nan_to_num,
    "x: num A, { nan?: num, posinf?: num, neginf?: num } -> A",
    "Equivalent to `jax.numpy.nan_to_num`.",
)
op(
    "np.isclose",
    jnp.isclose,
    "a: num, b: num, { rtol?: num, atol?: num, equal_nan?: static boolean } -> bool",
    "Equivalent to `jax.numpy.isclose`.",
    differentiable=False,
)
op(
    "np.astype",
    astype,
    "x: num, dtype: dtype D -> D",
    "Equivalent to `x.astype(dtype)`. Floats become integers by dropping the fraction; complex numbers become no real "
    "ones, take `np.real` of them.",
)
op(
    "np.fmod",
    jnp.fmod,
    "x1: num A, x2: num B -> number(promote(A, B))",
    "Equivalent to `jax.numpy.fmod`; the result has the sign of `x1`.",
)
op(
    "np.ldexp",
    jnp.ldexp,
    "x1: num A, x2: num Int -> float(A)",
    "Equivalent to `jax.numpy.ldexp`: x1·2^x2.",
)
op(
    "np.rint",
    jnp.rint,
    "x: num A -> float(A)",
    "Equivalent to `jax.numpy.rint`; halves go to the even neighbour. Its gradient is 0.",
)
for name, fn, fields, of in (
    (
        "divmod",
        Divmod,
        "quotient: number(promote(A, B)), remainder: number(promote(A, B))",
        "x1: num A, x2: num B",
    ),
    ("modf", Modf, "fractional: float(A), integral: float(A)", "x: num A"),
    ("frexp", Frexp, "mantissa: float(A), exponent: int32", "x: num A"),
):
    op(
        f"np.{name}",
        in_parts(getattr(jnp, name), fn),
        f"{of} -> {{ {fields} }}",
        f"Equivalent to `jax.numpy.{name}`.",
    )
op(
    "np.bitwise_not",
    jnp.bitwise_not,
    "x: num A -> A",
    "Equivalent to `jax.numpy.bitwise_not`. Integers and booleans.",
    differentiable=False,
)
op(
    "np.bitwise_count",
    jnp.bitwise_count,
    "x: num A -> uint8",
    "Equivalent to `jax.numpy.bitwise_count`: how many bits are 1. Integers.",
    differentiable=False,
)
op(
    "np.select",
    jnp.select,
    "condlist: nums bool, choicelist: nums A, { default?: num A } -> number(promote(A, A))",
    "Equivalent to `jax.numpy.select`: each element from the first choice whose condition holds, else `default` (0).",
)
for name in ("allclose", "array_equal"):
    tolerances = "rtol?: num, atol?: num, " if name == "allclose" else ""
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"a: num, b: num, {{ {tolerances}equal_nan?: static boolean }} -> bool",
        f"Equivalent to `jax.numpy.{name}`: one boolean.",
        differentiable=False,
    )
op(
    "np.isin",
    jnp.isin,
    "element: num, test_elements: num, { invert?: static boolean } -> bool",
    "Equivalent to `jax.numpy.isin`: whether each element is one of `test_elements`.",
    differentiable=False,
)
