"""LinearChainCRF."""

from __future__ import annotations

from jax import Array
from jaxtyping import Float, Int

from ..numerics import numeric
from ..registry import distribution
from ..structures.chain import Chain, Potentials
from . import batching
from .declared import Indices, length, potential
from .distribution import Distribution


@distribution
class LinearChainCRF(Distribution):
    """Conditional random field over sequences of n states out of t.

    The score of states y is the sum of the log-potentials of its edges; its probability is proportional to the
    exponentiated score. Either every edge has its own potential, `log_potentials`, or a score is `initial[y0]` +
    the sum of `emission[i, y_i]` and `transition[y_{i-1}, y_i]`: the faster form, its steps are matrix products.

    An event (n t t) has a 1 at [i, a, b] where state b at i follows a at i-1; the first state stands in row a = 0. Its
    compact form is the state at each step.

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

    event = "n t t"
    compact = Indices("n", name="tags", below="t")
    forms = (("log_potentials",), ("initial", "transition", "emission"))
    comparable = ("HMM",)
    structure = Chain()

    log_potentials: Float[Array, "*batch n t t"] | None = potential()
    lengths: Int[Array, "*batch"] | None = length("n")
    initial: Float[Array, "*batch t"] | None = potential(keyword=True)
    transition: Float[Array, "*batch t t"] | None = potential(keyword=True)
    emission: Float[Array, "*batch n t"] | None = potential(keyword=True)

    def _item_potentials(self) -> Potentials:
        batch = self.batch_shape
        if self.log_potentials is not None:
            return Potentials.time_varying_from(batching.flatten_batch(self.log_potentials, batch, 3))
        return Potentials(
            batching.flatten_batch(self.initial, batch, 1),
            batching.flatten_shared(self.transition, batch, 2),
            batching.flatten_batch(self.emission, batch, 2),
        )

    def _counts(self, name: str) -> Array | None:
        """Of the first edges only those of row 0 are looked at."""
        if name != "log_potentials":
            return None
        n, t, _ = self.event_shape
        return (numeric.positions(n)[:, None, None] > 0) | (numeric.positions(t)[:, None] == 0)
