/** Attention by several heads. */
import { nn } from "../ops/nn.ts";
import { np } from "../ops/np.ts";
import { random } from "../ops/random.ts";
import { checkFunctions } from "../program/signatures.ts";
import { asBool } from "../tensor/array.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { refused } from "../transforms/trees.ts";
import type { DenseParams } from "./dense.ts";
import { lecunNormal } from "./initializers.ts";
import { isWithin, type Lengths, zeroBeyond } from "./lengths.ts";
import { asFloats, checkParams, checkSizes, type Floats } from "./params.ts";

/**
 * `query`, `key` and `value`: kernels (in heads d) and biases (heads d); `out`: a kernel (heads d out) and a bias (out).
 * Its kernels say how many heads there are.
 */
export interface MultiHeadAttentionParams {
  readonly query: Required<DenseParams>;
  readonly key: Required<DenseParams>;
  readonly value: Required<DenseParams>;
  readonly out: Required<DenseParams>;
}

export interface MultiHeadAttentionSizes {
  /** Features of what is attended to, where that is not the sequence itself. Default: `inFeatures`. */
  readonly contextFeatures?: number;
  /** Features of all heads together, a multiple of `numHeads`. Default: `inFeatures`. */
  readonly qkvFeatures?: number;
  /** Features of the result. Default: `inFeatures`. */
  readonly outFeatures?: number;
}

export interface MultiHeadAttentionOptions {
  /** What is attended to, (*batch m in). Default: the sequence itself. */
  readonly context?: TensorLike;
  /** How long each sequence that is attended to is, (*batch). Nothing is seen beyond. */
  readonly lengths?: Lengths;
  /** Which positions see which, (*batch n m) or what broadcasts to that: true where the first may see the second. */
  readonly mask?: TensorLike<"bool">;
}

/**
 * Every position gathers what it needs from all positions of a sequence (Vaswani et al. 2017), by products scaled by
 * 1/√d. The parameters and the numbers are those of flax's `MultiHeadDotProductAttention`.
 */
export const multiHeadAttention = {
  /**
   * New parameters: kernels by LeCun's normal distribution, biases of zeros.
   * @throws {SynjaxError} `INVALID_ARGUMENT` where the heads do not share the features evenly
   */
  init(
    key: Tensor<"key">,
    inFeatures: number,
    numHeads: number,
    sizes: MultiHeadAttentionSizes = {},
  ): MultiHeadAttentionParams {
    const { contextFeatures = inFeatures, qkvFeatures = inFeatures, outFeatures = inFeatures } = sizes;
    checkSizes("multiHeadAttention.init", {
      inFeatures,
      numHeads,
      contextFeatures,
      qkvFeatures,
      outFeatures,
    });
    if (qkvFeatures % numHeads !== 0)
      throw refused(
        "multiHeadAttention.init",
        sizes.qkvFeatures === undefined ? "inFeatures" : "qkvFeatures",
        `a multiple of numHeads = ${numHeads}`,
        String(qkvFeatures),
      );
    const heads = [numHeads, qkvFeatures / numHeads];
    const keys = random.split(key, { num: 4 });
    const part = (i: number, features: number) => ({
      kernel: lecunNormal(keys.slice(i), [features, ...heads], features),
      bias: np.zeros(heads), // each its own: a tensor that stands twice in a tree cannot be donated
    });
    return {
      query: part(0, inFeatures),
      key: part(1, contextFeatures),
      value: part(2, contextFeatures),
      out: {
        kernel: lecunNormal(keys.slice(3), [...heads, outFeatures], qkvFeatures),
        bias: np.zeros([outFeatures]),
      },
    };
  },

  /**
   * Vectors (*batch n in) → (*batch n out). Where a sequence attends to itself, the result is 0 beyond its length; where
   * a position may see none, it is the bias.
   */
  apply(params: MultiHeadAttentionParams, x: TensorLike, options: MultiHeadAttentionOptions = {}): Floats {
    const names = ["query", "key", "value", "out"].flatMap((part) => [`${part}.kernel`, `${part}.bias`]);
    checkParams("multiHeadAttention.apply", params, names);
    const { lengths, context, mask } = options;
    const own = context === undefined;
    const queries = own ? zeroBeyond(asFloats(x, "x"), lengths) : asFloats(x, "x");
    const seen = own ? queries : zeroBeyond(asFloats(context, "context"), lengths);
    const headsOf = (of: Floats, { kernel, bias }: Required<DenseParams>): Floats =>
      np.einsum("...nd,dhk->...nhk", of, kernel).add(bias);
    const query = headsOf(queries, params.query);
    const scores = np.einsum("...nhk,...mhk->...hnm", query, headsOf(seen, params.key));
    const scaled = scores.div(np.sqrt(query.shape.at(-1))) as Floats;
    const weights = softmax(scaled, isSeen(seen, lengths, mask));
    const gathered = np.einsum("...hnm,...mhk->...nhk", weights, headsOf(seen, params.value));
    const result = np.einsum("...nhk,hkd->...nd", gathered, params.out.kernel).add(params.out.bias);
    return own ? zeroBeyond(result, lengths) : result;
  },
};

/** Where a position is seen, for all heads: what broadcasts to (*batch heads n m); `undefined` for everywhere. */
function isSeen(
  context: Floats,
  lengths: Lengths | undefined,
  mask: TensorLike<"bool"> | undefined,
): Tensor<"bool"> | undefined {
  const within =
    lengths === undefined ? undefined : np.expandDims(isWithin(lengths, context.shape.at(-2)), [-2, -3]);
  const allowed = mask === undefined ? undefined : np.expandDims(asBool(mask, "mask") as Tensor<"bool">, -3);
  return within && allowed ? np.logicalAnd(within, allowed) : (within ?? allowed);
}

/** Zeros where nothing is seen at all. */
const softmax = (scores: Floats, where: Tensor<"bool"> | undefined): Floats =>
  nn.softmax(scores, where === undefined ? {} : { where });

checkFunctions("multiHeadAttention", multiHeadAttention, {
  init: {
    takes: { key: "key", inFeatures: "number", numHeads: "number" },
    options: { contextFeatures: "number?", qkvFeatures: "number?", outFeatures: "number?" },
  },
  apply: {
    takes: { params: "any", x: "operand" },
    options: { context: "operand?", lengths: "operand?", mask: "operand?" },
  },
});
