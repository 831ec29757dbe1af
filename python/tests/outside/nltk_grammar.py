"""Writes nltk_grammar.json: the parses of sentences by a toy grammar and their probabilities, as NLTK has them.

python tests/outside/nltk_grammar.py    # with any Python that has nltk
"""

from __future__ import annotations

import json
from pathlib import Path

import nltk

GRAMMAR = """
    S -> NP VP [0.7] | N VP [0.2] | NP V [0.05] | N V [0.05]
    NP -> D N [0.6] | NP PP [0.3] | N PP [0.1]
    VP -> V NP [0.5] | VP PP [0.3] | V N [0.2]
    PP -> P NP [0.8] | P N [0.2]
    D -> 'the' [0.7] | 'a' [0.3]
    N -> 'man' [0.3] | 'park' [0.2] | 'telescope' [0.2] | 'saw' [0.1] | 'ducks' [0.2]
    V -> 'saw' [0.6] | 'ducks' [0.1] | 'man' [0.3]
    P -> 'in' [0.6] | 'with' [0.4]
"""
SENTENCES = [
    "the man saw a park",
    "ducks saw ducks",
    "the man saw the park with a telescope",
    "the man saw ducks in the park with a telescope",
    "man ducks",
    "the the man",
]


def span_rows(tree: nltk.Tree, start: int, labels: list[str]) -> list[list[int]]:
    """Of what is wider than a word: start, end and nonterminal, each before its parts."""
    if len(tree) == 1:
        return []
    left, right = tree
    width = len(left.leaves())
    own = [start, start + len(tree.leaves()) - 1, labels.index(tree.label())]
    return [own, *span_rows(left, start, labels), *span_rows(right, start + width, labels)]


def main() -> None:
    grammar = nltk.PCFG.fromstring(GRAMMAR)
    parser = nltk.parse.pchart.InsideChartParser(grammar)
    nonterminals, preterminals = ["S", "NP", "VP", "PP"], ["D", "N", "V", "P"]
    symbols = [*nonterminals, *preterminals]
    rules, emissions = [], []
    for production in grammar.productions():
        label = production.lhs().symbol()
        if label in preterminals:
            emissions.append([preterminals.index(label), production.rhs()[0], production.prob()])
        else:
            left, right = (symbols.index(each.symbol()) for each in production.rhs())
            rules.append([nonterminals.index(label), left, right, production.prob()])
    vocabulary = sorted({word for _, word, _ in emissions})
    found = []
    for sentence in SENTENCES:
        words = sentence.split()
        parses = [
            {
                "spans": span_rows(tree, 0, nonterminals),
                "tags": [
                    preterminals.index(each.label()) for each in tree.subtrees(lambda x: x.height() == 2)
                ],
                "probability": tree.prob(),
            }
            for tree in parser.parse(words)
        ]
        found.append({"words": [vocabulary.index(word) for word in words], "parses": parses})
    made = {
        "nonterminals": len(nonterminals),
        "preterminals": len(preterminals),
        "words": len(vocabulary),
        "rules": rules,
        "emissions": [[tag, vocabulary.index(word), prob] for tag, word, prob in emissions],
        "sentences": found,
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(made, indent=1) + "\n")
    print({sentence: len(each["parses"]) for sentence, each in zip(SENTENCES, found, strict=True)})


if __name__ == "__main__":
    main()
