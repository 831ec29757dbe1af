"""Grammars' trees, and the mistakes that they invite."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import PCFG, GeneralizedPCFG

from ..case import BEYOND_FLOAT64, KINDS, BadInput, Lengths
from ..enumerator import Enumerator, enumerates

# Normalizing rounds logits to their own precision, 1e-3 at 1e4. The other form takes them as they are.
KINDS_OF_LOGITS = tuple(kind for kind in KINDS if kind not in ("large", "gap", *BEYOND_FLOAT64))

Row = tuple[int, int, int]  # start, end (inclusive), symbol


class Trees(Enumerator):
    """Symbols are nonterminals and then preterminals."""

    def structures(self, lengths: Lengths) -> Iterator[Any]:
        words, length = self.sizes["n"], lengths["lengths"]
        for rows in self.trees(0, length - 1) if length > 1 else ():
            spans = [row for row in rows if row[1] > row[0]]
            tags = [row[2] - self.sizes["nt"] for row in rows if row[1] == row[0]]
            yield {
                "spans": np.array([*spans, *[(-1, -1, -1)] * (words - 1 - len(spans))]),
                "tags": np.array([*tags, *[-1] * (words - length)]),
            }

    def trees(self, start: int, end: int) -> Iterator[list[Row]]:
        """Of the words from `start` to `end`: each span before its parts, words among them."""
        nonterminals, preterminals = self.sizes["nt"], self.sizes["pt"]
        if start == end:
            yield from ([(start, end, nonterminals + tag)] for tag in range(preterminals))
            return
        for split, label in itertools.product(range(start, end), range(nonterminals)):
            for left in self.trees(start, split):
                for right in self.trees(split + 1, end):
                    yield [(start, end, label), *left, *right]

    def event(self, compact: Any) -> Any:
        words, nonterminals, preterminals = (self.sizes[name] for name in ("n", "nt", "pt"))
        chart, tags = np.zeros((words, words, nonterminals), bool), np.zeros((words, preterminals), bool)
        spans = compact["spans"].reshape(-1, 3)
        chart[tuple(spans[spans[:, 0] >= 0].T)] = True
        length = np.sum(compact["tags"] >= 0)
        tags[np.arange(length), compact["tags"][:length]] = True
        return {"chart": chart, "tags": tags}

    def log_probs(self, item: Any) -> Any:
        """root, rule and preterminal scores, float64."""
        raise NotImplementedError

    def _terms(self, item, lengths, events):
        """Of every tree what it uses: the root, rules and preterminals, one after the other."""
        return self.uses(*self.log_probs(item), events)

    def uses(self, root, rule, scores, events) -> np.ndarray:
        terms = [
            self._uses(root, rule, scores, chart, tags)
            for chart, tags in zip(events["chart"], events["tags"], strict=True)
        ]
        return np.array(terms, np.float64).reshape(len(terms), 2 * self.sizes["n"])

    def _uses(self, root, rule, scores, chart: np.ndarray, tags: np.ndarray) -> np.ndarray:
        terms, length = np.zeros(2 * self.sizes["n"]), int(tags.sum())
        symbol = {(i, i): self.sizes["nt"] + int(np.argmax(tags[i])) for i in range(length)}
        symbol |= {(i, j): int(a) for i, j, a in np.argwhere(chart)}
        wide = [span for span in symbol if span[1] > span[0]]
        terms[0] = root[symbol[0, length - 1]]
        for at, (start, end) in enumerate(wide):
            (split,) = (k for k in range(start, end) if (start, k) in symbol and (k + 1, end) in symbol)
            terms[1 + at] = rule[symbol[start, end], symbol[start, split], symbol[split + 1, end]]
        terms[self.sizes["n"] :][:length] = scores[:length][tags[:length]]
        return terms

    def parts(self, arrays, lengths):
        """A part of an event has no score of its own, the rules have that it uses."""
        words, nonterminals, preterminals = (self.sizes[name] for name in ("n", "nt", "pt"))
        return {"chart": np.zeros((words, words, nonterminals)), "tags": np.zeros((words, preterminals))}


@enumerates(GeneralizedPCFG)
class Unnormalized(Trees):
    name = "GeneralizedPCFG"
    sizes = {"n": 4, "nt": 2, "pt": 1}
    potentials = ("preterminal_scores", "root", "rule")
    options = {"normalize": False}
    thorough = True

    def without_structures(self, arrays, lengths):
        arrays["preterminal_scores"][lengths["lengths"] - 1] = -np.inf
        return arrays

    def log_probs(self, item):
        return [item[name].astype(np.float64) for name in ("root", "rule", "preterminal_scores")]

    def bad_inputs(self) -> Iterator[BadInput]:
        good = {
            "preterminal_scores": jnp.zeros((2, 5, 2)),
            "root": jnp.zeros(3),
            "rule": jnp.zeros((3, 5, 5)),
        }
        made = lambda **changed: GeneralizedPCFG(**good | changed)
        yield BadInput("rules of other symbols", "rule", lambda: made(rule=jnp.zeros((3, 6, 6))))
        yield BadInput("rules that are no square", "rule", lambda: made(rule=jnp.zeros((3, 5, 4))))
        yield BadInput("roots that differ", "root", lambda: made(root=jnp.zeros(4)))


# Each rule, root and word is a distribution.


def log_softmax(x: np.ndarray) -> np.ndarray:
    """Of the last axis."""
    x = x.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        top = np.where(np.isneginf(x.max(-1, keepdims=True)), 0, x.max(-1, keepdims=True))
        total = np.exp(x - top).sum(-1, keepdims=True)
        return x - top - np.log(np.where(total == 0, 1, total))


@enumerates(PCFG)
class OfWords(Trees):
    name = "PCFG"
    sizes = {"n": 4, "nt": 1, "pt": 2, "v": 3}
    potentials = ("emission", "root", "rule")
    shared = ("root", "rule")

    def kinds(self):
        return KINDS_OF_LOGITS

    def make(self, rng, kind, lengths):
        mine, other = super().make(rng, kind, lengths)
        words = rng.integers(0, self.sizes["v"], self.sizes["n"]).astype(np.int32)
        for arrays in (mine, other):
            for name in self.potentials:
                arrays[name] = with_a_choice(arrays[name])
            arrays["word_ids"] = words
        if kind == "nothing":
            for arrays in (mine, other):
                arrays["emission"][:, words[lengths["lengths"] - 1]] = -np.inf
        return mine, other

    def log_probs(self, item):
        seen = np.maximum(item["word_ids"], 0)  # negative beyond the lengths
        return normalized(item["root"], item["rule"], log_softmax(item["emission"])[:, seen].T)

    def bad_inputs(self) -> Iterator[BadInput]:
        good = {"emission": jnp.zeros((2, 7)), "root": jnp.zeros(3), "rule": jnp.zeros((3, 5, 5))}
        made = lambda words, **changed: PCFG(**good | changed, word_ids=jnp.array(words))
        yield BadInput("rules of other symbols", "rule", lambda: made([1, 2], rule=jnp.zeros((3, 6, 6))))
        yield BadInput("a word too large", "word_ids", lambda: made([1, 7]))
        yield BadInput("a negative word", "word_ids", lambda: made([1, -1]))
        yield BadInput("no words", "word_ids", lambda: PCFG(**good, word_ids=None))


@enumerates(PCFG)
class OfUnnormalizedWords(OfWords):
    """As it is given, so that scales of all kinds can be tried."""

    name = "PCFG-unnormalized"
    sizes = {"n": 3, "nt": 2, "pt": 2, "v": 3}
    options = {"normalize": False}
    shared = ()
    float32 = True

    def kinds(self):
        return KINDS

    def log_probs(self, item):
        seen = np.maximum(item["word_ids"], 0)
        return [item["root"], item["rule"], item["emission"][:, seen].T]

    def bad_inputs(self) -> Iterator[BadInput]:
        yield from ()


def normalized(root: np.ndarray, rule: np.ndarray, scores: np.ndarray) -> list[np.ndarray]:
    flat = log_softmax(rule.reshape(len(rule), -1))
    return [log_softmax(root), flat.reshape(rule.shape), scores.astype(np.float64)]


def with_a_choice(x: np.ndarray) -> np.ndarray:
    """What forbids everything is no distribution: there the last is allowed."""
    flat = x.reshape(*x.shape[:1], -1) if x.ndim > 1 else x
    flat[..., -1] = np.where(np.isneginf(flat).all(-1), 0, flat[..., -1])
    return x
