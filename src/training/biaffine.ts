/** Scores of pairs. */
import { np } from "../ops/np.ts";
import { checkFunctions } from "../program/signatures.ts";
import type { Dim, Tensor, TensorLike } from "../tensor/tensor.ts";
import { lecunNormal } from "./initializers.ts";
import { asFloats, checkParams, checkSizes, type Floats } from "./params.ts";

export interface BiaffineParams {
  /** (left right), or (left right labels) */
  readonly kernel: Floats;
  /** What a left vector scores by itself, (left) or (left labels); */
  readonly left: Floats;
  /** and a right one, (right) or (right labels). */
  readonly right: Floats;
  /** () or (labels) */
  readonly bias: Floats;
}

/**
 * Scores every pair of a left and a right vector by xᵀ U y + u·x + v·y + b (Dozat and Manning 2017, "Deep Biaffine
 * Attention for Neural Dependency Parsing", equations 2 and 3; that of arcs has only one of the two linear terms, as the
 * other is the same for all heads of a word). With heads as the left and dependents as the right, the scores of arcs are
 * the `logPotentials` of a `SpanningTreeCRF`.
 */
export const biaffine = {
  /**
   * New parameters: a kernel by LeCun's normal distribution, zeros for the rest.
   * @param options `labels`: how many scores a pair has, e.g. one for each relation. One, without an axis, by default.
   */
  init(
    key: Tensor<"key">,
    leftFeatures: number,
    rightFeatures: number,
    options: { readonly labels?: number } = {},
  ): BiaffineParams {
    checkSizes("biaffine.init", { leftFeatures, rightFeatures, labels: options.labels ?? 1 });
    const labels = options.labels === undefined ? [] : [options.labels];
    return {
      kernel: lecunNormal(key, [leftFeatures, rightFeatures, ...labels], leftFeatures * rightFeatures),
      left: np.zeros([leftFeatures, ...labels]),
      right: np.zeros([rightFeatures, ...labels]),
      bias: np.zeros(labels),
    };
  },

  /** Vectors (*batch n left) and (*batch m right) → (*batch n m), or (*batch n m labels). */
  apply(params: BiaffineParams, left: TensorLike, right: TensorLike): Floats {
    checkParams("biaffine.apply", params, ["kernel", "left", "right", "bias"]);
    const [x, y] = [asFloats(left, "left"), asFloats(right, "right")];
    const labels = params.kernel.shape.slice(2); // no axis or one: below it is one
    const flat = (of: Floats, ...axes: readonly Dim[]): Floats => of.reshape([...axes, labels.product()]);
    const [i, j] = [params.kernel.shape.at(0), params.kernel.shape.at(1)];
    const scores = np
      .einsum("...nil,...mi->...nml", np.einsum("...nj,jil->...nil", x, flat(params.kernel, i, j)), y)
      .add(np.expandDims(x.matmul(flat(params.left, i)), -2))
      .add(np.expandDims(y.matmul(flat(params.right, j)), -3))
      .add(flat(params.bias));
    return scores.reshape(scores.shape.slice(0, -1).concat(labels));
  },
};

checkFunctions("biaffine", biaffine, {
  init: {
    takes: { key: "key", leftFeatures: "number", rightFeatures: "number" },
    options: { labels: "number?" },
  },
  apply: { takes: { params: "any", left: "operand", right: "operand" } },
});
