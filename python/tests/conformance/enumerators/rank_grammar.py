"""Grammars of low rank: the trees of any grammar, by rules that are sums over ranks."""

from __future__ import annotations

import math
from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import GeneralizedTensorDecompositionPCFG, TensorDecompositionPCFG

from ..case import KINDS, BadInput
from ..enumerator import enumerates
from .grammar import KINDS_OF_LOGITS, OfWords, Trees, log_softmax

FACTORS = ("nt_to_rank", "rank_to_left_nt", "rank_to_right_nt")


def by_rank(to_rank: np.ndarray, to_left: np.ndarray, to_right: np.ndarray) -> np.ndarray:
    """(nt s s r 3): the three log-probabilities whose sum is that of a rule by a rank."""
    shape = len(to_rank), to_left.shape[1], to_right.shape[1], len(to_left)
    spread = to_rank[:, None, None], to_left.T[:, None], to_right.T
    return np.stack([np.broadcast_to(x, shape) for x in spread], -1)


def shares(ways: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of ways to use a rule (r 3): the best, the log of what all are beside it, and each one's share; exact at any
    scale.
    """
    allowed = ~np.isneginf(ways).any(1)
    if not allowed.any():
        return np.full(3, -np.inf), np.zeros(()), np.zeros(len(ways))
    best = max(np.flatnonzero(allowed), key=lambda r: (math.fsum(ways[r]), r))
    while True:  # what is rounded to the same sum may still differ
        beside = np.array(
            [
                math.fsum([*row, *-ways[best]]) if ok else -np.inf
                for row, ok in zip(ways, allowed, strict=True)
            ]
        )
        if not beside.max() > 0:  # or NaN
            break
        best = beside.argmax()
    weights = np.exp(beside)
    return ways[best], np.log(weights.sum()), weights / weights.sum()


class OfLowRank(Trees):
    """A rule has four terms: the best of its ranks, and what the others add."""

    def factors(self, item) -> tuple[np.ndarray, ...]:
        return tuple(item[name].astype(np.float64) for name in FACTORS)

    def terms(self, item, lengths, events):
        return self._terms(item, lengths, events)

    def _terms(self, item, lengths, events):
        root, scores = self.log_probs(item)
        terms = np.moveaxis(self.rules(self.factors(item)), -1, 0)
        used = [self.uses(np.zeros_like(root), rule, np.zeros_like(scores), events) for rule in terms]
        return np.concatenate([self.uses(root, np.zeros_like(terms[0]), scores, events), *used], 1)

    def rules(self, factors) -> np.ndarray:
        """(nt s s 4)."""
        ways = by_rank(*factors)
        found = [np.append(*shares(each)[:2]) for each in ways.reshape(-1, *ways.shape[-2:])]
        return np.reshape(found, (*ways.shape[:3], 4))

    def changes(self, item, direction, lengths, events):
        ways, moved = by_rank(*self.factors(item)), by_rank(*self.factors(direction)).sum(-1)
        weights = [shares(each)[2] for each in ways.reshape(-1, *ways.shape[-2:])]
        rule = (np.reshape(weights, moved.shape) * moved).sum(-1)
        root, scores = self.log_probs(direction)
        return self.uses(root, rule, scores, events).sum(1)

    def log_probs(self, item):
        """root and preterminal scores, float64."""
        raise NotImplementedError


@enumerates(GeneralizedTensorDecompositionPCFG)
class Unnormalized(OfLowRank):
    name = "GeneralizedTensorDecompositionPCFG"
    sizes = {"n": 3, "nt": 2, "pt": 1, "r": 4}
    potentials = ("preterminal_scores", "root", *FACTORS)
    options = {"normalize": False}
    thorough = True
    relaxes = False  # as any grammar with the same rules

    def without_structures(self, arrays, lengths):
        arrays["preterminal_scores"][lengths["lengths"] - 1] = -np.inf
        return arrays

    def log_probs(self, item):
        return [item[name].astype(np.float64) for name in ("root", "preterminal_scores")]

    def bad_inputs(self) -> Iterator[BadInput]:
        good = {
            "preterminal_scores": jnp.zeros((2, 5, 2)),
            "root": jnp.zeros(3),
            "nt_to_rank": jnp.zeros((3, 4)),
            "rank_to_left_nt": jnp.zeros((4, 5)),
            "rank_to_right_nt": jnp.zeros((4, 5)),
        }
        made = lambda **changed: GeneralizedTensorDecompositionPCFG(**good | changed)
        for name in FACTORS:
            yield BadInput(
                f"{name} of other symbols", name, lambda name=name: made(**{name: jnp.zeros((4, 6))})
            )
        yield BadInput("roots that differ", "root", lambda: made(root=jnp.zeros(4)))


@enumerates(TensorDecompositionPCFG)
class OfWordsByRank(OfLowRank, OfWords):
    """Each factor, root and word is a distribution."""

    name = "TensorDecompositionPCFG"
    sizes = {"n": 4, "nt": 1, "pt": 2, "r": 2, "v": 3}
    potentials = ("emission", "root", *FACTORS)
    shared = ("root", *FACTORS)

    def kinds(self):
        return KINDS_OF_LOGITS

    def factors(self, item):
        return tuple(log_softmax(item[name]) for name in FACTORS)

    def log_probs(self, item):
        seen = np.maximum(item["word_ids"], 0)
        return log_softmax(item["root"]), log_softmax(item["emission"])[:, seen].T

    def bad_inputs(self) -> Iterator[BadInput]:
        good = {
            "emission": jnp.zeros((2, 7)),
            "root": jnp.zeros(3),
            "nt_to_rank": jnp.zeros((3, 4)),
            "rank_to_left_nt": jnp.zeros((4, 5)),
            "rank_to_right_nt": jnp.zeros((4, 5)),
        }
        made = lambda words, **changed: TensorDecompositionPCFG(**good | changed, word_ids=jnp.array(words))
        yield BadInput("ranks that differ", "nt_to_rank", lambda: made([1, 2], nt_to_rank=jnp.zeros((3, 3))))
        yield BadInput("a word too large", "word_ids", lambda: made([1, 7]))
        yield BadInput("no words", "word_ids", lambda: TensorDecompositionPCFG(**good, word_ids=None))


@enumerates(TensorDecompositionPCFG)
class OfUnnormalizedWordsByRank(OfWordsByRank):
    """As it is given, so that scales of all kinds can be tried."""

    name = "TensorDecompositionPCFG-unnormalized"
    sizes = {"n": 3, "nt": 2, "pt": 2, "r": 2, "v": 3}
    options = {"normalize": False}
    shared = ()
    float32 = True

    def kinds(self):
        return KINDS

    def factors(self, item):
        return Unnormalized.factors(self, item)

    def log_probs(self, item):
        seen = np.maximum(item["word_ids"], 0)
        return item["root"], item["emission"][:, seen].T

    def bad_inputs(self) -> Iterator[BadInput]:
        yield from ()
