// Generated from the Python registry by `npm run generate`; do not edit.
import type { IntDType } from "../ops/dtypes.ts";
import { checkMethods } from "../program/signatures.ts";
import { asFloat } from "../tensor/array.ts";
import { type FloatDType, Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { Declaration, Fields } from "./declaration.ts";
import type { Named } from "./declared-distribution.ts";
import { Distribution } from "./distribution.ts";
import type { EmissionLike, ParameterOf } from "./simple-distribution.ts";

/** What `new HMM` takes. */
export interface HMMOptions<F extends FloatDType = "float32", P extends EmissionLike = EmissionLike> {
  /** `(*batch t)`: of the first state. */
  readonly initLogits: TensorLike<F>;
  /** `(*batch t t)`: row a holds the logits of the state after a. */
  readonly transitionLogits: TensorLike<F>;
  /**
   * `(*batch t v)`: logits of the v symbols in each state, or a distribution with a batch axis of t
   * states.
   */
  readonly emissionDist?: P;
  /** `(*batch n)` or `(*batch n d)`: symbols 0 to v-1, or numbers or vectors that `emissionDist` emits. */
  readonly observations?: TensorLike<IntDType> | TensorLike<FloatDType>;
  /** `(*batch)`: how many observations each item has, 0 to n; all n where left out. */
  readonly lengths?: TensorLike<IntDType>;
  /**
   * `(*batch n t)`: log-likelihood of each observation in each state, in place of `emissionDist` and
   * `observations`.
   */
  readonly emissionLogLikelihoods?: TensorLike<F>;
  /** Whether logits are normalized by log-softmax; otherwise they are taken as they are. */
  readonly normalize?: boolean;
}

/**
 * How often each parameter is used, in expectation: the E step. Each is shaped like its parameter;
 * where emissions are no logits, their field is the weight of each observation in each state,
 * (*batch n t).
 */
export type HMMCounts<F extends FloatDType = "float32"> = {
  /** `(*batch t)` */
  readonly initial: Tensor<F>;
  /** `(*batch t t)` */
  readonly transition: Tensor<F>;
  /** `(*batch t v)` */
  readonly emission: Tensor<F>;
};

/** The parameters under which `counts` are likeliest: the M step, as arguments for the constructor. */
export type HMMParameters<
  F extends FloatDType = "float32",
  P extends EmissionLike = TensorLike<FloatDType>,
> = {
  /** `(*batch t)` */
  readonly initLogits: Tensor<F>;
  /** `(*batch t t)` */
  readonly transitionLogits: Tensor<F>;
  /** `(*batch t v)` */
  readonly emissionDist: ParameterOf<P, F>;
};

const HMM_COUNTS: Fields = [
  { name: "initial", python: "initial", dims: "*batch t" },
  { name: "transition", python: "transition", dims: "*batch t t" },
  { name: "emission", python: "emission", dims: "*batch t v" },
];

const declaration: Declaration = {
  name: "HMM",
  parameters: [
    {
      name: "initLogits",
      python: "init_logits",
      role: "potential",
      optional: false,
      kinds: [{ kind: "float", dims: "*batch t" }],
    },
    {
      name: "transitionLogits",
      python: "transition_logits",
      role: "potential",
      optional: false,
      kinds: [{ kind: "float", dims: "*batch t t" }],
    },
    {
      name: "emissionDist",
      python: "emission_dist",
      role: "potential",
      optional: true,
      kinds: [{ kind: "float", dims: "*batch t v" }, { kind: "dist" }],
    },
    {
      name: "observations",
      python: "observations",
      role: "data",
      optional: true,
      kinds: [
        { kind: "int", dims: "*batch n" },
        { kind: "float", dims: "*batch n" },
        { kind: "float", dims: "*batch n d" },
      ],
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
      name: "emissionLogLikelihoods",
      python: "emission_log_likelihoods",
      role: "potential",
      optional: true,
      kinds: [{ kind: "float", dims: "*batch n t" }],
    },
    { name: "normalize", python: "normalize", role: "option", optional: true, kinds: [{ kind: "static" }] },
  ],
  forms: [["emissionLogLikelihoods"], ["emissionDist", "observations"]],
  binding: [
    "emissionLogLikelihoods",
    "observations",
    "emissionDist",
    "transitionLogits",
    "initLogits",
    "lengths",
  ],
  event: { dims: "n t t" },
  compact: { dims: "n", name: "states", below: "t" },
};

/**
 * Posterior over the n hidden states of a hidden Markov model, given its observations.
 *
 * The chain starts in a state by `initLogits`, moves by the rows of `transitionLogits`, and each state
 * emits an observation by `emissionDist`. `unnormalizedLogProb` of an event is the joint
 * log-probability of states and observations, `logPartition` the log-likelihood of the observations,
 * `logProb` the log-posterior of the states.
 *
 * An event (n t t) has a 1 at [i, a, b] where state b at i follows a at i-1; the first state stands in
 * row a = 0. Its compact form is the state at each step.
 *
 * Cost per item: every query O(n t^2), one matrix product a step; top-k and drawing k without
 * replacement O(n t^2 + n k t). Memory O(n t); events, their marginals, entropy and divergence
 * O(n t^2). A long chain of few states (n >= 512, t <= 8) is cut into chunks that advance together, at
 * O(n t^3) multiplications of which most run in parallel.
 *
 * Source: Rabiner (1989), "A tutorial on hidden Markov models"; `expectedCounts` and `maximize` are
 * the two steps of Baum & Welch's algorithm.
 *
 * Give either `emissionLogLikelihoods`, or `emissionDist` and `observations`.
 *
 * An event is `(*batch n t t)`; its compact form `states (*batch n)`: int32, -1 where there is
 * nothing.
 */
export class HMM<
  F extends FloatDType = "float32",
  P extends EmissionLike = TensorLike<FloatDType>,
> extends Distribution<F> {
  constructor(options: HMMOptions<F, P>) {
    super(declaration, options);
  }
  protected override get declared(): Declaration {
    return declaration;
  }
  /** The name of the class, in the types only. */
  declare readonly className: "HMM";

  /** A parameter's value. */
  override parameter(name: "emissionDist"): ParameterOf<P, F>;
  override parameter(name: string, index?: number): Tensor<F>;
  override parameter(name: string, index?: number): never {
    return super.parameter(name, index) as never;
  }

  /**
   * Expected -log-probability under `other` of structures of this distribution, (*batch), nats. Batches
   * are broadcast.
   */
  override crossEntropy(other: this): Tensor<F>;
  override crossEntropy(other: Named<F, "LinearChainCRF">): Tensor<F>;
  override crossEntropy(other: unknown): Tensor<F> {
    return this.ask("cross_entropy", Tensor, [other]) as never;
  }

  /**
   * How often each parameter is used, in expectation: the E step. Each is shaped like its parameter;
   * where emissions are no logits, their field is the weight of each observation in each state,
   * (*batch n t).
   */
  expectedCounts(): HMMCounts<F> {
    return this.ask("expected_counts", {
      initial: ["initial", Tensor],
      transition: ["transition", Tensor],
      emission: ["emission", Tensor],
    }) as never;
  }

  /**
   * Probability of each state at each step given the observations so far, (*batch n t); zeros past the
   * end.
   */
  filter(): Tensor<F> {
    return this.ask("filter", Tensor) as never;
  }

  /**
   * Kullback-Leibler divergence from this distribution to `other`, (*batch), nats. Batches are
   * broadcast.
   */
  override klDivergence(other: this): Tensor<F>;
  override klDivergence(other: Named<F, "LinearChainCRF">): Tensor<F>;
  override klDivergence(other: unknown): Tensor<F> {
    return this.ask("kl_divergence", Tensor, [other]) as never;
  }

  /**
   * The parameters under which `counts` are likeliest: the M step, as arguments for the constructor.
   *
   * Where nothing was counted the parameters stay.
   *
   * @param counts what `expectedCounts` answers, or the like summed over batches.
   * @param options.pseudocount added to every count of an allowed part.
   */
  maximize(
    counts: HMMCounts<F>,
    options: { readonly pseudocount?: TensorLike<FloatDType> } = {},
  ): HMMParameters<F, P> {
    return this.ask(
      "maximize",
      {
        initLogits: ["init_logits", Tensor],
        transitionLogits: ["transition_logits", Tensor],
        emissionDist: ["emission_dist", "parameter"],
      },
      [this.structOperand("maximize", "counts", counts, HMM_COUNTS)],
      undefined,
      { pseudocount: this.operand("maximize", "pseudocount", options.pseudocount, asFloat) },
    ) as never;
  }

  /**
   * Probability of each state at each step given the observations before it, (*batch n t); zeros past
   * the end.
   */
  predict(): Tensor<F> {
    return this.ask("predict", Tensor) as never;
  }

  /** Probability of each state at each step given all observations, (*batch n t); zeros past the end. */
  smooth(): Tensor<F> {
    return this.ask("smooth", Tensor) as never;
  }
}

checkMethods(HMM, {
  crossEntropy: { takes: { other: "alike LinearChainCRF" } },
  expectedCounts: {},
  filter: {},
  klDivergence: { takes: { other: "alike LinearChainCRF" } },
  maximize: { takes: { counts: "operand" }, options: { pseudocount: "operand?" } },
  predict: {},
  smooth: {},
});
