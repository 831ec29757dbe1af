"""HMM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from ..errors import InvalidArgument
from ..numerics import numeric
from ..registry import Check, distribution, query
from ..runtime import passes
from ..shapes import as_float, as_int, as_number
from ..simple.checks import parameter_checks
from ..structures.chain import Chain, Potentials
from ..structures.chain.long import MOST_SYMBOLS, Symbols
from . import batching
from .checks import nan_or_posinf, out_of_range, refuse
from .declared import Indices, data, length, option, potential
from .distribution import Distribution
from .emission import (
    Emission,
    fit,
    instead_of_garbage,
    is_categorical,
    is_emission,
    log_likelihoods,
    of_its_parameters,
)
from .expected_counts import ExpectedCounts, count_symbols, fields_of, log_relative, sum_to
from .parameters import replace


@distribution
class HMM(Distribution):
    """Posterior over the n hidden states of a hidden Markov model, given its observations.

    The chain starts in a state by `init_logits`, moves by the rows of `transition_logits`, and each state emits an
    observation by `emission_dist`. `unnormalized_log_prob` of an event is the joint log-probability of states and
    observations, `log_partition` the log-likelihood of the observations, `log_prob` the log-posterior of the states.

    An event (n t t) has a 1 at [i, a, b] where state b at i follows a at i-1; the first state stands in row a = 0. Its
    compact form is the state at each step.

    Cost per item: every query O(n t^2), one matrix product a step; top-k and drawing k without replacement
    O(n t^2 + n k t). Memory O(n t); events, their marginals, entropy and divergence O(n t^2). A long chain of few
    states (n >= 512, t <= 8) is cut into chunks that advance together, at O(n t^3) multiplications of which most run in
    parallel.

    Source: Rabiner (1989), "A tutorial on hidden Markov models"; `expected_counts` and `maximize` are the two steps of
    Baum & Welch's algorithm.

    Args:
      init_logits: of the first state.
      transition_logits: row a holds the logits of the state after a.
      emission_dist: logits of the v symbols in each state, or a distribution with a batch axis of t states.
      observations: symbols 0 to v-1, or numbers or vectors that `emission_dist` emits.
      lengths: how many observations each item has, 0 to n; all n where left out.
      emission_log_likelihoods: log-likelihood of each observation in each state, in place of `emission_dist` and
        `observations`.
      normalize: whether logits are normalized by log-softmax; otherwise they are taken as they are.

    Example:
      >>> import jax.numpy as jnp
      >>> from synjax_worker.distributions import HMM
      >>> coin = jnp.log(jnp.array([[0.5, 0.5], [0.9, 0.1]]))  # a fair coin and one that falls on 0
      >>> stay = jnp.log(jnp.array([[0.9, 0.1], [0.1, 0.9]]))
      >>> tosses = jnp.array([0, 1, 1, 0, 0, 0, 0, 0])
      >>> hmm = HMM(jnp.zeros(2), stay, coin, tosses)
      >>> hmm.decode(hmm.argmax()).tolist()
      [0, 0, 0, 1, 1, 1, 1, 1]
      >>> better = HMM(**hmm.maximize(hmm.expected_counts()), observations=tosses)
      >>> bool(better.log_partition() > hmm.log_partition())
      True
    """

    event = "n t t"
    compact = Indices("n", name="states", below="t")
    forms = (("emission_log_likelihoods",), ("emission_dist", "observations"))
    comparable = ("LinearChainCRF",)

    init_logits: Float[Array, "*batch t"] = potential()
    transition_logits: Float[Array, "*batch t t"] = potential()
    emission_dist: Float[Array, "*batch t v"] | Emission | None = potential()
    observations: Int[Array, "*batch n"] | Float[Array, "*batch n"] | Float[Array, "*batch n d"] | None = (
        data()
    )
    lengths: Int[Array, "*batch"] | None = length("n", keyword=True)
    emission_log_likelihoods: Float[Array, "*batch n t"] | None = potential(keyword=True)
    normalize: bool = option(True)

    def _settle(self, given: dict[str, Any]) -> dict[str, Any]:
        """Symbols are whole numbers, logits are normalized once."""
        if is_emission(given["emission_dist"]):
            given["observations"] = jnp.asarray(given["observations"])
        elif given["emission_dist"] is not None:
            given["emission_dist"] = as_float("emission_dist", given["emission_dist"])
            given["observations"] = as_int("observations", given["observations"])
        if given["normalize"]:
            for name in ("init_logits", "transition_logits", "emission_dist"):
                if (
                    isinstance(given[name], Array) and given[name].ndim
                ):  # a number is refused with the named dims
                    given[name] = numeric.log_normalize(given[name])
        return given | {"normalize": False}

    def _shapes(self) -> dict[str, tuple[Any, str]]:
        found = super()._shapes()
        if self.emission_dist is None:
            return found
        seen, emission = (self.observations, "*batch n"), (self.emission_dist, "*batch t v")
        if is_emission(self.emission_dist):
            if self._vector_observations():
                seen = (self.observations, "*batch n d")
            emission = (_shape_of(of_its_parameters(self.emission_dist).batch_shape), "*batch t")
        return {"observations": seen, "emission_dist": emission} | found

    @property
    def structure(self) -> Chain:
        return passes.shared(self, "structure", lambda: Chain(self._symbols()))

    def _emission_scores(self) -> Array:
        """Log-likelihood of each observation in each state, (*batch n t); anything beyond the lengths."""
        if self.emission_log_likelihoods is not None:
            return self.emission_log_likelihoods
        if is_emission(self.emission_dist):
            return log_likelihoods(self.emission_dist, self._observations_inside())
        symbols = self._observed_symbols()
        by_symbol = jnp.swapaxes(self.emission_dist, -1, -2)
        if by_symbol.ndim == 2:
            return by_symbol[symbols]
        batch = jnp.broadcast_shapes(by_symbol.shape[:-2], symbols.shape[:-1])
        by_symbol = jnp.broadcast_to(by_symbol, (*batch, *by_symbol.shape[-2:]))
        symbols = jnp.broadcast_to(symbols, (*batch, symbols.shape[-1]))
        return jnp.take_along_axis(by_symbol, symbols[..., None], -2)

    def _observations_inside(self) -> Array:
        if self.lengths is None:
            return self.observations
        own = 1 if self._vector_observations() else 0
        return instead_of_garbage(self.observations, self._valid("n"), own)

    def _observed_symbols(self) -> Array:
        return jnp.clip(self.observations, 0, self.emission_dist.shape[-1] - 1)

    def _symbols(self) -> Symbols | None:
        if self.observations is None or is_emission(self.emission_dist):
            return None
        if self.emission_dist.shape[-1] > MOST_SYMBOLS:
            return None
        index = batching.flatten_batch(self._observed_symbols(), self.batch_shape, 1)
        table = batching.flatten_shared(self.emission_dist, self.batch_shape, 2)
        return Symbols(table.astype(self.dtype), index)

    def _item_potentials(self) -> Potentials:
        batch = self.batch_shape
        return Potentials(
            batching.flatten_batch(self.init_logits, batch, 1).astype(self.dtype),
            batching.flatten_shared(self.transition_logits, batch, 2).astype(self.dtype),
            batching.flatten_batch(self._emission_scores(), batch, 2).astype(self.dtype),
        )

    def checks(self) -> list[Check]:
        found = super().checks()
        if self.emission_dist is None:
            return found
        valid = self._valid("n")
        if not is_emission(self.emission_dist):
            return [*found, nan_or_posinf("emission_dist", self.emission_dist), *self._symbol_checks()]
        emission = parameter_checks(self.emission_dist, "emission_dist")
        return [*found, *emission, *(self._symbol_checks() or self._observation_checks(valid))]

    def _symbol_checks(self) -> list[Check]:
        """Symbols that are not in the vocabulary; none where observations are no symbols."""
        if is_categorical(self.emission_dist):
            last = self.emission_dist.logits.shape[-1] - 1
        elif is_emission(self.emission_dist) or self.emission_dist is None:
            return []
        else:
            last = self.emission_dist.shape[-1] - 1
        valid = self._valid("n")
        symbols = jnp.broadcast_to(self.observations, valid.shape)
        return [out_of_range("observations", symbols, last, name="v - 1", valid=valid)]

    def _check_on_host(self) -> None:
        super()._check_on_host()
        if not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(self)):
            if is_emission(self.emission_dist):
                refuse(parameter_checks(self.emission_dist, "emission_dist"))
            refuse(self._symbol_checks())

    def _observation_checks(self, valid: Array) -> list[Check]:
        """Numbers that are none: NumPyro gives them a likelihood of zero. And those whose likelihood is none."""
        found = []
        if jnp.issubdtype(self.observations.dtype, jnp.floating):
            own = self.observations.shape[-1:] if self._vector_observations() else ()
            seen = jnp.broadcast_to(self.observations, (*valid.shape, *own))
            found.append(nan_or_posinf("observations", seen, valid))
        scores = jnp.broadcast_to(self._emission_scores(), (*valid.shape, self.event_shape[-1]))
        # Bad in any state: the index is that of an observation.
        return [*found, nan_or_posinf("observations", jnp.max(scores, -1), valid)]

    # ------------------------------------------------------------------------------------------- filtering, smoothing

    @query("-> F[*batch n t]")
    def smooth(self) -> Array:
        """Probability of each state at each step given all observations, (*batch n t); zeros past the end."""
        return self._batched(self.structure.state_marginals(*self._query()))

    @query("-> F[*batch n t]")
    def filter(self) -> Array:
        """Probability of each state at each step given the observations so far, (*batch n t); zeros past the end."""
        return self._batched(self.structure.filtering(*self._query()))

    @query("-> F[*batch n t]")
    def predict(self) -> Array:
        """Probability of each state at each step given the observations before it, (*batch n t); zeros past the end."""
        filtered = self.filter()
        init = numeric.normalize(
            jnp.exp(self.init_logits - numeric.shift_of(self.init_logits, -1, keepdims=True))
        )
        column = numeric.shift_of(self.transition_logits, -1, keepdims=True)
        rows = numeric.normalize(jnp.exp(self.transition_logits - column))
        moved = jnp.matmul(filtered[..., :-1, :], rows, precision=numeric.HIGHEST)
        first = jnp.broadcast_to(init[..., None, :], (*self.batch_shape, 1, self.event_shape[-1]))
        predicted = jnp.concatenate([first.astype(moved.dtype), moved], -2)
        return jnp.where(self._valid("n")[..., None], predicted, 0)

    # ----------------------------------------------------------------------------------------------------- learning

    @query("-> HMMCounts { initial: F[*batch t], transition: F[*batch t t], emission: F[*batch t v] }")
    def expected_counts(self) -> ExpectedCounts:
        """How often each parameter is used, in expectation: the E step. Each is shaped like its parameter; where
        emissions are no logits, their field is the weight of each observation in each state, (*batch n t)."""
        start, transition, states = self.structure.potential_marginals(*self._query())
        return ExpectedCounts(
            sum_to(self._batched(start), self.init_logits.shape),
            sum_to(self._batched(transition), self.transition_logits.shape),
            self._emission_counts(self._batched(states)),
        )

    def marginals_for_template_variables(self) -> Self:
        if self.emission_dist is None:
            return super().marginals_for_template_variables()
        if is_emission(self.emission_dist):
            return self._with_log_likelihoods().marginals_for_template_variables()
        start, transition, states = self._batched(self.structure.potential_marginals(*self._query()))
        symbols = jnp.broadcast_to(self.observations, states.shape[:-1])
        counts = count_symbols(states, symbols, (*self.batch_shape, *self.emission_dist.shape[-2:]))
        return replace(self, init_logits=start, transition_logits=transition, emission_dist=counts)

    def _emission_counts(self, states: Array) -> Array:
        if self.emission_log_likelihoods is not None:
            return sum_to(states, self.emission_log_likelihoods.shape)
        if is_emission(self.emission_dist):
            return states
        symbols = jnp.broadcast_to(self.observations, states.shape[:-1])
        return count_symbols(states, symbols, self.emission_dist.shape)

    @query(
        "counts: struct HMMCounts, { pseudocount?: num Float } -> HMMParameters "
        "{ init_logits: F[*batch t], transition_logits: F[*batch t t], emission_dist: parameter[*batch t v] }"
    )
    def maximize(self, counts: Any, pseudocount: Any = 0.0) -> dict[str, Array]:
        """The parameters under which `counts` are likeliest: the M step, as arguments for the constructor.

        Where nothing was counted the parameters stay.

        Args:
          counts: what `expected_counts` answers, or the like summed over batches.
          pseudocount: added to every count of an allowed part.
        """
        if self.emission_dist is None:
            raise InvalidArgument(
                "`emission_log_likelihoods` cannot be maximized: give `emission_dist` and `observations`.",
                argument="emission_log_likelihoods",
            )
        pseudocount = as_number("pseudocount", pseudocount)
        initial, transition, emission = fields_of(counts)
        if is_emission(self.emission_dist):
            emitted = fit(self.emission_dist, self.observations, jnp.asarray(emission))
        else:
            emitted = log_relative(emission, self.emission_dist, pseudocount)
        return {
            "init_logits": log_relative(initial, self.init_logits, pseudocount),
            "transition_logits": log_relative(transition, self.transition_logits, pseudocount),
            "emission_dist": emitted,
        }

    # ------------------------------------------------------------------------------------------------ other versions

    def _map_potentials(self, change: Callable[[Array, int], Array]) -> Self:
        """Every score changed. An emission distribution becomes the log-likelihoods it gives."""
        if is_emission(self.emission_dist):
            return self._with_log_likelihoods()._map_potentials(change)
        return super()._map_potentials(change)

    def _with_log_likelihoods(self) -> Self:
        scores = self._emission_scores()
        return replace(self, emission_dist=None, observations=None, emission_log_likelihoods=scores)

    def __getitem__(self, index: Any) -> Self:
        if is_emission(self.emission_dist) and len(of_its_parameters(self.emission_dist).batch_shape) > 1:
            return self._with_log_likelihoods()[index]
        return super().__getitem__(index)

    def along(self, axis: int) -> tuple[Self, Self]:
        if is_emission(self.emission_dist) and len(of_its_parameters(self.emission_dist).batch_shape) > 1:
            return self._with_log_likelihoods().along(axis)
        return super().along(axis)

    def _own_axes(self, name: str) -> int | None:
        if name == "emission_dist":
            return None if is_emission(self.emission_dist) else 2
        if name == "observations":
            return 2 if self._vector_observations() else 1
        return super()._own_axes(name)

    def _vector_observations(self) -> bool:
        return is_emission(self.emission_dist) and len(self.emission_dist.event_shape) == 1


def _shape_of(shape: tuple[int, ...]) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.float32)
