"""`np.fft`: Fourier transforms."""

import jax.numpy as jnp

from ..registry import op
from .creation import made

_COMPLEX = "promote(float(A), complex64)"
_NORM = 'norm?: static "backward" | "ortho" | "forward"'
# name: what comes out, and what the op is of.
_ALONG_ONE = {
    "fft": (_COMPLEX, "of `n` elements along `axis`, the last"),
    "ifft": (_COMPLEX, "the inverse of `fft`"),
    "rfft": (
        _COMPLEX,
        "of real numbers: the first n / 2 + 1 of what `fft` gives, the others are their conjugates",
    ),
    "irfft": (
        f"real({_COMPLEX})",
        "the inverse of `rfft`: real. `n` is that of the result, even where left out",
    ),
    "hfft": (f"real({_COMPLEX})", "of the first half of a signal whose other half are its conjugates: real"),
    "ihfft": (_COMPLEX, "the inverse of `hfft`"),
}
_ALONG_SEVERAL = {
    "fft": (_COMPLEX, "`s` says of how many elements along each"),
    "ifft": (_COMPLEX, "the inverse of `{}`"),
    "rfft": (_COMPLEX, "of real numbers; of the last axis the first half"),
    "irfft": (f"real({_COMPLEX})", "the inverse of `{}`: real"),
}

for name, (result, doc) in _ALONG_ONE.items():
    op(
        f"fft.{name}",
        getattr(jnp.fft, name),
        f"a: num A, {{ n?: size, axis?: static number, {_NORM} }} -> {result}",
        f"Equivalent to `jax.numpy.fft.{name}`: {doc}.",
    )
for name, (result, doc) in _ALONG_SEVERAL.items():
    for end, axes in (("2", "the last two axes"), ("n", "all axes")):
        inverse = name.replace("i", "", 1) + end
        op(
            f"fft.{name}{end}",
            getattr(jnp.fft, f"{name}{end}"),
            f"a: num A, {{ s?: shape, axes?: static readonly number[], {_NORM} }} -> {result}",
            f"Equivalent to `jax.numpy.fft.{name}{end}`, along {axes} unless `axes` are given: {doc.format(inverse)}.",
        )
for name in ("fftshift", "ifftshift"):
    op(
        f"fft.{name}",
        getattr(jnp.fft, name),
        "x: num A, { axes?: axis } -> A",
        f"Equivalent to `jax.numpy.fft.{name}`: "
        + ("the frequency 0 into the middle." if name == "fftshift" else "the inverse of `fftshift`."),
    )


def _frequencies(fn):
    def frequencies(*, n, d=1.0, dtype=None):
        return fn(n, d, dtype=dtype)

    return made(frequencies)


for name in ("fftfreq", "rfftfreq"):
    op(
        f"fft.{name}",
        _frequencies(getattr(jnp.fft, name)),
        "n: size, { d?: static number, dtype?: dtype D = float32 } -> D",
        f"Equivalent to `jax.numpy.fft.{name}`: the frequencies that `{name.removesuffix('freq')}` is of, in cycles a "
        "unit where the samples are `d` units apart.",
    )
