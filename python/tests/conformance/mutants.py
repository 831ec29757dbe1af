"""Broken versions of classes, each of which breaks some laws and keeps the others.

A broken version is a real class whose structure is by enumeration, with a mistake: in the structure, a subclass of
`Enumeration`; in the class, a subclass of `Face`, which stands before its own methods; or in what is a structure at
all, a subclass of the form's enumerator.

    @breaks(GeneralChain, "samples")
    class IgnoredKey(Enumeration): ...
"""

from __future__ import annotations

import copy
import functools
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import Distribution, batching
from synjax_worker.distributions.declared import dims_of, map_dims
from synjax_worker.distributions.distribution import ArgMax
from synjax_worker.numerics import guard, numeric
from synjax_worker.runtime import passes
from synjax_worker.structures.structure import Query

from .enumeration import Enumeration, Potentials, Table, table_of
from .enumerator import Enumerator
from .enumerators.chain import GeneralChain


class Face(Distribution):
    """A class by enumeration: `reference` joins it with the class of a form."""

    form: ClassVar[Any]  # whose class it is, and whose structures
    enumeration: ClassVar[type] = Enumeration

    @property
    def structure(self) -> Enumeration:
        return _structure(self.enumeration, self.form, tuple(self._bind().sizes.items()))

    def _item_potentials(self) -> Potentials:
        axes = len(self.form.own_dims(self.form.of_parts))
        return Potentials(batching.flatten_batch(getattr(self, self.form.of_parts), self.batch_shape, axes))


@functools.cache
def _structure(enumeration: type[Enumeration], form: Enumerator, sizes: tuple) -> Enumeration:
    return enumeration(_table(form, sizes))


@functools.cache
def _table(form: Enumerator, sizes: tuple) -> Table:
    form = form.of(dict(sizes))
    return table_of(form.lengths(), form.structures, form.event)


def reference(form: Enumerator, broken: type | None = None, **overrides: Any) -> Enumerator:
    """A form whose class is by enumeration, with a mistake or none."""
    broken = broken or Face
    base = broken if issubclass(broken, Face) else Face
    enumeration = broken if issubclass(broken, Enumeration) else Enumeration
    table = broken().of(form.sizes) if issubclass(broken, Enumerator) else form
    members = {"form": table, "enumeration": enumeration} | overrides
    made = copy.copy(form)
    made.cls = type(f"Enumerated{form.cls.__name__}", (base, form.cls), members)
    return made


MUTANTS: dict[str, tuple[type[Enumerator], type, set[str]]] = {}


def breaks(form: type[Enumerator], *laws: str):
    """Class decorator: the form whose broken version it is, and the laws that it breaks, all of them."""

    def register(cls: type) -> type:
        MUTANTS[cls.__name__] = (form, cls, set(laws))
        return cls

    return register


# --------------------------------------------------------------------------------------------------- one of the answers


@breaks(GeneralChain, "ties")
class TiesByEquality(Face):
    """argmax marks every part of every best structure."""

    def argmax_and_max(self):
        relative = self.structure.relative(self._potentials(), self._item_lengths())
        best = jnp.any((relative == 0)[..., None] & self.structure.events[:, None], 0)
        return ArgMax(self.structure._tree(best.astype(self.dtype)), super().argmax_and_max().score)


@breaks(GeneralChain, "top_k")
class BeyondTheSupport(Enumeration):
    """Past the support top_k repeats the best structure."""

    def top_k(self, potentials, lengths, k):
        compact, real = super().top_k(potentials, lengths, k)
        keep = lambda x: jnp.where(real.reshape(*real.shape, *[1] * (x.ndim - 2)), x, x[:1])
        return jax.tree.map(keep, compact), real | real[:1]


@breaks(GeneralChain, "top_k")
class Unsorted(Enumeration):
    def top_k(self, potentials, lengths, k):
        swap = jnp.array([1, 0, *range(2, k)])
        compact, real = super().top_k(potentials, lengths, k)
        return jax.tree.map(lambda x: x[swap], compact), real[swap]


@breaks(GeneralChain, "samples")
class IgnoredKey(Enumeration):
    def sample(self, key, potentials, lengths, messages, draws):
        return super().sample(jax.random.key(0), potentials, lengths, messages, draws)


@breaks(GeneralChain, "samples")
class TemperedSample(Face):
    """Draws from the distribution at another temperature."""

    def sample(self, key, sample_shape=(), temperature=1.0):
        return super().sample(key, sample_shape, 1.3)


@breaks(GeneralChain, "samples")
class SampleIgnoresLengths(Face):
    """Draws fill the padding."""

    def sample(self, key, sample_shape=(), temperature=1.0):
        drawn = super().sample(key, sample_shape, temperature)
        fill = lambda _path, leaf, x: jnp.where(self._inside(dims_of(leaf)), x, 1)
        return map_dims(fill, self.declaration().event, drawn)


@breaks(GeneralChain, "samples")
class IndependentDraws(Enumeration):
    """Draws "without" replacement that are independent."""

    def sample_without_replacement(self, key, potentials, lengths, k):
        logs = self.log_probs(potentials, lengths)
        index = jax.random.categorical(key, logs, 0, shape=(k, logs.shape[1]))
        return self.take(index), jnp.take_along_axis(logs, index, 0)


@breaks(
    GeneralChain, "enumeration", "any_scale", "forbidden", "padding", "duality", "template", "huge", "finfo"
)
class Unnormalized(Enumeration):
    """Marginals of weights that do not add up to 1."""

    def marginals(self, potentials, lengths, messages):
        return jax.tree.map(lambda x: 1.01 * x, super().marginals(potentials, lengths, messages))


@breaks(GeneralChain, "events", "remembered")
class DecodesBackwards(Face):
    """`decode` and `encode` are inverses, in another order of positions."""

    def decode(self, event):
        return jax.tree.map(lambda x: x[..., ::-1], super().decode(event))

    def encode(self, compact):
        return super().encode(jax.tree.map(lambda x: x[..., ::-1], compact))


# ---------------------------------------------------------------------------------------------------------------- scale


@breaks(GeneralChain, "forbidden", "ties", "duality", "samples", "top_k", "template", "huge", "finfo")
class FiniteMask(Enumeration):
    """-1e5 stands in for -inf."""

    def clean(self, potentials, lengths):
        return jnp.maximum(super().clean(potentials, lengths), -1e5)


@breaks(
    GeneralChain, "any_scale", "forbidden", "ties", "samples", "top_k", "duality", "template", "huge", "finfo"
)
class ClippedRange(Enumeration):
    """Potentials beyond 100 are clipped."""

    def clean(self, potentials, lengths):
        x = super().clean(potentials, lengths)
        return jnp.where(jnp.isneginf(x), x, jnp.clip(x, -100, 100))


@breaks(GeneralChain, "huge", "finfo", "ties", "top_k", "samples", "duality", "template")
class ShortExponent(Enumeration):
    """Potentials beyond 1e8 are as 1e8."""

    def clean(self, potentials, lengths):
        x = super().clean(potentials, lengths)
        return jnp.where(jnp.isneginf(x), x, jnp.clip(x, -1e8, 1e8))


@breaks(GeneralChain, "finfo", "top_k", "samples")
class LowestIsForbidden(Enumeration):
    """What is near the lowest float counts as -inf."""

    def clean(self, potentials, lengths):
        x = super().clean(potentials, lengths)
        return jnp.where(x < -1e37, -jnp.inf, x)


@breaks(GeneralChain, "any_scale", "forbidden", "huge", "finfo")
class LostGap(Enumeration):
    """Log-marginals are the logarithm of marginals that underflow."""

    def log_marginals(self, potentials, lengths, messages):
        return jax.tree.map(numeric.safe_log, super().marginals(potentials, lengths, messages))


@breaks(GeneralChain, "forbidden", "duality", "optimistic")
class ZeroTimesInfinity(Enumeration):
    """An entropy that multiplies 0 by -inf, values only."""

    def entropy(self, potentials, lengths, messages):
        logs = self.log_probs(potentials, lengths)
        forbidden = jnp.any(jnp.isneginf(self.clean(potentials, lengths)), -1)
        wrong = jnp.isnan(jnp.sum(jnp.exp(logs) * logs, 0)) & forbidden
        return jnp.where(
            jax.lax.stop_gradient(wrong), jnp.nan, super().entropy(potentials, lengths, messages)
        )


# -------------------------------------------------------------------------------------------------------------- padding


@breaks(
    GeneralChain, "padding", "enumeration", "any_scale", "forbidden", "duality", "optimistic", "huge", "finfo"
)
class LeakedPadding(Enumeration):
    """In the entropy the padding is multiplied by 0, so NaN and inf come through."""

    def entropy(self, potentials, lengths, messages):
        right = super().entropy(potentials, lengths, messages)
        raw = jnp.concatenate([jax.lax.collapse(x, 1) for x in jax.tree.leaves(potentials)], -1)
        read = jnp.any(self.valid(lengths, len(raw))[..., None] & self.events[:, None], 0)
        return right + jnp.sum(0 * jnp.where(read, 0, raw), -1)


@breaks(
    GeneralChain, "padding", "any_scale", "forbidden", "enumeration", "duality", "template", "huge", "finfo"
)
class OffByOne(Enumeration):
    """The last position is left out of the log-partition."""

    def log_partition(self, potentials, lengths, messages):
        shorter = jax.tree.map(lambda x: jnp.maximum(x - 1, 0), lengths)
        return super().log_partition(potentials, shorter, messages)


# ---------------------------------------------------------------------------------------------------------- derivatives


@breaks(GeneralChain, "duality")
class StoppedGradient(Enumeration):
    """The entropy is a constant to differentiation."""

    def entropy(self, potentials, lengths, messages):
        return jax.lax.stop_gradient(super().entropy(potentials, lengths, messages))


# ----------------------------------------------------------------------------------------------------------- optimistic


@breaks(GeneralChain, "optimistic")
class HopesTooMuch(Enumeration):
    """An optimistic program answers something else, and does not refuse it."""

    def entropy(self, potentials, lengths, messages):
        return super().entropy(potentials, lengths, messages) * (1.01 if guard.is_optimistic() else 1)


# --------------------------------------------------------------------------------------------------------------- frames


@breaks(GeneralChain, "remembered")
class RemembersTheBest(Face):
    """Of whatever was made of several structures, the frame remembers the first."""

    def _recall(self, event):
        found = super()._recall(event)
        if found is None or not found[1]:
            return found
        compact, lead = found
        return jax.tree.map(lambda x: jnp.broadcast_to(x[:1], x.shape), compact), lead


@breaks(GeneralChain, "enumeration", "any_scale", "forbidden", "padding", "finfo")
class OnePassForAll(Face):
    """A frame shares messages by class: a second distribution gets those of the first."""

    def _messages(self):
        return passes.shared(self.form, "messages", lambda: super(OnePassForAll, self)._messages())

    def cross_entropy(self, other):
        p, q = self._query(), other._query()
        return self._batched(_by_messages(p, q))


def _by_messages(p: Query, q: Query) -> jax.Array:
    """A cross-entropy that looks at messages only."""
    mine, theirs = p.messages.log_probs, q.messages.log_probs
    value = -jnp.sum(numeric.masked_product(jnp.exp(mine), numeric.finite_or_zero(theirs)), 0)
    return jnp.where(jnp.any((mine > -jnp.inf) & jnp.isneginf(theirs), 0), jnp.inf, value)


# ------------------------------------------------------------------------------------------------------------ on device


@breaks(GeneralChain, "on_device")
class Callback(Enumeration):
    """The count is computed on the host."""

    def log_count(self, potentials, lengths):
        allowed = self.relative(potentials, lengths) > -jnp.inf
        shape = jax.ShapeDtypeStruct(allowed.shape[1:], jnp.int32)
        count = jax.pure_callback(lambda x: np.sum(x, 0, dtype=np.int32), shape, allowed)
        logs = numeric.safe_log(count.astype(jax.tree.leaves(potentials)[0].dtype))
        return numeric.exact_sum(logs[None])


@breaks(GeneralChain, "on_device")
class Unrolled(Enumeration):
    """A Python loop over the positions."""

    def log_partition(self, potentials, lengths, messages):
        *larger, low = super().log_partition(potentials, lengths, messages)
        for i in range(jax.tree.leaves(self.table.events)[0].shape[1]):
            low = low + jnp.where(i < lengths, 0.0, 0.0)
        return *larger, low


@breaks(GeneralChain, "no_items")
class NeedsAnItem(Enumeration):
    """A size is left for JAX to find, which it cannot where there are no items."""

    def log_count(self, potentials, lengths):
        high, *smaller = super().log_count(potentials, lengths)
        return high + 0 * jnp.sum(potentials.parts.reshape(len(high), -1) > 0, -1).astype(
            high.dtype
        ), *smaller


@breaks(GeneralChain, "template")
class CountsOfHalf(Face):
    """Template marginals count every structure half."""

    def marginals_for_template_variables(self):
        return super().marginals_for_template_variables()._map_potentials(lambda x, own: x / 2)


@breaks(GeneralChain, "no_batch")
class NeedsABatch(Face):
    """The first batch axis is taken for granted."""

    def log_count(self):
        return super().log_count() + 0 * jnp.zeros(self.batch_shape[0])


@breaks(GeneralChain, "bad_input")
class UncheckedNaN(Face):
    def checks(self):
        return [check for check in super().checks() if check.argument != self.form.of_parts]
