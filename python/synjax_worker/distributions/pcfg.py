"""PCFG."""

from __future__ import annotations

from typing import Any

from jax import Array
from jaxtyping import Float, Int

from ..numerics import numeric
from ..registry import distribution
from ..structures.grammar import Grammar, Potentials
from . import batching
from .declared import data, length, option, potential
from .parses import Parses, normalized_grammar, scores_of_words


@distribution
class PCFG(Parses):
    """Probabilistic context-free grammar over the trees of a sentence of n words.

    The whole sentence has a nonterminal by `root`, every span of more than one word has parts by `rule`, and every
    preterminal emits a word by `emission`. `unnormalized_log_prob` of a tree is the joint log-probability of tree and
    sentence, `log_partition` the log-likelihood of the sentence, `log_prob` the log-posterior of the tree. Rules are
    binary: a sentence of one word has no tree.

    An event is a chart (n n nt), with a 1 at [i, j, a] for the span of words i to j, both inclusive, with nonterminal
    a, and tags (n pt). Its compact form is a row of start, end and nonterminal for every span, each before its parts
    and the left part before the right, and the preterminal of each word. Symbols are the nt nonterminals and then the
    pt preterminals. A score is not linear in the event, as it is in other classes: the rules are products of its parts.
    `marginals` are those of spans and tags, `marginals_for_template_variables` how often each parameter is used.

    Cost per item: every query O(n^3 s^2 + n^2 nt s^2), of s = nt + pt symbols; top-k and drawing k without replacement
    O(n k s^2) more, each of many samples O(n s^2). Memory O(n^2 s^2). Values are exact in float32 at any scale.

    Source: Baker (1979), "Trainable grammars for speech recognition"; Eisner (2016), "Inside-outside and
    forward-backward algorithms are just backprop", section 7.1, on the distribution of trees given a sentence. Drawing
    without replacement is Kool, van Hoof & Welling (2019).

    Args:
      emission: logits of the v words of each preterminal.
      root: logits of the nonterminal of the whole sentence.
      rule: `[a, b, c]` are the logits of a span of nonterminal a having parts of symbols b and c.
      word_ids: the words of each sentence, 0 to v-1.
      lengths: how many words each item has, 1 to n; all n where left out.
      normalize: whether logits are normalized by log-softmax; otherwise they are taken as they are. A temperature
        divides what is normalized, and does not normalize again.

    Example:
      >>> import jax.numpy as jnp
      >>> from synjax_worker.distributions import PCFG
      >>> noun, verb = 1, 2  # after the only nonterminal
      >>> rule = jnp.full((1, 3, 3), -jnp.inf).at[0, noun, 0].set(0.0).at[0, verb, noun].set(0.0)
      >>> emission = jnp.log(jnp.array([[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]]))  # I, fish, swim
      >>> pcfg = PCFG(emission, jnp.zeros(1), rule, word_ids=jnp.array([0, 1, 1]))
      >>> pcfg.decode(pcfg.argmax())["tags"].tolist(), float(jnp.exp(pcfg.log_partition()).round(6))
      ([0, 1, 0], 0.015625)
    """

    structure = Grammar()

    emission: Float[Array, "*batch pt v"] = potential()
    root: Float[Array, "*batch nt"] = potential()
    rule: Float[Array, "*batch nt nt+pt nt+pt"] = potential()
    word_ids: Int[Array, "*batch n"] = data(below="v")
    lengths: Int[Array, "*batch"] | None = length("n", least=1, keyword=True)
    normalize: bool = option(True)

    def _settle(self, given: dict[str, Any]) -> dict[str, Any]:
        """Logits are normalized once."""
        given = normalized_grammar(given)
        if given["normalize"] and given["emission"].ndim:
            given["emission"] = numeric.log_normalize(given["emission"])
        return given | {"normalize": False}

    def _item_potentials(self) -> Potentials:
        batch = self.batch_shape
        return Potentials(
            batching.flatten_shared(self.root, batch, 1),
            batching.flatten_shared(self.rule, batch, 3),
            batching.flatten_batch(scores_of_words(self.emission, self.word_ids), batch, 2),
        )
