// Generated from the Python registry by `npm run generate`; do not edit.
import type { IntDType } from "../ops/dtypes.ts";
import { checkMethods } from "../program/signatures.ts";
import { type FloatDType, Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { Declaration } from "./declaration.ts";
import type { Named } from "./declared-distribution.ts";
import { Distribution } from "./distribution.ts";

/** What `new LinearChainCRF` takes. */
export interface LinearChainCRFOptions<F extends FloatDType = "float32"> {
  /**
   * `(*batch n t t)`: `[i, a, b]` scores the edge from state a at i-1 to b at i; of `[0]` only row 0
   * counts.
   */
  readonly logPotentials?: TensorLike<F>;
  /** `(*batch)`: how many steps each item has, 0 to n; all n where left out. */
  readonly lengths?: TensorLike<IntDType>;
  /** `(*batch t)`: log-potentials of the first state. */
  readonly initial?: TensorLike<F>;
  /** `(*batch t t)`: log-potentials of a state after another. */
  readonly transition?: TensorLike<F>;
  /** `(*batch n t)`: log-potentials of each state at each step. */
  readonly emission?: TensorLike<F>;
}

const declaration: Declaration = {
  name: "LinearChainCRF",
  parameters: [
    {
      name: "logPotentials",
      python: "log_potentials",
      role: "potential",
      optional: true,
      kinds: [{ kind: "float", dims: "*batch n t t" }],
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
      name: "emission",
      python: "emission",
      role: "potential",
      optional: true,
      kinds: [{ kind: "float", dims: "*batch n t" }],
    },
  ],
  forms: [["logPotentials"], ["initial", "transition", "emission"]],
  binding: ["emission", "transition", "initial", "logPotentials", "lengths"],
  event: { dims: "n t t" },
  compact: { dims: "n", name: "tags", below: "t" },
};

/**
 * Conditional random field over sequences of n states out of t.
 *
 * The score of states y is the sum of the log-potentials of its edges; its probability is proportional
 * to the exponentiated score. Either every edge has its own potential, `logPotentials`, or a score is
 * `initial[y0]` + the sum of `emission[i, y_i]` and `transition[y_{i-1}, y_i]`: the faster form, its
 * steps are matrix products.
 *
 * An event (n t t) has a 1 at [i, a, b] where state b at i follows a at i-1; the first state stands in
 * row a = 0. Its compact form is the state at each step.
 *
 * Cost per item: every query O(n t^2); top-k and drawing k without replacement O(n t^2 + n k t).
 * Memory O(n t), or that of the potentials; events, their marginals, entropy and divergence O(n t^2).
 * Values are exact in float32 at any scale: probabilities are carried as products with a certificate,
 * or as (mantissa, exponent) pairs where it refuses.
 *
 * Source: Lafferty, McCallum & Pereira (2001), "Conditional random fields"; the search for the k best
 * is a beam with exact bounds, and drawing without replacement Kool, van Hoof & Welling (2019).
 *
 * Give either `logPotentials`, or `initial`, `transition` and `emission`.
 *
 * An event is `(*batch n t t)`; its compact form `tags (*batch n)`: int32, -1 where there is nothing.
 */
export class LinearChainCRF<F extends FloatDType = "float32"> extends Distribution<F> {
  constructor(options: LinearChainCRFOptions<F>) {
    super(declaration, options);
  }
  protected override get declared(): Declaration {
    return declaration;
  }
  /** The name of the class, in the types only. */
  declare readonly className: "LinearChainCRF";

  /**
   * Expected -log-probability under `other` of structures of this distribution, (*batch), nats. Batches
   * are broadcast.
   */
  override crossEntropy(other: this): Tensor<F>;
  override crossEntropy(other: Named<F, "HMM">): Tensor<F>;
  override crossEntropy(other: unknown): Tensor<F> {
    return this.ask("cross_entropy", Tensor, [other]) as never;
  }

  /**
   * Kullback-Leibler divergence from this distribution to `other`, (*batch), nats. Batches are
   * broadcast.
   */
  override klDivergence(other: this): Tensor<F>;
  override klDivergence(other: Named<F, "HMM">): Tensor<F>;
  override klDivergence(other: unknown): Tensor<F> {
    return this.ask("kl_divergence", Tensor, [other]) as never;
  }
}

checkMethods(LinearChainCRF, {
  crossEntropy: { takes: { other: "alike HMM" } },
  klDivergence: { takes: { other: "alike HMM" } },
});
