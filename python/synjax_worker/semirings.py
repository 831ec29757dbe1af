"""Semirings over log-potentials, and einsum over them. Public: the distributions do not need them.

Names are those of `synjax.semirings`.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence

import jax.numpy as jnp
from jax import Array

from .algebra import numeric
from .errors import InvalidArgument

Axes = int | Sequence[int]


def einsum_builder(
    sum_fn: Callable[[Array, tuple[int, ...]], Array], mul_op: Callable[[Array, Array], Array]
):
    """An einsum that multiplies by `mul_op` and sums by `sum_fn(x, axes)`. All operands are multiplied first."""

    def einsum(subscripts: str, *operands: Array) -> Array:
        inputs, output = _parse(subscripts, len(operands))
        labels = sorted(set("".join(inputs)))
        product: Array | None = None
        for names, operand in zip(inputs, operands, strict=True):
            order = sorted(range(len(names)), key=lambda i: labels.index(names[i]))
            spread = jnp.transpose(operand, order)
            spread = jnp.expand_dims(spread, tuple(i for i, label in enumerate(labels) if label not in names))
            product = spread if product is None else mul_op(product, spread)
        summed = tuple(i for i, label in enumerate(labels) if label not in output)
        result = sum_fn(product, summed) if summed else product
        kept = [label for label in labels if label in output]
        return jnp.transpose(result, [kept.index(label) for label in output])

    return einsum


def _parse(subscripts: str, operands: int) -> tuple[list[str], str]:
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    names = inputs.split(",")
    repeated = any(len(set(each)) != len(each) for each in [*names, output])
    if not arrow or len(names) != operands or repeated or not set(output) <= set(inputs):
        raise InvalidArgument(
            f"`subscripts` is {subscripts!r}, expected the labels of {operands} operands and '->' with those of the "
            "result, none twice in one.",
            argument="subscripts",
            came=subscripts,
        )
    return names, output


class Semiring(abc.ABC):
    """A sum and a product over log-potentials; the product is +."""

    def one(self, shape: tuple[int, ...] = ()) -> Array:
        return jnp.zeros(shape)

    def zero(self, shape: tuple[int, ...] = ()) -> Array:
        return jnp.full(shape, -jnp.inf)

    def mul(self, a: Array, b: Array, *more: Array) -> Array:
        return sum((b, *more), start=a)

    def add(self, a: Array, b: Array, *more: Array) -> Array:
        return self.sum(jnp.stack(jnp.broadcast_arrays(a, b, *more)), 0)

    @abc.abstractmethod
    def sum(self, a: Array, axis: Axes) -> Array: ...

    def einsum(self, subscripts: str, *operands: Array) -> Array:
        return einsum_builder(self.sum, jnp.add)(subscripts, *operands)


class LogSemiring(Semiring):
    """Sums are log-sum-exp. Gradients are marginals, 0 where everything is -inf."""

    def sum(self, a: Array, axis: Axes) -> Array:
        for each in sorted(_positive(a, axis), reverse=True):
            a = numeric.logsumexp(a, each)
        return a


class MaxSemiring(Semiring):
    """Sums are maxima. A gradient marks one maximum, the first."""

    def sum(self, a: Array, axis: Axes) -> Array:
        for each in sorted(_positive(a, axis), reverse=True):
            best = jnp.expand_dims(jnp.argmax(a, each), each)
            a = jnp.squeeze(jnp.take_along_axis(a, best, each), each)
        return a


def _positive(a: Array, axis: Axes) -> tuple[int, ...]:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(each % a.ndim for each in axes)


einsum_log = LogSemiring().einsum
einsum_max = MaxSemiring().einsum
