"""A distribution taken apart: its parameters, and what it is made of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import InvalidArgument
from .kinds import KINDS, Kind, Shape, without_validation


@jax.tree_util.register_pytree_node_class
@dataclasses.dataclass(frozen=True, eq=False)
class Parts:
    """The parameters of a distribution by name, of those that it holds too, and what else it is made of.

    A pytree of the parameters alone: its batch shape is always that of the arrays that are in it.
    """

    kind: str  # the name of NumPyro's class
    values: dict[str, Any]
    statics: dict[str, Any]

    def tree_flatten(self) -> tuple[tuple[Any, ...], Any]:
        return tuple(self.values.values()), (self.kind, tuple(self.values), tuple(self.statics.items()))

    @classmethod
    def tree_unflatten(cls, about: Any, values: tuple[Any, ...]) -> Parts:
        kind, names, statics = about
        return cls(kind, dict(zip(names, values, strict=True)), dict(statics))

    def whole(self) -> Any:
        """The distribution."""
        values = {name: _each(whole, value) for name, value in self.values.items()}
        with without_validation():
            return KINDS[self.kind].make(values, self.statics)

    @property
    def batch_shape(self) -> Shape:
        own = KINDS[self.kind].own
        if own is None:
            return self.whole().batch_shape
        shapes = {name: jnp.shape(value) for name, value in self.values.items()}
        return jnp.broadcast_shapes(*(shape[: len(shape) - own[name]] for name, shape in shapes.items()))

    def full(self, batch: Shape | None = None) -> Parts:
        """The same with all axes of a batch, its own if none is given, in every array."""
        made = self.whole()
        batch = made.batch_shape if batch is None else batch
        values = KINDS[self.kind].spread(made, self.values, batch)
        if self.kind == "ExpandedDistribution":
            return values["base"]
        return dataclasses.replace(self, values=values)

    # ------------------------------------------------------------- what maps take apart: see `runtime.batches.Batched`

    def along(self, axis: int) -> tuple[Parts, Parts]:
        batch = self.batch_shape
        moved = jax.tree.map(lambda x: jnp.moveaxis(x, axis % len(batch), 0), self.full(batch))
        return moved, jax.tree.map(lambda _: None, moved)

    def stackable(self) -> Parts:
        return self.full()

    def with_first_axis_at(self, axis: int) -> Parts:
        rank = len(self.batch_shape)
        return jax.tree.map(lambda x: jnp.moveaxis(x, 0, axis % rank), self)

    def parameter(self, name: str) -> Any:
        """A parameter by name, its own or of a distribution that it holds; None where there is none."""
        found = self.values.get(name, self.statics.get(name))
        if found is not None and not isinstance(found, (Parts, tuple)):
            return found
        inner = (each.parameter(name) for each in self.values.values() if isinstance(each, Parts))
        return next((found for found in inner if found is not None), None)


def is_simple(value: Any) -> bool:
    """Whether a value is a distribution of NumPyro's."""
    return type(value).__module__.startswith("numpyro.distributions") and hasattr(value, "arg_constraints")


def parts_of(value: Any) -> Any:
    """The parts of a distribution of NumPyro's; anything else as it is."""
    if not is_simple(value):
        return value
    values, statics = kind_of(value).take(value)
    return Parts(
        type(value).__name__, {name: _each(parts_of, each) for name, each in values.items()}, statics
    )


def whole(value: Any) -> Any:
    """The distribution that parts are of; anything else as it is."""
    return value.whole() if isinstance(value, Parts) else value


def kind_of(value: Any) -> Kind:
    name = type(value).__name__
    if name not in KINDS:
        raise InvalidArgument(f"NumPyro's {name} has no constructor in `dist`, so it cannot be taken apart")
    return KINDS[name]


def _each(function: Any, value: Any) -> Any:
    return tuple(map(function, value)) if isinstance(value, tuple) else function(value)
