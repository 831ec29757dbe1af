"""TensorDecompositionPCFG."""

from __future__ import annotations

from typing import Any

from jax import Array
from jaxtyping import Float, Int

from ..numerics import numeric
from ..registry import distribution
from ..structures.rank_grammar import Potentials, RankGrammar
from . import batching
from .declared import data, length, option, potential
from .parses import Parses, normalized_ranks, scores_of_words


@distribution
class TensorDecompositionPCFG(Parses):
    """Probabilistic context-free grammar with rules of low rank over the trees of a sentence of n words.

    The probability of a rule is a sum over r ranks: rule[a, b, c] is the sum over k of nt_to_rank[a, k] *
    rank_to_left_nt[k, b] * rank_to_right_nt[k, c], as probabilities. So a grammar may have hundreds of symbols. Trees,
    their events and their scores are those of `PCFG` with these rules: ranks are summed over, and are no part of a
    tree. `unnormalized_log_prob` of a tree is the joint log-probability of tree and sentence, `log_partition` the
    log-likelihood of the sentence, `log_prob` the log-posterior of the tree.

    An event is a chart (n n nt), with a 1 at [i, j, a] for the span of words i to j, both inclusive, with nonterminal
    a, and tags (n pt). Its compact form is a row of start, end and nonterminal for every span, each before its parts
    and the left part before the right, and the preterminal of each word. Symbols are the nt nonterminals and then the
    pt preterminals. Rules are binary: a sentence of one word has no tree. `marginals` are those of spans and tags,
    `marginals_for_template_variables` how often each parameter is used.

    Cost per item: log-partition, marginals and their gradients O(n^3 r + n^2 r s), of s = nt + pt symbols, and each
    sample O(n (n + r + s)) more. Everything else makes the rules, as maxima and entropies are not found by ranks:
    O(nt s^2 r + n^3 s^2 + n^2 nt s^2), memory O(n^2 s^2). Values are exact in float32 at any scale.

    Source: Cohen, Satta & Collins (2013), "Approximate PCFG parsing using tensor decomposition"; Yang, Liu & Tu (2022),
    "Dynamic programming in rank space", section 4.2.

    Args:
      emission: logits of the v words of each preterminal.
      root: logits of the nonterminal of the whole sentence.
      nt_to_rank: `[a, k]` are the logits of a span of nonterminal a having rank k.
      rank_to_left_nt: `[k, b]` are the logits of the left part of rank k having symbol b.
      rank_to_right_nt: `[k, c]` those of the right part having symbol c.
      word_ids: the words of each sentence, 0 to v-1.
      lengths: how many words each item has, 1 to n; all n where left out.
      normalize: whether logits are normalized by log-softmax; otherwise they are taken as they are. A temperature
        divides what is normalized, and does not normalize again.

    Example:
      >>> import jax.numpy as jnp
      >>> from synjax_worker.distributions import TensorDecompositionPCFG
      >>> never = -jnp.inf  # symbols: sentence, noun, verb; ranks: noun and sentence, verb and noun
      >>> pcfg = TensorDecompositionPCFG(
      ...     jnp.log(jnp.array([[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]])),  # I, fish, swim
      ...     root=jnp.zeros(1),
      ...     nt_to_rank=jnp.zeros((1, 2)),
      ...     rank_to_left_nt=jnp.array([[never, 0.0, never], [never, never, 0.0]]),
      ...     rank_to_right_nt=jnp.array([[0.0, never, never], [never, 0.0, never]]),
      ...     word_ids=jnp.array([0, 1, 1]),
      ... )
      >>> pcfg.decode(pcfg.argmax())["tags"].tolist(), float(jnp.exp(pcfg.log_partition()).round(6))
      ([0, 1, 0], 0.015625)
    """

    structure = RankGrammar()

    emission: Float[Array, "*batch pt v"] = potential()
    root: Float[Array, "*batch nt"] = potential()
    nt_to_rank: Float[Array, "*batch nt r"] = potential()
    rank_to_left_nt: Float[Array, "*batch r nt+pt"] = potential()
    rank_to_right_nt: Float[Array, "*batch r nt+pt"] = potential()
    word_ids: Int[Array, "*batch n"] = data(below="v")
    lengths: Int[Array, "*batch"] | None = length("n", least=1, keyword=True)
    normalize: bool = option(True)

    def _settle(self, given: dict[str, Any]) -> dict[str, Any]:
        """Logits are normalized once."""
        given = normalized_ranks(given)
        if given["normalize"] and given["emission"].ndim:
            given["emission"] = numeric.log_normalize(given["emission"])
        return given | {"normalize": False}

    def _item_potentials(self) -> Potentials:
        batch = self.batch_shape
        return Potentials(
            batching.flatten_shared(self.root, batch, 1),
            batching.flatten_shared(self.nt_to_rank, batch, 2),
            batching.flatten_shared(self.rank_to_left_nt, batch, 2),
            batching.flatten_shared(self.rank_to_right_nt, batch, 2),
            batching.flatten_batch(scores_of_words(self.emission, self.word_ids), batch, 2),
        )
