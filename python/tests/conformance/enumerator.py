"""How the suite knows a class: its small items, all structures of each, and what each structure scores."""

from __future__ import annotations

import abc
import copy
import functools
import importlib
import itertools
import math
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Self

import jax
import numpy as np

from synjax_worker.distributions.declared import Declaration, Parameter, dims_of, map_dims, shape_of

from .case import KINDS, Arrays, BadInput, Case, Lengths, is_float, perturbed, potentials_of

Tree = Any  # of arrays, as the class declares its events or compact events

WHOLE_GARBAGE = -7  # what whole numbers beyond the lengths are replaced by


class Table(NamedTuple):
    """All structures of an item with certain lengths, allowed or not. Leaves lead with the structures."""

    compact: Tree  # int32
    events: Tree  # bool


class Enumerator(abc.ABC):
    """One form of a class: which parameters are given, and what they mean. Registered by `@enumerates`.

    A class whose structures have a form already inherits `structures` and `event` from it.
    """

    name: str  # that of the class, and of the form: "HMM-likelihoods"
    cls: type
    sizes: Mapping[str, int]  # extents of the named dims, small enough to enumerate
    potentials: tuple[str, ...]  # those given in this form

    # Asked every query, in float64. Otherwise the form is asked what its own code answers: see `queries.py`.
    thorough: bool = False
    # Whether smoothed recursions and soft walks are its structure's own, not another's that it asks.
    relaxes: bool = True
    # Asked in float32 what that may get wrong, with the optimization that users get.
    float32: bool = False
    # Parameters without a batch axis, the same for all items.
    shared: tuple[str, ...] = ()
    # Further arguments of the constructor, plain values.
    options: Mapping[str, Any] = {}
    # How many arrays a parameter has that is a list.
    many: Mapping[str, int] = {}
    # Named dims of parameters whose annotation has alternatives.
    dims: Mapping[str, str] = {}
    # Of the dims that lengths bound: two extents between which a program must not grow.
    extents: tuple[int, int] = (5, 9)
    # Where broken versions are tried: the tables stay small.
    extent_of_broken: int = 3
    # The parameter that is a potential for every part of an event, if one is; broken versions stand on it.
    of_parts: str | None = None

    # ------------------------------------------------------------------------------------------- what every form says

    @abc.abstractmethod
    def structures(self, lengths: Lengths) -> Iterator[Tree]:
        """The compact form of each structure of an item, once, padded with -1."""

    @abc.abstractmethod
    def event(self, compact: Tree) -> Tree:
        """The event of a structure: arrays of bool."""

    @abc.abstractmethod
    def parts(self, arrays: Arrays, lengths: Lengths) -> Tree:
        """Log-potentials of the parts of one item, event-shaped float64. Anything where no structure has a part."""

    # ---------------------------------------------------------------------------------------------- what a form may say

    def kinds(self) -> tuple[str, ...]:
        return KINDS

    def lengths(self) -> list[Lengths]:
        """The lengths that are tried: every combination."""
        names = [each.name for each in self.declared.lengths]
        ranges = [range(each.role.least, self.sizes[each.role.bounds] + 1) for each in self.declared.lengths]
        return [dict(zip(names, chosen, strict=True)) for chosen in itertools.product(*ranges)]

    def make(self, rng: np.random.Generator, kind: str, lengths: Lengths) -> tuple[Arrays, Arrays]:
        """One item's arguments, and those of another distribution, without lengths."""
        mine = {
            name: self.filled(name, lambda shape: potentials_of(rng, kind, shape)) for name in self.potentials
        }
        if kind == "nothing":
            mine = self.without_structures(mine, lengths)
        return mine, jax.tree.map(lambda x: perturbed(rng, kind, x), mine)

    def without_structures(self, arrays: Arrays, lengths: Lengths) -> Arrays:
        """The same potentials with so much forbidden that no structure is left."""
        name = self.potentials[0]
        return arrays | {name: jax.tree.map(lambda x: np.full_like(x, -np.inf), arrays[name])}

    def build(self, arrays: Arrays) -> Any:
        """The distribution."""
        return self.cls(**arrays, **self.options)

    def bad_inputs(self) -> Iterator[BadInput]:
        """What only this form must refuse. What every class must is in `bad_input.py`."""
        yield from ()

    # ------------------------------------------------------------------------------------------------- what follows

    @property
    def declared(self) -> Declaration:
        return self.cls.declaration()

    def parameter(self, name: str) -> Parameter:
        return next(parameter for parameter in self.declared if parameter.name == name)

    def own_dims(self, name: str) -> list[str]:
        """The named dims of a parameter without the batch."""
        return self.dims[name].split() if name in self.dims else self.parameter(name).own

    def filled(self, name: str, fill: Callable[[tuple[int, ...]], np.ndarray]) -> Any:
        """An argument of this form's sizes."""
        shape = shape_of(" ".join(self.own_dims(name)), self.sizes)
        return tuple(fill(shape) for _ in range(self.many[name])) if name in self.many else fill(shape)

    def of(self, sizes: Mapping[str, int]) -> Self:
        """The same form with other extents."""
        other = copy.copy(self)
        other.sizes = {**self.sizes, **sizes}
        return other

    def table(self, lengths: Lengths) -> Table:
        return _table(self, tuple(self.sizes.items()), tuple(lengths.items()))

    def stacked(self, structures: list[Tree], tree: Tree, dtype: type) -> Tree:
        """Trees of one structure each as one of arrays (S ...), also where there is none."""
        empty = map_dims(lambda _path, leaf: np.zeros((0, *shape_of(leaf, self.sizes)), dtype), tree)
        return jax.tree.map(
            lambda none, *all: np.stack(all).astype(dtype) if all else none, empty, *structures
        )

    def scores(self, item: Arrays, lengths: Lengths, events: Tree) -> np.ndarray:
        """Of structures, float64 (S)."""
        return self._terms(item, lengths, events).sum(1)

    def terms(self, item: Arrays, lengths: Lengths, events: Tree) -> np.ndarray:
        """What the scores of structures are sums of, every parameter by itself: float64 (S terms)."""
        without = item | {name: jax.tree.map(np.zeros_like, item[name]) for name in self.potentials}
        alone = (without | {name: item[name]} for name in self.potentials)
        return np.concatenate([self._terms(each, lengths, events) for each in alone], 1)

    def changes(self, item: Arrays, direction: Arrays, lengths: Lengths, events: Tree) -> np.ndarray:
        """The derivatives of scores along a direction in the parameters, float64 (S). As of scores that are linear."""
        return self.scores(direction, lengths, events)

    def _terms(self, item: Arrays, lengths: Lengths, events: Tree) -> np.ndarray:
        parts = self.parts(item, lengths)
        picked = jax.tree.map(
            lambda event, x: np.where(event, x, 0).reshape(len(event), x.size), events, parts
        )
        return np.concatenate([np.zeros((_count(events), 0)), *jax.tree.leaves(picked)], 1)

    def flat(self, event: Tree) -> np.ndarray:
        """The parts of an event (... *leaf) one after the other, (... parts). Of NumPy's arrays and of JAX's."""
        leaves: list[Any] = []

        def collect(_path: str, leaf: str, x: Any) -> None:
            lead = x.ndim - len(dims_of(leaf))
            leaves.append(x.reshape(*x.shape[:lead], math.prod(x.shape[lead:])))

        map_dims(collect, self.declared.event, event)
        concatenate = np.concatenate if isinstance(leaves[0], np.ndarray) else jax.numpy.concatenate
        return leaves[0] if len(leaves) == 1 else concatenate(leaves, -1)

    def unflattened(self, parts: np.ndarray) -> Tree:
        """The parts of events (B parts) as the event's tree."""
        start = 0

        def take(_path: str, leaf: str) -> np.ndarray:
            nonlocal start
            shape = shape_of(leaf, self.sizes)
            own = parts[:, start : start + math.prod(shape)]
            start += math.prod(shape)
            return own.reshape(-1, *shape)

        return map_dims(take, self.declared.event)

    def with_garbage(self, arrays: Arrays, garbage: float) -> Arrays:
        """A batch with everything that stands beyond the lengths replaced."""
        filled = {}
        for name, value in arrays.items():
            dims = [] if name in self.shared or name in self.full() else self.own_dims(name)
            filled[name] = jax.tree.map(lambda x, dims=dims: self._garbled(x, dims, arrays, garbage), value)
        return filled

    def _garbled(self, x: np.ndarray, dims: list[str], arrays: Arrays, garbage: float) -> np.ndarray:
        beyond = np.zeros(x.shape, bool)
        for length in self.declared.lengths:
            for axis, dim in enumerate(dims):
                if dim == length.role.bounds:
                    position = np.arange(x.shape[1 + axis]).reshape(-1, *[1] * (len(dims) - axis - 1))
                    beyond |= position >= arrays[length.name].reshape(-1, *[1] * len(dims))
        return np.where(beyond, garbage if x.dtype.kind == "f" else WHOLE_GARBAGE, x).astype(x.dtype)

    def full(self) -> Lengths:
        """Lengths of an item without padding."""
        return {each.name: self.sizes[each.role.bounds] for each in self.declared.lengths}

    def item(self, arrays: Arrays, i: int) -> Arrays:
        """The arguments of one item of a batch."""
        take = lambda name: (lambda x: x) if name in self.shared else (lambda x: x[i])
        return {name: jax.tree.map(take(name), value) for name, value in arrays.items()}

    def case(
        self,
        dtype: np.dtype,
        seed: int = 0,
        garbage: float = np.nan,
        items: list[tuple[str, Lengths]] | None = None,
    ) -> Case:
        """A batch of items of the given kinds and lengths, all of them where left out."""
        rng = np.random.default_rng(seed)
        items = items or [(kind, lengths) for kind in self.kinds() for lengths in self.lengths()]
        made = [self.make(rng, kind, lengths) for kind, lengths in items]
        measured = {name: np.array([lengths[name] for _, lengths in items], np.int32) for name in items[0][1]}

        def stack(which: int) -> Arrays:
            batch = {}
            for name in made[0][which]:
                first, *rest = (item[which][name] for item in made)
                batch[name] = (
                    first if name in self.shared else jax.tree.map(lambda *all: np.stack(all), first, *rest)
                )
            cast = lambda x: x.astype(dtype) if x.dtype.kind == "f" else x
            return self.with_garbage(jax.tree.map(cast, batch) | measured, garbage)

        kinds, lengths = zip(*items, strict=True)
        return Case(stack(0), stack(1), kinds, lengths, self.full())

    def plain(self, batch: int = 2, dtype: type = np.float32) -> Arrays:
        """Arguments of a batch of plain items without padding, lengths left out."""
        arrays = self.case(np.dtype(dtype), items=[("plain", self.full())] * batch).arrays
        return {name: value for name, value in arrays.items() if name not in self.full()}


@functools.cache
def _table(enumerator: Enumerator, sizes: tuple, lengths: tuple) -> Table:
    structures = list(enumerator.structures(dict(lengths)))
    declared = enumerator.declared
    compact = enumerator.stacked(structures, declared.compact, np.int32)
    return Table(
        compact, enumerator.stacked([enumerator.event(each) for each in structures], declared.event, bool)
    )


def _count(events: Tree) -> int:
    return len(jax.tree.leaves(events)[0])


def floats_of(arrays: Arrays) -> tuple[Arrays, Arrays]:
    """What is differentiated, and what is not."""
    floats = {name: value for name, value in arrays.items() if is_float(value)}
    return floats, {name: value for name, value in arrays.items() if name not in floats}


# --------------------------------------------------------------------------------------------------------- registering

ENUMERATORS: dict[str, list[Enumerator]] = {}  # by the class's name


def enumerates(cls: type) -> Callable[[type[Enumerator]], type[Enumerator]]:
    """Class decorator: registers a form of a class."""

    def register(enumerator: type[Enumerator]) -> type[Enumerator]:
        enumerator.cls = cls
        ENUMERATORS.setdefault(cls.__name__, []).append(enumerator())
        return enumerator

    return register


def load() -> dict[str, list[Enumerator]]:
    """The forms of every class, from the modules of `enumerators/`."""
    package = importlib.import_module(f"{__package__}.enumerators")
    for found in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{found.name}")
    return ENUMERATORS
