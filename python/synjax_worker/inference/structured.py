"""A distribution over structures as one of NumPyro's, so that a structure may be a random variable."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

from ..errors import InvalidArgument


@functools.cache
def _class() -> type:
    from numpyro.distributions import Distribution, constraints, kl_divergence

    class Structured(Distribution):
        """Events are the 0/1 indicators of a structure's parts, as everywhere in this library.

        With `differentiable`, the arguments of `differentiable_sample`, draws are relaxed and have derivatives.
        """

        arg_constraints: ClassVar = {}
        support = constraints.real  # of an indicator, which a draw may relax
        pytree_data_fields = ("structure",)
        pytree_aux_fields = ("differentiable",)

        def __init__(self, structure: Any, differentiable: Any = None) -> None:
            self.structure = structure
            self.differentiable = differentiable
            shape = structure.event_shape
            own = shape if isinstance(shape, tuple) else ()  # a tree of several arrays has no one shape
            super().__init__(batch_shape=tuple(structure.batch_shape), event_shape=tuple(own))

        @property
        def has_rsample(self) -> bool:
            return self.differentiable is not None

        @property
        def is_discrete(self) -> bool:
            return self.differentiable is None

        def rsample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Any:
            return self.structure.differentiable_sample(
                key, sample_shape=sample_shape, **dict(self.differentiable)
            )

        def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Any:
            if self.differentiable is not None:
                return self.rsample(key, sample_shape)
            return self.structure.sample(key, sample_shape=sample_shape)

        def log_prob(self, value: Any) -> Any:
            return self.structure.log_prob(value)

        def expand(self, batch_shape: tuple[int, ...]) -> Any:
            if tuple(batch_shape) == self.batch_shape:
                return self
            name = type(self.structure).__name__
            raise InvalidArgument(
                f"{name}: a plate asks for a batch of shape {tuple(batch_shape)}; this one has "
                f"{self.batch_shape}. Give its parameters the plate's axes",
                argument="distribution",
                expected=str(tuple(batch_shape)),
                received=str(self.batch_shape),
            )

    @kl_divergence.register(Structured, Structured)
    def _(p: Any, q: Any) -> Any:
        return p.structure.kl_divergence(q.structure)

    return Structured


def structured(structure: Any, differentiable: Any = None) -> Any:
    return _class()(structure, differentiable)


def is_structured(distribution: Any) -> bool:
    return isinstance(distribution, _class())
