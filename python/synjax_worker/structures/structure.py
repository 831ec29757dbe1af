"""The protocol between a distribution and the passes of its family of structures.

A family (chain, segments, ...) is one folder here and one `Structure` in it. Distributions are its faces: they check
arguments, bind named dims and flatten the batch; a structure computes. Everything it gets and gives leads with the
items of the flattened batch, B; where there are several answers per item they come first, (k B ...).

`potentials` is the family's own NamedTuple of log-potentials. A table that all items share has no axis B.
`lengths` is what the distribution's `length()` fields say, (B) int32; a dict of them where a class has several.
`messages` is what `forward` leaves; it has no gradient, and one pass serves many queries.
An event is the declared tree of 0/1 indicators (an array where the class declares one), a compact event the declared
tree of int32; past the end of an item, events are 0 and compact events -1.
A sum is an unevaluated one of three arrays, in units of its own: see `numeric.exact_sum`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from jax import Array

from ..numerics.numeric import Sum

Tree = Any
Choose = Callable[[Array, int], Array]


class Query(NamedTuple):
    """The arguments of a query on one distribution."""

    potentials: Any
    lengths: Any
    messages: Any


class Structure(Protocol):
    """What every family answers. Derivatives by the potentials are right to the second order."""

    # ---------------------------------------------------------------------------------------------- sums over all

    def forward(self, potentials: Any, lengths: Any) -> Any:
        """One pass over all structures. Its result is constant to differentiation."""

    def possible(self, messages: Any) -> Array:
        """Whether an item has any structure, (B) bool."""

    def log_partition(self, potentials: Any, lengths: Any, messages: Any) -> Sum:
        """Log of the sum of the exponentiated scores of all structures, (B)."""

    def log_count(self, potentials: Any, lengths: Any) -> Sum:
        """Log of the number of structures that are allowed, (B). No gradient."""

    def marginals(self, potentials: Any, lengths: Any, messages: Any) -> Tree:
        """Probability of each part, an event's tree (B *event)."""

    def log_marginals(self, potentials: Any, lengths: Any, messages: Any) -> Tree:
        """Its logarithm, right where the probability underflows."""

    def potential_marginals(self, potentials: Any, lengths: Any, messages: Any) -> Any:
        """The gradient of each item's log-partition by its potentials: the same NamedTuple, every field (B ...)."""

    def entropy(self, potentials: Any, lengths: Any, messages: Any) -> Array:
        """Shannon entropy, (B), nats; 0 where there is no structure."""

    def cross_entropy(self, p: Query, q: Query) -> Array:
        """Expected -log-probability under q of structures of p, (B), nats."""

    def kl_divergence(self, p: Query, q: Query) -> Array:
        """Kullback-Leibler divergence from p to q, (B), nats: +inf where p allows what q does not."""

    # ------------------------------------------------------------------------------------------------- one of them

    def argmax(self, potentials: Any, lengths: Any) -> tuple[Tree, Array]:
        """The best structure, compact (B ...), and whether there is one, (B) bool."""

    def top_k(self, potentials: Any, lengths: Any, k: int) -> tuple[Tree, Array]:
        """The k best structures, best first, compact (k B ...), and which are real, (k B) bool."""

    def sample(self, key: Array, potentials: Any, lengths: Any, messages: Any, draws: int) -> Tree:
        """Independent structures, compact (draws B ...); anything where an item has none."""

    def sample_without_replacement(
        self, key: Array, potentials: Any, lengths: Any, k: int
    ) -> tuple[Tree, Array]:
        """k distinct structures in the order they are drawn, compact (k B ...), and their log-probabilities (k B), -inf
        past the support.
        """

    # -------------------------------------------------------------------------------------- events, and their scores

    def event(self, compact: Tree, sizes: Mapping[str, int], dtype: Any) -> Tree:
        """Events of compact ones, (S B *event); what is -1 has no part."""

    def compact(self, event: Tree, lengths: Any) -> Tree:
        """Compact events of events (S B *event), or of marginals the likeliest choices."""

    def score_of_event(self, potentials: Any, lengths: Any, event: Tree) -> Sum:
        """Sum of the log-potentials of an event's parts (S B), linear in the event."""

    def score_of_compact(self, potentials: Any, lengths: Any, compact: Tree) -> Sum:
        """The same of compact events, by looking up their parts."""

    # ------------------------------------------------------------------------------------------ differentiable samples

    def smoothed_max(self, potentials: Any, lengths: Any, choose: Choose) -> Array:
        """The recursion of the best score with every maximum replaced by `choose(candidates, axis)`, (B)."""

    def relaxed_event(self, potentials: Any, lengths: Any, choose: Choose) -> Tree:
        """The gradient of `smoothed_max` by the score of every part, (B *event): a relaxed structure (Corro & Titov
        2019; Mensch & Blondel 2018). Differentiable by the potentials.
        """

    def relaxed_walk(
        self,
        key: Array,
        potentials: Any,
        lengths: Any,
        messages: Any,
        temperature: Array,
        draws: int,
        straight_through: bool,
    ) -> Tree:
        """Events (draws B *event) of a walk from the end whose choices are softmaxes of Gumbel-perturbed local
        log-probabilities, divided by `temperature` (B): Gumbel-CRF (Fu et al. 2020). With `straight_through` they are
        hard, with the derivative of the softmax. Differentiable by the potentials.
        """

    def part_scores(self, potentials: Any) -> Tree:
        """The score of every part, (B *event): a structure's score is the sum over its parts. Linear in potentials."""

    def of_part_scores(self, scores: Tree) -> Any:
        """The potentials of a distribution given by the scores of its parts."""

    def by_parts(self) -> Structure:
        """The structure that serves potentials given by `of_part_scores`."""
