"""What every distribution over structures answers."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, NamedTuple, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from ..errors import InvalidArgument
from ..registry import Check, query
from ..shapes import show


class TopK(NamedTuple):
    """The k best structures, best first; past the support events are zeros and scores -inf."""

    events: Any  # (k *batch ...)
    scores: Array  # (k *batch), unnormalized log-probabilities

    @property
    def count(self) -> Array:
        """How many are real, (*batch) int32."""
        return jnp.sum(self.scores > -jnp.inf, axis=0, dtype=jnp.int32)


class Draws(NamedTuple):
    """k distinct structures in the order they were drawn; past the support events are zeros and log_probs -inf."""

    events: Any  # (k *batch ...)
    log_probs: Array  # (k *batch)

    @property
    def count(self) -> Array:
        """How many are real, (*batch) int32."""
        return jnp.sum(self.log_probs > -jnp.inf, axis=0, dtype=jnp.int32)


class ArgMax(NamedTuple):
    event: Any  # (*batch ...)
    score: Array  # (*batch), its unnormalized log-probability


class Distribution(eqx.Module):
    """A distribution over discrete structures, given by log-potentials of their parts.

    A structure is an event: the 0/1 indicator of its parts, of `event_shape`, in the distribution's float dtype. A part
    that is not allowed has potential -inf. All logarithms are natural (nats). Leading axes are a batch, and lengths
    say how far each item goes: what stands beyond changes nothing. A batch item without any structure has
    log-partition -inf, and zeros for events and marginals.
    """

    @property
    @abc.abstractmethod
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the batch."""

    @property
    @abc.abstractmethod
    def event_shape(self) -> tuple[int, ...]:
        """Shape of an event of one item."""

    @property
    def batch_ndim(self) -> int:
        return len(self.batch_shape)

    @abc.abstractmethod
    def checks(self) -> list[Check]:
        """What is wrong with the parameters and can be seen on the device only."""

    @query("event: num Float -> F")
    def log_prob(self, event: Array) -> Array:
        """Log-probability of an event: its score less `log_partition`. Axes before the batch are samples."""
        raise NotImplementedError

    @query("event: num Float -> F")
    def unnormalized_log_prob(self, event: Array) -> Array:
        """Sum of the log-potentials of the event's parts; linear in the event. Axes before the batch are samples."""
        raise NotImplementedError

    @query("-> F")
    def log_partition(self) -> Array:
        """Log of the sum of the exponentiated scores of all structures, (*batch)."""
        raise NotImplementedError

    @query("-> F")
    def log_count(self) -> Array:
        """Log of the number of structures, (*batch)."""
        raise NotImplementedError

    @query("-> F")
    def marginals(self) -> Array:
        """Probability of each part, event-shaped: the gradient of `log_partition`."""
        raise NotImplementedError

    @query("-> F")
    def log_marginals(self) -> Array:
        """Log-probability of each part, event-shaped; right where `marginals` underflows."""
        raise NotImplementedError

    @query("-> dist")
    def marginals_for_template_variables(self) -> Self:
        """The gradient of each item's `log_partition` by the parameters, in place of the parameters."""
        raise NotImplementedError

    @query("-> F")
    def argmax(self) -> Array:
        """The best structure. Among equals the choice is deterministic."""
        return self.argmax_and_max().event

    @query("-> { event: F, score: F }")
    def argmax_and_max(self) -> ArgMax:
        """The best structure and its score."""
        raise NotImplementedError

    @query("k: size -> { events: F, scores: F, count: int32 }")
    def top_k(self, k: int, approximate: bool = False) -> TopK:
        """The k best structures and their scores, best first, (k *batch); `count` says how many there are."""
        # `approximate` is SynJax's: it allows a faster answer that is not exact. There is none here.
        raise NotImplementedError

    @query("key: key, { sample_shape?: shape, temperature?: num Float } -> F")
    def sample(self, key: Array, sample_shape: int | tuple[int, ...] = (), temperature: Any = 1.0) -> Array:
        """Independent structures, (*sample_shape *batch ...). Many draws share every pass."""
        raise NotImplementedError

    @query("key: key, k: size -> { events: F, log_probs: F, count: int32 }")
    def sample_without_replacement(self, key: Array, k: int) -> Draws:
        """k distinct structures, in the order in which they are drawn, (k *batch ...), and their log-probabilities."""
        raise NotImplementedError

    @query("-> F")
    def entropy(self) -> Array:
        """Shannon entropy, (*batch), nats."""
        raise NotImplementedError

    @query("other: dist -> F")
    def cross_entropy(self, other: Self) -> Array:
        """Expected -log-probability under `other` of structures of this distribution, (*batch), nats."""
        raise NotImplementedError

    @query("other: dist -> F")
    def kl_divergence(self, other: Self) -> Array:
        """Kullback-Leibler divergence from this distribution to `other`, (*batch), nats."""
        raise NotImplementedError

    @query("temperature: num Float -> dist")
    def with_temperature(self, temperature: Any = 1.0) -> Self:
        """The distribution with every log-potential divided by `temperature`."""
        raise NotImplementedError

    @query("index: size -> dist")
    def at(self, index: int) -> Self:
        """The distribution of one item of the first batch axis."""
        return self[index]

    @abc.abstractmethod
    def __getitem__(self, index: Any) -> Self:
        """The distribution of a part of the batch."""

    def _require_like(self, other: Any) -> None:
        """Refuses a distribution of another kind or shape."""
        if type(other) is not type(self):
            raise InvalidArgument(
                f"`other` is {type(other).__name__}, expected {type(self).__name__}.",
                argument="other",
                expected=type(self).__name__,
                came=type(other).__name__,
            )
        for what in ("event_shape", "batch_shape"):
            mine, theirs = getattr(self, what), getattr(other, what)
            if mine != theirs:
                raise InvalidArgument(
                    f"`other` has {what} {show(theirs)}, expected {show(mine)}.",
                    argument="other",
                    expected=f"{what} {show(mine)}",
                    came=show(theirs),
                )


def replace(module: Any, **fields: Any) -> Any:
    """A copy of a module with other fields; its constructor does not run again."""
    made = object.__new__(type(module))
    for field in dataclasses.fields(module):
        object.__setattr__(made, field.name, fields.get(field.name, getattr(module, field.name)))
    return made


def not_finite(argument: str, value: Array, valid: Array | None = None) -> Check:
    """NaN and +inf are not log-potentials; `valid` masks what counts, from the left."""
    bad = jnp.isnan(value) | jnp.isposinf(value)
    if valid is not None:
        bad &= valid.reshape(valid.shape + (1,) * (bad.ndim - valid.ndim))
    return Check(argument, bad, value, "a number below +inf")


def out_of_range(argument: str, value: Array, high: int, *, name: str, valid: Array | None = None) -> Check:
    """Values below 0 or above `high`; `name` says in named dims what `high` is."""
    bad = (value < 0) | (value > high)
    if valid is not None:
        bad &= valid
    return Check(argument, bad, value, f"between 0 and {name} = {high}")


def is_concrete_one(value: Any) -> bool:
    return not isinstance(value, jax.core.Tracer) and jnp.ndim(value) == 0 and bool(value == 1)
