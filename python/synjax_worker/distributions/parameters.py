"""The parameters of a distribution: taken, bound to named dims, checked, indexed and scaled as its class declares."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ..errors import InvalidArgument
from ..numerics import numeric
from ..registry import Check
from ..runtime import passes
from ..shapes import Dims, bind, check_lengths, require_sizes
from . import batching
from .arguments import is_array, require_given, require_one_form, same_dtype_of_all, taken
from .checks import nan_or_posinf, out_of_range, refuse
from .declared import Declaration, Parameter, declaration, event_dims, is_static


class Parameters:
    """What a class declares, held and checked. See `declared.py` for the declarations.

    Every subclass is a frozen dataclass and a pytree: its arrays are the leaves, its options are static.
    """

    event: ClassVar[Any]  # named dims of an event, or a dict of them
    compact: ClassVar[Any]  # Indices, or a dict of them
    forms: ClassVar[tuple[tuple[str, ...], ...]] = ()
    comparable: ClassVar[tuple[str, ...]] = ()  # other classes over the same structures, with the same passes

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        dataclasses.dataclass(frozen=True, init=False, eq=False, repr=False)(cls)
        _register_pytree(cls)

    def __init__(self, *arguments: Any, **named: Any):
        declared = self.declaration()
        try:
            bound = declared.signature.bind(*arguments, **named)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}: {error}") from None
        bound.apply_defaults()
        given = dict(bound.arguments)
        require_given(declared, given)
        require_one_form(declared, given)
        given = self._settle(
            {parameter.name: taken(parameter, given[parameter.name]) for parameter in declared}
        )
        given |= same_dtype_of_all({name: given[name] for name in declared.potentials})
        for name, value in given.items():
            object.__setattr__(self, name, value)
        self._require_sizes()
        self._check_on_host()

    def __repr__(self) -> str:
        given = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        return f"{type(self).__name__}({', '.join(f'{n}={_shown(x)}' for n, x in given if x is not None)})"

    @classmethod
    def declaration(cls) -> Declaration:
        return declaration(cls)

    # ------------------------------------------------------------------------------------- what a class may override

    def _settle(self, given: dict[str, Any]) -> dict[str, Any]:
        """The arguments as they are kept, for instance normalized."""
        return given

    def _shapes(self) -> dict[str, tuple[Any, str]]:
        """What is bound: `{argument: (something with a shape, its named dims)}`, in the declared order."""
        found = {}
        for name in self.declaration().binding:
            parameter, value = _of(self, name), getattr(self, name)
            if value is None or parameter.dims is None:
                continue
            if parameter.many:
                found |= {f"{name}[{i}]": (each, parameter.dims) for i, each in enumerate(value)}
            else:
                found[name] = (value, parameter.dims)
        return found

    def _own_axes(self, name: str) -> int | None:
        """How many axes a parameter has after those of the batch; None where it has no batch axes to take."""
        return len(_of(self, name).own)

    def _counts(self, name: str) -> Array | None:
        """Which entries of a parameter, or of one array of a list, "name[0]", count, apart from the lengths, with its
        own axes; None for all.
        """
        return None

    # ----------------------------------------------------------------------------------------------------- named dims

    def _bind(self) -> Dims:
        lengths = [parameter.name for parameter in self.declaration().lengths]
        return bind(self._shapes(), lengths)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the batch."""
        return self._bind().batch

    @property
    def batch_ndim(self) -> int:
        return len(self.batch_shape)

    @property
    def _items(self) -> int:
        return math.prod(self.batch_shape)

    @property
    def dtype(self) -> jnp.dtype:
        """The float dtype of the potentials, and so of every result."""
        values = (getattr(self, name) for name in self.declaration().potentials)
        return jnp.result_type(*jax.tree.leaves([value for value in values if is_array(value)]))

    def _require_sizes(self) -> None:
        sizes, shapes = self._bind(), self._shapes()
        for dim in event_dims(self.declaration().event):
            owner = next(name for name, (_, dims) in shapes.items() if dim in dims.split())
            require_sizes(owner, sizes, (dim,))

    # -------------------------------------------------------------------------------------------------------- lengths

    def lengths_of(self, name: str) -> Array:
        """The lengths declared as `name`, (*batch) int32: the whole extent where they were left out."""
        batch, given = self.batch_shape, getattr(self, name)
        if given is None:
            return jnp.full(batch, self._bind()[_of(self, name).role.bounds], jnp.int32)
        return jnp.broadcast_to(given, batch)

    @property
    def extents(self) -> dict[str, Array]:
        """How far each item goes along the dims that lengths bound, `{dim: (*batch) int32}`."""
        return {each.role.bounds: self.lengths_of(each.name) for each in self.declaration().lengths}

    def _item_lengths(self) -> Any:
        """What structures get: (B) int32, or a dict of them by name. The same for every query of a frame."""

        def lengths() -> Any:
            flat = {each.name: self.lengths_of(each.name).reshape(-1) for each in self.declaration().lengths}
            return next(iter(flat.values())) if len(flat) == 1 else flat

        return passes.shared(self, "lengths", lengths)

    def _valid(self, dim: str) -> Array | None:
        """(*batch dim): which positions lie inside an item; None where no length bounds the dim."""
        bounding = next((each for each in self.declaration().lengths if each.role.bounds == dim), None)
        if bounding is None:
            return None
        return numeric.positions(self._bind()[dim]) < self.lengths_of(bounding.name)[..., None]

    def _inside(self, dims: list[str]) -> Array:
        """(*batch dims): which entries of something with these dims lie inside an item."""
        inside = jnp.ones((*self.batch_shape, *((1,) * len(dims))), bool)
        for axis, dim in enumerate(dims):
            valid = self._valid(dim)
            if valid is not None:
                own = [1] * len(dims)
                own[axis] = valid.shape[-1]
                inside &= valid.reshape(*self.batch_shape, *own)
        return inside

    # --------------------------------------------------------------------------------------------------------- checks

    def checks(self) -> list[Check]:
        """What is wrong with the parameters and can be seen on the device only."""
        found = []
        for parameter in self.declaration():
            value = getattr(self, parameter.name)
            if value is not None and parameter.dims is not None:
                found += self._checks_of(parameter, value)
        return found

    def _checks_of(self, parameter: Parameter, value: Any) -> list[Check]:
        name, role = parameter.name, parameter.role
        if parameter.many:
            values = {f"{name}[{i}]": each for i, each in enumerate(value)}
            return [self._potential_check(argument, parameter, each) for argument, each in values.items()]
        if role.kind == "potential":
            return [self._potential_check(name, parameter, value)]
        if role.kind == "length":
            high = self._bind()[role.bounds]
            return [out_of_range(name, value, high, name=role.bounds, low=role.least)]
        if role.below is not None:
            values = batching.broadcast_batch(value, self.batch_shape, len(parameter.own))
            high = self._bind()[role.below] - 1
            inside = jnp.broadcast_to(self._inside(parameter.own), values.shape)
            return [out_of_range(name, values, high, name=f"{role.below} - 1", valid=inside)]
        return []

    def _potential_check(self, argument: str, parameter: Parameter, value: Array) -> Check:
        """NaN and +inf inside an item. What no length bounds keeps its own shape, so that an index is the user's."""
        bounded = any(self._valid(dim) is not None for dim in parameter.own)
        counts = self._counts(argument)
        if not bounded and counts is None:
            return nan_or_posinf(argument, value)
        values = batching.broadcast_batch(value, self.batch_shape, len(parameter.own))
        inside = self._inside(parameter.own)
        if counts is not None:
            inside = inside & counts
        return nan_or_posinf(argument, values, jnp.broadcast_to(inside, values.shape))

    def _check_on_host(self) -> None:
        """Refuses concrete lengths and data that are out of range: plain Python gets the same answer as a program."""
        sizes = self._bind()
        for parameter in self.declaration().lengths:
            value = getattr(self, parameter.name)
            if value is not None:
                check_lengths(parameter.name, value, sizes[parameter.role.bounds], parameter.role.least)
        for parameter in self.declaration().of_kind("data"):
            value = getattr(self, parameter.name)
            if value is None or parameter.role.below is None or parameter.dims is None:
                continue
            if any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(self)):
                continue
            values = np.asarray(value)
            if values.size and (values.min() < 0 or values.max() >= sizes[parameter.role.below]):
                refuse(self._checks_of(parameter, value))  # what stands beyond a length is not looked at

    # ------------------------------------------------------------------------------------------------- other versions

    def _map_potentials(self, change: Callable[[Array, int], Array]) -> Self:
        """`change(potential, its own axes)` of every potential."""
        fields = {}
        for parameter in self.declaration().of_kind("potential"):
            value, own = getattr(self, parameter.name), self._own_axes(parameter.name)
            fields[parameter.name] = jax.tree.map(lambda x, own=own: change(x, own), value)
        return replace(self, **fields)

    def __getitem__(self, index: Any) -> Self:
        """The distribution of a part of the batch."""
        batch = self.batch_shape
        if not batch:
            raise InvalidArgument("a distribution without batch axes cannot be indexed.", argument="index")
        batching.require_index(index, batch)
        fields = {}
        for parameter in self.declaration().arrays:
            value, own = getattr(self, parameter.name), self._own_axes(parameter.name)
            if own is not None:
                part = lambda x, own=own: batching.index_batch(x, batch, own, index)
                fields[parameter.name] = jax.tree.map(part, value)
        return replace(self, **fields)

    # -------------------------------------------------------------------------------------- along one axis of the batch

    def along(self, axis: int) -> tuple[Self, Self]:
        """Two of it: the arrays with batch axes, broadcast to the batch, that of `axis` first, and those without; each
        has None for what the other has.
        """
        batch, moving, held = self.batch_shape, {}, {}
        axis %= len(batch)
        for parameter in self.declaration().arrays:
            name, own = parameter.name, self._own_axes(parameter.name)
            value = getattr(self, name)
            moves = lambda x, own=own: own is not None and x.ndim > own
            full = lambda x, own=own: jnp.moveaxis(batching.broadcast_batch(x, batch, own), axis, 0)
            moving[name] = jax.tree.map(lambda x, m=moves, f=full: f(x) if m(x) else None, value)
            held[name] = jax.tree.map(lambda x, m=moves: None if m(x) else x, value)
        return replace(self, **moving), replace(self, **held)

    def stackable(self) -> Self:
        """The same, in which a new first axis of all arrays is a batch axis: each has as many of them."""
        count, fields = self.batch_ndim, {}
        for parameter in self.declaration().arrays:
            own = self._own_axes(parameter.name)
            if own is not None:
                pad = lambda x, own=own: x.reshape((1,) * (count - (x.ndim - own)) + x.shape)
                fields[parameter.name] = jax.tree.map(pad, getattr(self, parameter.name))
        return replace(self, **fields)

    def with_batch(self, batch: tuple[int, ...]) -> Self:
        """The same with a larger batch, to which its own is broadcast: the smallest of its potentials gets the axes."""
        if batch == self.batch_shape:
            return self
        own = {name: self._own_axes(name) for name in self.declaration().potentials}
        given = [name for name, axes in own.items() if axes is not None and getattr(self, name) is not None]
        name = min(given, key=own.__getitem__)
        full = lambda x: batching.broadcast_batch(x, batch, own[name])
        return replace(self, **{name: jax.tree.map(full, getattr(self, name))})

    def with_first_axis_at(self, axis: int) -> Self:
        """The same with the first batch axis elsewhere."""
        count, fields = self.batch_ndim, {}
        for parameter in self.declaration().arrays:
            own = self._own_axes(parameter.name)
            if own is not None:
                move = lambda x: jnp.moveaxis(x, 0, axis % count)
                fields[parameter.name] = jax.tree.map(move, getattr(self, parameter.name))
        return replace(self, **fields)


def replace(made: Any, **fields: Any) -> Any:
    """A copy of a distribution with other fields; its constructor does not run again."""
    copy = object.__new__(type(made))
    for field in dataclasses.fields(made):
        object.__setattr__(copy, field.name, fields.get(field.name, getattr(made, field.name)))
    return copy


def _register_pytree(cls: type[Parameters]) -> None:
    fields = dataclasses.fields(cls)
    moving = tuple(field.name for field in fields if not is_static(field))
    static = tuple(field.name for field in fields if is_static(field))
    keys = tuple(jax.tree_util.GetAttrKey(name) for name in moving)

    def flatten(made: Parameters) -> tuple[tuple, tuple]:
        return tuple(getattr(made, name) for name in moving), tuple(getattr(made, name) for name in static)

    def flatten_with_keys(made: Parameters) -> tuple[tuple, tuple]:
        leaves, options = flatten(made)
        return tuple(zip(keys, leaves, strict=True)), options

    def unflatten(options: tuple, leaves: tuple) -> Parameters:
        made = object.__new__(cls)
        for name, value in zip((*moving, *static), (*leaves, *options), strict=True):
            object.__setattr__(made, name, value)
        return made

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)


def _shown(value: Any) -> str:
    """An array by its dtype and shape."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})"
    return f"{value.dtype}{list(value.shape)}" if hasattr(value, "shape") else repr(value)


def _of(made: Parameters, name: str) -> Parameter:
    return next(parameter for parameter in made.declaration() if parameter.name == name)
