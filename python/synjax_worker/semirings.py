"""Semirings over log-potentials, and einsum over them. Public: the distributions do not need them.

Names are those of `synjax.semirings`.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Sequence

import jax.numpy as jnp
from jax import Array
from numpy.lib.array_utils import normalize_axis_tuple

from .errors import InvalidArgument
from .numerics import numeric
from .numerics.log_matmul import log_matmul

Axes = int | Sequence[int]


def einsum_builder(
    sum_fn: Callable[[Array, tuple[int, ...]], Array], mul_op: Callable[[Array, Array], Array]
):
    """An einsum that multiplies by `mul_op` and sums by `sum_fn(x, axes)`. All operands are multiplied first."""

    def einsum(subscripts: str, *operands: Array) -> Array:
        inputs, output, _ = _parse(subscripts, operands)
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


def _parse(subscripts: str, operands: Sequence[Array]) -> tuple[list[str], str, dict[str, int]]:
    """The labels of the operands, of the result, and the size of each."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    names = inputs.split(",")
    repeated = any(len(set(each)) != len(each) for each in [*names, output])
    ranks = [len(each) for each in names]
    if not arrow or repeated or not set(output) <= set(inputs) or ranks != [x.ndim for x in operands]:
        raise InvalidArgument(
            f"`subscripts` is {subscripts!r}, expected '->' between the labels of operands of rank "
            f"{', '.join(str(x.ndim) for x in operands)} and those of the result, none twice in one.",
            argument="subscripts",
            received=subscripts,
        )
    sizes: dict[str, int] = {}
    for position, (labels, x) in enumerate(zip(names, operands, strict=True)):
        for label, size in zip(labels, x.shape, strict=True):
            if sizes.setdefault(label, size) != size:
                raise InvalidArgument(
                    f"`operands[{position}]` has shape {x.shape} for {labels!r}, expected {label} = {sizes[label]}.",
                    argument=f"operands[{position}]",
                    expected=f"{label} = {sizes[label]}",
                    received=str(x.shape),
                )
    return names, output, sizes


class Semiring(abc.ABC):
    """A sum and a product over log-potentials; the product is +."""

    def one(self, shape: tuple[int, ...] = ()) -> Array:
        return jnp.zeros(shape)

    def zero(self, shape: tuple[int, ...] = ()) -> Array:
        return jnp.full(shape, -jnp.inf)

    def mul(self, a: Array, *more: Array) -> Array:
        return sum(more, start=a)

    def add(self, a: Array, *more: Array) -> Array:
        return self.sum(jnp.stack(jnp.broadcast_arrays(a, *more)), 0)

    @abc.abstractmethod
    def sum(self, a: Array, axis: Axes) -> Array: ...

    def einsum(self, subscripts: str, *operands: Array) -> Array:
        return einsum_builder(self.sum, jnp.add)(subscripts, *operands)


class LogSemiring(Semiring):
    """Sums are log-sum-exp. Gradients are marginals, 0 where everything is -inf. An einsum of two operands is a product
    of matrices, by `numerics.log_matmul`.
    """

    def einsum(self, subscripts: str, *operands: Array) -> Array:
        if len(operands) == 2:
            inputs, output, sizes = _parse(subscripts, operands)
            shared = [label for label in inputs[0] if label in inputs[1] and label not in output]
            if shared:
                return self._matmul(inputs, output, shared, sizes, *operands)
        return super().einsum(subscripts, *operands)

    def _matmul(
        self, inputs: list[str], output: str, shared: list[str], sizes: dict[str, int], a: Array, b: Array
    ) -> Array:
        """Operands as (batch rows shared) and (batch shared columns), what only one of them has summed first."""
        batch = [label for label in output if label in inputs[0] and label in inputs[1]]
        rows, columns = (
            [label for label in output if label in names and label not in batch] for names in inputs
        )
        flat = lambda labels: math.prod(sizes[label] for label in labels)
        left = self._arranged(inputs[0], a, [*batch, *rows, *shared])
        right = self._arranged(inputs[1], b, [*batch, *shared, *columns])
        left = left.reshape(flat(batch), flat(rows), flat(shared))
        product = log_matmul(left, right.reshape(flat(batch), flat(shared), flat(columns)))
        labels = [*batch, *rows, *columns]
        product = product.reshape([sizes[label] for label in labels])
        return jnp.transpose(product, [labels.index(label) for label in output])

    def _arranged(self, names: str, x: Array, wanted: list[str]) -> Array:
        alone = tuple(i for i, label in enumerate(names) if label not in wanted)
        kept = [label for label in names if label in wanted]
        x = self.sum(x, alone) if alone else x
        return jnp.transpose(x, [kept.index(label) for label in wanted])

    def sum(self, a: Array, axis: Axes) -> Array:
        for each in sorted(normalize_axis_tuple(axis, a.ndim), reverse=True):
            a = numeric.logsumexp(a, each)
        return a


class MaxSemiring(Semiring):
    """Sums are maxima. A gradient marks one maximum, the first."""

    def sum(self, a: Array, axis: Axes) -> Array:
        for each in sorted(normalize_axis_tuple(axis, a.ndim), reverse=True):
            if a.shape[each] == 0:
                a = jnp.full([size for i, size in enumerate(a.shape) if i != each], -jnp.inf, a.dtype)
                continue
            best = jnp.expand_dims(jnp.argmax(a, each), each)
            a = jnp.squeeze(jnp.take_along_axis(a, best, each), each)
        return a


einsum_log = LogSemiring().einsum
einsum_max = MaxSemiring().einsum
