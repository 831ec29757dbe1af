"""The product of matrices of logs: as a product of probabilities wherever that loses nothing to underflow."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax

from . import numeric, scaled
from .guard import any_of_all, carefully_where, float_range
from .numeric import HIGHEST
from .scaled import Scaled


def log_matmul(a: Array, b: Array) -> Array:
    """log of the sum over k of exp(a + b): (*batch m k), (*batch k n) to (*batch m n).

    Right at any range: entries whose sum may have lost something to underflow, and only those, are summed again in
    (mantissa, exponent) pairs. An entry without allowed terms is -inf. Differentiable to any order; derivatives by
    elements that are -inf are 0.

    Cost: O(m k n), and no array of m k n is kept.
    """
    dtype = jnp.result_type(a, b)
    wide = jnp.promote_types(dtype, jnp.float32)  # (mantissa, exponent) pairs exist for float32 and float64
    a, b = jnp.asarray(a, wide), jnp.asarray(b, wide)
    rows, columns = numeric.shift_of(a, -1, keepdims=True), numeric.shift_of(b, -2, keepdims=True)
    return (_of_shifted(a - rows, b - columns) + (rows + columns)).astype(dtype)


@jax.custom_jvp
def _of_shifted(a: Array, b: Array) -> Array:
    """`log_matmul` of rows of a and columns of b whose largest element is 0."""
    _, _, sums, certified = _product(a, b)
    value = jnp.log(jnp.where(certified, sums, 1))
    return carefully_where(~certified, lambda a, b: scaled.to_log(_in_pairs(a, b)), (a, b), value)


@_of_shifted.defjvp
def _derivative(primals, tangents):
    a, b = primals
    da, db = (jnp.where(jnp.isneginf(x), 0, dx) for x, dx in zip(primals, tangents, strict=True))
    value = _of_shifted(a, b)
    left, right, sums, certified = _product(a, b)
    matmul = lambda x, y: jnp.matmul(x, y, precision=HIGHEST)
    tangent = matmul(left * da, right) + matmul(left, right * db)
    tangent *= jnp.where(certified, 1 / jnp.where(certified, sums, 1), 0)
    missing = ~certified & ~jnp.isneginf(value)
    exact = lambda *operands: jnp.where(missing, _tangent_in_pairs(*operands), 0)
    nothing = lambda *operands: jnp.zeros_like(tangent)
    return value, tangent + lax.cond(any_of_all(missing), exact, nothing, a, b, da, db)


def _product(a: Array, b: Array) -> tuple[Array, Array, Array, Array]:
    """exp a, exp b, their product, and which of its entries lost nothing to underflow."""
    left, right = numeric.exp_or_zero(a), numeric.exp_or_zero(b)
    sums = jnp.matmul(left, right, precision=HIGHEST)
    return left, right, sums, lax.stop_gradient(sums) >= float_range(sums.dtype, a.shape[-1]).threshold


def _in_pairs(a: Array, b: Array) -> Scaled:
    """The entries (*batch m n) as pairs, summed one term after the other."""

    def step(total: Scaled, factors: tuple[Scaled, Scaled]):
        term = _term(*factors)
        exponent = jnp.maximum(total.exponent, term.exponent)
        parts = [x.mantissa * scaled.power_of_two(x.exponent - exponent, a.dtype) for x in (total, term)]
        return scaled.renormalize(sum(parts), exponent), None

    shape = (*jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    zero = Scaled(jnp.zeros(shape, a.dtype), jnp.full(shape, scaled.ZERO_EXPONENT))
    return lax.scan(step, zero, (_by_term(a, -1), _by_term(b, -2)))[0]


def _tangent_in_pairs(a: Array, b: Array, da: Array, db: Array) -> Array:
    total = _in_pairs(a, b)
    inverse = numeric.reciprocal(total.mantissa)

    def step(tangent: Array, inputs):
        x, y, dx, dy = inputs
        term = _term(x, y)
        below = jnp.minimum(
            term.exponent - total.exponent, 0
        )  # at most 0, because no term is larger than the sum
        share = term.mantissa * scaled.power_of_two(below, a.dtype) * inverse
        return tangent + share * (dx[..., :, None] + dy[..., None, :]), None

    inputs = (_by_term(a, -1), _by_term(b, -2), jnp.moveaxis(da, -1, 0), jnp.moveaxis(db, -2, 0))
    return lax.scan(jax.checkpoint(step, prevent_cse=False), jnp.zeros_like(inverse), inputs)[0]


def _term(x: Scaled, y: Scaled) -> Scaled:
    """The products of (*batch m) and (*batch n): (*batch m n)."""
    exponent = jnp.maximum(x.exponent[..., :, None] + y.exponent[..., None, :], scaled.ZERO_EXPONENT)
    return Scaled(x.mantissa[..., :, None] * y.mantissa[..., None, :], exponent)


def _by_term(x: Array, axis: int) -> Scaled:
    return jax.tree.map(lambda part: jnp.moveaxis(part, axis, 0), scaled.from_log(x))
