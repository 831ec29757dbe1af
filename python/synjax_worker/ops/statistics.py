"""`np`: averages, quantiles and counts, and reductions that leave NaN out."""

from typing import Any, NamedTuple

import jax.numpy as jnp

from ..registry import op


class Histogram(NamedTuple):
    hist: Any
    bin_edges: Any


def histogram(a, *, bins=10, **options):
    return Histogram(*jnp.histogram(a, bins, **options))


def as_int32(function):
    def positions(a, **options):
        return function(a, **options).astype(jnp.int32)

    return positions


_AXIS = "axis?: axis, keepdims?: static boolean"
_METHOD = 'method?: static "linear" | "lower" | "higher" | "midpoint" | "nearest"'

for name in ("nansum", "nanprod"):
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"a: num A, {{ {_AXIS}, where?: num bool }} -> sum(A)",
        f"Equivalent to `jax.numpy.{name}`: NaN counts as {int(name == 'nanprod')}.",
    )
op(
    "np.nanmean",
    jnp.nanmean,
    f"a: num A, {{ {_AXIS}, where?: num bool }} -> float(A)",
    "Equivalent to `jax.numpy.nanmean`: of what is not NaN.",
)
for name in ("nanvar", "nanstd"):
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"a: num A, {{ {_AXIS}, ddof?: static number, where?: num bool }} -> real(float(A))",
        f"Equivalent to `jax.numpy.{name}`: of what is not NaN; divides by its count minus `ddof` (0).",
    )
op(
    "np.nanmedian",
    jnp.nanmedian,
    f"a: num A, {{ {_AXIS} }} -> float(A)",
    "Equivalent to `jax.numpy.nanmedian`: of what is not NaN.",
)
for name in ("nanmax", "nanmin"):
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"a: num A, {{ {_AXIS}, initial?: num, where?: num bool }} -> A",
        f"Equivalent to `jax.numpy.{name}`: of what is not NaN.",
    )
for name in ("nanargmax", "nanargmin"):
    op(
        f"np.{name}",
        as_int32(getattr(jnp, name)),
        "a: num, { axis?: static number, keepdims?: static boolean } -> int32",
        f"Equivalent to `jax.numpy.{name}`, int32; -1 where all is NaN. Without an axis, of the flattened array.",
        differentiable=False,
    )
op(
    "np.ptp",
    jnp.ptp,
    f"a: num A, {{ {_AXIS} }} -> A",
    "Equivalent to `jax.numpy.ptp`: the maximum minus the minimum.",
)
op(
    "np.average",
    jnp.average,
    "a: num A, { axis?: axis, weights?: num A, keepdims?: static boolean } -> float(promote(A, A))",
    "Equivalent to `jax.numpy.average`: Σ weights·a / Σ weights. Weights have the shape of `a`, or that of its axis.",
)
for name in ("quantile", "percentile", "nanquantile", "nanpercentile"):
    whole = 1 if name.endswith("quantile") else 100
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"a: num A, q: num, {{ {_AXIS}, {_METHOD} }} -> float(A)",
        f"Equivalent to `jax.numpy.{name}`; `q` from 0 to {whole}, its axes come first.",
    )
op(
    "np.cov",
    jnp.cov,
    "m: num A, { rowvar?: static boolean, bias?: static boolean, ddof?: static number } -> float(A)",
    "Equivalent to `jax.numpy.cov`; a row is a variable unless `rowvar` is false.",
)
op(
    "np.corrcoef",
    jnp.corrcoef,
    "x: num A, { rowvar?: static boolean } -> float(A)",
    "Equivalent to `jax.numpy.corrcoef`; a row is a variable unless `rowvar` is false.",
)
op(
    "np.histogram",
    histogram,
    "a: num A, { bins?: size, range?: nums, weights?: num, density?: static boolean } "
    "-> { hist: float(A), bin_edges: float(A) }",
    "Equivalent to `jax.numpy.histogram`: counts, as floats, in 10 bins unless `bins` is given, and where they begin "
    "and end. `range` is two numbers, the smallest and the largest of `a` unless given.",
)
op(
    "np.bincount",
    lambda x, *, length: jnp.bincount(x, length=length),
    "x: num Int, { length: size } -> int32",
    "Equivalent to `jax.numpy.bincount(x, length=length)`: how often each of 0, …, `length` - 1 stands in `x`. "
    "`ops.segmentSum` adds weights up.",
    differentiable=False,
)
op(
    "np.trapezoid",
    jnp.trapezoid,
    "y: num A, { x?: num A, dx?: num, axis?: static number } -> float(promote(A, A))",
    "Equivalent to `jax.numpy.trapezoid`: the integral of `y` over `x`, or over steps of `dx` (1).",
)
for name in ("nancumsum", "nancumprod"):
    op(
        f"np.{name}",
        getattr(jnp, name),
        "a: num A, { axis?: static number } -> number(A)",
        f"Equivalent to `jax.numpy.{name}`: NaN counts as {int(name == 'nancumprod')}. Without an axis, of the "
        "flattened array.",
    )
op(
    "np.gradient",
    jnp.gradient,
    "f: num A, { axis: static number } -> float(A)",
    "Equivalent to `jax.numpy.gradient` along one axis: central differences, one-sided at both ends.",
)
