"""What every distribution over structures answers."""

from __future__ import annotations

import abc
import math
import weakref
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ..numerics import numeric
from ..numerics.noise import NOISES, Noise
from ..numerics.numeric import Sum
from ..registry import Check, operands_of_queries, query
from ..runtime import passes, plain_calls
from ..shapes import as_number, as_shape, at_least_one, require_int32
from ..structures.structure import Query, Structure
from . import batching, events, relaxed
from .alike import alike
from .checks import out_of_range
from .declared import Indices, dims_of, event_dims, map_dims
from .parameters import Parameters, replace

_NOISES = " | ".join(f'"{name}"' for name in NOISES)


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


_MADE_OF = (
    "compact"  # what is known of an event under this name: by whom it was made, and of which compact one
)


def _refs(*objects: Any) -> list[weakref.ref]:
    return [weakref.ref(each) for each in objects]


def _temperature_check(*_arguments: Any, temperature: Any = 1.0, **_options: Any) -> list[Check]:
    return batching.temperature_check(temperature)


class Distribution(Parameters, abc.ABC):
    """A distribution over discrete structures, given by log-potentials of their parts.

    A structure is an event: the 0/1 indicator of its parts, of `event_shape`, in the distribution's float dtype; or a
    dict of them. `decode` makes it compact. A part that is not allowed has potential -inf. All logarithms are natural
    (nats). Leading axes are a batch, and lengths say how far each item goes: what stands beyond changes nothing. A
    batch item without any structure has log-partition -inf, and zeros for events and marginals.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _compile_plain_calls(cls)

    # ---------------------------------------------------------------------------------------- what a class has to say

    @property
    @abc.abstractmethod
    def structure(self) -> Structure:
        """The passes of its family."""

    @abc.abstractmethod
    def _item_potentials(self) -> Any:
        """The family's potentials, with the batch flattened to items."""

    def _paired_with(self, other: Self) -> tuple[Query, Query]:
        """The arguments of a query on this distribution and another that it is compared with."""
        return self._query(), other._query()

    def _checks_of_pair(self, other: Self) -> list[Check]:
        """What makes two distributions of one class and shape incomparable and can be seen on the device only."""
        return []

    def _event_of_parts(self, parts: Any) -> Any:
        """The event (B ...) of the parts that its score is a sum over, where those are not the event's own."""
        return parts

    # -------------------------------------------------------------------------------------------------- passes, trees

    @property
    def event_shape(self) -> Any:
        """Shape of an event of one item, or a dict of shapes."""
        return events.event_shape(self.declaration().event, self._bind())

    def _potentials(self) -> Any:
        return passes.shared(self, "potentials", self._item_potentials)

    def _messages(self) -> Any:
        compute = lambda: self.structure.forward(self._potentials(), self._item_lengths())
        return passes.shared(self, "messages", compute)

    def _query(self) -> Query:
        return Query(self._potentials(), self._item_lengths(), self._messages())

    def _batched(self, value: Any) -> Any:
        """Leaves (B ...) as (*batch ...)."""
        batch = self.batch_shape
        return jax.tree.map(lambda x: x.reshape(*batch, *x.shape[1:]), value)

    def _event_of(self, compact: Any, lead: tuple[int, ...]) -> Any:
        """The event of a compact one (S B ...), as (*lead *batch ...). `decode` and scores need not look at its parts
        while the frame remembers what it was made from.
        """
        event = self.structure.event(compact, self._bind(), self.dtype)
        event = events.unflatten(event, lead, self.batch_shape)
        leaves = jax.tree.leaves(event)
        if passes.is_open() or isinstance(leaves[0], jax.core.Tracer):
            passes.known(leaves[0], _MADE_OF, (_refs(self, *leaves), compact, lead))
        return event

    def _recall(self, event: Any) -> tuple[Any, tuple[int, ...]] | None:
        """The compact event (S B ...) that this very event was made from, and its sample shape."""
        leaves = jax.tree.leaves(event)
        found = passes.recall(leaves[0], _MADE_OF) if leaves else None
        if found is None:
            return None
        made, compact, lead = found
        same = len(made) == 1 + len(leaves) and all(
            a() is b for a, b in zip(made, (self, *leaves), strict=True)
        )
        return (compact, lead) if same else None

    def _check_event(self, event: Any) -> Any:
        tree = self.declaration().event
        return events.checked("event", event, tree, self.batch_shape, self._bind(), self.dtype)

    def _check_compact(self, compact: Any) -> Any:
        tree = self.declaration().compact
        name = tree.name if isinstance(tree, Indices) else "compact"
        return events.checked(name, compact, tree, self.batch_shape, self._bind(), None)

    def _inside_compact(self, compact: Any) -> Any:
        """Leaves with -1 for what stands beyond the lengths."""

        def clean(_path: str, leaf: Indices, array: Array) -> Array:
            return jnp.where(self._inside(dims_of(leaf)), array, -1)

        return map_dims(clean, self.declaration().compact, compact)

    # ---------------------------------------------------------------------------------------------- events and scores

    @query("event: event -> compact")
    def decode(self, event: Any) -> Any:
        """The compact form of an event, int32, -1 where there is nothing; of marginals, the likeliest choices."""
        known = self._recall(event)
        if known is not None:
            return events.unflatten(*known, self.batch_shape)
        flat, lead = events.flatten(self._check_event(event), self.declaration().event, self.batch_shape)
        compact = self.structure.compact(flat, self._item_lengths())
        return events.unflatten(compact, lead, self.batch_shape)

    @query("compact: compact -> event", checks=lambda self, compact: self._checks_of_compact(compact))
    def encode(self, compact: Any) -> Any:
        """The event of a compact one; what stands past the end is ignored."""
        inside = self._inside_compact(self._check_compact(compact))
        flat, lead = events.flatten(inside, self.declaration().compact, self.batch_shape)
        return self._event_of(flat, lead)

    def _checks_of_compact(self, compact: Any) -> list[Check]:
        tree, sizes, found = self.declaration().compact, self._bind(), []

        def check(path: str, leaf: Indices, array: Array) -> None:
            if leaf.below is None:
                return
            name = leaf.name if isinstance(tree, Indices) else f"compact{path}"
            inside = jnp.broadcast_to(self._inside(dims_of(leaf)), array.shape)
            high = sizes[leaf.below] - 1
            found.append(out_of_range(name, array, high, name=f"{leaf.below} - 1", valid=inside))

        map_dims(check, tree, self._check_compact(compact))
        return found

    def _exact_score(self, event: Any) -> Sum:
        """Scores of events as unevaluated sums: the terms are summed almost exactly."""
        known = self._recall(event)
        if known is not None:
            compact, lead = known
            pair = self.structure.score_of_compact(self._potentials(), self._item_lengths(), compact)
        else:
            flat, lead = events.flatten(self._check_event(event), self.declaration().event, self.batch_shape)
            pair = self.structure.score_of_event(self._potentials(), self._item_lengths(), flat)
        return events.unflatten(pair, lead, self.batch_shape)

    @query("event: event -> F[*batch]")
    def unnormalized_log_prob(self, event: Any) -> Array:
        """Sum of the log-potentials of the event's parts; linear in the event. Axes before the batch are samples."""
        return numeric.sum_value(self._exact_score(event))

    @query("event: event -> F[*batch]")
    def log_prob(self, event: Any) -> Array:
        """Log-probability of an event, nats: its score less `log_partition`; -inf where a part is not allowed. What is
        no structure at all, as parts that do not fit together, has a number too, but not a log-probability.

        Axes before the batch are samples.
        """
        # Part by part: both may be so large that one float could not hold their difference.
        return numeric.sum_difference(self._exact_score(event), self._exact_log_partition())

    # ------------------------------------------------------------------------------------------- sums over structures

    def _exact_log_partition(self) -> Sum:
        return self._batched(self.structure.log_partition(*self._query()))

    @query("-> F[*batch]")
    def log_partition(self) -> Array:
        """Log of the sum of the exponentiated scores of all structures, (*batch)."""
        return numeric.sum_value(self._exact_log_partition())

    @query("-> F[*batch]")
    def log_count(self) -> Array:
        """Log of the number of structures, (*batch)."""
        count = self.structure.log_count(self._potentials(), self._item_lengths())
        return self._batched(numeric.sum_value(count))

    @query("-> event")
    def marginals(self) -> Any:
        """Probability of each part, event-shaped: the gradient of `log_partition`."""
        return self._batched(self.structure.marginals(*self._query()))

    @query("-> event")
    def log_marginals(self) -> Any:
        """Log-probability of each part, event-shaped; right where `marginals` underflows."""
        return self._batched(self.structure.log_marginals(*self._query()))

    @query("-> dist")
    def marginals_for_template_variables(self) -> Self:
        """The gradient of each item's `log_partition` by the parameters, in place of the parameters."""
        # As a batch of one where there is none: a table that all items share has no axis of items.
        batch, fields = self.batch_shape or (1,), {}
        for parameter in self.declaration().of_kind("potential"):
            own_axes = self._own_axes(parameter.name)
            full = lambda x, own=own_axes: batching.broadcast_batch(x, batch, own)
            fields[parameter.name] = jax.tree.map(full, getattr(self, parameter.name))
        own = self.structure.potential_marginals(*self._query())
        _, pull = jax.vjp(lambda fields: replace(self, **fields)._item_potentials(), fields)
        found = pull(own)[0]
        return replace(self, **(found if self.batch_shape else jax.tree.map(lambda x: x[0], found)))

    @query("-> F[*batch]")
    def entropy(self) -> Array:
        """Shannon entropy, (*batch), nats."""
        return self._batched(self.structure.entropy(*self._query()))

    @query("other: dist -> F[*batch]", checks=lambda self, other: self._checks_of_pair(other))
    def cross_entropy(self, other: Self) -> Array:
        """Expected -log-probability under `other` of structures of this distribution, (*batch), nats. Batches are
        broadcast.
        """
        p, q = alike(self, other)
        return p._batched(p.structure.cross_entropy(*p._paired_with(q)))

    @query("other: dist -> F[*batch]", checks=lambda self, other: self._checks_of_pair(other))
    def kl_divergence(self, other: Self) -> Array:
        """Kullback-Leibler divergence from this distribution to `other`, (*batch), nats. Batches are broadcast."""
        p, q = alike(self, other)
        return p._batched(p.structure.kl_divergence(*p._paired_with(q)))

    # --------------------------------------------------------------------------------------------------- one of them

    @query("-> event")
    def argmax(self) -> Any:
        """The best structure. Among equals the choice is deterministic."""
        return self.argmax_and_max().event

    @query("-> ArgMax { event: event, score: F[*batch] }")
    def argmax_and_max(self) -> ArgMax:
        """The best structure and its score."""
        potentials, lengths = self._potentials(), self._item_lengths()
        compact, possible = self.structure.argmax(potentials, lengths)
        compact, possible = jax.tree.map(lambda x: x[None], compact), possible[None]
        compact = events.where(possible, compact, -1)
        score = numeric.sum_value(self.structure.score_of_compact(potentials, lengths, compact))
        score = jnp.where(possible, score, -jnp.inf)
        return ArgMax(self._event_of(compact, ()), score.reshape(self.batch_shape))

    @query("k: size -> TopK { events: event, scores: F[k *batch], count: int32[*batch] }")
    def top_k(self, k: int, approximate: bool = False) -> TopK:
        """The k best structures and their scores, best first, (k *batch); `count` says how many there are."""
        # `approximate` is SynJax's: it allows a faster answer that is not exact. There is none here.
        k = at_least_one("k", k)
        potentials, lengths = self._potentials(), self._item_lengths()
        compact, real = self.structure.top_k(potentials, lengths, k)
        compact = events.where(real, compact, -1)
        scores = numeric.sum_value(self.structure.score_of_compact(potentials, lengths, compact))
        scores = jnp.where(real, scores, -jnp.inf).reshape(k, *self.batch_shape)
        return TopK(self._event_of(compact, (k,)), scores)

    @query("key: key, { sample_shape?: shape, temperature?: num Float } -> event", checks=_temperature_check)
    def sample(self, key: Array, sample_shape: int | tuple[int, ...] = (), temperature: Any = 1.0) -> Any:
        """Independent structures, (*sample_shape *batch ...). Many draws share every pass.

        Args:
          key: what the draw is a function of.
          sample_shape: leading axes of the result, that many independent draws.
          temperature: divides the log-potentials; below 1 sharpens, above 1 flattens.
        """
        shape = as_shape("sample_shape", sample_shape)
        batching.require_temperature(temperature, self.batch_shape)
        tempered = self if is_concrete_one(temperature) else self.with_temperature(temperature)
        potentials, lengths, messages = tempered._query()
        key, draws = numeric.normal_key(key), math.prod(shape)
        compact = self.structure.sample(key, potentials, lengths, messages, draws)
        possible = jnp.broadcast_to(self.structure.possible(messages), (draws, self._items))
        return self._event_of(events.where(possible, compact, -1), shape)

    @query("key: key, k: size -> Draws { events: event, log_probs: F[k *batch], count: int32[*batch] }")
    def sample_without_replacement(self, key: Array, k: int) -> Draws:
        """k distinct structures, in the order in which they are drawn, (k *batch ...), and their log-probabilities.

        Source: Kool, van Hoof & Welling (2019), "Stochastic beams and where to find them".
        """
        k = at_least_one("k", k)
        key = numeric.normal_key(key)
        potentials, lengths = self._potentials(), self._item_lengths()
        compact, log_probs = self.structure.sample_without_replacement(key, potentials, lengths, k)
        compact = events.where(log_probs > -jnp.inf, compact, -1)
        return Draws(self._event_of(compact, (k,)), log_probs.reshape(k, *self.batch_shape))

    # ------------------------------------------------------------------------------------------ differentiable samples

    @property
    def parts_per_event(self) -> Any:
        """How many parts a structure typically has, (*batch) or one number: what Sum-of-Gamma noise is a share of."""
        dims = event_dims(self.declaration().event)
        bounds = {each.role.bounds: each.name for each in self.declaration().lengths}
        dim = next((dim for dim in dims if dim in bounds), dims[0])
        return self.lengths_of(bounds[dim]) if dim in bounds else self._bind()[dim]

    @query(
        "key: key, { method: static " + " | ".join(f'"{method}"' for method in relaxed.METHODS) + ", "
        f"noise?: static {_NOISES}, temperature?: num Float, sample_shape?: shape, straight_through?: static boolean, "
        "regularized?: static boolean, implicit_mle_lr?: num Float } -> event",
        checks=_temperature_check,
    )
    def differentiable_sample(
        self,
        key: Array,
        *,
        method: str,
        noise: Noise = "Sum-of-Gamma",
        temperature: Any = 1.0,
        sample_shape: int | tuple[int, ...] = (),
        straight_through: bool = False,
        regularized: bool = False,
        implicit_mle_lr: Any = 1.0,
        implicit_MLE_lr: Any = None,
    ) -> Any:
        """Structures, relaxed or discrete, whose gradient by the potentials is not 0; (*sample_shape *batch ...).

        Biased, but for small temperatures near to samples. "Perturb-and-Marginals" answers with the marginals of the
        perturbed distribution (Paulus et al. 2020). "Perturb-and-SoftmaxDP" and "Perturb-and-SparsemaxDP" replace every
        maximum of the best structure's recursion by its expectation under softmax or sparsemax (Corro & Titov 2019).
        "Perturb-and-MAP-Implicit-MLE" answers with the best structure, whose gradient is its difference to the best one
        of potentials moved against the gradient (Niepert et al. 2021). "Gumbel-CRF" relaxes the choices of a sample's
        walk (Fu et al. 2020).

        Args:
          method: how, see above.
          noise: what is added to every log-potential; in Python a function of a key and a shape too. Gumbel-CRF draws
            its own.
          temperature: divides the perturbed log-potentials; a number, or one per item (*batch).
          sample_shape: leading axes of the result, that many draws.
          straight_through: the choices of the two DP methods and of Gumbel-CRF are hard, with the smooth ones'
            derivative.
          regularized: of Perturb-and-SparsemaxDP, whether half the squared norm of the weights is subtracted (Mensch &
            Blondel 2018).
          implicit_mle_lr: of Implicit-MLE, how far the potentials are moved.
        """
        batching.require_temperature(temperature, self.batch_shape)
        # `implicit_MLE_lr` is SynJax's spelling.
        rate = as_number("implicit_mle_lr", implicit_mle_lr if implicit_MLE_lr is None else implicit_MLE_lr)
        return relaxed.sample(
            self,
            numeric.normal_key(key),
            method,
            noise,
            batching.as_temperature(temperature),
            as_shape("sample_shape", sample_shape),
            straight_through,
            regularized,
            rate,
        )

    @query(
        f"key: key, {{ noise?: static {_NOISES}, temperature?: num Float }} -> dist",
        checks=_temperature_check,
    )
    def with_perturbation(self, key: Array, noise: Noise = "Sum-of-Gamma", temperature: Any = 1.0) -> Self:
        """The distribution with noise added to every log-potential, then divided by `temperature`.

        Args:
          noise: what is added; in Python a function of a key and a shape too.
          temperature: a number, or one per item (*batch).
        """
        batching.require_temperature(temperature, self.batch_shape)
        temperature = batching.as_temperature(temperature)
        return relaxed.perturbed(self, numeric.normal_key(key), noise, temperature)

    # -------------------------------------------------------------------------------------------------- other versions

    @query(
        "temperature: num Float -> dist",
        checks=lambda self, temperature: batching.temperature_check(temperature),
    )
    def with_temperature(self, temperature: Any = 1.0) -> Self:
        """The distribution with every log-potential divided by `temperature`: a number, or one per item (*batch)."""
        batching.require_temperature(temperature, self.batch_shape)
        temperature = batching.as_temperature(temperature)
        return self._map_potentials(lambda x, own: batching.divide(x, temperature, own))

    @query("index: size -> dist")
    def at(self, index: int) -> Self:
        """The distribution of one item of the first batch axis."""
        return self[index]


def _compile_plain_calls(cls: type) -> None:
    """Of the queries that a class has of its own."""
    for name, operands in operands_of_queries(cls).items():
        setattr(cls, name, plain_calls.compiled(vars(cls)[name], operands, _refuse_on_host))


def _refuse_on_host(distribution: Distribution, given: dict[str, Any]) -> None:
    """What a program would refuse on the device, of arguments that are values."""
    if "temperature" in given:
        batching.require_temperature(given["temperature"], distribution.batch_shape)
    compact = distribution.declaration().compact
    for leaf in jax.tree.leaves(given.get("compact")):
        if isinstance(leaf, np.ndarray):
            require_int32(compact.name if isinstance(compact, Indices) else "compact", leaf)


_compile_plain_calls(Distribution)


def is_concrete_one(value: Any) -> bool:
    return not isinstance(value, jax.core.Tracer) and jnp.ndim(value) == 0 and bool(value == 1)
