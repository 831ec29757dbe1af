"""LinearChainCRF."""

from __future__ import annotations

from typing import Any, Self

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from ..errors import InvalidArgument
from ..registry import Check, distribution
from ..shapes import as_float, as_int, bind, check_lengths, require_sizes, same_dtype
from ..structures.chain import passes as chain
from ..structures.chain.passes import Potentials
from .chain import (
    ChainDistribution,
    as_temperature,
    flatten_batch,
    flatten_transition,
    full_lengths,
    index_batch,
    scale,
)
from .distribution import not_finite, out_of_range, replace


@distribution
class LinearChainCRF(ChainDistribution):
    """Conditional random field over sequences of n states out of t.

    The score of states y is the sum of the log-potentials of its edges; its probability is proportional to the
    exponentiated score. Either every edge has its own potential, `log_potentials`, or a score is `initial[y0]` +
    the sum of `emission[i, y_i]` and `transition[y_{i-1}, y_i]`: the faster form, its steps are matrix products.

    Cost per item: every query O(n t^2); top-k and drawing k without replacement O(n t^2 + n k t). Memory O(n t), or
    that of the potentials; events, their marginals, entropy and divergence O(n t^2). Values are exact in float32 at any
    scale: probabilities are carried as products with a certificate, or as (mantissa, exponent) pairs where it refuses.

    Source: Lafferty, McCallum & Pereira (2001), "Conditional random fields"; the search for the k best is a beam with
    exact bounds, and drawing without replacement Kool, van Hoof & Welling (2019).

    Args:
      log_potentials: `[i, a, b]` scores the edge from state a at i-1 to b at i; of `[0]` only row 0 counts.
      initial: log-potentials of the first state.
      transition: log-potentials of a state after another.
      emission: log-potentials of each state at each step.
      lengths: how many steps each item has, 0 to n; all n where left out.

    Example:
      >>> import jax, jax.numpy as jnp
      >>> from synjax_worker.distributions import LinearChainCRF
      >>> emission = jnp.array([[3.0, 0.0], [0.0, 1.0], [0.0, 3.0]])
      >>> stay = jnp.array([[1.0, -1.0], [-1.0, 1.0]])
      >>> chain = LinearChainCRF(initial=jnp.zeros(2), transition=stay, emission=emission)
      >>> best, score = chain.argmax_and_max()
      >>> chain.decode(best).tolist(), float(score)
      ([0, 1, 1], 7.0)
      >>> round(float(chain.log_prob(best)), 4)
      -0.6332
    """

    log_potentials: Float[Array, "*batch n t t"] | None
    initial: Float[Array, "*batch t"] | None
    transition: Float[Array, "*batch t t"] | None
    emission: Float[Array, "*batch n t"] | None
    lengths: Int[Array, "*batch"] | None

    def __init__(
        self,
        log_potentials: Float[Array, "*batch n t t"] | None = None,
        lengths: Int[Array, "*batch"] | None = None,
        *,
        initial: Float[Array, "*batch t"] | None = None,
        transition: Float[Array, "*batch t t"] | None = None,
        emission: Float[Array, "*batch n t"] | None = None,
    ):
        given = {
            "log_potentials": log_potentials,
            "initial": initial,
            "transition": transition,
            "emission": emission,
        }
        self._require_one_form(given)
        given = {name: None if value is None else as_float(name, value) for name, value in given.items()}
        given = same_dtype(given)
        self.log_potentials, self.initial = given["log_potentials"], given["initial"]
        self.transition, self.emission = given["transition"], given["emission"]
        self.lengths = None if lengths is None else as_int("lengths", lengths)
        sizes = self._bind()
        require_sizes("emission" if log_potentials is None else "log_potentials", sizes, ("n", "t"))
        if self.lengths is not None:
            check_lengths("lengths", self.lengths, sizes["n"])

    @staticmethod
    def _require_one_form(given: dict[str, Any]) -> None:
        factored = [name for name in ("initial", "transition", "emission") if given[name] is not None]
        if given["log_potentials"] is not None and factored:
            raise InvalidArgument(
                f"`{factored[0]}` is given beside `log_potentials`: expected either `log_potentials`, or "
                "`initial`, `transition` and `emission`.",
                argument=factored[0],
            )
        if given["log_potentials"] is None and len(factored) < 3:
            missing = [name for name in ("initial", "transition", "emission") if given[name] is None]
            raise InvalidArgument(
                f"`{missing[0]}` is missing: expected either `log_potentials`, or `initial`, `transition` and "
                "`emission`.",
                argument=missing[0],
            )

    def _bind(self) -> Any:
        return bind(
            {
                "log_potentials": (self.log_potentials, "*batch n t t"),
                "emission": (self.emission, "*batch n t"),
                "transition": (self.transition, "*batch t t"),
                "initial": (self.initial, "*batch t"),
                "lengths": (self.lengths, "*batch"),
            }
        )

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._bind().batch

    @property
    def event_shape(self) -> tuple[int, ...]:
        sizes = self._bind()
        return (sizes["n"], sizes["t"], sizes["t"])

    @property
    def dtype(self) -> jnp.dtype:
        return (self.emission if self.log_potentials is None else self.log_potentials).dtype

    def _all_lengths(self) -> Array:
        return full_lengths(self.lengths, self.batch_shape, self._steps)

    def _item_potentials(self) -> Potentials:
        batch = self.batch_shape
        if self.log_potentials is None:
            return Potentials(
                flatten_batch(self.initial, batch, 1),
                flatten_transition(self.transition, batch),
                flatten_batch(self.emission, batch, 2),
            )
        potentials = flatten_batch(self.log_potentials, batch, 3)
        # The first step leaves state 0 of a node before it.
        alone = jnp.where(jnp.arange(self._states) == 0, 0, -jnp.inf).astype(self.dtype)
        return Potentials(jnp.broadcast_to(alone, (self._items, self._states)), potentials, None)

    def checks(self) -> list[Check]:
        valid = self._valid()
        found = []
        if self.lengths is not None:
            found.append(out_of_range("lengths", self.lengths, self._steps, name="n"))
        if self.log_potentials is not None:
            values = jnp.broadcast_to(self.log_potentials, (*self.batch_shape, *self.event_shape))
            row = jnp.arange(self._states)[:, None] == 0
            counts = valid[..., None, None] & ((jnp.arange(self._steps)[:, None, None] > 0) | row)
            found.append(not_finite("log_potentials", values, jnp.broadcast_to(counts, values.shape)))
            return found
        emission = jnp.broadcast_to(self.emission, (*self.batch_shape, *self.event_shape[:2]))
        found.append(not_finite("initial", self.initial))
        found.append(not_finite("transition", self.transition))
        found.append(not_finite("emission", emission, valid))
        return found

    def _map(self, change: Any) -> Self:
        names = ("log_potentials", "initial", "transition", "emission")
        return replace(self, **{name: change(getattr(self, name)) for name in names})

    def with_temperature(self, temperature: Any = 1.0) -> Self:
        factor = 1 / as_temperature(temperature)
        return self._map(lambda x: scale(x, factor))

    def marginals_for_template_variables(self) -> Self:
        if self.log_potentials is not None:
            return replace(self, log_potentials=self.marginals())
        fields = chain.marginals(*self._arguments())
        initial, transition, emission = (self._batched(field) for field in fields)
        return replace(self, initial=initial, transition=transition, emission=emission)

    def _general(self) -> Self:
        if self.log_potentials is not None:
            return self
        first = (self.initial + self.emission[..., 0, :])[..., None, None, :]
        rest = self.transition[..., None, :, :] + self.emission[..., 1:, None, :]
        batch = self.batch_shape
        first = jnp.broadcast_to(first, (*batch, 1, self._states, self._states))
        rest = jnp.broadcast_to(rest, (*batch, self._steps - 1, self._states, self._states))
        return LinearChainCRF(jnp.concatenate([first, rest], -3), self.lengths)

    def __getitem__(self, index: Any) -> Self:
        batch = self.batch_shape
        own = {"log_potentials": 3, "initial": 1, "transition": 2, "emission": 2, "lengths": 0}
        if all(getattr(self, name) is None or getattr(self, name).ndim == axes for name, axes in own.items()):
            raise InvalidArgument("a distribution without batch axes cannot be indexed.", argument="index")
        fields = {name: index_batch(getattr(self, name), batch, axes, index) for name, axes in own.items()}
        return replace(self, **fields)
