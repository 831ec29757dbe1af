"""Arguments checked by named dims, before anything is compiled.

Dims are written as jaxtyping writes them, "*batch n t": `*batch` is any number of leading axes, broadcast between
arguments; a name has one size wherever it stands. The client binds what it knows the same way with the same words:
`named-dims.ts`.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .errors import InvalidArgument, wrong_value

BATCH = "*batch"


def show(shape: tuple[int, ...]) -> str:
    """A shape as the messages write it: (7), (3, 4)."""
    return f"({', '.join(str(size) for size in shape)})"


def names_of(dim: str) -> list[str]:
    """The named dims that a dim is made of: itself, none of a number, all in "rows+cols-1" or "2*l+1"."""
    return re.findall(r"[A-Za-z_]\w*", dim)


def size_of(dim: str, sizes: Mapping[str, int]) -> int:
    """The size of a named dim, of a number, or of a sum of products of these."""
    factor = lambda x: int(x) if x.isdigit() else sizes[x]
    terms = re.findall(r"([+-]?)([^+-]+)", dim)
    return sum((-1 if sign == "-" else 1) * math.prod(map(factor, term.split("*"))) for sign, term in terms)


@dataclasses.dataclass(frozen=True)
class Dims:
    """What binding arguments to their dims found out."""

    batch: tuple[int, ...]
    sizes: dict[str, int]

    def __getitem__(self, name: str) -> int:
        return self.sizes[name]


def bind(arguments: dict[str, tuple[Any, str]], lengths: Collection[str] = ()) -> Dims:
    """The sizes of the named dims of `{argument: (array or None, dims)}`; `lengths` says which of them are lengths.

    Raises InvalidArgument where a rank, a named dim or the batch of an argument does not fit those before it.
    """
    given = [
        _Given(name, value.shape, dims, name in lengths)
        for name, (value, dims) in arguments.items()
        if value is not None
    ]
    sizes: dict[str, tuple[int, _Given]] = {}
    for argument in given:
        argument.check_rank()
        for dim, size in argument.extents():
            if not dim.isidentifier():
                continue
            expected, reference = sizes.setdefault(dim, (size, argument))
            if expected != size:
                raise argument.mismatch(f"{dim} = {expected}", reference)
    named = {dim: size for dim, (size, _) in sizes.items()}
    for argument in given:
        argument.check_sums(named)
    return Dims(_bind_batch(given), named)


@dataclasses.dataclass(frozen=True)
class _Given:
    name: str
    shape: tuple[int, ...]
    dims: str
    is_length: bool

    @property
    def own(self) -> list[str]:
        return [dim for dim in self.dims.split() if dim != BATCH]

    @property
    def batch(self) -> tuple[int, ...]:
        return self.shape[: len(self.shape) - len(self.own)]

    def check_rank(self) -> None:
        batched = BATCH in self.dims.split()
        least = len(self.own)
        if len(self.shape) == least or (batched and len(self.shape) > least):
            return
        wanted = f"{'at least ' if batched else ''}{least} dimension{'' if least == 1 else 's'}"
        raise self._refused(f"({self.dims}): {wanted}")

    def extents(self) -> list[tuple[str, int]]:
        return list(zip(self.own, self.shape[len(self.batch) :], strict=True))

    def check_sums(self, sizes: Mapping[str, int]) -> None:
        """Refuses a dim like "nt+pt" of another extent; where a part of it has none, that is what is wrong."""
        for dim, size in self.extents():
            parts = names_of(dim)
            if dim.isidentifier() or not all(sizes.get(part, 0) for part in parts):
                continue
            expected = size_of(dim, sizes)
            if expected != size:
                known = ", ".join(f"{part} = {sizes[part]}" for part in parts)
                raise self.mismatch(f"{dim} = {expected}, where {known}", self)

    def mismatch(self, wanted: str, reference: _Given, hint: str = "") -> InvalidArgument:
        expected = f"({self.dims}) = {wanted}" if self.dims == BATCH else f"({self.dims}) with {wanted}"
        if reference is self:
            return self._refused(expected)
        return self._refused(
            expected, f" to match `{reference.name}` {show(reference.shape)} as ({reference.dims})", hint
        )

    def padding_hint(self, batch: tuple[int, ...]) -> str:
        """A question that helps where lengths are of another batch than what they measure; otherwise nothing."""
        if not self.is_length or len(self.shape) != 1 or len(batch) != 1:
            return ""
        lost = abs(batch[0] - self.shape[0])
        return f"\n  Did {'one sentence' if lost == 1 else f'{lost} sentences'} get lost while padding?"

    def _refused(self, expected: str, reason: str = "", hint: str = "") -> InvalidArgument:
        message = f"`{self.name}` has shape {show(self.shape)}, expected {expected}{reason}.{hint}"
        return InvalidArgument(message, argument=self.name, expected=expected, received=show(self.shape))


def _bind_batch(given: list[_Given]) -> tuple[int, ...]:
    """The batches broadcast together; the arguments of most dims say what the batch is, the others must fit.

    Lengths say how far each item goes, but not how many there are: they broadcast to the batch of what they measure.
    """
    batch: tuple[int, ...] = ()
    reference: _Given | None = None
    for argument in sorted(given, key=lambda argument: (argument.is_length, -len(argument.own))):
        if BATCH not in argument.dims.split():
            continue
        try:
            joined = np.broadcast_shapes(batch, argument.batch)
        except ValueError:
            joined = None
        if joined is None or (argument.is_length and reference is not None and joined != batch):
            wanted = show(batch) if argument.dims == BATCH else f"{BATCH} = {show(batch)}"
            raise argument.mismatch(wanted, reference or argument, argument.padding_hint(batch)) from None
        if reference is None or joined != batch:
            batch, reference = joined, argument
    return batch


def as_float(name: str, value: Any) -> Array:
    """A float32 or float64 array. Numbers and lists become one; an integer or half-precision array is refused."""
    array = value if isinstance(value, jax.Array) else _from_host(name, value)
    if array.dtype not in (jnp.float32, jnp.float64):
        raise InvalidArgument(
            f"`{name}` has dtype {array.dtype}, expected float32 or float64.",
            argument=name,
            expected="float32 or float64",
            received=str(array.dtype),
        )
    return array


def as_int(name: str, value: Any) -> Array:
    """An int32 array of whole numbers. Larger ones are refused on the host, and on the device are the largest: no
    number may become another one that is allowed.
    """
    if not any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(value)):
        value = _whole_numbers(name, value)
    array = jnp.asarray(value)
    if not jnp.issubdtype(array.dtype, jnp.integer):
        raise InvalidArgument(
            f"`{name}` has dtype {array.dtype}, expected int32.",
            argument=name,
            expected="int32",
            received=str(array.dtype),
        )
    if array.dtype in (jnp.int64, jnp.uint64, jnp.uint32):
        array = jnp.clip(array, max(jnp.iinfo(array.dtype).min, INT32.min), INT32.max)
    return array.astype(jnp.int32)


INT32 = np.iinfo(np.int32)


def _whole_numbers(name: str, value: Any) -> np.ndarray:
    """A value of the host as an array, refused where it is none of numbers, or of numbers that 32 bits do not hold."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"`{name}` is not an array of numbers: {error}", argument=name) from error
    if array.dtype.kind not in "biuf":
        raise InvalidArgument(
            f"`{name}` is not an array of numbers of 32 bits.",
            argument=name,
            expected="int32",
            received=repr(value)[:80],
        )
    require_int32(name, array)
    return array


def require_int32(name: str, value: np.ndarray) -> None:
    """Refuses whole numbers that 32 bits do not hold."""
    if not np.issubdtype(value.dtype, np.integer):
        return
    bad = (value < INT32.min) | (value > INT32.max)
    if np.any(bad):
        received = str(value[bad].flat[0])
        raise InvalidArgument(
            f"`{name}` has {received}, expected numbers of 32 bits.",
            argument=name,
            expected=f"between {INT32.min} and {INT32.max}",
            received=received,
        )


def _from_host(name: str, value: Any) -> Array:
    if isinstance(value, np.ndarray | np.generic):
        return jnp.asarray(value)
    try:
        return jnp.asarray(value, dtype=jnp.result_type(float))
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"`{name}` is not an array of numbers: {error}", argument=name) from error


def same_dtype(arguments: dict[str, Array | None]) -> dict[str, Array | None]:
    """The arguments, all in the widest of their dtypes."""
    dtype = jnp.result_type(*(value for value in arguments.values() if value is not None))
    return {name: None if value is None else value.astype(dtype) for name, value in arguments.items()}


def require_sizes(argument: str, dims: Dims, names: tuple[str, ...]) -> None:
    """Refuses named dims of size 0."""
    for name in names:
        if dims[name] == 0:
            raise InvalidArgument(
                f"`{argument}` has {name} = 0, expected at least 1.",
                argument=argument,
                expected=f"{name} of at least 1",
                received="0",
            )


def check_lengths(name: str, lengths: Array, longest: int, shortest: int = 0) -> None:
    """Refuses lengths out of range where their values are known, that is outside a trace."""
    if isinstance(lengths, jax.core.Tracer):
        return
    values = np.asarray(lengths)
    bad = (values < shortest) | (values > longest)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        at = f"{name}{list(where)}" if where else name
        raise InvalidArgument(
            f"`{at}` is {values[where]}, expected {shortest} to {longest}.",
            argument=name,
            expected=f"{shortest} to {longest}",
            received=str(values[where]),
        )


def as_number(name: str, value: Any) -> Array:
    """One number for all items: an array would broadcast its axes into the results."""
    try:
        array = jnp.asarray(value)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"`{name}` is not a number: {error}", argument=name) from error
    if array.ndim:
        raise InvalidArgument(
            f"`{name}` has shape {show(array.shape)}, expected a number.",
            argument=name,
            expected="a number",
            received=show(array.shape),
        )
    return array


def at_least_one(name: str, value: int) -> int:
    """A static count."""
    _require_countable(name, value, (value,))
    if not _is_whole(value) or value < 1:
        raise wrong_value(name, value, "a whole number of at least 1")
    return int(value)


def as_shape(name: str, value: Any) -> tuple[int, ...]:
    """A static shape, from a number or a sequence of them."""
    sizes = tuple(value) if isinstance(value, Iterable) and getattr(value, "ndim", 1) else (value,)
    _require_countable(name, value, sizes)
    if any(not _is_whole(size) or size < 0 for size in sizes):
        raise wrong_value(name, value, "a shape")
    return tuple(int(size) for size in sizes)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _require_countable(name: str, value: Any, sizes: tuple[Any, ...]) -> None:
    """Refuses sizes whose product 32 bits do not hold. A client's whole numbers that are so large come as floats."""
    numbers = [size for size in sizes if _is_whole(size) or isinstance(size, float)]
    if math.prod(max(size, 1) for size in numbers) > INT32.max:
        raise wrong_value(name, value, f"at most {INT32.max}")
