"""`np`: convolutions, interpolation and windows."""

import functools

import jax.numpy as jnp

from ..registry import op
from .creation import made


def _window(fn, *, m):
    return fn(m)


_MODE = 'mode?: static "full" | "same" | "valid", precision?: static "default" | "high" | "highest"'

for name, default in (("convolve", "full"), ("correlate", "valid")):
    op(
        f"np.{name}",
        getattr(jnp, name),
        f"a: num A, v: num B, {{ {_MODE} }} -> float(promote(A, B))",
        f'Equivalent to `jax.numpy.{name}` of vectors; "{default}" unless `mode` is given.',
    )
op(
    "np.interp",
    jnp.interp,
    "x: num, xp: num, fp: num A, { left?: num, right?: num, period?: num } -> float(A)",
    "Equivalent to `jax.numpy.interp`: the values at `x` of lines through the points (`xp`, `fp`), `xp` ascending.",
)
op(
    "np.polyval",
    jnp.polyval,
    "p: num A, x: num B -> promote(A, B)",
    "Equivalent to `jax.numpy.polyval`: the polynomial at `x`; the coefficient of the highest power comes first.",
)
op(
    "np.unwrap",
    jnp.unwrap,
    "p: num A, { discont?: num, axis?: static number, period?: num } -> float(A)",
    "Equivalent to `jax.numpy.unwrap`: adds periods (2π) until neighbours differ by half of one at most.",
)
for name in ("hanning", "hamming"):
    op(
        f"np.{name}",
        made(functools.partial(_window, getattr(jnp, name))),
        "m: size -> float32",
        f"Equivalent to `jax.numpy.{name}`: a window of `m` points.",
    )
