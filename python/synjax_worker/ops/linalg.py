"""`linalg`: decompositions and solutions of linear systems."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import jax.scipy.linalg

from ..registry import op


class Slogdet(NamedTuple):
    sign: Any
    logabsdet: Any


class QR(NamedTuple):
    q: Any
    r: Any


class Eigh(NamedTuple):
    eigenvalues: Any
    eigenvectors: Any


class SVD(NamedTuple):
    u: Any
    s: Any
    vh: Any


def cholesky(a, **options):
    """Computed in the dtype of `a` or in float32, whichever is wider, as everything in `linalg`."""
    return jnp.linalg.cholesky(a, **options).astype(jnp.result_type(a, 0.0))


def slogdet(a):
    return Slogdet(*jnp.linalg.slogdet(a))


def qr(a):
    return QR(*jnp.linalg.qr(a))


def eigh(a):
    return Eigh(*jnp.linalg.eigh(a))


def svd(a, *, full_matrices=True):
    return SVD(*jnp.linalg.svd(a, full_matrices=full_matrices))


op(
    "linalg.norm",
    jnp.linalg.norm,
    'x: num A, { ord?: static number | "fro" | "nuc", axis?: axis, keepdims?: static boolean } -> float(A)',
    "Equivalent to `jax.numpy.linalg.norm`.",
)
op("linalg.inv", jnp.linalg.inv, "a: num A -> float(A)", "Equivalent to `jax.numpy.linalg.inv`; (… n n).")
op(
    "linalg.pinv",
    jnp.linalg.pinv,
    "a: num A -> float(A)",
    "Equivalent to `jax.numpy.linalg.pinv`; (… m n) to (… n m).",
)
op("linalg.det", jnp.linalg.det, "a: num A -> float(A)", "Equivalent to `jax.numpy.linalg.det`; (… n n).")
op(
    "linalg.slogdet",
    slogdet,
    "a: num A -> { sign: float(A), logabsdet: float(A) }",
    "Equivalent to `jax.numpy.linalg.slogdet`; (… n n).",
)
op(
    "linalg.cholesky",
    cholesky,
    "a: num A, { upper?: static boolean } -> float(A)",
    "Equivalent to `jax.numpy.linalg.cholesky`; NaN where (… n n) is not positive definite.",
)
op(
    "linalg.solve",
    jnp.linalg.solve,
    "a: num A, b: num B -> float(promote(A, B))",
    "Equivalent to `jax.numpy.linalg.solve`; a (… n n), b (… n k) or (n).",
)
op(
    "linalg.solve_triangular",
    jax.scipy.linalg.solve_triangular,
    "a: num A, b: num B, { lower?: static boolean, trans?: static 0 | 1, unit_diagonal?: static boolean } "
    "-> float(promote(A, B))",
    "Equivalent to `jax.scipy.linalg.solve_triangular`.",
)
op(
    "linalg.qr",
    qr,
    "a: num A -> { q: float(A), r: float(A) }",
    'Equivalent to `jax.numpy.linalg.qr` in its "reduced" mode; a (… m n).',
)
op(
    "linalg.eigh",
    eigh,
    "a: num A -> { eigenvalues: float(A), eigenvectors: float(A) }",
    "Equivalent to `jax.numpy.linalg.eigh`; a (… n n), symmetric.",
)
op(
    "linalg.svd",
    svd,
    "a: num A, { full_matrices?: static boolean } -> { u: float(A), s: float(A), vh: float(A) }",
    "Equivalent to `jax.numpy.linalg.svd`; a (… m n).",
)
