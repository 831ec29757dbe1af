// Generated from the Python registry by `npm run generate`; do not edit.
import type { IntDType } from "../ops/dtypes.ts";
import type { FloatDType, TensorLike } from "../tensor/tensor.ts";
import type { Declaration } from "./declaration.ts";
import { Distribution } from "./distribution.ts";

/** What `new TreeCRF` takes. */
export interface TreeCRFOptions<F extends FloatDType = "float32"> {
  /**
   * `(*batch n n label)`: `[i, j, a]` scores the span of the words i to j with label a; those with j < i
   * are not looked at.
   */
  readonly logPotentials: TensorLike<F>;
  /** `(*batch)`: how many words each item has, 1 to n; all n where left out. */
  readonly lengths?: TensorLike<IntDType>;
}

const declaration: Declaration = {
  name: "TreeCRF",
  parameters: [
    {
      name: "logPotentials",
      python: "log_potentials",
      role: "potential",
      optional: false,
      kinds: [{ kind: "float", dims: "*batch n n label" }],
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
  ],
  forms: [],
  binding: ["logPotentials", "lengths"],
  event: { dims: "n n label" },
  compact: { dims: "2*n-1 3", name: "spans" },
};

/**
 * Conditional random field over the binary constituency trees of a sentence of n words, with labelled
 * spans.
 *
 * The score of a tree is the sum of the log-potentials of all its spans: of the words, of the whole
 * sentence and of what is between; its probability is proportional to the exponentiated score. A
 * sentence of one word has one span.
 *
 * An event (n n label) has a 1 at [i, j, a] for a span of the words i to j, both inclusive, with label
 * a. Its compact form is a row of start, end (inclusive) and label for every span, each before its
 * parts and the left part before the right: the whole sentence comes first.
 *
 * Cost per item: every query O(n^3 + n^2 label); top-k and drawing k without replacement O(n k
 * (n + label)) more, each of many samples O(n (n + label)). Memory O(n^2 label); derivatives of
 * entropies and of marginals O(n^3). Values are exact in float32 at any scale.
 *
 * Source: Stern, Andreas & Klein (2017), "A minimal span-based neural constituency parser", section 3,
 * as a distribution; its sums are those of Baker (1979), "Trainable grammars for speech recognition".
 * The search for the k best is a beam with exact bounds, and drawing without replacement Kool, van
 * Hoof & Welling (2019).
 *
 * An event is `(*batch n n label)`; its compact form `spans (*batch 2*n-1 3)`: int32, -1 where there
 * is nothing.
 */
export class TreeCRF<F extends FloatDType = "float32"> extends Distribution<F> {
  constructor(options: TreeCRFOptions<F>) {
    super(declaration, options);
  }
  protected override get declared(): Declaration {
    return declaration;
  }
}
