"""`linalg`: decompositions and solutions of linear systems."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import jax.scipy.linalg

from ..registry import op
from .special import inexact


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


class LU(NamedTuple):
    p: Any
    l: Any
    u: Any


class Lstsq(NamedTuple):
    x: Any
    residuals: Any
    rank: Any
    s: Any


def lstsq(a, b, *, rcond=None):
    x, residuals, rank, s = jnp.linalg.lstsq(a, b, rcond)
    return Lstsq(x, residuals, rank.astype(jnp.int32), s)


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
    lambda x, **options: jnp.linalg.norm(inexact(x), **options),
    'x: num A, { ord?: static number | "fro" | "nuc", axis?: axis, keepdims?: static boolean } -> real(float(A))',
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
    "a: num A -> { sign: float(A), logabsdet: real(float(A)) }",
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
    "a: num A -> { eigenvalues: real(float(A)), eigenvectors: float(A) }",
    "Equivalent to `jax.numpy.linalg.eigh`; a (… n n), symmetric.",
)
op(
    "linalg.svd",
    svd,
    "a: num A, { full_matrices?: static boolean } -> { u: float(A), s: real(float(A)), vh: float(A) }",
    "Equivalent to `jax.numpy.linalg.svd`; a (… m n).",
)
op(
    "linalg.eigvalsh",
    jnp.linalg.eigvalsh,
    "a: num A -> real(float(A))",
    "Equivalent to `jax.numpy.linalg.eigvalsh`: ascending; a (… n n), symmetric.",
)
op(
    "linalg.svdvals",
    jnp.linalg.svdvals,
    "x: num A -> real(float(A))",
    "Equivalent to `jax.numpy.linalg.svdvals`: descending; x (… m n).",
)
op(
    "linalg.lstsq",
    lstsq,
    "a: num A, b: num B, { rcond?: static number } -> { x: float(promote(A, B)), "
    "residuals: real(float(promote(A, B))), rank: int32, s: real(float(promote(A, B))) }",
    "Equivalent to `jax.numpy.linalg.lstsq`: least squares; a (m n), b (m) or (m k).",
)
op(
    "linalg.matrix_norm",
    jnp.linalg.matrix_norm,
    'x: num A, { keepdims?: static boolean, ord?: static number | "fro" | "nuc" } -> real(float(A))',
    "Equivalent to `jax.numpy.linalg.matrix_norm`: Frobenius unless `ord` is given; x (… m n).",
)
op(
    "linalg.vector_norm",
    lambda x, **options: jnp.linalg.vector_norm(inexact(x), **options),
    "x: num A, { axis?: axis, keepdims?: static boolean, ord?: static number } -> real(float(A))",
    "Equivalent to `jax.numpy.linalg.vector_norm`: Euclidean unless `ord` is given, of all elements unless "
    "`axis` is. Integers are taken as floats.",
)
op(
    "linalg.matrix_power",
    jnp.linalg.matrix_power,
    "a: num A, n: static number -> float(A)",
    "Equivalent to `jax.numpy.linalg.matrix_power`; `n` is an integer, a (… m m).",
)
op(
    "linalg.matrix_rank",
    lambda m, **options: jnp.linalg.matrix_rank(m, **options).astype(jnp.int32),
    "m: num, { rtol?: num } -> int32",
    "Equivalent to `jax.numpy.linalg.matrix_rank`, int32; (… m n).",
    differentiable=False,
)
op(
    "linalg.cond",
    jnp.linalg.cond,
    'x: num A, { p?: static number | "fro" | "nuc" } -> real(float(A))',
    "Equivalent to `jax.numpy.linalg.cond`: the condition number; by singular values unless `p` is given.",
)
op(
    "linalg.multi_dot",
    jnp.linalg.multi_dot,
    "arrays: nums A -> promote(A, A)",
    "Equivalent to `jax.numpy.linalg.multi_dot`: the product of matrices, in the order that costs least.",
)
op(
    "linalg.expm",
    jax.scipy.linalg.expm,
    "a: num A, { upper_triangular?: static boolean, max_squarings?: static number } -> float(A)",
    "Equivalent to `jax.scipy.linalg.expm`: the exponential of (… n n); NaN where it needs too many squarings.",
)
op(
    "linalg.lu",
    lambda a: LU(*jax.scipy.linalg.lu(a)),
    "a: num A -> { p: real(float(A)), l: float(A), u: float(A) }",
    "Equivalent to `jax.scipy.linalg.lu`: a = p·l·u; a (… m n).",
)
op(
    "linalg.cho_solve",
    lambda c, b, *, lower=False: jax.scipy.linalg.cho_solve((c, lower), b),
    "c: num A, b: num B, { lower?: static boolean } -> float(promote(A, B))",
    "Equivalent to `jax.scipy.linalg.cho_solve((c, lower), b)`, `c` as `linalg.cholesky` answers with `upper`, or "
    "`lower` as it does without; b (… n k) or (n).",
)
op(
    "linalg.block_diag",
    jax.scipy.linalg.block_diag,
    "...arrs: num A -> promote(A, A)",
    "Equivalent to `jax.scipy.linalg.block_diag`: matrices along the diagonal of one.",
)
op(
    "linalg.toeplitz",
    jax.scipy.linalg.toeplitz,
    "c: num A, { r?: num A } -> promote(A, A)",
    "Equivalent to `jax.scipy.linalg.toeplitz`: a matrix with the column `c` and the row `r`, `c` unless given.",
)
