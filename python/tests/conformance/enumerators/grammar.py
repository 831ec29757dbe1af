"""Grammars' trees, and the mistakes that they invite."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import GeneralizedPCFG

from ..case import BadInput, Lengths
from ..enumerator import Enumerator, enumerates

Row = tuple[int, int, int]  # start, end (inclusive), symbol


class Trees(Enumerator):
    """Symbols are nonterminals and then preterminals."""

    sizes = {"n": 4, "nt": 2, "pt": 2}

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
        root, rule, scores = self.log_probs(item)
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
    name = "GeneralizedPCFG-unnormalized"
    potentials = ("preterminal_scores", "root", "rule")
    options = {"normalize": False}
    thorough = True
    float32 = True

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
