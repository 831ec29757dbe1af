// Generated from the Python registry by `npm run generate`; do not edit.
import type { IntDType } from "../ops/dtypes.ts";
import { checkMethods } from "../program/signatures.ts";
import type { FloatDType, TensorLike } from "../tensor/tensor.ts";
import type { Declaration } from "./declaration.ts";
import { Distribution } from "./distribution.ts";
import type { EventOf } from "./events.ts";

/** What `new TensorDecompositionPCFG` takes. */
export interface TensorDecompositionPCFGOptions<F extends FloatDType = "float32"> {
  /** `(*batch pt v)`: logits of the v words of each preterminal. */
  readonly emission: TensorLike<F>;
  /** `(*batch nt)`: logits of the nonterminal of the whole sentence. */
  readonly root: TensorLike<F>;
  /** `(*batch nt r)`: `[a, k]` are the logits of a span of nonterminal a having rank k. */
  readonly ntToRank: TensorLike<F>;
  /** `(*batch r nt+pt)`: `[k, b]` are the logits of the left part of rank k having symbol b. */
  readonly rankToLeftNt: TensorLike<F>;
  /** `(*batch r nt+pt)`: `[k, c]` those of the right part having symbol c. */
  readonly rankToRightNt: TensorLike<F>;
  /** `(*batch n)`: the words of each sentence, 0 to v-1. */
  readonly wordIds: TensorLike<IntDType>;
  /** `(*batch)`: how many words each item has, 1 to n; all n where left out. */
  readonly lengths?: TensorLike<IntDType>;
  /**
   * Whether logits are normalized by log-softmax; otherwise they are taken as they are. A temperature
   * divides what is normalized, and does not normalize again.
   */
  readonly normalize?: boolean;
}

const declaration: Declaration = {
  name: "TensorDecompositionPCFG",
  parameters: [
    {
      name: "emission",
      python: "emission",
      role: "potential",
      optional: false,
      kinds: [{ kind: "float", dims: "*batch pt v" }],
    },
    {
      name: "root",
      python: "root",
      role: "potential",
      optional: false,
      kinds: [{ kind: "float", dims: "*batch nt" }],
    },
    {
      name: "ntToRank",
      python: "nt_to_rank",
      role: "potential",
      optional: false,
      kinds: [{ kind: "float", dims: "*batch nt r" }],
    },
    {
      name: "rankToLeftNt",
      python: "rank_to_left_nt",
      role: "potential",
      optional: false,
      kinds: [{ kind: "float", dims: "*batch r nt+pt" }],
    },
    {
      name: "rankToRightNt",
      python: "rank_to_right_nt",
      role: "potential",
      optional: false,
      kinds: [{ kind: "float", dims: "*batch r nt+pt" }],
    },
    {
      name: "wordIds",
      python: "word_ids",
      role: "data",
      optional: false,
      kinds: [{ kind: "int", dims: "*batch n" }],
      below: "v",
    },
    {
      name: "lengths",
      python: "lengths",
      role: "length",
      optional: true,
      kinds: [{ kind: "int", dims: "*batch" }],
      bounds: "n",
      least: 1,
    },
    { name: "normalize", python: "normalize", role: "option", optional: true, kinds: [{ kind: "static" }] },
  ],
  forms: [],
  binding: ["wordIds", "rankToRightNt", "rankToLeftNt", "ntToRank", "root", "emission", "lengths"],
  event: [
    { dims: "n n nt", name: "chart", python: "chart" },
    { dims: "n pt", name: "tags", python: "tags" },
  ],
  compact: [
    { dims: "n-1 3", name: "spans", python: "spans" },
    { dims: "n", name: "tags", below: "pt", python: "tags" },
  ],
};

/**
 * Probabilistic context-free grammar with rules of low rank over the trees of a sentence of n words.
 *
 * The probability of a rule is a sum over r ranks: rule[a, b, c] is the sum over k of nt_to_rank[a, k]
 * * rank_to_left_nt[k, b] * rank_to_right_nt[k, c], as probabilities. So a grammar may have hundreds
 * of symbols. Trees, their events and their scores are those of `PCFG` with these rules: ranks are
 * summed over, and are no part of a tree. `unnormalizedLogProb` of a tree is the joint log-probability
 * of tree and sentence, `logPartition` the log-likelihood of the sentence, `logProb` the log-posterior
 * of the tree.
 *
 * An event is a chart (n n nt), with a 1 at [i, j, a] for the span of words i to j, both inclusive,
 * with nonterminal a, and tags (n pt). Its compact form is a row of start, end and nonterminal for
 * every span, each before its parts and the left part before the right, and the preterminal of each
 * word. Symbols are the nt nonterminals and then the pt preterminals. Rules are binary: a sentence of
 * one word has no tree. `marginals` are those of spans and tags, `marginalsForTemplateVariables` how
 * often each parameter is used.
 *
 * Cost per item: log-partition, marginals and their gradients O(n^3 r + n^2 r s), of s = nt + pt
 * symbols, and each sample O(n (n + r + s)) more. Everything else makes the rules, as maxima and
 * entropies are not found by ranks: O(nt s^2 r + n^3 s^2 + n^2 nt s^2), memory O(n^2 s^2). Values are
 * exact in float32 at any scale.
 *
 * Source: Cohen, Satta & Collins (2013), "Approximate PCFG parsing using tensor decomposition"; Yang,
 * Liu & Tu (2022), "Dynamic programming in rank space", section 4.2.
 *
 * An event is `chart (*batch n n nt)` and `tags (*batch n pt)`; its compact form `spans
 * (*batch n-1 3)` and `tags (*batch n)`: int32, -1 where there is nothing.
 */
export class TensorDecompositionPCFG<F extends FloatDType = "float32"> extends Distribution<
  F,
  "chart" | "tags",
  "spans" | "tags"
> {
  constructor(options: TensorDecompositionPCFGOptions<F>) {
    super(declaration, options);
  }
  protected override get declared(): Declaration {
    return declaration;
  }

  /**
   * The parse of minimum Bayes risk: that with the largest expected number of right spans and
   * preterminals, under the distribution of parses; zeros where there is none. It need not be one that
   * the grammar allows.
   *
   * Source: Goodman (1996), "Parsing algorithms and metrics".
   *
   * @param options.marginalizeLabels whether a span is right with any nonterminal. Each span then has
   * its likeliest one.
   */
  mbr(options: { readonly marginalizeLabels?: boolean } = {}): EventOf<F, "chart" | "tags"> {
    return this.ask("mbr", "event", [], { marginalize_labels: options.marginalizeLabels }) as never;
  }
}

checkMethods(TensorDecompositionPCFG, {
  mbr: { options: { marginalizeLabels: "boolean?" } },
});
