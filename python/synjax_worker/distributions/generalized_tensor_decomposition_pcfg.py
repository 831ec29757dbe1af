"""GeneralizedTensorDecompositionPCFG."""

from __future__ import annotations

from typing import Any

from jax import Array
from jaxtyping import Float, Int

from ..registry import distribution
from ..structures.rank_grammar import Potentials, RankGrammar
from . import batching
from .declared import length, option, potential
from .parses import Parses, normalized_ranks


@distribution
class GeneralizedTensorDecompositionPCFG(Parses):
    """Probabilistic context-free grammar with rules of low rank, given a sentence by the scores of its words'
    preterminals.

    The probability of a rule is a sum over r ranks: rule[a, b, c] is the sum over k of nt_to_rank[a, k] *
    rank_to_left_nt[k, b] * rank_to_right_nt[k, c], as probabilities. So a grammar may have hundreds of symbols. Trees,
    their events and their scores are those of `GeneralizedPCFG` with these rules: ranks are summed over, and are no
    part of a tree.

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
      preterminal_scores: `[i, b]` scores the preterminal b of word i; taken as they are.
      root: logits of the nonterminal of the whole sentence.
      nt_to_rank: `[a, k]` are the logits of a span of nonterminal a having rank k.
      rank_to_left_nt: `[k, b]` are the logits of the left part of rank k having symbol b.
      rank_to_right_nt: `[k, c]` those of the right part having symbol c.
      lengths: how many words each item has, 1 to n; all n where left out.
      normalize: whether all but the scores of words are normalized by log-softmax; otherwise they are taken as they
        are. A temperature divides what is normalized, and does not normalize again.

    Example:
      >>> import jax.numpy as jnp
      >>> from synjax_worker.distributions import GeneralizedTensorDecompositionPCFG
      >>> never = -jnp.inf  # symbols: sentence, noun, verb; ranks: noun and sentence, verb and noun
      >>> pcfg = GeneralizedTensorDecompositionPCFG(
      ...     preterminal_scores=jnp.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]),
      ...     root=jnp.zeros(1),
      ...     nt_to_rank=jnp.zeros((1, 2)),
      ...     rank_to_left_nt=jnp.array([[never, 0.0, never], [never, never, 0.0]]),
      ...     rank_to_right_nt=jnp.array([[0.0, never, never], [never, 0.0, never]]),
      ... )
      >>> tree = pcfg.decode(pcfg.argmax())
      >>> tree["spans"].tolist(), tree["tags"].tolist()
      ([[0, 2, 0], [1, 2, 0]], [0, 1, 0])
    """

    structure = RankGrammar()

    preterminal_scores: Float[Array, "*batch n pt"] = potential(keyword=True)
    root: Float[Array, "*batch nt"] = potential(keyword=True)
    nt_to_rank: Float[Array, "*batch nt r"] = potential(keyword=True)
    rank_to_left_nt: Float[Array, "*batch r nt+pt"] = potential(keyword=True)
    rank_to_right_nt: Float[Array, "*batch r nt+pt"] = potential(keyword=True)
    lengths: Int[Array, "*batch"] | None = length("n", least=1, keyword=True)
    normalize: bool = option(True)

    def _settle(self, given: dict[str, Any]) -> dict[str, Any]:
        """Logits are normalized once."""
        return normalized_ranks(given) | {"normalize": False}

    def _item_potentials(self) -> Potentials:
        batch = self.batch_shape
        return Potentials(
            batching.flatten_shared(self.root, batch, 1),
            batching.flatten_shared(self.nt_to_rank, batch, 2),
            batching.flatten_shared(self.rank_to_left_nt, batch, 2),
            batching.flatten_shared(self.rank_to_right_nt, batch, 2),
            batching.flatten_batch(self.preterminal_scores, batch, 2),
        )
