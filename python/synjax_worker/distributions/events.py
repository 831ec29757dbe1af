"""Events and compact events as declared trees: checked, flattened to items, and given back to the batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from ..errors import InvalidArgument
from ..shapes import as_int, show
from .declared import dims_of, map_dims, shape_of


def event_shape(tree: Any, sizes: Mapping[str, int]) -> Any:
    """The shape of an event of one item, or a dict of shapes."""
    return map_dims(lambda _path, leaf: shape_of(leaf, sizes), tree)


def checked(
    argument: str, value: Any, tree: Any, batch: tuple[int, ...], sizes: Mapping[str, int], dtype: Any
) -> Any:
    """A value with the declared tree: arrays (*sample *batch ...), floats cast to `dtype`, or int32 where it is None.

    Raises InvalidArgument naming the leaf that does not fit.
    """
    if isinstance(tree, Mapping) and not (isinstance(value, Mapping) and set(value) == set(tree)):
        got = sorted(value) if isinstance(value, Mapping) else type(value).__name__
        raise InvalidArgument(
            f"`{argument}` is {got}, expected the fields {', '.join(tree)}.",
            argument=argument,
            expected=", ".join(tree),
            received=str(got),
        )

    def check(path: str, leaf: Any, given: Any) -> Array:
        name = argument + path
        array = jnp.asarray(given).astype(dtype) if dtype is not None else as_int(name, given)
        wanted = batch + shape_of(leaf, sizes)
        if array.ndim < len(wanted) or array.shape[array.ndim - len(wanted) :] != wanted:
            named = " ".join(dims_of(leaf))
            raise InvalidArgument(
                f"`{name}` has shape {show(array.shape)}, expected (*sample *batch {named}) with "
                f"(*batch {named}) = {show(wanted)}.",
                argument=name,
                expected=show(wanted),
                received=show(array.shape),
            )
        return array

    return map_dims(check, tree, value)


def sample_shape(value: Any, tree: Any, batch: tuple[int, ...]) -> tuple[int, ...]:
    """The axes before the batch, those of the first leaf."""
    leaf = next(iter(tree.values())) if isinstance(tree, Mapping) else tree
    array = next(iter(value.values())) if isinstance(tree, Mapping) else value
    return array.shape[: array.ndim - len(batch) - len(dims_of(leaf))]


def flatten(value: Any, tree: Any, batch: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """(*sample *batch ...) as (S B ...), and the sample shape."""
    lead = sample_shape(value, tree, batch)

    def flat(_path: str, leaf: Any, array: Array) -> Array:
        own = array.shape[array.ndim - len(dims_of(leaf)) :]
        return array.reshape(math.prod(lead), math.prod(batch), *own)

    return map_dims(flat, tree, value), lead


def unflatten(value: Any, lead: tuple[int, ...], batch: tuple[int, ...]) -> Any:
    """(S B ...) as (*lead *batch ...), of every leaf."""
    return jax.tree.map(lambda x: x.reshape(*lead, *batch, *x.shape[2:]), value)


def where(keep: Array, value: Any, other: Any) -> Any:
    """Leaves (S B ...) where `keep` (S B) is true."""
    select = lambda x: jnp.where(keep.reshape(*keep.shape, *((1,) * (x.ndim - keep.ndim))), x, other)
    return jax.tree.map(select, value)
