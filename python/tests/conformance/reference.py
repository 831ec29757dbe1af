"""A chain by enumeration of all its structures, and broken versions of it, each of which breaks a law."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import Draws, LinearChainCRF, TopK
from synjax_worker.distributions.distribution import ArgMax
from synjax_worker.numerics import numeric
from synjax_worker.shapes import as_shape, at_least_one

from .chains import STATES, all_states, indicators


class Reference(LinearChainCRF):
    """General potentials only. Every query is a sum or a choice over the table of all structures."""

    def _table(self) -> np.ndarray:
        """(S n t t): all events of full length, shorter ones are those that agree with state 0 beyond the end."""
        return indicators(all_states(self.event_shape[-3]), self.event_shape[-3]).astype(np.float32)

    def _masked(self) -> jax.Array:
        """Potentials with 0 beyond the lengths."""
        return jnp.where(self._valid("n")[..., None, None], self.log_potentials, 0)

    def _shorter(self) -> jax.Array:
        """(S *batch): whether a structure of the table stands for one of the item, once."""
        states = all_states(self.event_shape[-3])
        return jnp.all((states[:, None] == 0) | self._valid("n"), -1)

    def _events(self) -> jax.Array:
        return self._table()[:, None] * self._valid("n")[..., None, None]

    def _scores(self) -> tuple[jax.Array, jax.Array]:
        """Pairs (S *batch), -inf for what is no structure of the item."""
        terms = numeric.masked_product(self._events(), self._masked())
        pair = numeric.pair_sum(terms.reshape(*terms.shape[:2], -1), -1)
        return jnp.where(self._shorter(), pair[0], -jnp.inf), jnp.where(self._shorter(), pair[1], 0)

    def _relative(self) -> jax.Array:
        """Scores less the best, (S *batch): exact at any scale."""
        pair = self._scores()
        best = jnp.argmax(jax.lax.stop_gradient(numeric.pair_value(pair)), 0)
        top = tuple(jax.lax.stop_gradient(jnp.take_along_axis(part, best[None], 0)) for part in pair)
        top = jnp.where(jnp.isneginf(top[0]), 0, top[0]), top[1]
        return numeric.pair_difference(pair, top)

    def _log_probs(self) -> jax.Array:
        return numeric.log_normalize(self._relative(), 0)

    def _probs(self) -> jax.Array:
        return jnp.exp(self._log_probs())

    def log_partition(self):
        # log Z = score - log-probability of the best structure.
        value = numeric.pair_value(self._scores())
        best = jnp.argmax(jax.lax.stop_gradient(value), 0)[None]
        pick = lambda x: jnp.take_along_axis(x, best, 0)[0]
        top = pick(value)
        return jnp.where(jnp.isneginf(top), -jnp.inf, top - numeric.finite_or_zero(pick(self._log_probs())))

    def log_prob(self, event):
        event = self._check_event(event)
        event = event * self._valid("n")[..., None, None]
        match = jnp.all(event[:, None] == self._events()[None], (-1, -2, -3)) & self._shorter()
        return jnp.max(jnp.where(match, self._log_probs(), -jnp.inf), 1)

    def log_count(self):
        return numeric.safe_log(jnp.sum(self._relative() > -jnp.inf, 0).astype(self.dtype))

    def marginals(self):
        return jnp.sum(self._probs()[..., None, None, None] * self._events(), 0)

    def log_marginals(self):
        logs = jnp.where(self._events() > 0, self._log_probs()[..., None, None, None], -jnp.inf)
        return numeric.logsumexp(logs, 0)

    def entropy(self):
        return -jnp.sum(numeric.masked_product(self._probs(), self._log_probs()), 0)

    def kl_divergence(self, other):
        self._require_like(other)
        mine, theirs = self._log_probs(), other._log_probs()
        possible = mine > -jnp.inf
        gap = jnp.where(possible, mine, 0) - jnp.where(possible, theirs, 0)
        value = jnp.sum(jnp.where(possible, numeric.masked_product(self._probs(), finite(gap)), 0), 0)
        return jnp.where(jnp.any(possible & jnp.isneginf(theirs), 0), jnp.inf, value)

    def cross_entropy(self, other):
        return self.kl_divergence(other) + self.entropy()

    def _order(self) -> jax.Array:
        """(S *batch): structures, best first."""
        return jnp.argsort(-self._relative(), 0, stable=True)

    def _pick(self, index: jax.Array, real: jax.Array) -> jax.Array:
        """Events of structures (k *batch)."""
        take = lambda i, events: events[i]
        events = jax.vmap(take, (1, 1), 1)(index, self._events())
        return jnp.where(real[..., None, None, None], events, 0).astype(self.dtype)

    def argmax_and_max(self):
        top = self.top_k(1)
        return ArgMax(top.events[0], top.scores[0])

    def top_k(self, k):
        index = self._order()[: at_least_one("k", k)]
        real = jnp.take_along_axis(self._relative(), index, 0) > -jnp.inf
        events = self._pick(index, real)
        return TopK(events, jnp.where(real, self.unnormalized_log_prob(events), -jnp.inf))

    def sample(self, key, sample_shape=(), temperature=1.0):
        shape = as_shape("sample_shape", sample_shape)
        logs = self._log_probs()
        draws = (math.prod(shape), *self.batch_shape)
        index = jax.random.categorical(key, logs, 0, shape=draws)
        real = jnp.broadcast_to(jnp.any(logs > -jnp.inf, 0), draws)
        return self._pick(index, real).reshape(*shape, *self.batch_shape, *self.event_shape)

    def sample_without_replacement(self, key, k):
        logs = self._log_probs()
        gumbels = jnp.where(logs > -jnp.inf, logs + jax.random.gumbel(key, logs.shape, self.dtype), -jnp.inf)
        index = jnp.argsort(-gumbels, 0)[: at_least_one("k", k)]
        log_probs = jnp.take_along_axis(logs, index, 0)
        return Draws(self._pick(index, log_probs > -jnp.inf), log_probs)


def finite(x):
    return jnp.where(jnp.isfinite(x), x, 0)


# ------------------------------------------------------------------------------------------------ broken versions

MUTANTS: dict[str, tuple[type, set[str]]] = {}


def breaks(*laws: str):
    """Class decorator: the laws that this version breaks, all of them."""

    def register(cls: type) -> type:
        MUTANTS[cls.__name__] = (cls, set(laws))
        return cls

    return register


@breaks("ties")
class TiesByEquality(Reference):
    """argmax marks every part of every best structure."""

    def argmax_and_max(self):
        relative = self._relative()
        best = (relative == 0)[..., None, None, None] * self._events()
        event = jnp.max(best, 0).astype(self.dtype)
        top = super().argmax_and_max().score
        return ArgMax(event, top)


@breaks("forbidden", "duality", "samples", "top_k")
class FiniteMask(Reference):
    """-1e5 stands in for -inf."""

    def _masked(self):
        return jnp.maximum(super()._masked(), -1e5)


@breaks("samples")
class IgnoredKey(Reference):
    def sample(self, key, sample_shape=(), temperature=1.0):
        return super().sample(jax.random.key(0), sample_shape, temperature)


@breaks("padding", "enumeration", "any_scale", "forbidden", "duality")
class LeakedPadding(Reference):
    """In the entropy the padding is multiplied by 0, so NaN and inf come through."""

    def entropy(self):
        beyond = ~self._valid("n")[..., None, None]
        leak = jnp.sum(0 * jnp.where(beyond, self.log_potentials, 0), (-1, -2, -3))
        return super().entropy() + leak


@breaks("any_scale", "forbidden", "ties", "samples", "top_k", "duality")
class ClippedRange(Reference):
    """Potentials beyond 100 are clipped."""

    def _masked(self):
        x = super()._masked()
        return jnp.where(jnp.isneginf(x), x, jnp.clip(x, -100, 100))


@breaks("top_k")
class BeyondTheSupport(Reference):
    """Past the support top_k repeats the best structure."""

    def top_k(self, k):
        top = super().top_k(k)
        real = top.scores > -jnp.inf
        events = jnp.where(real[..., None, None, None], top.events, top.events[:1])
        return TopK(events, jnp.where(real, top.scores, top.scores[:1]))

    def argmax_and_max(self):
        top = super().top_k(1)
        return ArgMax(top.events[0], top.scores[0])


@breaks("forbidden", "duality")
class ZeroTimesInfinity(Reference):
    """An entropy that multiplies 0 by -inf, values only."""

    def entropy(self):
        right = super().entropy()
        with_nan = -jnp.sum(self._probs() * self._log_probs(), 0)
        wrong = jnp.isnan(with_nan) & jnp.any(jnp.isneginf(self._masked()), (-1, -2, -3))
        return jnp.where(jax.lax.stop_gradient(wrong), jnp.nan, right)


@breaks("enumeration", "any_scale", "forbidden", "padding", "duality")
class Unnormalized(Reference):
    """Marginals of weights that do not add up to 1."""

    def marginals(self):
        return 1.01 * super().marginals()


@breaks("padding", "any_scale", "forbidden", "enumeration", "duality")
class OffByOne(Reference):
    """The last position of the log-partition is left out."""

    def log_partition(self):
        shorter = jnp.maximum(self.lengths_of("lengths") - 1, 0)
        return LinearChainCRF(self._masked(), shorter).log_partition()


@breaks("any_scale", "forbidden")
class LostGap(Reference):
    """Log-marginals are the logarithm of marginals that underflow."""

    def log_marginals(self):
        return numeric.safe_log(self.marginals())


@breaks("on_device")
class Callback(Reference):
    """The count is computed on the host."""

    def log_count(self):
        count = jnp.sum(self._relative() > -jnp.inf, 0)
        shape = jax.ShapeDtypeStruct(count.shape, self.dtype)
        with_log = lambda x: np.where(x > 0, np.log(np.maximum(x, 1)), -np.inf).astype(self.dtype)
        return jax.pure_callback(with_log, shape, count)


@breaks("samples")
class SampleIgnoresLengths(Reference):
    """Draws fill the padding."""

    def sample(self, key, sample_shape=(), temperature=1.0):
        drawn = super().sample(key, sample_shape, temperature)
        beyond = jnp.zeros(self.event_shape, self.dtype).at[:, 0, 0].set(1)
        return jnp.where(self._valid("n")[..., None, None], drawn, beyond)


@breaks("samples")
class IndependentDraws(Reference):
    """Draws "without" replacement that are independent."""

    def sample_without_replacement(self, key, k):
        draws = (at_least_one("k", k), *self.batch_shape)
        index = jax.random.categorical(key, self._log_probs(), 0, shape=draws)
        log_probs = jnp.take_along_axis(self._log_probs(), index, 0)
        return Draws(self._pick(index, log_probs > -jnp.inf), log_probs)


@breaks("top_k")
class Unsorted(Reference):
    def top_k(self, k):
        top = super().top_k(k)
        if k == 1:
            return top
        swap = jnp.array([1, 0, *range(2, k)])
        return TopK(top.events[swap], top.scores[swap])


@breaks("duality")
class StoppedGradient(Reference):
    """The entropy is a constant to differentiation."""

    def entropy(self):
        return jax.lax.stop_gradient(super().entropy())


@breaks("bad_input")
class UncheckedNaN(Reference):
    def checks(self):
        return [check for check in super().checks() if check.argument != "log_potentials"]


@breaks("on_device")
class Unrolled(Reference):
    """A Python loop over the positions."""

    def log_partition(self):
        value = super().log_partition()
        for i in range(self.event_shape[-3]):
            value = value + 0 * jnp.sum(finite(self._masked()[..., i, :, :]), (-1, -2))
        return value


@breaks("samples")
class TemperedSample(Reference):
    """Draws from the distribution at another temperature."""

    def sample(self, key, sample_shape=(), temperature=1.0):
        return self.with_temperature(1.3).sample_at_one(key, sample_shape)

    def sample_at_one(self, key, sample_shape):
        return Reference.sample(self, key, sample_shape)


__all__ = ["MUTANTS", "STATES", "Reference"]
