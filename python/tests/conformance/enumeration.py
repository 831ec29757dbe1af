"""A structure by enumeration: every query is a sum or a choice over a table of all structures.

Test classes (`toys.py`) and the broken versions of real ones (`mutants.py`) stand on it. Its cost is the number of
structures, and it is right where the table is.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from synjax_worker.numerics import numeric, relaxed
from synjax_worker.runtime import passes
from synjax_worker.structures.structure import Query, Sum, Tree

Lengths = dict[str, int]


class Potentials(NamedTuple):
    """A log-potential for every part of an event, the event's tree (B *leaf)."""

    parts: Tree


class Messages(NamedTuple):
    log_probs: Array  # of all structures, (S B)


class Table(NamedTuple):
    """All structures of all lengths. Leaves lead with the structures."""

    compact: Tree  # int32
    events: Tree  # bool
    lengths: Lengths  # of the items whose structure it is: (S) by name


def table_of(
    lengths: Iterable[Lengths],
    structures: Callable[[Lengths], Iterable[Tree]],
    event: Callable[[Tree], Tree],
) -> Table:
    """The table of `structures(lengths)`, which are compact, and of their events."""
    found = [(each, measured) for measured in lengths for each in structures(measured)]
    stack = lambda trees, dtype: jax.tree.map(lambda *leaves: np.stack(leaves).astype(dtype), *trees)
    measures = stack([measured for _, measured in found], np.int32)
    return Table(
        stack([each for each, _ in found], np.int32),
        stack([event(each) for each, _ in found], bool),
        measures,
    )


def once(method: Callable) -> Callable:
    """A method of potentials and lengths, computed once in a frame: nearly every query is of the same arrays."""

    @functools.wraps(method)
    def asked(self: Enumeration, potentials: Potentials, lengths: Any) -> Any:
        # Of these very lengths: a broken version may ask of others. They are kept, so that no others get their id.
        name = f"{method.__name__} by lengths {id(lengths)}"
        return passes.shared(potentials, name, lambda: (lengths, method(self, potentials, lengths)))[1]

    return asked


class Enumeration:
    """A `Structure` over a table."""

    def __init__(self, table: Table):
        self.table = table
        leaves = jax.tree.leaves(table.events)
        self.events = np.concatenate([x.reshape(len(x), -1) for x in leaves], 1)  # (S parts)
        self.codes = self.code(table.compact)  # (S)

    def code(self, compact: Tree) -> Any:
        """A number for each compact structure (... *leaf): the same for equal ones, almost never for others. Of NumPy's
        arrays it is one of NumPy's.
        """
        total: Any = 0
        for i, (known, leaf) in enumerate(
            zip(*map(jax.tree.leaves, (self.table.compact, compact)), strict=True)
        ):
            own = known.shape[1:]
            weights = np.random.default_rng(i).integers(2**31, size=own).astype(np.int32)
            products = ((leaf + 1) * weights).reshape(*leaf.shape[: leaf.ndim - len(own)], weights.size)
            total = total + products.sum(-1, dtype=np.int32)
        return total

    # ------------------------------------------------------------------------------------------ scores of all of them

    def valid(self, lengths: Any, items: int) -> Array:
        """(S B): which structures are an item's."""
        names = list(self.table.lengths)
        by_name = lengths if isinstance(lengths, Mapping) else {names[0]: lengths}
        valid = jnp.ones((len(self.codes), items), bool)
        for name in names:
            valid &= self.table.lengths[name][:, None] == by_name[name]
        return valid

    @once
    def clean(self, potentials: Potentials, lengths: Any) -> Array:
        """(B parts): potentials, 0 where no structure of the item has a part."""
        parts = _flat(potentials.parts, 1)
        used = jnp.any(self.valid(lengths, len(parts))[..., None] & self.events[:, None], 0)
        return jnp.where(used, parts, 0)

    @once
    def scores(self, potentials: Potentials, lengths: Any) -> Sum:
        """(S B), -inf for what is no structure of the item."""
        parts = self.clean(potentials, lengths)
        valid = self.valid(lengths, len(parts))
        terms = numeric.masked_product(self.events[:, None].astype(parts.dtype), parts)
        high, *rest = numeric.exact_sum(terms, -1)
        return jnp.where(valid, high, -jnp.inf), *(jnp.where(valid, x, 0) for x in rest)

    @once
    def relative(self, potentials: Potentials, lengths: Any) -> Array:
        """Scores less the best, (S B): exact at any scale."""
        pair = self.scores(potentials, lengths)
        top = jax.tree.map(lambda x: jax.lax.stop_gradient(_best_of(pair, x)), pair)
        return numeric.sum_difference(pair, (jnp.where(jnp.isneginf(top[0]), 0, top[0]), *top[1:]))

    @once
    def log_probs(self, potentials: Potentials, lengths: Any) -> Array:
        return numeric.log_normalize(self.relative(potentials, lengths), 0)

    @once
    def probs(self, potentials: Potentials, lengths: Any) -> Array:
        return jnp.exp(self.log_probs(potentials, lengths))

    # --------------------------------------------------------------------------------------------------- sums over all

    def forward(self, potentials: Potentials, lengths: Any) -> Messages:
        return Messages(jax.lax.stop_gradient(self.log_probs(potentials, lengths)))

    def possible(self, messages: Messages) -> Array:
        return jnp.any(messages.log_probs > -jnp.inf, 0)

    def log_partition(self, potentials: Potentials, lengths: Any, messages: Messages) -> Sum:
        # log Z = score - log-probability of the best structure.
        pair = self.scores(potentials, lengths)
        top = jax.tree.map(lambda x: _best_of(pair, x), pair)
        log_prob = _best_of(pair, self.log_probs(potentials, lengths))
        return *top[:2], top[2] - numeric.finite_or_zero(log_prob) * (1 / numeric.UNIT)

    def log_count(self, potentials: Potentials, lengths: Any) -> Sum:
        relative = self.relative(potentials, lengths)
        count = numeric.safe_log(jnp.sum(relative > -jnp.inf, 0).astype(relative.dtype))
        return numeric.exact_sum(count[None])

    def marginals(self, potentials: Potentials, lengths: Any, messages: Messages) -> Tree:
        probs = self.probs(potentials, lengths)
        return self._tree(jnp.sum(probs[..., None] * self.events[:, None].astype(probs.dtype), 0))

    def log_marginals(self, potentials: Potentials, lengths: Any, messages: Messages) -> Tree:
        logs = self.log_probs(potentials, lengths)[..., None]
        return self._tree(numeric.logsumexp(jnp.where(self.events[:, None], logs, -jnp.inf), 0))

    def potential_marginals(self, potentials: Potentials, lengths: Any, messages: Messages) -> Potentials:
        return Potentials(self.marginals(potentials, lengths, messages))

    def entropy(self, potentials: Potentials, lengths: Any, messages: Messages) -> Array:
        logs = self.log_probs(potentials, lengths)
        return -jnp.sum(numeric.masked_product(jnp.exp(logs), logs), 0)

    def cross_entropy(self, p: Query, q: Query) -> Array:
        return self.kl_divergence(p, q) + self.entropy(*p)

    def kl_divergence(self, p: Query, q: Query) -> Array:
        mine, theirs = self.log_probs(*p[:2]), self.log_probs(*q[:2])
        possible = mine > -jnp.inf
        gap = numeric.finite_or_zero(jnp.where(possible, mine, 0) - jnp.where(possible, theirs, 0))
        value = jnp.sum(jnp.where(possible, numeric.masked_product(jnp.exp(mine), gap), 0), 0)
        return jnp.where(jnp.any(possible & jnp.isneginf(theirs), 0), jnp.inf, value)

    # ----------------------------------------------------------------------------------------------------- one of them

    def argmax(self, potentials: Potentials, lengths: Any) -> tuple[Tree, Array]:
        compact, real = Enumeration.top_k(self, potentials, lengths, 1)
        return jax.tree.map(lambda x: x[0], compact), real[0]

    def top_k(self, potentials: Potentials, lengths: Any, k: int) -> tuple[Tree, Array]:
        relative = self.relative(potentials, lengths)
        index = _padded(jnp.argsort(-relative, 0, stable=True), k)
        return self.take(index), _padded(-jnp.sort(-relative, 0), k, -jnp.inf) > -jnp.inf

    def sample(
        self, key: Array, potentials: Potentials, lengths: Any, messages: Messages, draws: int
    ) -> Tree:
        logs = messages.log_probs
        return self.take(jax.random.categorical(key, logs, 0, shape=(draws, logs.shape[1])))

    def sample_without_replacement(
        self, key: Array, potentials: Potentials, lengths: Any, k: int
    ) -> tuple[Tree, Array]:
        logs = self.log_probs(potentials, lengths)
        gumbels = jnp.where(logs > -jnp.inf, logs + jax.random.gumbel(key, logs.shape, logs.dtype), -jnp.inf)
        order = jnp.argsort(-gumbels, 0)
        drawn = jnp.take_along_axis(logs, order, 0)
        return self.take(_padded(order, k)), _padded(drawn, k, -jnp.inf)

    def take(self, index: Array) -> Tree:
        """Compact structures by their places in the table."""
        return jax.tree.map(lambda x: jnp.asarray(x)[index], self.table.compact)

    # ----------------------------------------------------------------------------------------- events, and their scores

    def event(self, compact: Tree, sizes: Mapping[str, int], dtype: Any) -> Tree:
        found = self.code(compact)[..., None] == self.codes
        index = jnp.argmax(found, -1)
        real = jnp.any(found, -1)

        def event(x: np.ndarray) -> Array:
            picked = jnp.asarray(x)[index]
            return (picked & real.reshape(*real.shape, *[1] * (x.ndim - 1))).astype(dtype)

        return jax.tree.map(event, self.table.events)

    def compact(self, event: Tree, lengths: Any) -> Tree:
        """The structure that differs in fewest parts; of marginals, the one that is expected to."""
        parts = _flat(event, 2)
        likeness = jnp.einsum(
            "sbp,kp->ksb", 2 * parts - 1, self.events.astype(parts.dtype), precision="highest"
        )
        valid = self.valid(lengths, parts.shape[1])
        index = jnp.argmax(jnp.where(valid[:, None], likeness, -jnp.inf), 0)
        some = jnp.any(parts > 0, -1)
        clean = lambda x: jnp.where(some.reshape(*some.shape, *[1] * (x.ndim - 2)), x, -1)
        return jax.tree.map(clean, self.take(index))

    def score_of_event(self, potentials: Potentials, lengths: Any, event: Tree) -> Sum:
        return numeric.exact_sum(numeric.masked_product(_flat(event, 2), self.clean(potentials, lengths)), -1)

    def score_of_compact(self, potentials: Potentials, lengths: Any, compact: Tree) -> Sum:
        dtype = jax.tree.leaves(potentials)[0].dtype
        return self.score_of_event(potentials, lengths, self.event(compact, {}, dtype))

    # ------------------------------------------------------------------------------------------- differentiable samples

    def smoothed_max(
        self, potentials: Potentials, lengths: Any, choose: Callable[[Array, int], Array]
    ) -> Array:
        return choose(numeric.sum_value(self.scores(potentials, lengths)), 0)

    def relaxed_event(
        self, potentials: Potentials, lengths: Any, choose: Callable[[Array, int], Array]
    ) -> Tree:
        scores = numeric.sum_value(self.scores(potentials, lengths))
        _, weights = relaxed.value_and_weights(choose, scores, 0)
        return self._tree(
            jnp.einsum("sb,sp->bp", weights, self.events.astype(weights.dtype), precision="highest")
        )

    def relaxed_walk(
        self,
        key: Array,
        potentials: Potentials,
        lengths: Any,
        messages: Messages,
        temperature: Array,
        draws: int,
        straight_through: bool,
    ) -> Tree:
        """A walk of one choice, that of the structure."""
        logs = self.log_probs(potentials, lengths)
        gumbels = jax.random.gumbel(key, (draws, *logs.shape), logs.dtype)
        perturbed = jnp.where(logs > -jnp.inf, logs + gumbels, -jnp.inf) / temperature
        choose = relaxed.straight_through_softmax if straight_through else relaxed.softmax
        weights = choose(perturbed, 1)
        return self._tree(
            jnp.einsum("dsb,sp->dbp", weights, self.events.astype(logs.dtype), precision="highest")
        )

    def part_scores(self, potentials: Potentials) -> Tree:
        return potentials.parts

    def of_part_scores(self, scores: Tree) -> Potentials:
        return Potentials(scores)

    def by_parts(self) -> Enumeration:
        return self

    def _tree(self, parts: Array) -> Tree:
        """(... parts) as the event's tree."""
        leaves, tree = jax.tree.flatten(self.table.events)
        sizes = np.cumsum([math.prod(x.shape[1:]) for x in leaves])
        split = jnp.split(parts, sizes[:-1], -1)
        lead = parts.shape[:-1]
        return tree.unflatten(
            [each.reshape(*lead, *x.shape[1:]) for each, x in zip(split, leaves, strict=True)]
        )


def _flat(tree: Tree, lead: int) -> Array:
    """Leaves (*lead ...) one after the other, (*lead parts)."""
    leaves = [lax.collapse(x, lead) for x in jax.tree.leaves(tree)]
    return jnp.concatenate(leaves, -1)


def _best_of(scores: Sum, x: Array) -> Array:
    """x (S B) at the best score of each item, up to rounding."""
    high, middle, low = jax.lax.stop_gradient(
        scores
    )  # in units of their own: as one float they may be too large
    best = jnp.argmax(high + (middle + low), 0)
    return jnp.take_along_axis(x, best[None], 0)[0]


def _padded(x: Array, k: int, filler: float = 0) -> Array:
    """The first k of (S B), with a filler where there are fewer."""
    return jnp.pad(x[:k], ((0, max(k - len(x), 0)), (0, 0)), constant_values=filler)
