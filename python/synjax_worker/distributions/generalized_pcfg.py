"""GeneralizedPCFG."""

from __future__ import annotations

from typing import Any

from jax import Array
from jaxtyping import Float, Int

from ..registry import distribution
from ..structures.grammar import Grammar, Potentials
from . import batching
from .declared import length, option, potential
from .parses import Parses, normalized_grammar


@distribution
class GeneralizedPCFG(Parses):
    """Probabilistic context-free grammar, given a sentence by the scores of its words' preterminals.

    A tree has a nonterminal for every span of more than one word and a preterminal for every word. Its score is the sum
    of the log-probabilities of the whole sentence's nonterminal and of all rules, and of the preterminals' scores.
    `log_partition` is the log-likelihood of the sentence where these are log-likelihoods of words, `log_prob` the
    log-posterior of a tree. Rules are binary: a sentence of one word has no tree.

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
      preterminal_scores: `[i, b]` scores the preterminal b of word i; taken as they are.
      root: logits of the nonterminal of the whole sentence.
      rule: `[a, b, c]` are the logits of a span of nonterminal a having parts of symbols b and c.
      lengths: how many words each item has, 1 to n; all n where left out.
      normalize: whether root and rules are normalized by log-softmax; otherwise they are taken as they are. A
        temperature divides what is normalized, and does not normalize again.

    Example:
      >>> import jax.numpy as jnp
      >>> from synjax_worker.distributions import GeneralizedPCFG
      >>> noun, verb = 1, 2  # after the only nonterminal
      >>> rule = jnp.full((1, 3, 3), -jnp.inf).at[0, noun, 0].set(0.0).at[0, verb, noun].set(0.0)
      >>> tags = jnp.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
      >>> pcfg = GeneralizedPCFG(preterminal_scores=tags, root=jnp.zeros(1), rule=rule)
      >>> tree = pcfg.decode(pcfg.argmax())
      >>> tree["spans"].tolist(), tree["tags"].tolist()
      ([[0, 2, 0], [1, 2, 0]], [0, 1, 0])
    """

    structure = Grammar()

    preterminal_scores: Float[Array, "*batch n pt"] = potential(keyword=True)
    root: Float[Array, "*batch nt"] = potential(keyword=True)
    rule: Float[Array, "*batch nt nt+pt nt+pt"] = potential(keyword=True)
    lengths: Int[Array, "*batch"] | None = length("n", least=1, keyword=True)
    normalize: bool = option(True)

    def _settle(self, given: dict[str, Any]) -> dict[str, Any]:
        """Logits are normalized once."""
        return normalized_grammar(given) | {"normalize": False}

    def _item_potentials(self) -> Potentials:
        batch = self.batch_shape
        return Potentials(
            batching.flatten_shared(self.root, batch, 1),
            batching.flatten_shared(self.rule, batch, 3),
            batching.flatten_batch(self.preterminal_scores, batch, 2),
        )
