// Generated from the Python registry by `npm run generate`; do not edit.
import type { IntDType } from "../ops/dtypes.ts";
import { checkMethods } from "../program/signatures.ts";
import { type FloatDType, Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { Declaration } from "./declaration.ts";
import { Distribution } from "./distribution.ts";

/** What `new SemiMarkovCRF` takes. */
export interface SemiMarkovCRFOptions<F extends FloatDType = "float32"> {
  /**
   * `(*batch n m t t)`: `[i, j, a, b]` scores a segment of j+1 positions that ends at i, with label b,
   * after label a; a segment that starts the sequence reads row a = 0.
   */
  readonly logPotentials?: TensorLike<F>;
  /** `(*batch)`: how many positions each item has, 0 to n; all n where left out. */
  readonly lengths?: TensorLike<IntDType>;
  /** `(*batch t)`: log-potentials of the first label; zeros where left out. */
  readonly initial?: TensorLike<F>;
  /** `(*batch t t)`: log-potentials of a label after another. */
  readonly transition?: TensorLike<F>;
  /** `(*batch n m t)`: log-potentials of segments of j+1 positions that end at i, with label b. */
  readonly segment?: TensorLike<F>;
}

const declaration: Declaration = {
  name: "SemiMarkovCRF",
  parameters: [
    {
      name: "logPotentials",
      python: "log_potentials",
      role: "potential",
      optional: true,
      kinds: [{ kind: "float", dims: "*batch n m t t" }],
    },
    {
      name: "lengths",
      python: "lengths",
      role: "length",
      optional: true,
      kinds: [{ kind: "int", dims: "*batch" }],
      bounds: "n",
    },
    {
      name: "initial",
      python: "initial",
      role: "potential",
      optional: true,
      kinds: [{ kind: "float", dims: "*batch t" }],
    },
    {
      name: "transition",
      python: "transition",
      role: "potential",
      optional: true,
      kinds: [{ kind: "float", dims: "*batch t t" }],
    },
    {
      name: "segment",
      python: "segment",
      role: "potential",
      optional: true,
      kinds: [{ kind: "float", dims: "*batch n m t" }],
    },
  ],
  forms: [["logPotentials"], ["segment", "transition", "initial?"]],
  binding: ["segment", "transition", "initial", "logPotentials", "lengths"],
  event: { dims: "n m t t" },
  compact: { dims: "n 3", name: "segments" },
};

/**
 * Conditional random field over the ways to cut n positions into labelled segments of at most m
 * positions.
 *
 * The score of a segmentation is the sum of the log-potentials of its segments; its probability is
 * proportional to the exponentiated score. Either every segment has its own potential for every label
 * before it, `logPotentials`, or a score is `initial` of the first label + the sum of `segment[i, j,
 * b]` and of `transition[a, b]` of each label after another: the smaller form, which is never
 * expanded.
 *
 * An event (n m t t) has a 1 at [i, j, a, b] for a segment of j+1 positions that ends at i, with label
 * b, after a segment labelled a; the first segment stands in row a = 0. Its compact form is a row of
 * start, end (inclusive) and label for every segment.
 *
 * Cost per item: every query O(n m t^2), of the factored form O(n m t + n t^2); top-k and drawing k
 * without replacement O(n k m t) more. Memory that of the potentials; events and their marginals
 * O(n m t^2). Values are exact in float32 at any scale.
 *
 * Source: Sarawagi & Cohen (2004), "Semi-Markov conditional random fields for information extraction";
 * the search for the k best is a beam with exact bounds, and drawing without replacement Kool, van
 * Hoof & Welling (2019).
 *
 * Give either `logPotentials`, or `segment` and `transition`.
 *
 * An event is `(*batch n m t t)`; its compact form `segments (*batch n 3)`: int32, -1 where there is
 * nothing.
 */
export class SemiMarkovCRF<F extends FloatDType = "float32"> extends Distribution<F> {
  constructor(options: SemiMarkovCRFOptions<F>) {
    super(declaration, options);
  }
  protected override get declared(): Declaration {
    return declaration;
  }

  /**
   * A 1 for the label of each position, (*batch n t), zeros past the end; of marginals, the probability
   * of each label. Axes before the batch are samples.
   */
  convertSampleToElementLabels(sample: TensorLike): Tensor<F> {
    return this.ask("convert_sample_to_element_labels", Tensor, [
      this.eventOperand("convertSampleToElementLabels", "sample", sample),
    ]) as never;
  }
}

checkMethods(SemiMarkovCRF, {
  convertSampleToElementLabels: { takes: { sample: "operand" } },
});
